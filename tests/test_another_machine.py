"""The simulated other machine differs in the last bit, and in nothing else."""

import numpy as np
from another_machine import SIZE, is_identity, moved, rounded_before


def test_last_bits_move():
    """By at most 1e-15, in either direction, otherwise for another salt; always in the same way for the same number."""
    x = np.random.default_rng(0).normal(size=(50, 40))
    one, two = moved(x, 1), moved(x, 2)
    for y in (one, two):
        change = y / x - 1
        assert 0.5 * SIZE < np.abs(change).max() < 1.5 * SIZE and (change > 0).any() and (change < 0).any()
    assert (one != two).mean() > 0.5
    assert np.array_equal(one[7:9, 3], moved(x[7:9, 3], 1)) and moved(x[5, 5], 1) == one[5, 5]
    assert np.array_equal(moved(-x.T, 1), -one.T) and isinstance(moved(x[5, 5], 1), np.float64)


def test_what_is_exact_everywhere_stays():
    """Short binary fractions, zeros, infinities, other precisions, and what is no array."""
    x = np.array([0.0, 1.0, -3.0, 0.375, 2.0**-40, np.inf, 1e6])
    assert np.array_equal(moved(x, 1), x) and moved("a", 1) == "a" and np.isnan(moved(np.array([np.nan]), 1)).all()
    third = np.full(3, 1 / 3, dtype=np.float32)
    assert moved(third, 1) is third


def test_tuples_and_complex_numbers():
    """Part by part."""
    x = np.random.default_rng(0).normal(size=9) / 3
    first, second = moved((x, 1j * x), 3)
    assert np.array_equal(first, moved(x, 3)) and np.array_equal(second.imag, first)


def test_solving_with_the_identity_is_exact_everywhere():
    """With anything else it is not."""
    x = np.random.default_rng(0).normal(size=(3, 4, 2))
    solve = rounded_before(np.linalg.solve, 1)
    assert np.array_equal(solve(np.eye(4), x), x) and np.array_equal(solve(np.broadcast_to(np.eye(4), (3, 4, 4)), x), x)
    assert not np.array_equal(solve(np.eye(4) / 3, x / 3), np.linalg.solve(np.eye(4) / 3, x / 3))
    assert not is_identity(np.eye(3)[:2]) and not is_identity(np.ones(1))
