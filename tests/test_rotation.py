"""Rotations: golden numbers, pull-backs, orthogonality kept, energy kept, what turning as a whole can and cannot do."""

import ast
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import scipy.linalg
from scipy.optimize import minimize
from scipy.stats import special_ortho_group

import tensor_overparam
from tensor_overparam.core.loop import Move, run
from tensor_overparam.descent.objective import sphere
from tensor_overparam.rotation.energy import (
    energy_gradient,
    hyperspherical_energy,
    least_energy,
    mean_energy,
    minimise_energy,
)
from tensor_overparam.rotation.maps import (
    ROTATIONS,
    cayley,
    exponential,
    gram_schmidt,
    householder,
    lowdin,
    procrustes,
    relaxed_penalty,
    riemannian_step,
    skew,
    tangent,
)
from tensor_overparam.rotation.tensors import (
    rotated_dimension,
    rotated_fit,
    rotated_loss,
    rotated_tangent_rank,
    rotated_width,
)
from tensor_overparam.rotation.training import (
    METHODS,
    compare_training,
    energy_curve,
    relu_kernel,
    teacher_student,
    train_neurons,
)
from tensor_overparam.tensors.problems import gaussian, orthogonal
from tensor_overparam.tensors.targets import Dense, Sum

every_map = pytest.mark.parametrize("name", ROTATIONS)
slow = pytest.mark.slow


def defect(R):
    """Return ‖RᵀR - I‖."""
    return np.linalg.norm(R.T @ R - np.eye(len(R)))


# --- maps and pull-backs --------------------------------------------------------------------------

M = np.array([[2, 1, 0], [-1, 3, 1], [0.5, 0, 1]])
R_BAR = np.arange(9.0).reshape(3, 3) - 4


def test_golden_pull_backs():
    """The pull-backs at a fixed 3 × 3 example are the known ones, to the eight digits given."""
    qr = [[-0.53311817, -0.22800557, 0], [-0.11204365, 0.07600186, 0], [1.9083854, 1.06402598, 0]]
    polar = [[-0.30145344, 0.15761345, -1.37242882], [-0.00007609, 0.15485015, -0.4911884],
             [1.0891913, 1.01744702, -0.07274036]]
    assert np.allclose(gram_schmidt(M)[1](R_BAR), qr, rtol=0, atol=6e-9)
    assert np.allclose(lowdin(M)[1](R_BAR), polar, rtol=0, atol=6e-9)
    assert np.allclose(cayley([0.1, -0.2, 0.3])[1](R_BAR), [-0.55401662, -5.90951062, -8.67959372], rtol=0, atol=6e-9)


@every_map
@pytest.mark.parametrize("d", [2, 3, 5, 8])
def test_pull_backs_agree_with_differences(name, d):
    """Every gradient agrees with central differences to 1e-6, and R is orthogonal to rounding."""
    g, way = np.random.default_rng(d), ROTATIONS[name]
    x = way.start(d) + 0.4 * g.normal(size=way.start(d).shape)
    R, pull = way.map(x)
    R_bar, steps = g.normal(size=(d, d)), 1e-6 * np.eye(x.size).reshape(-1, *x.shape)
    near = np.sum(R_bar * (way.map(x + steps)[0] - way.map(x - steps)[0]), axis=(1, 2)) / 2e-6
    assert np.abs(pull(R_bar).ravel() - near).max() < 1e-6 * np.abs(near).max()
    assert defect(R) < 1e-13


@every_map
def test_batches_and_the_identity(name):
    """Leading dimensions are a batch, the start is the identity, and inputs stay as they are."""
    g, way = np.random.default_rng(0), ROTATIONS[name]
    x = way.start(6) + 0.4 * g.normal(size=(2, 3, *way.start(6).shape))
    R_bar, before = g.normal(size=(2, 3, 6, 6)), x.copy()
    R, pull = way.map(x)
    x_bar = pull(R_bar)
    assert np.array_equal(x, before) and R.shape == (2, 3, 6, 6) and x_bar.shape == x.shape
    for i, j in product(range(2), range(3)):
        one, back = way.map(x[i, j])
        assert np.allclose(one, R[i, j], atol=1e-13) and np.allclose(back(R_bar[i, j]), x_bar[i, j], atol=1e-11)
    assert np.allclose(way.map(way.start(6))[0], np.eye(6), atol=1e-15)


def test_other_ways_to_the_same_maps():
    """Gram–Schmidt as a loop, Löwdin by a matrix root, reflections one by one, SciPy's exponential."""
    g = np.random.default_rng(1)
    A, U, a, R_bar = g.normal(size=(5, 5)), g.normal(size=(7, 5)), g.normal(size=10), g.normal(size=(5, 5))
    loop = np.zeros((5, 5))
    for j in range(5):
        rest = A[:, j] - loop @ (loop.T @ A[:, j])
        loop[:, j] = rest / np.linalg.norm(rest)
    assert np.allclose(gram_schmidt(A)[0], loop, atol=1e-12)
    assert np.allclose(lowdin(A)[0], A @ np.linalg.inv(scipy.linalg.sqrtm(A.T @ A).real), atol=1e-10)
    product_, parts = np.eye(5), [np.eye(5) - 2 * np.outer(u, u) / (u @ u) for u in U]
    for H in parts:
        product_ = product_ @ H
    R, pull = householder(U)
    assert np.allclose(R, product_, atol=1e-13)
    naive = []
    for i, u in enumerate(U):  # the formula with products left and right of each reflection
        left, right = np.eye(5), np.eye(5)
        for H in parts[:i]:
            left = left @ H
        for H in parts[i + 1:]:
            right = right @ H
        S = left.T @ R_bar @ right.T
        S, n = S + S.T, u @ u
        naive.append(-2 / n * (S @ u - (u @ S @ u) / n * u))
    assert np.allclose(pull(R_bar), naive, atol=1e-12)
    R, pull = exponential(a)
    S_bar = scipy.linalg.expm_frechet(skew(a).T, R_bar, compute_expm=False)
    assert np.allclose(R, scipy.linalg.expm(skew(a)), atol=1e-13)
    assert np.allclose(pull(R_bar), (S_bar - S_bar.T)[np.triu_indices(5, 1)], atol=1e-12)
    assert np.allclose(exponential(0 * a)[1](R_bar), (R_bar - R_bar.T)[np.triu_indices(5, 1)])  # equal eigenvalues


def test_a_frame_by_gram_schmidt():
    """Fewer columns than rows give orthonormal columns, with a gradient that agrees with differences."""
    g = np.random.default_rng(2)
    x, R_bar = g.normal(size=(6, 3)), g.normal(size=(6, 3))
    R, pull = gram_schmidt(x)
    h = 1e-6 * np.eye(18).reshape(18, 6, 3)
    near = np.sum(R_bar * (gram_schmidt(x + h)[0] - gram_schmidt(x - h)[0]), axis=(1, 2)) / 2e-6
    assert np.allclose(R.T @ R, np.eye(3)) and np.allclose(pull(R_bar).ravel(), near, atol=1e-7)


# --- ten thousand steps ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Point:
    """Where a walk is."""
    x: np.ndarray


def walk(move, start, dim=10):
    """Return the largest defect in ten thousand steps along random gradients of norm 1."""
    g = np.random.default_rng(3)

    def step(p):
        G = g.normal(size=(dim, dim))
        R, x = move(p.x, G / np.linalg.norm(G))
        return Move(Point(x), 0.05, {"defect": float(defect(R))})

    return run(step, Point(start), steps=10_000, every=20).trace["defect"]


@every_map
def test_maps_stay_orthogonal(name):
    """A map is orthogonal to 1e-10 after ten thousand steps of its parameters."""

    def move(x, G):
        R, pull = ROTATIONS[name].map(x)
        g = pull(G)
        return R, x - 0.05 * g / np.linalg.norm(g)

    assert walk(move, ROTATIONS[name].start(10)).max() < 1e-10


def test_the_exact_retraction_stays_and_the_short_one_drifts():
    """Exact steps stay orthogonal to 1e-12; with two iterations the defect grows, steadily, to about 2.7e-4."""
    exact = walk(lambda R, G: (R, riemannian_step(R, G, 0.05)), np.eye(10))
    short = walk(lambda R, G: (R, riemannian_step(R, G, 0.05, iterations=2)), np.eye(10))
    assert exact.max() < 1e-12
    assert 1e-4 < short[-1] < 1e-3 and np.allclose(short[250], short[-1] / 2, rtol=0.3)


def test_retraction_descends_at_the_predicted_slope():
    """dL/dη = -‖Ω‖²; more iterations lead to the exact step; rate zero leaves R alone."""
    g = np.random.default_rng(4)
    R, G = cayley(g.normal(size=10))[0], g.normal(size=(5, 5))
    slope = np.sum(G * (riemannian_step(R, G, 1e-5) - riemannian_step(R, G, -1e-5))) / 2e-5
    assert np.isclose(slope, -np.sum(tangent(R, G) ** 2), rtol=1e-7)
    assert np.allclose(riemannian_step(R, G, 0.1, iterations=60), riemannian_step(R, G, 0.1), atol=1e-13)
    assert np.array_equal(riemannian_step(R, G, 0.0), R)
    value, slope = relaxed_penalty(1.1 * R, 0.5)
    assert np.isclose(value, 0.5 * 5 * 0.21**2) and np.allclose(slope, 4 * 0.5 * 1.1 * 0.21 * R)


# --- which rotations can be reached ---------------------------------------------------------------


def reach(name, seed, d=6):
    """Return whether L-BFGS through a map finds a random rotation from near the identity."""
    g, way = np.random.default_rng(seed), ROTATIONS[name]
    V, target = g.normal(size=(2 * d, d)), special_ortho_group.rvs(d, random_state=g)
    start, W = way.start(d) + 0.1 * g.normal(size=way.start(d).shape), V @ target.T
    assert np.allclose(procrustes(V, W), target, atol=1e-10)

    def objective(x):
        R, pull = way.map(x.reshape(start.shape))
        return np.sum((V @ R.T - W) ** 2), pull(2 * (V @ R.T - W).T @ V).ravel()

    options = dict(maxiter=1000, maxfun=1500, ftol=0, gtol=1e-10)
    near = target[:, -1] @ start[:, -1] > 0 if name == "gram-schmidt" else True
    try:
        return minimize(objective, start.ravel(), jac=True, method="L-BFGS-B", options=options).fun < 1e-12, near
    except ValueError as error:  # a step that ends on the wall, where the columns are dependent
        assert name == "gram-schmidt" and "dependent columns" in str(error)
        return False, near


def test_procrustes_from_a_few_starts():
    """What is so at every start: three maps find the rotation, and Gram–Schmidt nothing beyond the near half."""
    assert all(reach(name, s)[0] for name in ("lowdin", "householder", "exponential") for s in range(3))
    assert any(reach("cayley", s)[0] for s in range(3))
    found, near = np.array([reach("gram-schmidt", s) for s in range(20)]).T
    assert not (found & ~near).any() and found.any()


@slow
def test_procrustes_through_each_map():
    """Löwdin, reflections and the exponential find every rotation, Cayley most, Gram–Schmidt at best the near half:
    no step, however long, moves the last column of M, and that of R is always on its side."""
    share = {name: np.mean([reach(name, s)[0] for s in range(20)]) for name in ROTATIONS if name != "gram-schmidt"}
    assert min(share[name] for name in ("lowdin", "householder", "exponential")) == 1 and share["cayley"] >= 0.7
    found, near = np.array([reach("gram-schmidt", s) for s in range(200)]).T
    assert not (found & ~near).any()
    assert 8 / 40 <= found.mean() <= 20 / 40  # chaotic: rounding alone moves the count


def test_the_last_column_does_not_move():
    """Its gradient is zero to the last bit, also beside the wall, where rounding would be blown up."""
    g = np.random.default_rng(0)
    M = g.normal(size=(5, 5))
    for gap in (1.0, 1e-6, 1e-12):
        M[:, 4] = M[:, :4] @ g.normal(size=4) + gap * g.normal(size=5)
        R, pull = gram_schmidt(M)
        assert not pull(g.normal(size=(5, 5)))[:, 4].any() and R[:, 4] @ M[:, 4] > 0
    assert gram_schmidt(M[:, :3])[1](g.normal(size=(5, 3)))[:, 2].any()


def test_procrustes_among_rotations_only():
    """With `proper` the best rotation is found where the best orthogonal matrix is a reflection."""
    V = np.random.default_rng(5).normal(size=(8, 4))
    W = V * [1, 1, 1, -1]
    R = procrustes(V, W, proper=True)
    assert np.isclose(np.linalg.det(procrustes(V, W)), -1) and np.isclose(np.linalg.det(R), 1)
    near = [special_ortho_group.rvs(4, random_state=s) for s in range(200)]
    assert np.linalg.norm(V @ R.T - W) <= min(np.linalg.norm(V @ Q.T - W) for Q in near)


# --- energy ---------------------------------------------------------------------------------------


def test_golden_energies():
    """Exact means for 32 neurons in 8 dimensions, the least energy of nine, and the Thomson problem of twenty."""
    assert np.isclose(mean_energy(32, 8, 1), 746.532130, rtol=0, atol=5e-7)
    assert np.isclose(mean_energy(32, 8, 0), -305.866667, rtol=0, atol=5e-7)
    assert np.isclose(least_energy(9, 8, 1), 48, rtol=1e-14)
    best = min(hyperspherical_energy(minimise_energy(W)) for W in sphere(range(3), 0, 20, 3))
    assert np.isclose(best, 2 * 150.881568334, rtol=1e-9)


@pytest.mark.parametrize("d, m, gap", [(3, 20, 0.259), (8, 9, 0.129), (16, 17, 0.0587), (8, 32, 0.049), (16, 64, 0.020),
                                       (32, 64, 0.018)])
def test_random_neurons_are_not_at_the_minimum(d, m, gap):
    """The mean over random starts lies above the best energy found by the known amounts."""
    best = min(hyperspherical_energy(minimise_energy(W)) for W in sphere(range(2), 0, m, d))
    assert np.isclose(mean_energy(m, d) / best - 1, gap, rtol=0.05)


@pytest.mark.parametrize("s, half", list(product([0.0, 1.0, 2.0], [False, True])))
def test_energy_is_invariant_and_its_gradient_right(s, half):
    """Every map conserves it to 1e-12; the gradient agrees with differences and is orthogonal to the neurons."""
    g = np.random.default_rng(6)
    W = g.normal(size=(12, 5))
    E, slope = energy_gradient(W, s, half_space=half)
    for way in ROTATIONS.values():
        x = way.start(5) + 0.5 * g.normal(size=way.start(5).shape)
        assert np.isclose(hyperspherical_energy(W @ way.map(x)[0].T, s, half_space=half), E, rtol=1e-12)
    h = 1e-6 * np.eye(60).reshape(60, 12, 5)
    near = (hyperspherical_energy(W + h, s, half_space=half) - hyperspherical_energy(W - h, s, half_space=half)) / 2e-6
    assert np.abs(slope.ravel() - near).max() < 1e-6 * np.abs(near).max()
    assert np.abs(np.vecdot(W, slope)).max() < 1e-12 * np.abs(slope).max()
    scaled = W * g.uniform(0.1, 10, size=(12, 1))
    assert np.isclose(hyperspherical_energy(scaled, s, half_space=half), E, rtol=1e-12)
    both = hyperspherical_energy(np.stack([W, scaled]), s, half_space=half)
    assert both.shape == (2,) and np.allclose(both, E, rtol=1e-12)


def test_mean_energies_by_sampling():
    """The exact means lie within three standard errors of those of 4000 draws."""
    for d, m, s, half in ((8, 32, 1, False), (5, 8, 0, True), (12, 10, 2, False)):
        E = hyperspherical_energy(sphere(range(4000), 0, m, d), s, half_space=half)
        assert abs(E.mean() - mean_energy(m, d, s, half_space=half)) < 3 * E.std(ddof=1) / 4000**0.5
    assert mean_energy(9, 3, 2) == np.inf and hyperspherical_energy(np.ones((2, 3))) == np.inf


# --- training -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", METHODS)
def test_energy_along_training(name):
    """Rotations keep the energy to 1e-12 at every step; free training changes it by more than 1e-3."""
    r = energy_curve(name, 1.0, steps=300, every=1)
    change = np.abs(r.trace["energy"] / r.trace["energy"][0] - 1).max()
    assert change < 1e-12 if METHODS[name].keeps else change > 1e-9
    assert name != "free" or change > 1e-3
    assert name == "fixed" or r.trace["loss"][-1] < r.trace["loss"][0] / 2
    assert len(r.trace["energy"]) == len(r.trace["risk"]) == 301


def test_a_curve_for_every_exponent():
    """The call that an explorer needs: any method, any exponent, from a seed, the same each time."""
    for s in (0.0, 1.0, 2.0):
        a, b = energy_curve("stochastic", s, rng=3), energy_curve("stochastic", s, rng=3)
        assert np.array_equal(a.trace["energy"], b.trace["energy"]) and a.config["s"] == s
        assert np.isclose(a.trace["energy"][0], hyperspherical_energy(sphere([3], 23, 20, 6)[0], s))
        assert np.allclose(a.trace["energy"], a.trace["energy"][0], rtol=1e-12)


@pytest.mark.parametrize("name", ["cayley", "householder", "stochastic", "riemannian", "free"])
def test_a_batch_is_many_runs(name):
    """A batch of tasks gives the runs of its seeds."""
    options = dict(steps=60, width=12, dim=5, inner=20)
    batch = compare_training(name, 40, [1, 2, 3], **options)
    for seed, many in zip((1, 2, 3), batch):
        one = compare_training(name, 40, seed, **options)
        assert np.allclose(one.trace["risk"], many.trace["risk"], rtol=1e-8)
        assert np.allclose(one.neurons, many.neurons, atol=1e-8)


def test_the_stochastic_version_turns_blocks():
    """Coordinates outside the block stay; between draws the neurons do not jump; blocks are marked in the record."""
    task, V = teacher_student(50, 0, dim=6), sphere([0], 5, 9, 6)[0]
    seen = {"W": lambda s: METHODS["stochastic"].neurons(s.params)[0], "block": lambda s: s.params.block}
    r = train_neurons(task.objective, V, np.ones(9), "stochastic", block=2, inner=10, steps=40, every=1, observe=seen)
    moved = np.abs(np.diff(r.trace["W"], axis=0)).max(axis=1) > 1e-12
    for k in range(40):
        assert set(np.flatnonzero(moved[k])) <= set(r.trace["block"][k + 1])
    assert [k for k, text in r.events] == [0, 10, 20, 30, 40] and moved.any()


def test_the_risk_is_exact():
    """The arc-cosine kernel gives the mean square of sampled differences."""
    task, g = teacher_student(10, 0, dim=4), np.random.default_rng(0)
    W, c, x = g.normal(size=(6, 4)), g.normal(size=6), g.normal(size=(400_000, 4))
    f = np.maximum(x @ W.T, 0) @ c - np.maximum(x @ task.vectors.T, 0) @ task.weights
    assert np.isclose(task.risk(W, c), np.mean(f**2), rtol=0.02)
    assert np.isclose(relu_kernel(W, W)[2, 2], W[2] @ W[2] / 2)
    y = np.maximum(x @ task.vectors.T, 0) @ task.weights
    assert np.isclose(y.var(), 1, rtol=0.02)


STUDENTS = {"RF": dict(method="fixed"), "OPT": dict(method="cayley"), "S-OPT": dict(method="stochastic", block=5),
            "LIN": dict(method="linear"), "small": dict(method="free", width=8), "GD": dict(method="free"),
            "decay": dict(method="free", decay=1e-3)}


@slow
def test_when_a_rotation_generalises_better():
    """The orderings of the experiment with five tasks, four sizes and seven students; and what the energy does."""
    sizes, risk, change = (50, 100, 200, 400), {}, {}
    for name, way in STUDENTS.items():
        runs = [compare_training(n=n, rng=range(5), every=50, **way) for n in sizes]
        risk[name] = dict(zip(sizes, [np.mean([r.trace["risk"][-1] for r in rs]) for rs in runs]))
        change[name] = [np.abs(r.trace["energy"] / r.trace["energy"][0] - 1).max() for rs in runs for r in rs]
    assert all(risk["GD"][n] < risk["OPT"][n] for n in (50, 100))
    assert all(risk["OPT"][n] < risk["GD"][n] / 1.5 for n in (200, 400))
    assert all(risk["small"][n] < 1.1 * risk["OPT"][n] for n in (200, 400))
    assert all(risk["decay"][n] < risk["GD"][n] for n in sizes)
    assert all(risk["decay"][n] < min(risk["OPT"][n], risk["S-OPT"][n], risk["LIN"][n]) for n in (50, 100))
    assert risk["RF"][100] < risk["OPT"][100] and risk["OPT"][400] < risk["RF"][400]
    assert max(max(change[name]) for name in ("RF", "OPT", "S-OPT")) < 1e-12
    assert min(min(change[name]) for name in ("LIN", "small", "GD", "decay")) > 1e-3


# --- tensors --------------------------------------------------------------------------------------


@pytest.mark.parametrize("d, order", [(3, 3), (4, 3), (6, 3), (4, 4), (3, 5), (5, 2)])
def test_the_tangent_dimension(d, order):
    """The rank of the directions is the count, also for fewer components than dimensions."""
    for m in range(1, rotated_width(d, order) + 3):
        c = np.random.default_rng(m).normal(size=m)
        assert rotated_tangent_rank(sphere([m], 0, m, d)[0], c, order) == rotated_dimension(m, d, order)


def test_golden_widths():
    """The threshold is 14 for cubics in four variables, 175 in ten, and d for matrices."""
    assert [rotated_width(4, 3), rotated_width(10, 3), rotated_width(10, 2)] == [14, 175, 10]


def random_cubic(seed):
    """Return a cubic in four variables, Gaussian in orthonormal coordinates."""
    from tensor_overparam.tensors.kernels import weigh
    from tensor_overparam.tensors.monomials import pack_coordinates
    t = np.random.default_rng([7, seed]).normal(size=20)
    return Dense.from_rows(weigh(pack_coordinates(t, 4, 3), 3), 3)


def cubic_errors(m, count):
    """Return the errors of the best of ten fits with m components to random cubics."""
    return np.array([rotated_fit(random_cubic(s), m, restarts=10, rng=s).relative_error for s in range(count)])


@pytest.mark.parametrize("m, fits", [(13, False), (14, True)])
def test_the_threshold_for_two_random_tensors(m, fits):
    """Thirteen components do not fit them, fourteen do."""
    errors = cubic_errors(m, 2)
    assert (errors < 1e-6 if fits else errors > 1e-4).all()


@slow
def test_the_threshold_for_random_tensors():
    """Thirteen components fit none of eight random cubics, fourteen all; below, errors are as large as they were."""
    errors = {m: cubic_errors(m, 8) for m in (4, 8, 12, 13, 14, 15)}
    assert (errors[13] > 1e-4).all() and (errors[14] < 1e-6).all() and (errors[15] < 1e-6).all()
    for m, known in ((4, 0.42), (8, 0.26), (12, 0.035), (13, 0.011)):
        assert known / 3 < np.median(errors[m]) < 3 * known


def planted_errors(r, m, count=6):
    """Return the errors of fits with m components to targets of r."""
    return np.array([rotated_fit(gaussian(4, r, 3, rng=10 * r + s), m, rng=s).relative_error for s in range(count)])


@pytest.mark.parametrize("r, m, fits", [(1, 1, True), (1, 6, True), (2, 8, False), (2, 15, True), (3, 14, True)])
def test_two_planted_targets(r, m, fits):
    """One atom is always found, two and three above the threshold only."""
    assert ((planted_errors(r, m, 2) < 1e-6) == fits).all()


@slow
def test_planted_targets():
    """One atom is always found, two only above the threshold, three and four at it; errors in their known size."""
    errors = planted_errors
    assert (errors(1, 1) < 1e-6).all() and (errors(1, 6) < 1e-6).all()
    for r, table in ((2, (0.036, 0.0092, 0.0021)), (3, (0.137, 0.019, 0.0058)), (4, (0.25, 0.10, 0.015))):
        for m, known in zip((4, 8, 12), table):
            found = errors(r, m)
            assert (found > 1e-6).all() and known / 6 < np.median(found) < 6 * known
    assert np.sum(errors(2, 14) < 1e-6) <= 2 and (errors(2, 15) < 1e-6).all()
    assert (errors(3, 14) < 1e-6).all() and (errors(4, 14) < 1e-6).all()


def test_orthonormal_components():
    """They fit orthogonally decomposable tensors, and symmetric matrices with their eigenvalues as weights."""
    for d, order in ((4, 3), (5, 3), (4, 4)):
        T = orthogonal(d, d, order, weights=np.linspace(1, 2, d), rng=d)
        assert rotated_fit(T, np.eye(d), restarts=20).relative_error < 1e-7
    A = np.random.default_rng(0).normal(size=(5, 5))
    fit = rotated_fit(A + A.T, np.eye(5), restarts=20)
    assert np.allclose(np.sort(fit.student.weights), np.linalg.eigvalsh(A + A.T), atol=1e-6)
    assert defect(fit.rotation) < 1e-12


class Own:
    """The third power of the norm against a fixed vector: a target of three members."""

    order, dim = 3, 4

    def contract(self, C):
        """Return the gradient of |c|² c_1, over three."""
        first = np.zeros_like(C)
        first[..., 0] = np.sum(C * C, axis=-1)
        return (first + 2 * C[..., :1] * C) / 3


@pytest.mark.parametrize("target", [gaussian(4, 3, 3, rng=1), random_cubic(1), Own(),
                                    Sum(((1.0, gaussian(4, 3, 3, rng=1)), (-0.3, random_cubic(1))))])
def test_the_gradient_of_the_projected_loss(target):
    """Variable projection has the gradient that differences give, for every kind of target."""
    loss, a = rotated_loss(target, sphere([1], 0, 5, 4)[0]), np.random.default_rng(0).normal(size=6)
    near = [(loss(a + h)[0] - loss(a - h)[0]) / 2e-6 for h in 1e-6 * np.eye(6)]
    assert np.allclose(loss(a)[1], near, rtol=1e-6, atol=1e-6 * np.abs(near).max())


# --- what is refused, and what is not imported ----------------------------------------------------


@pytest.mark.parametrize("call, words", [
    (lambda: gram_schmidt(np.ones((3, 3))), "dependent"),
    (lambda: gram_schmidt(np.ones((2, 3))), "at most as many"),
    (lambda: gram_schmidt(np.full((3, 3), np.nan)), "NaN"),
    (lambda: lowdin(np.ones((3, 3))), "singular"),
    (lambda: lowdin(np.ones((3, 2))), "shape"),
    (lambda: householder(np.zeros((2, 3))), "zero"),
    (lambda: cayley([1.0, 2.0]), "d\\(d-1\\)/2"),
    (lambda: cayley(1.0), "shape"),
    (lambda: exponential([np.inf]), "finite"),
    (lambda: riemannian_step(np.eye(2), np.eye(2), 0.1, 0), "iterations"),
    (lambda: procrustes(np.ones((3, 2)), np.ones((4, 2))), "same shape"),
    (lambda: hyperspherical_energy(np.ones((1, 3))), "at least two"),
    (lambda: hyperspherical_energy(np.zeros((2, 3))), "zero"),
    (lambda: hyperspherical_energy(np.eye(3), -1), "s is"),
    (lambda: mean_energy(1, 3), "m is 1"),
    (lambda: least_energy(6, 4), "up to 5"),
    (lambda: least_energy(5, 4, half_space=True), "up to 4"),
    (lambda: minimise_energy(np.ones((2, 3, 4))), "one set"),
    (lambda: teacher_student(0), "n is 0"),
    (lambda: compare_training("turn", 10), "one of 'fixed'"),
    (lambda: compare_training("cayley", 10, decay=-1), "decay"),
    (lambda: compare_training("stochastic", 10, block=11), "block"),
    (lambda: train_neurons(None, np.ones((3, 2)), np.ones(2)), "shapes"),
    (lambda: train_neurons(None, np.ones((2, 3, 2)), np.ones((2, 3)), rng=[1, 2, 3]), "3 seeds"),
    (lambda: rotated_dimension(0, 3, 3), "m is 0"),
    (lambda: rotated_width(3, 1), "order"),
    (lambda: rotated_width("a", 3), "dim is 'a'"),
    (lambda: train_neurons(np.dot, np.eye(3), np.ones(3), observe=3), "observe is 3"),
    (lambda: train_neurons(None, np.eye(3), np.ones(3), stepz=3), "no option 'stepz'; did you mean 'steps'"),
    (lambda: rotated_fit(np.zeros((2, 2, 2)), 3), "zero"),
    (lambda: rotated_fit(gaussian(3, 1, 3), np.eye(4)), "expected \\(m, 3\\)"),
    (lambda: rotated_fit(gaussian(3, 1, 3), 2, restarts=0), "restarts"),
])
def test_what_cannot_be_done_is_refused_in_a_sentence(call, words):
    """Bad input gives a ValueError that says what came and what was expected."""
    with pytest.raises(ValueError, match=words):
        call()


def test_no_trainer_is_imported():
    """The modules about rotations know the protocol and the loop, and no tensor trainer."""
    folder = Path(tensor_overparam.__file__).parent / "rotation"
    for name in ("maps", "energy", "training", "tensors"):
        tree = ast.parse((folder / f"{name}.py").read_text(encoding="utf-8"))
        imported = {x.module for x in ast.walk(tree) if isinstance(x, ast.ImportFrom) and x.level}
        assert {module for module in imported if module.startswith("descent")} <= {"descent.objective"}
        assert not any(module.startswith("plots") for module in imported)
