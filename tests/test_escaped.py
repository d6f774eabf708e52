"""Whatever comes from a file or a name is text: in every HTML of a notebook, in explorers, and in drawings."""

import ast
import csv
import io
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest

import tensor_overparam
from tensor_overparam import decompose, gradient_descent
from tensor_overparam.core import Prediction, compare
from tensor_overparam.decomposition import Certificate
from tensor_overparam.explorers import Field, Panel, Series, View, explore
from tensor_overparam.explorers.catalogue import EXPLORERS
from tensor_overparam.explorers.explorer import page
from tensor_overparam.explorers.views import draw
from tensor_overparam.implicit_bias import descend, gaussian_regression
from tensor_overparam.ledger import Entry, Report, report
from tensor_overparam.plots import loss_curve
from tensor_overparam.tensors import gaussian

BAD = "</script><script>alert('1')</script><img src=x onerror=\"alert(2)\"> & <!-- "
T = gaussian(4, 2, 3, rng=0)


class Elements(HTMLParser):
    """Counts the elements of a page, and keeps its text."""

    def __init__(self, text):
        super().__init__()
        self.found, self.words = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        """Keep a tag, with its attributes that are programs."""
        self.found.append((tag, [k for k, _ in attrs if k.startswith("on")]))

    def handle_data(self, data):
        """Keep text."""
        self.words.append(data)


def harmless(text, scripts=0):
    """Tell whether a page has so many scripts, none of them ours, no image and no attribute that is a program."""
    found = Elements(text).found
    assert [tag for tag, _ in found].count("script") == scripts
    assert "img" not in [tag for tag, _ in found] and not any(on for _, on in found)
    return True


def a_run():
    run = gradient_descent(T, 3, steps=3, rng=0).run
    return replace(run, trace=run.trace | {BAD: run.trace["loss"]}, stop=SimpleNamespace(value=BAD))


def a_fit():
    fit = gradient_descent(T, 3, steps=3, rng=0)

    class Odd:
        order, dim, contract = fit.student.order, fit.student.dim, fit.student.contract
        def __repr__(self): return BAD
    return replace(fit, run=a_run(), student=Odd())


def a_decomposition():
    D = decompose(T)
    return replace(D, certificate=Certificate(None, None, BAD, 1.0, 0.0), stages=(replace(D.stages[0], name=BAD),),
                   measured_by=BAD)


def a_descent():
    result = descend(*gaussian_regression(4, 6)[:2], steps=3)
    return replace(result, run=a_run())


def a_report():
    claim = replace(report(["lazy-rank"]).entries[0].claim, statement=BAD, cite=BAD, reason=BAD)
    comparison = compare(Prediction(BAD, BAD, "equal", 1.0, {BAD: False}), 1.0, 0.0)
    return Report((Entry(BAD, claim, comparison, 0.0),))


SHOWN = {"Run": a_run, "Fit": a_fit, "Decomposition": a_decomposition, "Descent": a_descent, "Report": a_report}


@pytest.mark.parametrize("kind", SHOWN)
def test_what_a_notebook_shows_is_text(kind):
    shown = SHOWN[kind]()
    assert type(shown).__name__ == kind
    text = shown._repr_html_()
    assert harmless(text) and "alert('1')" in "".join(Elements(text).words)


def test_every_class_that_shows_html_is_looked_at():
    """A class that gets a `_repr_html_` wants a line in the table above."""
    classes = {c.name for path in Path(tensor_overparam.__file__).parent.rglob("*.py")
               for c in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(c, ast.ClassDef)
               for f in c.body if isinstance(f, ast.FunctionDef) and f.name == "_repr_html_"}
    assert classes == SHOWN.keys()


def hostile(word=BAD):
    """Return a view whose every text is hostile."""
    lines = (Series([1, 2], [1, 2], BAD), Series([1.5], (), BAD, "vertical"))
    return View((Panel(BAD, BAD, BAD, lines, Field([0, 1], [0, 1], np.eye(2), BAD, (BAD,) * 4)),), f"{BAD} {word}")


def test_explorers_keep_names_in_their_data():
    """One block of data and one script a face, however its title, labels, knobs and notes are called."""
    e = replace(explore(hostile, word=[BAD, "b"]), title=BAD, about=BAD)
    e = replace(e, controls=tuple(replace(c, label=BAD) for c in e.controls))
    assert harmless(e.to_html(), scripts=2)
    assert harmless(page(e, e, title=BAD), scripts=4)
    assert "alert('1')" in "".join(Elements(page(e, title=BAD)).words)


def test_an_explorer_of_a_file_keeps_its_columns(tmp_path):
    """A table of a phase diagram whose parameter has a hostile name."""
    with open(tmp_path / "x.csv", "w", newline="", encoding="utf-8") as f:
        rows = [[x, w, 1, 2] for x in (1, 2) for w in (1, 2)]
        csv.writer(f).writerows([[BAD, "width", "successes", "trials"], *rows])
    e = explore(EXPLORERS["phase"].function, file=str(tmp_path / "x.csv"), column=[1, 2])
    assert harmless(e.to_html(), scripts=2) and BAD in e.view().panels[0].x_label


def test_drawings_hold_text():
    """SVG, of a view and of a curve: no script and no image of that name, and the label is there."""
    bad = "<script>alert(1)</script><img src=x>"
    figures = [draw(View((Panel(bad, bad, bad, (Series([1, 2], [1, 2], bad),)),), bad))]
    ax = loss_curve(gradient_descent(T, 3, steps=3, rng=0), label=bad)
    ax.set_title(bad)
    figures.append(ax.figure)
    with plt.rc_context({"svg.fonttype": "none"}):
        for figure in figures:
            file = io.StringIO()
            figure.savefig(file, format="svg")
            text = file.getvalue()
            assert "<script" not in text and "<img" not in text and "alert" in text
    plt.close("all")


def test_the_drawing_script_escapes_what_it_writes():
    """What is put between tags by the script has gone through `escape`, which knows the five characters that matter."""
    from tensor_overparam.explorers.explorer import script
    escape = next(line for line in script().splitlines() if "const escape" in line)
    assert all(c in escape for c in "&<>\"")
