"""Implicit equals dense: every way to contract, pair and pack a tensor agrees with its full array."""

from itertools import permutations
from math import factorial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tensor_overparam.descent.lazy import Tangent
from tensor_overparam.descent.objective import residual
from tensor_overparam.tensors import kernels
from tensor_overparam.tensors.checks import asymmetry
from tensor_overparam.tensors.kernels import contract_dense, contract_factored, pack_factored, prefers_packing, weigh
from tensor_overparam.tensors.monomials import coordinates, monomial_count, pack, pack_coordinates, unpack
from tensor_overparam.tensors.targets import (
    Dense,
    Factored,
    inner,
    packed,
    sqnorm,
    symmetrize,
    to_dense,
    value,
)

some = settings(deadline=None, max_examples=25, derandomize=True)
ORDERS = st.integers(2, 8)
SEEDS = st.integers(0, 2**32 - 1)


@pytest.fixture(scope="module", params=["numpy", "array_api_strict", "torch"])
def xp(request):
    """Array libraries, each in turn."""
    return pytest.importorskip(request.param)


@pytest.fixture(scope="module", params=["float64", "float32"])
def dtype(request):
    """Double and single precision."""
    return request.param


def rows_of(order, seed, *shape):
    """Return random arrays of the given lengths n, weights (n,) and vectors (n, d), small enough for d^l."""
    rng = np.random.default_rng(seed)
    d = int(rng.integers(1, 6 if order < 6 else 4))
    return d, [rng.normal(size=(*n, d) if isinstance(n, tuple) else n) for n in shape]


def array_of(a, U, order):
    """Add up the full arrays of a_k u_k⊗…⊗u_k, one at a time."""
    total = 0.0
    for weight, u in zip(a, U):
        term = np.array(weight)
        for _ in range(order):
            term = np.multiply.outer(term, u)
        total = total + term
    return total


def contracted(array, C):
    """Fill all slots but one of a full array with each row of C, one slot at a time."""
    rows = []
    for c in C:
        row = array
        for _ in range(array.ndim - 1):
            row = row @ c
        rows.append(row)
    return np.array(rows)


def assert_close(x, y, dtype="float64", size=None):
    """Compare up to rounding, relative to the largest number that the sums can contain."""
    x, y = np.asarray(x), np.asarray(y)
    assert x.shape == y.shape
    size = np.abs(y).max(initial=0) if size is None else size
    assert np.abs(x - y).max(initial=0) <= 300 * np.finfo(dtype).eps * size


def triple(xp, dtype, order, seed):
    """Return a factored, a dense and a summed target in one library, each with its array in float64, and rows C."""
    d, (a, U, b, W, C) = rows_of(order, seed, 3, (3,), 2, (2,), (4,))
    a, U, b, W, C = (x.astype(dtype) for x in (a, U, b, W, C))
    wide = [x.astype("float64") for x in (a, U, b, W)]
    A, B = array_of(*wide[:2], order), array_of(*wide[2:], order)
    def new(x):
        return xp.asarray(x.astype(dtype))
    factored, dense = Factored(new(a), new(U), order), Dense(new(B))
    bound = array_of(np.abs(wide[0]), np.abs(wide[1]), order) + array_of(np.abs(wide[2]), np.abs(wide[3]), order)
    return [(factored, A), (dense, B), (factored - 0.5 * dense, A - 0.5 * B)], new(C), bound


@some
@given(order=ORDERS, seed=SEEDS)
def test_contractions_agree_with_the_array(xp, dtype, order, seed):
    """Contraction and value of every kind of target are those of its array."""
    targets, C, bound = triple(xp, dtype, order, seed)
    c = np.asarray(C).astype("float64")
    size = contracted(bound, np.abs(c)).max()
    for T, array in targets:
        rows = contracted(array, c)
        assert_close(T.contract(C), rows, dtype, size)
        assert_close(value(T, C), np.vecdot(c, rows), dtype, size * np.abs(c).sum(1).max())


@some
@given(order=ORDERS, seed=SEEDS)
def test_products_agree_with_the_array(xp, dtype, order, seed):
    """Inner products and norms of all pairs of targets are those of their arrays."""
    targets, _, bound = triple(xp, dtype, order, seed)
    size = np.sum(bound**2)
    for S, A in targets:
        assert_close(sqnorm(S), np.sum(A**2), dtype, size)
        for T, B in targets:
            assert_close(inner(S, T), np.sum(A * B), dtype, size)


@some
@given(order=ORDERS, seed=SEEDS)
def test_tangents_agree_with_the_array(order, seed):
    """So does a point of the tangent space, Σ sym(c_i⊗…⊗c_i⊗δ_i), alone and in a batch."""
    d, (C, delta, X) = rows_of(order, seed, (3,), (2, 3), (4,))
    many = Tangent(C, delta, order)
    for i in range(2):
        array = 0
        for c, e in zip(C, delta[i]):
            term = e
            for _ in range(order - 1):
                term = np.multiply.outer(term, c)
            array = array + symmetrize(term)
        T = Tangent(C, delta[i], order)
        rows = contracted(array, X)
        size = contracted(np.abs(array) + 1e-3, np.abs(X)).max() + np.abs(rows).max() * 100
        assert_close(T.contract(X), rows, size=size)
        assert_close(many.contract(X[None])[i], rows, size=size)
        assert_close(to_dense(T), array, size=1e3 * np.abs(array).max())
        assert np.isclose(sqnorm(T), np.sum(array**2)) and np.isclose(sqnorm(many)[i], sqnorm(T))


@some
@given(order=ORDERS, seed=SEEDS)
def test_arrays_come_back(xp, dtype, order, seed):
    """The way to the packed form and back loses nothing."""
    targets, C, bound = triple(xp, dtype, order, seed)
    for T, array in targets:
        assert_close(to_dense(T), array, dtype, bound.max())
        assert_close(packed(T).contract(C), T.contract(C), dtype, contracted(bound, np.abs(np.asarray(C))).max())
        assert_close(unpack(pack(xp.asarray(array.astype(dtype))), order), array, dtype, bound.max())


@some
@given(order=ORDERS, seed=SEEDS)
def test_kinds_are_kept(xp, dtype, order, seed):
    """Numbers come out in the library and the precision in which they went in, and nothing is written over."""
    targets, C, _ = triple(xp, dtype, order, seed)
    before = [np.asarray(x).copy() for x in (C, targets[0][0].weights, targets[0][0].vectors, targets[1][0].rows)]
    for T, _ in targets:
        rows = T.contract(C), T.contract(C[None, :, :]), (2 * T).contract(C), to_dense(T)
        for result in (*rows, value(T, C), inner(T, T), sqnorm(T)):
            assert type(result) is type(C) or isinstance(result, np.generic)
            assert result.dtype == C.dtype
    after = (C, targets[0][0].weights, targets[0][0].vectors, targets[1][0].rows)
    assert all(np.array_equal(x, np.asarray(y)) for x, y in zip(before, after))


@some
@given(order=ORDERS, seed=SEEDS)
def test_batches_are_many_single_ones(xp, dtype, order, seed):
    """A leading dimension of rows, of terms or of both means the same as a loop over it."""
    d, (a, U, C, W) = rows_of(order, seed, (2, 3), (2, 3), (2, 4), (3,))
    a = a[:, :, 0] if d > 1 else a[..., 0]
    a, U, C, W = (xp.asarray(x.astype(dtype)) for x in (a, U, C, W))
    shared = Factored(a[0, :], W, order)
    many, ones = Factored(a, U, order), [Factored(a[i, :], U[i, :, :], order) for i in range(2)]
    for T in (shared, Dense(to_dense(shared)), shared - 2 * Dense(to_dense(shared))):
        rows = T.contract(C)
        for i in range(2):
            one = T.contract(C[i, :, :])
            assert_close(rows[i, :, :], one, dtype, 10 * np.abs(np.asarray(one)).max())
    rows, values, squares = many.contract(C), value(many, C), sqnorm(many)
    products = inner(many, Factored(a, C[:, :3, :], order))
    for i, T in enumerate(ones):
        one, C_i = T.contract(C[i, :, :]), C[i, :, :]
        bound = Factored(abs(a[i, :]), abs(U[i, :, :]), order)
        size = np.asarray(bound.contract(abs(C_i))).max()
        assert_close(rows[i, :, :], one, dtype, size)
        assert_close(values[i, :], value(T, C_i), dtype, np.asarray(value(bound, abs(C_i))).max())
        assert_close(squares[i], sqnorm(T), dtype, float(sqnorm(bound)))
        other = Factored(abs(a[i, :]), abs(C_i[:3, :]), order)
        assert_close(products[i], inner(T, Factored(a[i, :], C_i[:3, :], order)), dtype, float(inner(bound, other)))


@pytest.mark.parametrize("order", [2, 3, 4])
def test_symmetrize_is_the_mean_over_all_orders_of_the_axes(xp, order):
    """The fast average equals the slow one, is symmetric, and changes nothing when repeated."""
    T = np.random.default_rng(order).normal(size=(4,) * order)
    slow = sum(np.transpose(T, p) for p in permutations(range(order))) / factorial(order)
    fast = symmetrize(xp.asarray(T))
    assert_close(fast, slow)
    assert asymmetry(fast) < 1e-15 < asymmetry(xp.asarray(T))
    assert_close(symmetrize(fast), fast)


@some
@given(order=ORDERS, seed=SEEDS)
def test_coordinates_are_orthonormal(order, seed):
    """Coordinates of a packed tensor keep its norm and its inner products with rank-one tensors."""
    d, (C,) = rows_of(order, seed, (3,))
    z = np.random.default_rng(seed).normal(size=monomial_count(d, order))
    array = unpack(pack_coordinates(z, d, order), order)
    assert asymmetry(array) == 0 and np.array_equal(unpack(pack(array), order), array)
    T = Dense(array)
    assert np.isclose(sqnorm(T), z @ z)
    assert_close(value(T, C), z @ coordinates(C, order), size=np.abs(z) @ np.abs(coordinates(C, order)).max(1))


@pytest.mark.parametrize("order", range(2, 9))
@pytest.mark.parametrize("n, m", [(1, 1), (5, 7), (128, 128), (129, 300), (300, 129), (300, 300)])
def test_paths_agree(order, n, m):
    """Panels, half of the Gram matrix, packing and the batched path give one answer, above and below one panel."""
    rng = np.random.default_rng(order)
    U, a, C = rng.normal(size=(n, 4)), rng.normal(size=n), rng.normal(size=(m, 4))
    plain = ((C @ U.T) ** (order - 1) * a) @ U
    size = ((np.abs(C) @ np.abs(U).T) ** (order - 1) @ np.abs(a)).max() * np.abs(U).max()
    ways = {
        "panels": kernels._panels(C, a, U, order - 1),
        "packed": contract_dense(weigh(pack_factored(a, U, order), order), C, order),
        "batched": contract_factored(C[None], a[None], U[None], order)[0],
        "chosen": contract_factored(C, a, U, order),
    }
    for name, rows in ways.items():
        assert np.abs(rows - plain).max() <= 1e-12 * size, name
    own = ((U @ U.T) ** (order - 1) * a) @ U
    size = ((np.abs(U) @ np.abs(U).T) ** (order - 1) @ np.abs(a)).max() * np.abs(U).max()
    assert np.abs(kernels._own_panels(U, a, order - 1) - own).max() <= 1e-12 * size
    assert np.abs(contract_factored(U, a, U, order) - own).max() <= 1e-12 * size


def test_very_wide_students_are_packed(monkeypatch):
    """Wide students go through the packed form, others through panels of rows, few enough to fit in the cache."""
    rng = np.random.default_rng(0)
    assert prefers_packing(2000, 2000, 8, 3) and not prefers_packing(200, 200, 8, 5)
    U, a = rng.normal(size=(2000, 8)), rng.normal(size=2000)
    used = []
    monkeypatch.setattr(kernels, "pack_factored", lambda *args: used.append(1) or pack_factored(*args))
    rows = contract_factored(U, a, U, 3)
    assert used
    exact = ((U @ U.T) ** 2 * a) @ U
    assert np.abs(rows - exact).max() <= 1e-11 * np.abs(exact).max()
    contract_factored(U[:200], a[:200], U[:200], 5)
    assert len(used) == 1


@pytest.mark.parametrize("limit", [1, 3, 1000])
def test_blocks_agree(monkeypatch, limit):
    """Neither the rows of a panel nor the terms of a packing block change the answer."""
    rng = np.random.default_rng(1)
    U, a, C = rng.normal(size=(50, 3)), rng.normal(size=50), rng.normal(size=(40, 3))
    expected = ((C @ U.T) ** 3 * a) @ U
    monkeypatch.setattr(kernels, "panel_rows", lambda n: limit)
    monkeypatch.setattr(kernels, "_block", lambda d, order: limit)
    for name in ("PANEL", "BLOCK", "CACHE"):
        monkeypatch.setattr(kernels, name, limit)
    assert_close(kernels._panels(C, a, U, 3), expected, size=100 * np.abs(expected).max())
    own = ((U @ U.T) ** 3 * a) @ U
    assert_close(kernels._own_panels(U, a, 3), own, size=100 * np.abs(own).max())
    rows = contract_dense(weigh(pack_factored(a, U, 4), 4), C, 4)
    assert_close(rows, expected, size=100 * np.abs(expected).max())


@some
@given(order=ORDERS, seed=SEEDS)
def test_the_order_of_components_and_rows_is_immaterial(order, seed):
    """Shuffled terms give the same tensor; shuffled rows give shuffled answers."""
    d, (a, U, C) = rows_of(order, seed, 5, (5,), (6,))
    rng = np.random.default_rng(seed)
    p, q = rng.permutation(5), rng.permutation(6)
    T, shuffled = Factored(a, U, order), Factored(a[p], U[p], order)
    size = contracted(array_of(np.abs(a), np.abs(U), order), np.abs(C)).max()
    assert_close(shuffled.contract(C), T.contract(C), size=size)
    assert_close(T.contract(C[q]), T.contract(C)[q], size=size)
    assert_close(Dense(to_dense(T)).contract(C[q]), T.contract(C)[q], size=10 * size)


@some
@given(order=ORDERS, seed=SEEDS)
def test_rotations_turn_answers(order, seed):
    """To rotate a tensor and the rows is to rotate the answer; norms stay."""
    d, (a, U, C) = rows_of(order, seed, 4, (4,), (5,))
    Q = np.linalg.qr(np.random.default_rng(seed).normal(size=(d, d)))[0]
    T, turned = Factored(a, U, order), Factored(a, U @ Q.T, order)
    length = (np.abs(a) * np.linalg.norm(U, axis=1) ** order).sum()
    size = length * np.linalg.norm(C, axis=1).max() ** (order - 1)
    for S in (turned, Dense(to_dense(turned)), 2 * turned - Dense(to_dense(turned))):
        assert_close(S.contract(C @ Q.T), T.contract(C) @ Q.T, size=10 * size)
        assert np.isclose(sqnorm(S), sqnorm(T), rtol=1e-9, atol=1e-12 * length**2)


def gradient(T, C, w):
    """Return loss and gradients in vectors and weights from what `residual` gives."""
    loss, R, values = residual(T, C, w, sqnorm(T))
    return loss, -T.order * w[..., None] * R, -values


@pytest.mark.parametrize("order", range(2, 9))
@pytest.mark.parametrize("batch", [(), (2,)], ids=["single", "batch"])
def test_gradients_agree_with_finite_differences(order, batch):
    """The residual gives the slope of the loss in every direction."""
    rng = np.random.default_rng(order)
    A = Factored(rng.normal(size=3), rng.normal(size=(3, 3)) / 2, order)
    T = A + 0.3 * Dense(to_dense(Factored(rng.normal(size=2), rng.normal(size=(2, 3)) / 2, order)))
    C, w = rng.normal(size=(*batch, 4, 3)) / 2, rng.normal(size=(*batch, 4))
    dC, dw, h = rng.normal(size=C.shape), rng.normal(size=w.shape), 1e-5
    loss, gC, gw = gradient(T, C, w)
    assert np.shape(loss) == batch
    slope = np.sum(gC * dC, axis=(-2, -1)) + np.sum(gw * dw, axis=-1)
    ahead, behind = (gradient(T, C + e * dC, w + e * dw)[0] for e in (h, -h))
    assert np.allclose((ahead - behind) / (2 * h), slope, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("order", range(2, 9))
def test_gradients_agree_with_automatic_differentiation(order):
    """PyTorch, given only the Gram matrices, finds the same loss and the same gradients."""
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(order)
    a, U, C, w = (torch.asarray(rng.normal(size=s)) for s in (3, (3, 5), (4, 5), 4))
    loss, gC, gw = gradient(Factored(a, U, order), C, w)
    X, x = C.clone().requires_grad_(), w.clone().requires_grad_()
    def pair(a, A, b, B):
        return a @ (A @ B.T) ** order @ b
    gram = (pair(a, U, a, U) - 2 * pair(x, X, a, U) + pair(x, X, x, X)) / 2
    gram.backward()
    scale = float(pair(abs(w), abs(C), abs(w), abs(C)) + pair(abs(a), abs(U), abs(a), abs(U)))
    assert abs(float(loss - gram.detach())) < 1e-12 * scale
    assert torch.allclose(gC, X.grad, rtol=1e-9, atol=1e-12 * scale)
    assert torch.allclose(gw, x.grad, rtol=1e-9, atol=1e-12 * scale)
    again = gradient(Factored(a.numpy(), U.numpy(), order), C.numpy(), w.numpy())
    assert all(np.allclose(x, y, rtol=1e-9, atol=1e-12 * scale) for x, y in zip(again, (loss, gC, gw)))
