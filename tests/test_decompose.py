"""decompose: the right components, exactly, from any form of a tensor; noise, limits, certificates and mistakes."""

import json
import pickle
import signal
import subprocess
import sys
import time
import warnings

import numpy as np
import pytest

from tensor_overparam import Dense, Factored, decompose
from tensor_overparam.core.loop import Stop
from tensor_overparam.decomposition.answer import Decomposition
from tensor_overparam.decomposition.certificate import condition_number, kruskal_rank, uniqueness
from tensor_overparam.decomposition.compress import Restricted, compress, core, restrict
from tensor_overparam.decomposition.polish import (
    best_weights,
    damped_step,
    join,
    levenberg_marquardt,
    split,
    squared_distance,
)
from tensor_overparam.decomposition.prune import Found, merge, noise_peak, polish, prune
from tensor_overparam.tensors import correlated, cumulant4, gaussian, moment, orthogonal, recovery, with_noise
from tensor_overparam.tensors.targets import packed, sqnorm, to_dense

slow = pytest.mark.slow
CELLS = [(make, l, d, r) for make in (orthogonal, gaussian) for l in (3, 4) for d in (20, 50) for r in (3, 5, 10)]


def right(D, T, tol=1e-10):
    """Tell whether these are the components of T, with their weights."""
    match = recovery(D.target, T, negligible=0)
    weights = np.linalg.norm(T.vectors, axis=1) ** T.order * T.weights
    same = np.allclose(abs(D.weights[match.index]), abs(weights), rtol=1e-6)
    return D.rank == len(T.weights) and D.relative_error <= tol and match.worst > 1 - 1e-8 and same


# --- exact tensors --------------------------------------------------------------------------------


@pytest.mark.parametrize("make, order, d, r", CELLS)
def test_the_required_cells(make, order, d, r):
    """Two fresh seeds of each cell, rank not given, with a certificate of uniqueness."""
    for seed in (5001, 5002):
        T = make(d, r, order, rng=seed)
        D = decompose(T, rng=seed)
        assert right(D, T) and D.stop is Stop.GOAL and D.verdict == "exact" and D.certificate.unique


@slow
def test_the_required_share_over_twenty_seeds():
    """At least 99 % of 20 fresh seeds in the 24 cells."""
    won = [right(decompose(T, rng=s), T) for make, order, d, r in CELLS for s in range(6000, 6020)
           for T in [make(d, r, order, rng=s)]]
    assert np.mean(won) >= 0.99


HARDER = {
    "mixed signs": lambda s: gaussian(15, 5, 4, "mixed", rng=s),
    "cosines .5": lambda s: correlated(15, 5, 3, rng=s, coherence=0.5),
    "cosines .8": lambda s: correlated(15, 5, 3, rng=s, coherence=0.8),
    "cosines .8, order 4": lambda s: correlated(15, 5, 4, rng=s, coherence=0.8),
    "order 5": lambda s: gaussian(12, 5, 5, rng=s),
    "order 6": lambda s: gaussian(10, 4, 6, rng=s),
    "r = 1.5 d": lambda s: gaussian(10, 15, 4, rng=s),
    "r > d, order 3": lambda s: gaussian(8, 10, 3, rng=s),
    "weights from 1 to 1e-6": lambda s: gaussian(12, 5, 3, 10.0 ** -np.arange(0, 7, 1.5), rng=s),
    "one component": lambda s: gaussian(6, 1, 3, rng=s),
    "one dimension": lambda s: gaussian(1, 1, 3, rng=s),
}


@pytest.mark.parametrize("kind", HARDER)
def test_harder_tensors(kind):
    """Correlated, signed, of higher order, more than dimensions, of many sizes."""
    for seed in range(3):
        T = HARDER[kind](seed)
        assert right(decompose(T, rng=seed), T), seed


class Own:
    """A target of three members and nothing else."""

    def __init__(self, T):
        self.order, self.dim, self._inner = T.order, T.dim, T

    def contract(self, C):
        """Hand over to another target."""
        return self._inner.contract(C)


def test_any_form_of_a_tensor_gives_the_same_components():
    """Array, packed, sums, samples, and a class of one's own."""
    T = gaussian(9, 4, 3, rng=3)
    forms = [to_dense(T), Dense(to_dense(T)), T + 0.5 * T - 0.5 * packed(T), Own(T), T * 2.0]
    for form in forms:
        D = decompose(form)
        assert D.rank == 4 and recovery(D.target, T).worst > 1 - 1e-10, form
    X = np.repeat(T.vectors, 5, axis=0)
    D = decompose(moment(X, 3))
    assert right(D, Factored(np.full(4, 1 / 4), T.vectors, 3))


def test_the_answer_is_sorted_signed_and_the_same_again():
    """Weights by size; positive for odd orders; the largest entry of a vector positive for even ones."""
    T = gaussian(7, 4, 3, [0.5, -2.0, 1.0, -0.1], rng=0)
    before = T.vectors.copy()
    D, again = decompose(T, rng=4), decompose(T, rng=4)
    assert np.array_equal(D.vectors, again.vectors) and np.array_equal(T.vectors, before)
    assert np.allclose(D.weights, [2, 1, 0.5, 0.1]) and np.allclose(np.linalg.norm(D.vectors, axis=1), 1)
    assert np.allclose(to_dense(D.target), to_dense(T), atol=1e-12)
    E = decompose(gaussian(7, 3, 4, [1.0, -3.0, 2.0], rng=1))
    top = E.vectors[np.arange(3), abs(E.vectors).argmax(axis=1)]
    assert np.allclose(E.weights, [-3, 2, 1]) and (top > 0).all()


def test_scale_and_rotation_go_through():
    """Weights scale with the tensor; components turn with it."""
    T = gaussian(8, 3, 3, rng=2)
    D = decompose(T)
    for factor in (1e-30, 1e6, 1e30):
        assert np.allclose(decompose(T * factor).weights, D.weights * factor, rtol=1e-9)
    Q = np.linalg.qr(np.random.default_rng(0).normal(size=(8, 8)))[0]
    turned = Factored(T.weights, T.vectors @ Q.T, 3)
    assert recovery(decompose(turned).target, turned).worst > 1 - 1e-10


def test_what_is_not_unique_says_so():
    """Matrices, more components than numbers, a rank that only minors reach, and one that nothing reaches."""
    M = decompose(orthogonal(5, 3, 2, [3.0, -2.0, 1.0]))
    assert M.rank == 3 and M.certificate.unique is False and M.relative_error < 1e-14
    many = decompose(gaussian(5, 12, 3, rng=1))
    assert many.rank < 12 and many.relative_error < 1e-10 and many.certificate.unique is False
    minors = decompose(gaussian(10, 25, 4, rng=0)).certificate
    assert minors.unique and "minors" in minors.reason
    assert decompose(gaussian(8, 28, 4, rng=0)).certificate.unique is None


# --- noise ----------------------------------------------------------------------------------------


def oracle(T, noisy):
    """Return the relative error of least squares started at the truth."""
    c = core(packed(noisy))
    return polish(c, *split(*join(T.weights, T.vectors, T.order), T.order), 200, 1e-12).sq ** 0.5 / c.size


@pytest.mark.parametrize("order, d, r", [(3, 15, 4), (4, 10, 5), (3, 12, 12)])
def test_noise_is_left_alone(order, d, r):
    """The right number of components, and the error of an oracle, at every level up to a tenth."""
    for seed, level in enumerate((1e-9, 1e-3, 1e-2, 1e-1) * 2):
        T = gaussian(d, r, order, rng=seed)
        noisy = with_noise(T, level, rng=seed + 77)
        D = decompose(noisy, rng=seed)
        assert D.rank == r and D.verdict == "noise"
        assert D.relative_error <= 1.1 * oracle(T, noisy)


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=slow) for seed in (1, 2, 3))])
def test_pure_noise_has_no_components(seed):
    """Zero components and a warning."""
    with pytest.warns(RuntimeWarning, match="no component stands out"):
        D = decompose(with_noise(gaussian(10, 1, 3, rng=seed), 100.0, rng=seed))
    assert D.rank == 0 and D.relative_error == 1 and D.vectors.shape == (0, 10) and "0" in D._repr_html_()


@pytest.mark.parametrize("levels", [(0.1, 10.0), pytest.param((0.1, 1.0, 10.0), marks=slow)], ids=["two", "three"])
def test_as_noise_grows_there_are_fewer_components(levels):
    """And never more than without."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ranks = [decompose(with_noise(gaussian(12, 4, 3, rng=9), x, rng=9)).rank for x in levels]
    assert ranks[0] == 4 and max(ranks) == 4 and ranks[-1] == 0


def test_independent_components_of_samples():
    """The fourth cumulant of mixed heavy-tailed sources has the columns of the mixing matrix as components."""
    rng = np.random.default_rng(0)
    mixing = np.linalg.qr(rng.normal(size=(4, 4)))[0]
    D = decompose(cumulant4(rng.laplace(size=(100_000, 4)) @ mixing.T))
    assert D.rank == 4 and recovery(D.target, Factored(np.ones(4), mixing.T, 4)).worst > 0.99


def test_the_peak_of_noise():
    """Known ground-state energies of the spherical spin glass."""
    assert np.allclose([noise_peak(l) for l in (2, 3, 4)], [2**0.5, 1.6569983, 1.7940850], atol=1e-6)


# --- stages ---------------------------------------------------------------------------------------


def test_compression_finds_the_subspace():
    """Orthonormal rows that hold the components, from arrays as from factors; nothing outside."""
    T = gaussian(12, 4, 4, rng=5)
    for form in (T, packed(T), Own(T)):
        c = compress(form)
        assert c.basis.shape == (4, 12) and np.allclose(c.basis @ c.basis.T, np.eye(4)) and c.outside == 0
        assert np.allclose(T.vectors @ c.basis.T @ c.basis, T.vectors) and np.isclose(c.size**2, float(sqnorm(T)))


@pytest.mark.parametrize("order", [2, 3, 4])
def test_restriction_is_the_multilinear_product(order):
    """Against einsum on the whole array."""
    T = gaussian(6, 5, order, rng=1)
    Q = np.linalg.qr(np.random.default_rng(2).normal(size=(6, 3)))[0].T
    A = to_dense(T)
    for _axis in range(order):
        A = np.tensordot(A, Q, axes=(0, 1))
    for form in (T, packed(T), T + packed(T) * 0.0, Restricted(T, np.eye(6))):
        assert np.allclose(to_dense(restrict(form, Q)), A)


def test_damped_steps_directly_and_by_conjugate_gradients(monkeypatch):
    """Both solve the same equations, which a dense Jacobian confirms; the loss never rises."""
    rng = np.random.default_rng(0)
    x, s, down = rng.normal(size=(3, 4)), np.array([1.0, -1.0, 1.0]), rng.normal(size=(3, 4))
    h = 1e-6
    S = lambda y: to_dense(Factored(s, y.reshape(3, 4), 3)).ravel()  # noqa: E731
    J = np.stack([(S(x.ravel() + h * e) - S(x.ravel() - h * e)) / (2 * h) for e in np.eye(12)], axis=1)
    mu = 0.1
    damping = np.repeat(mu * 9 * np.sum(x * x, axis=1) ** 2, 4)
    step = damped_step(x, s, down, 3, mu)
    assert np.allclose((J.T @ J + np.diag(damping)) @ step.ravel(), down.ravel(), atol=1e-5)
    monkeypatch.setattr("tensor_overparam.decomposition.polish.DIRECT", 1)
    rough = damped_step(x, s, down, 3, mu)
    assert np.linalg.norm(rough - step) < 0.05 * np.linalg.norm(step)
    T = gaussian(6, 4, 3, rng=0)
    distance, _how = squared_distance(T)
    losses = [levenberg_marquardt(distance, T.vectors + 0.3, np.ones(4), 3, steps=k)[1] for k in range(6)]
    assert all(b <= a for a, b in zip(losses, losses[1:], strict=False))


def test_merging_keeps_the_tensor():
    """Opposite and equal directions become one, with the weights that leave the sum what it was."""
    for order in (3, 4):
        V = np.eye(3)[[0, 0, 1, 2]] * np.array([1, -1, 1, 1])[:, None]
        w = np.array([1.0, 0.5, 2.0, -1.0])
        v, U = merge(w, V, order)
        assert len(v) == 3 and np.allclose(to_dense(Factored(w, V, order)), to_dense(Factored(v, U, order)))


def test_pruning_drops_copies_and_keeps_components():
    """A split component and a stray one go; the others stay."""
    T = with_noise(gaussian(8, 3, 3, rng=0), 0.01, rng=1)
    clean = gaussian(8, 3, 3, rng=0)
    c = core(packed(T))
    stray = np.random.default_rng(3).normal(size=(2, 8))
    V = np.concatenate([clean.vectors, clean.vectors[:1] + 0.1, stray])
    V /= np.linalg.norm(V, axis=1, keepdims=True)
    start = polish(c, best_weights(c.target, V), V)
    assert isinstance(start, Found) and len(prune(c, start).weights) == 3


def test_the_certificate_against_dense_algebra():
    """Kruskal ranks by brute force, condition number by the singular values of explicit tangent spaces."""
    assert kruskal_rank(np.eye(4)[[0, 1, 2]]) == (3, True)
    flat = np.array([[1, 0, 0], [0, 1, 0], [0.6, 0.8, 0], [0, 0, 1]])
    assert kruskal_rank(flat)[0] == 2 and kruskal_rank(flat, 2)[0] == 4
    assert uniqueness(np.eye(3), 3)[0] is True and uniqueness(np.eye(3), 2)[0] is False
    for order, d in ((3, 4), (4, 6)):
        V = correlated(d, 3, order, rng=1, coherence=0.6).vectors
        spaces = []
        for v in V:
            basis = np.linalg.svd(v[None])[2]
            columns = [to_dense(Factored(np.ones(1), v[None], order)).ravel()]
            for e in basis[1:]:
                h = 1e-5
                plus, minus = (to_dense(Factored(np.ones(1), (v + t * e)[None], order)).ravel() for t in (h, -h))
                columns.append((plus - minus) / np.linalg.norm(plus - minus))
            spaces += columns
        least = np.linalg.svd(np.stack(spaces), compute_uv=False)[-1]
        Q = np.linalg.qr(V.T)[0].T
        assert np.isclose(condition_number(V @ Q.T, order, d), 1 / least, rtol=1e-5)


# --- handing over ---------------------------------------------------------------------------------


def test_other_libraries_get_the_same_tensor():
    """TensorLy and pyttb rebuild the array."""
    D = decompose(gaussian(5, 3, 4, "mixed", rng=0))
    A = to_dense(D.target)
    tensorly = pytest.importorskip("tensorly")
    assert np.allclose(tensorly.cp_to_tensor(D.to_tensorly()), A)
    pytest.importorskip("pyttb")
    assert np.allclose(D.to_pyttb().full().double(), A)


def test_saved_and_loaded(tmp_path):
    """One file, whole; nothing else is read, and nothing in it is executed."""
    D = decompose(gaussian(5, 2, 3, rng=0))
    D.save(tmp_path / "D.npz")
    E = Decomposition.load(tmp_path / "D.npz")
    assert np.array_equal(D.vectors, E.vectors) and E.certificate == D.certificate and E.stages == D.stages
    (tmp_path / "bad.npz").write_bytes(pickle.dumps({}))
    np.savez(tmp_path / "other.npz", weights=np.ones(2))
    np.savez(tmp_path / "pickled.npz", about=np.array([{}], dtype=object))
    for name in ("bad.npz", "other.npz", "pickled.npz"):
        with pytest.raises(ValueError, match="not a saved decomposition"):
            Decomposition.load(tmp_path / name)
    with pytest.raises(FileNotFoundError):
        Decomposition.load(tmp_path / "nowhere.npz")
    assert json.dumps(D.account()) and "<table>" in D._repr_html_() and "rank=2" in repr(D)


# --- what is refused, and interruption ------------------------------------------------------------

A = to_dense(gaussian(4, 2, 3, rng=0))
LOPSIDED = A.copy()
LOPSIDED[0, 1, 2] += 0.5
HOLE = A.copy()
HOLE[0, 0, 0] = np.nan


@pytest.mark.parametrize("bad, options, words", [
    (LOPSIDED, {}, "not symmetric: entries that should agree differ by up to 0.5"),
    (HOLE, {}, "NaN"),
    (np.zeros((3, 4, 3)), {}, r"\(3, 4, 3\)"),
    (np.zeros((3, 3, 3)), {}, "zero"),
    (np.ones(3), {}, r"\(3,\)"),
    (np.full((3, 3, 3), 1.7e308), {}, "norm is inf; expected between 1e-100 and 1e100"),
    (A, {"tol": 0}, "tol is 0"),
    (A, {"tol": "small"}, "tol is 'small'"),
    (A, {"max_components": 0}, "max_components is 0"),
    (A, {"max_components": 2.5}, "max_components is 2.5"),
    (A, {"rng": [0, 1]}, "single seed"),
    (A, {"rng": -1}, "rng is -1"),
    (Factored(np.ones((2, 3)), np.ones((2, 3, 4)), 3), {}, "batch"),
])
def test_mistakes_are_one_sentence(bad, options, words):
    """What came, what was expected, what to do."""
    with pytest.raises(ValueError, match=words):
        decompose(bad, **options)


def test_an_array_is_averaged_on_request():
    """symmetrize=True takes the symmetric part."""
    D = decompose(LOPSIDED, symmetrize=True)
    assert D.rank >= 2 and D.relative_error < 1e-8


def test_other_array_libraries_are_refused():
    """PyTorch targets are answered with what to do."""
    torch = pytest.importorskip("torch")
    with pytest.raises(ValueError, match="NumPy"):
        decompose(Factored(torch.ones(2, dtype=torch.float64), torch.eye(2, 4, dtype=torch.float64), 3))


@pytest.mark.parametrize("d, order, cosine", [(10, 3, 0.5), (20, 3, 0.8), (12, 4, 0.5), (8, 5, 0.95)])
def test_equal_cosines_are_no_noise(d, order, cosine):
    """One strong direction and a flat rest look like a component in noise; all d components are there, exactly."""
    D = decompose(correlated(d, d, order, coherence=cosine, rng=0))
    assert D.rank == d and D.verdict == "exact" and D.relative_error < 1e-12


@pytest.mark.parametrize(
    "d, order, rank, road", [(10, 3, 10, "diagonalise"), (12, 3, 19, "quadrics"), (10, 4, 40, "power")]
)
def test_the_road_is_told(d, order, rank, road):
    """Algebra as far as it reaches: eigenvectors, quadrics at order three, powers above."""
    T = gaussian(d, rank, order, rng=1)
    D = decompose(T)
    assert D.rank == rank and D.verdict == "exact" and road in [stage.name for stage in D.stages]
    with pytest.raises(ValueError, match="algebra"):
        decompose(T, method="newton")


def test_limits_are_kept():
    """Too few components allowed: as many, and marked."""
    D = decompose(gaussian(8, 4, 3, rng=0), max_components=2)
    assert D.rank <= 2 and D.verdict == "limit" and D.stop is Stop.BUDGET
    loose = decompose(gaussian(8, 8, 3, [1, 1, 1] + [1e-3] * 5, rng=0), tol=0.1)
    assert loose.rank == 3 and loose.relative_error < 0.1


def test_interrupted_it_returns_the_best_so_far():
    """Ctrl-C after a look: exactly what was there, marked; once four components are found, those four."""
    T = with_noise(gaussian(10, 4, 3, rng=0), 0.01)
    for enough in (1, 4):
        seen = []

        def stop(look, seen=seen, enough=enough):
            seen.append(look)
            if len(look.found.weights) >= enough:
                raise KeyboardInterrupt

        D = decompose(T, tell=stop, method="descent")
        assert D.stop is Stop.INTERRUPTED and D.verdict in ("", "exact", "unfinished", "noise")
        assert np.allclose(np.sort(D.weights), np.sort(abs(seen[-1].found.weights)), rtol=1e-12)
        assert enough <= D.rank <= 4 and (D.relative_error < 0.02) == (D.rank == 4)


@slow
def test_ctrl_c_in_the_middle_of_growth(tmp_path):
    """A signal at any moment ends in an answer, not in a traceback."""
    code = ("import warnings; warnings.simplefilter('ignore')\n"
            "from tensor_overparam import decompose\nfrom tensor_overparam.tensors import gaussian, with_noise\n"
            "T = with_noise(gaussian(24, 40, 3, rng=0), .3, rng=1)\n"
            "print('ready', flush=True)\nD = decompose(T)\nprint(D.stop.name)")
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n", process.stderr.read()
    time.sleep(1.5)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0 and out.strip() in ("INTERRUPTED", "GOAL", "BUDGET"), err
