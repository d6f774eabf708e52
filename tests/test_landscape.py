"""Hessians agree with differences and with automatic differentiation; verdicts agree with what can be proved."""

import time

import numpy as np
import pytest

from tensor_overparam import decompose
from tensor_overparam.descent.landscape import (
    OBJECTIVES,
    Kernel,
    classify,
    contract_derivative,
    duplicates,
    hessian,
    hessian_product,
    landscape,
    polish,
    simplex_trap,
    spectrum,
)
from tensor_overparam.descent.lazy import lazy_fit
from tensor_overparam.descent.objective import relative_error
from tensor_overparam.descent.vanilla import gradient_descent
from tensor_overparam.tensors.problems import SymmetricSquare, cumulant4, gaussian, orthogonal
from tensor_overparam.tensors.targets import Factored, packed

BOTH = [("vanilla", 0.0), ("two-homogeneous", 0.0), ("two-homogeneous", 0.3)]


def random_student(rng, m, d, order):
    """Return a student with weights of both signs."""
    return Factored(rng.normal(size=m), rng.normal(size=(m, d)), order)


def mixed_target(order):
    """Return a target that is a sum of a factored and a packed part."""
    return gaussian(4, 3, order, rng=order) + 0.3 * packed(gaussian(4, 5, order, rng=order + 10))


# --- derivatives ----------------------------------------------------------------------------------


@pytest.mark.parametrize("order", range(2, 9))
def test_contract_derivative_of_every_kind_of_target(order):
    """Closed form, interpolation and differences agree; a batch of displacements is many single ones."""
    rng = np.random.default_rng(order)
    T = random_student(rng, 5, 4, order)
    C, D = rng.normal(size=(6, 4)), rng.normal(size=(3, 6, 4))
    exact = contract_derivative(T, C, D)
    size = np.abs(exact).max()
    for other in (packed(T), 2 * packed(T) - T, packed(T) * 0.5 + 0.5 * T):
        assert np.abs(contract_derivative(other, C, D) - exact).max() < 1e-12 * size
    assert np.allclose(contract_derivative(T, C, D[1]), exact[1], rtol=1e-13, atol=1e-13 * size)
    h = 1e-6
    difference = (T.contract(C + h * D[0]) - T.contract(C - h * D[0])) / (2 * h)
    assert np.abs(difference - exact[0]).max() < 1e-7 * size


def test_contract_derivative_at_zero_rows():
    """Rows and displacements of length zero are no exception."""
    T = gaussian(4, 3, 3, rng=0)
    C, D = np.ones((3, 4)), np.ones((3, 4))
    C[0], D[1] = 0, 0
    assert np.allclose(contract_derivative(packed(T), C, D), contract_derivative(T, C, D), atol=1e-14)
    S = SymmetricSquare(np.diag([1.0, 2, 3, 4]))
    expected = contract_derivative(packed(S), C, D)
    assert np.allclose(contract_derivative(S, C, D), expected, atol=1e-12)


@pytest.mark.parametrize("order", range(2, 9))
@pytest.mark.parametrize("objective, penalty", BOTH)
def test_hessian_products_agree_with_differences(order, objective, penalty):
    """Loss, gradient and Hessian fit together; the matrix is symmetric and its products are its products."""
    rng = np.random.default_rng(order)
    T, S = mixed_target(order), random_student(rng, 5, 4, order)
    f = landscape(T, S, objective, penalty)
    x, v, h = f.start, rng.normal(size=f.start.size), 1e-6
    ahead, behind = f.gradient(x + h * v), f.gradient(x - h * v)
    slope = f.gradient(x)[1] @ v
    assert np.isclose((ahead[0] - behind[0]) / (2 * h), slope, rtol=1e-6)
    H = hessian(T, S, objective, penalty)
    assert np.abs((ahead[1] - behind[1]) / (2 * h) - H @ v).max() < 1e-6 * np.abs(H @ v).max()
    assert np.abs(H - H.T).max() < 1e-12 * np.abs(H).max()
    assert np.allclose(hessian_product(T, S, objective, penalty) @ v, H @ v, rtol=1e-9, atol=1e-11 * np.abs(H).max())
    again = f.student(x)
    assert relative_error(S, again) < 1e-12 and np.allclose(landscape(T, again, objective, penalty).start, x)


@pytest.mark.parametrize("order", (2, 3, 4, 5))
@pytest.mark.parametrize("objective, penalty", BOTH)
def test_hessian_products_agree_with_automatic_differentiation(order, objective, penalty):
    """PyTorch, given only Gram matrices, finds the same products."""
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(order)
    T, S = random_student(rng, 3, 5, order), random_student(rng, 4, 5, order)
    a, U = torch.asarray(T.weights), torch.asarray(T.vectors)
    f = landscape(T, S, objective, penalty)

    def loss(x):
        C = x[:20].reshape(4, 5)
        if objective == "vanilla":
            w = x[20:]
        else:
            norm = torch.linalg.vector_norm(C, dim=1)
            w = torch.asarray(f.signs) * norm ** (2 - order)
        def pair(a, A, b, B):
            return a @ (A @ B.T) ** order @ b
        return (pair(a, U, a, U) - 2 * pair(w, C, a, U) + pair(w, C, w, C)) / 2 + penalty / 2 * (C**2).sum()

    v = rng.normal(size=f.start.size)
    value, product = torch.autograd.functional.hvp(loss, torch.asarray(f.start), torch.asarray(v))
    found = f.hessian(f.start)(v)
    assert np.isclose(f.gradient(f.start)[0], float(value), rtol=1e-10)
    assert np.abs(found - product.numpy()).max() < 1e-10 * np.abs(found).max()


@pytest.mark.speed
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_products_are_fast(objective):
    """200 components in 100 dimensions: a dozen contractions at most, the residual included, side by side."""
    rng = np.random.default_rng(0)
    T, S = gaussian(100, 50, 4), Factored(rng.normal(size=200), rng.normal(size=(200, 100)) / 10, 4)
    v, C, seconds = rng.normal(size=hessian_product(T, S, objective).shape[0]), S.vectors, []
    for _ in range(10):
        start = time.perf_counter()
        hessian_product(T, S, objective) @ v
        middle = time.perf_counter()
        (C @ C.T) ** 3 @ C
        seconds.append((middle - start, time.perf_counter() - middle))
    product, contraction = np.min(seconds, axis=0)
    assert product < 12 * contraction


# --- eigenvalues ----------------------------------------------------------------------------------


def test_gauges_are_zero_modes_of_critical_points():
    """Scaling a component against its weight changes nothing, to second order too."""
    T = orthogonal(6, 3, 4, rng=1)
    S = Factored(T.weights / 2.0**4, T.vectors * 2, 4)
    f = landscape(T, S)
    G = f.gauges(f.start)
    assert G.shape == (3, f.start.size) and np.allclose(G @ G.T, np.eye(3))
    assert np.abs(hessian(T, S) @ G.T).max() < 1e-12
    assert len(landscape(T, 0 * S).gauges(landscape(T, 0 * S).start)) == 3
    assert len(landscape(T, Factored(0.0, np.zeros((2, 6)), 4)).gauges(np.zeros(14))) == 0


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_lanczos_agrees_with_the_whole_spectrum(objective):
    """The lowest eigenvalues, distinct ones and a cluster of zeros."""
    rng = np.random.default_rng(0)
    f = landscape(gaussian(20, 4, 3, rng=1), Factored(rng.normal(size=6), rng.normal(size=(6, 20)) / 4, 3), objective)
    (some, vectors), (values, whole) = spectrum(f, f.start, 5), spectrum(f, f.start)
    assert np.allclose(some, values[:5], atol=1e-7)
    assert np.allclose(np.abs(np.sum(vectors * whole[:, :5], axis=0)), 1, atol=1e-6)
    f = landscape(*simplex_trap(3, 6, 8), objective)
    assert np.abs(spectrum(f, f.start, 10)[0][:5]).max() < 1e-7


def test_verdicts_of_large_points_use_lanczos():
    """Above DENSE parameters the lowest few eigenvalues are enough for a verdict."""
    T = orthogonal(60, 5, 3)
    full = Factored(np.append(T.weights, np.zeros(25)), np.vstack([T.vectors, np.zeros((25, 60))]), 3)
    assert classify(T, full).kind == "minimum"
    lost = Factored(full.weights[1:], full.vectors[1:], 3)
    verdict = classify(T, lost)
    assert verdict.kind == "degenerate" and verdict.zero_modes >= 10 and abs(verdict.smallest) < 1e-7
    half = Factored([0.5**0.5], (T.vectors[:1] + T.vectors[1:2]) / 2**0.5, 3)
    assert classify(T, half, count=3).kind == "strict saddle"


# --- verdicts -------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", (3, 4, 5))
def test_one_of_each_kind(order):
    """The solution, the point half way between two components, and a random point."""
    T = Factored(1.0, np.eye(2, 4), order)
    half = Factored([2 * 2 ** (-order / 2)], [[0.5**0.5, 0.5**0.5, 0, 0]], order)
    for objective in OBJECTIVES:
        assert classify(T, T, objective).kind == "minimum"
        verdict = classify(T, half, objective)
        assert verdict.kind == "strict saddle" and verdict.order == 2 and verdict.smallest < -0.1
        assert classify(T, random_student(np.random.default_rng(0), 3, 4, order), objective).kind == "not critical"
        f = landscape(T, half, objective)
        def loss(t, f=f, u=verdict.direction):
            return f.gradient(f.start + t * u)[0]
        assert loss(0.1) < loss(0) > loss(-0.1)
    assert "strict saddle, down at order 2" in repr(classify(T, half))


@pytest.mark.parametrize("order", (3, 4, 5, 6))
def test_saddles_at_zero(order):
    """Left at order l+1, at order l with weights held, and at 2l from a component orthogonal to the target."""
    T, e = Factored(1.0, np.eye(2, 5), order), np.eye(5)
    zero = classify(T, Factored([0.0, 0.0], 0 * e[:2], order))
    assert zero.kind == "degenerate" and zero.order == order + 1
    assert classify(T, Factored([1.0, -1.0], 0 * e[:2], order)).order == order
    assert classify(T, Factored([1.0, 0.0], e[[0, 4]], order)).order == 2 * order
    f = landscape(T, Factored([0.0, 0.0], 0 * e[:2], order))
    drops = [f.gradient(f.start + t * zero.direction)[0] - 1 for t in (0.1, 0.05)]
    assert max(drops) < 0 and np.isclose(np.log2(drops[0] / drops[1]), order + 1, atol=0.05)


@pytest.mark.parametrize("dim, more", [(3, 0), (4, 0), (8, 0), (8, 3)])
def test_duplicates(dim, more):
    """Order 3 at l=3, or 4 for equal shares; both sides of .2113 at l=4; no way out at l=5 and 6."""
    expected = {(3, 0.1): 3, (3, 0.5): 4, (4, 0.1): 4, (4, 0.21): 4, (4, 0.2125): None, (4, 0.5): None}
    expected |= {(order, share): None for order in (5, 6) for share in (0.1, 0.5)}
    for (order, share), way in expected.items():
        T, S = duplicates(order, share, dim)
        extra = Factored(1.0, np.eye(dim)[3 : 3 + more], order) if more else None
        if more:
            T = Factored(1.0, np.vstack([T.vectors, extra.vectors]), order)
            S = Factored(np.append(S.weights, extra.weights), np.vstack([S.vectors, extra.vectors]), order)
        verdict = classify(T, S)
        assert verdict.kind == "degenerate" and verdict.order == way and verdict.smallest > -1e-12
        assert np.isclose(verdict.relative_error, (1 / len(T.weights)) ** 0.5)
        assert classify(T, S, "two-homogeneous").order == way


@pytest.mark.parametrize("order, share", [(3, 0.3), (4, 0.1)])
def test_the_way_out_goes_down(order, share):
    """The loss along the direction of a verdict falls, at the order that the verdict names."""
    T, S = duplicates(order, share)
    verdict, f = classify(T, S), landscape(T, S)
    def drop(t):
        return f.gradient(f.start + t * verdict.direction)[0] - 0.5
    assert drop(0.1) < 0 and drop(0.05) < 0
    assert np.isclose(np.log2(drop(0.02) / drop(0.01)), verdict.order, atol=0.2)


@pytest.mark.parametrize("target, point", [duplicates(3, 0.3), duplicates(4, 0.1)], ids=["order 3", "order 4"])
def test_the_way_out_does_not_depend_on_the_eigenvectors(target, point, monkeypatch):
    """Another LAPACK returns another basis of the zero modes, and other signs; the verdict stays the same."""
    expected, exact = classify(target, point), np.linalg.eigh

    def eigh(A):
        values, vectors = exact(A)
        zero = np.abs(values) < 1e-9
        vectors = -vectors
        vectors[:, zero] = vectors[:, zero] @ orthogonal(zero.sum(), zero.sum(), 2, rng=5).vectors
        return values, vectors

    monkeypatch.setattr(np.linalg, "eigh", eigh)
    again = classify(target, point)
    assert again.order == expected.order and np.allclose(again.direction, expected.direction, atol=1e-3)


@pytest.mark.parametrize("m", [2, 3])
def test_the_way_out_of_a_strict_saddle_does_not_either(m, monkeypatch):
    """Between m of the components there are m-1 directions that are equally steep, and each has two signs."""
    T = orthogonal(4, 3, 4, rng=0)
    S = Factored([1 / m], T.vectors[:m].sum(axis=0, keepdims=True) / m**0.5, 4)
    expected, exact = classify(T, S), np.linalg.eigh
    assert expected.kind == "strict saddle"

    def eigh(A):
        values, vectors = exact(A)
        vectors[:, : m - 1] = -vectors[:, m - 2 :: -1] if m > 2 else -vectors[:, :1]
        return values, vectors

    monkeypatch.setattr(np.linalg, "eigh", eigh)
    assert np.allclose(classify(T, S).direction, expected.direction, atol=1e-9)


CANCELLED = [
    Factored([1.0, -1.0], np.stack([np.arange(1.0, 6) / 7, -np.arange(1.0, 6) / 7]), 4),
    Factored([1.0, -1.0], np.stack([np.arange(1.0, 6) / 7, np.arange(1.0, 6) / 7 * 3 / 3.0]), 3),
    Factored([0.3, -0.3 * 27], np.stack([np.arange(1.0, 6) / 7, np.arange(1.0, 6) / 21]), 3),
    gaussian(5, 3, 3, rng=1) - gaussian(5, 3, 3, rng=1),
]


@pytest.mark.parametrize("T", CANCELLED, ids=["odd signs", "a product", "a third", "a difference"])
def test_what_cancels_is_zero_to_every_function(T):
    """Whether the entries are 0 or 1e-17 is for the processor to say, and no function may answer by it."""
    point = Factored(np.ones(2), np.eye(2, 5), T.order)
    with_units = [lambda: relative_error(T, point), lambda: decompose(T), lambda: gradient_descent(T, 2, steps=1)]
    for call in [lambda: classify(T, point), lambda: lazy_fit(T, 3), lambda: landscape(T, point), *with_units]:
        with pytest.raises(ValueError, match="is zero"):
            call()


def test_what_almost_cancels_is_not_zero():
    """A norm that inner products cannot see is found from the entries: here 1e-9 of the parts."""
    u = np.arange(1.0, 6) / 7
    T = Factored([1.0, -1.0], np.stack([u, u + 1e-9 * np.eye(5)[0]]), 4)
    fit = lazy_fit(T, u[None])
    assert 0 <= fit.unexplained < 1e-6 and landscape(T, Factored([0.1], u[None], 4)).sqnorm > 1e-20


@pytest.mark.parametrize("order", (4, 5, 6))
def test_duplicates_with_equal_shares_come_back(order):
    """Descent from a perturbed start returns to a loss of one half."""
    T, S = duplicates(order, 0.5)
    for seed in range(5):
        g = np.random.default_rng(seed)
        pushed = Factored(S.weights + 0.05 * g.normal(size=3), S.vectors + 0.05 * g.normal(size=(3, 4)), order)
        assert abs(1.5 * relative_error(T, polish(T, pushed)) ** 2 - 0.5) < 1e-3


@pytest.mark.parametrize("rank, dim", [(3, 5), (4, 6), (6, 10)])
def test_the_simplex_trap(rank, dim):
    """Relative error by the formula, Hessian positive semidefinite, for every width and both objectives."""
    expected = {3: 0.8660, 4: 0.8819, 6: 0.9165}[rank]
    for width in (1, 2, rank, 3 * rank):
        T, S = simplex_trap(rank, dim, width, rng=width)
        verdicts = [classify(T, S, objective) for objective in OBJECTIVES]
        for v in verdicts:
            assert round(v.relative_error, 4) == expected and v.gradient < 1e-13
            assert v.smallest > -1e-13 and v.order is None
            assert v.kind == ("minimum" if width == 1 else "degenerate")
        assert verdicts[0].zero_modes == verdicts[1].zero_modes
        f, g = landscape(T, S), np.random.default_rng(0)
        steps = g.normal(size=(2000, f.start.size))
        steps *= 0.02 / np.linalg.norm(steps, axis=1, keepdims=True)
        assert (f.gradient(f.start + steps)[0] - f.gradient(f.start)[0]).min() > -1e-14


def test_the_trap_of_the_flow_is_no_minimum():
    """T1: with positive weights descent stays between .7071 and .708, at a saddle that negative weights leave."""
    axes, g = Factored([1.0, -1.0], np.eye(2, 6), 4), np.random.default_rng(0)
    C = g.normal(size=(8, 6))
    start = Factored(np.full(8, 0.3), C / np.linalg.norm(C, axis=1, keepdims=True) * 0.6, 4)
    fit = gradient_descent(axes, 8, init=start, steps=4000, learning_rate=0.05)
    assert 0.7071 < fit.relative_error + 1e-9 and fit.relative_error < 0.708 and fit.student.weights.min() > 0
    end = Factored([1.0, 0.0, 0.0], np.vstack([np.eye(1, 6), np.zeros((2, 6))]), 4)
    verdict = classify(axes, end)
    assert verdict.order == 5 and verdict.direction[-2:].min() < 0
    kept = classify(axes, Factored([1.0, 0.3, 0.3], end.vectors, 4))
    assert kept.kind == "degenerate" and kept.order is None


@pytest.mark.parametrize("found, width, order", [(2, 3, None), (2, 4, 3), (3, 6, None), (3, 7, 3)])
def test_a_crowd_in_the_span(found, width, order):
    """l=3: exact representations of part of the target are minima up to s(s+1)/2 terms, and can be left beyond."""
    part, g = Factored(1.0, np.eye(found), 3), np.random.default_rng(0)
    S = polish(part, random_student(g, width, found, 3), steps=300)
    S = Factored(S.weights, np.pad(S.vectors, ((0, 0), (0, 2))), 3)
    verdict = classify(Factored(1.0, np.eye(found + 1, found + 2), 3), S)
    assert verdict.kind == "degenerate" and verdict.order == order and verdict.smallest > -1e-9


def test_terms_of_a_degenerate_point():
    """The gradient of each term agrees with differences, that of the bend included."""
    T, S = duplicates(3, 0.3, 5)
    f = landscape(T, S)
    values, vectors = spectrum(f, f.start)
    flat = np.abs(values) < 1e-9
    at = Kernel(f, f.start, vectors[:, flat], vectors[:, ~flat], values[~flat] * f.unit**2 / f.sqnorm)
    p, v = np.random.default_rng(0).normal(size=(2, flat.sum()))
    for order in range(3, 9):
        difference = (at.term(p + 1e-6 * v, order)[0] - at.term(p - 1e-6 * v, order)[0]) / 2e-6
        assert np.isclose(at.term(p, order)[1] @ v, difference, rtol=1e-4, atol=1e-9)


# --- minima that descent finds --------------------------------------------------------------------


@pytest.mark.parametrize("dim, rank, weights, seed", [(3, 3, None, 18), (6, 6, "mixed", 16), (6, 6, "mixed", 6)])
def test_bad_minima_from_random_starts(dim, rank, weights, seed):
    """Gradient zero, zero modes exactly the gauges, far from the target; nothing near is lower, and descent returns."""
    T = gaussian(dim, rank, 4, weights, seed)
    bad = polish(T, gradient_descent(T, rank, rng=seed, learning_rate=0.05, steps=4000).student)
    verdict = classify(T, bad)
    assert verdict.kind == classify(T, bad, "two-homogeneous").kind == "minimum"
    assert verdict.gradient < 1e-10 and verdict.relative_error > 0.3 and verdict.first_positive > 1e-4
    assert np.sum(np.abs(np.linalg.eigvalsh(hessian(T, bad))) < 1e-10) == rank
    f, g = landscape(T, bad), np.random.default_rng(0)
    steps = g.normal(size=(300, f.start.size))
    steps *= 0.05 / np.linalg.norm(steps, axis=1, keepdims=True)
    assert (f.gradient(f.start + steps)[0] > f.gradient(f.start)[0]).all()
    for step in steps[:5]:
        assert abs(relative_error(T, polish(T, f.student(f.start + step))) - verdict.relative_error) < 1e-6


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_polish(objective):
    """A point near a solution arrives; so does one for a target known by contractions only."""
    T = orthogonal(8, 3, 3, rng=2)
    near = Factored(T.weights * 1.1, T.vectors + 0.02, 3)
    assert relative_error(T, polish(T, near, objective)) < 1e-12
    K = cumulant4(np.random.default_rng(0).laplace(size=(500, 4)))
    S = polish(K, Factored(np.ones(4), np.eye(4), 4), objective)
    assert classify(K, S, objective).kind == "minimum"


def test_penalty_moves_the_minimum():
    """With a penalty, a lone component comes to rest λ/2 below its size."""
    T = Factored([1.0], np.eye(1, 4), 3)
    S = polish(T, T, "two-homogeneous", 0.1)
    size = float(np.abs(S.weights[0]) * np.linalg.norm(S.vectors[0]) ** 3)
    assert np.isclose(size, 1 - 0.1 / 2, atol=1e-10)
    assert classify(T, S, "two-homogeneous", 0.1).kind == "minimum"


def test_mistakes_are_caught():
    """Each in one sentence."""
    T = gaussian(5, 2, 3)
    for wrong, words in (
        (lambda: classify(T, T, "other"), "expected one of 'vanilla', 'two-homogeneous'"),
        (lambda: classify(T, T.vectors), "of type ndarray"),
        (lambda: classify(T, gaussian(6, 2, 3)), "in 5 dimensions"),
        (lambda: classify(T, T, penalty=0.1), "the vanilla objective has none"),
        (lambda: classify(T, 0 * T, "two-homogeneous"), "drop it first"),
    ):
        with pytest.raises(ValueError, match=words):
            wrong()
