"""Sizes from 1e-300 to 1e300: the same answer as for ordinary ones, or a refusal that is true."""

import numpy as np
import pytest

from tensor_overparam.descent import classify, gradient_descent, lazy_fit
from tensor_overparam.sweeps import scaling
from tensor_overparam.tensors import Factored, gaussian, recovery
from tensor_overparam.tensors.targets import inner, packed, sqnorm

T = gaussian(4, 2, 3, rng=0)
V = np.random.default_rng(1).normal(size=(6, 4))
SIZES = [1e-300, 1e-200, 1e-160, 1e-100, 1e-20, 1e20, 1e100, 1e150, 1e200, 1e300]


def forms(size):
    """A tensor of this size: by its weights, by its entries, and with vectors of this length."""
    return T * size, packed(T) * size, Factored(T.weights, T.vectors * size, 3)


@pytest.mark.parametrize("size", SIZES)
def test_norms_are_right_or_refused(size):
    """Never zero for a tensor that is not, and never infinite."""
    for X, power in zip(forms(size), (1, 1, 3), strict=True):
        digits = 2 * power * np.log10(size) + np.log10(sqnorm(T))
        for measure in (sqnorm, lambda X: inner(X, X)):
            if -305 < digits < 305:
                assert np.log10(measure(X)) == pytest.approx(digits, abs=1e-9)
            elif not -309 < digits < 309:
                with pytest.raises(ValueError, match="larger than the largest" if digits > 0 else "smaller than the"):
                    measure(X)
    assert sqnorm(T * 0) == 0


@pytest.mark.parametrize("size", SIZES)
def test_what_kind_of_point_and_which_components(size):
    """Directions and tensors of any length are the same directions and the same kind of point."""
    for X in forms(size)[::2]:
        assert classify(X, X).kind == classify(X, X, "two-homogeneous").kind == "minimum"
        assert recovery(X, T).worst > 1 - 1e-12 and recovery(T, X).worst > 1 - 1e-12
    assert classify(forms(size)[1], T * size).kind == "minimum"
    assert classify(T * size, Factored([size, -size], V[:2], 3)).kind == "not critical"


@pytest.mark.parametrize("size", SIZES)
def test_what_a_lazy_fit_explains(size):
    usual = lazy_fit(T, V[:3]).unexplained
    for X, C in ((T * size, V[:3]), (packed(T) * size, V[:3]), (T, V[:3] * size), (T * size, V[:3] * size)):
        try:
            fit = lazy_fit(X, C)
        except ValueError as error:
            assert "displacements" in str(error) and not 1e-90 < size < 1e90
            continue
        assert fit.unexplained == pytest.approx(usual, abs=1e-9) and np.isfinite(fit.delta).all()


def test_a_tensor_is_called_zero_only_if_it_is():
    for size in (1e-300, 1e-150, 1e150, 1e300):
        for X in forms(size):
            with pytest.raises(ValueError, match=r"values are of size 2\^.*(multiply|divide) it first"):
                gradient_descent(X, 3, steps=1)
    with pytest.raises(ValueError, match="the target is zero"):
        gradient_descent(T * 0, 3, steps=1)


@pytest.mark.parametrize("width", [3, 40])
def test_no_tolerance_at_all(width):
    """Conjugate gradients end where rounding decides."""
    fit = lazy_fit(T, width, method="cg", tol=0)
    assert np.isfinite(fit.delta).all() and 0 <= fit.unexplained <= 1
    for level in (0, 1, np.nan, "all"):
        with pytest.raises(ValueError, match="level is .*expected a number between 0 and 1"):
            scaling([10, 20, 40], [1, 2, 4], level=level)


def test_a_kernel_that_would_not_fit_is_refused():
    with pytest.raises(ValueError, match="use method='cg'"):
        lazy_fit(gaussian(30, 2, 3), 700, method="eigh")
