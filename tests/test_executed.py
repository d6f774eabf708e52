"""What a notebook depends on is all that it runs, and little more."""

import json
import sys
from pathlib import Path

import pytest

executed = pytest.importorskip("executed", reason="the notebooks are looked after from a checkout")

SMALL = "from tensor_overparam.tensors.problems import gaussian, with_noise\ntarget = gaussian(6, 4, 3, rng=0)\n"
PAGES = {
    "exact": f"from tensor_overparam import decompose\n{SMALL}decompose(target)",
    "noise": f"from tensor_overparam.decomposition.answer import decompose as d\n{SMALL}d(with_noise(target, .1))",
    "trainers": "from tensor_overparam.descent import lazy_fit, modified_gd\n"
    f"{SMALL}lazy_fit(target, 9), modified_gd(target, 4)",
    "claims": "from tensor_overparam.ledger import report\nreport('lazy-rank')",
    "data": "import numpy as np\nfrom tensor_overparam.data import ica\nica(np.random.rand(500, 3))",
    "nets": "from tensor_overparam import nets as n\nn.train_net(n.QuadraticTeacher([[1., 0], [0, 2]]), 3, steps=5)",
    "inside": f"{SMALL}from tensor_overparam.descent.lazy import tangent_kernel\ntangent_kernel(target.vectors, 3)",
}


def ran(text):
    """Return the files of the package in which a program ran a function."""
    files, package = set(), str(executed.ROOT / executed.PACKAGE)

    def note(frame, event, argument):
        if frame.f_code.co_filename.startswith(package) and frame.f_code.co_name != "<module>":
            files.add(frame.f_code.co_filename)

    page = {}
    exec("\n".join(line for line in text.splitlines() if "import" in line), page)  # the classes of a wing are made here
    sys.setprofile(note)
    try:
        exec(text, page)
    finally:
        sys.setprofile(None)
    return {Path(name) for name in files}


@pytest.mark.parametrize("text", PAGES.values(), ids=PAGES)
def test_all_that_runs_is_reached(text):
    """Files seen at work, against those read off the imports."""
    files = {path for path in ran(text) if path.name != "__init__.py"}
    assert files and files <= executed.closure(text)


def test_not_everything_is_reached():
    """A page about one thing does not depend on another wing; a face leads only to what is taken from it."""
    reach = {path.relative_to(executed.ROOT / executed.PACKAGE).as_posix() for path in executed.closure(PAGES["exact"])}
    assert "decomposition/polish.py" in reach
    assert not any(path.startswith(("nets/", "rotation/", "plots/", "explorers/", "ledger")) for path in reach)
    assert executed.closure("import tensor_overparam") == executed.all_below(executed.PACKAGE)
    assert executed.closure("import subprocess") == executed.all_below(executed.PACKAGE)
    assert not executed.closure("import numpy as np")


MODULES = {
    "__init__.py": "_FROM = {'wing.one': ('f',)}",
    "wing/__init__.py": "from tensor_overparam.wing.one import f\nfrom tensor_overparam.wing.two import g\nVERSION = 1",
    "wing/one.py": "from .three import h\ndef f(): return h()",
    "wing/two.py": "def g(): return 2",
    "wing/three.py": "def h():\n    from importlib import resources\n    return 3",
    "wing/style.css": "a {}",
}


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Return the path of a notebook that imports `f` of a small package."""
    for name, text in MODULES.items():
        path = tmp_path / "tensor_overparam" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    monkeypatch.setattr(executed, "ROOT", tmp_path)
    monkeypatch.setattr(executed, "RECORD", tmp_path / "executed.txt")
    page = tmp_path / "nbs" / "page.ipynb"
    page.parent.mkdir()
    page.write_text(notebook("from tensor_overparam.wing import f", "3"))
    executed.forget()
    yield page
    executed.forget()


def notebook(source, output, prose="Words."):
    cells = [
        {"cell_type": "markdown", "source": [prose]},
        {"cell_type": "code", "source": [source], "outputs": [{"text": output}]},
    ]
    return json.dumps({"cells": cells})


@pytest.mark.parametrize(
    ("file", "text", "unchanged"),
    [
        ("tensor_overparam/wing/one.py", "def f(): return 1", False),
        ("tensor_overparam/wing/three.py", "def h(): return 1", False),
        ("tensor_overparam/wing/style.css", "b {}", False),
        ("tensor_overparam/wing/two.py", "def g(): return 1", True),
        ("nbs/page.ipynb", notebook("from tensor_overparam.wing import f", "3", "Other words."), True),
        ("nbs/page.ipynb", notebook("from tensor_overparam.wing import f", "4"), False),
        ("nbs/page.ipynb", notebook("from tensor_overparam.wing import f, g", "3"), False),
        ("nbs/page.ipynb", notebook("from tensor_overparam import f", "3"), False),
    ],
)
def test_what_changes_a_page(project, file, text, unchanged):
    """Code, outputs and all that is reached; not prose, nor what a face hands on to others."""
    assert not executed.is_unchanged(project)
    executed.note(project)
    assert executed.is_unchanged(project)
    (executed.ROOT / file).write_text(text)
    executed.forget()
    assert executed.is_unchanged(project) == unchanged


@pytest.mark.parametrize("source, files", [
    ("from tensor_overparam import f", {"one", "three", "style"}),
    ("from tensor_overparam.wing import VERSION", {"__init__", "one", "two", "three", "style"}),
    ("from tensor_overparam.wing import unheard_of", {"__init__", "one", "two", "three", "style"}),
    ("import tensor_overparam.wing.two as w", {"two"}),
    ("from tensor_overparam.wing import two", {"two"}),
])
def test_where_imports_lead(project, source, files):
    assert {path.stem for path in executed.closure(source)} == files


def test_what_is_gone_is_forgotten(project):
    executed.note(project)
    other = project.with_name("other.ipynb")
    other.write_text(project.read_text())
    project.unlink()
    executed.note(other)
    assert list(executed.on_record()) == ["nbs/other.ipynb"]
