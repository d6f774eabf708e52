"""decompose, looked at more closely: what it may not touch, oracles, dense algebra, files, refusals, interruptions."""

import html
import itertools
import os
import signal
import subprocess
import sys
import time
import warnings
from dataclasses import replace
from math import factorial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

from tensor_overparam.core.loop import Stop
from tensor_overparam.decomposition.answer import Decomposition, decompose
from tensor_overparam.decomposition.certificate import (
    Certificate,
    certify,
    condition_number,
    cuts,
    kruskal_rank,
    uniqueness,
)
from tensor_overparam.decomposition.compress import bulk_ratio, compress, core, leading, restrict
from tensor_overparam.decomposition.polish import _by_products, join, levenberg_marquardt, split, squared_distance
from tensor_overparam.decomposition.problem import Draws, Look, Problem
from tensor_overparam.decomposition.prune import merge, noise_share, nothing, polish, quiet, shares, thin
from tensor_overparam.decomposition.search import search
from tensor_overparam.descent.objective import residual_norm
from tensor_overparam.tensors.kernels import weigh
from tensor_overparam.tensors.monomials import monomial_count, pack_coordinates
from tensor_overparam.tensors.problems import KINDS, correlated, gaussian, moment, orthogonal, recovery, with_noise
from tensor_overparam.tensors.targets import Dense, Factored, Sum, packed, symmetrize, to_dense

slow = pytest.mark.slow
some = settings(deadline=None, max_examples=15, derandomize=True)
SEEDS = st.integers(0, 2**31)


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Small products lose time when each is shared between threads."""
    with threadpool_limits(1):
        yield


def assert_found(D, T, tol=1e-10):
    """The planted components, each with its weight, and nothing else."""
    assert D.rank == len(T.weights) and D.relative_error <= tol and D.verdict == "exact" and D.stop is Stop.GOAL
    match = recovery(D.target, T, negligible=0)
    lengths = np.linalg.norm(T.vectors, axis=1)
    planted = T.weights * lengths**T.order
    assert match.worst > 1 - 1e-8
    assert np.allclose(D.weights[match.index], planted if T.order % 2 == 0 else abs(planted), rtol=1e-7)


def pure_noise(dim, order, seed):
    """A symmetric Gaussian tensor."""
    z = np.random.default_rng(seed).normal(size=monomial_count(dim, order))
    return Dense.from_rows(weigh(pack_coordinates(z, dim, order), order), order)


def silent(*args, **options):
    """Decompose without the warning for an empty answer."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return decompose(*args, **options)


# --- exact tensors ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order, dim, rank", [(3, 20, 10), (4, 12, 5), (5, 8, 3), (6, 6, 3)])
def test_arrays_like_factors(order, dim, rank):
    for seed in range(3):
        T = gaussian(dim, rank, order, rng=[50, seed])
        A = to_dense(T)
        assert_found(decompose(A, rng=seed), T)
        assert_found(decompose(np.asfortranarray(A), rng=seed), T)
        assert_found(decompose(packed(T), rng=seed), T)


@pytest.mark.parametrize("coherence", [-0.1, 0.5, 0.8, 0.95])
@pytest.mark.parametrize("order", [3, 4])
def test_equal_angles(order, coherence):
    for seed in range(3):
        T = correlated(20, 8, order, coherence=coherence, rng=[51, seed])
        assert_found(decompose(T, rng=seed), T)


@pytest.mark.parametrize("order", [3, 4])
@pytest.mark.parametrize("weights", [[1, 1, 1e-2], [1, 1, 1e-6], [1, 0.1, 0.01, 0.001]])
def test_weights_of_many_sizes(weights, order):
    """Small components are found, and none beside them; also where the array carries the rounding of its making."""
    for seed in range(6):
        T = gaussian(6, len(weights), order, weights, rng=[59, seed])
        assert decompose(to_dense(T)).rank == decompose(T).rank == len(weights)
        letters = "abcd"[:order]
        recipe = "n," + ",".join("n" + x for x in letters) + "->" + letters
        D = decompose(symmetrize(np.einsum(recipe, T.weights, *[T.vectors] * order)))
        assert D.rank == len(weights) and D.relative_error < 1e-12


@pytest.mark.parametrize("order", [3, 4])
def test_almost_parallel(order):
    """As many components as dimensions of their span, with cosines of .995 to .9999."""
    for seed in range(5):
        rng = np.random.default_rng(seed)
        two = rng.normal(size=(2, 6))
        two[1] = two[0] + 0.1 * two[1]
        for U in (two, rng.normal(size=(4, 8)) / 8**0.5 + 2, correlated(9, 5, order, coherence=0.9995).vectors):
            T = Factored(np.ones(len(U)), U / np.linalg.norm(U, axis=1, keepdims=True), order)
            assert_found(decompose(to_dense(T), rng=seed), T)


@slow
@pytest.mark.parametrize("order, dim, rank", [(3, 8, 12), (3, 8, 14), (4, 6, 18), (3, 12, 20)])
def test_crowded(order, dim, rank):
    """Nearly as many parameters as numbers: most are found, and what is not found does not look like an answer."""
    found = 0
    for seed in range(6):
        D = silent(gaussian(dim, rank, order, rng=seed), rng=seed)
        found += D.rank == rank and D.verdict == "exact"
        assert D.relative_error < 1e-10 or D.relative_error > 0.1 and (D.remark or not D.rank)
    assert found >= 4


def test_as_many_components_as_fit_come_to_an_end():
    """Rank at the very edge of what can be identified: an answer, if not the right one, in reasonable time."""
    D = quick_or_interrupted(gaussian(12, 30, 3, rng=0), 0, 60.0)
    assert D.stop is not Stop.INTERRUPTED and D.remark


@pytest.mark.parametrize("order, dim, rank", [(4, 20, 10), (6, 10, 6)])
def test_signs_of_even_orders(order, dim, rank):
    for seed in range(5):
        T = gaussian(dim, rank, order, "mixed", rng=[52, seed])
        D = decompose(T, rng=seed)
        assert_found(D, T)
        assert sorted(np.sign(D.weights)) == sorted(np.sign(T.weights))


@pytest.mark.parametrize("order", [3, 4])
def test_samples(order):
    """Fewer samples than dimensions; many samples of few kinds; more samples than dimensions."""
    rng = np.random.default_rng(order)
    X = rng.normal(size=(5, 9))
    assert_found(decompose(moment(X, order)), moment(X, order))
    many = moment(X[rng.permutation(np.repeat(np.arange(5), 40))], order)
    assert len(many.weights) == 200
    assert_found(decompose(many), moment(X, order))
    if order == 4:
        T = moment(rng.normal(size=(9, 6)), order)
        assert_found(decompose(T), T)


def test_read_only_input_is_enough():
    """Nothing is written into what is given."""
    T = gaussian(8, 3, 4, "mixed", rng=0)
    A = to_dense(T)
    P = packed(T)
    for array in (T.weights, T.vectors, A, P.rows):
        array.flags.writeable = False
    for form in (T, A, P, T + P, Sum(((2.0, T), (-1.0, P)))):
        assert decompose(form).rank == 3
    before = A.copy()
    decompose(A, symmetrize=True)
    assert np.array_equal(A, before)


@pytest.mark.parametrize("T", [gaussian(8, 12, 4, rng=1), with_noise(gaussian(12, 4, 3, rng=1), 0.05, rng=2)])
def test_same_seed_same_answer(T):
    first, second = decompose(T, rng=7), decompose(T, rng=7)
    assert np.array_equal(first.weights, second.weights) and np.array_equal(first.vectors, second.vectors)
    assert first.stages == second.stages
    other = decompose(T, rng=np.random.default_rng(3))
    assert recovery(other.target, first.target).worst > 1 - 1e-8


@pytest.mark.parametrize("order", [3, 4])
def test_convention(order):
    """Unit rows, sorted by size; odd orders have positive weights, even ones a positive largest entry."""
    T = gaussian(9, 6, order, [0.3, -2.0, 1.0, -0.6, 4.0, 0.05], rng=3)
    D = decompose(T)
    assert np.allclose(np.linalg.norm(D.vectors, axis=1), 1, atol=1e-14)
    assert (np.diff(abs(D.weights)) <= 0).all()
    if order == 3:
        assert (D.weights > 0).all()
    else:
        assert (D.vectors[np.arange(6), abs(D.vectors).argmax(1)] > 0).all() and (D.weights < 0).sum() == 2
    assert residual_norm(T, D.target)[0] <= 1e-13 * 4


@given(SEEDS, st.sampled_from([3, 4]))
@some
def test_turning_the_tensor_turns_its_components(seed, order):
    rng = np.random.default_rng(seed)
    T = gaussian(7, 4, order, "mixed" if order == 4 else None, rng=rng)
    Q = np.linalg.qr(rng.normal(size=(7, 7)))[0]
    D = decompose(T)
    turned = decompose(to_dense(Factored(T.weights, T.vectors @ Q.T, order)))
    match = recovery(turned.target, Factored(D.weights, D.vectors @ Q.T, order), negligible=0)
    assert turned.rank == D.rank == 4 and match.worst > 1 - 1e-10
    assert np.allclose(turned.weights[match.index], D.weights, rtol=1e-9)


@given(SEEDS, st.floats(-6, 6), st.booleans())
@some
def test_scaling_the_tensor_scales_the_weights(seed, exponent, dense):
    T = gaussian(8, 3, 4, "mixed", rng=seed)
    D = decompose(T)
    scaled = T * 10.0**exponent
    E = decompose(to_dense(scaled) if dense else scaled)
    match = recovery(E.target, D.target, negligible=0)
    assert E.rank == 3 and match.worst > 1 - 1e-10
    assert np.allclose(E.weights[match.index], D.weights * 10.0**exponent, rtol=1e-9)


# --- what is not unique, or not reached -------------------------------------------------------------------------------


@pytest.mark.parametrize("order, dim, rank", [
    (3, 3, 4), (3, 5, 8), (4, 2, 3), (4, 3, 6),
])
def test_more_parameters_than_numbers(order, dim, rank):
    """An exact answer, and a certificate that says that there are others; fewer components only where fewer do."""
    for seed in range(6):
        D = decompose(gaussian(dim, rank, order, rng=[53, seed]), rng=seed)
        assert D.relative_error < 1e-10 and D.rank <= rank
        if D.rank * dim > monomial_count(dim, order):
            assert D.certificate.unique is False and D.certificate.condition == np.inf
            assert "families" in D.certificate.reason
        else:
            assert (order, dim, rank, seed) == (4, 2, 3, 2), "two of its directions have a cosine of 1 - 2e-10"


@pytest.mark.parametrize("order, dim, rank", [
    (3, 2, 2), (3, 3, 3), (3, 5, 6), (3, 5, 7), (3, 4, 5), (3, 6, 8),
    (4, 4, 6), (4, 4, 7), (4, 3, 4), (5, 2, 3), (5, 3, 5),
])
def test_almost_as_many_parameters_as_numbers(order, dim, rank):
    """Small tensors near the largest identifiable rank, without noise: fitted to rounding, with no more components
    (but where the terms move ten thousand times as far as the tensor does, a few more may be found first)."""
    for seed in range(8):
        T = gaussian(dim, rank, order, rng=[58, seed])
        D = silent(T, rng=seed)
        assert D.relative_error < 1e-10
        assert D.verdict == ("saturated" if D.rank * dim >= monomial_count(dim, order) else "exact")
        assert D.rank == rank or D.rank > rank and condition_number(T.vectors, order, dim) > 1e4


def test_matrices():
    M = gaussian(6, 3, 2, [3.0, -2.0, 1.0], rng=0)
    D = decompose(M)
    assert D.rank == 3 and D.certificate.unique is False and D.relative_error < 1e-14
    assert np.allclose(D.vectors @ D.vectors.T, np.eye(3), atol=1e-12)
    assert np.allclose(to_dense(D.target), to_dense(M))


def test_limit_of_components():
    """A limit above the rank changes nothing; one below it is kept, and marked."""
    T = orthogonal(10, 5, 3, [5.0, 4.0, 3.0, 2.0, 1.0], rng=0)
    assert_found(decompose(T, max_components=5), T)
    D = silent(T, max_components=4)
    assert D.rank <= 4 and D.verdict == "limit" and D.stop is Stop.BUDGET


def test_a_limit_of_one_gives_the_best_single_component():
    for T in (orthogonal(10, 3, 3, [3.0, 2.9, 2.8], rng=0), gaussian(6, 3, 3, rng=0)):
        D = silent(T, max_components=1)
        assert D.rank == 1 and D.verdict == "limit" and D.relative_error < 1


def test_limit_of_components_of_a_matrix():
    D = decompose(np.diag([1.0, -3.0, 2.0]), max_components=2)
    assert D.rank == 2 and D.verdict == "limit" and D.weights.tolist() == [-3, 2]


def test_a_tolerance_below_rounding_gives_the_best_that_there_is():
    D = silent(gaussian(6, 3, 3, rng=0), tol=1e-20)
    assert D.rank == 3 and D.relative_error < 1e-14


def test_tolerance():
    """What is smaller than the tolerance need not be found."""
    T = gaussian(12, 6, 3, [1.0, 1.0, 1.0, 1e-4, 1e-4, 1e-4], rng=1)
    assert decompose(T).rank == 6
    loose = decompose(T, tol=1e-2)
    assert loose.rank == 3 and 1e-5 < loose.relative_error <= 1e-2 and loose.verdict == "exact"


# --- noise ------------------------------------------------------------------------------------------------------------


def oracle(T, N):
    """Least squares started at the truth."""
    x, s = join(T.weights, T.vectors, T.order)
    x, _ = levenberg_marquardt(core(packed(N)).distance, x, s, T.order, steps=300, least=1e-12)
    return Factored(*split(x, s, T.order), T.order)


CASES = [(3, 15, 4, "random"), (3, 12, 6, "orthogonal"), (4, 10, 5, "random"), (4, 8, 12, "random")]


def against_the_oracle(case, level, seeds):
    """For each seed: the rank, and error over the oracle's, of the truth and of the data."""
    order, dim, rank, kind = case
    for seed in seeds:
        T = KINDS[kind](dim, rank, order, rng=[54, seed])
        N = with_noise(T, level, rng=[55, seed])
        D, best = decompose(N, rng=seed), oracle(T, N)
        yield D.rank - rank, *(residual_norm(X, D.target)[0] / residual_norm(X, best)[0] for X in (T, N))


@pytest.mark.parametrize("level", [1e-3, 1e-2, 1e-1])
def test_noise_beside_an_oracle(level):
    found = np.array([x for case in CASES[:3] for x in against_the_oracle(case, level, range(4))])
    assert (found[:, 0] == 0).all() and (found[:, 1:] <= 1.1).all()


@slow
@pytest.mark.parametrize("level", [1e-3, 1e-2])
def test_noise_beside_an_oracle_on_many_seeds(level):
    found = np.array([x for case in CASES for x in against_the_oracle(case, level, range(100, 112))])
    assert np.mean(found[:, 0] == 0) >= 0.95 and np.mean(found[:, 1] <= 1.1) >= 0.95
    assert (found[:, 0] <= 0).all()


def quick_or_interrupted(T, seed, seconds):
    """Decompose, or what there is after so much processor time."""
    start = time.process_time()

    def tell(look):
        if time.process_time() - start > seconds:
            raise KeyboardInterrupt

    return silent(T, rng=seed, tell=tell)


@slow
@pytest.mark.parametrize("order, dim, seed, least", [(3, 20, 2, 1), (3, 40, 0, 3), (4, 15, 0, 3)])
def test_loud_noise_comes_to_an_end(order, dim, seed, least):
    """Three components under noise three times their size: an answer in reasonable time, not garbage."""
    T = gaussian(dim, 3, order, rng=[6, seed])
    D = quick_or_interrupted(with_noise(T, 3.0, rng=[7, seed]), seed, 30.0)
    assert D.stop is Stop.GOAL and least <= D.rank <= 3
    if D.rank == 3:
        assert recovery(D.target, T).worst > 0.95


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=slow) for seed in (1, 2))])
def test_never_more_than_there_are(seed):
    """As the noise grows, components are lost, never invented."""
    for order, dim, rank in ((3, 12, 4), (4, 8, 3)):
        T = gaussian(dim, rank, order, np.geomspace(1, 0.2, rank), rng=[56, seed])
        levels = (1e-12, 1e-8, 1e-5, 1e-3, 1e-2, 0.1, 0.3)
        ranks = [silent(with_noise(T, x, rng=[57, seed]), rng=seed).rank for x in levels]
        assert ranks[0] == rank and max(ranks) == rank, ranks


@pytest.mark.parametrize("order, dim", [
    (3, 8), pytest.param(3, 12, marks=slow), (4, 6), (4, 9), pytest.param(5, 6, marks=slow),
])
def test_nothing_in_pure_noise(order, dim):
    for seed in range(4):
        with pytest.warns(RuntimeWarning, match="no component stands out"):
            D = decompose(pure_noise(dim, order, seed), rng=seed)
        assert D.rank == 0 and D.vectors.shape == (0, dim) and D.relative_error == 1 and D.verdict == "noise"
        assert D.certificate.unique is None and len(D.target.weights) == 0


def test_noise_peak_is_what_many_climbs_find():
    """E₀ is approached from below by the best of many ascents, for dimensions that grow."""
    c = core(pure_noise(24, 3, 5))
    best = 0.0
    for seed in range(200):
        v = np.random.default_rng(seed).normal(size=(1, 24))
        for _ in range(60):
            v = c.target.contract(v) + 3 * 24**0.5 * v / np.linalg.norm(v)
            v /= np.linalg.norm(v)
        best = max(best, float(np.vecdot(v, c.target.contract(v))[0]))
    sigma = c.size / monomial_count(24, 3) ** 0.5
    assert 1.3 < best / (24**0.5 * sigma) < 1.66
    assert quiet(c, nothing(c)) and best**2 < noise_share(c, c.size**2, 0)


# --- stages -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [2, 3, 4, 5])
def test_restriction_of_sums_and_arrays(order):
    """Against one einsum over the whole array."""
    rng = np.random.default_rng(order)
    A = symmetrize(rng.normal(size=(5,) * order))
    Q = np.linalg.qr(rng.normal(size=(5, 3)))[0].T
    letters, images = "abcde"[:order], "vwxyz"[:order]
    recipe = ",".join([letters, *(i + l for i, l in zip(images, letters))]) + "->" + images
    product = np.einsum(recipe, A, *[Q] * order)
    T = gaussian(5, 4, order, rng=1)
    assert np.allclose(to_dense(restrict(Dense(A), Q)), product)
    inside = Factored(T.weights, T.vectors @ Q.T, order)
    assert np.allclose(to_dense(restrict(Dense(A) + T, Q)), product + to_dense(inside))


@pytest.mark.parametrize("order, dim, rank", [(3, 14, 4), (4, 10, 3)])
def test_compression_with_noise(order, dim, rank):
    """The subspace leaves out most of the noise and says how much; the truth is inside, up to the noise."""
    T = gaussian(dim, rank, order, rng=2)
    N = with_noise(T, 1e-3, rng=3)
    c = compress(packed(N))
    assert len(c.basis) == rank and np.allclose(c.basis @ c.basis.T, np.eye(rank), atol=1e-12)
    lost = np.linalg.norm(T.vectors - T.vectors @ c.basis.T @ c.basis)
    assert 0 < lost < 1e-2
    whole = residual_norm(N, Factored([0.0], np.ones((1, dim)), order))[0]
    assert np.isclose(c.size**2 + c.outside, whole**2)
    assert np.isclose(c.outside, residual_norm(N, T)[0] ** 2, rtol=0.3)


def test_leading_of_noise_is_everything():
    gram = np.cov(np.random.default_rng(0).normal(size=(12, 4000)))
    assert len(leading(gram, 4)) == 12
    assert bulk_ratio(100, 4) < bulk_ratio(10, 4) <= 9


@pytest.mark.parametrize("order", [2, 3, 4, 5])
def test_distance_by_entries_and_by_products(order, monkeypatch):
    T, rng = gaussian(6, 3, order, rng=4), np.random.default_rng(0)
    x, s = rng.normal(size=(4, 6)), np.array([1.0, -1.0, 1.0, 1.0])
    entries, how = squared_distance(T)
    assert how == "entries"
    (a, R), (b, Q) = entries(x, s), _by_products(T)(x, s)
    gap = to_dense(T) - to_dense(Factored(s, x, order))
    assert np.isclose(a, 0.5 * np.sum(gap**2)) and np.isclose(a, b) and np.allclose(R, Q)
    monkeypatch.setattr("tensor_overparam.decomposition.polish.LARGEST", 10)
    assert squared_distance(T)[1] == "inner products"


@pytest.mark.parametrize("direct", [2500, 0])
def test_polish_ends_at_the_floor_and_never_climbs(direct, monkeypatch):
    """By factorisation and by conjugate gradients: a loss that only falls, down to rounding, at the truth."""
    monkeypatch.setattr("tensor_overparam.decomposition.polish.DIRECT", direct)
    for order in (3, 4):
        T = gaussian(8, 5, order, "mixed" if order == 4 else None, rng=5)
        x, s = join(T.weights, T.vectors, order)
        start = x + 0.05 * np.random.default_rng(6).normal(size=x.shape)
        distance = squared_distance(packed(T))[0]
        losses = [levenberg_marquardt(distance, start, s, order, steps=k)[1] for k in range(9)]
        assert losses[0] == distance(start, s)[0] and all(b <= a for a, b in zip(losses, losses[1:]))
        end, loss = levenberg_marquardt(distance, start, s, order, steps=100)
        assert loss < 1e-28 and np.allclose(end, x, atol=1e-12) and np.isclose(loss, distance(end, s)[0])


def test_lengths_and_weights():
    w, V = np.array([2.0, -0.5, 1e-9]), gaussian(4, 3, 3, rng=0).vectors
    for order in (3, 4):
        x, s = join(w, V, order)
        v, U = split(x, s, order)
        assert np.allclose(to_dense(Factored(s, x, order)), to_dense(Factored(w, V, order)), atol=1e-15)
        assert np.allclose(to_dense(Factored(v, U, order)), to_dense(Factored(w, V, order)), atol=1e-15)


def test_merging_weights_that_cancel():
    """Two components that cancel leave a component of weight zero, not NaN."""
    V = np.eye(3)[[0, 0, 1]]
    for order in (3, 4):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            w, U = merge(np.array([1.0, -1.0, 2.0]), V, order)
        assert np.allclose(to_dense(Factored(w, U, order)), to_dense(Factored(np.array([2.0]), V[2:], order)))


def test_merging_weights_of_zero():
    w, U = merge(np.array([0.0, 1.0]), np.eye(2), 3)
    assert np.isfinite(w).all() and np.isfinite(U).all()


def test_shares_are_what_leaving_out_costs():
    """Against least squares with the other weights, by dense algebra."""
    V = gaussian(5, 4, 3, rng=3).vectors
    w = np.array([1.0, -0.4, 2.0, 0.1])
    atoms = np.stack([to_dense(Factored([1.0], v[None], 3)).ravel() for v in V], axis=1)
    for k, share in enumerate(shares(w, V, 3)):
        rest = np.delete(atoms, k, axis=1)
        best = np.linalg.lstsq(rest, atoms @ w, rcond=None)[0]
        assert np.isclose(share, np.sum((atoms @ w - rest @ best) ** 2))


def test_thinning_an_exact_fit():
    T = gaussian(6, 3, 3, rng=8)
    c = compress(packed(T))
    V = np.concatenate([T.vectors, T.vectors[:2]]) @ c.basis.T
    found = polish(c, np.array([0.5, 0.25, 1.0, 0.5, 0.75]), V)
    assert len(found.weights) == 5 and len(thin(c, found, (1e-10 * c.size) ** 2).weights) == 3


# --- certificate ------------------------------------------------------------------------------------------------------


def brute_kruskal(V, power):
    """Largest k such that every k powers are independent, by the rank of every matrix of k of them."""
    rows = np.stack([to_dense(Factored([1.0], v[None], power)).ravel() if power > 1 else v for v in V])
    for k in range(len(V), 0, -1):
        if all(np.linalg.matrix_rank(rows[list(i)], tol=1e-6) == k for i in itertools.combinations(range(len(V)), k)):
            return k
    return 0


@given(SEEDS, st.integers(2, 4), st.integers(2, 6), st.sampled_from([1, 2, 3]))
@some
def test_kruskal_rank_by_brute_force(seed, dim, rank, power):
    """Random vectors, some of them sums of others."""
    rng = np.random.default_rng(seed)
    V = rng.normal(size=(rank, dim))
    if rank > 2 and seed % 2:
        V[-1] = V[0] + V[1]
    V /= np.linalg.norm(V, axis=1, keepdims=True)
    k, exact = kruskal_rank(V, power)
    assert exact and k == brute_kruskal(V, power)


def test_uniqueness_by_the_book():
    """Kruskal's bound for three factors, 2r + 2 ≤ 3k; for more, Sidiropoulos and Bro's, on every cut."""
    assert cuts(4) == [(2, 1, 1), (1, 1, 1, 1)] and set(cuts(5)) == {(3, 1, 1), (2, 2, 1), (2, 1, 1, 1), (1,) * 5}
    for d in (3, 4, 5, 6):
        most = (3 * d - 2) // 2
        def generic(r, d=d):
            return gaussian(d, r, 3, rng=r).vectors
        assert uniqueness(generic(most), 3)[0] is True and uniqueness(generic(most + 1), 3)[0] is not True
    twice = np.eye(3)[[0, 1, 1, 2]]
    assert uniqueness(twice, 3)[0] is not True
    assert uniqueness(np.empty((0, 3)), 3)[0] is None and uniqueness(np.eye(1, 3), 3)[0] is True


def dense_condition(V, order):
    """One over the least singular value of all terms' orthonormal tangent bases, in the space of all arrays."""
    columns, d = [], V.shape[1]
    for v in V:
        tangents = [v, *np.linalg.svd(v[None])[2][1:]]
        for t in tangents:
            term = np.zeros((d,) * order)
            for slot in range(order):
                factors = [v] * order
                factors[slot] = t
                outer = factors[0]
                for f in factors[1:]:
                    outer = np.multiply.outer(outer, f)
                term += outer
            columns.append(term.ravel() / np.linalg.norm(term))
    return 1 / np.linalg.svd(np.stack(columns, axis=1), compute_uv=False)[-1]


@pytest.mark.parametrize("order, dim, rank, coherence", [(3, 3, 3, 0.3), (3, 5, 2, 0.9), (3, 5, 3, 0.7), (4, 4, 3, 0.5),
                                                         (4, 4, 4, 0.0), (5, 3, 2, 0.8)])
def test_condition_number_by_dense_algebra(order, dim, rank, coherence):
    V = correlated(dim, rank, order, coherence=coherence, rng=rank).vectors
    Q = np.linalg.qr(V.T)[0].T
    assert np.isclose(condition_number(V @ Q.T, order, dim), dense_condition(V, order), rtol=1e-6)


def test_condition_number_of_more_terms_than_dimensions():
    V = gaussian(4, 6, 4, rng=1).vectors
    assert np.isclose(condition_number(V, 4, 4), dense_condition(V, 4), rtol=1e-6)


def test_certificate_bounds_the_movement():
    """The terms of a noisy tensor are as near to the planted ones as the condition number says."""
    T = correlated(6, 3, 3, coherence=0.7, rng=1)
    N = with_noise(T, 1e-5, rng=2)
    D = decompose(N)
    match = recovery(D.target, T)
    each = [residual_norm(Factored(D.weights[[i]], D.vectors[[i]], 3), Factored(T.weights[[k]], T.vectors[[k]], 3))[0]
            for k, i in enumerate(match.index)]
    moved, size = np.sqrt(np.sum(np.square(each))), residual_norm(N, T)[0]
    assert D.rank == 3 and moved <= 1.05 * D.certificate.condition * size
    assert D.certificate.terms_error == D.certificate.condition * D.relative_error


def test_the_certificate_knows_the_span():
    """More terms than dimensions of their span are more parameters than numbers, also in a larger space."""
    U = np.random.default_rng(0).normal(size=(7, 3))
    wide = np.concatenate([U, np.zeros((7, 9))], axis=1)
    wide /= np.linalg.norm(wide, axis=1, keepdims=True)
    D = decompose(Factored(np.ones(7), wide, 3))
    narrow = decompose(Factored(np.ones(7), wide[:, :3], 3))
    assert narrow.certificate.unique is False
    assert D.certificate.unique is False and D.certificate.condition == np.inf


# --- handing over, files ----------------------------------------------------------------------------------------------


def test_terms_too_close_to_call_unique():
    """Kruskal's condition on directions that rounding could exchange proves nothing."""
    V = np.array([[1, 0, 0], [1, 1e-7, 0], [0, 0, 1.0]])
    c = certify(V / np.linalg.norm(V, axis=1, keepdims=True), 4, 3, 0.0)
    assert c.unique is None and c.condition > 1e8


def test_decompositions_have_no_truth_value_of_arrays():
    D, E = decompose(gaussian(5, 2, 3, rng=0)), decompose(gaussian(5, 2, 3, rng=0))
    assert D == D and D != E and len({D, E}) == 2


def test_html_is_escaped_and_says_the_rank():
    D = decompose(gaussian(5, 2, 3, rng=0))
    page = D._repr_html_()
    assert "<b>2</b>" in page and "unique" in page and page.count("<tr>") == len(D.stages) + 1
    hostile = "<script>alert(1)</script>"
    certificate, stage = Certificate(None, None, hostile, 1.0, 0.0), replace(D.stages[0], name=hostile)
    odd = replace(D, certificate=certificate, stages=(stage,))
    assert hostile not in odd._repr_html_() and html.escape(hostile) in odd._repr_html_()


def test_saved_whole_or_not_at_all(tmp_path, monkeypatch):
    D = decompose(gaussian(5, 2, 3, rng=0))
    D.save(tmp_path / "D.npz")
    before = (tmp_path / "D.npz").read_bytes()

    def half(file, **arrays):
        file.write(b"half of it")
        raise OSError("disk full")

    monkeypatch.setattr(np, "savez", half)
    for name in ("D.npz", "new.npz"):
        with pytest.raises(OSError, match="disk full"):
            D.save(tmp_path / name)
    assert os.listdir(tmp_path) == ["D.npz"] and (tmp_path / "D.npz").read_bytes() == before


class Trap:
    """Leaves a folder where it is unpickled."""

    def __init__(self, path): self.path = path
    def __reduce__(self): return os.mkdir, (self.path,)


def test_loading_executes_nothing(tmp_path):
    trap = np.array([Trap(str(tmp_path / "sprung"))], dtype=object)
    for name in ("about", "weights", "vectors", "order"):
        D = decompose(gaussian(3, 1, 3))
        D.save(tmp_path / "D.npz")
        with np.load(tmp_path / "D.npz") as z:
            arrays = dict(z)
        np.savez(tmp_path / "trap.npz", **arrays | {name: trap})
        with pytest.raises(ValueError, match="not a saved decomposition"):
            Decomposition.load(tmp_path / "trap.npz")
    assert not (tmp_path / "sprung").exists()
    np.save(tmp_path / "trap.npy", trap)
    for path in (tmp_path / "trap.npy", tmp_path):
        with pytest.raises(ValueError, match="not a saved decomposition"):
            Decomposition.load(path)


@pytest.mark.parametrize("T", [gaussian(4, 2, 3, rng=0), gaussian(3, 4, 3, rng=0), pure_noise(8, 3, 0)])
def test_every_kind_of_answer_survives_a_file(T, tmp_path):
    """Also infinite condition numbers and empty answers."""
    D = silent(T)
    D.save(tmp_path / "D.npz")
    E = Decomposition.load(tmp_path / "D.npz")
    for name in ("weights", "vectors"):
        assert np.array_equal(getattr(D, name), getattr(E, name))
    for name in ("order", "relative_error", "measured_by", "certificate", "stages", "stop", "verdict"):
        assert getattr(D, name) == getattr(E, name)


def test_an_empty_answer_is_a_tensor_too():
    """Zero components make a tensor of zeros, and everything that takes a target takes it."""
    D = silent(pure_noise(8, 3, 0))
    assert D.rank == 0 and to_dense(D.target).shape == (8, 8, 8) and not to_dense(D.target).any()


# --- what is refused --------------------------------------------------------------------------------------------------


NONE_OF_THEM = {
    "two lengths": np.ones((3, 4)), "three lengths": np.ones((3, 3, 4)), "a vector": np.ones(3),
    "a number": np.array(1.0), "ragged": [[1, 2], [3]], "text": "tensor", "complex": np.ones((3, 3, 3)) * 1j,
    "infinite": np.full((3, 3, 3), np.inf), "empty": np.zeros((0, 0, 0)), "nothing": None,
}


@pytest.mark.parametrize("symmetrize, kind", [(False, kind) for kind in NONE_OF_THEM] + [
    (True, kind) for kind in NONE_OF_THEM])
def test_what_is_no_tensor(symmetrize, kind):
    """A sentence of the package's own, with what was expected; with or without averaging."""
    with warnings.catch_warnings(), pytest.raises(ValueError, match="expected|give a rectangular"):
        warnings.simplefilter("error")
        decompose(NONE_OF_THEM[kind], symmetrize=symmetrize)


def test_asymmetry_is_told_and_averaged_away():
    A = to_dense(gaussian(5, 2, 3, rng=0))
    lopsided = A.copy()
    lopsided[0, 1, 2] += 1e-3
    with pytest.raises(ValueError, match=r"differ by up to 0.001.*symmetrize"):
        decompose(lopsided)
    D = decompose(lopsided, symmetrize=True)
    assert np.allclose(to_dense(D.target), symmetrize(lopsided), atol=1e-3)
    swirl = np.zeros((3, 3, 3))
    swirl[0, 1, 2], swirl[0, 2, 1] = 1, -1
    with pytest.raises(ValueError, match="zero"):
        decompose(swirl, symmetrize=True)


@pytest.mark.parametrize("T", [
    gaussian(5, 2, 3, rng=0) - gaussian(5, 2, 3, rng=0), Factored([1.0, -1.0], np.ones((2, 3)), 4),
    Factored([1.0, 1.0], [[1.0, 2.0], [-1.0, -2.0]], 3), np.zeros((3, 3)), np.zeros((3, 3, 3)),
])
def test_nothing_to_decompose(T):
    with pytest.raises(ValueError, match="zero.*give a(?: tensor| one)? with a nonzero entry|zero.*; give"):
        decompose(T)


@pytest.mark.parametrize("options", [{"tol": x} for x in (0, 1, -1e-3, np.nan, np.inf, None, "1e-3", [1e-3], True)]
                         + [{"max_components": x} for x in (0, -1, 1.5, "2", np.inf, True)]
                         + [{"rng": x} for x in (-1, 0.5, "seed", [0, 1], None)])
def test_nonsense_options(options):
    (name,) = options
    with pytest.raises(ValueError, match=f"{name} is .*expected"):
        decompose(gaussian(4, 2, 3), **options)


@pytest.mark.parametrize("factor", [1e-310, 1e-300, 1e-200, 1e-130, 1e-90, 1e90, 1e130, 1e200, 1e300])
def test_norms_of_every_size(factor):
    """Squares of the entries leave the range of numbers; a power of two is taken out, and put back into the weights."""
    truth = gaussian(4, 2, 3, rng=0)
    long = Factored(truth.weights, truth.vectors * np.cbrt(factor), 3)
    for T in (truth * factor, to_dense(truth) * factor, long):
        D = decompose(T)
        assert D.rank == 2 and D.relative_error < 1e-12
        assert np.allclose(D.weights, truth.weights * factor, rtol=1e-9, atol=0)
        again = decompose(T, start=D)
        assert again.rank == 2 and np.allclose(again.weights, D.weights, rtol=1e-9, atol=0)


def test_numbers_with_few_digits():
    """Denormal numbers have fewer digits: what is left is their spacing, and without digits there is no answer."""
    A = to_dense(gaussian(4, 2, 3, rng=0))
    D = decompose(A * 1e-320)
    assert D.rank == 2 and 1e-6 < D.relative_error < 1e-2
    with pytest.raises(ValueError, match="less than two of their digits"):
        decompose(np.round(A) * 5e-324)


def test_arrays_of_other_libraries():
    torch = pytest.importorskip("torch")
    array = torch.ones((3, 3, 3), dtype=torch.float32)
    for T in (array, Factored(torch.ones(2), torch.eye(2, 4), 3)):
        with pytest.raises(ValueError, match="NumPy"):
            decompose(T)


# --- interruption -----------------------------------------------------------------------------------------------------


def test_looks_tell_how_it_goes():
    """Errors of the best so far never rise; the last look is the answer."""
    looks = []
    T = gaussian(8, 14, 4, rng=1)
    D = decompose(T, tell=looks.append, method="descent")
    assert all(isinstance(look, Look) for look in looks) and looks[-1].verdict == D.verdict == "exact"
    sizes = [look.found.sq for look in looks]
    assert len(looks) > 1 and all(b <= a for a, b in zip(sizes, sizes[1:]))
    assert [look.verdict for look in looks[:-1]] == [""] * (len(looks) - 1)
    c = compress(T)
    p = Problem(c, (1e-10 * c.size) ** 2, np.inf, Draws(0))
    assert list(search(p))[-1].found.sq <= p.sq_tol


@pytest.mark.parametrize("after", [1, 3])
def test_interrupted_by_a_look(after):
    count = itertools.count(1)

    def tell(look):
        if next(count) == after:
            raise KeyboardInterrupt

    T = gaussian(10, 30, 4, rng=0)
    D = decompose(T, tell=tell, method="descent")
    assert D.stop is Stop.INTERRUPTED and D.verdict == "unfinished" and 0 < D.rank < 30
    assert np.isclose(D.relative_error, residual_norm(T, D.target)[0] / residual_norm(T, T * 0.0)[0])
    assert D.relative_error < 1


PROGRAM = """
import warnings
import tensor_overparam.decomposition.search as search
from tensor_overparam.tensors import gaussian
from tensor_overparam.decomposition.answer import decompose
warnings.simplefilter("error")
grow = search.grow
def loud(*args):
    print("growing", flush=True)
    return grow(*args)
search.grow = loud
D = decompose(gaussian(12, 60, 4, rng=0), method="descent")
print(D.stop.name, D.verdict, D.rank, D.relative_error < 1)
"""


@pytest.mark.skipif(os.name == "nt", reason="a process of its own cannot be sent Ctrl-C there")
@pytest.mark.parametrize("moments", [2, pytest.param(5, marks=slow)])
def test_interrupted_while_growing(moments):
    """Ctrl-C while components grow, once something has been found, ends in the best so far."""
    alone = os.environ | {"OMP_NUM_THREADS": "1"}
    pipes = dict(stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    process = subprocess.Popen([sys.executable, "-c", PROGRAM], env=alone, **pipes)
    for _ in range(moments):
        assert process.stdout.readline() == "growing\n"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    stop, verdict, rank, better = out.split()[-4:]
    assert stop == "INTERRUPTED" and verdict == "unfinished" and int(rank) > 0 and better == "True"


def test_factorials_of_the_bulk():
    """The rule for the spread of pure noise, as stated: b² = (l-1)!/d^(l-2), at most 1/4."""
    for order, dim in ((3, 50), (4, 10), (5, 12)):
        b = min(0.5, (factorial(order - 1) / dim ** (order - 2)) ** 0.5)
        assert np.isclose(bulk_ratio(dim, order), ((1 + b) / (1 - b)) ** 2)
