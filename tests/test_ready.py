"""What a notebook needs is here, or a sentence says what to do; and the tutorials ask for all they need."""

import ast
import json
import sys
from configparser import ConfigParser
from pathlib import Path

import pytest

from tensor_overparam.core.ready import needs

ROOT = Path(__file__).resolve().parent.parent
TUTORIALS = sorted((ROOT / "nbs" / "tutorials").glob("*.ipynb"))


def test_what_is_here_is_passed_over():
    assert needs("numpy", "scipy", data=str(ROOT)) is None


def test_what_is_missing_has_a_name_and_a_remedy(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(ImportError, match=r"needs no_such_module and scikit-learn: pip install .*\[tutorials\]"):
        needs("numpy", "no_such_module", "sklearn")


def test_another_folder_is_told_where_to_go(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError, match=f"no 'data/how_many' in '{tmp_path}'.*nbs/tutorials"):
        needs(data="data/how_many")


@pytest.mark.parametrize("bad", [None, 3, ""])
def test_a_name_is_a_text(bad):
    with pytest.raises(ValueError, match="expected names"):
        needs("numpy", bad)


def imports(path):
    """Return the modules that a notebook imports, at the top of their names."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    texts = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    nodes = [node for text in texts for node in ast.walk(ast.parse(text))]
    named = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    named += [node.module for node in nodes if isinstance(node, ast.ImportFrom)]
    return {name.partition(".")[0] for name in named}


def test_the_extra_brings_what_the_tutorials_import():
    """The environment of the README holds every package that a tutorial imports, and sliders."""
    parser = ConfigParser(delimiters=["="])
    parser.read(ROOT / "settings.ini", encoding="utf-8")
    settings = parser["DEFAULT"]
    assert settings["tutorials_requirements"].startswith("tensor_overparam[plots,widgets,data]")
    extras = " ".join(settings[f"{name}_requirements"] for name in ("plots", "widgets", "data", "tutorials"))
    brought = settings["requirements"] + extras
    named = {"sklearn": "scikit-learn"}
    wanted = set().union(*map(imports, TUTORIALS)) - sys.stdlib_module_names - {"tensor_overparam"}
    wanted -= {"IPython", "picard"}  # comes with every kernel; is only tried where it is installed
    missing = [module for module in wanted if named.get(module, module) not in brought]
    assert not missing, "settings.ini: tutorials_requirements"
    assert "anywidget" in brought and "jupyterlab" in brought
    assert "pip install -q '.[tutorials]' && .venv/bin/jupyter lab" in (ROOT / "README.md").read_text(encoding="utf-8")
