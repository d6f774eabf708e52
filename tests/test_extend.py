"""The page on extending, followed to the letter in a copy of the project; the page on choosing names what is there."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import tensor_overparam as to

ROOT = Path(__file__).resolve().parent.parent
PAGES = ROOT / "dev" / "docs" / "pages"


def blocks(text, language):
    """Return the fenced blocks of a language."""
    return re.findall(rf"^```{re.escape(language)}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def cell(source, kind="code"):
    """Return a notebook cell."""
    more = {"outputs": [], "execution_count": None} if kind == "code" else {}
    return {"cell_type": kind, "metadata": {}, "id": f"{abs(hash(source)):x}"[:8], "source": source, **more}


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """Return a copy of the project with the algorithm of the page in it."""
    pytest.importorskip("nbdev", reason="notebooks are exported with the dev extra")
    folder = tmp_path_factory.mktemp("copy")
    for name in ("nbs", "tensor_overparam", "dev", "tests"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("settings.ini", "setup.py", "pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, folder / name)
    text = (PAGES / "extend.md").read_text(encoding="utf-8").partition("## An algorithm")[2].partition("## A check")[0]
    imports, function, _ = blocks(text, "{code-cell}")
    line_of_import, line = blocks(text, "python")
    head = cell("# How long is a step?\n\n> Steps of one length", "markdown"), cell("#| default_exp descent.normalised")
    cells = [*head, cell("#| export\n" + imports), cell("#| export\n" + function)]
    notebook = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (folder / "nbs/descent/normalised.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    order = folder / "nbs/sidebar.yml"
    after = "          - descent/vanilla.ipynb\n"
    order.write_text(order.read_text().replace(after, after + after.replace("vanilla", "normalised")))
    registry = folder / "nbs/descent/registry.ipynb"
    book = json.loads(registry.read_text(encoding="utf-8"))
    for one in book["cells"]:
        source = "".join(one["source"])
        if "import gradient_descent" in source:
            one["source"] = source + "\n" + line_of_import
        if "ALGORITHMS = {\n" in source:
            one["source"] = source.replace("ALGORITHMS = {\n", "ALGORITHMS = {\n" + line)
    registry.write_text(json.dumps(book), encoding="utf-8")
    run(folder, "dev/notebooks.py", "export")
    return folder


def run(folder, *arguments):
    """Run Python in the copy and return what it printed."""
    environment = os.environ | {"PYTHONPATH": str(folder), "MPLBACKEND": "Agg"}
    result = subprocess.run([sys.executable, *arguments], cwd=folder, env=environment, text=True, capture_output=True)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.mark.slow
def test_one_line_puts_an_algorithm_everywhere(copy):
    """It is in the names, the sweeps, the menu, the colours and the command line."""
    said = run(copy, "-c", """
from tensor_overparam.cli.commands import parser
from tensor_overparam.descent.registry import menu, names, style_of
from tensor_overparam.explorers import EXPLORERS
from tensor_overparam.sweeps import curve
from tensor_overparam.sweeps.diagrams import success
assert "normalised" in names(batched=True) and "normalised" in menu()
assert "normalised" in EXPLORERS["phase"].ranges["algorithm"]
assert style_of("normalised") == ("normalised steps", "#882255", "*")
assert [row["success"] for row in success("normalised", 3, 6, 2, 6, epochs=20, seeds=[0, 1])]
found = curve("dim", [6], algorithm="normalised", order=3, rank=1, low=1, high=4, epochs=20, trials=10)
assert found.style[1] == "#882255"
for line in ("compare --algorithm normalised", "phase --algorithm normalised"):
    parser().parse_args(line.split())
print("all there")
""")
    assert "all there" in said
    small = "compare --algorithm normalised --dim 6 --rank 2 --seeds 2 --dims 6 --epochs 5"
    run(copy, "-m", "tensor_overparam", *small.split())
    result = json.loads((copy / "compare.json").read_text())
    assert list(result["same_width"]["others"]) == ["normalised"] and (copy / "compare.png").exists()


@pytest.mark.slow
def test_it_keeps_the_contract(copy):
    """The contract tests take it up by themselves, and it passes."""
    said = run(copy, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_algorithms.py", "-k", "normalised")
    assert int(re.search(r"(\d+) passed", said)[1]) > 60


def test_what_may_be_chosen_is_there():
    """Every name on the page is on a face, and every notebook that it links exists."""
    text = (PAGES / "choose.md").read_text(encoding="utf-8")
    faces = {name for wing in dir(to) for name in getattr(getattr(to, wing), "__all__", ())} | set(dir(to))
    named = re.findall(r"\[`(\w+)`\]\(([\w/]+)\.ipynb\)", text)
    assert len(named) > 25
    for name, page in named:
        assert name in faces and (ROOT / "nbs" / f"{page}.ipynb").exists(), name
