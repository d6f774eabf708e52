"""The experiments: cells, diagrams, curves, and the tables that the tutorial reads."""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from math import inf
from pathlib import Path

import numpy as np
import pytest

from tensor_overparam.cli.commands import main
from tensor_overparam.descent.modified import epoch_time
from tensor_overparam.sweeps import diagrams as experiments
from tensor_overparam.sweeps.diagrams import (
    GOAL,
    NAMES,
    Curve,
    PhaseDiagram,
    as_threshold,
    curve,
    needed,
    phase,
    plan,
    read_all,
    run_all,
    success,
    targets_of,
    trained,
)
from tensor_overparam.sweeps.store import SweepStore
from tensor_overparam.sweeps.sweeping import sweep
from tensor_overparam.tensors.targets import value

DATA = Path(__file__).parent.parent / "nbs" / "tutorials" / "data" / "how_many"
SMALL = dict(order=3, dim=6, rank=2, kind="random")
SHORT = dict(low=2, high=8, epochs=10, trials=20)


@pytest.mark.parametrize("name", NAMES)
def test_every_algorithm_answers(name):
    """Each name trains, gives one row a seed, and the outcome is the error held against the goal."""
    rows = success(name, **SMALL, width=4, epochs=6, seeds=[3, 4, 5])
    assert len(rows) == 3 and all(set(r) == {"success", "relative_error", "time", "epochs_used"} for r in rows)
    assert all(r["success"] == (r["relative_error"] <= GOAL) for r in rows)
    draws_again = ("modified", "small-else-one", "one", "small", "none")
    assert all(r["epochs_used"] == 1 or name in draws_again for r in rows)
    assert rows == success(name, **SMALL, width=4, epochs=6, seeds=[3, 4, 5])


def test_unknown_algorithms_are_refused():
    """A name that is none is named, with those that are."""
    with pytest.raises(ValueError, match="'newton'.*vanilla"):
        success("newton", **SMALL, width=4, seeds=[1])


def test_budgets_are_equal_in_flow_time():
    """Runs that fail use the same flow time under every rule and in plain descent, up to the finish of one epoch."""
    T = targets_of("orthogonal", 20, 8, 3, [1])
    length, times = epoch_time(20, 3, 1e-3), {}
    for name in ("none", "one", "vanilla"):
        (fit,) = trained(name, T, 2, [1], epochs=12)
        assert fit.relative_error > GOAL
        times[name] = fit.run.time[-1]
    assert np.isclose(times["vanilla"], 12 * length, rtol=0.01)
    assert all(12 * length * 0.99 <= t <= 22 * length * 1.01 for t in times.values())


def test_targets_are_those_of_their_seeds():
    """The batch holds each seed's target; a coherence is the cosine that it says."""
    T = targets_of("correlated", 9, 4, 3, [5, 6], coherence=0.7)
    G = T[1].vectors @ T[1].vectors.T
    assert np.allclose(G, 0.7 + 0.3 * np.eye(4)) and np.allclose(value(T, T.vectors)[0], 1 + 3 * 0.7**3)
    many, one = (targets_of("random", 5, 3, 3, seeds) for seeds in ([8, 9], [9]))
    assert np.array_equal(many[1].vectors, one[0].vectors)


def test_a_diagram_counts():
    """Counts equal the successes of the cells, rows are widths and columns values, and two workers change nothing."""
    options = dict(SMALL, algorithm="small-else-one", epochs=8)
    d = phase("init_scale", (1e-3, 0.1), (1, 2, 4), seeds=range(6), **options)
    assert d.successes.shape == d.trials.shape == (3, 2) and (d.trials == 6).all()
    for j, m in enumerate((1, 2, 4)):
        for i, x in enumerate((1e-3, 0.1)):
            rows = success(**options, init_scale=x, width=m, seeds=list(range(6)))
            assert d.successes[j, i] == sum(r["success"] for r in rows)
    assert d.share[0].max() == 0 and d.share[2].min() == 1 and "init_scale" in d.table()
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        again = phase("init_scale", (1e-3, 0.1), (1, 2, 4), seeds=range(6), executor=pool, **options)
    assert np.array_equal(again.successes, d.successes)


def test_a_needed_width():
    """A row holds a whole threshold, and survives the store; every trial of the row has a seed of its own."""
    row = needed("als", **SMALL, **SHORT, seed=3)
    t = as_threshold(row | SMALL | SHORT)
    assert t.width == row["m"] and t.interval[0] <= t.width <= t.interval[1] and t.searched == (2, 8)
    assert t.trials[t.tried.index(t.width)] in (10, 20) and row["epochs_used"] == 1
    table = sweep(needed, [dict(SMALL, **SHORT, algorithm="als")], [3], ":memory:", progress=False)
    assert as_threshold(table[0]) == t


def test_a_width_that_is_not_there():
    """Where no width passes the row says so."""
    row = needed("none", order=3, dim=12, rank=6, low=2, high=4, epochs=3, trials=20, seed=1)
    t = as_threshold(row | dict(low=2, high=4))
    assert t.width is None and t.interval == (5, inf) and np.isnan(row["epochs_used"])


def test_a_curve():
    """Bounds may be functions of x; the fit and the samples are those of the thresholds."""
    c = curve("rank", (2, 3, 4), algorithm="small-else-one", order=3, dim=10, epochs=40, low=lambda r: r,
              high=lambda r: 4 * r)
    assert [t.width for t in c.thresholds] == [2, 3, 4]
    assert [t.searched for t in c.thresholds] == [(2, 8), (3, 12), (4, 16)]
    assert np.isclose(c.fit().exponent, 1) and all(s >= m for s, m in zip(c.samples, (2, 3, 4)))
    assert c.table().count("\n") == 3 and "low" not in c.fixed


TINY = {
    "rank": [("rank", (2, 3), dict(algorithm=a, order=3, dim=8, low=lambda r: r, high=8, epochs=20, trials=20))
             for a in ("small-else-one", "als")],
    "alpha": ("alpha", (0.01, 1.0), dict(SMALL, algorithm="scaled", epochs=10, widths=(2, 8))),
}


def test_run_all(tmp_path, monkeypatch):
    """What is written reads back as the same; a second call runs nothing; a part can be asked for."""
    monkeypatch.setattr(experiments, "plan", lambda quick=False: TINY)
    said = []
    results = run_all(tmp_path / "new", progress=False, tell=said.append)
    assert isinstance(results["alpha"], PhaseDiagram) and isinstance(results["rank"][0], Curve) and len(said) == 2
    direct = curve("rank", (2, 3), **TINY["rank"][1][2])
    assert results["rank"][1] == direct
    with SweepStore(tmp_path / "new" / "needed.db") as store:
        seconds = store.table()["seconds"]
    again = run_all(tmp_path / "new", progress=False, only=["rank"], tell=said.append)
    assert list(again) == ["rank"] and again["rank"] == results["rank"]
    with SweepStore(tmp_path / "new" / "needed.db") as store:
        assert np.array_equal(store.table()["seconds"], seconds)
    back = read_all(tmp_path / "new")
    assert back["rank"] == results["rank"] and np.array_equal(back["alpha"].successes, results["alpha"].successes)
    with pytest.raises(ValueError, match="there is no experiment nothing; expected some of rank, alpha"):
        run_all(tmp_path / "new", only=["nothing"])


def test_the_tables_of_the_tutorial_are_complete():
    """Every curve and diagram of the plan can be read from the repository, with plausible numbers."""
    results = read_all(DATA)
    assert set(results) == set(plan())
    for result in results.values():
        for c in result if isinstance(result, list) else []:
            assert all(t.interval[0] <= (t.width or inf) <= t.interval[1] for t in c.thresholds)
        if isinstance(result, PhaseDiagram):
            assert (result.trials == 20).all() and (0 <= result.successes).all() and (result.successes <= 20).all()
    assert sum(path.stat().st_size for path in DATA.iterdir()) < 1_000_000
    modified = [c for c in results["rank"] if c.algorithm == "small-else-one" and c.fixed["kind"] != "correlated"]
    assert all(t.width == r for c in modified for r, t in zip(c.x, c.thresholds) if r <= 12)


# --- the command line -----------------------------------------------------------------------------


@pytest.mark.parametrize("values", ["6", pytest.param("6,8", marks=pytest.mark.slow)])
def test_a_curve_of_ones_own_from_a_terminal(values, tmp_path, monkeypatch, capsys):
    """A table and a picture; the same line again reads the store; mistakes are one sentence."""
    monkeypatch.chdir(tmp_path)
    line = f"phase --algorithm small-else-one --values {values} --rank 2 --widths 1,6".split()
    assert main(line) == 0
    first = capsys.readouterr().out
    assert main(line) == 0 and capsys.readouterr().out == first and (tmp_path / "phase/own-l3-random.png").exists()
    for words in ("--rank 4", "--only nothing", "--algorithm als --dim 9", "--algorithm als --quick", "--workers 0"):
        assert main(["phase", *words.split(), "--out", "other"]) == 2
        assert capsys.readouterr().err.count("\n") == 1 and not (tmp_path / "other").exists()
    assert main(["phase", "--list"]) == 0 and "dimension" in capsys.readouterr().out
