"""What `decompose` may say: seven verdicts, a given rank, a start, signs, known noise, precision, time."""

import time
import warnings
from dataclasses import fields

import numpy as np
import pytest

from tensor_overparam.cli.commands import main
from tensor_overparam.core.loop import Stop
from tensor_overparam.decomposition.answer import decompose
from tensor_overparam.decomposition.certificate import certify
from tensor_overparam.decomposition.compress import compress, core
from tensor_overparam.decomposition.pencil import needs_complex
from tensor_overparam.decomposition.problem import POLICY, Draws, chance, is_saturated
from tensor_overparam.decomposition.prune import Found, believable, diverging
from tensor_overparam.decomposition.report import VERDICTS, Decomposition, judge
from tensor_overparam.tensors.problems import gaussian, orthogonal, recovery, with_noise
from tensor_overparam.tensors.targets import Dense, Factored, packed, symmetrize, to_dense


def form(dim, *monomials):
    """A homogeneous polynomial as an array, from pairs of a coefficient and the variables of its monomial."""
    total = 0.0
    for coefficient, variables in monomials:
        A = np.zeros((dim,) * len(variables))
        A[tuple(variables)] = coefficient
        total = total + symmetrize(A)
    return total


def of_pairs(order, dim, pairs, real, seed):
    """A real tensor of complex rank 2·pairs + real."""
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(pairs, dim)) + 1j * rng.normal(size=(pairs, dim))
    U = np.concatenate([z, z.conj(), rng.normal(size=(real, dim))])
    letters = "abcdef"[:order]
    return np.einsum(",".join("n" + x for x in letters) + "->" + letters, *[U] * order).real


# real rank, where the literature has it: Reznick 2013 (monomials in two variables), Carlini, Kummer, Oneto and
# Ventura 2017 (x y z), Sylvester 1851 (five cubes in four variables)
WORKED = {
    "x²y": (form(2, (1, (0, 0, 1))), 3, "saturated"),
    "x³y": (form(2, (1, (0, 0, 0, 1))), 4, "saturated"),
    "x⁷y": (form(2, (1, (0,) * 7 + (1,))), 8, "saturated"),
    "x⁴y⁴": (form(2, (1, (0,) * 4 + (1,) * 4)), 8, "saturated"),
    "x²y²": (form(2, (1, (0, 0, 1, 1))), 4, "saturated"),
    "xyz": (form(3, (1, (0, 1, 2))), 4, "saturated"),
    "x³y + z⁴": (form(3, (1, (0, 0, 0, 1)), (1, (2,) * 4)), 5, "saturated"),
    "x²y + z³ in five dimensions": (form(5, (1, (0, 0, 1)), (1, (2,) * 3)), 4, "saturated"),
    "five cubes": (
        form(
            4,
            *((3, (i, i, j)) for i in range(4) for j in range(4) if i != j),
            *((6, (i, j, k)) for i in range(4) for j in range(i) for k in range(j)),
        ),
        5,
        None,
    ),
    "six orthogonal cubes": (to_dense(orthogonal(6, 6, 3)), 6, "exact"),
}


@pytest.mark.parametrize("name", WORKED)
def test_worked_examples(name):
    A, rank, verdict = WORKED[name]
    D = decompose(A)
    assert D.rank == rank and D.relative_error < 1e-12
    assert verdict is None or D.verdict == verdict
    assert abs(D.weights).sum() < 20 * np.linalg.norm(A), "no components that cancel"


@pytest.mark.parametrize("level", [1e-6, 1e-4, 1e-3])
def test_two_components_and_noise_in_three_dimensions(level):
    """Ten numbers: four components fit them exactly, and mean nothing."""
    for seed in range(4):
        T = gaussian(3, 2, 3, rng=seed)
        D = decompose(with_noise(T, level, rng=[1, seed]))
        assert D.rank == 2 and D.verdict == "noise" and recovery(D.target, T).worst > 1 - 1e3 * level**2 - 1e-9


def test_what_is_not_of_that_rank_diverges():
    """x²y is a limit of sums of two cubes; the best fit with two does not exist."""
    D = decompose(form(2, (1, (0, 0, 1))), rank=2)
    assert D.rank == 2 and D.verdict == "diverging" and D.exit_code == 4
    assert "tangent direction" in D.remark and D.certificate.condition > 1e3


def test_complex_components_are_named():
    """Two conjugate pairs in four dimensions at order five: real components would be many."""
    for order in (3, 4, 5):
        c = compress(Dense(of_pairs(order, 4, 1, 1, 0)))
        assert needs_complex(packed(c.target), 0) and not needs_complex(gaussian(3, 3, order, rng=0), 0)
    assert judge("", Found(np.ones(1), np.eye(1, 3), 1.0), 3, lambda: True) == "complex"
    with warnings.catch_warnings(action="ignore"):
        D = decompose(of_pairs(5, 6, 2, 2, 1), method="algebra")
    assert D.verdict == "complex" and VERDICTS["complex"].says in D.remark


def test_a_search_of_a_small_tensor_shows_its_best_and_keeps_it():
    """Width by width, and no width is exact: each better fit is told, and is the answer where the search is cut."""
    looks = []

    def tell(look):
        looks.append(look)
        if len(look.found.weights) and look.found.sq < 0.9 * looks[0].found.sq:
            raise KeyboardInterrupt

    D = decompose(of_pairs(5, 4, 1, 1, 0), tell=tell)
    assert D.stop is Stop.INTERRUPTED and D.rank == len(looks[-1].found.weights) and 0 < D.relative_error < 0.95
    assert all(a.found.sq > b.found.sq for a, b in zip(looks, looks[1:]))


SIZES = [(3, 16, 32), (3, 12, 20), pytest.param(4, 8, 29, marks=pytest.mark.slow), (3, 10, 16)]


@pytest.mark.parametrize("order, dim, rank", SIZES)
def test_beyond_algebra_nothing_passes_for_noise(order, dim, rank):
    """Where no algebra reaches, a fit with too few components is not taken for components and noise."""
    for seed in range(2):
        T = gaussian(dim, rank, order, rng=seed)
        D = decompose(T)
        assert (D.rank, D.verdict) == (rank, "exact") and recovery(D.target, T).worst > 1 - 1e-9


def test_no_fewer_would_do_and_it_is_said():
    """Minimal is shown by the rank of a flattening where uniqueness is not; neither where there is room for fewer."""
    for order, dim, rank, minimal, unique in ((4, 8, 28, True, None), (3, 10, 5, True, True), (2, 5, 3, True, False)):
        certificate = certify(gaussian(dim, rank, order, rng=0).vectors, order, dim, 0.0)
        assert (certificate.minimal, certificate.unique) == (minimal, unique)
        assert ("no fewer would do" in certificate.says) == (unique is not True)
    assert certify(gaussian(3, 4, 3, rng=0).vectors, 3, 3, 0.0).minimal is None
    near = np.array([[1.0, 0.0, 0.0], [1.0, 1e-9, 0.0]])
    assert certify(near / np.linalg.norm(near, axis=1)[:, None], 3, 3, 0.0).minimal is None


def test_every_verdict_has_a_sentence_and_a_code():
    assert set(VERDICTS) == {"exact", "noise", "saturated", "diverging", "complex", "limit", "unfinished"}
    assert all(len(v.says) > 10 for v in VERDICTS.values())
    assert [VERDICTS[k].exit_code for k in ("exact", "noise", "saturated", "diverging", "complex")] == [0, 0, 3, 4, 5]
    for verdict in VERDICTS:
        D = Decomposition(
            np.ones(2),
            np.eye(2, 3),
            3,
            0.5,
            "entries",
            decompose(orthogonal(3, 2, 3)).certificate,
            (),
            Stop.GOAL,
            verdict,
        )
        assert D.exit_code == VERDICTS[verdict].exit_code and (D.remark or verdict == "exact")


@pytest.mark.parametrize("options, code", [([], 0), (["--rank", "2"], 1), (["--noise", "0.1"], 0)])
def test_exit_codes(options, code, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    np.save("T.npy", to_dense(gaussian(8, 4, 3, rng=0)))
    assert main(["decompose", "T.npy", *options]) == code
    np.save("S.npy", form(2, (1, (0, 0, 1))))
    assert main(["decompose", "S.npy"]) == 3 and main(["decompose", "S.npy", "--rank", "2"]) == 4
    assert "proves nothing" in capsys.readouterr().out


# --- options ----------------------------------------------------------------------------------------------------------


def test_a_given_rank_is_the_best_fit():
    """Errors fall with the rank; at the true one the fit is the least-squares fit; more are fitted when asked for."""
    T = gaussian(10, 4, 3, rng=0)
    N = with_noise(T, 0.05, rng=1)
    found = [decompose(N, rank=r) for r in range(1, 7)]
    assert [D.rank for D in found] == [1, 2, 3, 4, 5, 6]
    errors = [D.relative_error for D in found]
    assert (np.diff(errors) < 1e-9).all() and errors[2] > 2 * errors[3]
    assert np.isclose(errors[3], decompose(N).relative_error, rtol=1e-6) and found[3].stop is Stop.GOAL
    assert decompose(T, rank=6).rank == 4, "four are exact: no more are made up"


def test_rank_one_is_the_best_of_many_starts():
    """The best single component is where |T(v, …, v)| is largest."""
    for seed in range(5):
        T = gaussian(6, 5, 3, rng=seed)
        D = decompose(T, rank=1)
        v = np.random.default_rng(seed).normal(size=(400, 6))
        for _ in range(200):
            v /= np.linalg.norm(v, axis=1, keepdims=True)
            v = T.contract(v)
        v /= np.linalg.norm(v, axis=1, keepdims=True)
        assert abs(D.weights[0]) > abs(np.vecdot(v, T.contract(v))).max() * (1 - 1e-8)


def test_a_start_is_used():
    """From near the truth nothing has to be searched, where otherwise it would have been."""
    T = gaussian(8, 14, 3, rng=2)
    rng = np.random.default_rng(0)
    V = T.vectors + 0.02 * rng.normal(size=T.vectors.shape)
    for start in ((T.weights, V), Factored(T.weights, V, 3)):
        D = decompose(T, start=start)
        assert D.rank == 14 and D.verdict == "exact" and D.stages[1].name == "start"
    again = decompose(T, start=D)
    assert again.rank == 14 and again.stages[1].name == "start"


def test_weights_that_may_not_be_negative():
    T = gaussian(6, 4, 4, weights=[2.0, 1.0, -0.5, 0.8], rng=2)
    D = decompose(T, nonnegative=True)
    assert (D.weights > 0).all() and 0 < D.relative_error < 0.5
    three = gaussian(6, 3, 4, weights=[2.0, 1.0, 0.8], rng=2)
    assert decompose(three, nonnegative=True).rank == 3 and decompose(three, nonnegative=True).verdict == "exact"
    assert decompose(np.diag([2.0, -3.0, 1.0]), nonnegative=True).weights.tolist() == [2, 1]


def test_known_noise():
    """With the level given, a component at the edge is judged by it."""
    T = gaussian(12, 4, 3, weights=[1.0, 1.0, 1.0, 0.3], rng=3)
    N = with_noise(T, 0.1, rng=4)
    assert decompose(N, noise=0.1).rank == decompose(N).rank
    assert decompose(N, noise=0.9).rank < 4


@pytest.mark.parametrize("order, dim, rank", [(3, 8, 3), (3, 10, 12), (4, 8, 12), (5, 6, 4)])
def test_single_precision_has_the_ranks_of_double(order, dim, rank):
    """The floor is that of the numbers that came."""
    for seed in range(5):
        T = gaussian(dim, rank, order, rng=seed)
        D = decompose(to_dense(T).astype(np.float32))
        assert D.rank == decompose(to_dense(T)).rank == rank and D.verdict == "exact" and D.relative_error < 5e-7
        assert D.weights.dtype == float


def test_time_ends():
    """The best so far, marked."""
    begun = time.monotonic()
    with warnings.catch_warnings(action="ignore"):
        D = decompose(gaussian(10, 30, 4, rng=0), method="descent", seconds=0.02)
    assert D.verdict in ("unfinished", "diverging") and D.stop is Stop.BUDGET and time.monotonic() - begun < 20


def test_what_is_cut_short_keeps_its_promises():
    """Neither more components than allowed nor a sign that was not."""

    def stop(look):
        if len(look.found.weights) > 3:
            raise KeyboardInterrupt

    T = gaussian(6, 5, 4, weights=[2.0, 1.0, -0.5, 0.8, -1.0], rng=2)
    D = decompose(T, nonnegative=True, tell=stop)
    assert D.stop is Stop.INTERRUPTED and D.rank == 3 and (D.weights > 0).all()
    T = gaussian(8, 6, 3, rng=0)
    D = decompose(T, max_components=2, method="descent", tell=stop)
    assert D.rank <= 2


def test_algebra_says_where_it_ends():
    with pytest.warns(RuntimeWarning, match="method='auto' goes on by descent"):
        D = decompose(gaussian(8, 14, 3, rng=0), method="algebra")
    assert D.rank == 0 and D.verdict == "unfinished"


@pytest.mark.parametrize(
    "options, words",
    [
        (dict(rank=0), "rank is 0; expected an integer of at least 1"),
        (dict(rank=True), "rank is True"),
        (dict(rank=2, max_components=3), "expected one of them"),
        (dict(noise=1.5), "noise is 1.5; expected a share"),
        (dict(noise=0), "noise is 0"),
        (dict(seconds=-1), "seconds is -1; expected a time above 0"),
        (dict(nonnegative="yes"), "expected True or False"),
        (dict(start=3), "start is int; expected a Decomposition"),
        (dict(start=([1.0], np.ones((1, 5)))), r"shapes \(n,\) and \(n, 4\)"),
        (dict(start=([1.0], np.zeros((1, 4)))), "no vector zero"),
        (dict(start=([np.nan], np.ones((1, 4)))), "finite"),
        (dict(method="magic"), "method is 'magic'"),
    ],
)
def test_options_that_mean_nothing(options, words):
    with pytest.raises(ValueError, match=words):
        decompose(orthogonal(4, 2, 3), **options)


# --- what decides -----------------------------------------------------------------------------------------------------


def test_every_constant_has_its_reason():
    assert fields(POLICY) and all(len(f.metadata["why"]) > 20 for f in fields(POLICY))


def test_counting():
    V = np.random.default_rng(0).normal(size=(5, 4))
    assert is_saturated(V, 3) and not is_saturated(V[:4], 3) and not is_saturated(V[:1, :1], 3)
    assert is_saturated(V[:4, :3], 3) and not is_saturated(V[:3, :3], 3) and not is_saturated(V[:0], 3)
    wide = V @ np.linalg.qr(np.random.default_rng(1).normal(size=(9, 4)))[0].T
    assert is_saturated(wide, 3) and not is_saturated(wide[:4], 3), "five cubes of four dimensions, wherever these are"
    assert not is_saturated(wide[:2], 3), "no more components than dimensions"
    c = core(packed(gaussian(3, 2, 3, rng=0)))
    assert chance(c, 4, 0.0) == 1 and np.isclose(chance(c, 2, (1e-2 * c.size) ** 2), 1e-8)


def test_draws_do_not_repeat():
    draws, other = Draws(1), Draws(2)
    seeds = [x for n in (1, 4) for x in draws.take(n)]
    assert draws.number == 1 and len(set(seeds[1:])) == 4 and not set(seeds) & set(other.take(4))


def test_running_away():
    """Weights that cancel ten times what they add up to; not a pair with a cosine of .95."""

    def pair(cosine):
        V = np.array([[1.0, 0.0], [cosine, (1 - cosine**2) ** 0.5]])
        return Found(np.array([1.0, -1.0]), V, 0.0)

    assert diverging(pair(0.999), 3) and not diverging(pair(0.95), 3)


def test_noise_has_to_be_little():
    """Half a tensor is not believed to be noise; a hundredth is."""
    c = core(packed(gaussian(12, 4, 3, rng=0)))
    few = Found(np.ones(4), np.eye(4, 12), 0.0)
    assert believable(c, few._replace(sq=1e-2 * c.size**2)) and not believable(c, few._replace(sq=0.5 * c.size**2))


@pytest.mark.parametrize("dim, others", [(6, 0), (6, 4), (8, 8)])
@pytest.mark.parametrize("seed", [0, 3])
def test_three_in_a_plane(dim, others, seed):
    """A quartic in two variables is a sum of three fourth powers in many ways: found to all digits, never unique."""
    rng = np.random.default_rng([seed, dim, others])
    plane = np.linalg.qr(rng.normal(size=(dim, 2)))[0].T
    V = np.concatenate([rng.normal(size=(3, 2)) @ plane, rng.normal(size=(others, dim))])
    V /= np.linalg.norm(V, axis=1, keepdims=True)
    D = decompose(to_dense(Factored(np.ones(len(V)), V, 4)))
    assert D.rank == 3 + others and D.verdict == ("exact" if others else "saturated") and D.relative_error < 1e-12
    assert D.certificate.unique is not True


# --- what a stranger found ------------------------------------------------------------------------------------------


def drawn(order, dim, rank, seed):
    """Weights and vectors of normal numbers, the vectors of any length."""
    rng = np.random.default_rng(seed)
    w = rng.normal(size=rank)
    return to_dense(Factored(w, rng.normal(size=(rank, dim)), order))


@pytest.mark.parametrize("order, dim, rank, seed", [
    (7, 2, 4, 0), (3, 5, 7, 0), (4, 3, 6, 1), (5, 3, 7, 0), (6, 3, 8, 0),
])
def test_few_numbers_prove_little(order, dim, rank, seed):
    """As many parameters as numbers: an exact fit is called saturated, and noise is said with what else it may be."""
    D = decompose(drawn(order, dim, rank, seed))
    assert D.verdict == "saturated" or D.verdict == "noise" and "may be more of them" in D.remark


def test_a_determinant_may_be_more_than_noise():
    """Six entries of one size in nine dimensions: no component stands out of them, and that is not the last word."""
    monomials = [(s, (i, 3 + j, 6 + k)) for s, i, j, k in
                 ((1, 0, 1, 2), (1, 1, 2, 0), (1, 2, 0, 1), (-1, 0, 2, 1), (-1, 1, 0, 2), (-1, 2, 1, 0))]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        D = decompose(form(9, *monomials))
    assert D.rank > 0 or "may be more of them" in D.remark and D.exit_code != 0


@pytest.mark.parametrize("seed", range(12))
def test_no_noise_in_fewer_dimensions(seed):
    """x²y and two cubes, in four of five dimensions: five cubes, as nearly all tensors of four dimensions are, or close
    to a limit of four; never noise."""
    T = form(5, (1, (0, 0, 1))) + to_dense(Factored(np.ones(2), np.random.default_rng(seed).normal(size=(2, 5)), 3))
    D = decompose(T)
    assert D.rank == 5 and D.verdict == "saturated" or D.rank == 4 and D.verdict == "diverging"
    assert D.relative_error < 1e-9 and D.certificate.unique is not True


def test_a_rank_that_is_too_small_leaves_no_noise():
    U = np.random.default_rng(0).normal(size=(3, 5))
    D = decompose(to_dense(Factored(np.ones(3), U, 3)), rank=2)
    assert D.rank == 2 and D.verdict == "limit" and D.exit_code == 1
    noisy = with_noise(Factored(np.ones(3), U, 3), 1e-2, rng=0)
    assert decompose(noisy, rank=3).verdict == "noise"


def test_exact_is_what_was_asked_for():
    """Noise of any size below the tolerance leaves an exact fit; a looser one, too."""
    truth = gaussian(6, 4, 3, rng=0)
    for level in (1e-13, 1e-12, 1e-11, 3e-11):
        assert decompose(with_noise(truth, level, rng=1)).verdict == "exact"
    noisy = with_noise(truth, 1e-4, rng=1)
    assert decompose(noisy).verdict == "noise" and decompose(noisy, tol=1e-3).verdict == "exact"


def test_half_precision():
    """The floor is four spacings of the array's numbers."""
    D = decompose(to_dense(gaussian(6, 4, 3, rng=0)).astype("f2"))
    assert D.rank == 4 and D.verdict == "exact" and 1e-6 < D.relative_error < 1e-3


def test_words_for_what_cannot_be():
    with pytest.warns(RuntimeWarning, match="no component of positive weight"):
        decompose(to_dense(Factored(-np.ones(1), np.ones((1, 3)), 4)), nonnegative=True)
    with pytest.raises(ValueError, match="tell is True; expected a function"):
        decompose(gaussian(4, 2, 3, rng=0), tell=True)
    with pytest.raises(ValueError, match=r"start is an array of shape \(3, 4\)"):
        decompose(gaussian(4, 2, 3, rng=0), start=np.ones((3, 4)))
