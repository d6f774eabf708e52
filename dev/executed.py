"""Which notebooks are as they were when they were last executed, down to everything that they run?

`dev/executed.txt` holds a line for each notebook: its path and a hash of its code and outputs, and of the text of every
module of the package that it can reach. `notebooks.py execute` writes the line when a notebook has run to its end. A
notebook whose hash is still the one on its line would only do again what it did; what has changed, or depends on
something that has, is executed by the tests. (All of them are with `pytest -m ""`, and every night.)

Imports are read from the text, also those inside functions. A name that is taken from a wing's face leads to the module
that it comes from. Where that cannot be told, the whole wing counts, and where a notebook starts other processes, the
whole package.
"""

import ast
import hashlib
import json
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "tensor_overparam"
RECORD = Path(__file__).parent / "executed.txt"
OTHERS = re.compile(r"\b(subprocess|sys\.executable|os\.system)\b")  # starts other processes


# --- where imports lead ---------------------------------------------------------------------------


def file_of(module):
    """Return the file of a module or of a package's face, relative to the root; None where there is none."""
    stem = ROOT.joinpath(*module.split("."))
    return next((path for path in (stem.with_suffix(".py"), stem / "__init__.py") if path.exists()), None)


@cache
def all_below(module):
    """Return all files below a package: modules, and what they draw and lay out with."""
    found = (path for path in ROOT.joinpath(*module.split(".")).rglob("*") if path.is_file())
    return frozenset(path for path in found if "__pycache__" not in path.parts and path.name != "_modidx.py")


def statements(block):
    """Yield all statements of a block, also those inside others."""
    for part in ("body", "orelse", "finalbody", "handlers", "cases"):
        for node in getattr(block, part, ()):
            yield node
            yield from statements(node)


def imported(text, base=""):
    """Yield what a text imports of the package: (module, names), without names for a whole module.

    `base` is the package that relative imports begin in.
    """
    for node in statements(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, ()) for alias in node.names if alias.name.split(".")[0] == PACKAGE)
        elif isinstance(node, ast.ImportFrom):
            above = base.split(".")[: len(base.split(".")) - node.level + 1] if node.level else []
            module = ".".join([*above, *filter(None, [node.module])])
            if module.split(".")[0] == PACKAGE:
                yield module, tuple(alias.name for alias in node.names)


@cache
def table(module):
    """Return {name: module} of what a face hands on, also of what it hands on when somebody asks."""
    text = file_of(module).read_text(encoding="utf-8")
    found = {name: source for source, names in imported(text, module) for name in names}
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign) and node.targets[0].id in ("_FROM", "_LAZY"):
            lazy = ast.literal_eval(node.value)
            found |= {name: f"{module}.{source}" for source, names in lazy.items() for name in names}
    return found


@cache
def own_names(path):
    """Return the names that a module assigns itself."""
    body = ast.parse(path.read_text(encoding="utf-8")).body
    targets = (target for node in body if isinstance(node, ast.Assign) for target in node.targets)
    return {target.id for target in targets if isinstance(target, ast.Name)}


@cache
def led_to(module, names):
    """Return the files that an import leads to directly."""
    path = file_of(module)
    if path is None or path.name != "__init__.py":
        return frozenset({path} - {None})
    files = set() if names else set(all_below(module))
    for name in names:
        if file_of(f"{module}.{name}"):
            inside = f"{module}.{name}"
            files |= all_below(inside) if file_of(inside).name == "__init__.py" else {file_of(inside)}
        elif name in table(module):
            files |= led_to(table(module)[name], (name,))
        else:
            files |= {path} if name in own_names(path) else all_below(module)
    return frozenset(files)


@cache
def reached(path):
    """Return the files that a module of the package imports itself."""
    if path.suffix != ".py":
        return frozenset()
    module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    base = module.removesuffix(".__init__") if path.name == "__init__.py" else module.rpartition(".")[0]
    text = path.read_text(encoding="utf-8")
    files = set().union(*(led_to(*one) for one in imported(text, base)))
    return frozenset(files | {data for data in all_below(base) if data.suffix != ".py" and "resources" in text})


def closure(text):
    """Return all files of the package that a notebook's code can reach."""
    return all_below(PACKAGE) if OTHERS.search(text) else all_reached(led_to(*one) for one in imported(text))


def all_reached(sets):
    """Return all files that the modules in some sets of files can reach, and these."""
    todo, seen = set().union(*sets), set()
    while todo:
        seen |= todo
        todo = set().union(*map(reached, todo)) - seen
    return seen


def forget():
    """Read every file again: some have changed since."""
    for known in (all_below, table, own_names, led_to, reached, digest):
        known.cache_clear()


# --- what was executed ----------------------------------------------------------------------------


def state(path):
    """Return the hash of a notebook's code and outputs and of all that it reaches."""
    cells = [cell for cell in json.loads(path.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == "code"]
    sources = ["".join(cell["source"]) for cell in cells]
    reach = sorted(file.relative_to(ROOT).as_posix() for file in closure("\n".join(sources)))
    parts = [sources, [cell["outputs"] for cell in cells], [[file, digest(ROOT / file)] for file in reach]]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


@cache
def digest(path):
    """Return the hash of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def on_record():
    """Return {notebook: hash} of what was executed."""
    lines = RECORD.read_text(encoding="utf-8").splitlines() if RECORD.exists() else []
    return dict(line.split() for line in lines)


def is_unchanged(path):
    """Tell whether a notebook would only do again what it did when it was executed."""
    return on_record().get(path.relative_to(ROOT).as_posix()) == state(path)


def note(path):
    """Put on record that a notebook, as it is now, has run to its end; and forget those that are no longer there."""
    record = on_record() | {path.relative_to(ROOT).as_posix(): state(path)}
    lines = (f"{name} {seen}\n" for name, seen in sorted(record.items()) if (ROOT / name).exists())
    RECORD.write_text("".join(lines), encoding="utf-8")
