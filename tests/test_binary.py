"""Binary forms: known ranks, planted sums, generic forms, and the road of `decompose` that they take."""

import numpy as np
import pytest

from tensor_overparam.decomposition.answer import decompose
from tensor_overparam.decomposition.binary import (
    along_lines,
    binary_rank,
    by_hankel,
    extremes,
    hankel,
    powers_at,
    real_factors,
    real_zeros,
    root_binomials,
    unit_rows,
    waves,
    with_zeros,
)
from tensor_overparam.decomposition.compress import compress
from tensor_overparam.tensors.monomials import pack_coordinates, unpack
from tensor_overparam.tensors.problems import recovery, with_noise
from tensor_overparam.tensors.targets import Factored

X, Y, CIRCLE = [1.0, 0.0], [0.0, 1.0], [1.0, 0.0, 1.0]


def product(*factors):
    """Coefficients of a product of forms."""
    p = np.ones(1)
    for q in factors:
        p = np.convolve(p, q)
    return p


def entries_of(coefficients):
    """The entries of the form Σ c_i x^(l-i) y^i."""
    return np.array(coefficients, float) / root_binomials(len(coefficients) - 1) ** 2


def rotated(t, angle):
    """The entries after a rotation of the plane."""
    l = len(t) - 1
    to, back = waves(l)
    turned = (to @ (t * root_binomials(l))) * np.exp(1j * (l - 2 * np.arange(l + 1)) * angle)
    return (back @ turned).real / root_binomials(l)


def misfit(b, t):
    """What the components leave, relative to the form."""
    l = len(t) - 1
    f = t * root_binomials(l)
    return np.linalg.norm(powers_at(b.angles, l) @ b.weights - f) / np.linalg.norm(f)


def as_array(t, dim=2):
    """The full array; in more dimensions, in a plane that is not along the axes."""
    l = len(t) - 1
    T = unpack(pack_coordinates(t * root_binomials(l), 2, l), l)
    if dim > 2:
        Q = np.linalg.qr(np.random.default_rng(1).normal(size=(dim, 2)))[0]
        for _ in range(l):
            T = np.tensordot(T, Q, axes=(0, 1))
    return T


KNOWN = {  # coefficients, complex rank, real rank
    "x2y": (product(X, X, Y), 3, 3),
    "x3y": (product(*3 * [X], Y), 4, 4),
    "x7y": (product(*7 * [X], Y), 8, 8),
    "x11y": (product(*11 * [X], Y), 12, 12),
    "x2y2": (product(X, X, Y, Y), 3, 4),
    "x3y2": (product(X, X, X, Y, Y), 4, 5),
    "x4y4": (product(*4 * [X], *4 * [Y]), 5, 8),
    "x7y5": (product(*7 * [X], *5 * [Y]), 8, 12),
    "x3+y3": ([1, 0, 0, 1], 2, 2),
    "x3-3xy2": ([1, 0, -3, 0], 2, 3),
    "circle2": (product(CIRCLE, CIRCLE), 3, 3),
    "circle3": (product(*3 * [CIRCLE]), 4, 4),
    "circle6": (product(*6 * [CIRCLE]), 7, 7),
    "Reznick": ([3, 0, -20, 0, 10, 0], 3, 5),
}


@pytest.mark.parametrize("name", KNOWN)
def test_known_ranks(name):
    """As it is, rotated, scaled, and with an error in the last digit."""
    coefficients, complex_rank, real_rank = KNOWN[name]
    t = entries_of(coefficients)
    draw = np.random.default_rng(len(name))
    noise = 1 + 1e-15 * draw.normal(size=len(t))
    turned = rotated(t, 0.7)
    for s in (t, 1e-30 * t, 1e30 * t, t * noise, turned, rotated(t, 2.0) * noise, 1e-30 * rotated(t, 2.6)):
        b = binary_rank(s)
        assert (b.complex, b.real, b.certain) == (complex_rank, real_rank, True)
        assert misfit(b, s) < 1e-13
        size = np.linalg.norm(s * root_binomials(len(s) - 1))
        assert np.sum(abs(b.weights)) < 40 * size


@pytest.mark.parametrize("order", range(3, 9))
def test_real_factors_need_as_many_powers(order):
    """A product of l different real linear forms has real rank l."""
    for seed in range(5):
        angles = np.random.default_rng([order, seed]).uniform(0, np.pi, order)
        g = with_zeros(angles[None])[0]
        b = binary_rank(g / root_binomials(order))
        assert real_factors(g) == b.real == order and b.certain
        assert misfit(b, g / root_binomials(order)) < 1e-13


@pytest.mark.parametrize("order", range(3, 13))
def test_planted_sums(order):
    """r <= l/2 powers with weights of both signs: found as they were made, and certain."""
    for rank in range(1, order // 2 + 1):
        draw = np.random.default_rng([order, rank])
        angles = np.sort(draw.uniform(0, np.pi, rank))
        w = draw.choice([-1.0, 1.0], rank) * np.exp(draw.normal(size=rank) / 2)
        T = Factored(w, powers_at(angles, 1).T.copy(), order)
        b = binary_rank(powers_at(angles, order) @ w / root_binomials(order))
        assert (b.complex, b.real, b.certain) == (rank, rank, True)
        c = compress(T)
        found = by_hankel(c, 0)
        if rank == 1:
            assert len(found.weights) == 0 and c.target.dim == 1
            continue
        assert len(found.weights) == rank and found.sq <= (1e-13 * c.size) ** 2
        assert recovery(Factored(found.weights, found.vectors @ c.basis, order), T).worst > 1 - 1e-10


@pytest.mark.parametrize("order", range(3, 10))
def test_generic_forms(order):
    """The complex rank is the generic one, the real one between it and the order, and the fit exact."""
    for seed in range(4):
        f = np.random.default_rng([order, seed]).normal(size=order + 1)
        b = binary_rank(f / root_binomials(order))
        assert b.complex == (order + 2) // 2 <= b.real <= order
        assert misfit(b, f / root_binomials(order)) < 1e-12


def test_quintics():
    """Three, four or five; and three exactly where the zeros of the one apolar cubic are real, by its discriminant."""
    seen = set()
    for seed in range(300):
        t = np.random.default_rng([5, seed]).normal(size=6)
        g = np.linalg.svd(t[np.arange(3)[:, None] + np.arange(4)])[2][3]  # plain Hankel matrix
        a, b, c, d = g
        three = 18 * a * b * c * d - 4 * b**3 * d + b * b * c * c - 4 * a * c**3 - 27 * a * a * d * d > 0
        found = binary_rank(t)
        seen.add(found.real)
        assert found.complex == 3 and found.real in (3, 4, 5) and (found.real == 3) == three
        if three:
            assert found.certain
            assert np.allclose(np.sort(np.tan(found.angles)), np.sort(np.roots(g[::-1]).real), rtol=1e-6)
        if found.real == 5 and found.certain:
            assert real_factors(unit_rows(t * root_binomials(5))) == 5
    assert seen == {3, 4, 5}


def test_pencil_is_complete():
    """A quartic has real rank three unless all its factors are real: decided along one line of cubics."""
    for seed in range(60):
        f = np.random.default_rng([4, seed]).normal(size=5)
        b = binary_rank(f / root_binomials(4))
        all_real = np.allclose(np.roots(f * root_binomials(4)).imag, 0)
        assert b.certain and b.real == (4 if all_real else 3)


def test_margin_is_a_distance():
    """A form of norm one at which two zeros meet is as far away as the margin says; no nearer one was drawn."""
    g = with_zeros(np.array([[0.1, 0.5, 1.3, 2.2]]))
    angles, values, margin = extremes(g)
    at = angles[0, np.argmin(abs(values[0]))]
    nearest = g[0] - (g[0] @ powers_at(at, 4)) * powers_at(at, 4)
    assert np.isclose(np.linalg.norm(g[0] - nearest), margin[0]) and extremes(unit_rows(nearest[None]))[2][0] < 1e-7
    draw = np.random.default_rng(0)
    moved = g + 0.99 * margin[0] * unit_rows(draw.normal(size=(200, 5)))
    assert (extremes(unit_rows(moved))[2] > 0).all()
    assert np.allclose(np.sort(real_zeros(g[0])), [0.1, 0.5, 1.3, 2.2], atol=1e-12)


def test_lines_find_what_a_fine_grid_finds():
    """On random lines of forms: some member has real zeros only where one of a thousand has, or more often."""
    draw = np.random.default_rng(3)
    t = np.linspace(0, np.pi, 1000)[:, None]
    for _ in range(40):
        a, b = unit_rows(draw.normal(size=(2, 5)))
        grid = unit_rows(np.cos(t) * a + np.sin(t) * b)
        assert (extremes(grid)[2].max() > 0) <= (extremes(along_lines(a[None], b[None]))[2].max() > 0)


def test_hankel_matrices_turn_with_the_plane():
    """Singular values are those of the rotated form."""
    t = np.random.default_rng(2).normal(size=8)
    for n in (2, 3):
        s, r = (np.linalg.svd(hankel(x * root_binomials(7), n), compute_uv=False) for x in (t, rotated(t, 1.1)))
        assert np.allclose(s, r)


def test_nearly_double_zeros_are_no_decomposition():
    """u(ε)^l - u(-ε)^l has rank two; where its two weights cancel to rounding it is x^(l-1) y."""
    for gap, rank in ((1e-2, 2), (1e-3, 2), (1e-7, 5)):
        a = powers_at([gap, -gap], 5) @ [1.0, -1.0] / root_binomials(5)
        assert binary_rank(a / abs(a).max()).real == rank


def test_decompose_takes_this_road():
    """Arrays, in two dimensions and in a plane of four; with the methods that begin by algebra."""
    for name in ("x2y", "x3y", "x2y2", "Reznick", "x7y", "x4y4"):
        coefficients, _, rank = KNOWN[name]
        t = entries_of(coefficients)
        for dim in (2, 4) if len(t) < 7 else (2,):
            for method in ("auto", "algebra"):
                D = decompose(as_array(t, dim), method=method, symmetrize=dim > 2)
                assert D.rank == rank and D.relative_error < 1e-13
                assert D.verdict == ("saturated" if 2 * rank >= len(t) else "exact")
                assert "sylvester" in [s.name for s in D.stages] and D.certificate.unique is not True


def test_road_is_closed():
    """In three dimensions; and where one component and noise are the better answer, that is given."""
    three = Factored(np.ones(3), np.eye(3), 4)
    assert len(by_hankel(compress(three), 0).weights) == 0
    one = Factored(np.ones(1), np.array([[0.6, 0.8]]), 8)
    D = decompose(with_noise(one, 0.02, rng=0))
    assert D.rank == 1 and D.verdict == "noise"


def test_refusals():
    """Zero and infinite forms."""
    for t in (np.zeros(4), [1.0, np.nan, 0.0, 0.0], [np.inf, 1.0, 0.0, 0.0]):
        with pytest.raises(ValueError, match="zero or not finite"):
            binary_rank(t)
