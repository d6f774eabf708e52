"""Thresholds and exponents against success curves whose answer is known."""

from functools import cache
from math import inf, log

import numpy as np
import pytest

from tensor_overparam.sweeps.thresholds import Threshold, evidence, first_pass, scaling, surviving, threshold


def coin(p):
    """Return an algorithm that succeeds with probability p(m), decided by the seed alone."""
    def tossed(m, seeds):
        chance = p(m)
        return np.array([uniform(s) < chance for s in seeds])
    return tossed


@cache
def uniform(seed):
    """Return the number between 0 and 1 that a seed draws first: the same at every width."""
    return np.random.default_rng(seed).random()


def logistic(center, steepness, top=1.0):
    """Return a success curve and the smallest width at which it is at least 0.9."""
    def p(m):
        return top / (1 + np.exp(-np.clip(steepness * (m - center), -50, 50)))
    return p, next(m for m in range(1, 1000) if p(m) >= 0.9)


def test_evidence_is_the_gambler_s_stake():
    """The vectorised stakes equal the game played flip by flip."""
    x, rate = np.random.default_rng(0).random(60) < 0.8, 0.9
    up = down = 1.0
    for n, won in enumerate(x):
        guess = (sum(x[:n]) + rate) / (n + 1)
        for side in (0, 1):
            q = max(guess, rate) if side == 0 else min(guess, rate)
            factor = q / rate if won else (1 - q) / (1 - rate)
            up, down = (up * factor, down) if side == 0 else (up, down * factor)
        above, below = (e[n] for e in evidence(x, rate))
        assert np.isclose(above, log(up)) and np.isclose(below, log(down))


@pytest.mark.parametrize("rate", [0.5, 0.9])
@pytest.mark.parametrize("shift", [0, 0.03])
def test_false_alarms(rate, shift):
    """However long one watches, at most 5 % of the stakes against a true claim ever reach 20."""
    rng = np.random.default_rng(3)
    above, _ = evidence(rng.random((3000, 200)) < rate - shift, rate)
    _, below = evidence(rng.random((3000, 200)) < rate + shift, rate)
    assert np.mean((above > log(20)).any(1)) <= 0.05 and np.mean((below > log(20)).any(1)) <= 0.05


def test_evidence_has_power():
    """Thirty-three successes in a row say p > 0.9, thirty-two do not; three failures in a row say p < 0.9."""
    assert evidence(np.ones(33), 0.9)[0][-1] > log(20) > evidence(np.ones(32), 0.9)[0][-1]
    assert evidence(np.zeros(3), 0.9)[1][-1] > log(20)


CURVES = [(6, 5.0, 1.0), (12, 0.5, 1.0), (25, 0.3, 1.0)]
SATURATED = (8, 1.0, 0.97)  # never far above 0.9: takes more trials at a width before anything can be said


@pytest.mark.parametrize("curve, trials", [*((c, 40) for c in CURVES), (SATURATED, 40), (SATURATED, 120)], ids=str)
def test_coverage_of_the_interval(curve, trials):
    """A nominal 95 % interval holds the true width in at least 90 % of 200 searches, and is no triviality."""
    p, truth = logistic(*curve)
    found = [threshold(coin(p), (2, 64), seeds=10**5 * i, trials=trials) for i in range(200)]
    assert np.mean([f.interval[0] <= truth <= f.interval[1] for f in found]) >= 0.9
    if (curve, trials) != (SATURATED, 40):
        assert np.median([f.interval[1] for f in found]) <= 4 * truth
    assert np.median([f.interval[0] for f in found]) >= truth / 3
    assert 0.7 * truth <= np.median([f.width for f in found]) <= 1.3 * truth
    assert np.mean([f.consistent for f in found]) >= 0.9


def test_a_sharp_threshold_is_found_exactly():
    """A step from 0 to 1 is found to the component, with an interval of one component."""
    for truth in (2, 5, 17, 63, 64):
        f = threshold(lambda m, seeds, t=truth: np.full(len(seeds), m >= t), (2, 64))
        assert f.width == truth and f.interval == (truth, truth)


def test_bisection_with_a_resolution():
    """With a resolution the search stops early, at a width that passes, at most that share above the truth."""
    exact, rough = (threshold(lambda m, s: np.full(len(s), m >= 43), (2, 64), resolution=r) for r in (0, 0.1))
    assert exact.width == 43 and 43 <= rough.width <= 48 and len(rough.tried) < len(exact.tried)
    assert rough.interval[0] <= 43 <= rough.interval[1]


def test_first_pass():
    """The search finds the smallest width that passes, wherever it is, and says where there is none."""
    for low in (1, 3):
        for truth in range(low, 40):
            assert first_pass(lambda m, t=truth: m >= t, low, 40) == truth
    assert first_pass(lambda m: False, 1, 40) is None


def test_ends_of_the_range():
    """No width that passes gives None and an interval open above; the smallest one passing is marked."""
    never, always = (threshold(lambda m, s, x=x: np.full(len(s), x), (3, 20)) for x in (False, True))
    assert never.width is None and never.interval == (21, inf) and never.censored == "above"
    assert always.width == 3 and always.interval == (3, 3) and always.censored == "below"
    assert "m* > 20" in repr(never) and "∞" in repr(never)


def test_every_trial_is_fresh():
    """No seed is used twice, all seeds come from the pool in order, and the numbers of trials are as reported."""
    seen = []

    def fn(m, seeds):
        seen.extend(seeds)
        return coin(lambda m: m / 20)(m, seeds)

    f = threshold(fn, (1, 40), seeds=100, block=7)
    assert seen == list(range(100, 100 + sum(f.trials)))
    assert threshold(fn, (1, 40), seeds=range(100, 2000), block=7) == f


def test_what_cannot_be_monotone_is_said():
    """Plain success below plain failure refutes every threshold; the interval then excludes nothing."""
    assert not len(surviving({3: np.ones(60), 8: np.zeros(20), 16: np.ones(60)}, 0.9, 2, 16))
    calls = []

    def fn(m, seeds):
        calls.append(m)
        return np.full(len(seeds), m != 8 and len(calls) > 1)

    f = threshold(fn, (4, 16), trials=60)
    assert f.width is not None and f.tried[0] == 4
    g = threshold(lambda m, s: np.full(len(s), 4 <= m <= 16), (3, 64))
    assert g.width == 4 and g.consistent


@pytest.mark.parametrize("change, word", [
    (dict(width_range=(0, 5)), "width_range"), (dict(width_range=(5, 2)), "width_range"),
    (dict(width_range=7), "width_range"), (dict(width_range=(1.5, 3)), "width_range"), (dict(rate=1.0), "rate"),
    (dict(level=0), "level"), (dict(error=2), "error"), (dict(block=0), "block"), (dict(trials=5), "trials"),
    (dict(resolution=1), "resolution"), (dict(looks=-1), "looks"), (dict(seeds=range(10)), "seeds are used up"),
    (dict(fn=lambda m, s: True), "expected 20 values"), (dict(fn=lambda m, s: np.full(len(s), 0.5)), "True or False"),
    (dict(fn=lambda m, s: np.full(len(s), np.nan)), "True or False"),
], ids=lambda x: ", ".join(x) if isinstance(x, dict) else x)
def test_nonsense_is_refused(change, word):
    """What means nothing is named."""
    options = dict(fn=lambda m, s: np.full(len(s), False), width_range=(2, 8)) | change
    with pytest.raises(ValueError, match=word):
        threshold(**options)


def one_scaling(i, exponent):
    """Measure five thresholds of a known law from fresh seeds and fit it."""
    sizes, found = (2, 4, 8, 16, 32), []
    for j, x in enumerate(sizes):
        def p(m, x=x):
            return 1 / (1 + np.exp(-np.clip(0.8 * (m - 4 * x**exponent) + 2.2, -50, 50)))
        found.append(threshold(coin(p), (2, 200), seeds=10**7 * i + 10**6 * j))
    return scaling(sizes, found)


@pytest.mark.parametrize("exponent", [0.4, 0.9])
def test_coverage_of_the_exponent(exponent):
    """A nominal 95 % interval from thresholds holds the true exponent in at least 90 % of 60 experiments."""
    fits = [one_scaling(i, exponent) for i in range(60)]
    assert np.mean([f.interval[0] <= exponent <= f.interval[1] for f in fits]) >= 0.9
    assert abs(np.median([f.exponent for f in fits]) - exponent) < 0.05
    assert np.median([f.interval[1] - f.interval[0] for f in fits]) < 0.6
    assert {f.over for f in fits} == {"thresholds"} and np.mean([f.fits for f in fits]) > 0.8


@pytest.mark.parametrize("n", [4, 6, 10])
def test_coverage_over_points(n):
    """The same from plain numbers with noise on a straight line."""
    rng, x = np.random.default_rng(n), 2.0 ** np.arange(n)
    fits = [scaling(x, 3 * x**1.5 * np.exp(0.2 * rng.normal(size=n)), rng=i) for i in range(300)]
    assert np.mean([f.interval[0] <= 1.5 <= f.interval[1] for f in fits]) >= 0.9


def exact(m):
    """Return a threshold without uncertainty."""
    return Threshold(m, (m, m), (1, 1000), (m,), (40,), (40,), ("evidence",), ((4.0, 0.0),), 0.9, 0.95, True)


def test_exact_laws():
    """A law without noise is found exactly, with an interval of no width; it is a function of x."""
    f = scaling([2, 4, 8, 16], [exact(3 * r) for r in (2, 4, 8, 16)])
    assert np.isclose(f.exponent, 1) and np.isclose(f.prefactor, 3) and np.allclose(f.interval, 1) and f.fits
    assert np.allclose(f([1, 10]), [3, 30])
    bent = scaling([2, 4, 8, 16], [exact(m) for m in (2, 4, 16, 128)])
    assert not bent.fits and "not a straight line" in repr(bent)
    assert scaling([2, 4], [6.0, 12.0]).interval == (-inf, inf)


def test_censored_points_are_left_out_and_counted():
    """What has no m* is not on the line, and the result says how many there were."""
    never = threshold(lambda m, s: np.full(len(s), False), (2, 8))
    f = scaling([2, 4, 8], [exact(4), exact(8), never])
    assert f.points == 2 and f.left_out == 1 and np.isclose(f.exponent, 1) and "1 censored" in repr(f)
    assert scaling([2, 4, 8], [4, 8, None]).left_out == 1


@pytest.mark.parametrize("x, m", [
    ([1, 2], [3]), ([0, 1], [3, 4]), ([1, np.nan], [3, 4]), ([1, 1], [3, 4]), ([1, 2], [3, None]), ([1, 2], [3, -4]),
    ([1, 2], [3, exact(4)]),
], ids=str)
def test_scaling_refuses_nonsense(x, m):
    """Sizes and widths that mean nothing are refused in a sentence."""
    with pytest.raises(ValueError, match="expected"):
        scaling(x, m)
