"""Noise whose size is known: a share of the norm, or a standard deviation of every entry."""

from itertools import permutations

import numpy as np
import pytest

from tensor_overparam.cli.commands import main
from tensor_overparam.decomposition.answer import decompose
from tensor_overparam.decomposition.weighted import (
    bump,
    entries_with_errors,
    fitted,
    in_units,
    jacobian,
    residuals,
    units,
    unpacked,
)
from tensor_overparam.tensors.monomials import monomial_index, multiplicities
from tensor_overparam.tensors.problems import gaussian, recovery
from tensor_overparam.tensors.targets import as_target, packed, to_dense


def spread(values, dim, order):
    """Return the symmetric array with these different entries."""
    A, index = np.zeros((dim,) * order), monomial_index(dim, order)
    for perm in permutations(range(order)):
        A[tuple(index[:, perm].T)] = values
    return A


def uneven(seed, dim=8, rank=3, order=3, good=0.002, bad=0.1):
    """Return a tensor, the same with a quarter of its entries bad, and standard deviations."""
    rng = np.random.default_rng(seed)
    T, D = gaussian(dim, rank, order, rng=seed), len(monomial_index(dim, order))
    sd = np.where(rng.random(D) < 0.25, bad, good)
    return T, to_dense(T) + spread(sd * rng.normal(size=D), dim, order), spread(sd, dim, order)


def error(D, T):
    return np.linalg.norm(to_dense(D.target) - to_dense(T)) / np.linalg.norm(to_dense(T))


@pytest.mark.parametrize("order", [3, 4])
def test_components_that_only_the_good_entries_show(order):
    for seed in range(4):
        T, N, E = uneven(seed, 6, 2, order)
        told = decompose(N, noise=E)
        rough = decompose(N, noise=float(np.linalg.norm(N - to_dense(T)) / np.linalg.norm(N)))
        assert told.rank == 2 and told.verdict == "noise"
        assert error(told, T) < 0.3 * error(rough, T) and recovery(told.target, T).worst > 0.99


def test_errors_are_those_of_least_squares_with_weights():
    """Told errors are used: the residual is as large as they are, in standard deviations."""
    T, N, E = uneven(1)
    D = decompose(N, noise=E)
    index = tuple(monomial_index(8, 3).T)
    chi = np.sum(((N - to_dense(D.target))[index] / E[index]) ** 2)
    assert abs(chi - (120 - 24)) < 4 * (2 * 96) ** 0.5
    assert D.stages[-2].name == "weigh"


@pytest.mark.parametrize("level", [0.003, 0.01])
def test_an_absolute_error_and_a_share(level):
    """The same error everywhere: an array of equal numbers, and about the same as its share.

    At .03 the weakest of these three components is below the noise; the next test says what an oracle sees there.
    """
    T = gaussian(8, 3, 3, rng=2)
    rng = np.random.default_rng(0)
    N = to_dense(T) + spread(level * rng.normal(size=120), 8, 3)
    absolute = decompose(N, noise=np.full((8,) * 3, level))
    share = decompose(N, noise=level * 8**1.5 / np.linalg.norm(N))
    assert absolute.rank == share.rank == 3 and absolute.verdict == share.verdict == "noise"
    assert error(absolute, T) < 1.2 * error(share, T)


def explained(T, N, E):
    """Return what the weakest of the true components explains, for an oracle that starts at the truth."""
    known, size = entries_with_errors(as_target(N), E), np.linalg.norm(T.vectors, axis=1)
    w, V = T.weights * size**T.order, T.vectors / size[:, None]
    without = [fitted(known, np.delete(w, k), np.delete(V, k, axis=0))[2] for k in range(len(w))]
    return min(without) - fitted(known, w, V)[2], bump(known)


@pytest.mark.parametrize("level", [0.01, 0.03, 0.05])
def test_a_component_stays_where_an_oracle_sees_more_than_a_bump_of_noise(level):
    """Seed 2 at .03: an oracle loses 31 of chi-square without its weakest component; noise may explain 37."""
    for seed in (0, 1, 2, 3, 4):
        T, E = gaussian(8, 3, 3, rng=seed), np.full((8,) * 3, level)
        N = to_dense(T) + spread(level * np.random.default_rng(seed).normal(size=120), 8, 3)
        gain, noise = explained(T, N, E)
        assert (decompose(N, noise=E).rank == 3) == (gain > noise)
        if seed == 2:
            assert (gain > noise) == (level < 0.03)


def test_nothing_in_pure_noise_of_uneven_entries():
    for seed in range(4):
        _, _, E = uneven(seed)
        noise = spread(E[tuple(monomial_index(8, 3).T)] * np.random.default_rng(seed).normal(size=120), 8, 3)
        with pytest.warns(RuntimeWarning, match="no component stands out"):
            assert decompose(noise, noise=E).rank == 0


def test_units_make_products_even():
    """Errors that are products of the coordinates' units are even in these units."""
    index, T = monomial_index(5, 3), gaussian(5, 2, 3, rng=0)
    s = 2.0 ** np.array([-1, 0, 1, 2, 0])
    errors = np.prod(s[index], 1) / multiplicities(5, 3) ** 0.5
    E = entries_with_errors(T, spread(errors, 5, 3))
    assert np.allclose(units(E), s)
    even, size = in_units(E, s)
    assert np.allclose(size, 35**0.5) and np.allclose(to_dense(even)[2, 2, 2], to_dense(T)[2, 2, 2] / 8)


def test_a_unit_of_a_coordinate_changes_nothing():
    T, N, E = uneven(3)
    s = np.array([1, 1, 10, 1, 1, 0.1, 1, 1.0])
    by = s[:, None, None] * s[:, None] * s
    D, S = decompose(N, noise=E), decompose(N * by, noise=E * by)
    assert D.rank == S.rank == 3
    assert np.allclose(to_dense(S.target) / by, to_dense(D.target), atol=1e-6)


def test_jacobian_against_differences():
    T = gaussian(4, 2, 4, rng=0)
    E = entries_with_errors(T, 1 + to_dense(T) ** 2)
    X, s = np.random.default_rng(1).normal(size=(2, 4)), np.array([1.0, -1.0])
    J = jacobian(E, X, s)
    for k in range(8):
        to = X.ravel().copy()
        to[k] += 1e-6
        assert np.allclose((residuals(E, to.reshape(2, 4), s) - residuals(E, X, s)) / 1e-6, J[:, k], atol=1e-4)
    assert np.allclose(unpacked(packed(T)), to_dense(T)[tuple(E.index.T)])


def test_limits_rank_and_start():
    T, N, E = uneven(1)
    D = decompose(N, noise=E, max_components=2)
    assert D.rank == 2 and D.verdict == "limit"
    D = decompose(N, noise=E, rank=3)
    assert D.rank == 3 and D.verdict == "noise"
    D = decompose(N, noise=E, start=T, rank=3)
    assert D.rank == 3 and error(D, T) < 0.02
    looks = []
    decompose(N, noise=E, tell=looks.append, seconds=60)
    assert looks


def test_the_size_of_numbers_does_not_matter():
    T, N, E = uneven(1)
    D, S = decompose(N, noise=E), decompose(N * 1e90, noise=E * 1e90)
    assert D.rank == S.rank and np.allclose(S.weights / 1e90, D.weights, rtol=1e-6)


BAD = {
    "another shape": (np.ones(3), "expected a share of the norm"),
    "negative": (-np.ones((8,) * 3), "negative"),
    "NaN": (np.full((8,) * 3, np.nan), "NaN"),
    "zeros": (np.zeros((8,) * 3), "zeros"),
    "text": ("high", "expected a share"),
    "ragged": ([[1.0], [1.0, 2.0]], "expected a share"),
    "not symmetric": (np.arange(1.0, 513).reshape((8,) * 3), "not symmetric"),
    "too large a share": (1.5, "between 0 and 1"),
    "nothing": (0.0, "between 0 and 1"),
    "a switch": (True, "between 0 and 1"),
}


@pytest.mark.parametrize("what", BAD)
def test_noise_that_means_nothing(what):
    noise, says = BAD[what]
    with pytest.raises(ValueError, match=says):
        decompose(to_dense(gaussian(8, 3, 3, rng=0)), noise=noise)


def test_the_command_takes_a_share_or_a_file(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    T, N, E = uneven(1)
    np.save("T.npy", N)
    np.save("E.npy", E)
    assert main(["decompose", "T.npy", "--noise", "E.npy"]) == 0
    assert len(np.load("decomposition.npz")["weights"]) == 3
    assert main(["decompose", "T.npy", "--noise", ".5", "--out", "share"]) == 0
    np.save("E.npy", E[:3])
    capsys.readouterr()
    for noise, says in (("E.npy", "shape"), ("none.npy", "no file"), ("2", "between 0 and 1")):
        assert main(["decompose", "T.npy", "--noise", noise, "--out", "bad"]) == 2
        assert says in capsys.readouterr().err and not (tmp_path / "bad.npz").exists()
