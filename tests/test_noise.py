"""`decompose` in noise: as close to the truth as least squares from the truth, and nothing where nothing is."""

import warnings

import numpy as np
import pytest

from tensor_overparam.decomposition.answer import decompose
from tensor_overparam.decomposition.compress import core
from tensor_overparam.decomposition.problem import Draws, Problem
from tensor_overparam.decomposition.prune import bumps, gather, nothing, polish, prune
from tensor_overparam.decomposition.quadrics import squares_in_noise
from tensor_overparam.decomposition.roads import has_more, in_noise, through_noise
from tensor_overparam.tensors.kernels import weigh
from tensor_overparam.tensors.monomials import monomial_count, pack_coordinates
from tensor_overparam.tensors.problems import correlated, gaussian, orthogonal, recovery, with_noise
from tensor_overparam.tensors.targets import Dense, Factored, packed, sqnorm


def noisy(order, dim, rank, level, seed, coherence=0.0):
    """A tensor, and the same with noise."""
    key = [order, dim, rank, seed]
    T = correlated(dim, rank, order, coherence=coherence, rng=key) if coherence else gaussian(dim, rank, order, rng=key)
    return T, packed(with_noise(T, level, rng=[*key, 1]))


def pure(order, dim, seed):
    """Noise, and nothing else."""
    z = np.random.default_rng([order, dim, seed]).normal(size=monomial_count(dim, order))
    return Dense.from_rows(weigh(pack_coordinates(z, dim, order), order), order)


def oracle(T, N):
    """Least squares from the truth, with the true number of components."""
    size = np.linalg.norm(T.vectors, axis=1)
    best = polish(core(N), T.weights * size**T.order, T.vectors / size[:, None], 200, 1e-9)
    return Factored(best.weights, best.vectors, T.order)


def distance(S, T):
    return max(float(sqnorm(packed(S) + packed(T) * -1.0)), 0.0) ** 0.5


MENDED = [
    (3, 12, 16, 1e-3, 0, 0),  # 15 of 16, called noise: the gap in the spectrum was one too early
    (3, 12, 16, 1e-2, 1, 0),
    (3, 10, 12, 1e-2, 1, 0),  # 11 of 12
    (3, 10, 12, 1e-1, 0, 0),  # 10 of 12: no gap
    (3, 12, 16, 1e-1, 1, 0),
    (4, 12, 40, 1e-1, 1, 0),  # no gap; the search took five seconds
    (3, 20, 20, 1e-2, 0, 0.5),  # one component, called noise: the others have equal size, as noise has
    (3, 20, 20, 1e-1, 1, 0.5),
    (3, 20, 20, 1e-2, 0, 0.8),
    (6, 4, 2, 1e-1, 0, 0),  # two with a cosine of .97
]


@pytest.mark.parametrize("order, dim, rank, level, seed, coherence", MENDED)
def test_as_close_as_the_oracle(order, dim, rank, level, seed, coherence):
    """Right number, and the error of the tensor within 1.1 times the oracle's."""
    T, N = noisy(order, dim, rank, level, seed, coherence)
    D, best = decompose(N), oracle(T, N)
    assert D.rank == rank and D.verdict == "noise"
    assert distance(D.target, T) <= 1.1 * distance(best, T)
    assert recovery(D.target, best).worst > 0.98


@pytest.mark.parametrize("order, dim, rank", [(3, 6, 2), (3, 6, 6), (3, 7, 3), (4, 5, 4), (5, 4, 2), (6, 4, 4)])
def test_small_tensors_need_no_search(order, dim, rank):
    """From 41 numbers on the solvers' answers are enough, where they are believable."""
    for level in (1e-3, 1e-2, 1e-1):
        T, N = noisy(order, dim, rank, level, 1)
        D = decompose(N)
        assert D.rank == rank and D.verdict == "noise" and D.stages[1].name in ("diagonalise", "grow")
        assert distance(D.target, T) <= 1.1 * distance(oracle(T, N), T)


@pytest.mark.parametrize("order, dim", [(3, 20), (4, 10)])
def test_nothing_in_pure_noise(order, dim):
    for seed in range(4):
        with pytest.warns(RuntimeWarning, match="no component stands out"):
            assert decompose(pure(order, dim, seed)).rank == 0


def test_maxima_of_a_tensor():
    """Those of orthogonal components are the components."""
    T = orthogonal(8, 5, 3, weights=[1.0, -0.9, 0.8, 0.7, -0.6], rng=1)
    heights, V = bumps(T, 40)
    assert len(heights) == 5 and np.allclose(abs(heights), [1.0, 0.9, 0.8, 0.7, 0.6])
    assert np.allclose(heights, np.vecdot(V, T.contract(V)))
    S = orthogonal(8, 3, 4, weights=[1.0, -0.9, 0.8], rng=1)
    assert np.allclose(np.sort(bumps(S, 40)[0]), [-0.9, 0.8, 1.0])


def test_groups_join_while_they_pay():
    """All of them under noise; none where there is only noise; no more than asked for."""
    T, N = noisy(4, 10, 24, 0.05, 0)
    c = core(N)
    found = prune(c, gather(c, nothing(c), 100))
    assert len(found.weights) == 24 and recovery(Factored(found.weights, found.vectors, 4), T).worst > 0.98
    assert gather(c, found, 100) is found and len(gather(c, nothing(c), 5).weights) <= 5
    c = core(pure(3, 12, 0))
    assert len(gather(c, nothing(c), 100).weights) == 0


def test_a_flat_spectrum_is_not_noise():
    """As many components as dimensions are looked for where they explain more than noise gives away."""
    _, N = noisy(3, 20, 20, 1e-2, 0, 0.8)
    c = core(N)
    v = np.linalg.eigh(np.asarray(N.contract(np.eye(20))))[1][:, -1:].T
    one = polish(c, np.ones(1), v)
    p = Problem(c, 1e-20, np.inf, Draws(0))
    assert has_more(p, one)
    for seed in range(5):
        T, N = noisy(3, 20, 5, 0.3, seed)
        c = core(N)
        found = polish(c, np.ones(5), T.vectors / np.linalg.norm(T.vectors, axis=1, keepdims=True), 60)
        assert not has_more(Problem(c, 1e-20, np.inf, Draws(0)), found)


def test_quadrics_see_the_last_component():
    """The number that symmetry still allows is among those that a gap may show."""
    _, N = noisy(3, 12, 16, 1e-3, 2)
    assert len(squares_in_noise(core(N), 0)[0]) == 16


def believed(c):
    """Does a road through noise believe that it has arrived?"""
    return any(look.verdict == "noise" for look in in_noise(Problem(c, (1e-10 * c.size) ** 2, np.inf, Draws(0))))


def test_only_what_is_believed_leaves_the_roads_through_noise():
    """The solvers' best start is told, and without a verdict: nobody may take it for an answer."""
    c = core(noisy(3, 8, 10, 5e-2, 1)[1])
    p = Problem(c, (1e-10 * c.size) ** 2, np.inf, Draws(0))
    assert [look.verdict for look in through_noise(p)] == [""] and not list(in_noise(p))


def test_what_is_exact_is_not_called_noise():
    """Components beyond the reach of algebra: the road through noise leaves them to the search."""
    for T in (gaussian(7, 10, 3, rng=[2, 10]), gaussian(5, 11, 4, rng=[0, 11]), gaussian(6, 20, 4, rng=[1, 20])):
        c = core(packed(T))
        assert not believed(c)


def test_a_pair_that_runs_away_is_not_noise():
    """x²y has rank three and is nearly of rank two; four other components do not hide that."""
    A = np.zeros((6,) * 3)
    A[0, 0, 1] = A[0, 1, 0] = A[1, 0, 0] = 1 / 3
    A[range(2, 6), range(2, 6), range(2, 6)] = 1.0
    D = decompose(A)
    assert D.rank == 7 and D.verdict == "exact"


def test_few_numbers_and_little_noise():
    """Of 120 numbers 80 are parameters: believed while the rest is a thousandth, not when it is a twentieth."""
    T, N = noisy(3, 8, 10, 1e-3, 0)
    D = decompose(N)
    assert D.rank == 10 and D.verdict == "noise" and distance(D.target, T) <= 1.1 * distance(oracle(T, N), T)
    c = core(noisy(3, 8, 10, 5e-2, 1)[1])
    assert not believed(c)


def test_limits_are_kept():
    _, N = noisy(4, 12, 20, 0.05, 0)
    with warnings.catch_warnings(action="ignore"):
        D = decompose(N, max_components=15, seconds=2)
    assert D.rank <= 15 and D.verdict in ("limit", "unfinished")
