"""Sources out: how many there are, the same answer for the same question, and plain words where there is none."""

import warnings

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from tensor_overparam.data import Whitening, as_blocks, ica, mixture, whitening
from tensor_overparam.data.blocks import moments
from tensor_overparam.data.fixed_point import (
    HELD,
    Samples,
    contraction,
    curvature,
    directions,
    held,
    settle,
    white_samples,
)
from tensor_overparam.data.sources import power_means, score, split_test, with_error

DRAW = {
    "laplace": lambda rng, shape: rng.laplace(size=shape) / 2**0.5,
    "uniform": lambda rng, shape: rng.uniform(-(3**0.5), 3**0.5, shape),
    "exponential": lambda rng, shape: rng.exponential(size=shape) - 1,
    "binary": lambda rng, shape: rng.choice([-1.0, 1.0], shape),
    "gaussian": lambda rng, shape: rng.normal(size=shape),
}


def mixed(n, seed=0, extra=0, **kinds):
    """Return mixed sources, and the matrix that mixes them; `extra` columns are combinations of the others."""
    rng = np.random.default_rng(seed)
    S = np.concatenate([DRAW[kind](rng, (n, k)) for kind, k in kinds.items()], axis=1)
    A = rng.normal(size=(S.shape[1] + extra, S.shape[1]))
    return S @ A.T, A


def miss(unmixing, A, count):
    """Return the mean 1 - |cos| of the first `count` columns with what was found for them."""
    G = np.abs(unmixing @ A)
    G /= np.linalg.norm(G, axis=1, keepdims=True)
    row, column = linear_sum_assignment(-G[:, :count])
    return 1 - np.sum(G[row, column]) / count


# --- whitening ------------------------------------------------------------------------------------


def test_units_and_shifts_do_not_matter():
    X, _ = mixed(3000, laplace=6)
    scale, shift = 10.0 ** np.arange(-9, 9, 3), np.linspace(-1e3, 1e3, 6)
    Y = (X + shift) * scale
    W, V = whitening(X), whitening(Y)
    assert W.rank == V.rank == 6 and not V.remarks
    assert np.allclose(W(X), V(Y), atol=1e-7)
    assert np.allclose(V.mean + V(Y) @ V.backward.T, Y, rtol=1e-8, atol=0)


def test_columns_that_add_nothing_are_named():
    X, _ = mixed(3000, laplace=3)
    Y = np.column_stack([X, np.full(3000, 7.3), 3 * X[:, 1] - 2, X[:, 0] + X[:, 2]])
    W = whitening(Y)
    few = mixed(5, gaussian=9)[0]
    assert "5 samples vary in 4 directions" in " ".join(whitening(few).remarks)
    said = " ".join(W.remarks)
    assert W.rank == 3 and isinstance(W, Whitening)
    assert "column 3: no variation" in said and "column 1 and column 4 are the same" in said and "3 directions" in said
    with pytest.raises(ValueError, match="do not vary"):
        whitening(np.ones((5, 2)))


# --- the fixed point ------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [3, 4])
def test_held_and_streamed_samples_agree(order):
    X, _ = mixed(4000, exponential=4, gaussian=2)
    B, W = as_blocks(X + 1e3), whitening(X + 1e3)
    streamed = Samples(W.n_samples, W.rank, lambda: B.again(4000), W.forward, W.mean)
    a, b = directions(streamed, order), directions(held(W(X + 1e3)), order)
    assert a.sure.tolist() == b.sure.tolist() and a.converged
    assert np.allclose(a.directions[a.sure], b.directions[b.sure], atol=1e-5)


@pytest.mark.parametrize("order", [3, 4])
def test_the_curvature_is_the_second_derivative(order):
    """Of Σ|κ| over the first tier as a row turns towards another, divided by the order."""
    X, _ = mixed(3000, exponential=2, laplace=1, gaussian=1)
    W = whitening(X)
    samples, V = Samples(3000, 4, lambda: iter([W(X)])), np.linalg.qr(np.random.default_rng(1).normal(size=(4, 4)))[0]
    sure = np.array([True, True, True, False])
    bend, signs = curvature(samples, V, sure, order), np.sign(contraction(samples, V, order)[1])
    for i, j in ((0, 1), (1, 2), (0, 3), (2, 3)):

        def total(t, i=i, j=j):
            U = V.copy()
            U[i], U[j] = np.cos(t) * V[i] + np.sin(t) * V[j], np.cos(t) * V[j] - np.sin(t) * V[i]
            return np.sum((signs * contraction(samples, U, order)[1])[sure])

        h = 1e-3
        assert np.isclose((total(h) - 2 * total(0) + total(-h)) / h**2, order * bend[i, j], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("kind", "order"), [("uniform", 4), ("exponential", 3)])
def test_a_search_leaves_the_middle_between_two_sources(kind, order):
    X, _ = mixed(4000, **{kind: 2}, gaussian=1)
    samples = white_samples(as_blocks(X), whitening(X))
    best = settle(samples, np.eye(3), order, 50)
    k = np.argsort(-abs(best.cumulants))[:2]
    V = best.directions.copy()
    V[k] = np.array([[1, 1], [-1, 1]]) @ V[k] / 2**0.5
    assert curvature(samples, V, best.sure, order)[k[0], k[1]] > 0
    found = settle(samples, V, order, 50)
    assert found.converged and (abs(found.directions @ best.directions.T).max(1)[found.sure] > 0.999).all()


def test_large_data_are_not_held(monkeypatch):
    X, A = mixed(40_000, laplace=3, gaussian=2)
    monkeypatch.setattr("tensor_overparam.data.fixed_point.HELD", 100_000)
    samples = white_samples(as_blocks(X), whitening(X))
    assert samples.forward is not None and HELD > X.size
    found = ica(np.array_split(X, 9))
    assert found.count == 3 and found.converged and miss(found.unmixing, A, 3) < 1e-3
    monkeypatch.setattr("tensor_overparam.data.sources.HELD", 100_000)
    assert split_test(samples, whitened_directions(found, samples), 4, 0, 200).tolist() == [True] * 3


def whitened_directions(found, samples):
    """Return the directions of sources in whitened coordinates."""
    return np.linalg.lstsq(samples.forward, found.unmixing.T, rcond=None)[0].T


def test_moments_along_directions_and_their_errors():
    y = np.random.default_rng(0).laplace(size=(5000, 2)) * [1, 2]
    Z = whitening(y)(y)
    m, share = power_means(held(Z), np.eye(2))
    for power in (1, 2, 3, 4, 5, 6, 8):
        assert np.allclose(m[power], np.mean(Z**power, axis=0), rtol=1e-4, atol=1e-4)
    assert np.allclose(share, (Z**8).max(0) / (Z**8).sum(0), rtol=1e-4)
    gaussian = np.array([1, 0, 1, 0, 3, 0, 15, 0, 105.0])[:, None]
    assert np.allclose([with_error(gaussian, 100, order)[1][0] for order in (3, 4)], np.sqrt([0.06, 0.24]))
    coin = np.array([1, 0, 1, 0, 1, 0, 1, 0, 1.0])[:, None]
    assert with_error(coin, 100, 4)[0][0] == -2 and with_error(coin, 100, 4)[1][0] == 0


def test_scores_are_those_of_the_tests_of_normality():
    stats = pytest.importorskip("scipy.stats")
    for n in (30, 200, 5000):
        x = np.random.default_rng(n).laplace(size=n)
        assert np.isclose(score(stats.kurtosis(x), n, 4), stats.kurtosistest(x).statistic)
        assert np.isclose(score(0.1, n, 3), 0.1 * np.sqrt(n / 6))


# --- sources --------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [2000, 20_000])
@pytest.mark.parametrize("count", [2, 3, 4])
@pytest.mark.parametrize("kind", ["uniform", "laplace"])
def test_two_three_and_four_sources(kind, count, n):
    right = [ica(mixed(n, seed, **{kind: count})[0]).count == count for seed in range(10)]
    assert sum(right) >= 9


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(("d", "n"), [(5, 2000), (20, 2000), (5, 200), (2, 60)])
def test_in_gaussian_data_there_is_nothing(d, n):
    assert sum(ica(mixed(n, seed, gaussian=d)[0]).count for seed in range(20)) <= 1


def test_sources_among_gaussians():
    for seed in range(4):
        X, A = mixed(10_000, seed, laplace=5, uniform=5, gaussian=10)
        found = ica(X)
        sources = found.keep(found.significance == "source")
        assert found.count == 10 and found.converged
        assert miss(sources.unmixing, A, 10) < 0.01
        assert np.allclose(sources.unmixing @ sources.mixing, np.eye(10), atol=1e-8)


def test_skewed_sources_by_their_third_cumulant():
    X, A = mixed(10_000, exponential=4, laplace=3, gaussian=5)
    found = ica(X, order=3)
    assert found.count == 4 and np.allclose(abs(found.cumulants[:4]), 2, atol=0.4)
    assert miss(found.keep(found.significance == "source").unmixing, A, 4) < 0.01


def test_tanh_is_more_accurate_for_heavy_tails():
    X, A = mixed(10_000, laplace=10)
    assert miss(ica(X, tanh=True).unmixing, A, 10) < 0.6 * miss(ica(X).unmixing, A, 10)


def test_the_same_question_has_the_same_answer():
    X, _ = mixed(9000, laplace=3, gaussian=2)
    a = ica(X)
    for data in (X, np.asfortranarray(X), np.array_split(X, 11), lambda: iter(np.array_split(X, 3))):
        assert (ica(data).unmixing == a.unmixing).all()
    other = ica(X, rng=1)
    assert np.allclose(other.unmixing, a.unmixing, atol=1e-3 * abs(a.unmixing).max())
    single = ica(X.astype(np.float32))
    assert single.count == a.count and np.allclose(single.unmixing, a.unmixing, atol=1e-3 * abs(a.unmixing).max())


def test_units_do_not_matter():
    X, _ = mixed(9000, laplace=3, gaussian=2)
    scale = 10.0 ** np.array([6, -6, 0, 3, -3])
    a, b = ica(X), ica(X * scale + 5 * scale)
    assert np.allclose(a.unmixing, b.unmixing * scale, rtol=1e-3, atol=1e-4)
    assert np.allclose(a.transform(X), b.transform(X * scale + 5 * scale), atol=1e-3)


def test_there_and_back():
    X, _ = mixed(5000, extra=2, uniform=4)
    with pytest.warns(RuntimeWarning, match="4 directions of 6"):
        found = ica(X)
    assert found.count == 4 and np.allclose(found.mix(found.transform(X)), X, atol=1e-8)
    assert (found.mixing[abs(found.mixing / X.std(0)[:, None]).argmax(0), np.arange(4)] > 0).all()


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_number_can_be_asked_for():
    X, _ = mixed(5000, laplace=2, gaussian=3)
    found = ica(X, 4)
    assert found.significance.tolist()[:2] == ["source"] * 2 and "source" not in found.significance[2:]
    assert found.unmixing.shape == (4, 5) and (np.diff(abs(found.cumulants)) <= 0).all()
    assert ica(X, 1).unmixing.shape == (1, 5)


WRONG = {
    "n_components is 6": {"n_components": 6},
    "n_components is 0": {"n_components": 0},
    "order is 5": {"order": 5},
    "max_passes is 0": {"max_passes": 0},
}


@pytest.mark.parametrize("words", WRONG)
def test_what_cannot_be_asked_for(words):
    with pytest.raises(ValueError, match=words):
        ica(mixed(100, laplace=5)[0], **WRONG[words])


def test_too_few_samples():
    with pytest.raises(ValueError, match="more samples than the 20 columns"):
        ica(mixed(15, gaussian=20)[0])


WARNED = {
    "did not settle in 1 passes": lambda: ica(mixed(2000, laplace=3)[0], max_passes=1),
    "no direction stands out": lambda: ica(mixed(2000, gaussian=3)[0]),
    "variance may be infinite": lambda: ica(np.random.default_rng(0).standard_cauchy(size=(2000, 3))),
    "no variation": lambda: ica(np.column_stack([mixed(2000, laplace=3)[0], np.ones(2000)])),
    "eighth moment": lambda: ica(np.random.default_rng(0).standard_t(2.5, size=(20_000, 4))),
}


@pytest.mark.parametrize("words", WARNED)
def test_what_is_noticed_is_said(words):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = WARNED[words]()
    assert any(words in str(warning.message) for warning in caught)
    assert [str(warning.message) for warning in caught] == list(found.remarks)
    assert caught[0].filename == __file__


def test_a_source_that_cannot_be_read_again():
    X, _ = mixed(9000, laplace=3)
    left = [iter([X]), iter([X]), iter([X[:10]])]
    with pytest.raises(ValueError, match="had 9000 rows when they were read first, and 10 now"):
        ica(lambda: left.pop(0))
    assert moments(X).n_samples == 9000


@pytest.mark.parametrize("rng", [-1, 1.5, True, None, [0, 1]])
def test_seeds(rng):
    X = mixed(500, 0, laplace=2)[0]
    for find in (ica, mixture):
        with pytest.raises(ValueError, match="rng is .*; expected a nonnegative integer seed"):
            find(X, rng=rng)


def test_a_generator_is_a_seed():
    X = mixed(2000, 0, laplace=3)[0]
    one, other = (ica(X, rng=np.random.default_rng(5)) for _ in range(2))
    assert (one.unmixing == other.unmixing).all() and one.count == ica(X).count == 3
