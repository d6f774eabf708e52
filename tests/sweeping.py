"""What the tests of sweeps share: functions to sweep, scripts to kill, and what it means that a table is right."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np

from tensor_overparam import gradient_descent
from tensor_overparam.descent.regimes import planted_batch
from tensor_overparam.sweeps import sweeping as sweeps
from tensor_overparam.sweeps.store import SweepStore
from tensor_overparam.sweeps.sweeping import sweep
from tensor_overparam.sweeps.workers import batched

quiet = partial(sweep, progress=False)
GRID = {"width": [2, 3, 5], "dim": [4, 6]}

# Functions stand at the top level of a file, so that other processes can import them.


def draw(width, dim, seed):
    """A number and an array that depend on everything."""
    x = np.random.default_rng([width, dim, seed]).normal(size=3)
    return {"mean": x.mean(), "x": x, "positive": x[0] > 0}


@batched
def descent(width, dim, seeds):
    """A short descent, all seeds in step."""
    fits = gradient_descent(planted_batch("random", dim, 3, 3, seeds), width, rng=seeds, learning_rate=0.05, steps=60)
    return [{"error": fit.relative_error, "trace": fit.run.trace["loss"][-3:]} for fit in fits]


def fragile(width, seed):
    """Raises for some."""
    if (width + seed) % 3 == 0:
        raise ZeroDivisionError(f"{width} and {seed}")
    return 1 / width


def large(width, seed):
    """Results of 8 kB."""
    return {"x": np.random.default_rng(seed).normal(size=1000)}


def same(a, b, but=("seconds", "host")):
    """Tell whether two tables are equal, row for row, but for what may differ."""
    names = [name for name in a.dtype.names if name not in but]
    def equal(x, y):
        return all(np.array_equal(p, q, equal_nan=x.dtype.kind == "f") for p, q in zip(x, y, strict=True))
    return a.dtype.names == b.dtype.names and len(a) == len(b) and all(equal(a[n], b[n]) for n in names)


def sound(path):
    """The table of a store whose pages are in order and in which every run has one row."""
    with SweepStore(path) as s:
        assert s._ask("PRAGMA integrity_check") == [("ok",)]
        assert s._ask("SELECT count(*) - count(DISTINCT key) FROM cells") == [(0,)]
        return s.table()


class Counting(ThreadPoolExecutor):
    """Counts the runs that it is asked for."""

    def __init__(self):
        super().__init__(1)
        self.runs = []

    def submit(self, fn, *arguments):
        self.runs += [(*arguments[1].values(), seed) for seed in arguments[2]]
        return super().submit(fn, *arguments)


def script(folder, *words, **options):
    """Run a Python script in a folder, with this package at hand."""
    return subprocess.run([sys.executable, *map(str, words)], cwd=folder, capture_output=True, text=True, env=paths(),
                          timeout=120, **options)


def paths():
    """The environment of a script: this package and this file can be imported."""
    search = [str(Path(sweeps.__file__).parents[2]), str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]
    return os.environ | {"PYTHONPATH": os.pathsep.join(search), "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}
