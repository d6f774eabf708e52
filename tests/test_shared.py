"""What claims share in a session: only what is the same to the last word and bit, and only numbers."""

import json
import os
import shutil
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import executed
import numpy as np
import pytest
import shared as sharing

import tensor_overparam
from tensor_overparam.core.claim import CASES, HOLDS, Claim
from tensor_overparam.ledger import CHECKS

AROUND = ("here",)
ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted({claim.predict.__module__ for claim in CHECKS.values()})
CELLS = """
from functools import cache
from types import SimpleNamespace
import numpy as np
from tensor_overparam.core.claim import Claim
from tensor_overparam.core.interval import Measured
from tensor_overparam.descent.lazy import lazy_width

OFFSET = np.array([1.0, 2.0])

class Line:
    slope = 3
    def at(self, x):
        return self.slope * x

@cache
def drawn(seed):
    return np.random.default_rng(seed).normal(size=3) + OFFSET[0]

def trials(seed, power):
    print("runs")
    return SimpleNamespace(x=drawn(seed), power=power, line=Line().at(2))

claim = Claim(
    statement="Squares are squares.", cite="here", basis="derived", quantity="squares", kind="equal", about=lazy_width,
    experiment=trials,
    predict=lambda e: e.x**e.power,
    measure=lambda e: Measured(e.x * e.x, how="exact"),
    assumes={"three numbers": lambda e: len(e.x) == 3},
    margin=1e-9, quick=dict(seed=1, power=2), full=dict(seed=2), outside=dict(seed=3), broken=dict(power=3),
)
"""


def page(text=CELLS, name="__main__"):
    """Run the cells of a page, which blank lines part, and return what they define."""
    names = {"__name__": name}
    for cell in text.split("\n\n") if name == "__main__" else [text]:
        exec(compile(cell, "a cell", "exec"), names)
    return SimpleNamespace(**names)


def key(claim, **parameters):
    """Return the key of a claim's quick experiment."""
    return sharing.key(claim, claim.quick | parameters, AROUND)


ONE = key(page().claim)


@pytest.mark.parametrize("text", [
    CELLS, CELLS.replace("__main__", "elsewhere"), f"# a comment\n\n{CELLS}\nunrelated = 3\n",
    CELLS.replace("e.x**e.power,", "e.x ** e.power,  # as text it is another one"),
])
@pytest.mark.parametrize("name", ["__main__", "somewhere.else"])
def test_the_same_claim_on_another_page_has_the_same_key(text, name):
    assert key(page(text, name).claim) == ONE


@pytest.mark.parametrize(("old", "new"), [
    ("[1.0, 2.0]", "[1.0, 2.5]"), ("slope = 3", "slope = 4"), ("self.slope * x", "self.slope + x"),
    ("OFFSET[0]", "OFFSET[1]"), ("size=3) +", "size=3) -"), ("normal(", "uniform("), ("at(2)", "at(2.0)"),
    ("e.x**e.power", "e.x**(e.power + 0)"), ('how="exact"', "runs=[1.0, 2.0]"), ("== 3", "<= 3"),
    ("margin=1e-9", "margin=1e-8"),
    ("margin=1e-9", "margin=lambda e: 1e-9"), ("seed=1", "seed=4"), ("seed=1", "seed=True"), ("power=2", "power=2.0"),
    ("@cache\n", ""), ('kind="equal"', 'kind="upper"'), ("three numbers", "3 numbers"),
])
def test_one_changed_word_that_the_experiment_can_reach_changes_the_key(old, new):
    assert old in CELLS
    assert key(page(CELLS.replace(old, new, 1)).claim) != ONE


def test_what_a_line_is_guarded_by_belongs_to_it():
    """The same lines, one of them outside of `try`."""
    text = """
def guarded(x):
    try:
        y = f(x)
        z = g(y)
    except KeyError:
        z = 0
    return z
"""
    other = text.replace("    try:\n        y = f(x)\n", "    y = f(x)\n    try:\n")
    told = [sharing.Fingerprint("__main__").of(page(t).guarded) for t in (text, text, other)]
    assert told[0] == told[1] != told[2]


@pytest.mark.parametrize("module", PAGES)
def test_every_claim_of_a_notebook_has_the_key_of_the_exported_one(module):
    """So a page shows what the tests have measured, for each claim and case of the ledger."""
    tools = pytest.importorskip("notebooks", reason="the notebooks are looked after with the dev extra")
    path = ROOT / f"nbs/{module.partition('.')[2].replace('.', '/')}.ipynb"
    exported = [cell.source for cell in tools.read(path).cells if "export" in tools.directives(cell)]
    names = {"__name__": "__main__"}
    for source in exported:
        exec(compile(source, "a cell", "exec"), names)
    tables = [table for table in names.values() if isinstance(table, dict)]
    mine = {n: c for t in tables for n, c in t.items() if isinstance(c, Claim) and c is not CHECKS.get(n)}
    assert mine
    for name, claim in mine.items():
        for case in CASES:
            parameters = [c.quick | getattr(c, case) for c in (claim, CHECKS[name])]
            assert sharing.key(claim, parameters[0], AROUND) == sharing.key(CHECKS[name], parameters[1], AROUND), name


@pytest.fixture
def copy(tmp_path, monkeypatch):
    """Let the package's text be read from a copy."""
    shutil.copytree(Path(tensor_overparam.__file__).parent, tmp_path / "tensor_overparam")
    monkeypatch.setattr(tensor_overparam, "__file__", str(tmp_path / "tensor_overparam" / "__init__.py"))
    monkeypatch.setattr(executed, "ROOT", tmp_path)
    executed.forget()
    yield tmp_path / "tensor_overparam"
    executed.forget()


@pytest.mark.parametrize("name, reached, other", [
    ("lazy-rank", ("tensors/monomials", "descent/objective", "core/claim"), ("rotation/energy", "nets/limits")),
    ("mixture-nt", ("nets/mixture", "core/claim"), ("rotation/energy", "cli/options")),
])
def test_a_changed_line_in_what_is_reached_changes_the_key(copy, name, reached, other):
    """And only there: what a claim's experiment cannot run does not count."""
    claim = CHECKS[name]
    before = sharing.key(claim, claim.quick, AROUND)
    for file in (*reached, *other):
        path = copy / f"{file}.py"
        text = path.read_text(encoding="utf-8")
        path.write_text(f"{text}\nx = 1\n", encoding="utf-8")
        executed.forget()
        assert (sharing.key(claim, claim.quick, AROUND) != before) == (file in reached), file
        path.write_text(text, encoding="utf-8")


@pytest.mark.parametrize("name", ["lazy-flow-end", "mixture-nt", "adaptive-frozen-tail", "adaptive-worse"])
def test_what_runs_counts(name):
    """Files of the package that are seen at work in an experiment are among those whose text is in its key."""
    claim = CHECKS[name]
    modules = sharing.made_of(claim, claim.quick)[1]
    own = Path(sys.modules[claim.predict.__module__].__file__).resolve()
    files, package = set(), str(own.parent.parent)

    def note(frame, event, argument):
        if frame.f_code.co_filename.startswith(package) and frame.f_code.co_name != "<module>":
            files.add(Path(frame.f_code.co_filename).relative_to(executed.ROOT).as_posix())

    sys.setprofile(note)
    try:
        Claim.look.runs(claim, **claim.quick)
    finally:
        sys.setprofile(None)
    assert files - {own.relative_to(executed.ROOT).as_posix()} <= sharing.texts(modules).keys()


def test_another_package_is_not_known(monkeypatch, tmp_path):
    monkeypatch.setattr(tensor_overparam, "__file__", str(tmp_path / "__init__.py"))
    with pytest.raises(sharing.Unknown):
        sharing.texts(set())


@pytest.mark.parametrize("variable", ["OPENBLAS_CORETYPE", "NPY_DISABLE_CPU_FEATURES"])
def test_another_machine_has_other_keys(variable, monkeypatch):
    before = sharing.surroundings()
    monkeypatch.setenv(variable, "another")
    assert sharing.surroundings() != before


@pytest.mark.parametrize("value", [
    np.random.default_rng(0), object(), iter([1]), np.array([object()]), sys.stdout,
    partial(int, np.random.default_rng(0)),
], ids=["generator", "object", "iterator", "array of objects", "file", "inside"])
def test_what_nobody_can_tell_apart_is_not_shared(value):
    with pytest.raises(sharing.Unknown):
        key(page().claim, seed=value)


# --- in use -----------------------------------------------------------------------------------------


@pytest.fixture
def runs(tmp_path, monkeypatch, capsys):
    """Share in a folder of this test's own; tell how many experiments ran since it was asked last."""
    monkeypatch.setenv(sharing.VARIABLE, str(tmp_path))
    return lambda: capsys.readouterr().out.count("runs")


def shown(comparison):
    """Return all that a comparison says, to the last bit."""
    c = comparison
    return repr((c.prediction, c.predicted, c.measured, c.low, c.high, c.margin, c.gap, c.verdict, c.unmet))


def test_an_experiment_runs_once_for_all_pages(runs):
    """And what is said afterwards is the same to the last bit, types included."""
    with np.printoptions(floatmode="unique"):
        for case in CASES:
            first, again, elsewhere = (page(name=name).claim.check(case) for name in ("__main__", "__main__", "there"))
            assert runs() == 1
            assert shown(first) == shown(again) == shown(elsewhere)


def test_another_text_runs_again_and_a_fault_is_seen(runs):
    assert page().claim.check().verdict == HOLDS and runs() == 1
    wrong = page(CELLS.replace("Measured(e.x * e.x", "Measured(e.x * e.x + 1e-3")).claim
    assert wrong.check().verdict == "violated" and runs() == 1
    assert replace(page().claim, margin=-1.0).check().verdict == "violated" and runs() == 1
    assert page().claim.check("full").verdict == HOLDS and runs() == 1


def test_the_comparison_itself_is_made_anew(runs, monkeypatch):
    """A fault in `compare` is seen wherever a claim is judged."""
    assert page().claim.check().verdict == HOLDS
    monkeypatch.setattr("tensor_overparam.core.claim.compare", lambda *given, **told: given)
    assert page().claim.check()[0].kind == "equal" and runs() == 1


def test_without_the_variable_everything_runs(runs, monkeypatch):
    monkeypatch.delenv(sharing.VARIABLE)
    assert page().claim.check().verdict == page().claim.check().verdict == HOLDS and runs() == 2


def test_what_was_interrupted_or_failed_leaves_nothing(runs, tmp_path):
    stopped = CELLS.replace('print("runs")', "raise KeyboardInterrupt"), CELLS.replace('print("runs")', "1 / 0")
    for text, error in zip(stopped, (KeyboardInterrupt, ZeroDivisionError), strict=True):
        with pytest.raises(error):
            page(text).claim.check()
    assert not list(tmp_path.iterdir())


def test_what_is_no_number_is_not_kept(runs, tmp_path):
    """The experiment runs again where its answer cannot be written down to the last bit."""
    text = CELLS.replace("lambda e: e.x**e.power", "lambda e: [str(x * x) for x in e.x]")
    for _ in range(2):
        assert page(text).claim.check().verdict == HOLDS and runs() == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("value", [
    None, True, 3, 1 / 3, np.nan, -np.inf, np.float64(1 / 3), np.bool_(1), np.arange(6).reshape(2, 3), np.zeros((0, 2)),
    [1, (2.0, np.array([1 / 3]))], (), np.array(2.5), np.array([np.inf, -0.0]), np.float32(0.1),
], ids=str)
def test_numbers_are_read_back_to_the_last_bit(value):
    with np.printoptions(floatmode="unique"):
        back = sharing.read(json.loads(json.dumps(sharing.written(value))))
        assert repr(back) == repr(value) and type(back) is type(value)


def test_the_ledger_reads_as_it_was_measured(runs):
    """A claim of the ledger, as the tests measure it and as a page repeats it."""
    first, again = (shown(CHECKS["lazy-growth"].check()) for _ in range(2))
    assert first == again


def test_what_nobody_asks_for_is_thrown_away(tmp_path):
    old, new = tmp_path / "old.json", tmp_path / "new.json"
    for path in (old, new):
        path.write_text("{}")
    os.utime(old, (0, 0))
    sharing.forget(tmp_path, days=30)
    assert list(tmp_path.iterdir()) == [new]
