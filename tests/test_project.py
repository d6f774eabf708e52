"""What is generated agrees with its source, and the built package works on its own."""

import os
import subprocess
import sys
import venv
from configparser import ConfigParser
from pathlib import Path

import pytest
import versions

ROOT = Path(__file__).resolve().parent.parent
HEAVY = {"matplotlib", "ipywidgets", "IPython", "tqdm"}


def output(*command, folder=ROOT):
    """Run a command and return what it printed; where it fails, so does the test."""
    result = subprocess.run(list(map(str, command)), cwd=folder, text=True, capture_output=True)
    assert result.returncode == 0, f"{result.stdout}\n{result.stderr}"
    return result.stdout


@pytest.mark.parametrize("command", ["export --check", "clean --check", "readme --check", "lint"])
def test_notebooks_are_in_order(command):
    pytest.importorskip("nbdev", reason="the notebooks are looked after with the dev extra")
    output(sys.executable, "dev/notebooks.py", *command.split())


def test_one_version_everywhere():
    parser = ConfigParser(delimiters=["="])
    parser.read(ROOT / "settings.ini", encoding="utf-8")
    version = parser["DEFAULT"]["version"]
    imported = output(sys.executable, "-c", "import tensor_overparam; print(tensor_overparam.__version__)")
    assert imported.strip() == version
    assert f"\nversion: {version}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\n## [{version}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_the_versions_known_to_be_green_are_allowed():
    """Each requirement of the development environment has a version in constraints.txt, and one that it allows."""
    packaging = pytest.importorskip("packaging.requirements")
    known = versions.known()
    parser = ConfigParser(delimiters=["="])
    parser.read(ROOT / "settings.ini", encoding="utf-8")
    texts = [text for key, text in parser["DEFAULT"].items() if key.endswith("requirements")]
    wanted = [packaging.Requirement(text) for text in " ".join(texts).split()]
    for requirement in wanted:
        if requirement.name != parser["DEFAULT"]["lib_name"]:
            assert requirement.specifier.contains(known[versions.normal(requirement.name)]), str(requirement)


def test_what_has_moved_is_named(tmp_path, monkeypatch, capsys):
    """A package with another version, and one that was not there, have a line each."""
    monkeypatch.setattr(versions, "installed", lambda: {"numpy": "9.9", "scipy": "1.17", "new": "1"})
    monkeypatch.setattr(versions, "known", lambda: {"numpy": "2.4", "scipy": "1.17", "gone": "1"})
    versions.moved()
    said = capsys.readouterr().out
    assert "moved: numpy 2.4 -> 9.9\n" in said and "moved: new (not there) -> 1\n" in said and "2 of 3" in said


def heavy_modules_loaded_by(python, *options):
    """Return the heavy modules that importing the package loads in a fresh interpreter."""
    code = "import sys, tensor_overparam; print(*{name.partition('.')[0] for name in sys.modules})"
    return HEAVY & set(output(python, *options, "-c", code).split())


def test_import_is_light():
    assert not heavy_modules_loaded_by(sys.executable)


@pytest.fixture(scope="session")
def wheel(tmp_path_factory):
    """Build the source archive and, from that, the wheel."""
    pytest.importorskip("build", reason="the wheel is built with the dev extra")
    folder = tmp_path_factory.mktemp("dist")
    output(sys.executable, "-m", "build", "--outdir", folder)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="session")
def programs(wheel, tmp_path_factory):
    """Return the folder of programs of an environment that holds the wheel and its extras, nothing else."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=True)
    programs = folder / ("Scripts" if os.name == "nt" else "bin")
    output(programs / "python", "-m", "pip", "install", "--quiet", f"{wheel}[plots,widgets]")
    return programs


def seconds(python, statement):
    """Return the shortest of several times that a statement takes in a fresh interpreter."""
    code = f"from time import perf_counter as now; start = now(); {statement}; print(now() - start)"
    return min(float(output(python, "-I", "-c", code)) for _ in range(5))


@pytest.mark.slow
def test_wheel_imports_fast(programs):
    python = programs / "python"
    extra = seconds(python, "import tensor_overparam") - seconds(python, "import numpy, scipy.linalg")
    assert extra < 0.5


@pytest.mark.slow
def test_wheel_imports_light(programs):
    assert not heavy_modules_loaded_by(programs / "python", "-I")


@pytest.mark.slow
def test_wheel_has_the_command_line(programs, tmp_path):
    assert "usage" in output(programs / "tensor-overparam", "--help", folder=tmp_path).lower()
