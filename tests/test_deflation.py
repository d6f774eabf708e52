"""Deflation: the flow against its equations, escape times against their formulas, and the orders that are seen."""

import numpy as np
import pytest
from scipy.integrate import quad
from threadpoolctl import threadpool_limits

from tensor_overparam.core.loop import Stop
from tensor_overparam.descent.deflation import (
    arrival_time,
    component_mass,
    component_odes,
    deflation_flow,
    escape_time,
    escape_time_ode,
    escapes,
    induction,
    integrate,
    predicted_mass,
    small_start,
)
from tensor_overparam.descent.modified import modified_gradient
from tensor_overparam.descent.objective import prepare
from tensor_overparam.tensors.problems import correlated, orthogonal
from tensor_overparam.tensors.targets import Factored

LAMBDA, DELTA = 0.01, 1e-4
SEEDS = range(20)


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Batches of small products lose time, on a busy machine much of it, when each is shared between threads."""
    with threadpool_limits(1):
        yield


def masses(U, order):
    """Return what a plain run has to observe."""
    return {"mass": lambda state: component_mass(state.params.C, U, order)}


def measure(T, width, time, seeds=SEEDS, start=DELTA, every=5, **options):
    """Return escape times of plain runs, measured and by both formulas; each (seeds, r)."""
    l, many = T.order, T.weights.ndim > 1
    weights = T.weights if many else np.broadcast_to(T.weights, (len(seeds), *T.weights.shape))
    options |= {"init_scale": start, "penalty": LAMBDA, "every": every, "observe": masses(T.vectors, l)}
    fits = deflation_flow(T, width, time=time, rng=seeds, **options)
    cosines = small_start(seeds, width, T.dim, 1.0) @ np.swapaxes(T.vectors, -1, -2)
    measured = np.array([escapes(f.run, a) for f, a in zip(fits, weights)])
    ode = np.array([escape_time_ode(a, c, l, start**2, LAMBDA) for a, c in zip(weights, cosines)])
    return measured, escape_time(weights, cosines, l, start**2, LAMBDA), ode


def random_problem(dim, order, seed, rank=4):
    """Return an orthogonal target with a largest weight of 1 and random ratios between 1.2 and 1.5."""
    rng = np.random.default_rng([7, dim, order, seed])
    ratios = rng.uniform(1.2, 1.5, rank - 1)
    return orthogonal(dim, rank, order, 1 / np.cumprod([1.0, *ratios]), rng=rng)


def stack(targets):
    """Return targets of one shape as a batch."""
    weights, vectors = ([getattr(T, name) for T in targets] for name in ("weights", "vectors"))
    return Factored(np.stack(weights), np.stack(vectors), targets[0].order)


def neighbours(c):
    """Return weights 1, .8, .8: the last two at cosine c, the first orthogonal to both."""
    Q = orthogonal(10, 3, 4, rng=0).vectors
    return Factored([1.0, 0.8, 0.8], np.stack([Q[0], Q[1], c * Q[1] + (1 - c * c) ** 0.5 * Q[2]]), 4)


def inversions(c):
    """Return in how many of 20 runs one of the pair escapes before the largest component."""
    T = neighbours(c)
    fits = deflation_flow(T, 50, time=6.0, init_scale=DELTA, rng=SEEDS, every=4, observe=masses(T.vectors, 4))
    times = np.array([escapes(f.run, T.weights) for f in fits])
    return int(np.sum(times[:, 1:].min(1) < times[:, 0]))


# --- the flow ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [2, 3, 4, 5, 6])
def test_component_equations_are_those_of_the_gradient(order):
    rng, h, one = np.random.default_rng(order), 1e-6, np.ones(5)
    T, C = orthogonal(7, 3, order, [1.0, 0.8, 0.6], rng=1), 0.6 * rng.normal(size=(5, 7))
    descent = modified_gradient(C, one, 0 * one, prepare(T, 5, 0), 0.1)[2]
    residual = T - Factored(np.sum(C * C, -1), C / np.linalg.norm(C, axis=1, keepdims=True), order)
    moved = [np.vecdot(C + s * h * descent, C + s * h * descent) for s in (1, -1)]
    turned = [((C + s * h * descent) @ T.vectors.T) ** 2 / q[:, None] for s, q in zip((1, -1), moved)]
    growth, turn = component_odes(C, residual, T.vectors, 0.1)
    assert np.allclose(growth, (moved[0] - moved[1]) / (2 * h), atol=1e-7)
    assert np.allclose(turn, (turned[0] - turned[1]) / (2 * h), atol=1e-7)


@pytest.mark.parametrize("order", [2, 3, 4, 5])
def test_trained_flow_agrees_with_solve_ivp_at_first_order(order):
    T, times = orthogonal(6, 3, order, [1.0, 1 / 1.2, 1 / 1.44], rng=1), [0.0, 1.0, 2.0, 4.0]
    exact = integrate(T, small_start(3, 10, 6, 1e-2), times, LAMBDA)
    assert np.allclose(exact[0], small_start(3, 10, 6, 1e-2), atol=1e-15)
    for time, reference in zip(times[1:], exact[1:]):
        options = {"time": time, "init_scale": 1e-2, "penalty": LAMBDA, "rng": 3}
        steps = (0.04, 0.02, 0.01, 0.005, 0.0025)
        ends = [deflation_flow(T, 10, learning_rate=h, **options).run.final.params.C for h in steps]
        gaps = np.array([abs(C - reference).max() for C in ends])
        slope = np.polyfit(np.log(steps[1:]), np.log(gaps[1:]), 1)[0]
        assert 0.9 < slope < 1.1
        for k in range(1, len(ends)):
            ends = [(2**k * fine - coarse) / (2**k - 1) for coarse, fine in zip(ends, ends[1:])]
        assert abs(ends[0] - reference).max() < 1e-6


def test_runs_of_a_batch_do_not_know_each_other():
    targets = [random_problem(8, 4, seed, rank=2) for seed in range(3)]
    targets[1] = targets[1] * 0.5  # another ladder: its phases end at other times
    options = {"learning_rate": 0.02, "observe": {"C": lambda state: state.params.C}}
    together = deflation_flow(stack(targets), 12, rng=[4, 5, 6], **options)
    for T, seed, fit in zip(targets, (4, 5, 6), together):
        alone = deflation_flow(T, 12, rng=seed, **options)
        assert fit.run.stop is alone.run.stop is Stop.GOAL
        assert np.isclose(fit.run.final.time, alone.run.final.time)
        assert np.allclose(fit.run.final.params.C, alone.run.final.params.C, atol=1e-12)
        assert fit.relative_error < 0.05


def test_times_are_in_the_units_of_the_target():
    T = orthogonal(8, 2, 4, [1.0, 0.7], rng=3)
    one = deflation_flow(T, 20, time=8.0, rng=1, every=1, learning_rate=0.02, observe=masses(T.vectors, 4))
    scaled = {"init_scale": 2e-3, "penalty": 0.04, "learning_rate": 0.005}
    four = deflation_flow(T * 4, 20, time=2.0, rng=1, every=1, observe=masses(T.vectors, 4), **scaled)
    assert np.allclose(escapes(one.run, [1.0, 0.7]), 4 * escapes(four.run, [4.0, 2.8]), rtol=1e-9)
    assert np.allclose(4 * one.run.trace["mass"], four.run.trace["mass"], atol=1e-9)


def test_a_ladder_that_ends_without_success_ends():
    T = orthogonal(10, 5, 4, rng=0)
    fit = deflation_flow(T, 2, rng=0, learning_rate=0.1, shrink=0.5)
    assert fit.run.stop is Stop.BUDGET and fit.relative_error > 0.5
    epochs = [text for _, text in fit.run.events]
    assert epochs[:2] == ["phase 1 of epoch 1 ends", "phase 2 of epoch 1 ends"]


@pytest.mark.parametrize(
    "wrong",
    [{"penalty": 3.0}, {"penalty": -1.0}, {"threshold": 1e-4}, {"shrink": 1.0}, {"time": 0.0}, {"init_scale": 0.0}],
)
def test_refusals(wrong):
    with pytest.raises(ValueError, match="expected|unless"):
        deflation_flow(orthogonal(5, 2, 3), 4, **wrong)


# --- the formulas -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("v", [1e-3, 0.03, 0.3, 0.9, 1.0])
def test_arrival_in_closed_form_is_the_integral(v):
    for order in (2, 3, 4, 5, 6):
        delay = quad(lambda t, l=order: np.sum(t ** np.arange(l)) / ((1 + t) * l * t ** (l - 1)), v, 1, epsabs=0)[0]
        assert np.isclose(arrival_time(0.7, v, order), delay / 0.7, rtol=1e-7)
        assert np.isclose(arrival_time(0.7, -v, order), np.inf if order % 2 else delay / 0.7, rtol=1e-7)
    assert np.isinf(arrival_time(1.0, 0.0, 4))


@pytest.mark.parametrize("order", [2, 3, 4, 5])
def test_a_lone_component_arrives_when_it_should(order):
    T, start = Factored(1.0, np.eye(1, 4), order), small_start(7, 1, 4, 1e-9)
    end = integrate(T, start, [0.0, 6.0], 0.05)[-1]
    delay = arrival_time(1.0, start[0, 0] * 1e9, order)
    assert np.isclose(2 * np.log(np.linalg.norm(end) / 1e-9), 4 * (6 - delay) - 0.1 * 6, atol=1e-5)


@pytest.mark.slow
def test_escape_times_over_fifty_random_problems():
    errors, ordered, count = ([], []), [], 0
    for order in (3, 4):
        for dim, problems in ((20, 9), (50, 8), (100, 8)):
            T = stack([random_problem(dim, order, seed) for seed in range(problems)])
            measured, first, second = measure(T, 100, 26.0, range(problems))
            assert np.isfinite(measured).all() and np.isfinite(second).all()
            for found, predicted in zip(errors, (first, second)):
                found.append(np.median(abs(predicted / measured - 1)))
            rank = np.argsort(measured, axis=1)
            ordered += [np.all(rank == np.argsort(p, axis=1)) for p in (first, second)]
            count += problems
    assert count == 50
    assert max(errors[0]) < 0.03 and max(errors[1]) < 0.01 and all(ordered)
    print("medians of F1", np.round(errors[0], 4), "of F2", np.round(errors[1], 4))


def test_a_wrong_formula_would_be_seen():
    T = orthogonal(10, 5, 4, 1.2 ** -np.arange(5.0), rng=0)
    measured, first, second = measure(T, 50, 13.0, range(6))
    cosines = small_start(range(6), 50, 10, 1.0) @ T.vectors.T
    growth = 4 * T.weights - 2 * LAMBDA
    early = first + np.max(np.log(abs(cosines)), axis=1) / (4 * T.weights) - np.log(2) / growth
    miss = [np.median(abs(t / measured - 1)) for t in (first, second, early)]
    assert miss[0] < 0.03 and miss[1] < 0.01 and miss[2] > 0.03


ROWS = [  # order, dim, ratio, width, medians over 20 seeds of another generator
    (4, 10, 1.2, 50, (4.55, 5.40, 6.54, 7.71, 9.28)),
    (3, 10, 1.2, 50, (4.56, 5.44, 6.54, 7.73, 9.23)),
    (4, 10, 1.5, 50, (4.53, 6.64, 9.97, 14.75, 21.9)),
    (4, 30, 1.2, 200, (4.81, 5.73, 6.84, 8.19, 9.73)),
]


@pytest.mark.slow
@pytest.mark.parametrize("order, dim, ratio, width, table", ROWS)
def test_recorded_table_of_escape_times(order, dim, ratio, width, table):
    T = orthogonal(dim, 5, order, ratio ** -np.arange(5.0), rng=0)
    measured, first, second = measure(T, width, 1.3 * table[-1])
    assert np.allclose(np.median(measured, axis=0), table, rtol=0.05)
    for predicted, slack in ((first, 0.023), (second, 0.005)):
        seen = np.isfinite(measured) & np.isfinite(predicted)
        assert seen.mean() > 0.98
        assert np.median(abs(predicted[seen] / measured[seen] - 1)) < slack
    assert np.all(np.diff(measured, axis=1) > 0)


WIDE = [(3, 10, 1.2, 5, 10), (4, 10, 1.5, 4, 15), (4, 30, 1.2, 5, 11)]  # order, dim, ratio, rank, time


@pytest.mark.slow
@pytest.mark.parametrize("order, dim, ratio, rank, time", WIDE)
def test_order_is_that_of_the_weights_at_width_1000(order, dim, ratio, rank, time):
    T = orthogonal(dim, rank, order, ratio ** -np.arange(float(rank)), rng=0)
    options = {"init_scale": DELTA, "learning_rate": 0.05, "every": 4, "observe": masses(T.vectors, order)}
    fits = deflation_flow(T, 1000, time=time, rng=range(4), **options)
    assert all(np.all(np.diff(escapes(f.run, T.weights)) > 0) for f in fits)


def test_nearly_equal_weights_are_ordered_by_luck_that_the_start_contains():
    T = orthogonal(10, 5, 4, 1.05 ** -np.arange(5.0), rng=0)
    measured, _, second = measure(T, 50, 8.0)
    rank = np.argsort(measured, axis=1)
    assert np.mean(np.all(rank == np.arange(5), axis=1)) < 1
    assert np.mean(np.all(rank == np.argsort(second, axis=1), axis=1)) >= 0.9


def test_mass_follows_the_predicted_curve():
    a = 1.2 ** -np.arange(5.0)
    T = orthogonal(10, 5, 4, a, rng=0)
    options = {"init_scale": DELTA, "penalty": LAMBDA, "learning_rate": 0.01, "observe": masses(T.vectors, 4)}
    run = deflation_flow(T, 50, time=14.0, rng=0, **options).run
    when = escape_time_ode(a, small_start(0, 50, 10, 1.0) @ T.vectors.T, 4, DELTA**2, LAMBDA)
    assert abs(run.trace["mass"] - predicted_mass(run.time, a, when, LAMBDA)).max() < 0.03


# --- gap, hypotheses, redrawing ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [3, 4])
def test_gap_is_half_the_penalty_and_the_recalled_upper_bound_is_exceeded_while_filling(order):
    a = 1.2 ** -np.arange(5.0)
    T = orthogonal(10, 5, order, a, rng=0)
    def gaps(fits):
        return (a - [component_mass(f.run.final.params.C, T.vectors, order) for f in fits]) / LAMBDA
    stopped = gaps(deflation_flow(T, 50, penalty=LAMBDA, rng=SEEDS))
    assert abs(np.median(stopped) - 0.5) < 0.01 and stopped.min() > 1 / 6 and stopped.max() > 1
    settled = gaps(deflation_flow(T, 50, penalty=LAMBDA, time=30.0, rng=range(5)))
    assert np.allclose(settled, 0.5, atol=0.01)


@pytest.mark.parametrize("dim", [10, 30])
def test_induction_hypotheses_at_order_4(dim):
    T, alpha = orthogonal(dim, 5, 4, 1.2 ** -np.arange(5.0), rng=0), 1e-3
    for seed in range(3):
        fit = deflation_flow(T, 50, rng=seed, every=5, observe={"C": lambda state: state.params.C})
        seen = induction(fit.run, T, alpha)
        assert np.nanmin(seen.least) >= 1 - alpha and np.nanmin(seen.mean) >= 1 - alpha**2
        assert seen.gap.min() >= LAMBDA / 6 and seen.outside.max() <= fit.run.config["threshold"]
        assert seen.members.shape == seen.gap.shape == (len(seen.time), 5) and "cos²" in repr(seen)


@pytest.mark.slow
@pytest.mark.parametrize("dim, rank, width", [(10, 5, 10), (30, 10, 20)])
def test_redrawing_finds_what_a_plain_flow_misses(dim, rank, width):
    a = 1.2 ** -np.arange(float(rank))
    T, found = orthogonal(dim, rank, 4, a, rng=0), []
    for options in ({"time": 80.0}, {}):
        fits = deflation_flow(T, width, rng=SEEDS, learning_rate=0.05, **options)
        ends = [component_mass(f.run.final.params.C, T.vectors, 4) for f in fits]
        found.append(sum(np.all(mass > a / 2) for mass in ends))
    assert found[1] >= 18 and found[0] <= 9


@pytest.mark.slow
def test_ladder_separates_components_in_high_dimension():
    a = np.array([1.0, 0.667, 0.444, 0.296])
    T = orthogonal(400, 4, 4, a, rng=0)
    run = deflation_flow(T, 100, rng=1, learning_rate=0.05, every=20, observe=masses(T.vectors, 4)).run
    beta = run.trace["beta"][np.argmax(run.trace["mass"] > a / 2, axis=0)]
    assert np.all(np.diff(beta) < 0) and beta[0] < beta.max() * 1.01 < run.trace["beta"][0]


# --- order 2, and targets whose components are not orthogonal ---------------------------------------------------------


def test_matrices_climb_the_same_stairs_without_aligned_components():
    a, cosine = 1.2 ** -np.arange(5.0), {}
    for order in (2, 3, 4):
        T = orthogonal(10, 5, order, a, rng=0)
        students = [f.student for f in deflation_flow(T, 50, time=14.0, init_scale=DELTA, rng=SEEDS)]
        large = np.concatenate([S.vectors[S.weights > 1e-3] for S in students])
        cosine[order] = np.mean(np.max((large @ T.vectors.T) ** 2, axis=1))
    assert 0.5 < cosine[2] < 0.65 and cosine[3] > 0.999 and cosine[4] > 0.9999
    measured, first, _ = measure(orthogonal(10, 5, 2, a, rng=0), 50, 12.0)
    cosines = small_start(SEEDS, 50, 10, 1.0) @ orthogonal(10, 5, 2, a, rng=0).vectors.T
    logistic = np.log(a / (DELTA**2 * np.sum(cosines**2, axis=1))) / (4 * a)
    assert np.median(abs(first / measured - 1)) < 0.01 and np.median(abs(logistic / measured - 1)) < 0.02
    assert np.all(np.diff(measured, axis=1) > 0)


def test_order_switches_where_the_middle_of_a_pair_outgrows_the_largest_component():
    angles = np.array([0.5, 0.56, 0.58, 0.6, 0.63, 0.7])
    counts = np.array([inversions(c) for c in angles])
    assert counts[0] == 0 and counts[-1] == 20 and np.all(np.diff(counts) >= 0)
    switch = np.interp(10, counts, angles)
    assert abs(switch - (2 * (1 / 1.6) ** 0.5 - 1)) < 0.02


def test_equal_coherence_inverts_the_order_only_when_it_is_large():
    late = {}
    for coherence in (0.2, 0.4, 0.6):
        T = correlated(10, 5, 4, 1.2 ** -np.arange(5.0), rng=0, coherence=coherence)
        options = {"init_scale": DELTA, "every": 4, "observe": masses(T.vectors, 4)}
        fits = deflation_flow(T, 50, time=13.0, rng=range(8), **options)
        late[coherence] = sum(np.any(np.diff(escapes(f.run, T.weights)) <= 0) for f in fits)
    assert late == {0.2: 0, 0.4: 0, 0.6: 8}
