"""Every claim of the ledger: its verdict, where it does not apply, and its mutation."""

import json
import signal
from dataclasses import replace
from importlib.util import find_spec

import numpy as np
import pytest

from tensor_overparam import ledger as the_ledger
from tensor_overparam.core import loop
from tensor_overparam.core.claim import BASES, HOLDS, NOT_APPLICABLE, UNDECIDED, VIOLATED, Prediction, compare, sizes
from tensor_overparam.core.interval import Measured, difference_of, exponent_of, interval, mean_of, median_of, share_of
from tensor_overparam.descent.claims_deflation import DYNAMICS_CHECKS
from tensor_overparam.descent.claims_epochs import EPOCH_CHECKS
from tensor_overparam.descent.claims_lazy import LAZY_CHECKS
from tensor_overparam.descent.claims_leaving import LEAVING_CHECKS
from tensor_overparam.descent.claims_luck import LUCK_CHECKS
from tensor_overparam.descent.claims_modified import MODIFIED_CHECKS
from tensor_overparam.descent.claims_noise import NOISE_CHECKS
from tensor_overparam.descent.claims_width import SUCCESS_CHECKS
from tensor_overparam.implicit_bias.claims import ADAPTIVE
from tensor_overparam.implicit_bias.claims_generalisation import GENERALISATION
from tensor_overparam.ledger import CHECKS, check_target, report
from tensor_overparam.nets.claims import NETS
from tensor_overparam.nets.teacher_student import TEACHER
from tensor_overparam.rotation.claims import ROTATION
from tensor_overparam.rotation.claims_training import TURNED
from tensor_overparam.tensors.problems import gaussian, with_noise

every_check = pytest.mark.parametrize("name", CHECKS)


def test_names_and_statements():
    """No name is taken twice, and every claim says in one sentence what it claims, and why it fails if it does."""
    tensors = (LAZY_CHECKS, MODIFIED_CHECKS, LEAVING_CHECKS, LUCK_CHECKS, EPOCH_CHECKS, NOISE_CHECKS, SUCCESS_CHECKS,
               DYNAMICS_CHECKS)
    companions = (NETS, TEACHER, ADAPTIVE, GENERALISATION, ROTATION, TURNED)
    assert len(CHECKS) == sum(map(len, tensors + companions)) and sum(map(len, tensors)) >= 45
    for claim in CHECKS.values():
        assert claim.basis in BASES and (claim.grows in claim.quick or not claim.grows)
        assert claim.statement.endswith((".", ").")) and find_spec("tensor_overparam." + claim.page.replace("/", "."))
        assert claim.expected != VIOLATED or claim.reason


@every_check
def test_the_verdict_is_the_one_on_record(name, shared):
    """The quick experiment gives the verdict that is expected, with hypotheses that were measured."""
    c = CHECKS[name].check("quick")
    assert c.verdict == CHECKS[name].expected, c
    assert c.prediction.assumes and c.prediction.cite


@every_check
def test_outside_its_hypotheses_a_claim_does_not_apply(name, shared):
    """An experiment that leaves a hypothesis says so, whatever its numbers are."""
    c = CHECKS[name].check("outside")
    assert c.verdict == NOT_APPLICABLE and c.unmet, c


@every_check
def test_a_mutation_is_noticed(name, shared):
    """A mistake put into the formula or the algorithm turns the verdict, with all hypotheses still true."""
    c = CHECKS[name].check("broken")
    assert c.verdict == (VIOLATED if CHECKS[name].expected == HOLDS else HOLDS) and not c.unmet, c


@pytest.mark.slow
@every_check
def test_the_full_experiment_agrees(name, shared):
    """The larger experiment gives the same verdict."""
    assert CHECKS[name].check("full").verdict == CHECKS[name].expected


def test_a_report_is_text_html_and_json():
    """The ledger prints as text, renders as HTML, and comes out as plain data with everything it was judged by."""
    ledger = report(["lazy-rank", "induction-nothing-light"])
    assert ledger.in_order and "lazy-rank" in ledger.text() and '<table class="ledger">' in ledger._repr_html_()
    first, second = ledger.to_json()
    assert first["verdict"] == HOLDS and first["hypotheses"] and second["verdict"] == VIOLATED and second["reason"]
    assert "1 holds, 1 violated" in ledger.summary()


def test_unknown_names_are_refused_with_what_is_close():
    """A misspelt name is answered with the right one."""
    with pytest.raises(ValueError, match="lazy-rank"):
        report(["lazy-rang"])


def test_a_target_of_ones_own_is_checked_with_one_call():
    """Claims for any target hold for noise; where a target is too wide for an experiment, that is no surprise."""
    small = check_target(with_noise(gaussian(5, 1, 3), 20.0, rng=1))
    assert small.in_order and all(e.comparison.verdict == HOLDS for e in small.entries)
    assert all(CHECKS[e.name].statement == e.claim.statement for e in small.entries), "they are no other claims"
    wide = check_target(gaussian(40, 3, 4))
    assert wide.in_order and wide.entries[0].comparison.verdict == NOT_APPLICABLE
    assert json.loads(json.dumps(wide.to_json(), allow_nan=False))[0]["measured"] is None and "–" in wide.text()
    with pytest.raises(ValueError, match="symmetric"):
        check_target(np.arange(8.0).reshape(2, 2, 2))


class Own:
    """The fourth power of the norm: a target of three members and nothing else."""
    order, dim = 4, 5

    def contract(self, C):
        """Return |c|^2 c."""
        return (C * C).sum(-1, keepdims=True) * C


def test_a_target_of_three_members_is_checked_too():
    """No arithmetic is asked of a target for its ledger."""
    assert check_target(Own()).in_order


# --- intervals --------------------------------------------------------------------------------------


ONE = Prediction("a", "b", "equal", 1.0)


@pytest.mark.parametrize(("kind", "low", "high", "verdict"), [
    ("equal", 0.95, 1.05, HOLDS), ("equal", 0.95, 1.15, UNDECIDED), ("equal", 0.5, 2.0, UNDECIDED),
    ("equal", 1.15, 1.2, VIOLATED), ("equal", 0.5, 0.8, VIOLATED), ("upper", 0.0, 1.05, HOLDS),
    ("upper", 1.05, 1.2, UNDECIDED), ("upper", 1.15, 1.2, VIOLATED), ("lower", 0.95, 9.0, HOLDS),
    ("lower", 0.85, 0.95, UNDECIDED), ("lower", 0.1, 0.85, VIOLATED), ("rate", 0.95, 1.05, HOLDS),
])
def test_a_verdict_is_where_the_interval_lies(kind, low, high, verdict, monkeypatch):
    """Inside the region, outside, or across an edge; with a margin of a tenth."""
    monkeypatch.setattr("tensor_overparam.core.claim.interval", lambda measured, alpha: (low, high))
    says = replace(ONE, kind=kind)
    assert compare(says, mean_of([1.0, 1.0]), 0.1).verdict == verdict
    assert compare(replace(says, assumes={"x": False}), mean_of([1.0, 1.0]), 0.1).verdict == NOT_APPLICABLE


def test_fewer_runs_never_help():
    """What two hundred runs show is not shown by four of them, and the longer interval says so."""
    runs = np.random.default_rng(0).normal(1.0, 0.2, size=200)
    told = [compare(ONE, mean_of(runs[:n]), 0.05) for n in (4, 20, 200)]
    assert [c.verdict for c in told] == [UNDECIDED, UNDECIDED, HOLDS] and [c.runs for c in told] == [4, 20, 200]
    width = [float(c.high - c.low) for c in told]
    assert width == sorted(width)[::-1]


def test_several_numbers_share_the_error():
    """A claim about ten numbers needs longer intervals than one about one of them; one number outside is enough."""
    runs = np.random.default_rng(1).normal(1.0, 0.2, size=(60, 10))
    many, single = compare(ONE, mean_of(runs), 0.2), compare(ONE, mean_of(runs[:, 0]), 0.2)
    assert (many.high - many.low)[0] > single.high - single.low and many.verdict == HOLDS
    assert compare(ONE, mean_of(runs + np.r_[np.zeros(9), 1.0]), 0.2).verdict == VIOLATED


@pytest.mark.parametrize(("measured", "low", "high"), [
    (share_of(np.ones(10)), 0.69150, 1.0),  # Clopper and Pearson (1934): (alpha/2)^(1/n)
    (share_of([1] * 7 + [0] * 3), 0.34755, 0.93326),  # scipy.stats.binomtest(7, 10).proportion_ci()
    (mean_of([1.0, 2.0, 3.0]), 2 - 4.302653 / 3**0.5, 2 + 4.302653 / 3**0.5),
    (difference_of(np.zeros(10)), -(1 - 0.0125**0.1), 1 - 0.0125**0.1),  # 1 - (alpha/4)^(1/n)
    (median_of(np.arange(1.0, 11)), 2.0, 9.0),  # Conover: n = 10, order statistics 2 and 9
    (median_of(np.arange(5.0)), -np.inf, np.inf), (Measured(3.0), 3.0, 3.0),
])
def test_intervals_of_the_tables(measured, low, high):
    assert np.allclose(interval(measured), (low, high), atol=1e-5)


def test_an_exponent_is_that_of_each_run():
    runs = [[2.0 * x**p for x in (1, 2, 4)] for p in (-1.1, -0.9)]
    m = exponent_of([1, 2, 4], runs)
    assert np.allclose(m.runs, [-1.1, -0.9]) and np.isclose(m.value, -1.0)


@pytest.mark.parametrize(("make", "runs", "words"), [
    (mean_of, [1.0], "at least 2"), (share_of, [0.5, 1], "nothing but 0, 1"), (difference_of, [2, 0], "nothing but -1"),
    (median_of, [], "at least 1"), (mean_of, ["a", "b"], "expected rows of numbers"), (mean_of, 3.0, "at least 2"),
])
def test_runs_that_mean_nothing(make, runs, words):
    with pytest.raises(ValueError, match=words):
        make(runs)


def coin(p, count, seed):
    return share_of(np.random.default_rng(seed).random(count) < p)


FAIR = {
    "kind": "lower", "experiment": coin, "predict": lambda e: 0.9, "measure": lambda e: e, "assumes": {},
    "margin": 0.1, "absolute": True, "grows": "count", "budget": 160,
}


@pytest.mark.parametrize("p", [0.8, 0.79])
def test_on_the_edge_of_its_region_a_claim_seldom_holds(p):
    """However often it is looked at: at most one in twenty false verdicts, of six hundred synthetic claims."""
    claim = mine(**FAIR)
    told = [claim.judge(p=p, count=20, seed=[7, seed]).verdict for seed in range(600)]
    assert told.count(HOLDS) <= 0.05 * 600 and told.count(UNDECIDED) > 300


def test_looks_end_with_the_budget_or_the_first_verdict():
    """Twice as many runs each time, those before among them, each look with its share of the error."""
    assert sizes(10, 80) == [10, 20, 40, 80] and sizes(10, 79) == [10, 20, 40] and sizes(10, 0) == [10]
    assert sizes(range(5, 8), 12) == [range(5, 8), range(5, 11), range(5, 17)] and sizes(None, 9) == [None]
    looked = []

    def experiment(p, count):
        looked.append(count)
        return coin(p, count, 0)

    claim = mine(**FAIR | {"experiment": experiment})
    assert claim.judge(p=0.8, count=20).verdict == UNDECIDED and looked == [20, 40, 80, 160]
    looked.clear()
    assert claim.judge(p=0.2, count=20).verdict == VIOLATED and looked == [20]
    one, last = claim.look(p=0.8, count=20), claim.look(0.05 / 4, p=0.8, count=20)
    assert last.low < one.low and last.high > one.high


def raising(seen):
    raise ZeroDivisionError("a hypothesis that cannot be measured")


@pytest.mark.parametrize(("changed", "words"), [
    ({"margin": None}, "the margin is missing"), ({"measure": lambda e: np.nan}, "not a number"),
    ({"assumes": {"x": raising}}, "ZeroDivisionError: a hypothesis that"), ({"measure": lambda e: []}, "nothing was"),
    ({"measure": lambda e: mean_of([1.0])}, "at least 2"), ({"predict": lambda e: "x"}, "the prediction is 'x'"),
])
def test_a_claim_that_cannot_be_judged_says_so_in_its_row(changed, words):
    """It has no verdict, is not as recorded, and the rest of the ledger goes on."""
    ledger = report({"faulty": mine(**changed), "after": "lazy-rank"})
    first, second = ledger.entries
    assert first.comparison.verdict == "not judged" and not ledger.in_order and second.comparison.verdict == HOLDS
    assert words in ledger.text() and words in first.comparison.unmet[0] and "1 not judged" in ledger.summary()
    told = json.loads(json.dumps(ledger.to_json(), allow_nan=False))
    assert told[0]["measured"] is None and told[0]["unmet"] and "not judged" in ledger._repr_html_()


def test_identities_are_marked_and_not_counted():
    ledger = report(["lazy-rank", "rotation-lengthens"])
    assert ledger.summary().startswith("1 claim: 1 holds; 1 identity beside them.") and "(identity)" in ledger.text()
    with pytest.raises(ValueError, match="expected one of confirmed, second hand"):
        mine(basis="hearsay")


def test_the_table_shows_interval_margin_runs_and_basis():
    ledger = report("adaptive-risk-exact")
    (told,) = ledger.to_json()
    (low, high), runs = told["interval"], told["runs"]
    assert runs == 4000 and all(a < m < b for a, m, b in zip(low, told["measured"], high, strict=True))
    assert told["margin"] == 0.05 and told["basis"] == "derived" and "4000" in ledger.text()
    assert 'data-basis="derived"' in ledger._repr_html_() and 'data-topic="adaptive methods"' in ledger._repr_html_()


# --- interrupted ------------------------------------------------------------------------------------


TRAINS = ("modified-epoch-decrease", "flow-first-order", "net-conserved", "net-sgd", "adaptive-in-span",
          "modified-leaving-zero", "opt-energy", "modified-penalty-bias", "modified-growth-law")


@pytest.fixture
def impatient(monkeypatch):
    """Press Ctrl-C at the second record of every training run."""
    look, seen = loop._look, []

    def pressing(state, observe):
        seen.append(state)
        if len(seen) == 2:
            signal.raise_signal(signal.SIGINT)
        return look(state, observe)

    monkeypatch.setattr(loop, "_look", pressing)
    return seen


@pytest.mark.parametrize("name", TRAINS)
def test_half_an_experiment_is_no_verdict(name, impatient):
    """Ctrl-C is raised at once, from the claim and from the report, which says how far it came."""
    with pytest.raises(KeyboardInterrupt):
        CHECKS[name].check()
    assert len(impatient) == 2
    impatient.clear()
    told = []
    with pytest.raises(KeyboardInterrupt, match=f"interrupted in {name}, which has no verdict; 1 of 2 claims"):
        report(["lazy-rank", name], tell=told.append)
    assert [e.name for e in told] == ["lazy-rank"] and len(impatient) == 2


def test_half_an_experiment_on_a_target_is_no_verdict(impatient):
    """The same for a tensor of one's own."""
    with pytest.raises(KeyboardInterrupt, match="which has no verdict"):
        check_target(gaussian(4, 1, 3))


def test_an_experiment_that_catches_ctrl_c_has_no_verdict_either():
    """Whatever it makes of the interruption: a number, or an error."""
    def catches(**parameters):
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            if parameters.get("turn"):
                raise ValueError from None
        return CHECKS["lazy-rank"].experiment(**CHECKS["lazy-rank"].quick)

    before = signal.getsignal(signal.SIGINT)
    for turn in (False, True):
        with pytest.raises(KeyboardInterrupt):
            replace(CHECKS["lazy-rank"], experiment=catches, quick={"turn": turn}).check()
        assert signal.getsignal(signal.SIGINT) is before


# --- which claims -----------------------------------------------------------------------------------


def mine(**changed):
    """Return a claim of one's own."""
    told = {"statement": "The square of a number is no cube.", "about": mine}
    return replace(CHECKS["lazy-rank"], **(told | changed))


def test_one_name_no_name_and_claims_of_ones_own():
    """A text is one name, an empty list an empty report, and a Claim may stand wherever a name may."""
    assert [e.name for e in report("lazy-rank").entries] == ["lazy-rank"]
    empty = report([])
    assert empty.entries == () and empty.in_order and empty.summary() == "No claims." and empty.to_json() == []
    assert [e.name for e in report(mine()).entries] == ["The square of a number…"]
    assert [e.name for e in report(["lazy-rank", mine(statement="Short.")]).entries] == ["lazy-rank", "Short."]
    both = report({"squares": mine(), "again": "lazy-rank"})
    assert [e.name for e in both.entries] == ["squares", "again"] and both.in_order
    assert mine().page == "" and "<td>squares</td>" in both._repr_html_() and both.to_json()[0]["page"] == ""
    assert both.summary().startswith("2 claims: 2 holds.") and report("lazy-rank").summary().startswith("1 claim: 1")


SAYS = Prediction("a", "b", "equal", [1, 2, 3])


@pytest.mark.parametrize(("arguments", "words"), [
    ((SAYS, [1, 2], 0.0), r"shapes \(3,\), \(2,\), \(\); expected equal ones"),
    ((SAYS, [1, 2, 3], "a"), "the margin is 'a'; expected"), ((SAYS, [1, 2, 3]), "the margin is missing; expected"),
    ((SAYS, "abc", 0.0), "what was measured is 'abc'; expected"), ((3, [1]), "prediction is 3; expected a Prediction"),
    ((SAYS, [1, 2, 3], [1, 2]), r"shapes \(3,\), \(3,\), \(2,\)"), ((SAYS, [1, 2, np.nan], 0.0), "not a number"),
    ((Prediction("a", "b", "equal", "c"), 1, 0.0), "the prediction is 'c'; expected a number"),
    ((SAYS, [], 0.0), "nothing was"),
], ids=str)
def test_what_cannot_be_compared_is_refused(arguments, words):
    """In a sentence, before numbers meet."""
    with pytest.raises(ValueError, match=words):
        compare(*arguments)


@pytest.mark.parametrize("wrong", ["lazy-rang", ["lazy-rank", 3], 3, None, b"lazy-rank", {"x": "y"}])
def test_no_such_claim(wrong):
    """Refused before anything runs, with what is close and how to see all."""
    told = []
    with pytest.raises(ValueError, match=f"there is no claim .* one of the {len(CHECKS)} names") as error:
        report([wrong] if wrong is None else wrong, tell=told.append)
    assert not told and len(str(error.value)) < 300 and "check --list" in str(error.value)
    assert wrong != "lazy-rang" or "did you mean lazy-rank" in str(error.value)


@pytest.mark.parametrize(("options", "words"), [
    ({"width": 0}, "width is 0; expected an integer"), ({"width": -2}, "width is -2"), ({"width": "4"}, "width is '4'"),
    ({"rng": "a"}, "rng is 'a'; expected a nonneg"), ({"rng": -1}, "rng is -1"), ({"rng": [0]}, "one seed for all"),
])
def test_a_target_with_wrong_options(options, words):
    """One sentence, before anything runs."""
    with pytest.raises(ValueError, match=words):
        check_target(gaussian(4, 1, 3), **options)


def test_the_module_shows_what_people_come_for():
    """No imports among its names."""
    assert dir(the_ledger) == sorted(the_ledger.__all__) and "report" in dir(the_ledger)
