"""Targets and arrays add up in both orders, or the refusal says what was expected."""

from types import SimpleNamespace

import numpy as np
import pytest
import scipy.sparse

from tensor_overparam import decompose, lazy_fit
from tensor_overparam.tensors import Dense, Factored, gaussian
from tensor_overparam.tensors.targets import Sum, to_dense

T = gaussian(4, 2, 3, rng=0)
A = to_dense(gaussian(4, 3, 3, rng=1))
TARGETS = {"factored": T, "dense": Dense(to_dense(T)), "sum": T + Dense(0 * A), "tangent": lazy_fit(T, 40).tangent}
ARRAYS = {
    "array": A, "lists": A.tolist(), "masked": np.ma.masked_array(A), "dense": Dense(A),
    "decomposition": decompose(A), "coordinates": SimpleNamespace(
        coords=np.argwhere(np.ones(A.shape)).T, data=A.ravel(), shape=A.shape),
}  # fmt: skip


@pytest.mark.parametrize("other", ARRAYS)
@pytest.mark.parametrize("name", TARGETS)
def test_sums_and_differences_in_both_orders(name, other):
    X, B = TARGETS[name], ARRAYS[other]
    for made, wanted in ((X + B, to_dense(T) + A), (X - B, to_dense(T) - A)):
        assert isinstance(made, Sum) and np.allclose(to_dense(made), wanted)
    if other != "decomposition":  # has no arithmetic of its own, and none is lent to it
        assert np.allclose(to_dense(B + X), to_dense(T) + A) and np.allclose(to_dense(B - X), A - to_dense(T))


def test_a_matrix_may_be_sparse():
    X = Factored([1.0, 2.0], np.eye(2, 4), 2)
    assert np.allclose(to_dense(X + scipy.sparse.eye_array(4, format="csr")), np.diag([2.0, 3.0, 1.0, 1.0]))


@pytest.mark.parametrize("other, said", [
    (3.0, "cannot add a float to a tensor; expected a target"), (None, "cannot add a NoneType"),
    ("text", "cannot add a str"), (np.float64(2), "cannot add a float64"), (np.ones((5, 5, 5)), "one dimension"),
    (np.ones((4, 4)), "cannot add tensors of"), (A + np.arange(4), "not symmetric"), (A * np.nan, "NaN or infinity"),
    (np.ones(4), r"shape \(4,\); expected at least two axes"), (A * 1j, "complex128"), ([[1.0], [1.0, 2.0]], "ragged")])
def test_what_cannot_be_added_is_refused_in_both_orders(other, said):
    for call in (lambda: T + other, lambda: T - other, lambda: other + T, lambda: other - T):
        with pytest.raises(ValueError, match=said):
            call()


@pytest.mark.parametrize("name", TARGETS)
def test_multiples_are_by_numbers(name):
    X = TARGETS[name]
    for number in (2, 2.0, np.float64(2), np.array(2.0)):
        assert np.allclose(to_dense(X * number), 2 * to_dense(T)) and np.allclose(to_dense(number * X), 2 * to_dense(T))
    for other in (A, "text", None, [1, 2]):
        for left, right in ((X, other), (other, X)):
            with pytest.raises(ValueError, match="cannot multiply a tensor by a .*; expected a number"):
                left * right
