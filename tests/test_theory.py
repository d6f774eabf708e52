"""The numbers of the theory, measured: the lazy ceiling, the way beyond it, the dial between them, a proved trap."""

import numpy as np
import pytest

from tensor_overparam.core.loop import Stop
from tensor_overparam.descent.lazy import lazy_fit, lazy_floor, lazy_width, tangent_kernel
from tensor_overparam.descent.linearised import lazy_gd, scaled_gd
from tensor_overparam.descent.modified import modified_gd, modified_gradient
from tensor_overparam.descent.objective import prepare, sphere
from tensor_overparam.descent.vanilla import gradient_descent
from tensor_overparam.tensors.monomials import monomial_count
from tensor_overparam.tensors.problems import gaussian, orthogonal
from tensor_overparam.tensors.targets import Factored

slow = pytest.mark.slow
EXCEPTIONS = {(3, 5), (4, 3), (4, 4), (4, 5)}


def unexplained(dim, order, m, draws=3, targets=40):
    """Return the unexplained parts of random rank-one targets, a row for each draw of the directions."""
    T = [Factored(np.ones((targets, 1)), sphere([k], 1, targets, dim)[0][:, None], order) for k in range(draws)]
    return np.array([lazy_fit(T[k], sphere([k], 0, m, dim)[0]).unexplained for k in range(draws)])


@pytest.mark.parametrize("order, dim", [(3, 8), (3, 12), (3, 16), (3, 20), (4, 6), (4, 8), (4, 10)])
def test_the_lazy_ceiling(order, dim):
    """One component short of the lazy width something is left unexplained; at the lazy width nothing."""
    m = lazy_width(dim, order)
    assert unexplained(dim, order, m - 1).mean() > 1e-3
    assert unexplained(dim, order, m).mean() < 1e-8


def rank(dim, order, m):
    """Return the dimension of the tangent space at generic directions: the largest of three draws."""
    values = [np.linalg.eigvalsh(tangent_kernel(sphere([k], 0, m, dim)[0], order)) for k in range(3)]
    return max(np.sum(v > 1e-12 * v[-1]) for v in values)


@pytest.mark.parametrize("order, dim", sorted(EXCEPTIONS))
def test_four_cases_need_one_more(order, dim):
    """In the four exceptions of Alexander and Hirschowitz ⌈D/d⌉ components reach all dimensions but one."""
    D = monomial_count(dim, order)
    m = -(-D // dim)
    assert (rank(dim, order, m), rank(dim, order, m + 1), lazy_width(dim, order)) == (D - 1, D, m + 1)


@pytest.mark.parametrize("order", [2, 3, 4, 5, 6])
def test_the_lazy_width_is_where_the_tangent_space_is_everything(order):
    """The rank of the kernel is D at the lazy width and less before it, in every case of at most 220 dimensions."""
    for dim in range(2, 20):
        D, m = monomial_count(dim, order), lazy_width(dim, order)
        if D > 220:
            break
        assert rank(dim, order, m) == D > rank(dim, order, m - 1), (order, dim)
        if order > 2 and (order, dim) not in EXCEPTIONS:
            assert m == -(-D // dim) and rank(dim, order, m - 1) == (m - 1) * dim


MEANS = [  # order, dim, width, mean unexplained part, floor
    *((3, 20, 8, 0.868, 0.784), (3, 20, 19, 0.720, 0.659), (3, 20, 38, 0.458, 0.443)),
    *((3, 20, 58, 0.215, 0.216), (3, 20, 69, 0.094, 0.091), (3, 20, 73, 0.046, 0.045)),
    *((4, 10, 7, 0.827, 0.576), (4, 10, 18, 0.667, 0.478), (4, 10, 36, 0.444, 0.317)),
    *((4, 10, 54, 0.198, 0.156), (4, 10, 65, 0.065, 0.058), (4, 10, 68, 0.033, 0.031)),
]


@pytest.mark.parametrize("order, dim, m, reference, floor", MEANS)
def test_the_mean_lazy_fit(order, dim, m, reference, floor):
    """Means agree with an independent measurement, on three draws of directions, and lie above the floor."""
    means = unexplained(dim, order, m, draws=12).mean(axis=1)
    spread = means.std(ddof=1)
    assert abs(means.mean() - reference) < 3 * spread * (1 / 12 + 1 / 3) ** 0.5 + 5e-4
    assert abs(lazy_floor(m, dim, order) - floor) <= 5e-4
    assert means.mean() > lazy_floor(m, dim, order) - 3 * spread / 12**0.5


def test_the_lazy_floor_ends_at_the_lazy_width():
    """The floor falls with every component, from below 1 to 0 where m d reaches D."""
    for order, dim in ((3, 20), (4, 10), (5, 6)):
        floors = np.array([lazy_floor(m, dim, order) for m in range(1, lazy_width(dim, order) + 1)])
        assert floors[0] < 1 and np.all(np.diff(floors) < 0) and floors[-1] < 1e-12 < floors[-2]


@pytest.mark.parametrize("order, dim, m", [(3, 25, 80), (4, 20, 100)])
def test_matrix_free_fits_agree_with_cholesky(order, dim, m):
    """Conjugate gradients, which never see the kernel of 2000×2000 numbers, find the fit that Cholesky finds."""
    T, C = gaussian(dim, 5, order, rng=2), sphere([0], 0, m, dim)[0]
    exact, free = (lazy_fit(T, C, method) for method in ("cholesky", "cg"))
    assert (exact.method, free.method) == ("cholesky", "cg")
    assert abs(exact.unexplained - free.unexplained) < 1e-8
    assert np.abs(exact.delta - free.delta).max() < 1e-7 * np.abs(exact.delta).max()


def test_matrix_free_fits_say_where_they_stop_short():
    """At the lazy width the kernel is too ill-conditioned for conjugate gradients: they warn, and bound from above."""
    T, C = gaussian(10, 5, 4, rng=2), sphere([0], 0, lazy_width(10, 4), 10)[0]
    with pytest.warns(RuntimeWarning, match="before converging"):
        free = lazy_fit(T, C, "cg")
    assert lazy_fit(T, C).unexplained < 1e-8 < free.unexplained and free.residual > 1e-9


def test_directions_can_be_drawn():
    """A number for directions means those from which the trainers start with the same seed."""
    T = gaussian(6, 3, 3)
    fit = lazy_fit(T, 4, rng=3)
    assert fit.unexplained == lazy_fit(T, sphere([3], 0, 4, 6)[0]).unexplained
    assert np.isclose(fit.unexplained, lazy_gd(T, 4, rng=3, steps=3000).relative_error ** 2, rtol=1e-3)
    with pytest.raises(ValueError, match="width is 0"):
        lazy_fit(T, 0)


def fits_of(kind, order, dim, m, seeds=range(20)):
    """Train on four components, another target and another start for every seed."""
    targets = [kind(dim, 4, order, rng=seed) for seed in seeds]
    T = Factored(np.stack([t.weights for t in targets]), np.stack([t.vectors for t in targets]), order)
    return modified_gd(T, m, rng=seeds, epochs=57)


def third(fit):
    """Return the relative error at the end of the third finishing epoch, the 60th in all at the latest."""
    (step,) = [step for step, text in fit.run.events if text == "end of finishing epoch 3"]
    return fit.run.trace["relative_error"][fit.run.step == step][0]


def success(fits):
    """Return the fraction that had a relative error of at most .05 after 57 epochs of search and 3 of finishing."""
    return np.mean([third(fit) <= 0.05 for fit in fits])


BEYOND = [
    pytest.param(order, m, dim, marks=[slow] if dim > 40 else [])
    for order, m, dims in ((3, 6, 160), (4, 8, 160), (5, 10, 80), (3, 4, 160), (4, 4, 160))
    for dim in (10, 20, 40, 80, 160) if dim <= dims
]


@pytest.mark.parametrize("order, m, dim", BEYOND)
def test_beyond_lazy_with_orthogonal_components(order, m, dim):
    """As many components at every d: the error is below .05 within 60 epochs, and below 1e-5 three epochs later."""
    fits = fits_of(orthogonal, order, dim, m)
    assert success(fits) >= 0.95
    for fit in fits:
        assert sum(text.startswith("end of epoch") for _, text in fit.run.events) <= 57
        assert (fit.run.stop is Stop.GOAL) == (fit.relative_error <= 0.05)
        assert third(fit) < 1e-5 or third(fit) > 0.05


@pytest.mark.parametrize("order, m, dim", BEYOND)
def test_beyond_lazy_with_random_components(order, m, dim):
    """The same success for random components, which are not orthogonal, down to m = r = 4 at d = 10."""
    assert success(fits_of(gaussian, order, dim, m)) >= 0.95


def test_crowded_components_need_the_finish():
    """Four random components of order 4 at d = 10: a component a time is drawn again, and the search alone may miss."""
    fits = fits_of(gaussian, 4, 10, 4, seeds=range(100))
    searched = [any(e.startswith("end of epoch") and x <= 0.05 for e, x in epoch_ends(fit)) for fit in fits]
    assert np.mean(searched) < success(fits) and success(fits) >= 0.95


def epoch_ends(fit):
    """Yield the events of a run with the relative errors there."""
    for step, text in fit.run.events:
        yield text, fit.run.trace["relative_error"][fit.run.step == step][0]


@pytest.mark.parametrize("order", [2, 3, 4, 5, 6])
def test_the_modified_gradient_is_the_slope_of_its_objective(order):
    """In both modes and with a penalty, alone and in a batch, the step goes down the loss plus half of λ Σ q."""
    rng, penalty, h = np.random.default_rng(order), 0.3, 1e-6
    problem = prepare(gaussian(6, 3, order, rng=1), 4, 0)
    C, way, s = rng.normal(size=(2, 4, 6)), rng.normal(size=(2, 4, 6)), np.array([[1.0, -1.0, 1.0, -1.0]] * 2)
    b = np.array([[0.0, 0.0, 0.7, 1.3], [0.4, 0.0, 0.0, 0.0]])
    def gradient(C, i=slice(None)):
        return modified_gradient(C, s[i], b[i], problem, penalty)
    def objective(C):
        return (lambda loss, size, _: loss + penalty / 2 * size.sum(-1))(*gradient(C))
    measured = (objective(C + h * way) - objective(C - h * way)) / (2 * h)
    assert np.allclose(-np.sum(gradient(C)[2] * way, axis=(-2, -1)), measured, rtol=1e-6)
    assert np.allclose(gradient(C)[2][1], gradient(C[1], 1)[2], rtol=1e-10)


@pytest.mark.parametrize("order", [2, 3, 4, 5])
def test_the_penalty_leaves_half_of_itself(order):
    """Of every orthonormal component of weight 1 the search finds 1 - λ/2, and the finish the rest."""
    fit = modified_gd(orthogonal(10, 4, order, rng=1), 4, penalty=0.04, tol=0.024, rng=2)
    ends = [step for step, text in fit.run.events if text.startswith("end of epoch")]
    found = fit.run.trace["relative_error"][np.isin(fit.run.step, ends)][-1]
    assert fit.run.stop is Stop.GOAL and abs(found - 0.02) < 0.002 and fit.relative_error < 1e-6


def test_the_mode_switch_freezes_without_a_jump():
    """A component that grows past 2√m δ keeps the factor that it has there; the student goes on where it was."""
    observe = {"b": lambda state: state.params.b, "norm": lambda state: np.linalg.norm(state.params.C, axis=-1)}
    T, options = orthogonal(6, 3, 4), dict(init_scale=1e-2, epochs=1, every=1, rng=1, observe=observe)
    r = modified_gd(T, 4, switch=True, **options).run
    b, norm = r.trace["b"], r.trace["norm"]
    last = r.events[0][0]
    first = np.argmax(norm >= 2 * 4**0.5 * 1e-2, axis=0)
    assert np.count_nonzero(first) >= 2
    for i in np.flatnonzero(first):
        assert np.all(b[: first[i] + 1, i] == 0)
        assert np.allclose(b[first[i] + 1 : last + 1, i], norm[first[i], i] ** -2)
    assert np.abs(np.diff(r.trace["relative_error"][:last])).max() < 0.05
    assert not modified_gd(T, 4, **options).run.trace["b"].any()


def test_the_finish_starts_from_the_best_epoch():
    """Where the goal is not reached, the search is not over with its last epoch but with its best."""
    fits = modified_gd(orthogonal(6, 6, 3), 4, rule="one", epochs=8, rng=range(6), every=1)
    worse = 0
    for fit in fits:
        error = fit.run.trace["relative_error"]
        ends = [step for step, text in fit.run.events if text.startswith("end of epoch")]
        assert error[ends[-1] + 1] <= error[ends].min() + 1e-9
        worse += error[ends[-1]] > error[ends].min() + 1e-3
    assert worse


@slow
def test_the_dial_between_rich_and_lazy():
    """At α = 1000 what is left is what the instance's own tangent space leaves; at α = 1 it is far less."""
    seeds = range(100, 124)
    T = Factored(np.ones((24, 1)), sphere(seeds, 99, 1, 8), 3)
    projection = np.array([lazy_fit(T[i], sphere([s], 0, 9, 8)[0]).unexplained for i, s in enumerate(seeds)])
    rich, middle, lazy = (
        np.array([fit.relative_error**2 for fit in scaled_gd(T, 9, alpha=alpha, rng=seeds, steps=steps)])
        for alpha, steps in ((1.0, 6000), (10.0, 6000), (1000.0, 60_000))
    )
    assert np.abs(lazy / projection - 1).max() < 0.02
    assert rich.mean() < 0.5 * middle.mean() and rich.mean() < 0.5 * lazy.mean()


@pytest.mark.parametrize("order", [2, 3, 4])
def test_the_lazy_end_of_the_dial_is_the_linear_model(order):
    """At large α training follows the linearised model, with the same learning rate at the same time."""
    T, options = gaussian(6, 3, order), dict(rng=3, steps=200, every=10, learning_rate=0.02)
    linear = lazy_gd(T, 5, **options).run
    for alpha, close in ((1e2, 0.1), (1e4, 1e-3)):
        full = scaled_gd(T, 5, alpha=alpha, **options).run
        assert np.array_equal(full.time, linear.time)
        assert np.allclose(full.trace["relative_error"], linear.trace["relative_error"], rtol=close)


@pytest.mark.parametrize("order", [2, 4, 6])
@pytest.mark.parametrize("m", [1, 2, 8, 64])
def test_no_width_helps_where_all_weights_stay_positive(order, m):
    """On e₁^l - e₂^l, from a balanced start with positive weights, the relative error never falls below 1/√2."""
    T = Factored([1.0, -1.0], np.eye(6)[:2], order)
    w = np.random.default_rng(m).uniform(0.2, 0.6, m) / m**0.5
    start = Factored(w, sphere([m], 5, m, 6)[0] * (order * w**2)[:, None] ** 0.5, order)
    observe = {"least": lambda s: s.params.w.min()}
    fit = gradient_descent(T, m, init=start, steps=4000, every=10, observe=observe)
    assert fit.run.trace["least"].min() > 0
    assert fit.run.trace["relative_error"].min() > 0.5**0.5 - 1e-7 and fit.relative_error > 0.5**0.5 - 1e-7


@pytest.mark.parametrize("order", [2, 4])
def test_signs_of_their_own_leave_the_trap(order):
    """The same target is learned where the weights start with both signs."""
    T = Factored([1.0, -1.0], np.eye(6)[:2], order)
    assert gradient_descent(T, 16, steps=4000, learning_rate=0.05).relative_error < 0.01


@pytest.mark.parametrize("order", [2, 3, 4, 5])
def test_the_balance_is_conserved(order):
    """‖u‖² - l w² of each component drifts only with the step size, to first order."""
    def drift(rate):
        options = dict(learning_rate=rate, steps=round(10 / rate), tol=1e-12, rng=3)
        def balance(state):
            return np.sum(state.params.C ** 2, -1) - order * state.params.w ** 2
        fit = gradient_descent(gaussian(6, 3, order, rng=1), 5, observe={"balance": balance}, **options)
        return np.abs(fit.run.trace["balance"] - fit.run.trace["balance"][0]).max()

    coarse, fine = drift(0.01), drift(0.005)
    assert coarse < 0.02 and 1.8 < coarse / fine < 2.2
