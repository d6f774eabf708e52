"""What is generated agrees with its source, and the built package works on its own."""

import os
import re
import subprocess
import sys
import tarfile
import tomllib
import venv
import zipfile
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


def test_groups_are_the_extras():
    """What uv and `pip install --group` find in pyproject.toml is what settings.ini asks for."""
    packaging = pytest.importorskip("packaging.requirements")
    parser = ConfigParser(delimiters=["="])
    parser.read(ROOT / "settings.ini", encoding="utf-8")
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]

    extras = {name: parser["DEFAULT"][f"{name}_requirements"].split() for name in ("test", "docs", "dev")}

    def of_group(name):
        included = [line["include-group"] for line in groups[name] if isinstance(line, dict)]
        plain = {str(packaging.Requirement(line)) for line in groups[name] if isinstance(line, str)}
        return plain.union(*map(of_group, included))

    def of_extra(name):  # what `dev` includes of `test` stands there as an extra of the package itself
        plain = {str(packaging.Requirement(line)) for line in extras[name]}
        whole = {"tensor_overparam[distributed,test]"} & plain
        return (plain - whole) | ({"tensor_overparam[distributed]"} | of_extra("test") if whole else set())

    for name in extras:
        assert of_group(name) == of_extra(name), name


@pytest.fixture(scope="session")
def page():
    """Return what the page of a package index would show, as setup.py hands it on."""
    pytest.importorskip("setuptools")
    return output(sys.executable, "setup.py", "-q", "--long-description")


def test_every_link_on_the_page_of_an_index_is_absolute(page):
    links = re.findall(r"\]\(([^)\s]+)", page)
    assert len(links) > 30 and not [link for link in links if not re.match(r"https://|#", link)]
    repository = "https://github.com/tensor-overparam/tensor-overparam"
    inside = [link for link in links if link.startswith((f"{repository}/blob/main/", f"{repository}/raw/main/"))]
    gone = [link for link in inside if not (ROOT / link.split("/main/")[1].partition("#")[0]).exists()]
    assert not gone
    pictures = re.findall(r"!\[[^]]*\]\(([^)\s]+)", page)
    assert pictures and all(link.startswith(f"{repository}/raw/main/README_files/") for link in pictures)


def test_the_metadata_say_what_an_index_asks():
    said = output(sys.executable, "setup.py", "-q", "--classifiers").split("\n")
    minors = {line.rpartition(" ")[2] for line in said if re.search(r":: 3\.\d+$", line)}
    tested = set(re.findall(r'python: "(3\.\d+)"', (ROOT / ".github/workflows/test.yml").read_text(encoding="utf-8")))
    assert minors == tested and min(minors) == "3.11"
    assert "Typing :: Typed" in said and not any(line.startswith("License ::") for line in said)


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


@pytest.mark.slow
def test_the_archives_hold_what_they_should(wheel):
    """The source archive is the project without the built site; the wheel is the package and nothing else."""
    with tarfile.open(next(wheel.parent.glob("*.tar.gz"))) as archive:
        inside = {name.partition("/")[2] for name in archive.getnames()}
    kept = (
        "tests/conftest.py tests/test_project.py tests/bench/peers.py dev/notebooks.py dev/looked_at.txt "
        "dev/typing/faces.py nbs/sidebar.yml nbs/index.ipynb README_files/figure_1.png Makefile constraints.txt "
        "CONTRIBUTING.md LICENSE pyproject.toml settings.ini setup.py tensor_overparam/py.typed "
        "tensor_overparam/explorers/panels.js tensor_overparam/explorers/flows.js "
        "tensor_overparam/explorers/explore.js tensor_overparam/explorers/widths.csv "
        ".ci/run .pre-commit-config.yaml .github/workflows/test.yml"
    )
    assert not set(kept.split()) - inside
    assert not [name for name in inside if re.search(r"^_docs|__pycache__|\.pyc$|\.db", name)]
    names = zipfile.ZipFile(wheel).namelist()
    about = wheel.name.partition("-py3")[0] + ".dist-info"
    assert {name.partition("/")[0] for name in names} == {"tensor_overparam", about}
    scripts = {f"tensor_overparam/explorers/{name}.js" for name in ("panels", "flows", "explore")}
    assert {"tensor_overparam/py.typed", *scripts} <= set(names)
    assert any(name.endswith("licenses/LICENSE") for name in names)


@pytest.fixture(scope="session")
def programs(wheel, tmp_path_factory):
    """Return the folder of programs of an environment that holds the wheel and its extras, nothing else."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=True)
    programs = folder / ("Scripts" if os.name == "nt" else "bin")
    output(programs / "python", "-m", "pip", "install", "--quiet", f"{wheel}[plots,widgets]")
    return programs


@pytest.mark.slow
def test_wheel_imports_light(programs):
    assert not heavy_modules_loaded_by(programs / "python", "-I")


@pytest.mark.slow
def test_wheel_has_the_command_line(programs, tmp_path):
    assert "usage" in output(programs / "tensor-overparam", "--help", folder=tmp_path).lower()
    assert "complete -" in output(programs / "tensor-overparam", "--print-completion", "bash", folder=tmp_path)
    assert output(programs / "tensor-overparam", "--version", folder=tmp_path).startswith("tensor_overparam ")
