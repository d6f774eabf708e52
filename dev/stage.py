"""Turn notebooks and hand-written pages into what Sphinx reads: outputs, figures, equations, reference entries.

Outputs are those stored in the notebooks, which the tests compare with a fresh execution. Only what shows an
explorer is executed here, so that the explorer can write all its states into the page.
"""

import ast
import base64
import hashlib
import io
import json
import os
import platform
import posixpath
import re
import shutil
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from importlib.metadata import version

import apidoc
import claims_map
import markup
import nbformat
import pictures
import references
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from notebooks import (
    ROOT,
    chapters,
    code,
    differing,
    directives,
    is_code,
    is_off,
    notebooks,
    read,
    run,
    settings,
    title,
    wing,
    write,
)
from PIL import Image

PAGES = ROOT / "dev" / "docs" / "pages"
LIVE = "\n```{code-cell}\n"  # how a page with code to run is told from others
CACHE = ROOT / ".docs_cache"
STAGE, EXECUTED = CACHE / "stage", CACHE / "executed"
PACKAGE = ROOT / settings()["lib_path"]
AT_A_TIME = 2
KERNEL = {
    "kernelspec": {"name": "python3", "display_name": "Python 3"},
    "language_info": {"name": "python", "pygments_lexer": "ipython3"},
}
EXPORTED = {"export", "exports", "exporti"}
SCRIPT = "explorers.js"  # what draws explorers, once for all pages
DOWNLOADS = "_notebooks"  # the folder of the notebooks that can be downloaded
WINGS = "wings"  # the folder of their pages
DOORS = {  # the four ways in, and the pages behind each; the rest is inside a wing
    "Learn": ("All tutorials <learn>",),
    "Use": ("Which one do I need? <choose>", "Install <install>", "Add your own <extend>", "Contribute <contribute>"),
    "Theory and ledger": (
        "The ledger <ledger>",
        "From theorem to function <map>",
        "Glossary <glossary>",
        "Bibliography <bibliography>",
    ),
    "API": ("Wings <api>", "All names <names>"),
}
INSIDE = {  # what stands inside another page
    "contribute.md": ("Changelog <changelog>", "Licence <license>"),
    "bibliography.md": ("Cite <cite>",),
}


# --- stage: turn notebooks and pages into what Sphinx reads ------------------------------------------


def stage():
    """Write everything that Sphinx reads; what has not changed is left alone, so that Sphinx can skip it."""
    stories = {below(path): read(path) for path in notebooks() if path.name != "index.ipynb"}
    pages = {path.name: written(path.read_text(encoding="utf-8")) for path in PAGES.glob("*.md")}
    pages |= {f"{WINGS}/{name}.md": page_of_wing(title, paths) for name, (title, paths) in wings().items()}
    pages["index.md"] += contents()
    pages["api.md"] += toctree(f"{title} <{WINGS}/{name}>" for name, (title, _) in wings().items())
    for page, entries in INSIDE.items():
        pages[page] += toctree(entries)
    live = {where: text for where, text in pages.items() if LIVE in text}
    texts = {f"{where[:-3]}.ipynb": from_markdown(text) for where, text in live.items()} | stories
    shutil.copytree(ROOT / settings()["nbs_path"], EXECUTED, ignore=no_notebooks, dirs_exist_ok=True)
    with ProcessPoolExecutor(AT_A_TIME) as pool:
        done = dict(zip(texts, pool.map(executed, texts, texts.values())))
    index = {}
    staged = {where: nbformat.writes(processed(nb, where, index)) for where, nb in done.items()}
    staged |= {where: text for where, text in pages.items() if where not in live} | {"names.md": list_of_names(index)}
    wanted = {STAGE / where: text.encode() for where, text in staged.items()}
    for path in set(STAGE.rglob("*.*")) - wanted.keys():
        path.unlink()
    wanted[CACHE / "static" / SCRIPT] = drawing_script().encode()
    for path, content in differing(wanted).items():
        write(path, content)


def no_notebooks(folder, names):
    """Return which of the names in a folder are not data that a notebook may read."""
    return [name for name in names if name.endswith(".ipynb") or name.startswith(".")]


def below(path):
    """Return the path of a notebook from the folder of all notebooks, which is also that of its page."""
    return path.relative_to(ROOT / settings()["nbs_path"]).as_posix()


def contents():
    """Return the tables of contents of the site: one a door, the tutorials behind the first."""
    tutorials = [f"{number}. {title(path)} <{address(path)}>" for number, path in enumerate(tutorials_in_order(), 1)]
    doors = DOORS | {"Learn": [*DOORS["Learn"], *tutorials]}
    return "".join(toctree(entries, door) for door, entries in doors.items())


def toctree(entries, caption=""):
    """Return a table of contents that only the sidebar shows."""
    named = f":caption: {caption}\n" if caption else ""
    return f"\n\n```{{toctree}}\n:hidden:\n{named}\n" + "\n".join(entries) + "\n```\n"


def tutorials_in_order():
    """Return the paths of the tutorials."""
    return chapters()["Tutorials"]


def wings():
    """Return {folder: (title, notebooks)} of the wings, in the order of reading."""
    others = {title: paths for title, paths in chapters().items() if title not in ("", "Tutorials", "Ledger")}
    return {paths[0].parent.name: (title, paths) for title, paths in others.items()}


def address(path):
    """Return the name of a notebook's page."""
    return below(path).removesuffix(".ipynb")


def page_of_wing(heading, paths):
    """Return the page of a wing: what its face says, and a question a notebook."""
    face = PACKAGE / paths[0].parent.name / "__init__.py"
    first, _, rest = ast.get_docstring(ast.parse(face.read_text(encoding="utf-8"))).partition("\n\n")
    rest = "\n\n".join(block if block.startswith("- ") else apidoc.prose(block) for block in rest.split("\n\n"))
    questions = "\n".join(f"- [{title(path)}](../{below(path)})" for path in paths)
    entries = (f"{path.stem.replace('_', ' ')} <../{address(path)}>" for path in paths)
    text = f"# {heading}\n\n> {first}\n\n{rest}\n\n## The notebooks, and the question that each answers\n\n{questions}"
    return text + toctree(entries)


def list_of_tutorials():
    """Return the tutorials with their questions, what they are about, and whom they are for."""
    return "\n\n".join(f"{number}. {lead(path)}" for number, path in enumerate(tutorials_in_order(), 1))


def lead(path):
    """Return the link to a tutorial with its subtitle and its line for whom it is."""
    text = "\n".join(cell.source for cell in read(path).cells[:3] if cell.cell_type == "markdown")
    about = re.search(r"^> Tutorial: (.*)$", text, re.MULTILINE)
    whom = re.search(r"^\*(For whom: .*?)\*$", text, re.MULTILINE)
    plain = [re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", found[1]) for found in (about, whom) if found]
    lines = [f"[{title(path)}]({below(path)})", *plain]
    return "\\\n   ".join(lines)


def list_of_wings():
    """Return the wings with what is in them and the question that each opens with."""
    head = ["{.reflow}", "| wing | what is in it | the question it opens with |", "|---|---|---|"]
    rows = (
        f"| [{heading}]({WINGS}/{name}.md) | {wing(paths[0])[2]} | [{title(paths[0])}]({below(paths[0])}) |"
        for name, (heading, paths) in wings().items()
    )
    return "\n".join([*head, *rows])


def written(text):
    """Return a page with the version, and with what it takes from the README."""
    text = re.sub(r"^% README: (.*)$", lambda line: from_readme(line[1]), text, flags=re.MULTILINE)
    text = re.sub(r"^% TUTORIALS$", lambda _: list_of_tutorials(), text, flags=re.MULTILINE)
    text = re.sub(r"^% WINGS$", lambda _: list_of_wings(), text, flags=re.MULTILINE)
    text = re.sub(r"^% MAP$", lambda _: claims_map.table(below), text, flags=re.MULTILINE)
    text = re.sub(r"^% BIBTEX: (.*)$", lambda line: bibtex(line[1]), text, flags=re.MULTILINE)
    return text.replace("{VERSION}", f"{{{settings()['version']}}}")


def bibtex(key):
    """Return an entry of the bibliography as people copy it."""
    text = references.entries()[key][0].replace("\n}", ",\n  archiveprefix = {arXiv}\n}")
    return f"```bibtex\n{text}\n```"


def from_markdown(text):
    """Return a page with `{code-cell}` blocks as a notebook without outputs."""
    parts = re.split(r"^```\{code-cell\}\n(.*?)^```\n", text, flags=re.MULTILINE | re.DOTALL)
    makers = (new_markdown_cell, new_code_cell)
    cells = [makers[i % 2](part.strip(), id=f"cell{i}") for i, part in enumerate(parts) if part.strip()]
    return new_notebook(cells=cells, metadata=KERNEL)


def from_readme(heading):
    """Return what the README says below a heading."""
    index = ROOT / settings()["nbs_path"] / settings()["readme_nb"]
    text = "\n\n".join(cell.source for cell in read(index).cells if cell.cell_type == "markdown")
    return re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)[1].strip()


# --- execute what holds an explorer ------------------------------------------------------------------


def executed(where, nb):
    """Return a notebook with the outputs that belong on the page: the stored ones, or with explorers fresh ones."""
    cells = [code(cell) for cell in nb.cells if is_code(cell)]
    if not any(shows_explorer(cell) for cell in nb.cells) and any(cell.get("outputs") for cell in nb.cells):
        return nb
    path = EXECUTED / where
    key = hashlib.sha256("\0".join([*cells, *seen("\n".join(cells)), *versions()]).encode()).hexdigest()
    if not (path.exists() and read(path).metadata.get("key") == key):
        print(f"executing {where}", flush=True)
        os.environ |= {"TENSOR_OVERPARAM_STATIC": "1", "OMP_NUM_THREADS": "1"}
        write(path, nbformat.writes(nb).encode())
        fresh = run(path)
        fresh.metadata["key"] = key
        write(path, nbformat.writes(fresh).encode())
    fresh = [cell.outputs for cell in read(path).cells if is_code(cell)]
    for cell, outputs in zip(filter(is_code, nb.cells), fresh, strict=True):
        cell.outputs = outputs
    return nb


def shows_explorer(cell):
    """Tell whether a cell calls for an explorer."""
    return is_code(cell) and bool(re.search(r"\bexplore\(", code(cell))) and not EXPORTED & directives(cell).keys()


def seen(source):
    """Return the sources of the modules that a text imports, and of those that these import."""
    known, todo = {}, [(PACKAGE, source)]
    while todo:
        folder, text = todo.pop()
        for path in imported(folder, text) - known.keys():
            known[path] = path.read_text(encoding="utf-8")
            todo.append((path.parent, known[path]))
    scripts = {path: path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.js")}
    return [text for _, text in sorted((known | scripts).items())]


def imported(folder, text):
    """Return the files of the package that a text in a folder of it imports from, faces included."""
    found = set()
    for dots, name, taken in re.findall(r"^\s*from (\.*)([\w.]*) import ([^#\n]*)", text, re.MULTILINE):
        if not dots and name.split(".")[0] != PACKAGE.name:
            continue
        start = folder.joinpath(*[".."] * (len(dots) - 1)).resolve() if dots else PACKAGE.parent
        place = start.joinpath(*filter(None, name.split(".")))
        found |= {place.with_suffix(".py"), place / "__init__.py"}
        found |= {place / f"{word}.py" for word in re.findall(r"\w+", taken)}
    faces = {path.parent / "__init__.py" for path in found}
    return {path for path in found | faces if path.is_file() and path.is_relative_to(PACKAGE)}


def versions():
    """Return the versions of what computes and draws."""
    return [platform.python_version(), *(version(package) for package in ("numpy", "scipy", "matplotlib"))]


# --- process: from cells with directives to pages ----------------------------------------------------


def processed(nb, where, index):
    """Return a notebook as MyST-NB reads it; the names that it documents are added to {module: {name: entry}}."""
    page, source = re.sub(r"\W|_", "-", where.removesuffix(".ipynb")), f"{settings()['nbs_path']}/{where}"
    link, module, cells = f"{settings()['git_url']}/blob/{settings()['branch']}/{source}", "", []
    tags = markup.tags(cell.source for cell in nb.cells if cell.cell_type == "markdown")
    for cell in nb.cells:
        found = directives(cell)
        if "default_exp" in found:
            module = f"{PACKAGE.name}.{found['default_exp'][0]}"
            cells.append(new_markdown_cell(f"```{{py:module}} {module}\n```"))
        if cell.cell_type == "markdown":
            cells.append(new_markdown_cell(markup.staged(at_home(cell.source, where), page, tags)))
        elif is_code(cell) and is_hidden(cell, found):
            cells += unseen(cell, found)
        elif is_code(cell):
            entries = documented(cell, found, module, link)
            index.setdefault((module, where), {}).update(entries)
            cells += [new_markdown_cell("\n\n".join(entries.values()))] * bool(entries)
            cells += [] if has_code(cell, found) else unseen(cell, found, shows=True)
            cells += shown(cell, found, where, page, entries, tags)
    if (ROOT / source).exists() and where != "index.ipynb":
        about = f"module {{py:mod}}`{module}`, " * bool(module) + f"from the notebook [{source}]({link})"
        up = posixpath.relpath(f"{DOWNLOADS}/{where}", posixpath.dirname(where) or ".")
        button = f'<a class="download" href="{up}" download>Download the notebook</a>'
        cells.insert(1, new_markdown_cell(f"{{.page-origin}}\n{about[0].upper()}{about[1:]} {button}"))
    for number, cell in enumerate(cells):
        cell["id"] = f"cell{number}"
    return new_notebook(cells=cells, metadata=KERNEL)


def at_home(text, where):
    """Let the links of a notebook to hand-written pages, which lead to their sources, lead to the pages themselves."""
    up = posixpath.relpath(".", posixpath.dirname(where) or ".")
    folder = PAGES.relative_to(ROOT).as_posix()
    return re.sub(
        rf"(?<=\]\()(?:\.\./)+{folder}/(\w+\.md)", lambda link: posixpath.normpath(f"{up}/{as_staged(link[1])}"), text
    )


def as_staged(page):
    """Return the name under which Sphinx reads a hand-written page: one with code is a notebook there."""
    is_live = LIVE in (PAGES / page).read_text(encoding="utf-8")
    return page.removesuffix(".md") + ".ipynb" if is_live else page


def is_hidden(cell, found):
    """Tell whether a reader is not to see a cell at all."""
    return "hide" in found or is_off(found, "include") or "nbdev_export(" in cell.source


def has_code(cell, found):
    """Tell whether the code of a cell stands on its page, folded or not."""
    return "solution:" in found or not is_off(found, "echo")


def unseen(cell, found, shows=False):
    """Return the code of a cell that stands nowhere on its page, for those who run it; what it shows may follow."""
    if is_off(found, "eval") or "nbdev_export(" in cell.source:
        return []
    text = json.dumps(code(cell), ensure_ascii=False).replace("<", "\\u003c")
    follows = ' data-shows="1"' * shows
    return [new_markdown_cell(f'<script type="application/json" class="run-hidden"{follows}>{text}</script>')]


def documented(cell, found, module, link):
    """Return the entries of the reference that belong to a cell."""
    if not found.keys() & {"export", "exports"}:
        return {}
    return apidoc.entries(code(cell), module, apidoc.public(module), link)


def shown(cell, found, where, page, entries, numbers):
    """Return a code cell as the page shows it, and below an explorer its caption; equations have these numbers."""
    text = {key: plain(found.get(f"{key}:", [])) for key in ("fig-cap", "fig-alt", "label")}
    text["fig-cap"] = markup.referring(text["fig-cap"], page, numbers)
    tags, about = [], {}
    if "solution:" in found:
        tags.append("hide-cell")
        about["code_prompt_show"] = about["code_prompt_hide"] = f"Cell of solution {plain(found['solution:'])}"
    elif is_off(found, "echo"):
        tags.append("remove-input")
    elif EXPORTED & found.keys() or "code-fold:" in found:
        tags.append("hide-input")
        about["code_prompt_show"] = about["code_prompt_hide"] = prompt(cell, entries, is_figure=bool(text["label"]))
    if is_off(found, "output"):
        tags.append("remove-output")
    if is_off(found, "eval"):
        tags.append("no-run")
    is_explorer = any("text/html" in output.get("data", {}) for output in cell.outputs) and text["fig-cap"]
    if text["fig-cap"] and not is_explorer:
        label = {"name": f"{page}-{text['label']}"} if text["label"] else {}
        about["figure"] = {"caption": text["fig-cap"]} | label
    for output in cell.outputs:
        if "text/html" in output.get("data", {}):
            output.data["text/html"] = lightened(relinked(output.data["text/html"], where), where)
        if clear := pictures.without_paper(base64.b64decode(output.get("data", {}).get("image/png", ""))):
            output.data["image/png"] = base64.b64encode(clear).decode()
    if text["fig-alt"]:
        about["image"] = {"alt": text["fig-alt"]} | ({"classes": "see-through"} if is_see_through(cell) else {})
    metadata = {"tags": tags, "mystnb": about}
    page_cell = new_code_cell(code(cell), outputs=cell.outputs, metadata={k: v for k, v in metadata.items() if v})
    target = f"({page}-{text['label']})=\n" if text["label"] else ""
    return [page_cell] + [new_markdown_cell(f"{target}{{.caption-text}}\n{text['fig-cap']}")] * bool(is_explorer)


def plain(words):
    """Return the value of a directive, quoted or not, as a text."""
    return " ".join(words).strip("\"'").replace("\\\\", "\\")


def is_see_through(cell):
    """Tell whether the picture of a cell has no background of its own."""
    pictures = [output.data["image/png"] for output in cell.outputs if "image/png" in output.get("data", {})]
    images = [Image.open(io.BytesIO(base64.b64decode(picture))).convert("RGBA") for picture in pictures]
    return any(image.getpixel((0, 0))[3] == 0 for image in images)


def relinked(html, where):
    """Let the links to notebooks in an output, which start from the folder of all notebooks, lead to their pages."""
    pages = {below(path) for path in notebooks()}

    def page(link):
        is_known = f"{link[1]}.ipynb" in pages
        return posixpath.relpath(f"{link[1]}.html", posixpath.dirname(where) or ".") if is_known else link[0]

    return re.sub(r'(?<=href=")(?:\.\./)*([\w/]+)\.ipynb(?=[#"])', page, html)


def lightened(html, where):
    """Let an explorer take the drawing script from the one file of it that the site has, instead of its own copy."""
    script = drawing_script()
    place = posixpath.relpath(f"_static/{SCRIPT}", posixpath.dirname(where) or ".")
    version = hashlib.sha256(script.encode()).hexdigest()[:8]
    return html.replace(f"<script>{script}</script>", f'<script src="{place}?v={version}"></script>')


@cache
def drawing_script():
    """Return what draws explorers in a page."""
    from tensor_overparam.explorers.explorer import loader

    return loader()


def prompt(cell, entries, is_figure):
    """Return the words on a fold of code."""
    if entries:
        return f"Source of {', '.join(entries)}"
    if is_figure:
        return "Code of the figure"
    defined = [name for node in ast.parse(code(cell)).body for name in apidoc.names(node)]
    return f"Source of {', '.join(defined)}" if defined not in ([], ["_all_"]) else "Imports"


def list_of_names(index):
    """Return the page that lists every exported name with its module."""
    text = ["# What is in the package?", "> Every exported name, module by module, in the order of the story"]
    for (module, where), entries in index.items():
        if entries:
            links = ", ".join(f"{{py:obj}}`~{module}.{name}`" for name in entries)
            text.append(f"[{module.partition('.')[2]}]({where})\n: {links}")
    return "\n\n".join(text) + "\n"
