"""The plan of the house: wings on floors, no arrow up, no circle; faces that offer what is meant and nothing else.

`pytest -rP tests/test_house.py` prints the floors and the arrows between them.
"""

import ast
import re
import subprocess
import sys
from collections import defaultdict
from graphlib import CycleError, TopologicalSorter
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

import tensor_overparam as to

PACKAGE = Path(to.__file__).parent
GROUND = {"_version", "_typing"}
FLOORS = (
    ("core", "tensors", "plots"),
    ("descent", "implicit_bias", "data"),
    ("decomposition", "sweeps", "nets", "rotation"),
    ("explorers",),
    ("ledger",),
    ("cli",),
)
FLOOR = {room: number for number, floor in enumerate(FLOORS, 1) for room in floor}
TOP = (
    "decompose Decomposition Factored Dense Target symmetrize modified_gd gradient_descent lazy_fit lazy_width "
    "Fit Diverged sweep explore"
).split()
WINGS = [path.parent.name for path in sorted(PACKAGE.glob("*/__init__.py"))]
HEAVY = {"matplotlib", "ipywidgets", "IPython", "anywidget", "tqdm"}
MAX_LINES, MAX_NAMES = 320, 12


def name_of(path):
    """Return the dotted name of a module below the package."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


FILES = [path for path in sorted(PACKAGE.rglob("*.py")) if path.name not in ("_modidx.py", "__main__.py")]
MODULES = {name_of(path): path for path in FILES}
FACES = {"", *WINGS}


def imported(name):
    """Yield (module, what is taken from it) for all that a module imports from the package, wherever it does so."""
    here = name if MODULES[name].name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(MODULES[name].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found = [(alias.name, None) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            parts = [PACKAGE.name, *filter(None, here.split("."))]
            base = ".".join(parts[: len(parts) - node.level + 1]) if node.level else node.module
            base += f".{node.module}" * bool(node.level and node.module)
            found = [(base, alias.name) for alias in node.names]
        else:
            continue
        for module, taken in found:
            if module.partition(".")[0] == PACKAGE.name:
                module = module.partition(".")[2]
                inner = f"{module}.{taken}".strip(".")
                yield (inner, None) if inner in MODULES else (module, taken)


ARROWS = [(name, module, taken) for name in MODULES for module, taken in imported(name)]
INNER = [arrow for arrow in ARROWS if arrow[0] not in FACES]


def room(module):
    """Return the wing that a module belongs to, or the module itself where it stands alone."""
    return module.partition(".")[0]


def test_no_arrow_leads_up():
    arrows = defaultdict(set)
    for name, module, _ in INNER:
        if room(name) != room(module) and room(module) not in GROUND:
            arrows[room(name), room(module)].add((name, module))
    for number, floor in reversed(list(enumerate(FLOORS, 1))):
        print(f"floor {number}: {', '.join(floor)}")
        for (above, below), found in sorted(arrows.items()):
            if above in floor:
                print(f"    {above} → {below} ({len(found)} imports)")
    print(f"{len(FLOORS)} floors, {len(arrows)} arrows between rooms")
    wrong = [f"{a} → {b}" for (a, b), found in arrows.items() if FLOOR[a] <= FLOOR[b] for a, b in sorted(found)]
    assert not wrong, "\n".join(wrong)
    assert len(FLOORS) <= 7 and {room(name) for name in MODULES} - {""} - GROUND == FLOOR.keys()


def test_no_circle_between_files():
    graph = defaultdict(set)
    for name, module, _ in INNER:
        graph[name].add(module)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" → ".join(error.args[1]))


def test_neighbours_take_names_from_modules_and_users_from_faces():
    wrong = [f"{name} imports {taken} from the face {module}" for name, module, taken in INNER if module in FACES]
    assert not wrong, "\n".join(wrong)


def test_what_is_private_stays_in_its_file():
    wrong = [f"{name} imports {module}.{taken}" for name, module, taken in ARROWS if is_private(taken)]
    assert not wrong, f"{len(wrong)} private names are imported:\n" + "\n".join(wrong)


def is_private(name):
    """Tell whether a name is for its own module only."""
    return bool(name) and name.startswith("_") and not name.endswith("__")


def test_no_module_knows_the_name_of_a_notebook():
    for name, path in MODULES.items():
        lines = path.read_text(encoding="utf-8").splitlines()
        found = [line for line in lines if re.search(r"\w\.ipynb", line) and not line.startswith("# ")]
        assert not found, f"{name}: {found[0].strip()}"


def code_lines(path):
    """Count the lines of a module that hold code: no blank line, no comment, no docstring."""
    text = path.read_text(encoding="utf-8")
    prose = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            prose |= set(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    lines = enumerate(map(str.strip, text.splitlines()), 1)
    return sum(number not in prose and bool(line) and not line.startswith("#") for number, line in lines)


def test_no_module_is_long():
    wrong = {name: lines for name, path in MODULES.items() if (lines := code_lines(path)) > MAX_LINES}
    assert not wrong


# --- faces ----------------------------------------------------------------------------------------


def test_the_top_offers_what_is_meant():
    assert sorted(to.__all__) == sorted(TOP)
    assert dir(to) == sorted([*TOP, *WINGS, "ledger", "__version__"])
    for name in dir(to):
        getattr(to, name)
    assert to.decompose.__module__ == "tensor_overparam.decomposition.answer"
    assert isinstance(to.decomposition, ModuleType) and isinstance(to.ledger, ModuleType)
    assert {"CHECKS", "Report", "check_target", "report"} <= set(to.ledger.__all__)
    with pytest.raises(AttributeError, match="no attribute 'landscape'"):
        _ = to.landscape


def test_everything_can_be_imported_with_a_star():
    names = {}
    exec("from tensor_overparam import *", names)  # noqa: S102
    assert names.keys() - {"__builtins__"} == set(TOP)


@pytest.mark.parametrize("wing", WINGS)
def test_a_face_is_a_tour_of_its_names(wing):
    face = getattr(to, wing)
    modules = {name.rpartition(".")[2] for name in MODULES if name.startswith(f"{wing}.")}
    assert dir(face) == sorted(face.__all__) and 0 < len(face.__all__) <= MAX_NAMES
    for name in face.__all__:
        assert f"`{name}`" in face.__doc__, f"the tour passes {name} by"
        assert not isinstance(getattr(face, name), ModuleType)
    assert not modules & set(face.__all__), "a name on the face hides a module of the wing"


@pytest.mark.parametrize("name", [name for name in MODULES if name not in FACES and not is_private(name)])
def test_modules_keep_their_names(name):
    assert import_module(f"{PACKAGE.name}.{name}").__name__ == f"{PACKAGE.name}.{name}"


# --- in a fresh interpreter -----------------------------------------------------------------------


def loaded_by(code):
    """Return the modules that code loads in a fresh interpreter."""
    command = [sys.executable, "-c", f"{code}; import sys; print(*sys.modules)"]
    return set(subprocess.run(command, check=True, text=True, capture_output=True).stdout.split())


def test_only_plots_load_matplotlib_and_nothing_loads_widgets():
    calm = [f"{PACKAGE.name}.{name}" for name in MODULES if name and room(name) != "plots"]
    found = {name.partition(".")[0] for name in loaded_by("import " + ", ".join(calm))}
    assert not found & HEAVY
    assert "matplotlib" in loaded_by("import tensor_overparam; tensor_overparam.plots")


def test_what_nobody_asked_for_is_not_loaded():
    found = [name.partition(".") for name in loaded_by("import tensor_overparam")]
    found = {room(rest) for package, _, rest in found if package == PACKAGE.name}
    assert found == {"", "_version"}
    found = [name.partition(".") for name in loaded_by("from tensor_overparam import decompose, gradient_descent")]
    found = {room(rest) for package, _, rest in found if package == PACKAGE.name}
    assert found == {"", "core", "tensors", "descent", "decomposition"} | GROUND


def test_importing_computes_nothing():
    allowed = ast.Import | ast.ImportFrom | ast.FunctionDef | ast.ClassDef | ast.Assign | ast.AnnAssign | ast.If
    for name, path in MODULES.items():
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
            assert is_text or isinstance(node, allowed), f"{name}, line {node.lineno}: {ast.unparse(node)[:60]}"
