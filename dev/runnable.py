"""What a page needs to run its cells in the browser: the package as a wheel, and what will be loaded from where.

Pyodide itself is no part of the site: `dev/docs/run/pyodide.json` holds its address and the bytes of its files, and the
environment variable TENSOR_OVERPARAM_PYODIDE another address to build with. What the site serves itself comes in a
script, which a browser loads from a server as from a file on disk.
"""

import base64
import hashlib
import io
import json
import os
import zipfile
from importlib.metadata import distribution
from pathlib import Path

from notebooks import ROOT, settings

RUN = ROOT / "dev" / "docs" / "run"
KERNEL, ABOUT = RUN / "page_kernel.py", RUN / "pyodide.json"
SCRIPT, CARRIER = "_static/run.js", "_static/run-package.js"
ADDRESS = "TENSOR_OVERPARAM_PYODIDE"  # the environment variable
PACKAGE = ROOT / settings()["lib_path"]
DATA = "tutorials"  # the folder whose data the cells may read
COMPANION, LICENCE = "array-api-compat", RUN / "array-api-compat.txt"
OTHERS = {"cupy", "dask", "torch"}  # the companion's modules for libraries that are not in a page
LEFT_OUT = {"__pycache__", "_modidx.py"}
WHEN = (1980, 1, 1, 0, 0, 0)


def runnable(script):
    """Return {path: content} of what runs pages; `script` is the text of run.js before it knows the settings."""
    carried = carrier()
    about = json.loads(ABOUT.read_text(encoding="utf-8"))
    about["base"] = os.environ.get(ADDRESS, about["base"])
    about["own"] = len(carried)
    line = json.dumps(about, separators=(",", ":"))
    known = script.decode().replace("/* what dev/runnable.py knows */ {}", line)
    return {SCRIPT: known.encode(), CARRIER: carried}


def carrier():
    """Return the script with the wheels, the data of the tutorials, and what runs the cells."""
    wheels = {name: text(content) for name, content in (own_wheel(), companion())}
    parts = {"wheels": wheels, "data": text(data()), "kernel": KERNEL.read_text(encoding="utf-8")}
    return f"globalThis.tensorOverparamRun = {json.dumps(parts, ensure_ascii=False)};\n".encode()


def text(content):
    """Return bytes as a text."""
    return base64.b64encode(content).decode()


def own_wheel():
    """Return the name and the bytes of the package's wheel."""
    at, project = settings(), settings()["lib_name"]
    files = {f"{project}/{below(path, PACKAGE)}": path.read_bytes() for path in package_files()}
    needed = "".join(f"Requires-Dist: {line}\n" for line in at["requirements"].split())
    about = f"Metadata-Version: 2.1\nName: {project}\nVersion: {at['version']}\n{needed}"
    return wheel(project, at["version"], files | {"LICENSE": (ROOT / "LICENSE").read_bytes()}, about)


def companion():
    """Return the name and the bytes of the wheel of the array-api-compat that is installed here."""
    found = distribution(COMPANION)
    project = COMPANION.replace("-", "_")
    own = (path for path in found.files if path.suffix == ".py" and path.parts[0] == project)
    files = {path.as_posix(): path.read_binary() for path in own if not OTHERS & {*path.parts}}
    about = f"Metadata-Version: 2.1\nName: {project}\nVersion: {found.version}\n"
    return wheel(project, found.version, files | {"LICENSE": LICENCE.read_bytes()}, about)


def package_files():
    """Return what belongs to the package: modules, and what they draw with."""
    return sorted(path for path in PACKAGE.rglob("*") if path.is_file() and not LEFT_OUT & {*path.parts})


def below(path, folder):
    """Return a path from a folder on."""
    return path.relative_to(folder).as_posix()


def wheel(project, version, files, about):
    """Return the name and the bytes of a wheel, the same for the same files."""
    info = f"{project}-{version}.dist-info"
    files = {(f"{info}/{path}" if path == "LICENSE" else path): content for path, content in files.items()}
    files[f"{info}/METADATA"] = about.encode()
    files[f"{info}/WHEEL"] = b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    lines = [f"{path},sha256={digest(content)},{len(content)}\n" for path, content in files.items()]
    files[f"{info}/RECORD"] = "".join([*lines, f"{info}/RECORD,,\n"]).encode()
    return f"{project}-{version}-py3-none-any.whl", archive(files)


def digest(content):
    """Return the hash of a file as a wheel lists it."""
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


def archive(files):
    """Return {path: content} as a .zip, the same for the same files."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as target:
        for path, content in sorted(files.items()):
            target.writestr(zipfile.ZipInfo(path, WHEN), content, zipfile.ZIP_DEFLATED, 9)
    return packed.getvalue()


def data():
    """Return the tables that the tutorials read, as a .zip."""
    folder = ROOT / settings()["nbs_path"] / DATA
    return archive({below(path, folder): path.read_bytes() for path in tables()})


def tables():
    """Return the paths of the tables that the tutorials read."""
    return sorted(path for path in (ROOT / settings()["nbs_path"] / DATA / "data").rglob("*") if path.is_file())


def measured(folder):
    """Return {file: bytes} of a folder with Pyodide, and which packages need which, for `pyodide.json`."""
    folder = Path(folder)
    known = json.loads((folder / "pyodide-lock.json").read_text())["packages"]
    core = ("pyodide.js", "pyodide.asm.js", "pyodide.asm.wasm", "python_stdlib.zip", "pyodide-lock.json")
    sizes = {"": sum((folder / name).stat().st_size for name in core)}
    needs, todo = {}, ["scipy", "matplotlib", "scikit-learn", "sqlite3"]
    while todo:
        name = todo.pop()
        if name not in sizes:
            sizes[name] = (folder / known[name]["file_name"]).stat().st_size
            needs[name] = known[name]["depends"]
            todo += known[name]["depends"]
    return {"sizes": dict(sorted(sizes.items())), "needs": {k: v for k, v in sorted(needs.items()) if v}}
