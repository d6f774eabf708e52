"""A sweep loses nothing and doubles nothing: killed, shared, interrupted, with any executor."""

import os
import pickle
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest
from sweeping import GRID, Counting, descent, draw, fragile, paths, quiet, same, script, sound

from tensor_overparam.sweeps import runs, store
from tensor_overparam.sweeps.runs import cells_of, identify
from tensor_overparam.sweeps.store import SweepStore
from tensor_overparam.sweeps.sweeping import sweep

# --- grid and seeds -----------------------------------------------------------------------------------


def test_the_order_of_the_table():
    """The first name is slowest, seeds are fastest, whatever is done first; lists of cells keep their order."""
    table = quiet(draw, {"dim": [6, 4], "width": [5, 2]}, [3, 1], ":memory:")
    assert table.dtype.names[:6] == ("dim", "width", "seed", "mean", "x", "positive")
    assert table.dtype.names[6:] == ("seconds", "version", "host", "status")
    assert table[["dim", "width", "seed"]].tolist() == [(d, m, s) for d in (6, 4) for m in (5, 2) for s in (3, 1)]
    assert table["positive"].dtype == bool and table["x"].shape == (8, 3) and table["mean"].dtype == float
    one = draw(2, 4, 3)
    row = table[(table["dim"] == 4) & (table["width"] == 2) & (table["seed"] == 3)]
    assert row["mean"][0] == one["mean"] and np.array_equal(row["x"][0], one["x"])
    cells = [{"width": 2, "dim": 4}, {"width": 5, "dim": 6}]
    assert quiet(draw, cells, [0], ":memory:")["dim"].tolist() == [4, 6]


BAD = {
    "no cells": dict(grid={}),
    "no cells at all": dict(grid=[]),
    "cells without names": dict(grid=[{}]),
    "a number for a list": dict(grid={"width": 3, "dim": [4]}),
    "text for a list": dict(grid={"width": "23", "dim": [4]}),
    "an empty list": dict(grid={"width": [], "dim": [4]}),
    "a cell twice": dict(grid={"width": [2, 2], "dim": [4]}),
    "a cell twice in other words": dict(grid=[{"width": 2, "dim": 4}, {"dim": np.int64(4), "width": 2}]),
    "a seed as a parameter": dict(grid=GRID | {"seed": [1]}),
    "a name of a column": dict(grid=GRID | {"status": [1]}),
    "a name that is none": dict(grid=GRID | {"a b": [1]}),
    "an object": dict(grid={"width": [2], "dim": [object()]}),
    "a NaN": dict(grid={"width": [2], "dim": [float("nan")]}),
    "an unknown parameter": dict(grid=GRID | {"depth": [1]}),
    "a missing parameter": dict(grid={"width": [2]}),
    "no seeds": dict(seeds=[]),
    "a number for seeds": dict(seeds=3),
    "a seed twice": dict(seeds=[1, 2, np.int64(1)]),
    "a seed that is no integer": dict(seeds=[0.5]),
    "a seed that is text": dict(seeds="12"),
    "a seed that is a truth": dict(seeds=[True]),
    "a negative seed": dict(seeds=[-1]),
    "a huge seed": dict(seeds=[2**63]),
    "a batch of none": dict(batch=0),
    "a batch of a half": dict(batch=0.5),
    "no tasks ahead": dict(ahead=0),
    "a class for an executor": dict(executor=ProcessPoolExecutor),
    "a number for an executor": dict(executor=4),
    "a folder for a store": dict(store="."),
    "a number for a store": dict(store=3),
    "a lambda": dict(fn=lambda width, dim, seed: 1),
}


@pytest.mark.parametrize("bad", BAD)
def test_mistakes_are_answered_before_anything_runs(tmp_path, monkeypatch, bad):
    """One ValueError, and not even a file."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError) as error:
        quiet(**dict(fn=draw, grid=GRID, seeds=[0], store="a.db") | BAD[bad])
    assert len(str(error.value)) > 20 and os.listdir() == []


def test_a_dask_client_is_not_an_executor():
    """The sentence says what to write instead."""
    class Client:
        def submit(self): pass
        def get_executor(self): pass

    with pytest.raises(ValueError, match=r"get_executor\(\)"):
        quiet(draw, GRID, [0], ":memory:", Client())


def test_generators_and_arrays_are_welcome():
    """Seeds and grids as people have them at hand."""
    table = quiet(draw, {"width": np.arange(2, 4), "dim": (4,)}, (np.int64(s) for s in range(2)), ":memory:")
    assert table["width"].tolist() == [2, 2, 3, 3] and table["width"].dtype == np.int64
    assert cells_of({"a": [[1, 2], np.array([3.0])]}) == [{"a": (1, 2)}, {"a": (3.0,)}]


# --- done is done -------------------------------------------------------------------------------------


def test_only_what_is_missing_is_run(tmp_path):
    """A larger grid and more seeds add their own runs; nothing is run twice."""
    path, count = tmp_path / "a.db", Counting()
    quiet(draw, GRID, range(3), path, count)
    assert len(count.runs) == len(set(count.runs)) == 18
    whole = quiet(draw, GRID | {"width": [1, 2, 3, 5]}, range(5), path, count)
    assert len(count.runs) == len(set(count.runs)) == len(whole) == 40
    assert same(whole, quiet(draw, GRID | {"width": [1, 2, 3, 5]}, range(5), path, count)) and len(count.runs) == 40
    assert same(whole, quiet(draw, GRID | {"width": [1, 2, 3, 5]}, range(5), ":memory:"))
    assert len(quiet(draw, {"width": [3], "dim": [4]}, [4, 2], path, count)) == 2 and len(count.runs) == 40


def test_a_change_of_the_source_is_another_function(tmp_path, monkeypatch):
    """New text, new runs; the old rows stay, and the table shows those of the present text."""
    for value in (1, 2):
        (tmp_path / "mine.py").write_text(f"def mine(seed, width):\n    return {value}*width\n")
        monkeypatch.syspath_prepend(tmp_path)
        sys.modules.pop("mine", None)
        shutil.rmtree(tmp_path / "__pycache__", ignore_errors=True)
        import mine
        table = quiet(mine.mine, {"width": [3]}, range(2), tmp_path / "a.db")
        assert table["value"].tolist() == [3 * value] * 2
        if value == 1:
            old = identify(mine.mine)
    with SweepStore(tmp_path / "a.db") as s:
        assert s.table()["value"].tolist() == [6, 6] and "2 rows of another source" in repr(s)
        s.use(old)
        assert s.table()["value"].tolist() == [3, 3]
    with SweepStore(tmp_path / "a.db") as s:
        assert s.table()["value"].tolist() == [3, 3]
    with SweepStore(tmp_path / "a.db", function=mine.mine) as s:
        assert s.table()["value"].tolist() == [6, 6]


def test_rows_of_another_version_are_kept_and_not_used(tmp_path):
    """They count when asked to; there is never more than one row a run."""
    path, count = tmp_path / "a.db", Counting()
    with SweepStore(path, version="0.0.1") as old:
        first = quiet(draw, GRID, [0], old, count)
    assert set(first["version"]) == {"0.0.1"} and len(count.runs) == 6
    assert same(first, quiet(draw, GRID, [0], path, count, any_version=True)) and len(count.runs) == 6
    both = quiet(draw, GRID | {"dim": [4]}, [0, 1], path, count, any_version=True)
    assert sorted(both["version"]) == ["0.0.1"] * 3 + [store.__version__] * 3 and len(count.runs) == 9
    new = quiet(draw, GRID, [0], path, count)
    assert set(new["version"]) == {store.__version__} and len(count.runs) == 15
    with SweepStore(path) as s:
        assert len(s.table()) == 9 and len(s.table(any_version=True)) == 9
        assert set(s.table(any_version=True)["version"]) == {store.__version__}
    with SweepStore(path, version="0.0.1") as s:
        assert same(s.table(), np.sort(first, order=["width", "dim"]))
        quiet(draw, GRID, [1, 2], s, count)  # later than the new version's rows, which still go first
    with SweepStore(path) as s:
        versions = s.table(any_version=True)[["dim", "seed", "version"]].tolist()
        assert {v for d, x, v in versions if x == 0 or (d, x) == (4, 1)} == {store.__version__}
        assert {v for d, x, v in versions if x == 2} == {"0.0.1"} and len(versions) == 18


def test_a_store_belongs_to_one_function(tmp_path):
    """Another name is refused, by the store and by the sweep, and what is there is kept."""
    before = quiet(draw, GRID, [0], tmp_path / "a.db")
    with pytest.raises(ValueError, match="holds runs of draw"):
        quiet(fragile, {"width": [1]}, [0], tmp_path / "a.db")
    with pytest.raises(ValueError, match="holds runs of draw"):
        SweepStore(tmp_path / "a.db", function=fragile)
    with SweepStore(tmp_path / "a.db") as s:
        with pytest.raises(ValueError, match="holds runs of draw"):
            quiet(fragile, {"width": [1]}, [0], s)
        assert same(s.table(), before)


class Odd(Exception):
    """An exception that does not survive pickling."""
    def __init__(self, a, b): super().__init__(a)


def odd(width, seed):
    """Raises it."""
    raise Odd(width, seed)


@pytest.mark.parametrize("executor", [None, ThreadPoolExecutor(2)])
def test_raise_on_error(tmp_path, executor):
    """The exception itself, with a note on where, after it is stored; what has ended is kept."""
    with pytest.raises(ZeroDivisionError, match="and") as error:
        quiet(fragile, {"width": [1, 2, 3]}, range(4), tmp_path / "a.db", executor, raise_on_error=True)
    assert any("fragile with {'width'" in note for note in error.value.__notes__)
    with SweepStore(tmp_path / "a.db") as s:
        assert len(s.failures()) >= 1
    # it cannot be unpickled, unless something that was loaded (distributed, by way of tblib) has taught pickle how to
    try:
        expected = type(pickle.loads(pickle.dumps(Odd(1, 0))))
    except TypeError:
        expected = RuntimeError
    with pytest.raises(expected, match="Odd" if expected is RuntimeError else "1") as error:
        quiet(odd, {"width": [1]}, [0], tmp_path / "b.db", executor, raise_on_error=True)
    assert type(error.value) is expected


# --- executors ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def expected():
    """The table of an undisturbed sweep in this process."""
    return quiet(descent, GRID, range(10), ":memory:", batch=3)


@pytest.mark.slow
@pytest.mark.parametrize("method, count", [("fork", 1), ("fork", 2), ("spawn", 2), ("forkserver", 4)])
def test_numbers_do_not_depend_on_processes(tmp_path, expected, method, count):
    """One, two and four processes, however they are started: the same table to the last bit."""
    with ProcessPoolExecutor(count, mp_context=get_context(method)) as pool:
        assert same(expected, quiet(descent, GRID, range(10), tmp_path / "a.db", pool, batch=3))


def test_numbers_do_not_depend_on_threads(tmp_path, expected):
    """Threads speak the same language."""
    with ThreadPoolExecutor(3) as pool:
        assert same(expected, quiet(descent, GRID, range(10), tmp_path / "a.db", pool, batch=2))


@pytest.mark.slow
def test_numbers_do_not_depend_on_dask(tmp_path, expected):
    """A cluster of two processes on this machine."""
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        with distributed.Client(cluster) as client:
            assert same(expected, quiet(descent, GRID, range(10), tmp_path / "a.db", client.get_executor(), batch=3))


def test_only_a_few_tasks_are_handed_over(tmp_path):
    """Two a worker, or as many as asked; an executor that tells nothing gets a good many."""
    class Watching(ThreadPoolExecutor):
        def __init__(self, workers):
            super().__init__(workers)
            self.seen, self.most, self.gate = [], 0, threading.Event()

        def submit(self, fn, *arguments):
            future = super().submit(lambda: (self.gate.wait(0.02), fn(*arguments))[1])
            self.seen.append(future)
            self.most = max(self.most, sum(not f.done() for f in self.seen))
            return future

    for workers_, ahead, most in ((2, None, 4), (2, 3, 3), (3, 1, 1)):
        with Watching(workers_) as pool:
            quiet(draw, GRID, range(5), tmp_path / f"{workers_}{ahead}.db", pool, ahead=ahead)
            assert pool.most <= most and len(pool.seen) == 30


def deadly(width, seed):
    """Takes its process along when it finds the file that tells it to."""
    if width == 3 and seed == 1 and os.path.exists(os.environ["DEADLY"]):
        os._exit(1)
    return width + seed


@pytest.mark.slow
def test_a_worker_that_dies(tmp_path, monkeypatch):
    """One RuntimeError that says how to go on; what was finished is kept; the same line ends it."""
    monkeypatch.setenv("DEADLY", str(tmp_path / "deadly"))
    (tmp_path / "deadly").touch()
    grid = {"width": [1, 2, 3, 4]}
    with ProcessPoolExecutor(2, mp_context=get_context("fork")) as pool:
        said = r"a worker broke off.* of 12 runs are stored in .*same line again"
        with pytest.raises(RuntimeError, match=said) as error:
            quiet(deadly, grid, range(3), tmp_path / "a.db", pool, shuffle=False)
        said = int(str(error.value).split(" of 12")[0].split()[-1])
        with SweepStore(tmp_path / "a.db") as s:
            assert len(s.table()) == said >= 4
        with pytest.raises(RuntimeError, match="a worker broke off"):
            quiet(deadly, grid, range(3), tmp_path / "a.db", pool)
    (tmp_path / "deadly").unlink()
    whole = quiet(deadly, grid, range(3), tmp_path / "a.db")
    assert whole["value"].tolist() == [m + s for m in (1, 2, 3, 4) for s in range(3)]


def test_an_executor_that_is_shut_or_lies(tmp_path):
    """A sentence each."""
    pool = ThreadPoolExecutor(1)
    pool.shutdown()
    with pytest.raises(RuntimeError, match="a worker broke off.*0 of 6 runs"):
        quiet(draw, GRID, [0], tmp_path / "a.db", pool)

    class Liar:
        def submit(self, *_): return 3

    with pytest.raises(ValueError, match="returned 3; expected a concurrent.futures.Future"):
        quiet(draw, GRID, [0], tmp_path / "a.db", Liar())

    class Cancelling:
        def submit(self, *_):
            future = Future()
            future.cancel()
            future.set_running_or_notify_cancel()
            return future

    with pytest.raises(RuntimeError, match="its task was cancelled"):
        quiet(draw, GRID, [0], tmp_path / "a.db", Cancelling())


# --- the bar ------------------------------------------------------------------------------------------


def test_the_bar(tmp_path, capsys, monkeypatch):
    """It counts what is there, what ends, and what fails. Without tqdm, or with nothing to do, there is none."""
    pytest.importorskip("tqdm")
    with pytest.warns(UserWarning):
        sweep(fragile, {"width": [1, 2]}, range(3), tmp_path / "a.db")
    assert "6/6" in (bar := capsys.readouterr().err) and "failed=2" in bar
    with pytest.warns(UserWarning):
        sweep(fragile, {"width": [1, 2, 3]}, range(3), tmp_path / "a.db")
    assert " 4/9" in (bar := capsys.readouterr().err) and "9/9" in bar
    sweep(draw, GRID, [0], tmp_path / "b.db", progress=False)
    sweep(draw, GRID, [0], tmp_path / "b.db")
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    sweep(draw, GRID, [0, 1], tmp_path / "b.db")
    assert capsys.readouterr().err == ""


# --- killed, shared, interrupted ----------------------------------------------------------------------


STUDY = """
import sys, time
import numpy as np
from tensor_overparam.sweeps.sweeping import sweep

GRID, SEEDS = {"width": [2, 3, 5], "dim": [4, 6]}, range(8)

def slow(width, dim, seed):
    "Some numbers, after a while; and a mark for each call."
    with open("calls", "a") as f: f.write("x")
    time.sleep(.02)
    x = np.random.default_rng([width, dim, seed]).normal(size=(width, dim))
    return {"norm": np.linalg.norm(x), "singular": np.linalg.svd(x, compute_uv=False)[:2]}

def go(executor=None):
    print("go", flush=True)
    return sweep(slow, GRID, SEEDS, sys.argv[2], executor, progress=False, batch=int(sys.argv[3]))

def main(kind):
    if kind == "here": return go()
    if kind in ("fork", "spawn"):
        from concurrent.futures import ProcessPoolExecutor
        from multiprocessing import get_context
        with ProcessPoolExecutor(2, mp_context=get_context(kind)) as pool:
            return go(pool)
    from distributed import Client, LocalCluster
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster) as client:
        return go(client.get_executor())
"""
CALL = "import sys, study\nif __name__ == '__main__': study.main(sys.argv[1])\n"


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The study's store, made in one go."""
    folder = tmp_path_factory.mktemp("undisturbed")
    (folder / "study.py").write_text(STUDY)
    (folder / "call.py").write_text(CALL)
    back = script(folder, "call.py", "here", "undisturbed.db", 1)
    assert back.returncode == 0, back.stderr
    return folder


@pytest.fixture
def study(undisturbed, tmp_path):
    """A folder with the study in it, and the store that it should give."""
    shutil.copytree(undisturbed, tmp_path, dirs_exist_ok=True)
    return tmp_path


def started(folder, *words):
    """A sweep in a process group of its own, at the moment at which it begins."""
    process = launched(folder, *words)
    assert process.stdout.readline() == "go\n", process.stderr.read()
    return process


def launched(folder, *words):
    """A sweep in a process group of its own."""
    return subprocess.Popen([sys.executable, "call.py", *map(str, words)], cwd=folder, env=paths(), text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)


@pytest.mark.slow
@pytest.mark.parametrize("kind, kills, batch, latest", [
    ("here", 8, 1, 0.6), ("fork", 6, 2, 0.6), ("spawn", 3, 1, 1.6), ("dask", 3, 1, 0.6)])
def test_killed_at_random_moments(study, kind, kills, batch, latest):
    """SIGKILL to the whole group, again and again, from the making of the file on; 20 times over all executors.
    The file is sound every time, and whatever was stored stays and is not run again. What is finished in the end
    equals the undisturbed table, row for row."""
    if kind == "dask":
        pytest.importorskip("distributed")
    whole, chance, left, fresh = sound(study / "undisturbed.db"), random.Random(kind), kills, 0
    known = set()
    while left:
        process = started(study, kind, f"{fresh}.db", batch)
        time.sleep(chance.choice((0.02, 0.2, latest, latest)) * chance.random())
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        left -= process.returncode == -signal.SIGKILL
        table = sound(study / f"{fresh}.db")
        rows = set(table[["width", "dim", "seed"]].tolist()) if len(table) else set()
        assert known <= rows, "a row was lost"
        known = rows
        if len(rows) == len(whole):  # finished before all kills were spent: start anew
            assert same(whole, table)
            known, fresh = set(), fresh + 1
    process = started(study, "here" if kind == "dask" else kind, f"{fresh}.db", batch)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 0 and same(whole, sound(study / f"{fresh}.db")), errors
    lost = (study / "calls").stat().st_size - len(whole) * (fresh + 2)  # the undisturbed sweep made marks, too
    ahead = {"here": 1, "fork": 4, "spawn": 4, "dask": len(whole)}[kind]
    assert lost <= kills * batch * ahead, "more was lost than what was under way"


@pytest.mark.slow
def test_two_processes_share_a_store(study):
    """Started together on a new file, both finish, and there is one row for each run; little is done twice."""
    both = [launched(study, kind, "shared.db", 1) for kind in ("here", "here")]
    for process in both:
        assert process.communicate(timeout=60) and process.returncode == 0
    whole = sound(study / "undisturbed.db")
    assert same(whole, sound(study / "shared.db"))
    assert (study / "calls").stat().st_size - 2 * len(whole) < len(whole) // 2


INTERRUPTED = """
import sys
from tensor_overparam import gradient_descent
from tensor_overparam.tensors import orthogonal
from tensor_overparam.core.loop import Stop
import study

def descent(width, seed):
    "A descent that takes a while; `run` ends it at Ctrl-C, and returns what there is."
    fit = gradient_descent(orthogonal(6, 3, 3), width, rng=seed, steps=4000, learning_rate=.01, tol=1e-300)
    return {"cut": fit.run.stop is Stop.INTERRUPTED, "error": fit.relative_error}

study.slow, study.GRID = descent, {"width": [2, 3, 5, 7]}
if __name__ == "__main__": study.main(sys.argv[1])
"""


@pytest.mark.slow
@pytest.mark.parametrize("kind, times", [("here", 2), ("fork", 2), ("dask", 1)])
def test_ctrl_c(study, kind, times):
    """From the keyboard it reaches the whole group. The program ends with KeyboardInterrupt and a word on how to go on,
    and no run that was cut short is stored as a whole one. The same line ends the sweep."""
    if kind == "dask":
        pytest.importorskip("distributed")
    (study / "call.py").write_text(INTERRUPTED)
    for pause in (0.3, 0.5)[:times]:
        process = started(study, kind, "a.db", 1)
        time.sleep(pause)
        os.killpg(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=60)
        table = sound(study / "a.db")
        said = f"KeyboardInterrupt: interrupted; {len(table)} of 32 runs are stored in 'a.db'. To go on, run the same"
        assert process.returncode != 0 and said in errors, errors
        assert len(table) < 32 and set(table["status"]) <= {"done"} and (not len(table) or not table["cut"].any())
    process = started(study, "here", "a.db", 1)
    assert process.communicate(timeout=120) and process.returncode == 0
    table = sound(study / "a.db")
    assert len(table) == 32 and not table["cut"].any()


def test_an_interruption_keeps_what_is_finished(tmp_path):
    """Also what has ended and was not stored yet; tasks that have not begun are cancelled."""
    class Pressed(ThreadPoolExecutor):
        """Presses Ctrl-C when the fifth task is handed over, and lets the first four end."""
        given = 0
        def submit(self, fn, *arguments):
            self.given += 1
            if self.given == 5:
                for future in self.futures:
                    future.result()
                raise KeyboardInterrupt
            self.futures.append(super().submit(fn, *arguments))
            return self.futures[-1]

    pool = Pressed(2)
    pool.futures = []
    with pytest.raises(KeyboardInterrupt, match="interrupted; 4 of 6 runs are stored in .*a.db"):
        quiet(draw, GRID, [0], tmp_path / "a.db", pool, ahead=10)
    with SweepStore(tmp_path / "a.db") as s:
        assert len(s.table()) == 4


PLAIN = """
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from tensor_overparam import sweep
def double(a, seed): return 2*a
with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
    sweep(double, {"a": [1]}, [0], ":memory:", pool, progress=False)
"""


def test_a_script_without_a_guard_is_told_so(tmp_path):
    """Its workers die while they read it; the message says what to write."""
    (tmp_path / "plain.py").write_text(PLAIN)
    back = subprocess.run([sys.executable, "plain.py"], cwd=tmp_path, capture_output=True, text=True, env=paths())
    assert back.returncode == 1 and 'under `if __name__ == "__main__":`' in back.stderr.splitlines()[-1]


def test_modules_know_only_what_is_below_them(tmp_path):
    """The names of runs know nothing of files, the file nothing of workers; no heavy module is loaded."""
    out = script(tmp_path, "-c", "import sys, tensor_overparam.sweeps.sweeping; print(*sys.modules)").stdout.split()
    assert "tensor_overparam.sweeps.sweeping" in out
    assert not {"matplotlib", "IPython", "pandas", "tqdm", "distributed", "cloudpickle"} & set(out)
    assert not hasattr(runs, "SweepStore") and not hasattr(store, "attempt")
