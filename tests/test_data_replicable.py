"""How well sources are known: leaving out blocks says what repeating the experiment would show."""

import numpy as np
import pytest

from tensor_overparam.data import fixed_point, ica
from tensor_overparam.data.replicable import replication

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")

DRAWS = {
    4: [
        lambda rng, n: rng.laplace(size=n) / 2**0.5,
        lambda rng, n: rng.uniform(-(3**0.5), 3**0.5, n),
        lambda rng, n: rng.choice([-1.0, 1.0], n) * rng.exponential(size=n) / 2**0.5,
    ],
    3: [
        lambda rng, n: rng.exponential(size=n) - 1,
        lambda rng, n: (rng.chisquare(3, size=n) - 3) / 6**0.5,
        lambda rng, n: -(rng.gamma(3, size=n) - 3) / 3**0.5,
    ],
}


def mixed(order, n, seed):
    """Return three sources and two Gaussian directions of variance one, mixed, and the mixing."""
    rng = np.random.default_rng(seed)
    S = np.column_stack([draw(rng, n) for draw in DRAWS[order]] + [rng.normal(size=(n, 2))])
    A = np.random.default_rng(7).normal(size=(5, 5))
    return S @ A.T, A


@pytest.mark.parametrize("order", [3, 4])
def test_standard_errors_agree_with_the_spread_over_seeds(order):
    seen, said, parts = [], [], []
    for seed in range(300):
        X, A = mixed(order, 20_000, seed)
        found = ica(X, order=order)
        G = found.unmixing @ A
        rows = np.argmax(abs(G[:, :3]), axis=0)
        assert sorted(rows) == [0, 1, 2]
        G = G[rows] / np.take_along_axis(G[rows], np.arange(3)[:, None], 1)
        seen.append(G)
        if seed < 50:
            answer = replication(X, found)
            said.append(answer.leakage[rows])
            parts.append(answer.crosstalk[np.ix_(rows, rows)])
    spread = np.std(seen, axis=0)
    leakage = np.linalg.norm(spread * (1 - np.eye(3, 5)), axis=1)
    assert np.all(abs(np.median(said, axis=0) / leakage - 1) < 0.3)
    off = ~np.eye(3, dtype=bool)
    assert np.all(abs(np.median(parts, axis=0)[off] / spread[:, :3][off] - 1) < 0.3)
    assert (np.diagonal(parts, axis1=1, axis2=2) == 0).all()


def test_neighbours_that_are_alike_do_not_count_twice():
    X, _ = mixed(4, 10_000, 0)
    slow = np.repeat(X, 5, axis=0)
    once, five = replication(X, ica(X, 3)), replication(slow, ica(slow, 3))
    assert np.allclose(five.leakage, once.leakage, rtol=0.05) and np.allclose(five.errors, once.errors, rtol=0.05)


def test_errors_of_cumulants_agree_with_the_closed_form():
    X = np.random.default_rng(0).uniform(size=(50_000, 3))
    found = ica(X)
    assert np.allclose(replication(X, found, blocks=500).errors, found.errors, rtol=0.15)


def test_the_answer_does_not_depend_on_pieces_or_units():
    X, _ = mixed(4, 9_973, 0)
    found = ica(X)
    whole = replication(X, found)
    in_pieces = replication(np.array_split(X, 13), found)
    assert np.allclose(whole.leakage, in_pieces.leakage, rtol=1e-3)
    units = 10.0 ** np.arange(-2, 3)
    other = replication(X * units, ica(X * units))
    assert np.allclose(np.sort(other.leakage), np.sort(whole.leakage), rtol=1e-2)


def test_samples_that_are_not_held_in_memory_say_the_same(monkeypatch):
    X, _ = mixed(4, 9_973, 0)
    found = ica(X)
    whole = replication(X, found)
    monkeypatch.setattr(fixed_point, "HELD", 1000)
    streamed = replication(lambda: iter(np.array_split(X, 13)), found)
    assert np.allclose(whole.leakage, streamed.leakage, rtol=1e-3)
    assert np.allclose(whole.errors, streamed.errors, rtol=1e-3)


def test_more_samples_more_sure():
    few, many = (replication(X, ica(X)).leakage for X in (mixed(4, n, 0)[0] for n in (10_000, 160_000)))
    assert 2.5 < np.linalg.norm(few) / np.linalg.norm(many) < 6


BAD = {
    "few blocks": (lambda X, found: replication(X, found, blocks=9), "from 10 to"),
    "many blocks": (lambda X, found: replication(X, found, blocks=301), "from 10 to 300"),
    "other data": (lambda X, found: replication(X + X[::-1] ** 3, found), "those of other data"),
    "other columns": (lambda X, found: replication(X[:, :3], found), "those of other data"),
    "no sources": (lambda X, found: replication(X, found.keep([])), "no sources"),
}


@pytest.mark.parametrize("words", BAD)
def test_what_cannot_be_compared_is_refused(words):
    X, _ = mixed(4, 3000, 0)
    ask, says = BAD[words]
    found = ica(X, 3)
    with pytest.raises(ValueError, match=says):
        ask(X, found)
