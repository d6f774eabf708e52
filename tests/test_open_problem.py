"""The open problem: compression against whole spaces, a second implementation, the laws, and the committed table."""

import importlib.util
from functools import cache
from math import inf, log
from pathlib import Path

import numpy as np
import pytest
import scipy

from tensor_overparam.descent.alternating import als
from tensor_overparam.descent.objective import sphere
from tensor_overparam.descent.span import InSpan, arrivals, compress, in_span, slots_step, turned_gaussians
from tensor_overparam.sweeps import open_problem
from tensor_overparam.sweeps.diagrams import cells_of_curve
from tensor_overparam.sweeps.open_problem import (
    LAWS,
    Growth,
    curves,
    enough,
    growth,
    measure,
    measured,
    parting,
    succeed,
)
from tensor_overparam.sweeps.thresholds import Threshold, threshold
from tensor_overparam.tensors.problems import gaussian

ROOT = Path(__file__).parent.parent
DATA = ROOT / "nbs" / "tutorials" / "data" / "open_problem"


# --- a second implementation, from the definition, which shares nothing with the package ----------


def unit_rows(rng, shape):
    """Return independent random unit vectors."""
    x = rng.normal(size=shape)
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


def unfold(T, k):
    """Return the array with slot k in the columns, the others in the rows in their order."""
    return np.moveaxis(T, k, -1).reshape(-1, T.shape[k])


def plain_als(T, slots, *, simultaneous, inside=None, tol=0.05, sweeps=300):
    """Tell whether least squares on the whole array arrives: each slot by numpy.linalg.lstsq on the products.

    With `inside`, the start has infinitely many dimensions: `slots` are its directions in the span, and vectors that
    are still from the start are orthogonal to one another, so that their products are and a solve is a product.
    """
    slots, fresh = list(slots), [False] * 3 if inside is None else [True] * 3
    for _ in range(sweeps):
        seen, were = list(slots), list(fresh)
        for k in range(3):
            a, f = (seen, were) if simultaneous else (slots, fresh)
            i, j = (q for q in range(3) if q != k)
            products = np.einsum("mp,mq->pqm", a[i], a[j]).reshape(-1, len(a[i]))
            if f[i] or f[j]:
                x, error = products.T @ unfold(T, k), 1.0
            else:
                x = np.linalg.lstsq(products, unfold(T, k), rcond=None)[0]
                error = np.linalg.norm(products @ x - unfold(T, k)) / np.linalg.norm(T)
            slots[k], fresh[k] = x / np.linalg.norm(x, axis=1, keepdims=True), False
        if error <= tol:
            return True
    return False


def plain_share(r, m, d, runs, *, symmetric, simultaneous):
    """Count successes of the second implementation on its own seeds."""
    won = 0
    for seed in range(runs):
        rng = np.random.default_rng([90210, seed])
        U = [np.eye(r)] * 3 if d == inf else [unit_rows(rng, (r, d)) for _ in range(3)]
        U = [U[0]] * 3 if symmetric else U
        T = np.einsum("ra,rb,rc->abc", *U)
        start = [unit_rows(rng, (m, r if d == inf else d)) for _ in range(3)]
        won += plain_als(T, start, simultaneous=simultaneous, inside=True if d == inf else None, sweeps=100)
    return won


CELLS = [
    (6, 6, 24, dict(symmetric=True, simultaneous=False)),
    (4, 7, 12, dict(symmetric=False, simultaneous=True)),
    (8, 10, inf, dict(symmetric=False, simultaneous=False)),
]


@cache
def ours(r, m, d, symmetric, simultaneous):
    """Return the share of successes of 600 runs of the package."""
    problems = in_span(r, m, d, range(600), symmetric=symmetric)
    return np.mean(arrivals(problems, simultaneous=simultaneous, steps=100)[0] <= 0.05)


@pytest.mark.parametrize("r, m, d, how", CELLS, ids=str)
def test_a_second_implementation_counts_the_same(r, m, d, how):
    """Other code, other seeds, the same probability of success, as far as binomial counts can tell."""
    runs = 60
    won, share = plain_share(r, m, d, runs, **how), ours(r, m, d, **how)
    assert 0.05 < share < 0.99, "the cell tells nothing"
    assert scipy.stats.binomtest(won, runs, share).pvalue > 0.005
    another = ours(r, m + 3, d, **how)  # such a test must be able to fail
    assert scipy.stats.binomtest(round(another * runs), runs, share).pvalue < 0.005


# --- compression ----------------------------------------------------------------------------------


@pytest.mark.parametrize("simultaneous", [False, True])
@pytest.mark.parametrize("r, d", [(4, 30), (5, 5), (7, 4)])
def test_compressed_and_whole_runs_are_the_same(r, d, simultaneous):
    """Symmetric targets against `als`, asymmetric ones against the array and numpy.linalg.lstsq, sweep by sweep."""
    T, m = gaussian(d, r, 3, rng=2), 6
    start = np.stack([sphere([3], k, m, d)[0] for k in range(3)])
    Q = np.linalg.qr(T.vectors.T)[0]
    whole = als(T, m, rng=3, steps=5, tol=1e-12, simultaneous=simultaneous, every=1,
                observe={"A": lambda s: s.params.A}).run.trace["A"]
    p = compress(np.stack([T.vectors] * 3)[None], start[None])
    assert p.U.shape == (1, 3, r, min(r, d))
    for n in range(1, 5):
        p = slots_step(p, simultaneous)[0]
        assert np.allclose(p.A[0] @ Q.T, whole[n], atol=1e-6)

    rng = np.random.default_rng(4)
    U = unit_rows(rng, (3, r, d))
    array, slots = np.einsum("ra,rb,rc->abc", *U), list(start)
    p, error, w = slots_step(compress(U[None], start[None]), simultaneous)
    for k in range(3):
        a, b = ((start if simultaneous else slots)[q] for q in range(3) if q != k)
        products = np.einsum("mp,mq->pqm", a, b).reshape(-1, m)
        x = np.linalg.lstsq(products, unfold(array, k), rcond=None)[0]
        slots[k] = x / np.linalg.norm(x, axis=1, keepdims=True)
        assert np.allclose(p.A[0, k] @ np.linalg.qr(U[k].T)[0].T, slots[k], atol=1e-6)
    assert np.allclose(w[0], np.linalg.norm(x, axis=1), rtol=1e-6)
    left = np.linalg.norm(products @ x - unfold(array, 2)) / np.linalg.norm(array)
    assert np.isclose(error[0], left, atol=1e-7)


def test_the_outside_of_the_start_matters_in_one_sweep_only():
    """Without its outside the first sweep is another one; after it nothing outside is left to know."""
    rng = np.random.default_rng(0)
    U, A = unit_rows(rng, (1, 3, 4, 40)), unit_rows(rng, (1, 3, 5, 40))
    p = compress(U, A)
    inside = InSpan(p.U, p.A, p.A @ p.A.mT)
    assert not np.allclose(slots_step(p, False)[0].A, slots_step(inside, False)[0].A, atol=0.01)
    after = slots_step(p, False)[0]
    assert np.allclose(after.gram, after.A @ after.A.mT, atol=1e-12)


@pytest.mark.parametrize("dim", [3, 6, 10**9])
def test_turned_gaussians_have_the_law_of_gaussians(dim):
    """Squared lengths are χ² with d degrees; inner products have variance d; what is drawn is a triangle."""
    X = turned_gaussians(5, dim, range(3000), 7)
    assert X.shape == (3000, 5, min(5, dim)) and np.all(np.triu(X, 1) == 0)
    G = X @ X.mT
    for k in range(5):
        assert scipy.stats.kstest(G[:, k, k], scipy.stats.chi2(dim).cdf).pvalue > 1e-3
    scaled = G[:, 4, 1] / dim**0.5
    assert abs(scaled.mean()) < 0.08 and abs(scaled.std() - 1) < 0.08


@pytest.mark.parametrize("symmetric", [True, False])
@pytest.mark.parametrize("r, m, d", [(4, 5, 16), (6, 5, 4)])
def test_problems_drawn_in_coordinates_are_those_drawn_whole(r, m, d, symmetric):
    """Errors after two sweeps have the same distribution, whether or not the d dimensions were ever there."""
    drawn = in_span(r, m, d, range(600), symmetric=symmetric)
    whole = []
    for seed in range(600):
        rng = np.random.default_rng([31, seed])
        U = unit_rows(rng, (3, r, d))
        whole.append((U[[0, 0, 0]] if symmetric else U, unit_rows(rng, (3, m, d))))
    whole = compress(*map(np.stack, zip(*whole, strict=True)))
    errors = [arrivals(p, steps=2, tol=1e-9)[0] for p in (drawn, whole)]
    assert scipy.stats.ks_2samp(*errors).pvalue > 1e-3
    assert np.allclose(np.linalg.norm(drawn.U, axis=-1), 1) and np.allclose(drawn.gram.diagonal(axis1=-2, axis2=-1), 1)


def test_large_dimensions_tend_to_the_limit():
    """The share of successes in a million dimensions is that of infinitely many, and not that of forty."""
    shares = [np.mean(arrivals(in_span(8, 10, d, range(400)), steps=60)[0] <= 0.05) for d in (40, 10**8, inf)]
    assert abs(shares[1] - shares[2]) < 0.1 < shares[0] - shares[2]
    a, b = (in_span(4, 5, inf, range(3), symmetric=s) for s in (True, False))
    assert np.array_equal(a.U, b.U) and np.array_equal(a.A, b.A) and np.array_equal(a.gram, b.gram)


def test_arrivals_do_not_depend_on_the_others():
    """A seed's error and sweeps are its own, whoever else is in the batch; r² components are everything in two."""
    p = in_span(5, 6, 50, range(12))
    error, sweeps = arrivals(p, steps=80)
    for i in (0, 7):
        one = arrivals(InSpan(p.U[[i]], p.A[[i]], p.gram[[i]]), steps=80)
        assert np.isclose(one[0][0], error[i], rtol=1e-6) and one[1][0] == sweeps[i]
    assert np.all((error <= 0.05) | (sweeps == 80))
    error, sweeps = arrivals(in_span(5, 25, inf, range(20)), simultaneous=True, steps=6, tol=1e-3)
    assert np.mean(error <= 1e-3) > 0.9 and sweeps.max() <= 6


def test_numbers_on_record():
    """Sixteen components and seventeen in the student: 20 seeds each, the package's own starts, counted before."""
    counts = []
    for d in (20, 80, 320, 1280):
        U = np.stack([[gaussian(d, 16, 3, rng=s).vectors] * 3 for s in range(20)])
        A = np.stack([sphere(range(20), k, 17, d) for k in range(3)], axis=1)
        counts.append(int(np.sum(arrivals(compress(U, A))[0] <= 0.05)))
    assert counts == sorted(counts, reverse=True)
    for now, before in zip(counts, (19, 15, 12, 8), strict=True):
        assert scipy.stats.fisher_exact([[now, 20 - now], [before, 20 - before]]).pvalue > 0.05


@pytest.mark.parametrize("wrong, word", [
    (lambda: in_span(0, 5, 20, 0), "rank is 0"), (lambda: in_span(4, 2.5, 20, 0), "width 2.5"),
    (lambda: in_span(4, 5, -inf, 0), "math.inf"), (lambda: in_span(4, 5, float("nan"), 0), "dim nan"),
    (lambda: in_span(4, 5, 20, -1), "seed"),
    (lambda: compress(np.ones((2, 3, 4, 5)), np.ones((2, 3, 4, 6))), r"expected \(S, 3, r, d\)"),
    (lambda: compress(np.ones((3, 4, 5)), np.ones((3, 4, 5))), r"expected \(S, 3, r, d\)"),
    (lambda: succeed("als", "d=7", 4, 5, [0]), "expected one of d=20, d=10r, d=inf"),
    (lambda: succeed("vanilla", "d=20", 4, 5, [0], symmetric=False), "symmetric targets only"),
    (lambda: succeed("newton", "d=20", 4, 5, [0]), "newton"),
    (lambda: growth((4, 8), [step(4), step(8)]), "2 ranks"),
    (lambda: growth((4, 8, 16), [step(4), step(8), step(16)], "cubic"), "cubic"),
    (lambda: growth((4, 8, 16), [sure(4), sure(8), sure(16)]), "3 widths"),
])
def test_nonsense_is_refused(wrong, word):
    """What means nothing is named."""
    with pytest.raises(ValueError, match=word):
        wrong()


# --- laws -----------------------------------------------------------------------------------------


def step(m):
    """Return a search that was sure of its m*."""
    counts = {"tried": (m - 1, m), "successes": (0, 40), "trials": (40, 40)}
    return Threshold(m, (m, m), (1, 999), **counts, decided=("evidence",) * 2, stakes=((0, 4), (4, 0)), rate=0.9,
                     level=0.95, consistent=True)


def sure(m):
    """Return a search that passed at once."""
    return threshold(lambda width, seeds: np.full(len(seeds), True), (m, 99), looks=0)


def searches(law, ranks, seed):
    """Search imaginary algorithms whose widths obey a law."""
    def one(r):
        def coin(m, seeds):
            chance = scipy.special.expit(log(9) + 14 * np.log(m / law(r)))
            return np.random.default_rng(seeds[0]).random(len(seeds)) < chance
        return threshold(coin, (r, 12 * r), seeds=10**7 * seed + 10**5 * r, resolution=0.05)
    return [one(r) for r in ranks]


@pytest.mark.parametrize("law, b, true", [
    ("power", 1.4, lambda r: 1.5 * 16 * (r / 16) ** 1.4), ("logarithm", 0.4, lambda r: r * (1.9 + 0.4 * log(r / 16))),
    ("line", 0.4, lambda r: r * (2.1 + 0.4 * (1 - 16 / r)))])
def test_a_known_law_is_found(law, b, true):
    """The interval holds b in at least 80 % of 20 experiments and is no triviality; a is m*/r at rank 16."""
    found = [growth((4, 8, 16, 32), searches(true, (4, 8, 16, 32), i), law) for i in range(20)]
    assert np.mean([f.interval[0] <= b <= f.interval[1] for f in found]) >= 0.8
    assert np.median([f.interval[1] - f.interval[0] for f in found]) < 0.4
    assert abs(np.median([f.parameters[0] for f in found]) - true(16) / 16) < 0.1
    assert all(f.interval[0] < f.b < f.interval[1] and np.isclose(f.chance(16, f(16)), 0.9) for f in found)
    assert 0.4 < np.median([f.deviance / f.freedom for f in found]) < 1.5


def test_the_likelihood_knows_a_square_from_a_logarithm():
    """Where the laws are far apart, the true one has the better likelihood by far."""
    ranks = (4, 8, 16, 32)
    found = searches(lambda r: 0.3 * r**2 + r, ranks, 1)
    power, logarithm, line = (growth(ranks, found, law) for law in LAWS)
    assert power.likelihood > max(logarithm.likelihood, line.likelihood) + 3
    assert parting(power, logarithm) <= 64


def test_laws_part_where_they_differ():
    """The same law never parts; the steeper the curves, and the more trials, the earlier."""
    def law(b, k):
        return Growth("power", (1.6, b, k, 0.0), (b, b), 0.0, 0.0, 1)
    assert parting(law(1.1, 2), law(1.1, 2), most=4096) is None
    ranks = [parting(law(1.03, k), law(1.0, k), trials=n) for k, n in ((1, 40), (2.5, 40), (2.5, 400))]
    assert ranks[0] > ranks[1] > ranks[2]


# --- the experiments ------------------------------------------------------------------------------


def test_the_table_of_the_tutorial_is_complete():
    """Every curve of the plan can be read, ranks go to 64 in the limit, and no search contradicts itself."""
    found = measured(DATA)
    assert len(found) == len(curves())
    for c, (_, x, fixed) in zip(found, curves(), strict=True):
        assert c.x == x and all(c.fixed[k] == v for k, v in fixed.items() if not callable(v))
        assert all(t.interval[0] <= (t.width or inf) <= t.interval[1] for t in c.thresholds)
    assert max(c.x[-1] for c in found) == 64 and (DATA / "needed.csv").stat().st_size < 100_000


@pytest.mark.parametrize("algorithm, space, symmetric, rank", [
    ("als", "d=inf", False, 8), ("als", "d=10r", True, 4), ("vanilla", "d=inf", True, 4)])
def test_rows_of_the_table_can_be_made_again(algorithm, space, symmetric, rank):
    """A search from the plan gives the row that is committed."""
    c, cell = next((c, cell) for c, spec in zip(measured(DATA), curves(), strict=True) for cell in cells_of_curve(*spec)
                   if c.algorithm == algorithm and cell["space"] == space and cell["rank"] == rank
                   and cell["symmetric"] == symmetric)
    t, row = c.thresholds[c.x.index(rank)], enough(**cell, seed=1)
    assert row["m"] == t.width and tuple(row["tried"]) == t.tried and tuple(row["successes"]) == t.successes


TINY = [("rank", (2, 3, 4), dict(algorithm="als", space="d=inf", symmetric=False, trials=20, low=lambda r: r,
                                 high=lambda r: 5 * r)),
        ("rank", (2, 3), dict(algorithm="vanilla", space="d=20", symmetric=True, epochs=2, trials=20, low=2, high=9))]


@pytest.fixture
def tiny(monkeypatch):
    """Plan three small searches and two."""
    monkeypatch.setattr(open_problem, "curves", lambda quick=False: TINY)


def test_measuring_goes_on_where_it_was(tiny, tmp_path):
    """What is written reads back as the same, and a second call runs nothing."""
    said = []
    first = measure(tmp_path / "new", progress=False, tell=said.append)
    before = (tmp_path / "new" / "needed.csv").read_text()
    again = measure(tmp_path / "new", progress=False, tell=said.append)
    assert first == again == measured(tmp_path / "new", TINY) and said == ["5 searches for needed widths"] * 2
    assert (tmp_path / "new" / "needed.csv").read_text() == before


@pytest.mark.parametrize("where", ["here", "processes", pytest.param("dask", marks=pytest.mark.slow)])
def test_one_command(where, tiny, tmp_path, capsys):
    """The script makes the same table here, with two processes and on a dask cluster, and keeps the tutorial's."""
    spec = importlib.util.spec_from_file_location("open_problem_script", ROOT / "dev" / "open_problem.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    expected, before = measure(tmp_path / "plain", progress=False, tell=str), (DATA / "needed.csv").read_bytes()
    line = ["--quick", "--out", str(tmp_path / where)]
    if where == "dask":
        distributed = pytest.importorskip("distributed")
        with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
            script.main([*line, "--scheduler", cluster.scheduler_address])
    else:
        script.main([*line, "--workers", "1" if where == "here" else "2"])
    assert measured(tmp_path / where, TINY) == expected and (DATA / "needed.csv").read_bytes() == before
    assert "als, d=inf, asymmetric" in capsys.readouterr().out
