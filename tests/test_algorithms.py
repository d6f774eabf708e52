"""The contract that every trainer keeps with every target: shapes, seeds, records, units, batches and refusals."""

from inspect import signature

import numpy as np
import pytest

from tensor_overparam.core.loop import Run, Stop
from tensor_overparam.descent.modified import RULES, modified_gd
from tensor_overparam.descent.objective import Diverged, Fit, relative_error
from tensor_overparam.descent.registry import ALGORITHMS
from tensor_overparam.descent.vanilla import gradient_descent
from tensor_overparam.tensors.problems import cumulant4, gaussian, moment, orthogonal, with_noise
from tensor_overparam.tensors.targets import Dense, Factored, as_target, sqnorm, to_dense

BATCHES = [name for name, algorithm in ALGORITHMS.items() if algorithm.batched]
SCALES = [name for name, algorithm in ALGORITHMS.items() if algorithm.any_scale]
ARRAYS = [name for name in BATCHES if ALGORITHMS[name].any_array]
WIDTH = 3


class Own:
    """‖c‖⁴, a target of three members."""

    order, dim = 4, 3

    def contract(self, C):
        return (C * C).sum(-1, keepdims=True) * C


def samples():
    """Return 60 samples of four independent coordinates that are far from Gaussian."""
    return np.random.default_rng(5).exponential(size=(60, 4)) - 1


TARGETS = {
    **{f"factored {l}": lambda l=l: gaussian(5, 5, l, weights="mixed", rng=l) for l in (2, 3, 4, 5)},
    "array": lambda: to_dense(gaussian(4, 2, 3)),
    "noisy": lambda: with_noise(orthogonal(5, 4, 3), 0.1, rng=1),
    "moment": lambda: moment(samples(), 3),
    "cumulant": lambda: cumulant4(samples()),
    "own": Own,
}
each_algorithm = pytest.mark.parametrize("name", ALGORITHMS)
each_target = pytest.mark.parametrize("target", TARGETS)


def takes(option):
    """Return the names of those that can be told something."""
    return [name for name, algorithm in ALGORITHMS.items() if option in signature(algorithm.train).parameters]


RATES, STARTS = takes("learning_rate"), takes("init")


def train(name, target, width=WIDTH, **options):
    """Call a trainer by name for a few steps."""
    return ALGORITHMS[name].train(target, width, **ALGORITHMS[name].short | options)


def trace(fit):
    return fit.run.trace["relative_error"]


def assert_same(a, b, exact=True):
    """Assert that two fits are equal, to the last bit or up to the rounding of differently ordered sums."""
    same = np.array_equal if exact else lambda x, y: np.allclose(x, y, rtol=1e-9, atol=1e-9)
    assert (a.run.stop, a.run.events) == (b.run.stop, b.run.events)
    assert np.array_equal(a.run.step, b.run.step) and np.array_equal(a.run.time, b.run.time)
    assert a.run.trace.keys() == b.run.trace.keys() and all(same(a.run.trace[k], b.run.trace[k]) for k in a.run.trace)
    assert same(to_dense(a.student), to_dense(b.student)) and same(a.relative_error, b.relative_error)


@each_algorithm
@each_target
def test_what_comes_out(name, target):
    """A fit has a student of the right shape, an error that is true, and records in order from step 0 to the last."""
    T = TARGETS[target]()
    fit = train(name, T, rng=1, every=7)
    T, r = as_target(T), fit.run
    assert isinstance(fit, Fit) and isinstance(r, Run)
    assert (fit.student.order, fit.student.dim) == (T.order, T.dim)
    if name in ("vanilla", "modified"):
        assert fit.student.vectors.shape == (WIDTH, T.dim) and fit.student.weights.shape == (WIDTH,)
    exact = np.sum((to_dense(T) - to_dense(fit.student)) ** 2) / sqnorm(T)
    assert np.isclose(fit.relative_error, exact**0.5) and fit.measured_by == "entries"
    assert np.isclose(trace(fit)[-1], fit.relative_error, atol=1e-7)
    assert r.step[0] == r.time[0] == 0 and r.step[-1] == r.final.step and r.time[-1] == r.final.time
    assert np.all(np.diff(r.step) > 0) and np.all(np.diff(r.time) >= 0)
    assert set(range(0, min(40, r.final.step + 1), 7)) <= set(r.step.tolist())
    assert r.stop is Stop.GOAL or r.final.step >= 35
    assert all(len(v) == len(r.step) and np.isfinite(v).all() for v in r.trace.values())
    assert np.allclose(r.trace["loss"], 0.5 * trace(fit) ** 2 * sqnorm(T), rtol=1e-8, atol=1e-12 * sqnorm(T))
    assert r.config["algorithm"] == name and r.config["width"] == WIDTH and r.config["seed"] == 1
    assert "relative error" in repr(fit) and "relative error" in fit._repr_html_()


@each_algorithm
@each_target
def test_the_error_falls(name, target):
    """Some hundred steps, or a part of the usual time, bring every trainer nearer to every target."""
    options = {key: value for key, value in {"steps": 300, "time": 15.0}.items() if key in ALGORITHMS[name].short}
    fit = ALGORITHMS[name].train(TARGETS[target](), 6, rng=2, **options)
    assert trace(fit)[-1] < 0.99 * trace(fit)[0]


@pytest.mark.slow
@each_target
def test_deflation_takes_its_time(target):
    """And in the time that it takes of itself it comes down to its tolerance, or no less near than in a part of it."""
    part, whole = (ALGORITHMS["deflation"].train(TARGETS[target](), 6, rng=2, **o) for o in ({"time": 15.0}, {}))
    assert trace(whole)[-1] <= max(0.05, 1.01 * trace(part)[-1])


@each_algorithm
@each_target
def test_seeds_decide(name, target):
    """One seed gives one answer to the last bit, as a number or as a Generator; another seed gives another answer."""
    make = TARGETS[target]
    fit = train(name, make(), rng=3)
    assert_same(fit, train(name, make(), rng=3))
    other = train(name, make(), rng=4)
    assert not np.array_equal(trace(fit), trace(other))
    if name != "als":  # which may find the same optimum from both
        assert not np.allclose(to_dense(fit.student), to_dense(other.student))
    a, b = (train(name, make(), rng=np.random.default_rng(5)) for _ in range(2))
    assert_same(a, b)


@each_algorithm
def test_a_generator_moves_on(name):
    """Two runs with one Generator differ, and the seed drawn from it, found in the record, repeats either."""
    rng, T = np.random.default_rng(5), TARGETS["factored 3"]()
    a, b = train(name, T, rng=rng), train(name, T, rng=rng)
    assert not np.allclose(to_dense(a.student), to_dense(b.student))
    assert_same(b, train(name, T, rng=b.run.config["seed"]))


@each_algorithm
@pytest.mark.parametrize("target", ["factored 3", "factored 4", "array", "noisy"])
def test_input_is_not_changed(name, target):
    """Neither the target nor an initial student is written over."""
    T = TARGETS[target]()
    start = gaussian(as_target(T).dim, WIDTH, as_target(T).order, rng=9)
    before = start.vectors.copy(), start.weights.copy(), np.array(to_dense(as_target(T)))
    train(name, T, **({"init": start} if name in STARTS else {}))
    after = start.vectors, start.weights, to_dense(as_target(T))
    assert all(np.array_equal(x, y) for x, y in zip(before, after))


@each_algorithm
def test_input_can_be_read_only(name):
    """Arrays that cannot be written to are as good as others."""
    T = TARGETS["array"]()
    T.flags.writeable = False
    assert train(name, T).relative_error < 2


@pytest.mark.parametrize("name", SCALES)
@pytest.mark.parametrize("scale", [1e-6, 1e6])
@pytest.mark.parametrize("target", ["factored 3", "factored 4", "noisy", "cumulant"])
def test_units_do_not_matter(name, scale, target):
    """A target in other units takes the same way in the same time; the loss is in its units."""
    T = TARGETS[target]()
    a, b = train(name, T, rng=1), train(name, scale * T, rng=1)
    assert np.array_equal(a.run.time, b.run.time) and np.allclose(trace(a), trace(b), rtol=1e-7, atol=1e-9)
    assert np.allclose(b.run.trace["loss"], scale**2 * a.run.trace["loss"], rtol=1e-6, atol=1e-9 * scale**2)
    assert np.isclose(a.relative_error, b.relative_error, rtol=1e-7)
    array = to_dense(a.student)
    assert np.allclose(to_dense(b.student), scale * array, rtol=1e-6, atol=1e-6 * scale * np.abs(array).max())


@pytest.mark.parametrize("name", SCALES)
@pytest.mark.parametrize("scale", [1e-170, 1e160])
def test_extreme_units_are_managed_or_refused(name, scale):
    """A target whose squared norm overflows is trained in its own units, or refused in a sentence."""
    with np.errstate(all="ignore"):
        try:
            fit = train(name, scale * TARGETS["factored 3"]())
        except ValueError:
            return
    assert 0 < fit.relative_error < 2


@pytest.mark.parametrize("name", BATCHES)
@pytest.mark.parametrize("target", ["factored 2", "factored 3", "factored 4", "noisy", "cumulant"])
def test_seeds_in_a_batch(name, target):
    """A list of seeds gives a list of fits, each equal to the run of its seed up to rounding."""
    compare_batch(name, TARGETS[target]())


@pytest.mark.parametrize("name", [name for name in BATCHES if name in RATES])
def test_seeds_in_a_batch_with_a_given_rate(name):
    """The same, where all runs are told their learning rate."""
    compare_batch(name, TARGETS["factored 3"](), learning_rate=0.02)


def compare_batch(name, T, **options):
    """Assert that each run of a batch of seeds equals the run alone."""
    seeds = [4, 0, 2]
    fits = train(name, T, rng=seeds, **options)
    assert [f.run.config["seed"] for f in fits] == seeds
    for fit, seed in zip(fits, seeds, strict=True):
        assert_same(fit, train(name, T, rng=seed, **options), exact=False)


@pytest.mark.parametrize("name", [name for name in BATCHES if name in SCALES])
@pytest.mark.parametrize("order", [2, 3, 4, 5])
def test_targets_in_a_batch(name, order):
    """A batch of targets of different sizes, one a seed, gives what each of them gives alone, in its own units."""
    singles = [k * gaussian(5, 5, order, rng=k) for k in (1, 20, 300)]
    many = Factored(np.stack([t.weights for t in singles]), np.stack([t.vectors for t in singles]), order)
    options = {"learning_rate": 0.01} if name == "scaled" else {}
    for i, fit in enumerate(train(name, many, rng=range(3), **options)):
        assert_same_units(fit, train(name, singles[i], rng=i, **options), sqnorm(singles[i]))


def assert_same_units(a, b, square):
    """Assert that two fits are equal up to rounding, with losses compared relative to the target's squared norm."""
    assert np.array_equal(a.run.time, b.run.time) and np.allclose(trace(a), trace(b), rtol=1e-8, atol=1e-8)
    assert np.allclose(a.run.trace["loss"], b.run.trace["loss"], rtol=1e-8, atol=1e-9 * square)
    assert np.allclose(to_dense(a.student), to_dense(b.student), rtol=1e-7, atol=1e-8 * square**0.5)


def test_lazy_training_refuses_batches():
    """The trainer that knows no batches says so."""
    with pytest.raises(ValueError, match="one run at a time"):
        train("lazy", TARGETS["factored 3"](), rng=[1, 2])


@pytest.mark.parametrize("name", BATCHES)
def test_a_batch_needs_as_many_seeds_as_targets(name):
    """Two targets and three seeds, or one seed, are refused."""
    many = Factored(np.ones((2, 3)), np.random.default_rng(0).normal(size=(2, 3, 4)), 3)
    for rng in (range(3), 1, [7]):
        with pytest.raises(ValueError, match="one seed a target"):
            train(name, many, rng=rng)


@pytest.mark.parametrize("name", BATCHES)
def test_a_batch_of_sums(name):
    """A sum with a batch in it is trained, or refused in a sentence."""
    many = Factored(np.ones((2, 3)), np.random.default_rng(0).normal(size=(2, 3, 4)), 3)
    try:
        fits = train(name, many - 0.1 * many, rng=range(2))
    except ValueError:
        return
    for i, fit in enumerate(fits):
        assert np.isclose(fit.relative_error, relative_error(many[i] - 0.1 * many[i], fit.student))


NONSENSE = [
    dict(width=0), dict(width=-1), dict(width=2.5), dict(width="3"), dict(width=None),
    dict(rng=-1), dict(rng=1.5), dict(rng="seed"), dict(rng=[]), dict(rng=None),
]


@each_algorithm
@pytest.mark.parametrize("options", NONSENSE, ids=str)
def test_nonsense_is_refused(name, options):
    """Widths and seeds that mean nothing are named in the message."""
    (key, _), = options.items()
    with pytest.raises(ValueError, match=f"{key} is .*expected"):
        train(name, TARGETS["factored 3"](), **options)


@each_algorithm
@pytest.mark.parametrize(("options", "words"), [
    ({"epoch": 3}, "has no option 'epoch'.* one of target, width, .*observe, progress"),
    ({"obzerve": {}}, "has no option 'obzerve'; did you mean 'observe'"),
    ({"observe": 3}, "observe is 3; expected a dict of functions"),
    ({"observe": {"x": 3}}, "observe is {'x': 3}; expected a dict of functions"),
], ids=str)
def test_options_that_nobody_knows_are_refused(name, options, words):
    """By the trainer's own name, with what is close and what there is."""
    with pytest.raises(ValueError, match=words) as error:
        train(name, TARGETS["factored 3"](), **options)
    assert not str(error.value).startswith("run") and (name != "modified" or "epoch" not in options
                                                       or "did you mean 'epochs'" in str(error.value))


@each_algorithm
def test_targets_that_cannot_be_learned_are_refused(name):
    """Zero, asymmetric and infinite arrays are refused before anything runs."""
    lopsided = np.arange(8.0).reshape(2, 2, 2)
    for array, word in ((0 * lopsided, "zero"), (lopsided, "symmetric"), (lopsided + np.inf, "infinity")):
        with pytest.raises(ValueError, match=word):
            train(name, array)


@pytest.mark.parametrize("rate", [0, -0.1, np.nan, np.inf])
@pytest.mark.parametrize("name", RATES)
def test_learning_rates_that_mean_nothing_are_refused(name, rate):
    """A learning rate is a positive number."""
    with pytest.raises(ValueError, match="learning_rate is .*expected a positive number"):
        train(name, TARGETS["factored 3"](), learning_rate=rate)


@pytest.mark.parametrize("name", RATES)
def test_a_learning_rate_of_text_is_refused(name):
    """Text is not a positive number either."""
    with pytest.raises(ValueError, match="learning_rate is 'fast'"):
        train(name, TARGETS["factored 3"](), learning_rate="fast")


@pytest.mark.parametrize("name", STARTS)
def test_a_start_of_another_order_is_refused(name):
    """A student of order 4 is no start for a target of order 3."""
    with pytest.raises(ValueError, match="order"):
        train(name, gaussian(5, 3, 3), init=gaussian(5, 3, 4))


@pytest.mark.parametrize("name", STARTS)
def test_a_start_of_another_size_is_refused(name):
    """A student of four components is no start for three."""
    with pytest.raises(ValueError, match=r"init has .*vectors of shape \(4, 5\).*expected .*\(3, 5\)"):
        train(name, gaussian(5, 3, 3), init=gaussian(5, 4, 3))


@pytest.mark.parametrize("name", [name for name in RATES if name != "deflation"])  # whose polar step cannot overflow
def test_divergence_is_an_error_that_carries_the_run(name):
    """Numbers that overflow raise `Diverged`, a ValueError that carries the record up to the last finite point."""
    T = TARGETS["factored 3"]()
    options = dict(learning_rate=30.0 if name == "modified" else 1e3)
    options |= {"steps": 500} if "steps" in ALGORITHMS[name].short else {"epochs": 60} if name == "modified" else {}
    with pytest.raises(Diverged, match="learning_rate") as error:
        train(name, T, **options)
    r = error.value.run
    assert isinstance(error.value, ValueError) and r.stop is Stop.DIVERGED
    assert r.step[0] == 0 and r.step[-1] == r.final.step and all(np.isfinite(v).all() for v in r.trace.values())
    assert all(np.isfinite(v).all() for v in vars(r.final.params).values() if isinstance(v, np.ndarray) and v.ndim)
    fit = train(name, T, keep_diverged=True, **options)
    assert fit.run.stop is Stop.DIVERGED and fit.relative_error > 1
    assert np.array_equal(trace(fit), r.trace["relative_error"])


def test_one_run_of_a_batch_may_diverge():
    """With keep_diverged the others are not lost, and equal their runs alone."""
    T = TARGETS["factored 4"]()
    options = dict(learning_rate=0.3, steps=300, keep_diverged=True, rng=range(12))
    fits = gradient_descent(T, 4, **options)
    stops = [f.run.stop for f in fits]
    assert Stop.DIVERGED in stops and set(stops) != {Stop.DIVERGED}
    with pytest.raises(Diverged):
        gradient_descent(T, 4, **options | {"keep_diverged": False})
    for seed, fit in enumerate(fits):
        alone = gradient_descent(T, 4, **options | {"rng": seed})
        assert alone.run.stop is fit.run.stop and alone.run.final.step == fit.run.final.step


@each_algorithm
@pytest.mark.parametrize("batch", [False, True])
def test_ctrl_c(name, batch):
    """An interrupted training returns at once, with the fit so far."""
    if batch and name not in BATCHES:
        return
    steps = []

    def impatient(state):
        steps.append(state.step)
        if len(steps) == 6:
            raise KeyboardInterrupt
        return 0.0

    fits = train(name, TARGETS["factored 3"](), rng=[1, 2] if batch else 1, every=1, observe={"patience": impatient})
    for fit in fits if batch else [fits]:
        assert fit.run.stop is Stop.INTERRUPTED and fit.run.final.step == 5 and len(steps) <= 8
        assert np.isclose(trace(fit)[-1], fit.relative_error, atol=1e-7)


@each_algorithm
def test_observers_and_files(name, tmp_path):
    """What an observer returns stands beside the losses, and the run of every trainer can be saved."""
    T = TARGETS["factored 4"]()
    def size(state):
        return max(np.abs(v).max() for v in vars(state.params).values() if np.ndim(v))
    fit = train(name, T, every=5, observe={"size": size})
    assert np.isfinite(fit.run.trace["size"]).all() and len(fit.run.trace["size"]) == len(fit.run.step)
    fit.run.save(tmp_path / "run.npz")
    back = Run.load(tmp_path / "run.npz")
    assert np.array_equal(back.trace["loss"], fit.run.trace["loss"]) and back.config == fit.run.config


@pytest.mark.parametrize("rule", RULES)
def test_rules_of_re_initialisation(rule):
    """Every rule trains; time stands still at the end of an epoch, where components are drawn again."""
    options = dict(epochs=4, tol=1e-9, every=1, observe={"C": lambda state: state.params.C})
    r = modified_gd(orthogonal(6, 6, 3), 4, rule=rule, **options).run
    ends = [k for k, text in r.events if text.startswith("end of epoch")]
    assert len(ends) == 4 and np.all(np.diff(r.time)[ends[:3]] == 0)
    assert np.count_nonzero(np.diff(r.time) == 0) in (3, 4)
    drawn = [np.sum(np.isclose(np.linalg.norm(r.trace["C"][k + 1], axis=1), 1e-3)) for k in ends[:3]]
    least, most = {"none": (0, 0), "one": (1, 1), "small": (0, 4), "small-else-one": (1, 4)}[rule]
    assert least <= min(drawn) and max(drawn) <= most


def library_targets(xp, order):
    """Return a planted, a dense and a noisy target in an array library, beside the same in NumPy."""
    T = gaussian(3, 5, order, rng=order)
    F, D = Factored(xp.asarray(T.weights), xp.asarray(T.vectors), order), xp.asarray(to_dense(T))
    return (F, T), (D, to_dense(T)), (F - 0.1 * Dense(D), T - 0.1 * Dense(to_dense(T)))


@pytest.mark.parametrize("library", ["array_api_strict", "torch"])
@pytest.mark.parametrize("order", [3, pytest.param(4, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", ARRAYS)
def test_other_array_libraries(name, order, library):
    """Arrays of other libraries go in, train as in NumPy, alone and in batches, and come out as they went in."""
    xp = pytest.importorskip(library)
    for T, same in library_targets(xp, order):
        for rng in (1, [1, 2]):
            fits, expected = train(name, T, rng=rng), train(name, same, rng=rng)
            for a, b in zip(fits, expected, strict=True) if rng != 1 else [(fits, expected)]:
                assert np.allclose(trace(a), trace(b), rtol=1e-6, atol=1e-7)
                assert np.isclose(a.relative_error, b.relative_error, rtol=1e-6, atol=1e-9)
                array = to_dense(a.student)
                assert type(array) is type(xp.ones(1))
                assert np.allclose(np.asarray(array), to_dense(b.student), atol=1e-6)


@pytest.mark.parametrize("library", ["numpy", "array_api_strict", "torch"])
@pytest.mark.parametrize("name", ARRAYS)
def test_precision_is_kept(name, library):
    """A target of single precision has a student of single precision, as good as that allows."""
    xp = pytest.importorskip(library)
    T = gaussian(5, 5, 3, rng=3)
    single = Factored(xp.asarray(T.weights, dtype=xp.float32), xp.asarray(T.vectors, dtype=xp.float32), 3)
    fit, exact = train(name, single), train(name, T)
    assert to_dense(fit.student).dtype == xp.float32
    assert np.isclose(fit.relative_error, exact.relative_error, rtol=1e-3)
