"""Teacher and student, and what noise costs: coefficients, risks, what is refused, what is taken away."""

import numpy as np
import pytest

from tensor_overparam.descent.claims_noise import cost_of, coupons, thinned, threshold
from tensor_overparam.descent.objective import sphere
from tensor_overparam.nets.teacher_student import hermite_coefficients, order_risks, population_risk, relu
from tensor_overparam.tensors.monomials import monomial_count


def test_coefficients_are_those_of_the_closed_forms():
    """ReLU's squares, one Hermite polynomial, and Parseval for a polynomial."""
    c = hermite_coefficients(relu, 6)
    assert np.allclose(c**2, np.array([1, np.pi / 2, 1 / 2, 0, 1 / 24, 0, 1 / 80]) / (2 * np.pi), atol=1e-14)
    assert np.allclose(hermite_coefficients(lambda x: x**4 - 6 * x**2 + 3, 5), [0, 0, 0, 0, 24**0.5, 0], atol=1e-11)
    assert np.isclose(np.sum(hermite_coefficients(lambda x: x**3, 3) ** 2), 15)


def test_a_student_that_is_the_teacher_has_no_risk():
    net = (np.array([1.0, -2.0]), sphere([0], 0, 2, 5)[0])
    assert np.abs(order_risks(net, net, hermite_coefficients(np.tanh, 9))).max() < 1e-14
    assert population_risk((net[0], -net[1]), net, [0, 0, 1.0]) < 1e-14 < 1 < population_risk(
        (net[0], -net[1]), net, [0, 1.0]
    )


@pytest.mark.parametrize(
    "student, message",
    [
        ((np.ones(2), 2 * np.eye(2, 5)), "expected unit vectors"),
        ((np.ones(3), np.eye(2, 5)), "3 weights in the second layer and 2 neurons"),
        ((np.ones(2), np.eye(2, 4)), "4 dimensions and the teacher in 5"),
    ],
)
def test_networks_that_do_not_fit_are_refused(student, message):
    with pytest.raises(ValueError, match=message):
        population_risk(student, (np.ones(2), np.eye(2, 5)), [0, 0, 0, 1.0])


def test_activations_that_are_none_are_refused():
    with pytest.raises(ValueError, match="expected a number for each"):
        hermite_coefficients(lambda x: 1.0, 3)
    with pytest.raises(ValueError, match="order is -1"):
        hermite_coefficients(relu, -1)
    with pytest.raises(ValueError, match="what the activation gives"):
        hermite_coefficients(lambda x: np.full_like(x, np.nan), 3)


def test_thinning_keeps_the_largest_of_each_basin():
    """Twins and small components go; who stays is not touched."""
    C = np.array([[[1.0, 0.0], [0.9, 0.1], [0.0, 0.8], [0.0, -0.1]]])
    kept = thinned(C, 0.25)
    assert np.array_equal(kept[:, [0, 2]], C[:, [0, 2]]) and np.abs(kept[:, [1, 3]]).max() < 1e-50


def test_costs_begin_with_the_first_and_end_with_all_noise():
    first = threshold(8, 3)
    assert np.isclose(cost_of(1, 8, 3, 3, first), first)
    assert np.isclose(cost_of(10**4, 8, 3, 3, first), monomial_count(8, 3) - 24)
    assert np.isclose(threshold(10**9, 4) / 10**9, 3, rtol=1e-3)
    assert np.isclose(coupons(3, 3), 6 / 27) and coupons(3, 2) == pytest.approx(0)
