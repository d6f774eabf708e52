"""Means out of moments: the number of clouds, errors that are true, and a refusal where there is no such mixture."""

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from tensor_overparam.data import mixture


def clouds(n, d, K, apart, seed, shift=0.0):
    """Return samples of a random mixture with unit noise, its means and its weights."""
    rng = np.random.default_rng(seed)
    means, weights = rng.normal(size=(K, d)) * apart / (2 * d) ** 0.5 + shift, rng.dirichlet(np.full(K, 5))
    return means[rng.choice(K, n, p=weights)] + rng.normal(size=(n, d)), means, weights


def distances(found, means):
    """Return the distance of each true mean to the one found for it, and which that is."""
    D = np.linalg.norm(means[:, None] - found.means, axis=2)
    row, column = linear_sum_assignment(D)
    return D[row, column], column


def test_three_clouds_within_three_standard_errors():
    right = 0
    for seed in range(10):
        X, means, weights = clouds(20_000, 6, 3, 4, seed)
        found = mixture(X)
        off, which = distances(found, means)
        right += len(found.weights) == 3 and (off < 3 * np.linalg.norm(found.mean_errors[which], axis=1)).all()
        assert np.allclose(found.weights[which], weights, atol=5 * found.weight_errors.max())
        assert abs(found.weights.sum() - 1) < 1e-12 and (np.diff(found.weights) <= 0).all()
        assert abs(found.variance - 1) < 0.05
    assert right >= 9


@pytest.mark.parametrize(("n", "d", "K"), [(10_000, 10, 4), (50_000, 20, 5), (2000, 5, 1), (20_000, 3, 3)])
def test_the_number_is_found(n, d, K):
    found = [mixture(clouds(n, d, K, 7, seed)[0]) for seed in range(3)]
    assert [len(f.weights) for f in found] == [K] * 3


def test_errors_have_the_size_of_the_spread():
    pairs = []
    for seed in range(40):
        X, means, _ = clouds(5000, 5, 3, 6, [1])
        X = means[np.random.default_rng(seed).choice(3, 5000)] + np.random.default_rng([seed, 1]).normal(size=X.shape)
        found = mixture(X, 3)
        _, which = distances(found, means)
        pairs.append((found.means[which], found.mean_errors[which]))
    values, errors = map(np.array, zip(*pairs))
    assert np.all(np.abs(np.median(errors, 0) / values.std(0) - 1) < 0.5)


def test_the_origin_and_the_unit_do_not_matter():
    X, _, _ = clouds(5000, 5, 3, 6, 2)
    a, b = mixture(X), mixture(100 * X + 1e4)
    assert np.allclose(b.means, 100 * a.means + 1e4, rtol=1e-7) and np.allclose(a.weights, b.weights, atol=1e-7)
    assert np.isclose(b.variance, 1e4 * a.variance)


def test_means_that_are_dependent_about_the_origin():
    rng = np.random.default_rng(0)
    X = rng.choice([-4.0, 4.0], size=4000)[:, None] * [1, 0, 0] + rng.normal(size=(4000, 3))
    found = mixture(X)
    assert np.allclose(np.sort(found.means[:, 0]), [-4, 4], atol=0.2) and np.allclose(found.weights, 0.5, atol=0.05)


def test_the_digits_do_not_depend_on_the_chunks():
    X, _, _ = clouds(30_000, 6, 3, 5, 0)
    a = mixture(X)
    for data in (np.array_split(X, 7), lambda: iter(np.array_split(X, 3)), np.asfortranarray(X)):
        b = mixture(data)
        assert (a.means == b.means).all() and (a.mean_errors == b.mean_errors).all()


def test_what_it_says_about_samples():
    X, means, _ = clouds(4000, 4, 3, 12, 1)
    found = mixture(X)
    R = found.responsibilities(X)
    assert np.allclose(R.sum(1), 1) and (R.argmax(1) == found.predict(X)).all()
    nearest = np.linalg.norm(X[:, None] - found.means, axis=2).argmin(1)
    assert np.mean(nearest == found.predict(X)) > 0.95
    one = mixture(np.random.default_rng(0).normal(size=(3000, 2)))
    x = np.array([[0.3, -1.0]])
    wanted = -np.sum((x - one.means) ** 2) / (2 * one.variance) - np.log(2 * np.pi * one.variance)
    assert np.isclose(one.log_density(x)[0], wanted)


def square():
    rng = np.random.default_rng(0)
    corners = np.array([[5, 5, 0, 0], [5, -5, 0, 0], [-5, 5, 0, 0], [-5, -5, 0, 0]])
    return corners[rng.choice(4, 10_000, p=[0.4, 0.3, 0.2, 0.1])] + rng.normal(size=(10_000, 4))


REFUSED = {
    "sum is 1.33 and not 1": lambda: mixture(square()),
    "n_components is 5": lambda: mixture(np.zeros((9, 4)), 5),
    "n_components is 0": lambda: mixture(np.zeros((9, 4)), 0),
    "do not vary": lambda: mixture(np.ones((9, 4))),
    "did not settle": lambda: mixture(np.random.default_rng(0).normal(size=(9000, 3)) * [100, 10, 1]),
    "NaN": lambda: mixture([[np.nan, 1.0], [1.0, 2.0]]),
    "3 samples of 4 columns": lambda: mixture(np.random.default_rng(0).normal(size=(3, 4)), 4),
}


@pytest.mark.parametrize("words", REFUSED)
def test_what_is_refused(words):
    with pytest.raises(ValueError, match=words):
        REFUSED[words]()
