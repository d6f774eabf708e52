"""Every claim of the ledger: its verdict, where it does not apply, and its mutation."""

import json
import signal
from dataclasses import replace
from importlib.util import find_spec

import numpy as np
import pytest

from tensor_overparam import ledger as the_ledger
from tensor_overparam.core import loop
from tensor_overparam.core.claim import HOLDS, NOT_APPLICABLE, VIOLATED, Prediction, compare
from tensor_overparam.descent.claims_deflation import DYNAMICS_CHECKS
from tensor_overparam.descent.claims_lazy import LAZY_CHECKS
from tensor_overparam.descent.claims_leaving import LEAVING_CHECKS
from tensor_overparam.descent.claims_luck import LUCK_CHECKS
from tensor_overparam.descent.claims_modified import MODIFIED_CHECKS
from tensor_overparam.descent.claims_width import SUCCESS_CHECKS
from tensor_overparam.implicit_bias.claims import ADAPTIVE
from tensor_overparam.implicit_bias.claims_generalisation import GENERALISATION
from tensor_overparam.ledger import CHECKS, check_target, report
from tensor_overparam.nets.claims import NETS
from tensor_overparam.rotation.claims import ROTATION
from tensor_overparam.rotation.claims_training import TURNED
from tensor_overparam.tensors.problems import gaussian, with_noise

every_check = pytest.mark.parametrize("name", CHECKS)


def test_names_and_statements():
    """No name is taken twice, and every claim says in one sentence what it claims, and why it fails if it does."""
    tensors = (LAZY_CHECKS, MODIFIED_CHECKS, LEAVING_CHECKS, LUCK_CHECKS, SUCCESS_CHECKS, DYNAMICS_CHECKS)
    companions = (NETS, ADAPTIVE, GENERALISATION, ROTATION, TURNED)
    assert len(CHECKS) == sum(map(len, tensors + companions)) and sum(map(len, tensors)) >= 45
    for claim in CHECKS.values():
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
