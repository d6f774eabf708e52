"""Adaptive methods in over-parameterised regression: optimisers, limits, risks, counterexamples, and their claims."""

import ast
import inspect

import numpy as np
import pytest

from tensor_overparam.core.loop import Run, Stop
from tensor_overparam.implicit_bias import (
    claims as checks_adaptive,
)
from tensor_overparam.implicit_bias import (
    claims_generalisation as checks_generalisation,
)
from tensor_overparam.implicit_bias import (
    counterexamples,
    interpolants,
)
from tensor_overparam.implicit_bias import (
    optimisers as adaptive,
)
from tensor_overparam.implicit_bias.counterexamples import (
    accuracy,
    block_limit,
    gd_threshold,
    scaled_features,
    unseen_scores,
    wilson_data,
)
from tensor_overparam.implicit_bias.interpolants import (
    adagrad_flow,
    constant_bound,
    contraction,
    effective_ridge,
    exact_risk,
    freeze_tail,
    keeps_span,
    min_norm,
    preconditioned_risk,
    sign_limit,
    span_split,
    weighted_min_norm,
)
from tensor_overparam.implicit_bias.optimisers import OPTIMISERS, Optimiser, as_regression, descend, gaussian_regression

X, Y, W_STAR = gaussian_regression()
TINY = np.array([[1.0, 2, 0, -1], [0, 1, 1, 3]]), np.array([1.0, -2])


def sem(x):
    """Return the standard error of the mean."""
    return np.std(x, axis=0, ddof=1) / len(x) ** 0.5


# --- optimisers -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name, options, w",
    [
        ("adagrad", {"learning_rate": 0.5}, (0.46545986, -0.06199338, -0.51140803, -0.50851208)),
        ("rmsprop", {"learning_rate": 0.1, "beta2": 0.9}, (0.51118033, -0.05683024, -0.49291122, -0.49784715)),
        ("adam", {"learning_rate": 0.1}, (0.47595038, 0.04251159, -0.47106153, -0.47187357)),
    ],
)
def test_five_steps_by_independent_arithmetic(name, options, w):
    """Golden numbers, to the digits printed."""
    assert np.abs(descend(*TINY, name, steps=5, **options).w - w).max() < 6e-9


def test_nesterov_is_what_nesterov_wrote():
    """Velocity and iterate of 1983, the gradient taken at the point ahead; what `descend` follows is that point."""
    examples, labels = TINY
    rate, momentum, w, velocity = 0.02, 0.8, np.zeros(4), np.zeros(4)
    for _ in range(5):
        velocity = momentum * velocity - rate * examples.T @ (examples @ (w + momentum * velocity) - labels)
        w = w + velocity
    run = descend(*TINY, "nesterov", learning_rate=rate, momentum=momentum, steps=5)
    assert np.abs(run.w - (w + momentum * velocity)).max() < 1e-14
    heavy = descend(*TINY, "momentum", learning_rate=rate, momentum=momentum, steps=5)
    assert np.abs(run.w - heavy.w).max() > 0.01


def test_the_reference_instance():
    assert abs(W_STAR @ W_STAR - 127.0133) < 5e-5
    assert abs(np.linalg.norm(min_norm(X, Y)) - 6.589259) < 5e-7
    assert abs(np.sum((min_norm(X, Y) - W_STAR) ** 2) - 83.5950) < 5e-5


COSINE = {"schedule": "cosine", "steps": 40_000}
TABLE = {  # name, options, steps, ‖out‖, ‖w‖, ‖w-w*‖², tolerance
    "gd": ("gd", {}, 246, 0, 6.589259, 83.5950, 1e-4),
    "momentum": ("momentum", {}, 604, 0, 6.589259, 83.5950, 1e-4),
    "full AdaGrad": ("full-adagrad", {}, 721, 0, 6.589259, 83.5950, 1e-4),
    "LM": ("newton", {}, 10, 0, 6.589259, 83.5950, 1e-4),
    "AdaGrad 1": ("adagrad", {"learning_rate": 1.0}, 203, 5.76144, 8.7529, 110.56, 1e-4),
    "AdaGrad .1": ("adagrad", {"learning_rate": 0.1}, 2041, 4.42914, 7.9395, 106.98, 1e-4),
    "RMSProp": ("rmsprop", COSINE, 40_000, 4.41498, 7.9316, 106.88, 1e-2),
    "Adam": ("adam", {"learning_rate": 0.001}, 6441, 4.60594, 8.0395, 109.58, 1e-2),
    "Adam, cosine": ("adam", COSINE, 1062, 4.51389, 7.9871, 107.94, 1e-2),
}


@pytest.mark.parametrize("row", TABLE.values(), ids=TABLE)
def test_limits_on_the_reference_instance(row):
    """Every method interpolates, ends inside at w_mn to 1e-8, and outside where the table says."""
    name, options, steps, out, norm, error, room = row
    fit = descend(X, Y, name, tol=1e-14, **options)
    assert fit.relative_residual < 2e-14 and fit.in_span < 1e-8
    assert abs(fit.run.final.step - steps) <= 0.01 * steps
    assert abs(fit.out_of_span - out) < (room if out else 1e-10)
    assert abs(np.linalg.norm(fit.w) - norm) < room
    assert abs(np.sum((fit.w - W_STAR) ** 2) - error) < 2 * room + 0.005  # printed to .01
    if OPTIMISERS[name].keeps_span:
        assert np.linalg.norm(fit.w - min_norm(X, Y)) < 1e-8


@pytest.mark.slow
def test_adagrad_with_a_small_rate():
    """The long run ends where its frozen tail says, and where the table says."""
    fit = descend(X, Y, "adagrad", learning_rate=0.01, tol=1e-13, steps=400_000)
    assert fit.relative_residual < 2e-13 and abs(fit.out_of_span - 4.49985) < 1e-4
    assert abs(np.linalg.norm(fit.w) - 7.9792) < 1e-4 and abs(np.sum((fit.w - W_STAR) ** 2) - 109.13) < 0.006
    early = descend(X, Y, "adagrad", learning_rate=0.01, steps=30_000)
    assert np.linalg.norm(freeze_tail(early) - fit.w) < 1e-8


@pytest.mark.slow
@pytest.mark.parametrize(
    "rate, out, room",
    [(3, 15.3, 0.05), (1, 5.76, 0.005), (0.3, 4.10, 0.005), (0.1, 4.43, 0.005), (0.03, 4.48, 0.005)]
    + [(0.01, 4.500, 0.0005), (0.003, 4.502, 0.0005)],
)
def test_adagrads_limit_depends_on_its_rate(rate, out, room):
    """Tails frozen; tends to the limit of the flow."""
    w = freeze_tail(descend(X, Y, "adagrad", learning_rate=rate, steps=int(500 + 3 / rate**2)))
    assert abs(np.linalg.norm(span_split(w, X).outside) - out) < room
    assert rate > 0.1 or np.linalg.norm(w - adagrad_flow(X, Y)) < 6 * rate


def test_rmsprop_at_a_constant_rate_hovers():
    """It has not converged after 4e4 steps, and η λ_max(X D Xᵀ) is just above 2."""
    edge = {"edge": lambda s: 0.01 * np.linalg.eigvalsh((X * (0.0 if s.params.D is None else s.params.D)) @ X.T)[-1]}
    run = descend(X, Y, "rmsprop", steps=40_000, every=20, observe=edge).run
    late = run.step >= 39_000
    assert run.stop is Stop.BUDGET and run.trace["relative_residual"][late].min() > 1e-4
    assert 2 < run.trace["edge"][late].mean() < 2.2 and run.trace["edge"][late].max() < 2.4


def test_a_batch_of_all_examples_is_the_full_gradient():
    full, batch = (descend(X, Y, "adagrad", batch_size=b, steps=200).w for b in (None, 30))
    assert np.allclose(full, batch, atol=1e-10)


def test_small_batches_are_decided_by_the_seed():
    """The same order for the same seed, another for another, and every example once an epoch."""
    one, same, other = (descend(X, Y, "adam", batch_size=7, steps=50, rng=seed).w for seed in (0, 0, 1))
    assert (one == same).all() and np.abs(one - other).max() > 1e-3
    generator = descend(X, Y, "gd", batch_size=7, steps=3, rng=np.random.default_rng(2))
    assert sorted(generator.run.final.params.order) == list(range(30))


def test_momentum_does_not_change_the_class_of_a_small_batch():
    for name in ("gd", "momentum", "nesterov", "newton", "full-adagrad"):
        fit = descend(X, Y, name, batch_size=5, steps=3000)
        assert fit.out_of_span < 1e-10


def test_records_and_files(tmp_path):
    """One cheap call gives the two curves; the run is a Run like any other."""
    A, b = X.copy(), Y.copy()
    fit = descend(A, b, "adam", steps=300, every=1)
    assert (A == X).all() and (b == Y).all()
    assert fit.run.trace["in_span"].shape == fit.run.trace["out_of_span"].shape == (301,)
    assert fit.run.trace["in_span"][0] == pytest.approx(np.linalg.norm(min_norm(X, Y)))
    inside, outside = span_split(fit.w, X)
    assert fit.out_of_span == pytest.approx(np.linalg.norm(outside))
    assert fit.in_span == pytest.approx(np.linalg.norm(inside - min_norm(X, Y)))
    assert np.isclose(fit.run.final.time, 300 * 0.01) and "Descent(adam, 300 steps" in repr(fit)
    fit.run.save(tmp_path / "run.npz")
    again = Run.load(tmp_path / "run.npz")
    assert (again.final.params.w == fit.w).all() and again.config["optimiser"] == "adam"
    diagonal = descend(X, Y, "preconditioned", D=np.full(100, 2.0), steps=3)
    diagonal.run.save(tmp_path / "run.npz")
    assert "table" in fit._repr_html_()


def test_an_optimiser_of_ones_own():
    normalised = Optimiser(lambda p, g, o, problem: (g / np.linalg.norm(g), {}), 0.1, keeps_span=True)
    fit = descend(X, Y, normalised, schedule=lambda x: (1 - x) ** 2, steps=2000)
    assert fit.out_of_span < 1e-10 and fit.in_span < 1e-3


def test_weight_decay_leaves_a_residual():
    ends = [descend(X, Y, "adamw", decay=decay, schedule="cosine").relative_residual for decay in (0.1, 0.01, 0.0)]
    assert 5 < ends[0] / ends[1] < 20 and ends[2] <= 1e-10


@pytest.mark.parametrize(
    "arguments, options, message",
    [
        ((np.ones((3, 5)), [1, 2, 3]), {}, "rank 1"),
        ((X, Y[:-1]), {}, "shape"),
        ((X.T, W_STAR), {}, "n at most d"),
        ((X * np.nan, Y), {}, "NaN"),
        ((X, 0 * Y), {}, "zero"),
        ((X, Y, "adamm"), {}, "expected an Optimiser or one of gd"),
        ((X, Y, "adam"), {"momentum": 0.9}, "no option momentum"),
        ((X, Y), {"learning_rate": 0.0}, "positive"),
        ((X, Y), {"learning_rate": 0.1}, "diverged"),
        ((X, Y), {"learning_rate": "safe"}, "diagonal D"),
        ((X, Y), {"learning_rate": "fast"}, "safe"),
        ((X, Y), {"batch_size": 31}, "1 to 30"),
        ((X, Y), {"schedule": "cosin"}, "cosine"),
        ((X, Y), {"start": np.zeros(3)}, r"expected \(100,\)"),
        ((X, Y), {"steps": -1}, "at least 0"),
        ((X, Y, "preconditioned"), {"D": -np.ones(100)}, "positive"),
        ((X, Y, "preconditioned"), {"D": np.ones(3)}, "shape"),
        ((*TINY, "adagrad"), {"epsilon": 0.0}, "epsilon"),
        ((X, Y), {"observe": 3}, "observe is 3; expected a dict of functions"),
        ((X, Y), {"rng": "a"}, "rng is 'a'; expected a nonnegative integer seed"),
        ((X, Y), {"rng": -1}, "rng is -1; expected a nonnegative integer seed"),
    ],
)
def test_bad_input_is_refused_in_a_sentence(arguments, options, message):
    with pytest.raises(ValueError, match=message):
        descend(*arguments, **options)


@pytest.mark.parametrize("arguments, message", [
    ({"n": 3, "d": -1}, "d is -1; expected an integer of at least 1"), ({"n": 0, "d": 3}, "n is 0; expected"),
    ({"n": 2.5}, "n is 2.5"), ({"d": "a"}, "d is 'a'"), ({"rng": "a"}, "rng is 'a'; expected a nonnegative"),
])
def test_examples_that_cannot_be_drawn_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        gaussian_regression(**arguments)


def test_a_diverged_run_is_kept_on_request():
    fit = descend(X, Y, learning_rate=0.1, keep_diverged=True)
    assert fit.run.stop is Stop.DIVERGED and np.isfinite(fit.w).all()


def test_the_modules_know_the_loop_and_no_trainer():
    ground = {"_typing", "tensors.checks", "core.loop", "core.claim", "core.interval"}
    allowed = ground | {"optimisers", "interpolants", "counterexamples"}
    for module in (adaptive, interpolants, counterexamples, checks_adaptive, checks_generalisation):
        nodes = ast.walk(ast.parse(inspect.getsource(module)))
        assert {n.module for n in nodes if isinstance(n, ast.ImportFrom) and n.level} <= allowed


# --- interpolants ---------------------------------------------------------------------------------


def test_closed_forms_by_golden_numbers():
    w = weighted_min_norm(*TINY, [1, 4, 0.25, 2])
    assert np.abs(w - [0.06268657, 0.11940299, -0.0238806, -0.69850746]).max() < 6e-9
    assert np.abs(min_norm(*TINY) - [0.13846154, 0.10769231, -0.16923077, -0.64615385]).max() < 6e-9
    assert effective_ridge([1, 2, 4, 8], 2) == pytest.approx(8**0.5, abs=1e-9)
    assert preconditioned_risk([1, 2, 4, 8], np.ones(4), 2) == pytest.approx(2.591188018, abs=6e-10)
    assert constant_bound(9.0) == pytest.approx(4 / 3)


def test_the_weighted_solution_satisfies_the_optimality_conditions():
    """Xw = y, and D⁻¹(w-w0) in the row space; diagonal and full D, and D = I."""
    rng = np.random.default_rng(0)
    A, w0 = rng.normal(size=(100, 100)), rng.normal(size=100)
    for D in (rng.uniform(0.1, 10, 100), A @ A.T / 100 + 0.1 * np.eye(100)):
        w = weighted_min_norm(X, Y, D, w0)
        dual = (w - w0) / D if D.ndim == 1 else np.linalg.solve(D, w - w0)
        assert np.allclose(X @ w, Y, atol=1e-9) and np.linalg.norm(span_split(dual, X).outside) < 1e-8
        fit = descend(X, Y, "preconditioned", D=D, start=w0, tol=1e-13, steps=50_000)
        assert np.linalg.norm(fit.w - w) < 1e-8
    assert np.allclose(weighted_min_norm(X, Y, np.ones(100)), min_norm(X, Y))


def test_span_split_of_a_batch():
    w = np.random.default_rng(1).normal(size=(4, 3, 100))
    inside, outside = span_split(w, X)
    assert np.allclose(inside + outside, w) and np.abs(outside @ X.T).max() < 1e-12
    assert np.allclose(span_split(inside, X).inside, inside)
    repeated = np.vstack([X, X[:5]])  # of lower rank than rows
    assert np.allclose(span_split(w, repeated).inside, inside)


def test_keeps_span_is_what_it_says():
    """True exactly where the limit from zero is the shortest solution."""
    rng = np.random.default_rng(2)
    groups = np.zeros((7, 20))
    groups[:4, :12], groups[4:, 12:] = rng.normal(size=(4, 12)), rng.normal(size=(3, 8))
    split, y, newton = np.repeat([1.0, 5.0], [12, 8]), rng.normal(size=7), np.linalg.inv(groups.T @ groups + np.eye(20))
    for D in (split, split[::-1], np.full(20, 3.0), rng.uniform(1, 2, 20), newton):
        same = np.allclose(weighted_min_norm(groups, y, D), min_norm(groups, y), atol=1e-9)
        assert keeps_span(D, groups) == same
    assert keeps_span(split, groups) and not keeps_span(split[::-1], groups)


def test_the_frozen_tail_is_exact_for_a_constant_preconditioner():
    D = np.random.default_rng(3).uniform(0.5, 2, 100)
    early = descend(X, Y, "preconditioned", D=D, steps=5)
    assert np.allclose(freeze_tail(early), weighted_min_norm(X, Y, D), atol=1e-9)
    one = freeze_tail(descend(X, Y, "adagrad", batch_size=1, steps=3000))
    assert np.linalg.norm(one - descend(X, Y, "adagrad", batch_size=1, steps=60_000, tol=1e-12).w) < 1e-4


@pytest.mark.parametrize("steps, error", [(10, 0.39), (50, 0.014), (200, 2e-6)])
def test_the_error_of_a_frozen_tail(steps, error):
    limit = descend(X, Y, "adagrad", tol=1e-14).w
    gap = np.linalg.norm(freeze_tail(descend(X, Y, "adagrad", steps=steps)) - limit)
    assert gap == pytest.approx(error, rel=0.05)


def test_contraction_and_bad_arguments():
    sigma = np.linalg.svd(X, compute_uv=False)
    assert contraction(X, 1 / sigma[0] ** 2, 1, 1) == pytest.approx(1 - (sigma[-1] / sigma[0]) ** 2)
    for call, message in [
        (lambda: weighted_min_norm(*TINY, [1, -4, 0.25, 2]), "positive definite"),
        (lambda: weighted_min_norm(*TINY, [1, 2]), r"expected \(4,\)"),
        (lambda: weighted_min_norm(*TINY, np.ones(4), [1.0]), "w0 has shape"),
        (lambda: span_split(np.ones(3), X), "100 features"),
        (lambda: keeps_span(np.ones(3), X), "100"),
        (lambda: sign_limit(X, Y), "no positive multiple"),
        (lambda: constant_bound(0.5), "at least 1"),
        (lambda: effective_ridge(np.ones(4), 4), "0 < n < d"),
        (lambda: exact_risk(X, np.ones(3), np.ones(3)), "shapes"),
    ]:
        with pytest.raises(ValueError, match=message):
            call()


@pytest.mark.parametrize("power", [0.0, 0.25, 0.5, 0.6])
def test_the_limit_of_signs_for_every_power(power):
    """One example: coordinate j of the direction is a multiple of x_j |x_j|^(-2β), from the first step to the end."""
    x, y = np.array([[2.0, 1.0, -0.5]]), np.array([3.0])
    limit = sign_limit(x, y, power)
    expected = x[0] * np.abs(x[0]) ** (-2 * power)
    assert np.allclose(limit, expected * 3 / (x[0] @ expected), rtol=1e-13)
    run = descend(x, y, "adagrad", learning_rate=0.3, power=power, epsilon=1e-12, steps=4000)
    assert np.allclose(run.w, limit, rtol=1e-6)


@pytest.mark.parametrize(
    "gamma, formula, measured, error",
    [(0, 75.00, 74.85, 0.20), (1, 16.97, 17.10, 0.04), (0.5, 23.36, 23.81, 0.11), (-0.5, 124.0, 123.8, 0.3)],
)
def test_risk_of_a_constant_preconditioner(gamma, formula, measured, error):
    """The formula to its digits; exact risks within 3 standard errors of recorded means, 2 % of the formula."""
    s = np.arange(1.0, 101) ** -1.5
    s *= 100 / s.sum()
    assert preconditioned_risk(s**gamma, s, 25) == pytest.approx(formula, abs=0.051 if formula > 100 else 0.0051)
    rng = np.random.default_rng(4)
    x = [exact_risk(rng.normal(size=(25, 100)), s**gamma, s) for _ in range(200)]
    assert abs(np.mean(x) - measured) < 3 * np.hypot(sem(x), error)
    assert abs(np.mean(x) - formula) < 0.02 * formula


# --- counterexamples ------------------------------------------------------------------------------


def test_closed_forms_on_the_data_of_wilson():
    for a, b in ((14, 6), (9, 1), (44, 6)):
        A, y = wilson_data(a, b)
        w, total = min_norm(A, y), 8 * a * b + 15 * a + 3 * b + 5
        alpha = block_limit(a, b).alpha
        assert np.allclose(alpha, ((4 * b + 5) / total, -(4 * a + 1) / total), atol=1e-15)
        assert np.allclose(A.T @ np.where(y > 0, *alpha), w, atol=1e-13)
        assert w @ w == pytest.approx(a * alpha[0] - b * alpha[1], abs=1e-12)
        assert np.allclose(unseen_scores(w), block_limit(a, b).scores, atol=1e-13)
        sign = sign_limit(A, y)
        assert np.allclose(sign, np.sign(y @ A) / 4, atol=1e-13)
        assert sign @ sign == pytest.approx((3 + a + 5 * b) / 16)
    assert [round(gd_threshold(*n), 4) for n in ((9, 1), (44, 6), (87, 13))] == [0.8636, 0.4279, 0.2981]


@pytest.mark.parametrize("name", ["adagrad", "rmsprop", "adam"])
def test_adaptive_methods_are_worse(name):
    """The counterexample: GD right on every test point, adaptive methods say +1."""
    A, y = wilson_data(14, 6)
    gd = descend(A, y, "gd", tol=1e-13, steps=40_000).w
    fit = descend(A, y, name, schedule="cosine", epsilon=1e-14, tol=1e-13)
    assert np.allclose(unseen_scores(gd), (0.967956, -0.685083), atol=1e-6) and accuracy(unseen_scores(gd), 7 / 8) == 1
    assert np.allclose(unseen_scores(fit.w), (0.75, 0.25), atol=1e-8) and fit.relative_residual < 1e-9
    assert (accuracy(unseen_scores(fit.w), 7 / 8), accuracy(unseen_scores(fit.w))) == (7 / 8, 1 / 2)
    assert gd @ gd == pytest.approx(0.826519, abs=1e-6) and fit.w @ fit.w == pytest.approx(2.9375, abs=1e-8)


SMALL_FEATURE = [
    ((9, 1), 1 / 32, (0.5, 0.5, 0.5, 1), 7.134, 518),
    ((9, 1), 1 / 8, (0.5, 0.5, 0.5, 1), 2.596, 1675),
    ((44, 6), 1 / 32, (0.5, 0.5, 0.5, 1), 2.943, 2373),
    ((87, 13), 1 / 16, (0.5, 0.5, 0.5, 1), 2.968, 2699),
    ((44, 6), 1 / 2, (1, 0.5, 0.5, 1), 4.48, 2259),
    ((87, 13), 1 / 2, (1, 0.5, 0.5, 1), 5.55, 2278),
    ((9, 1), 1, (1, 0.5, 0.5, 0.5), 4.0, None),
    ((44, 6), 1, (1, 0.5, 0.5, 0.5), None, None),
    ((87, 13), 1, (1, 0.5, 0.5, 0.5), 9.9, None),
]


@pytest.mark.parametrize("n, ell, accuracies, ratio, steps", SMALL_FEATURE)
def test_a_longer_solution_is_better(n, ell, accuracies, ratio, steps):
    """Counter-counterexample A: accuracies, norm ratios and steps of the table."""
    A, y = wilson_data(*n, ell)
    shortest = min_norm(A, y)
    fits = [descend(A, y, "windowed", power=beta, learning_rate="safe") for beta in (0.5, 1.0, 2.0)]
    assert max(fit.relative_residual for fit in fits) <= 1e-10
    assert tuple(accuracy(unseen_scores(w, ell)) for w in (shortest, *(fit.w for fit in fits))) == accuracies
    measured = np.linalg.norm(fits[-1].w) / np.linalg.norm(shortest)
    assert ratio is None or abs(measured - ratio) < (0.0006 if ratio * 1000 % 10 else 0.04)
    assert steps is None or abs(fits[-1].run.final.step - steps) <= 5
    assert 4.0 < measured < 9.91 if ell == 1 else measured > 2


def test_a_cautious_rate_has_not_interpolated():
    """With a fixed small step the same method has a norm below that of the shortest solution: look at the residual."""
    A, y = wilson_data(44, 6, 1 / 32)
    fit = descend(A, y, "windowed", learning_rate=0.01 / np.linalg.norm(A, 2) ** 2, steps=20_000)
    assert fit.relative_residual > 0.5 and np.linalg.norm(fit.w) < np.linalg.norm(min_norm(A, y))


SCALED = {  # mean error, its standard error, accuracy, norm
    "gd": (1.268, 0.027, 0.603, 36.1),
    "single": (0.904, 0.015, 0.638, 41.3),
    "columns": (0.894, 0.015, 0.639, 41.1),
    "1/s": (0.891, 0.015, 0.640, 41.0),
    "full": (1.150, 0.037, 0.611, 45),
    "adam": (1.141, 0.037, 0.611, 45),
    "whitening": (0.712, 0.013, 0.680, 60.8),
}
SOLUTIONS = {
    "gd": lambda p: min_norm(p.X, p.y),
    "single": lambda p: freeze_tail(descend(p.X, p.y, "adagrad", learning_rate=0.3, batch_size=1, steps=4000)),
    "columns": lambda p: weighted_min_norm(p.X, p.y, 1 / np.linalg.norm(p.X, axis=0)),
    "1/s": lambda p: weighted_min_norm(p.X, p.y, 1 / p.sigma),
    "full": lambda p: freeze_tail(descend(p.X, p.y, "adagrad", steps=2000)),
    "adam": lambda p: descend(p.X, p.y, "adam").w,
    "whitening": lambda p: weighted_min_norm(p.X, p.y, 1 / p.sigma**2),
}


@pytest.mark.parametrize("name", SCALED)
def test_adagrad_is_better_on_many_scales(name):
    """Counter-counterexample B. The order of single examples is ours, so that row agrees to a few standard errors."""
    error, room, right, norm = SCALED[name]
    problems = [scaled_features(rng=seed) for seed in range(10)]
    w = [SOLUTIONS[name](p) for p in problems]
    x = np.array([p.error(v) for p, v in zip(problems, w)])
    shown = 0.015 if name == "single" else 0.0006
    assert abs(x.mean() - error) < shown and abs(sem(x) - room) < 0.002
    assert abs(np.mean([p.sign_accuracy(v) for p, v in zip(problems, w)]) - right) < 0.0015
    assert abs(np.mean([np.linalg.norm(v) for v in w]) - norm) < 0.5
    gain = np.array([p.error(min_norm(p.X, p.y)) for p in problems]) - x
    for row, mean, err in (("single", 0.365, 0.018), ("full", 0.118, 0.031)):
        assert name != row or (abs(gain.mean() - mean) < 0.01 and abs(sem(gain) - err) < 0.004)


def test_risk_of_scaled_features():
    """Theory for three solutions, and 400 draws of gradient descent's mean."""
    sigma, flat = scaled_features().sigma, np.full(200, 1 / 200)
    risk = [preconditioned_risk(D * sigma**2, flat, 60) for D in (np.ones(200), 1 / sigma, 1 / sigma**2)]
    assert np.allclose(risk, (1.348, 0.906, 0.700), atol=6e-4)
    x = [exact_risk(np.random.default_rng([6, s]).normal(size=(60, 200)), sigma**2, flat) for s in range(400)]
    assert abs(np.mean(x) - 1.3512) < 3 * np.hypot(sem(x), 0.0012)


@pytest.mark.parametrize("name, mean, error", [("gd", 0.031, 0.008), ("full", 0.117, 0.018)])
def test_the_opposite_truth(name, mean, error):
    problems = [scaled_features(truth="w", rng=seed) for seed in range(10)]
    x = [p.error(SOLUTIONS[name](p)) for p in problems]
    assert abs(np.mean(x) - mean) < 0.002 and abs(sem(x) - error) < 0.002


def test_bad_data_are_refused():
    for call, message in [
        (lambda: wilson_data(0, 3), "both labels"),
        (lambda: wilson_data(2.5, 3), "integers"),
        (lambda: wilson_data(2, 3, -1), "positive"),
        (lambda: scaled_features(truth="x"), "expected 'z' or 'w'"),
    ]:
        with pytest.raises(ValueError, match=message):
            call()


def test_a_prepared_problem_is_used_as_it_is():
    problem = as_regression(X, Y)
    assert (descend(problem, optimiser="adagrad", steps=50).w == descend(X, Y, "adagrad", steps=50).w).all()
