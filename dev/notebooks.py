"""Look after the notebooks: execute, clean, export, lint, and make README.md.

    python dev/notebooks.py execute [NOTEBOOK ...] [--all] [--check]   run them and store their outputs;
                                                     without names those that have changed since, or what they import
    python dev/notebooks.py clean [--check]          drop what changes from run to run
    python dev/notebooks.py export [--check]         write the package from the notebooks
    python dev/notebooks.py lint                     hold the notebooks to the project's limits
    python dev/notebooks.py readme [--check]         write README.md from nbs/index.ipynb

With --check no notebook or module is written; the exit status is 1 where something would change
(for outputs: by more than the last digits of a number). What has been executed is put on record, see dev/executed.py.
"""

import argparse
import ast
import base64
import json
import os
import posixpath
import re
import shutil
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from configparser import ConfigParser
from contextlib import nullcontext
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory

import executed
import kernels
import nbformat
import yaml
from execnb.nbio import nb2str
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbdev.clean import clean_nb
from nbdev.process import extract_directives
from outputs import differences

ROOT = Path(__file__).resolve().parent.parent
SECONDS_A_CELL = 600
WIDGET = "application/vnd.jupyter.widget-view+json"

CONTENTS = "<!-- contents -->"  # the place of the table of contents in the index notebook

MAX_CELLS = 70
MAX_EXPORT_LINES = 60
MAX_MODULE_LINES = 320
MAX_COLUMNS = 120
MAX_BYTES = 1_500_000
GOOD_SECONDS = 20
OF_THE_MACHINE = re.compile(rf"{re.escape(str(ROOT))}|/(home|root|tmp|Users)/|ipykernel_\d|site-packages")


class NotebookError(Exception):
    """A cell failed; the message names the notebook and the cell."""


# --- what all commands need -----------------------------------------------------------------------


@cache
def settings():
    """Return the project's settings.ini as a mapping."""
    parser = ConfigParser(delimiters=["="])
    parser.read(ROOT / "settings.ini", encoding="utf-8")
    return parser["DEFAULT"]


def notebooks():
    """Return the paths of all notebooks, in the order of reading; what the sidebar does not name comes last."""
    found = (ROOT / settings()["nbs_path"]).rglob("*.ipynb")
    unordered = sorted(path for path in found if not re.search(r"/[._]", name(path)))
    ordered = [path for paths in chapters().values() for path in paths]
    return [path for path in ordered if path in unordered] + [path for path in unordered if path not in ordered]


def chapters():
    """Return {title: notebooks} of nbs/sidebar.yml, the one place that knows an order; what has no chapter is in ""."""
    nbs = ROOT / settings()["nbs_path"]
    found = {"": []}
    for entry in yaml.safe_load((nbs / "sidebar.yml").read_text(encoding="utf-8"))["website"]["sidebar"]["contents"]:
        if isinstance(entry, str):
            found[""].append(nbs / entry)
        else:
            found[entry["section"]] = [nbs / where for where in entry["contents"]]
    return found


def title(path):
    """Return the title of a notebook."""
    return read(path).cells[0].source.splitlines()[0].removeprefix("# ")


def name(path):
    """Return a path as people write it, from the root of the project."""
    return path.relative_to(ROOT).as_posix()


def read(path):
    """Return a notebook with every text in one string."""
    return nbformat.read(path, as_version=4)


def directives(cell):
    """Return the `#|` directives of a code cell: {'export': [], 'eval:': ['false']}."""
    return extract_directives(cell, remove=False) if cell.cell_type == "code" else {}


def is_off(found, directive):
    """Tell whether a directive such as `#| eval: false` stands among those found."""
    return "".join(found.get(f"{directive}:", [])).lower() == "false"


def code(cell):
    """Return the source of a cell without its directives."""
    return re.sub(r"^\s*#\s*\|.*\n?", "", cell.source, flags=re.MULTILINE).strip("\n")


def is_code(cell):
    """Tell whether a cell holds code besides directives."""
    return cell.cell_type == "code" and bool(code(cell).strip())


def write_or_check(changes, check):
    """Bring files to their new content, or with `check` only name them; return the exit status."""
    for path, content in sorted(changes.items()):
        print(f"{'differs' if check else 'updated'}: {name(path)}")
        if not check:
            write(path, content)
    return int(check and bool(changes))


def write(path, content):
    """Give a file its content, or delete it where that is None."""
    if content is None:
        path.unlink()
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def differing(wanted):
    """Keep of {path: content} the files whose content on disk is another."""
    return {p: c for p, c in wanted.items() if (p.read_bytes() if p.exists() else None) != c}


# --- execute --------------------------------------------------------------------------------------


def run(path, skip=()):
    """Execute a notebook in its own folder and return it with its new outputs; nothing is written."""
    nb = read(path)
    search_path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    inline = "module://matplotlib_inline.backend_inline"  # whatever MPLBACKEND says outside
    client = NotebookClient(
        nb,
        timeout=SECONDS_A_CELL,
        kernel_name="python3",
        kernel_manager_class=manager(search_path, inline),
        coalesce_streams=True,
        extra_arguments=["--log-level=ERROR"],
        resources={"metadata": {"path": str(path.parent)}},
    )
    with client.setup_kernel(env={**os.environ, "PYTHONPATH": search_path, "MPLBACKEND": inline}):
        for index, cell in enumerate(nb.cells):
            if runs(cell, skip):
                run_cell(client, cell, index, name(path))
    return nb


def manager(search_path, backend):
    """Return the class that starts a kernel, where that is possible as a copy of a process that has all imports."""
    if not kernels.IS_POSSIBLE or ROOT != kernels.ROOT:
        return AsyncKernelManager
    command = kernels.server(search_path, backend)

    class Copies(AsyncKernelManager):
        kernel_spec = KernelSpec(argv=command, display_name="Python 3", language="python")

    return Copies


def runs(cell, skip):
    """Tell whether a cell is to be executed, by nbdev's rules."""
    found = directives(cell)
    is_skipped = is_off(found, "eval") or found.keys() & set(skip) or "nbdev_export(" in cell.source
    return is_code(cell) and not is_skipped


def run_cell(client, cell, index, notebook):
    """Execute one cell, or say which one failed; a cell marked `#| raises` has to fail."""
    client.allow_errors = is_meant_to_raise(cell)
    where = f"{notebook}: cell {index + 1}"
    try:
        client.execute_cell(cell, index)
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        raise NotebookError(f"{where} failed\n{plain(str(error))}") from None
    if client.allow_errors and not has_error(cell):
        raise NotebookError(f"{where} was expected to raise an error\n{cell.source}")


def is_meant_to_raise(cell):
    """Tell whether a cell shows an error on purpose."""
    return "raises" in directives(cell) or "raises-exception" in cell.metadata.get("tags", [])


def has_error(cell):
    """Tell whether a cell's outputs hold an error."""
    return any(output.output_type == "error" for output in cell.outputs)


def has_picture(cell):
    """Tell whether a cell's outputs hold a picture."""
    return any(output.get("data", {}).keys() & {"image/png", "image/gif"} for output in cell.outputs)


def has_widget(cell):
    """Tell whether a cell's outputs hold a live widget."""
    return any(WIDGET in output.get("data", {}) for output in cell.outputs)


def is_explorer(cell):
    """Tell whether a cell that runs ends with an explorer."""
    return runs(cell, ()) and not is_meant_to_raise(cell) and bool(re.search(r"^explore\(", code(cell), re.MULTILINE))


def plain(text):
    """Return a text without the escape sequences that colour it on a terminal."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def execute(paths, check=False, all=False, jobs=1):
    """Execute notebooks and store their outputs, or with `check` compare them; name those that failed.

    Without paths only those are executed that are not as they were, unless `all` are asked for; `jobs` at a time.
    """
    chosen = paths or [path for path in notebooks() if all or not executed.is_unchanged(path)]
    if jobs > 1:
        os.environ.setdefault("OMP_NUM_THREADS", "1")  # in the kernels: threads would only wait for each other
    failed = []
    with ProcessPoolExecutor(jobs) if jobs > 1 else nullcontext() as pool:
        for path, (is_good, said) in zip(chosen, (pool.map if pool else map)(partial(once, check=check), chosen)):
            print(f"{name(path)} ... {said}", flush=True)
            if is_good:
                executed.note(path)
            else:
                failed.append(name(path))
    for notebook in failed:
        print(f"failed: {notebook}")
    return int(bool(failed))


def once(path, check):
    """Execute a notebook and store or compare its outputs; tell whether all is well, and what is to be said."""
    start = time.perf_counter()
    try:
        fresh = cleaned(run(path))
    except NotebookError as error:
        return False, f"FAILED\n{error}"
    stale = stale_outputs(path, fresh) if check else []
    if not check:
        path.write_bytes(fresh)
    seconds = time.perf_counter() - start
    length = f", better {GOOD_SECONDS} s" if seconds > GOOD_SECONDS else ""
    return not stale, "\n  ".join([f"{seconds:.1f} s{length}", *stale])


def stale_outputs(path, fresh, numbers=True):
    """Return where a notebook's stored outputs are not those of its cleaned bytes after a fresh run."""
    return list(differences(read(path), nbformat.reads(fresh.decode(), as_version=4), numbers))


# --- clean ----------------------------------------------------------------------------------------


def cleaned(nb):
    """Return the bytes of a notebook without what changes from run to run."""
    stored = json.loads(nbformat.writes(nb))
    clean_nb(stored, allowed_cell_metadata_keys=settings()["allowed_cell_metadata_keys"].split())
    stored["metadata"].pop("widgets", None)
    for cell in stored["cells"]:
        if "outputs" in cell:
            cell["outputs"] = [output for output in cell["outputs"] if keeps_still(output)]
    return nb2str(stored).encode()


def keeps_still(output):
    """Take the live widget and the traceback out of an output; tell whether something is left to show."""
    if output["output_type"] == "error":
        output["traceback"] = [f"{output['ename']}: {output['evalue']}"]
    data = output.get("data", {})
    if not data.pop(WIDGET, None):
        return True
    data["text/plain"] = ["<interactive widget>"]
    return "image/png" in data


def clean(check):
    """Clean all notebooks."""
    return write_or_check(differing({path: cleaned(read(path)) for path in notebooks()}), check)


# --- export ---------------------------------------------------------------------------------------


def export(check):
    """Bring the package to what the notebooks export."""
    package = ROOT / settings()["lib_path"]
    stale = {p: None for p in package.rglob("*.py") if is_generated(p)}
    return write_or_check(differing(stale | exported(package)), check)


def exported(package):
    """Return {path: content} of the package as nbdev exports it in a scratch copy of the project."""
    with TemporaryDirectory() as folder:
        scratch = Path(folder).resolve()
        copy_sources(package, scratch)
        command = [sys.executable, "-c", "from nbdev.doclinks import nbdev_export as export; export()"]
        subprocess.run(command, cwd=scratch, env=os.environ | {"IN_TEST": ""}, check=True)
        return {ROOT / p.relative_to(scratch): p.read_bytes() for p in (scratch / package.name).rglob("*.py")}


def copy_sources(package, scratch):
    """Copy what people write (settings, notebooks, modules by hand) to a scratch folder."""
    by_hand = [path for path in package.rglob("*.py") if not is_generated(path)]
    for source in [ROOT / "settings.ini", *notebooks(), *by_hand]:
        target = scratch / source.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)


def is_generated(module):
    """Tell whether nbdev wrote a module."""
    return bool(re.search("^# autogenerated", module.read_text(encoding="utf-8").lower(), re.MULTILINE))


# --- lint -----------------------------------------------------------------------------------------


def lint():
    """Name every place where a notebook breaks the project's limits; `ruff check` holds that of complexity."""
    paths = notebooks()
    problems = [*problems_of_order(), *(problem for path in paths for problem in problems_of(path))]
    print(*problems, f"{len(paths)} notebooks, {len(problems)} problems", sep="\n")
    return int(bool(problems))


def problems_of_order():
    """Yield what is wrong with the order of reading."""
    ordered = [path for paths in chapters().values() for path in paths]
    yield from (f"{name(path)}: stands in sidebar.yml twice" for path in {*ordered} if ordered.count(path) > 1)
    yield from (f"{name(path)}: stands in sidebar.yml, and is not there" for path in ordered if not path.exists())
    yield from (f"{name(path)}: does not stand in sidebar.yml" for path in notebooks() if path not in ordered)


def problems_of(path):
    """Yield what breaks the limits in one notebook."""
    nb = read(path)
    cells = [cell for cell in nb.cells if runs(cell, ())]
    if len(nb.cells) > MAX_CELLS:
        yield f"{name(path)}: {len(nb.cells)} cells, at most {MAX_CELLS}"
    if path.stat().st_size > MAX_BYTES:
        yield f"{name(path)}: {path.stat().st_size} bytes, at most {MAX_BYTES}"
    if cells and not any(cell.outputs for cell in cells):
        yield f"{name(path)}: no stored output, execute it"
    if "widgets" in nb.metadata:
        yield f"{name(path)}: holds the state of widgets, clean it"
    if not re.match(r"# .+\n+> .+", "".join(cell.source for cell in nb.cells[:1])):
        yield f"{name(path)}: does not open with a title and a subtitle, '# Title' and '> subtitle'"
    if (lines := sum(map(export_lines, nb.cells))) > MAX_MODULE_LINES:
        yield f"{name(path)}: exports {lines} lines, at most {MAX_MODULE_LINES}"
    for number, cell in enumerate(nb.cells, 1):
        for problem in problems_of_cell(cell):
            yield f"{name(path)}: cell {number}: {problem}"


def problems_of_cell(cell):
    """Yield what breaks the limits in one cell."""
    if not is_code(cell):
        return
    if export_lines(cell) > MAX_EXPORT_LINES:
        yield f"exports {export_lines(cell)} lines, at most {MAX_EXPORT_LINES}"
    if mixes_imports(cell) and runs(cell, ()):
        yield "mixes imports with other code"
    if has_error(cell) and not is_meant_to_raise(cell):
        yield "shows an error and is not marked `#| raises`"
    if has_picture(cell) and not {"fig-cap:", "fig-alt:"} <= directives(cell).keys():
        yield "shows a picture without `#| fig-cap` and `#| fig-alt`"
    if has_widget(cell) or is_explorer(cell) and not has_picture(cell):
        yield "shows a widget, and needs a still picture in its place: execute and clean"
    if OF_THE_MACHINE.search(json.dumps(cell.outputs)):
        yield "shows a path of the machine that ran it"
    if any(len(line) > MAX_COLUMNS and not line.startswith("#|") for line in cell.source.splitlines()):
        yield f"has lines longer than {MAX_COLUMNS} columns"


def export_lines(cell):
    """Count the lines of an exported cell that hold code: no blank line, no comment, no docstring."""
    if not directives(cell).keys() & {"export", "exports", "exporti"}:
        return 0
    prose = {line for node in ast.walk(ast.parse(code(cell))) for line in docstring_lines(node)}
    lines = enumerate(code(cell).splitlines(), 1)
    return sum(number not in prose and bool(re.match(r"\s*[^\s#]", line)) for number, line in lines)


def docstring_lines(node):
    """Return the numbers of the lines that the docstring of a class or function takes."""
    if not isinstance(node, ast.ClassDef | ast.FunctionDef) or ast.get_docstring(node) is None:
        return ()
    return range(node.body[0].lineno, node.body[0].end_lineno + 1)


def mixes_imports(cell):
    """Tell whether a cell holds both imports and other statements, but for a call of `needs`, which belongs to them."""
    source = re.sub(r"^\s*[%!].*", "", code(cell), flags=re.MULTILINE)
    try:
        statements = ast.parse(source).body
    except SyntaxError:  # another language below a cell magic
        return False
    statements = [node for node in statements if not ast.unparse(node).startswith("needs(")]
    return {isinstance(statement, ast.Import | ast.ImportFrom) for statement in statements} == {True, False}


# --- readme ---------------------------------------------------------------------------------------


def readme(check):
    """Bring README.md and its pictures to what the index notebook says."""
    index = ROOT / settings()["nbs_path"] / settings()["readme_nb"]
    pictures = {}
    blocks = [block for cell in read(index).cells for block in markdown(cell, pictures)]
    head = f"<!-- Made from {name(index)} by dev/notebooks.py readme: edit the notebook. -->"
    text = "\n\n".join([head, *filter(None, blocks)]).replace(CONTENTS, contents()) + "\n"
    stale = {path: None for path in (ROOT / "README_files").glob("*")}
    return write_or_check(differing(stale | pictures | {ROOT / "README.md": text.encode()}), check)


def contents():
    """Return the tutorials and the wings with what they are for, in the order of reading."""
    first = [paths[0] for chapter, paths in chapters().items() if chapter not in ("", "Tutorials")]
    tutorials = [f"{number}. [{title(path)}]({name(path)})" for number, path in enumerate(chapters()["Tutorials"], 1)]
    between = "Then the library, one idea a notebook; the package is exported from them:"
    head = ["| wing | what is in it | the question it opens with |", "|---|---|---|"]
    rows = ("| [`{}`]({}) | {} | {} |".format(*wing(path), title(path)) for path in first)
    return "\n".join([*tutorials, "", between, "", *head, *rows])


def wing(path):
    """Return the wing that a notebook belongs to: its name, the notebook, and the first sentence of its face."""
    package, inside = ROOT / settings()["lib_path"], path.relative_to(ROOT / settings()["nbs_path"])
    source = package / inside.parent / "__init__.py" if inside.parent.name else package / f"{inside.stem}.py"
    text = ast.get_docstring(ast.parse(source.read_text(encoding="utf-8")))
    return inside.parts[0].removesuffix(".ipynb"), name(path), text.splitlines()[0].rstrip(".")


def markdown(cell, pictures):
    """Yield the blocks of Markdown that a cell shows; its pictures are added to {path: content}."""
    if cell.cell_type == "markdown":
        yield relinked(cell.source.strip())
    found = directives(cell)
    is_hidden = found.keys() & {"hide", "export", "exporti", "default_exp"} or is_off(found, "include")
    if is_hidden or not is_code(cell):
        return
    if not is_off(found, "echo"):
        yield fenced(code(cell), "python")
    if not is_off(found, "output"):
        alt = " ".join(found.get("fig-alt:") or found.get("fig-cap:") or ["figure"]).strip("\"'")
        yield from (shown(output, alt, pictures) for output in cell.outputs)


def shown(output, alt, pictures):
    """Return the Markdown of one output: a picture, Markdown or text."""
    data = output.get("data", {})
    if "image/png" in data:
        path = ROOT / "README_files" / f"figure_{len(pictures) + 1}.png"
        pictures[path] = base64.b64decode(data["image/png"])
        return f"![{alt}]({name(path)})"
    if "text/markdown" in data:
        return data["text/markdown"].strip()
    error = "\n".join(output.get("traceback", []))
    return fenced(plain(data.get("text/plain") or output.get("text") or error), "text")


def fenced(text, language):
    """Return a text, unless it is empty, as a fenced block."""
    body = text.strip("\n")
    return f"```{language}\n{body}\n```" if body else ""


def relinked(text):
    """Let relative links of a notebook lead the same way from the root of the project."""
    relative = r"(?<=\]\()(?![\w+.-]+:|[#/])[^)\s]+"
    return re.sub(relative, lambda link: posixpath.normpath(f"{settings()['nbs_path']}/{link[0]}"), text)


# --- the command line -----------------------------------------------------------------------------


def parse():
    """Return the arguments of the command line."""
    layout = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=layout)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("lint")
    for command in ("execute", "clean", "export", "readme"):
        commands.add_parser(command).add_argument("--check", action="store_true")
    commands.choices["execute"].add_argument("--jobs", type=int, default=os.cpu_count(), help="how many at a time")
    commands.choices["execute"].add_argument("--all", action="store_true", help="also what has not changed")
    commands.choices["execute"].add_argument("paths", nargs="*", type=lambda text: Path(text).resolve())
    return parser.parse_args()


def main():
    """Carry out one command and return the exit status."""
    options = vars(parse())
    command = {"execute": execute, "clean": clean, "export": export, "lint": lint, "readme": readme}
    return command[options.pop("command")](**options)


if __name__ == "__main__":
    sys.exit(main())
