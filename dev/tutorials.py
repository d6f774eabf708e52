"""Run the tutorials as a reader does: in the environment of the README, each in its own folder. Nothing is written.

    python dev/tutorials.py          what has changed since it was executed, or what it imports, as a whole;
                                     of the others the imports, which tell whether the environment has what they need
    python dev/tutorials.py --all    all of them as a whole

Needs what `pip install '.[tutorials]'` brings, and nothing else; dev/executed.py tells what has changed.
"""

import ast
import re
import sys
import time

import executed
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

FOLDER = executed.ROOT / "nbs" / "tutorials"
SECONDS_A_CELL = 600


def main():
    """Run the tutorials and return the exit status."""
    failed = []
    for path in sorted(FOLDER.glob("*.ipynb")):
        is_whole = "--all" in sys.argv[1:] or not executed.is_unchanged(path)
        start = time.perf_counter()
        said = run(path, is_whole)
        done = said or ("all cells" if is_whole else "imports")
        print(f"{path.name}: {done}, {time.perf_counter() - start:.0f} s", flush=True)
        failed += [path.name] * bool(said)
    print(f"failed: {', '.join(failed)}" if failed else "all tutorials run in the environment of the README")
    return int(bool(failed))


def run(path, is_whole):
    """Run a tutorial, or only what it imports; return what went wrong."""
    nb = nbformat.read(path, as_version=4)
    if not is_whole:
        nb.cells = [cell for cell in nb.cells if cell.cell_type == "code" and is_import(cell.source)]
    folder = {"metadata": {"path": str(path.parent)}}
    client = NotebookClient(nb, timeout=SECONDS_A_CELL, kernel_name="python3", resources=folder)
    try:
        client.execute()
    except CellExecutionError as error:
        return re.sub(r"\x1b\[[0-9;]*m", "", f"FAILED\n{error}")
    return ""


def is_import(source):
    """Tell whether a cell only imports, and asks for what it needs."""
    body = ast.parse(re.sub(r"^[%!].*$", "", source, flags=re.MULTILINE)).body
    return bool(body) and all(isinstance(node, ast.Import | ast.ImportFrom) or is_needs(node) for node in body)


def is_needs(node):
    """Tell whether a statement calls `needs`."""
    call = getattr(node, "value", None)
    return isinstance(call, ast.Call) and ast.unparse(call.func) == "needs"


if __name__ == "__main__":
    sys.exit(main())
