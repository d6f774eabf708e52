"""What would not fit in memory is refused before it is allocated, above one limit, with the remedy."""

import re
import tracemalloc

import numpy as np
import pytest
import scipy.sparse

from tensor_overparam import decompose, lazy_fit
from tensor_overparam.decomposition.compress import restrict
from tensor_overparam.tensors import Dense, Factored, gaussian, symmetrize, with_noise
from tensor_overparam.tensors.memory import GIB, SWITCH, check_memory, most_bytes
from tensor_overparam.tensors.monomials import monomial_index, multiplicities, row_numbers, unpack
from tensor_overparam.tensors.targets import as_target, packed, to_dense


class Own:
    """A target of one's own, known by its contractions only."""

    def __init__(self, dim, order):
        self.dim, self.order = dim, order

    def contract(self, C):
        """Contract the unit tensor."""
        return C ** (self.order - 1)


class Large:
    """Coordinates of a tensor of which nothing is stored."""

    def __init__(self, *shape):
        self.shape, self.coords, self.data = shape, np.zeros((len(shape), 1), int), np.ones(1)


T, BIG = gaussian(12, 3, 3, rng=0), gaussian(3000, 2, 4, rng=0)
MAPPED = np.broadcast_to(np.float64(1), (4_545_100, 300))  # an array whose numbers are nowhere
REFUSED = {  # 4 GiB are not enough for these, and each is refused within a moment
    "packed": (lambda: packed(BIG), "keep it factored"), "an own target": (lambda: packed(Own(3000, 4)), "factored"),
    "to_dense": (lambda: to_dense(gaussian(3000, 2, 3)), "contractions"),
    "a sparse tensor": (lambda: as_target(Large(3000, 3000, 3000)), "components"),
    "a sparse matrix": (lambda: Dense(scipy.sparse.csr_array((10**5, 10**5))), "components"),
    "noise": (lambda: with_noise(BIG, 0.1), "smaller tensor"),
    "monomials": (lambda: monomial_index(500, 5), "factored"),
    "a table of monomials": (lambda: row_numbers(40, 8), "factored"),
    "a subspace": (lambda: restrict(Dense.from_rows(MAPPED, 4), MAPPED[:300]), "project"),
    "a kernel": (lambda: lazy_fit(BIG, 20, method="eigh"), "method='cg'"),
    "another kernel": (lambda: lazy_fit(BIG, 20, method="cholesky"), "method='cg'"),
    "directions": (lambda: lazy_fit(BIG, 10**6), "fewer components"),
    "many targets": (lambda: lazy_fit(Factored(np.ones((10**4, 1)), np.ones((10**4, 1, 10)), 3), 10**4), "at a time"),
    "many components": (lambda: decompose(T, rank=10**5), "fewer"),
    "a large start": (lambda: decompose(T, start=(np.ones(10**5), np.ones((10**5, 12)))), "fewer"),
    "many dimensions": (lambda: decompose(Own(10**6, 3)), "project"),
    "drawing": (lambda: gaussian(10**6, 10**4, 3), "fewer components"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_fit_is_refused_at_once(name):
    """Need, limit, remedy and switch; and nothing large was allocated on the way."""
    call, remedy = REFUSED[name]
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=f"needs .* GiB of memory; expected at most 4: .*{remedy}.*{SWITCH}"):
            call()
        assert tracemalloc.get_traced_memory()[1] < GIB / 4
    finally:
        tracemalloc.stop()


NEEDS = {  # what a call needs is a formula; each is measured
    "packing": lambda d, X: packed(X), "packing an own target": lambda d, X: packed(Own(d, X.order)),
    "packing an array": lambda d, X: Dense(ARRAYS[d, X.order]),
    "averaging": lambda d, X: symmetrize(ARRAYS[d, X.order]),
    "the full array": lambda d, X: to_dense(X), "noise": lambda d, X: with_noise(X, 0.1),
    "a kernel": lambda d, X: lazy_fit(X, ROWS[:, :d], method="eigh"),
    "conjugate gradients": lambda d, X: lazy_fit(X, np.tile(ROWS, (5, 1))[:, :d] + d, method="cg", tol=0.5),
    "many components": lambda d, X: decompose(X, rank=50, seconds=0.2),
}  # fmt: skip
SIZES = [(300, 2), (50, 3), (25, 4), (10, 6)]
ARRAYS = {(d, order): to_dense(gaussian(d, 2, order, rng=0)) for d, order in SIZES}
ROWS = np.random.default_rng(0).normal(size=(4, 300))


def peak(call):
    """Return the most numbers of eight bytes that were held at once."""
    for kept in (monomial_index, multiplicities):
        kept.cache_clear()
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1] / 8
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("name", NEEDS)
def test_an_estimate_is_not_exceeded(name, size, monkeypatch):
    """A call that may take no more than it asks for takes no more; a few arrays of no size are not counted."""
    X, asked = gaussian(size[0], 2, size[1], rng=0), []
    for module in ("monomials", "targets", "checks", "kernels", "problems"):
        monkeypatch.setattr(f"tensor_overparam.tensors.{module}.check_memory", lambda n, *words: asked.append(n))
    monkeypatch.setattr("tensor_overparam.descent.lazy.check_memory", lambda n, *words: asked.append(n))
    monkeypatch.setattr("tensor_overparam.decomposition.answer.check_memory", lambda n, *words: asked.append(n))
    most = peak(lambda: NEEDS[name](size[0], X))
    assert most < max(asked) + 60_000


def test_the_limit_is_a_switch(monkeypatch):
    """In GiB, read at every call; what is no number is refused."""
    A = to_dense(T)
    monkeypatch.setenv(SWITCH, "1e-6")
    assert most_bytes() == pytest.approx(GIB * 1e-6)
    for call in (lambda: Dense(A), lambda: to_dense(T), lambda: lazy_fit(T, 8), lambda: decompose(A)):
        with pytest.raises(ValueError, match="at most 1e-06: "):
            call()
    monkeypatch.setenv(SWITCH, "1e3")
    assert most_bytes() == 1000 * GIB
    check_memory(2**36, "nothing", "take less")
    monkeypatch.delenv(SWITCH)
    assert most_bytes() == 4 * GIB
    with pytest.raises(ValueError, match="nothing needs 5.1e.02 GiB of memory; expected at most 4: take less, or"):
        check_memory(2**36, "nothing", "take less")
    for word in ("much", "-1", "0", "nan"):
        monkeypatch.setenv(SWITCH, word)
        with pytest.raises(ValueError, match=f"{re.escape(repr(word))}; expected a positive number"):
            Dense(A)


@pytest.mark.parametrize("order", [5, 6, 8, 14])
def test_tables_of_monomials_of_high_degree(order):
    """Every tuple of indices, sorted or not, is in the row of its monomial; at order 14 that once took for ever."""
    dim = 3 if order < 10 else 2
    row = row_numbers(dim, order)
    index = monomial_index(dim, order)
    tuples = np.random.default_rng(0).integers(0, dim, (200, order))
    assert row.shape == (dim,) * order
    assert np.array_equal(index[row[tuple(tuples.T)]], np.sort(tuples, axis=1))
    X = gaussian(dim, 1, order, rng=0)
    u = X.vectors[0]
    full = unpack(np.prod(u[monomial_index(dim, order - 1)], axis=1)[:, None] * u, order)
    assert np.allclose(full[tuple(tuples.T)], np.prod(u[tuples], axis=1))
