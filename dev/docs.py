"""Build the site in _docs from the notebooks and from dev/docs, and check it.

    python dev/docs.py build [--force]     bring _docs up to date with its sources
    python dev/docs.py check [--strict]    look over _docs and say whether it is behind its sources;
                                           with --strict also build it anew and compare
"""

import argparse
import hashlib
import io
import json
import os
import posixpath
import re
import shutil
import subprocess
import sys
import time
from importlib.metadata import files as files_of
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from notebooks import ROOT, differing, name, notebooks, read, settings, write
from PIL import Image, ImageChops, ImageStat
from runnable import SCRIPT, runnable, tables
from sitecheck import problems
from stage import CACHE, DOWNLOADS, PACKAGE, STAGE, below, stage

SITE = ROOT / "_docs"
HERE = ROOT / "dev" / "docs"
STAMP = ".stamp.json"
TOOLS = (
    "sphinx docutils myst-nb myst-parser sphinx-book-theme pydata-sphinx-theme pygments pillow array-api-compat"
).split()
CARRIED = ("sphinx", "pydata-sphinx-theme", "sphinx-book-theme", "sphinx-copybutton", "myst-nb")
MATHJAX = "mathjax@3.2.2"
MATHJAX_FILES = {
    "es5/tex-svg-full.js": "a4354ff94fd868aea0cc6eaaa79a57fda0588646fc46ee3700a349ee0a11cbe6",
    "LICENSE": "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30",
}
UNUSED = re.compile(r"\.map$|/locales/|macros\.html$|/logo_|^\.buildinfo|^\.doctrees|^_sources/|^objects\.inv$")
PLAIN = re.compile(rb'<span class="(?:n|p|w)">([^<]*)</span>')
CODE = re.compile(rb'<div class="highlight"><pre>.*?</pre>', re.DOTALL)
MARK = re.compile(rb'<span class="(\w+)">([^<]*)</span>')
AGAIN = re.compile(rb'(#([\w.]+)") title="\2"')  # a title that says what the address of the link says
FRAME = re.compile(rb"(?<=\n)[ \n]+(?=<)")  # lines between the tags of the theme: empty, or indented
TOLD = {  # what the theme leaves without words for those who listen, and what it calls a list that is none
    b'<summary><span class="toctree-toggle"': b'<summary aria-label="What is inside"><span class="toctree-toggle"',
    b'<div role="list" class="citation-list">': b'<div class="citation-list">',
}
ICONS = "_static/scripts/fontawesome.js"
ICON = re.compile(rb'"?([a-z0-9-]+)"?:\[\d+,\d+,\[[^\]]*\],"[0-9a-f]+",(?:"[^"]*"|\[[^\]]*\])\],?')
FAINT = 0.5  # of 255, mean difference of a colour
DRAWN = re.compile(rb"[A-Za-z0-9+/]{200,}=*")


# --- build ------------------------------------------------------------------------------------------


def build(force):
    """Bring _docs up to date, unless it is already."""
    if not force and not behind():
        print("_docs is up to date")
        return 0
    wanted = site()
    stale = set(SITE.rglob("*")) - {SITE / path for path in wanted}
    for path in (path for path in stale if path.is_file()):
        path.unlink()
    for path, content in differing({SITE / path: content for path, content in wanted.items()}).items():
        write(path, content)
    return report(problems(SITE))


def site():
    """Return the site as {path: content}, made from scratch but for what the cache knows to be unchanged."""
    start = time.perf_counter()
    if not find_spec("sphinx"):
        raise SystemExit("Sphinx and its companions are needed: pip install -e '.[dev,docs]'")
    before = digest(sources())
    for path, content in differing(mathjax()).items():
        write(path, content)
    stage()
    print(f"staged in {time.perf_counter() - start:.0f} s", flush=True)
    with TemporaryDirectory() as html:  # Sphinx would not notice a change of the style or of its own settings
        options = ["-b", "html", "-q", "-W", "--keep-going", "-c", HERE, "-d", Path(html, ".doctrees")]
        subprocess.run([sys.executable, "-m", "sphinx", *options, STAGE, html], check=True)
        found = files(Path(html))
    kept = {path: lean(path, content) for path, content in found.items() if not UNUSED.search(path)}
    kept[ICONS] = some_icons(kept)
    kept |= runnable(kept[SCRIPT])
    kept |= licences() | downloads() | {".nojekyll": b""} | {old: redirection(old, new) for old, new in moved().items()}
    print(f"built in {time.perf_counter() - start:.0f} s", flush=True)
    tools = {tool: version(tool) for tool in TOOLS}
    stamp = {"sources": before, "pages": digest(kept), "tools": tools}
    return kept | {STAMP: json.dumps(stamp, indent=1).encode() + b"\n"}


def downloads():
    """Return {path: content} of the notebooks as they can be downloaded: without outputs, to be run."""
    found = {}
    for path in notebooks():
        nb = read(path)
        for cell in nb.cells:
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = [], None
        text = json.dumps(nb, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
        found[f"{DOWNLOADS}/{below(path)}"] = text.encode()
    return found


def licences():
    """Return {path: text} of the licences of what the site carries along of the packages that built it."""
    found = {}
    for package in CARRIED:
        texts = [path for path in files_of(package) or () if re.search(r"(?i)info/(licenses/)?licen", str(path))]
        found[f"_static/licences/{package}.txt"] = texts[0].read_binary()
    return found


def moved():
    """Return {address that a page once had: its address today}."""
    lines = (HERE / "moved.txt").read_text(encoding="utf-8").split("\n")
    return {f"{old}.html": f"{new}.html" for old, new in map(str.split, filter(None, lines))}


def redirection(old, new):
    """Return a page that leads on to where it has moved."""
    there = posixpath.relpath(new, posixpath.dirname(old) or ".")
    head = f'<meta charset="utf-8"><title>Moved</title><meta http-equiv="refresh" content="0; url={there}">'
    text = f'<p>This page has moved <a href="{there}">here</a>.</p>'
    return f'<!DOCTYPE html>\n<html lang="en"><head>{head}</head><body>{text}</body></html>\n'.encode()


def files(folder):
    """Return all files in a folder as {path: content}."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def some_icons(kept):
    """Return the script of the icons, of two thousand, that a page or a script of the site shows."""
    texts = [text for path, text in kept.items() if path.endswith((".html", ".js")) and path != ICONS]
    used = {name for text in texts for name in re.findall(rb"\bfa-([a-z0-9-]+)", text)}
    return ICON.sub(lambda icon: icon[0] if icon[1] in used else b"", kept[ICONS])


def lean(path, content):
    """Return a file without what changes nothing.

    These are rare colours, marks on code that have the colour of plain text, long names of the other marks, the name to
    which a link leads said a second time, and empty lines around the article.
    """
    if path.endswith(".png"):
        return few_colours(content)
    if not path.endswith(".html"):
        return content
    for bare, told in TOLD.items():
        content = content.replace(bare, told)
    content = CODE.sub(lambda code: MARK.sub(rb"<i class=\1>\2</i>", code[0]), PLAIN.sub(rb"\1", content))
    before, start, rest = AGAIN.sub(rb"\1", content).partition(b"<article")
    article, end, after = rest.rpartition(b"</article>")
    return b"".join([FRAME.sub(b"", before), start, article, end, FRAME.sub(b"", after)])


def few_colours(content):
    """Return a picture in a palette, where that is smaller and no eye would see it; pictures with clear parts stay."""
    picture = Image.open(io.BytesIO(content)).convert("RGBA")
    plain, file = picture.convert("RGB"), io.BytesIO()
    drawn = plain.quantize(256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    drawn.save(file, "PNG", optimize=True)
    apart = ImageStat.Stat(ImageChops.difference(plain, drawn.convert("RGB"))).mean
    is_good = picture.getextrema()[3] == (255, 255) and max(apart) < FAINT and len(file.getvalue()) < len(content)
    return file.getvalue() if is_good else content


def mathjax():
    """Return {path: content} of MathJax, from what is here already or else from the npm registry."""
    found = {}
    for source, expected in MATHJAX_FILES.items():
        target = Path("vendor", "mathjax-license.txt" if source == "LICENSE" else Path(source).name)
        known = [folder / target for folder in (CACHE / "static", SITE / "_static") if (folder / target).exists()]
        content = known[0].read_bytes() if known else from_npm(MATHJAX, source)
        if hashlib.sha256(content).hexdigest() != expected:
            raise SystemExit(f"{source} of {MATHJAX} is not the file that was pinned")
        found[CACHE / "static" / target] = content
    return found


def from_npm(package, path):
    """Return one file of a package in the npm registry."""
    with TemporaryDirectory() as folder:
        subprocess.run(["npm", "pack", "--silent", package], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        shutil.unpack_archive(next(Path(folder).glob("*.tgz")), folder, "gztar")
        return Path(folder, "package", path).read_bytes()


# --- check ------------------------------------------------------------------------------------------


def check(strict):
    """Look over _docs; return 1 where something is wrong, or with `strict` where it is not what its sources make."""
    if not (SITE / STAMP).exists():
        return report(["there is no _docs: python dev/docs.py build"])
    stamp = json.loads((SITE / STAMP).read_text())
    found = files(SITE)
    found.pop(STAMP)
    wrong = [] if digest(found) == stamp["pages"] else ["_docs is not as it was built: somebody has changed it"]
    if strict and not wrong:
        wrong = list(differences(found, stamp))
    is_behind = behind()
    print("_docs is behind its sources: python dev/docs.py build" if is_behind else "_docs is up to date")
    return report([*wrong, *problems(SITE, is_behind)])


def differences(found, stamp):
    """Yield where a fresh build is another than the one in _docs; pictures and tables inside pages may."""
    other = [f"{tool} {version(tool)}, not {old}" for tool, old in stamp["tools"].items() if version(tool) != old]
    fresh = site()
    fresh.pop(STAMP)
    for path in sorted(fresh.keys() | found.keys()):
        here, there = (DRAWN.sub(b"", made.get(path, b"")) for made in (found, fresh))
        if here != there:
            yield f"differs from a fresh build: {path}" + (f" (built here with {', '.join(other)})" if other else "")


def behind():
    """Tell whether _docs was made from other sources than there are now."""
    return not (SITE / STAMP).exists() or json.loads((SITE / STAMP).read_text())["sources"] != digest(sources())


def sources():
    """Return all that the site is made from, as {path: content}."""
    made = [path for path in PACKAGE.rglob("*") if path.suffix in (".py", ".js", ".css")]
    scripts = ("docs", "stage", "markup", "references", "claims_map", "pictures", "apidoc", "docstrings", "runnable")
    tools = [*HERE.rglob("*.*"), *(ROOT / "dev" / f"{script}.py" for script in scripts)]
    texts = [ROOT / path for path in ("settings.ini", "CHANGELOG.md", "CITATION.cff", "CONTRIBUTING.md", "LICENSE")]
    written = [*notebooks(), *tables(), ROOT / settings()["nbs_path"] / "sidebar.yml"]
    return {name(path): path.read_bytes() for path in [*written, *made, *tools, *texts] if path.is_file()}


def digest(files):
    """Return a hash of {path: content}."""
    lines = (f"{path} {hashlib.sha256(content).hexdigest()}\n" for path, content in sorted(files.items()))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def report(wrong):
    """Print what is wrong and return the exit status."""
    print(*wrong, f"{len(wrong)} problems", sep="\n")
    return int(bool(wrong))


# --- the command line -------------------------------------------------------------------------------


def main():
    """Carry out one command and return the exit status."""
    layout = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=layout)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("build").add_argument("--force", action="store_true")
    commands.add_parser("check").add_argument("--strict", action="store_true")
    options = vars(parser.parse_args())
    os.chdir(ROOT)
    return {"build": build, "check": check}[options.pop("command")](**options)


if __name__ == "__main__":
    sys.exit(main())
