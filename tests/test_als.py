"""Alternating least squares: solves against plain linear algebra, sweeps against TensorLy, the rest by contract."""

import numpy as np
import pytest

from tensor_overparam.core.loop import Run, Stop
from tensor_overparam.descent.alternating import als, mixed, solve_slot, symmetric_part, symmetric_sqnorm
from tensor_overparam.descent.objective import sphere
from tensor_overparam.tensors.problems import cumulant4, gaussian, orthogonal, with_noise
from tensor_overparam.tensors.targets import Dense, Factored, sqnorm, symmetrize, to_dense

LETTERS = "pqrst"


def rows(order, m=4, d=3, seed=0):
    """Return `order` arrays of unit vectors."""
    return [sphere([seed], k, m, d)[0] for k in range(order)]


def product_tensor(slots, w):
    """Return Σ w_i a_i⊗b_i⊗… as an array, entry by entry."""
    spec = ",".join("i" + c for c in LETTERS[: len(slots)])
    return np.einsum(f"i,{spec}->{LETTERS[:len(slots)]}", w, *slots)


@pytest.mark.parametrize("order", [2, 3, 4, 5])
def test_mixed_contraction(order):
    """Different vectors in the slots, by polarisation, equal the full array contracted with them."""
    array = symmetrize(np.random.default_rng(order).normal(size=(3,) * order))
    vectors = rows(order - 1)
    spec = ",".join("i" + c for c in LETTERS[: order - 1])
    expected = np.einsum(f"{LETTERS[:order]},{spec}->i{LETTERS[order - 1]}", array, *vectors)
    assert np.allclose(mixed(Dense(array), vectors), expected, atol=1e-12)


@pytest.mark.parametrize("order, m", [(2, 2), (3, 4), (4, 6), (3, 12)])
def test_solve_is_least_squares(order, m):
    """One slot agrees with numpy.linalg.lstsq on the unfolded array, also where the products are dependent."""
    d = 3
    array = symmetrize(np.random.default_rng(m).normal(size=(d,) * order))
    slots = rows(order - 1, m)
    spec = ",".join("i" + c for c in LETTERS[: order - 1])
    design = np.einsum(f"{spec}->{LETTERS[:order-1]}i", *slots).reshape(-1, m)
    expected = np.linalg.lstsq(design, array.reshape(-1, d))[0]
    x = solve_slot(Dense(array), slots)
    assert np.allclose(design @ x, design @ expected, atol=1e-5)
    if m <= d ** (order - 1):
        assert np.allclose(x, expected, atol=1e-6)


@pytest.mark.parametrize("order", [2, 3, 4, 5])
def test_symmetric_part(order):
    """The symmetric part as powers, and its norm, equal the symmetrised array."""
    slots, w = rows(order), np.random.default_rng(1).normal(size=4)
    expected = symmetrize(product_tensor(slots, w))
    S = symmetric_part(np.stack(slots), w)
    assert np.allclose(to_dense(S), expected, atol=1e-12) and len(S.weights) == 2 ** (order - 1) * 4
    assert np.isclose(symmetric_sqnorm(slots, w), np.sum(expected**2)) and np.isclose(sqnorm(S), np.sum(expected**2))


@pytest.mark.parametrize("order, m", [(3, 5), (4, 6)])
@pytest.mark.parametrize("sweeps", [1, 2, 7])
def test_sweeps_are_those_of_tensorly(order, m, sweeps):
    """From the same start, parafac and we have the same tensor after each sweep."""
    tensorly = pytest.importorskip("tensorly")
    from tensorly.decomposition import parafac

    T, seed = gaussian(6, 4, order, rng=2), 3
    scale = np.linalg.norm(to_dense(T))
    start = [sphere([seed], k, m, 6)[0].T.copy() for k in range(order)]
    theirs = parafac(to_dense(T), m, n_iter_max=sweeps, init=(np.ones(m), start), tol=0, normalize_factors=False)
    ours = als(T, m, rng=seed, steps=sweeps, tol=1e-12)
    array = tensorly.cp_to_tensor(theirs)
    assert np.linalg.norm(symmetrize(array) - to_dense(ours.student)) < 1e-6 * scale
    final = ours.run.final.params
    raw = product_tensor(list(final.S), final.w) * np.linalg.norm(to_dense(ours.student)) / np.linalg.norm(
        symmetrize(product_tensor(list(final.S), final.w)))
    assert np.linalg.norm(array - raw) < 1e-6 * scale


@pytest.mark.parametrize("order", [2, 3, 4, 5])
@pytest.mark.parametrize("simultaneous", [False, True])
def test_decomposes(order, simultaneous):
    """Orthogonal components are found in some of a few starts, and what is reported is the distance to the student."""
    T = orthogonal(6, 3, order, rng=order)
    fits = als(T, 3, rng=range(8), simultaneous=simultaneous, steps=60)
    assert min(f.relative_error for f in fits) < 1e-5
    for f in fits:
        distance = np.linalg.norm(to_dense(T) - to_dense(f.student)) / np.linalg.norm(to_dense(T))
        assert np.isclose(f.relative_error, distance, rtol=1e-6, atol=1e-9)
        assert np.isclose(f.run.trace["relative_error"][-1], f.relative_error, atol=1e-7)


def test_in_turn_never_rises():
    """The residual of the sum itself falls from sweep to sweep when the slots are solved in turn."""
    T = with_noise(gaussian(5, 6, 3, rng=1), 0.2, rng=2)
    look = {"S": lambda s: s.params.S, "w": lambda s: s.params.w}
    f = als(T, 5, rng=1, steps=40, tol=1e-9, every=1, observe=look)
    scale = np.linalg.norm(to_dense(f.student)) / np.linalg.norm(
        symmetrize(product_tensor(list(f.run.trace["S"][-1]), f.run.trace["w"][-1])))
    distance = [np.linalg.norm(to_dense(T) - scale * product_tensor(list(S), w))
                for S, w in zip(f.run.trace["S"], f.run.trace["w"])]
    assert np.all(np.diff(distance) < 1e-9) and distance[-1] < distance[1]


def test_r_to_the_l_minus_one_products_are_everything():
    """With m = r^(l-1) the second sweep is exact, as far as conditioning allows; with one component less it is not."""
    for order, r in ((3, 4), (4, 2)):
        T, m = gaussian(8, r, order, rng=r), r ** (order - 1)
        exact = [f.relative_error for f in als(T, m, rng=range(20), steps=2, tol=1e-12, simultaneous=True)]
        assert np.median(exact) < 1e-6 and max(exact) < 1e-2
        short = als(T, m - 1, rng=range(20), steps=2, tol=1e-12, simultaneous=True)
        assert np.median([f.relative_error for f in short]) > 1e-2


def test_a_batch_equals_its_runs():
    """A list of seeds, and a batch of targets, give what each gives alone."""
    singles = [k * gaussian(6, 3, 3, rng=k) for k in (1, 20, 300)]
    many = Factored(np.stack([t.weights for t in singles]), np.stack([t.vectors for t in singles]), 3)
    for T, alone in ((many, singles), (singles[0], [singles[0]] * 3)):
        for i, f in enumerate(als(T, 4, rng=[5, 6, 7], steps=12)):
            g = als(alone[i], 4, rng=5 + i, steps=12)
            assert np.allclose(f.run.trace["relative_error"], g.run.trace["relative_error"], rtol=1e-5, atol=1e-7)
            assert f.run.config["seed"] == 5 + i and f.run.stop is g.run.stop


def test_starts():
    """A given student is where the run starts, is not changed, and stays symmetric when solved simultaneously."""
    T, start = gaussian(6, 3, 3, rng=1), gaussian(6, 4, 3, rng=9, weights=[2.0, -1, 0.5, 1])
    before = start.vectors.copy()
    f = als(T, 4, init=start, steps=5, simultaneous=True, every=1, observe={"A": lambda s: s.params.A})
    first = np.linalg.norm(to_dense(T - start)) / np.linalg.norm(to_dense(T))
    assert np.isclose(f.run.trace["relative_error"][0], first) and np.array_equal(before, start.vectors)
    assert np.allclose(f.run.trace["A"], f.run.trace["A"][:, :1])


@pytest.mark.parametrize("target", ["array", "noisy", "cumulant", "own"])
def test_other_targets(target):
    """Any symmetric tensor will do, also one of three members."""

    class Own:
        order, dim = 4, 3

        def contract(self, C):
            return (C * C).sum(-1, keepdims=True) * C

    T = {"array": to_dense(gaussian(5, 3, 3)), "noisy": with_noise(orthogonal(5, 4, 3), 0.1, rng=1), "own": Own(),
         "cumulant": cumulant4(np.random.default_rng(5).exponential(size=(60, 4)))}[target]
    f = als(T, 5, rng=1, steps=80)
    assert f.relative_error < 0.5 and f.run.trace["relative_error"][-1] < f.run.trace["relative_error"][0]


@pytest.mark.parametrize("library", ["array_api_strict", "torch"])
def test_other_array_libraries(library):
    """Arrays of other libraries go in and come out."""
    xp = pytest.importorskip(library)
    T = gaussian(5, 3, 3, rng=3)
    F = Factored(xp.asarray(T.weights), xp.asarray(T.vectors), 3)
    for rng in (1, [1, 2]):
        fits, expected = als(F, 4, rng=rng, steps=6), als(T, 4, rng=rng, steps=6)
        for a, b in zip(fits, expected) if rng != 1 else [(fits, expected)]:
            assert np.isclose(a.relative_error, b.relative_error, rtol=1e-5, atol=1e-8)
            assert type(a.student.vectors) is type(F.vectors)


def test_records(tmp_path):
    """Time counts sweeps; the run can be saved; Ctrl-C returns the fit so far; single precision is kept."""
    T = gaussian(6, 4, 3, rng=3)
    f = als(T, 4, rng=1, steps=9, tol=1e-12)
    assert f.run.final.time == 9 and f.run.config["algorithm"] == "als"
    f.run.save(tmp_path / "run.npz")
    assert Run.load(tmp_path / "run.npz").config == f.run.config

    steps = []

    def impatient(state):
        steps.append(state.step)
        if len(steps) == 5:
            raise KeyboardInterrupt
        return 0.0

    assert als(T, 4, every=1, tol=1e-12, observe={"x": impatient}).run.stop is Stop.INTERRUPTED
    single = Factored(T.weights.astype(np.float32), T.vectors.astype(np.float32), 3)
    g = als(single, 5, rng=1, steps=20)
    assert g.student.vectors.dtype == np.float32 and g.relative_error < 0.1


@pytest.mark.parametrize("change, word", [
    (dict(width=0), "width"), (dict(tol=0), "tol"), (dict(simultaneous="yes"), "simultaneous"),
    (dict(steps=-1), "steps"),
    (dict(init=gaussian(5, 3, 3)), "init"), (dict(rng=-1), "rng"), (dict(target=np.zeros((2, 2, 2))), "zero"),
], ids=str)
def test_nonsense_is_refused(change, word):
    """What cannot be trained is named."""
    options = dict(target=gaussian(5, 3, 3), width=4) | change
    with pytest.raises(ValueError, match=word):
        als(options.pop("target"), options.pop("width"), **options)
