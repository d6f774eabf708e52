"""Each tutorial keeps to the form of an essay, and what the site makes of its markup is what it says."""

import json
import re
from pathlib import Path

import pytest

markup = pytest.importorskip("markup", reason="the markup is looked at in a checkout")

ROOT = Path(__file__).resolve().parent.parent
TUTORIALS = sorted((ROOT / "nbs" / "tutorials").glob("*.ipynb"))


def cells(path):
    """Return the cells of a notebook as [(kind, source, directives), ...]."""
    stored = json.loads(path.read_text(encoding="utf-8"))["cells"]
    texts = [(cell["cell_type"], "".join(cell["source"])) for cell in stored]
    return [(kind, source, directives(source) if kind == "code" else {}) for kind, source in texts]


def directives(source):
    """Return {directive: [words after it]} of a cell."""
    found = (line.split() for line in re.findall(r"^\s*#\s*\|\s*(.+)$", source, re.MULTILINE))
    return {key: words for key, *words in found}


@pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: path.stem)
def test_a_tutorial_has_the_form_of_an_essay(path):
    found = cells(path)
    wrong = list(markup.faults(found))
    assert not wrong, "\n".join([path.name, *wrong])
    assert markup.is_essay([text for kind, text, _ in found if kind == "markdown"]), "no model, no algorithm in a box"


@pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: path.stem)
def test_an_essay_asks_for_what_not_everybody_has(path):
    """Without scikit-learn, or in another folder than its own, a tutorial says in its first line what to do."""
    texts = [source for kind, source, _ in cells(path) if kind == "code"]
    wanted = ['"sklearn"'] * any(re.search(r"^\s*(from|import) sklearn", text, re.MULTILINE) for text in texts)
    wanted += ['data="'] * any(re.search(r"""["']data/""", text) for text in texts)
    asked = re.search(r"^needs\((.*)\)", texts[0], re.MULTILINE)
    missing = [word for word in wanted if not asked or word not in asked[1]]
    assert not missing, f"{path.name}: the first cell with code has to call needs(…) with {', '.join(missing)}"


GOOD = [
    ("markdown", "# Why?\n\n> Tutorial: a sample"),
    ("markdown", "> **Model.** A student is\n> $$x=y \\tag{1}$$\n\nBy (1), $f(2)$ and `g(3)`, see [x](https://a.b/(4))."),
    ("code", "#| label: fig-x\n#| code-fold: true\n" + "x = 1\n" * 40),
    ("markdown", "**Exercise 1.** Do.\n\n<details><summary>Solution of exercise 1</summary>\n\nDone.\n\n</details>"),
    ("code", "#| solution: 1\nprint(1)"),
]
BAD = {
    "not 1, 2, 3": (1, "\\tag{1}", "\\tag{2}"),
    "nothing refers": (1, "By (1)", "Now"),
    "no equation (7)": (1, "By (1)", "By (1) and (7)"),
    "several numbers": (1, "x=y", "x=y \\tag{1}"),
    "is no 'Modell.'": (1, "Model.", "Modell."),
    "without '> '": (1, "> $$x=y", "$$x=y"),
    "in one cell": (3, "</details>", ""),
    "heading": (3, "Done.", "## Done"),
    "formula": (3, "<summary>", "<summary>$x$ "),
    "there is no exercise": (3, "**Exercise 1.**", "Exercise."),
    "have solutions nowhere": (3, "Solution of exercise 1", "Solution"),
    "below exercise 1": (4, "solution: 1", "solution: 2"),
    "81 columns": (4, "print(1)", "print(" + "1" * 74 + ")"),
    "without a word between": (2, "#| code-fold: true\n", ""),
}


def essay(place=0, old="", new=""):
    """Return the cells of a small essay with one place changed."""
    texts = [(kind, text.replace(old, new) if number == place and old else text)
             for number, (kind, text) in enumerate(GOOD)]
    return [(kind, text, directives(text) if kind == "code" else {}) for kind, text in texts]


def test_a_good_essay_is_good():
    assert not list(markup.faults(essay()))
    assert markup.is_essay([text for kind, text, _ in essay() if kind == "markdown"])


@pytest.mark.parametrize("said", BAD)
def test_what_is_wrong_is_said(said):
    found = list(markup.faults(essay(*BAD[said])))
    assert any(said in line for line in found), found


def test_a_box_is_a_box_and_a_quotation_is_not():
    text = "> **Theorem (Sylvester, 1851).** Five cubes do.\n>\n> ```text\n> a (1)\n> ```\n\n> **Coupons.** No kind."
    made = markup.staged(text, "page", [])
    assert made.startswith(":::::::{container} box box-theorem\n**Theorem (Sylvester, 1851).** Five")
    assert "\n```text\na (1)\n```\n:::::::\n" in made and made.endswith("> **Coupons.** No kind.")


def test_equations_stand_on_their_own_and_are_referred_to():
    text = "so $$a=b \\tag{1}$$ holds.\n\n1. by\n   $$\n   c\n   = d\n   $$\n   and (1), (2), `(1)`, $f(1)$"
    made = markup.staged(text, "page", ["1"])
    assert "so\n\n$$\na=b\n$$ (eq-page-1)\n\nholds." in made
    assert "1. by\n\n   $$\n   c\n   = d\n   $$\n\n   and {eq}`eq-page-1`, (2), `(1)`, $f(1)$" in made


def test_a_fold_has_room_for_markdown():
    made = markup.staged("<details>\n<summary>Why (1)</summary>\nBecause (1).\n</details>", "page", ["1"])
    assert made.startswith('<details class="fold"><summary>Why (1)</summary>\n\nBecause {eq}`eq-page-1`.\n\n</details>')
