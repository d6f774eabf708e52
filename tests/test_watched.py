"""Lines that no claim and no other test would miss, each held against what it must do by itself.

They were found by `dev/mutants.py`, which changes one line at a time.
"""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from tensor_overparam.descent.deflation import (
    Deflating,
    FlowOptions,
    arrival_time,
    component_mass,
    escape_time,
    escape_time_ode,
    induction,
    next_phase,
    phase_times,
    predicted_mass,
    small_start,
)
from tensor_overparam.descent.landscape import classify
from tensor_overparam.descent.lazy import Tangent, lazy_fit, lazy_width
from tensor_overparam.descent.linearised import lazy_flow, scaled_gd
from tensor_overparam.descent.modified import Options, chosen, modified_step, reinitialise, small_components
from tensor_overparam.descent.objective import generators, prepare, sphere
from tensor_overparam.descent.vanilla import gradient_descent, starting_point
from tensor_overparam.implicit_bias.interpolants import (
    constant_bound,
    contraction,
    exact_risk,
    moving_bound,
    preconditioned_risk,
)
from tensor_overparam.implicit_bias.optimisers import SCHEDULES, descend, gaussian_regression
from tensor_overparam.nets.limits import draw_weights, trace_share
from tensor_overparam.nets.mixture import mixture_rf_limit, mixture_rf_risk
from tensor_overparam.nets.quadratic import rf_risk
from tensor_overparam.nets.training import REGIMES, SCHEDULE, Net, NetOptions, QuadraticTeacher, feel, net_step
from tensor_overparam.rotation.tensors import rotated_fit
from tensor_overparam.rotation.training import (
    METHODS,
    TrainingOptions,
    Turning,
    _draw_block,
    _gradients,
    retraction_step,
    teacher_student,
)
from tensor_overparam.tensors.problems import gaussian, orthogonal
from tensor_overparam.tensors.targets import Factored, sqnorm

# --- modified descent -------------------------------------------------------------------------------


def searching(order, width, **changed):
    """Return a problem, its options, and components in the middle of a search."""
    problem = prepare(gaussian(6, 3, order, rng=1), width, 0)
    options = replace(Options(rate=1e-5, epoch_steps=10, init_scale=1e-3, rule="small"), **changed)
    return problem, options, small_components(problem, width, 0.3)


@pytest.mark.parametrize("order", [3, 4, 5])
def test_both_modes_grow_at_one_pace(order):
    """d ln q/dt = 4 s R(v^l) for a component in either mode, wherever its factor was frozen."""
    problem, options, p = searching(order, 5, switch=True)
    p = replace(p, b=np.array([0.0, 0.2, 1.0, 3.0, 7.0]))
    norm = np.linalg.norm(p.C, axis=-1)
    V, factor = p.C / norm[:, None], np.where(p.b == 0, norm ** (2 - order), p.b)
    R = problem.T.contract(V) - ((V @ V.T) ** (order - 1) * (p.s * factor * norm**order)) @ V
    frozen = np.where(p.b == 0, norm ** (2 - order), p.b)  # where it is free it is switched in this step
    after = modified_step(p, problem, options).params
    grown = np.linalg.norm(after.C, axis=-1)
    power = np.where(p.b == 0, 2, order)
    assert np.allclose(after.b, frozen)
    assert np.allclose(power * np.log(grown / norm) / options.rate, 4 * p.s * np.vecdot(V, R), rtol=1e-3, atol=1e-4)


def test_what_is_drawn_again_is_new():
    """Directions, signs and the lot differ from epoch to epoch; what is fresh is in homogeneous mode."""
    problem, options, p = searching(4, 40)
    p = replace(p, b=p.b + 2.0)
    every = [reinitialise(replace(p, epoch=epoch), np.zeros(40), 1.0, problem, options) for epoch in (1, 2, 3)]
    for fresh in every:
        assert not fresh.b.any() and set(fresh.s) == {-1.0, 1.0}
        assert np.allclose(np.linalg.norm(fresh.C, axis=-1), options.init_scale)
    for a, b in ((0, 1), (1, 2), (0, 2)):
        assert np.abs(np.vecdot(every[a].C, every[b].C) / options.init_scale**2).min() < 0.5
        assert (every[a].s != every[b].s).any()
    one = replace(options, rule="one")
    lots = [reinitialise(replace(p, epoch=epoch), np.ones(40), 1.0, problem, one) for epoch in (1, 2, 3)]
    changed = [np.flatnonzero((q.C != p.C).any(axis=-1)) for q in lots]
    assert all(len(c) == 1 for c in changed) and len({int(c[0]) for c in changed}) > 1


def test_fresh_signs_are_fair_coins():
    """At even orders a fresh sign does not remember the old one."""
    problem, options, p = searching(4, 200)
    for sign in (-1.0, 1.0):
        fresh = reinitialise(replace(p, s=sign + 0 * p.s), np.zeros(200), 1.0, problem, options)
        assert 60 < np.sum(fresh.s == sign) < 140


def test_the_best_epoch_is_remembered_with_its_own_error():
    """A worse epoch changes nothing, a better one everything."""
    problem, options, p = searching(3, 4, rule="none")
    q = reinitialise(p, np.ones(4), 0.5, problem, options)
    worse = reinitialise(replace(q, C=2 * q.C), np.ones(4), 0.7, problem, options)
    better = reinitialise(replace(worse, C=3 * worse.C), np.ones(4), 0.3, problem, options)
    assert (q.best, worse.best, better.best) == (0.5, 0.5, 0.3)
    assert np.array_equal(worse.best_C, p.C) and np.array_equal(better.best_C, 6 * p.C)


def test_who_is_drawn_again():
    """Small is a norm below 10 δ or .05, whichever is larger; only where nobody is small lots are drawn."""
    size, lottery = np.array([0.04, 0.06, 0.5, 1.0]) ** 2, np.array([0.1, 0.2, 0.9, 0.3])
    def who(size, rule, scale=1e-3):
        return list(np.flatnonzero(chosen(size, rule, scale, lottery)))
    assert who(size, "small") == who(size, "small-else-one") == [0] and who(size, "small", 0.01) == [0, 1]
    assert who(size, "one") == who(size[1:].repeat([2, 1, 1]), "small-else-one") == [2] and who(size, "none") == []


# --- deflation --------------------------------------------------------------------------------------


def test_what_the_flow_draws_again_is_new():
    """After the first phase of each epoch small components get directions that they never had."""
    U = orthogonal(8, 2, 3, rng=0)
    problem = prepare(U, 30, 0)
    o = FlowOptions(rate=0.02, penalty=0.01, init_scale=1e-3, threshold=3e-2, shrink=0.1, tol=0.05)
    C = small_start(0, 30, 8, 1e-2)
    after = [next_phase(Deflating(C, 1.0, 0, np.array(1), np.array(k)), np.vecdot(C, C), problem, o) for k in (1, 2)]
    seen = [small_start(0, 30, 8, 1.0), *(p.C / 1e-3 for p in after)]
    for i, j in ((0, 1), (0, 2), (1, 2)):
        assert np.allclose(np.linalg.norm(seen[j], axis=-1), 1) and np.abs(np.vecdot(seen[i], seen[j])).min() < 0.5


@pytest.mark.parametrize("order", [3, 4])
@pytest.mark.parametrize("dim", [20, 80, 320])
def test_phases_are_as_long_as_they_must_be(order, dim):
    """The first lets a lucky component of weight β turn and grow to δ1, and is not twice that; the second fills it."""
    o = FlowOptions(rate=0.02, penalty=0.01, init_scale=1e-3, threshold=3e-2, shrink=0.1, tol=0.05)
    for beta in (0.3, 1.0):
        first, second = phase_times(beta, dim, 50, order, o)
        rise = np.log(o.threshold**2 / o.init_scale**2) / (4 * beta)
        needed = arrival_time(beta, (2 * np.log(50) / dim) ** 0.5, order) + rise
        assert needed < first < 1.5 * needed
        top = beta - o.penalty / 2
        full = top / (1 + (top / o.threshold**2 - 1) * np.exp(-4 * top * second))
        assert full > beta - o.penalty


def test_what_counts_as_the_mass_of_a_direction():
    """A component within 45 degrees counts whole, or as much of it as points there: then with its sign."""
    C = 0.5 * np.array([[0.6**0.5, 0.4**0.5], [-(0.7**0.5), 0.3**0.5]])
    assert np.allclose(component_mass(C, np.eye(2)), [0.5, 0.0])
    for order in (3, 4):
        cosines = np.array([[0.6, 0.4], [0.7, 0.3]]) ** (order / 2) * [[1, 1], [(-1) ** order, 1]]
        assert np.allclose(component_mass(C, np.eye(2), order), 0.25 * cosines.sum(0))


@pytest.mark.parametrize("order", [3, 4])
@pytest.mark.parametrize("penalty", [0.0, 0.3])
def test_an_aligned_component_escapes_by_growth_alone(order, penalty):
    """Both predictions are ln(a/x)/(4a - 2λ) for a component that points the right way at the start."""
    a, size = 0.8, 1e-6
    exact = np.log(a / size) / (4 * a - 2 * penalty)
    assert np.isclose(escape_time([a], [[1.0]], order, size, penalty)[0], exact, rtol=1e-12)
    assert np.isclose(escape_time_ode([a], np.ones((1, 1)), order, size, penalty)[0], exact, rtol=1e-5)


def test_a_component_goes_where_weight_and_cosine_call():
    """It is a v^(l-2) that decides, not the cosine alone."""
    times = escape_time([1.0, 0.3], [[0.5, 0.55]], 4, 1e-6)
    assert np.isfinite(times[0]) and times[1] == np.inf


def test_hypothesis_d_looks_at_all_that_is_not_aligned():
    """A component with squared cosine .97 is outside at α = .01 and inside at α = .05; small ones are no members."""
    C = np.array([[0.5 * 0.97**0.5, 0.5 * 0.03**0.5], [0.0, 0.02]])[None]
    trace = {"C": C, "beta": np.ones(1)}
    run = SimpleNamespace(trace=trace, time=np.zeros(1), config={"threshold": 0.03})
    T = Factored([1.0, 1.0], np.eye(2), 4)
    strict, loose = (induction(run, T, alpha=alpha) for alpha in (0.01, 0.05))
    assert np.isclose(strict.outside[0], 0.5) and loose.outside[0] == 0 and list(strict.members[0]) == [1, 0]


def test_predicted_masses_pass_half_of_the_weight_and_end_below_it():
    """At its escape a mass is a/2, and in the end λ/2 is missing."""
    found = predicted_mass([0.0, 2.0, 1e3], [1.0, 0.6], np.array([2.0, 2.0]), penalty=0.2)
    assert np.allclose(found[1], [0.5, 0.3]) and np.allclose(found[2], [0.9, 0.5])


# --- vanilla and lazy training ----------------------------------------------------------------------


def test_weights_start_with_both_signs():
    """Normal numbers of variance 1/m."""
    w = starting_point(prepare(gaussian(6, 3, 4, rng=1), 400, 0), 400).w
    assert 150 < np.sum(w > 0) < 250 and 0.8 < np.sum(w * w) < 1.2


def test_a_given_start_is_in_the_units_of_the_target():
    """One that is the target itself has nothing left to learn."""
    T = Factored(np.full(3, 1000.0), gaussian(6, 3, 4, rng=1).vectors, 4)
    assert gradient_descent(T, 3, init=T, steps=1, every=1).run.trace["relative_error"][0] < 1e-6


def test_displacements_are_those_of_the_directions_that_were_given():
    """At the lazy width they rebuild the target from directions of any length."""
    T, X = gaussian(5, 2, 3, rng=0), np.eye(5)
    C = np.random.default_rng(0).normal(size=(lazy_width(5, 3), 5)) * 3
    fit = lazy_fit(T, C)
    assert fit.unexplained < 1e-10 and np.allclose(Tangent(C, fit.delta, 3).contract(X), T.contract(X), atol=1e-6)


@pytest.mark.parametrize("order", [3, 4])
def test_a_kernel_of_low_rank_is_inverted_on_its_range(order):
    """With twice the directions that are needed, the least displacement is of the size of the target."""
    fit = lazy_fit(gaussian(5, 2, order, rng=0), 2 * lazy_width(5, order), method="eigh")
    assert fit.unexplained < 1e-10 and np.linalg.norm(fit.delta) < 10 and fit.residual < 1e-8


def test_what_a_student_holds_is_learned_already():
    """Not centred, the linearised flow begins at what the student has left."""
    T = gaussian(5, 2, 3, rng=0)
    flow = lazy_flow(T, T.vectors, T.weights, centred=False)
    half = lazy_flow(T, T.vectors, T.weights / 2, centred=False)
    assert abs(flow.loss(0.0)) < 1e-12 and np.isclose(half.loss(0.0), float(sqnorm(T)) / 8)
    assert np.isclose(lazy_flow(T, T.vectors, T.weights).loss(0.0), float(sqnorm(T)) / 2)


def test_the_loss_of_the_scaled_model_is_over_its_scale():
    """At its start, where the centred model is zero, it is ½‖T‖²/α²."""
    T = gaussian(5, 2, 3, rng=0)
    loss = scaled_gd(T, 4, alpha=10.0, steps=1, every=1).run.trace["loss"][0]
    assert np.isclose(loss, float(sqnorm(T)) / 200)


# --- landscape --------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1e-12, 1.0, 1e12])
def test_verdicts_know_no_units(size):
    """A target that is multiplied by a number has the same critical points, and others are not critical there."""
    T, zero = gaussian(4, 2, 3, rng=0), Factored([0.0], np.full((1, 4), 0.0), 3)
    lone = Factored([1.0, 1.0], np.eye(3, 4)[[0, 1]], 3)
    trio = Factored([1.0, 1.0, 1.0], np.eye(3, 4), 3)
    shifted = Factored(T.weights, 1.01 * T.vectors, 3)
    kinds = []
    for target, point in ((T, T), (T, shifted), (trio, lone), (T, zero)):
        unit = size ** (1 / 4)
        there = Factored(unit * point.weights, unit * point.vectors, 3)
        kinds.append(classify(target * size, there).kind)
    assert kinds == ["minimum", "not critical", "minimum", "degenerate"]


# --- networks ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("regime", ["rf", "nt", "nn", "all"])
def test_gradients_of_each_regime(regime):
    """What a regime pulls back is the slope of 2‖A-B‖² in the weights that it moves."""
    g, B = np.random.default_rng(3), np.diag([1.0, -0.5, 0.2, 0.0])
    p, h = Net(g.normal(size=(5, 4)), g.normal(size=5), 0.0, G=g.normal(size=(5, 4))), 1e-5
    matrix, pull = REGIMES[regime]
    moved = {name: g.normal(size=np.shape(getattr(p, name))) for name in pull(p, B)}
    assert set(moved) == {"rf": {"a"}, "nt": {"G"}, "nn": {"W"}, "all": {"W", "a"}}[regime]
    def loss(t):
        q = replace(p, **{name: getattr(p, name) + t * way for name, way in moved.items()})
        return 2 * np.sum((matrix(q) - B) ** 2)
    slope = sum(np.sum(x * moved[name]) for name, x in pull(p, 4 * (matrix(p) - B)).items())
    assert np.isclose((loss(h) - loss(-h)) / (2 * h), slope, rtol=1e-6)
    x = g.normal(size=4)
    if regime == "nt":
        assert np.isclose(x @ matrix(p) @ x, np.sum((p.W @ x) * (p.G @ x)))


def test_a_batch_moves_matrix_and_offset_down_its_own_loss():
    """Both are slopes of the mean square on the batch over scale²; the next step sees another batch."""
    teacher = QuadraticTeacher(np.diag([1.0, 0.5, -0.3]))
    o = NetOptions(0.02, 50, SCHEDULE, 10, 0.0, [4], None)
    A, c, h, rate = np.diag([0.2, 0.1, 0.4]), 0.7, 1e-5, 0.02
    X, y = teacher.sample(generators(o.seeds, 1)[0], 50)
    def loss(A, c):
        return np.mean((np.vecdot(X @ A, X) + teacher.scale * c - y) ** 2)
    M, after, mean = feel(A, c, teacher, o, 0, rate)
    D = np.array([[1.0, 0.3, 0.0], [0.3, -1.0, 0.2], [0.0, 0.2, 0.5]])
    assert np.isclose(mean, loss(A, c))
    assert np.isclose(np.sum(M * D), (loss(A + h * D, c) - loss(A - h * D, c)) / (2 * h), rtol=1e-6)
    assert np.isclose(c - after, rate * (loss(A, c + h) - loss(A, c - h)) / (2 * h) / teacher.scale**2, rtol=1e-6)
    assert not np.allclose(feel(A, c, teacher, o, 1, rate)[0], M)


def test_rates_and_losses_of_a_step():
    """The schedule lowers the rate; exact descent records the risk at the best offset over scale²."""
    B, g = np.diag([1.0, 0.5, -0.3]), np.random.default_rng(0)
    teacher, W = QuadraticTeacher(B), g.normal(size=(4, 3))
    for k, factor in ((0, 1.0), (59, 1.0), (60, 0.1), (79, 0.1), (80, 0.01), (99, 0.01)):
        o = NetOptions(0.02, 10, SCHEDULE, 100, 0.0, [4], None)
        move = net_step(Net(W, np.ones(4), 0.0, k=k), teacher, REGIMES["nn"], o)
        assert np.isclose(move.dt, 0.02 * factor)
    o = NetOptions(0.02, None, ((1.0, 1.0),), 100, 0.0, [4], None)
    move = net_step(Net(W, np.ones(4), 0.0), teacher, REGIMES["nn"], o)
    assert np.isclose(move.measured["loss"], 2 * np.sum((W.T @ W - B) ** 2) / 3)


def test_the_share_of_the_identity_to_its_last_digits():
    """In ten dimensions the formula is off by .003 at most."""
    for n in (5, 10, 20):
        found = 1 - rf_risk(np.eye(10), draw_weights(n, 10, draws=1500, rng=n), normalised=True)
        assert abs(found.mean() - trace_share(n, 10)) < 0.003


def test_the_limit_of_random_features_on_clouds_that_differ_much():
    """Where one cloud is nineteen times as wide as the other, each term of the limit counts."""
    I = np.eye(80)
    found = mixture_rf_risk(I, 0.9 * I, draw_weights(60, 80, draws=6, rng=1)).mean()
    assert abs(found / mixture_rf_limit(I, 0.9 * I, 60) - 1) < 0.04


# --- adaptive methods -------------------------------------------------------------------------------


def test_schedules_begin_at_one_and_end_at_zero():
    """Half way they are half way."""
    for name in ("cosine", "linear"):
        assert [round(SCHEDULES[name](x), 12) for x in (0, 0.5, 1)] == [1, 0.5, 0]


def test_examples_come_in_a_new_order_in_every_epoch():
    """Each epoch uses every example once."""
    X, y, _ = gaussian_regression(n=12, d=30)
    fit = descend(X, y, "gd", batch_size=3, steps=16, every=1, observe={"order": lambda s: s.params.order if s.step
                                                                         else np.arange(12)})
    orders = fit.run.trace["order"][1:]
    assert all(sorted(o) == list(range(12)) for o in orders)
    assert len({tuple(o) for o in orders}) == 4 and np.array_equal(orders[0], orders[3])


def test_bounds_in_closed_form():
    """The constant bound is reached by one example in the plane; the others are their formulas, by hand."""
    theta, kappa = np.linspace(0, np.pi / 2, 20_001), 5.0
    c, s = np.cos(theta), np.sin(theta)
    out = (kappa - 1) * s * c / (c**2 + kappa * s**2)
    assert np.isclose(out.max(), constant_bound(kappa), rtol=1e-6)
    X = np.array([[2.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    assert np.isclose(moving_bound(X, [3.0, 4.0], kappa), (kappa - 1) / 2 * 2 * 5)
    assert np.isclose(contraction(X, 0.1, 1.0, 2.0), 0.9) and np.isclose(contraction(X, 0.24, 1.0, 2.0), 0.92)


def test_noise_has_its_share_of_the_risk():
    """One example that is a coordinate passes its noise on; for isotropic features it is n/(d-n)."""
    assert np.isclose(exact_risk(np.eye(1, 3), np.ones(3), np.zeros(3), noise=0.7), 0.7)
    assert np.isclose(preconditioned_risk(np.ones(40), np.zeros(40), 10, noise=0.7), 0.7 * 10 / 30)


# --- rotations --------------------------------------------------------------------------------------


def turning(**changed):
    """Return the state of a training with a block of coordinates, and its options."""
    V = sphere([1], 0, 6, 7)[0]
    p = Turning(V, np.array([0.3, -0.2, 0.5]), np.ones(6), np.array([0, 3, 5]),
                m_theta=np.ones(3), v_theta=np.ones(3), k_theta=9)
    return p, replace(TrainingOptions(0.01, 100, 0.0, 0.1, 3, 10, [5]), **changed)


def test_a_draw_of_coordinates_begins_anew():
    """The neurons stay where they are, the rotation is the identity again, moments are forgotten, blocks change."""
    p, o = turning()
    blocks = set()
    for _ in range(4):
        before = METHODS["stochastic"].neurons(p)[0]
        p = _draw_block(replace(p, theta=np.array([0.3, -0.2, 0.5]), m_theta=np.ones(3), v_theta=np.ones(3)), o)
        assert not p.theta.any() and not np.any(p.m_theta) and not np.any(p.v_theta) and p.k_theta == 0
        assert not np.allclose(p.V, before) or blocks == set()
        blocks.add(tuple(sorted(p.block)))
    assert len(blocks) > 1


@pytest.mark.parametrize("method", ["free", "linear", "cayley"])
def test_decay_is_the_slope_of_its_penalty(method):
    """The gradients are those of loss + λ(‖W‖² + ‖c‖²); the rate goes from η to zero."""
    task, V, g = teacher_student(30, dim=4), sphere([2], 0, 5, 4)[0], np.random.default_rng(1)
    way, o, h = METHODS[method], TrainingOptions(0.01, 100, 0.3, 0.1, 2, 10, [5]), 1e-6
    theta = way.start(V, o)
    p = Turning(V, theta + 0.1 * g.normal(size=theta.shape), g.normal(size=5))
    D, e = g.normal(size=theta.shape), g.normal(size=5)
    def total(t):
        q = replace(p, theta=p.theta + t * D, c=p.c + t * e)
        W = way.neurons(q)[0]
        return task.objective(W, q.c)[0] + o.decay * (np.sum(W * W) + np.sum(q.c * q.c))
    _, slopes, rate = _gradients(p, way.neurons, task.objective, o)
    measured = (total(h) - total(-h)) / (2 * h)
    assert np.isclose(np.sum(slopes["theta"] * D) + slopes["c"] @ e, measured, rtol=1e-4)
    assert rate == 0.01 and abs(_gradients(replace(p, k=100), way.neurons, task.objective, o)[2]) < 1e-12


def test_a_riemannian_step_is_no_longer_than_it_may_be():
    """However steep the loss is, R moves by `turn` at most; where it is flat, by the gradient itself."""
    V, o = sphere([2], 0, 5, 4)[0], TrainingOptions(0.01, 100, 0.0, 0.1, 2, 10, [5])
    p, slope = Turning(V, np.eye(4), np.ones(5), m_c=0.0, v_c=0.0), np.random.default_rng(1).normal(size=(5, 4))
    for scale, least, most in ((1e3, 0.09, 0.1), (1e-3, 0.0, 0.02)):
        def objective(W, c, scale=scale):
            return scale * np.sum(slope * W), scale * slope, 0 * c
        moved = np.linalg.norm(retraction_step(p, METHODS["riemannian"].neurons, objective, o).params.theta - p.theta)
        assert least < moved <= most


def test_a_teacher_has_variance_one():
    """Without noise, whatever its mean is."""
    for seed in range(4):
        assert abs(np.var(teacher_student(40_000, seed, noise=0.0).y) - 1) < 0.08


def test_restarts_begin_elsewhere():
    """After one step of each, no two of them are at the same error."""
    T = gaussian(4, 3, 3, rng=0)
    assert len(set(rotated_fit(T, 5, restarts=4, steps=1).errors.round(9))) == 4
