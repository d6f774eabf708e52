"""Run this page: cells and a reader's own file, in Python in a browser, against a local stand-in for Pyodide's address.

The slow tests open the built site in Chromium, with the scripts as they are in the sources. They need the stand-in,
which `dev/standin.py` fetches; where it cannot be had they are skipped. The quick ones look at the parts without a
browser.
"""

import base64
import io
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import zipfile
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

docs = pytest.importorskip("docs", reason="the site is built with the docs extra")
playwright = pytest.importorskip("playwright.sync_api", reason="the site is looked at with playwright")

import runnable  # noqa: E402
import standin  # noqa: E402
from test_docs import CHROMIUM, OPTIONS, WIDE, Quiet, axe, violations  # noqa: E402, F401

from tensor_overparam import decompose  # noqa: E402
from tensor_overparam.tensors import gaussian  # noqa: E402
from tensor_overparam.tensors.targets import to_dense  # noqa: E402

SITE = Path(os.environ.get("TENSOR_OVERPARAM_SITE", docs.SITE))
STATIC = docs.HERE / "static"
TUTORIALS = ["01_first_decomposition", "02_lazy_ceiling", "04_deflation", "08_how_many"]
SMALL = "core/interval.html"
ROUNDING = 1e-12  # what is smaller is another number on another machine
NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d*)?(?:e[-+]?\d+)?(?![\w.])")
WAIT = 240_000


# --- quick: the parts, without a browser --------------------------------------------------------------


def settings_of(script):
    """Return what the script of the site knows of Pyodide."""
    return json.loads(re.search(rb"const about = (\{.*\});\n", script)[1])


def carried():
    """Return what the site serves for pages that run."""
    return json.loads(re.search(r"= (\{.*\});\n", runnable.carrier().decode(), re.DOTALL)[1])


def test_the_wheel_is_the_package_and_the_same_every_time(tmp_path):
    (name, content), (_, companion) = runnable.own_wheel(), runnable.companion()
    assert name == "tensor_overparam-0.1.0-py3-none-any.whl" and content == runnable.own_wheel()[1]
    for wheel in (content, companion):
        zipfile.ZipFile(io.BytesIO(wheel)).extractall(tmp_path)
    line = (
        "import sys; sys.path.insert(0, '.'); import tensor_overparam as t, array_api_compat as a; "
        "from tensor_overparam.tensors import gaussian; "
        "print(t.__file__, a.__file__, t.decompose(gaussian(4, 2, 3, rng=0)).rank)"
    )
    ran = subprocess.run([sys.executable, "-c", line], cwd=tmp_path, capture_output=True, text=True, check=True,
                         env=os.environ | {"PYTHONPATH": ""})
    here, other, rank = ran.stdout.split()
    assert Path(here).is_relative_to(tmp_path) and Path(other).is_relative_to(tmp_path) and rank == "2"
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        lines = packed.read("tensor_overparam-0.1.0.dist-info/RECORD").decode().splitlines()
        assert sorted(line.split(",")[0] for line in lines) == sorted(packed.namelist())


def test_the_script_knows_the_address_and_the_bytes(monkeypatch):
    script = (STATIC / "run.js").read_bytes()
    made = runnable.runnable(script)
    about = settings_of(made[runnable.SCRIPT])
    assert about["base"].startswith("https://cdn.jsdelivr.net/pyodide/v0.27.7/")
    assert about["own"] == len(made[runnable.CARRIER]) and about["sizes"]["scipy"] > 1e7
    assert set(carried()) == {"wheels", "data", "kernel"} and len(carried()["wheels"]) == 2
    monkeypatch.setenv(runnable.ADDRESS, "/pyodide/")
    assert settings_of(runnable.runnable(script)[runnable.SCRIPT])["base"] == "/pyodide/"


def test_the_data_of_the_tutorials_come_along():
    packed = zipfile.ZipFile(io.BytesIO(base64.b64decode(carried()["data"])))
    assert "data/how_many/alpha.csv" in packed.namelist()


def test_code_that_is_not_on_the_page_is_in_a_script():
    import nbformat.v4 as v4
    import stage

    cells = [v4.new_code_cell("#| include: false\nx = '</script>'"), v4.new_code_cell("#| echo: false\nx"),
             v4.new_code_cell("#| hide\nimport nbdev; nbdev.nbdev_export()"), v4.new_code_cell("#| eval: false\n1/0"),
             v4.new_code_cell("x + x")]
    made = stage.processed(v4.new_notebook(cells=cells), "core/none.ipynb", {}).cells
    hidden = [cell.source for cell in made if "run-hidden" in cell.source]
    assert len(hidden) == 2 and all(text.count("</script>") == 1 and "\n" not in text for text in hidden)
    assert json.loads(re.search(r">(.*)<", hidden[0])[1]) == "x = '</script>'"
    assert 'data-shows="1"' in hidden[1] and 'data-shows="1"' not in hidden[0]
    tags = [cell.metadata.get("tags") for cell in made if cell.cell_type == "code"]
    assert tags == [["remove-input"], ["no-run"], None]


KERNEL = """
import asyncio, json, sys
sys.path.insert(0, {folder!r})
import page_kernel
kernel = page_kernel.Kernel(lambda line: print(line, file=sys.__stdout__))
kernel.begin()
for number, source in enumerate({cells!r}, 1):
    print(json.dumps(dict(kind="ok", ok=asyncio.run(kernel.run(source, number)))), file=sys.__stdout__)
"""


def run_cells(*cells, cwd=None):
    """Run cells in the kernel of the page, natively; return the messages, a list for each cell."""
    text = KERNEL.format(folder=str(runnable.RUN), cells=cells)
    ran = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, cwd=cwd)
    assert ran.returncode == 0, ran.stderr
    found = [[]]
    for message in map(json.loads, ran.stdout.splitlines()):
        found[-1].append(message)
        if message["kind"] == "ok":
            found.append([])
    return found[:-1]


def test_the_kernel_shows_what_a_notebook_shows():
    cells = run_cells(
        "import sys; print('a'); print('b', file=sys.stderr); x = 3\nx + 1",
        "x;",
        "await __import__('asyncio').sleep(0, 'late')",
        "class T:\n    def _repr_html_(self): return '<b>t</b>'\nT()",
        "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()\nplt.plot([2, 1]);",
        "from IPython.display import HTML, display\ndisplay(HTML('<i>h</i>'), 5)",
        "import inspect\ndef f(n=1): # how many\n    return n\ninspect.getsource(f).count('how many')",
        "from tensor_overparam import explore\nexplore('lazy-modified')",
        "print('x'*300_000)",
    )
    assert all(cell[-1] == {"kind": "ok", "ok": True} for cell in cells), cells
    for stream, text in (("stdout", "a\n"), ("stderr", "b\n")):
        assert "".join(m["text"] for m in cells[0] if m.get("stream") == stream) == text
    shown = [[m["data"] for m in cell if m["kind"] == "display"] for cell in cells]
    assert shown[0] == [{"text/plain": "4"}] and shown[1] == [] and shown[2] == [{"text/plain": "'late'"}]
    assert shown[3] == [{"text/html": "<b>t</b>"}]
    assert len(shown[4]) == 2 and all(base64.b64decode(d["image/png"]).startswith(b"\x89PNG") for d in shown[4])
    assert shown[5] == [{"text/html": "<i>h</i>"}, {"text/plain": "5"}] and shown[6] == [{"text/plain": "1"}]
    assert set(shown[7][0]) == {"image/png", "note"}
    assert 200_000 <= sum(len(m["text"]) for m in cells[8] if m["kind"] == "stream") < 201_000


def test_the_kernel_says_what_is_wrong_in_a_sentence():
    cells = run_cells("1/0", "def f(:\n    pass", "import nothing_like_it", "raise ValueError('T is 3; expected 4')",
                      "raise MemoryError", "import matplotlib.pyplot as plt\nplt.plot([1])\n1/0", "2",
                      "raise SystemExit")
    said = [[m for m in cell if m["kind"] == "error"] for cell in cells]
    assert [len(one) for one in said] == [1, 1, 1, 1, 1, 1, 0, 1]
    assert said[0][0]["sentence"] == "ZeroDivisionError: division by zero"
    assert "page_kernel" not in said[0][0]["traceback"] and '"<cell 1>", line 1' in said[0][0]["traceback"]
    assert said[1][0]["sentence"].startswith("Line 1 is no Python")
    assert said[2][0]["missing"] == "nothing_like_it" and said[0][0]["missing"] == ""
    assert said[3][0]["sentence"] == "T is 3; expected 4" and "more memory than a page has" in said[4][0]["sentence"]
    assert not [m for m in cells[5] if m["kind"] == "display"], "a cell that fails shows no half-drawn figure"
    assert [m["data"] for m in cells[6] if m["kind"] == "display"] == [{"text/plain": "2"}]


def own(path, cwd):
    """Take a file apart in the kernel of the page, natively."""
    cell = f"import json, page_kernel\nprint(json.dumps(page_kernel.own_file({str(path)!r})))"
    (told,) = run_cells(cell, cwd=cwd)
    error = [m["sentence"] for m in told if m["kind"] == "error"]
    return error[0] if error else json.loads("".join(m["text"] for m in told if m.get("stream") == "stdout"))


def own_tensor():
    """Return an array, and its components as the package finds them."""
    T = to_dense(gaussian(5, 3, 3, rng=0))
    return T, decompose(T)


def samples():
    """Return samples of three sources."""
    rng = np.random.default_rng(0)
    return rng.laplace(size=(3000, 3)) @ rng.normal(size=(3, 3))


def test_the_kernel_takes_a_file_apart(tmp_path):
    T, D = own_tensor()
    np.save(tmp_path / "T.npy", T)
    answer = own("T.npy", tmp_path)
    assert [float(row[0]) for row in answer["rows"]] == pytest.approx(D.weights, abs=1e-5)
    assert D.certificate.says in answer["text"] and "Written" not in answer["text"] and answer["picture"]
    with np.load(io.BytesIO(base64.b64decode(answer["file"]))) as kept:
        assert np.allclose(kept["weights"], D.weights)
    np.savetxt(tmp_path / "X.csv", samples(), delimiter=",", header="a,b,c", comments="")
    (tmp_path / "decomposition.png").unlink()
    answer = own("X.csv", tmp_path)
    assert answer["command"] == "tensor-overparam decompose X.csv --cumulant 4" and answer["picture"]
    assert answer["head"][:3] == ["cumulant", "standard error", "verdict"] and answer["count"] == 3


@pytest.mark.parametrize(("content", "said"), [
    (np.random.default_rng(0).normal(size=(3, 3, 3)), "symmetric"),
    (np.full((3, 3, 3), np.nan), "nan|finite|missing"),
    (np.array(["a"]), "text"),
    (np.zeros((2, 3, 4)), "shape|axes"),
])  # fmt: skip
def test_the_kernel_refuses_in_a_sentence(content, said, tmp_path):
    np.save(tmp_path / "T.npy", content)
    sentence = own("T.npy", tmp_path)
    assert isinstance(sentence, str) and re.search(said, sentence, re.IGNORECASE) and "\n" not in sentence, sentence


# --- slow: in a browser -------------------------------------------------------------------------------

in_browser = [
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM, reason="there is no Chromium: apt-get install chromium"),
    pytest.mark.skipif(not (SITE / "_static" / "run.js").exists(), reason="the site is of before: make docs"),
]


class Site(Quiet):
    """The built site, with the scripts and the style of today."""

    def do_GET(self):
        """Serve what is new from the sources."""
        path = self.path.partition("?")[0].lstrip("/")
        if path not in self.fresh:
            return super().do_GET()
        self.send_response(200)
        self.send_header("Content-Type", "text/css" if path.endswith("css") else "text/javascript")
        self.end_headers()
        self.wfile.write(self.fresh[path])


class Shared(Quiet):
    """A server that lets pages of other hosts read what it has, as a public one does."""

    def end_headers(self):
        """Say so."""
        self.send_header("Access-Control-Allow-Origin", "*")
        super().end_headers()


def served(handler, folder):
    """Yield the address of a server of a folder."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def fresh():
    made = runnable.runnable((STATIC / "run.js").read_bytes())
    return made | {"_static/site.css": (STATIC / "site.css").read_bytes()}


@pytest.fixture(scope="module")
def site(fresh):
    yield from served(type("Fresh", (Site,), {"fresh": fresh}), SITE)


@pytest.fixture(scope="module")
def pyodide():
    if not (folder := standin.folder()):
        pytest.skip(f"{standin.PACKAGE}, which holds Pyodide, cannot be had here: python dev/standin.py")
    yield from served(Shared, folder)


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        yield browser
        browser.close()


class Reader:
    """Somebody who opens pages: what was asked for, and what was complained about."""

    def __init__(self, browser, origin, base, scheme="light", script=""):
        self.origin, self.base, self.asked, self.wrong = origin, base, [], []
        self.context = browser.new_context(viewport=WIDE, color_scheme=scheme)
        self.context.set_default_timeout(WAIT)
        self.context.add_init_script(f"globalThis.pyodideBase = {base!r}; {script}")

    def open(self, where):
        """Open a page."""
        page = self.context.new_page()
        page.on("request", lambda asked: self.asked.append(asked.url))
        page.on("console", lambda said: self.wrong.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: self.wrong.append(str(error)))
        page.goto(self.origin + where)
        return page

    def abroad(self):
        """Return what was asked of others than the site."""
        return [url for url in self.asked if not url.startswith((self.origin, "data:", "blob:"))]


@pytest.fixture
def reader(browser, site, pyodide):
    reader = Reader(browser, site, pyodide)
    yield reader
    reader.context.close()
    assert not reader.wrong, "\n".join(reader.wrong)


def until(page, words):
    """Wait until the page says something, and return it."""
    said = page.locator(".run-said")
    page.wait_for_function("([s, w]) => new RegExp(w).test(document.querySelector(s).textContent)",
                           arg=[".run-said", words])
    return said.inner_text()


def run_all(page):
    """Press the button and wait for the end."""
    page.locator(".run-main").click()
    return until(page, "have run|ended|did not")


def texts(page):
    """Return the printed texts of every cell: stored, and computed on the page."""
    return page.evaluate("""() => [...document.querySelectorAll("div.cell")].map(cell => [
        ".cell_output:not(.run-output) :is(.stream, .text_plain) pre", ".run-output pre.run-text"].map(
        which => [...cell.querySelectorAll(which)].map(text => text.textContent.trim()).join("\\n")))""")


def same(stored, own):
    """Tell whether two texts are the same but for numbers that are rounding errors."""
    if NUMBER.sub("#", stored) != NUMBER.sub("#", own):
        return False
    pairs = zip(NUMBER.findall(stored), NUMBER.findall(own), strict=True)
    return all(a == b or max(abs(float(a)), abs(float(b))) < ROUNDING for a, b in pairs)


def test_texts_are_held_against_each_other():
    assert same("error 2e-16, m= 3: 0.25", "error 4e-16, m= 3: 0.25")
    assert not same("error 2e-16, m= 3: 0.25", "error 4e-16, m= 3: 0.26")
    assert not same("5 components", "6 components") and not same("2e-16", "nan") and not same("a", "b")


def sizes():
    """Return the bytes of each file of the stand-in."""
    return {path.name: path.stat().st_size for path in standin.FOLDER.glob("*")}


@pytest.mark.slow
def test_what_is_promised_is_what_is_loaded():
    if not (folder := standin.folder()):
        pytest.skip(f"{standin.PACKAGE}, which holds Pyodide, cannot be had here: python dev/standin.py")
    about = json.loads(runnable.ABOUT.read_text(encoding="utf-8"))
    assert runnable.measured(folder) == {key: about[key] for key in ("sizes", "needs")}
    assert json.loads((folder / "pyodide-lock.json").read_text())["info"]["version"] == about["version"]


@pytest.mark.parametrize("tutorial", TUTORIALS)
class TestTutorials:
    pytestmark = in_browser

    def test_a_tutorial_gives_the_stored_figures(self, tutorial, reader):
        page = reader.open(f"tutorials/{tutorial}.html")
        page.wait_for_timeout(500)
        assert not reader.abroad(), "nothing is asked of anybody before the button is pressed"
        promise = page.locator(".run-said").inner_text()
        assert re.search(r"at most \d+ MB, from 127.0.0.1:\d+, and [\d.]+ MB from this site", promise)
        assert "have run" in run_all(page)
        promised = int(re.search(r"at most (\d+) MB", promise)[1])
        assert sum(sizes()[url.rpartition("/")[2]] for url in set(reader.abroad())) / 1e6 <= promised + 0.5
        assert reader.abroad() and all(url.startswith(reader.base) for url in reader.abroad())
        found = texts(page)
        wrong = [f"stored:\n{stored}\nhere:\n{own}" for stored, own in found if not same(stored, own)]
        assert not wrong and sum(bool(stored) for stored, _ in found) >= 8, "\n".join(wrong)
        figures = "which => document.querySelectorAll(which).length"
        drawn = page.evaluate(figures, ".run-output img")
        assert drawn >= page.evaluate(figures, ".cell_output:not(.run-output) figure img") >= 3
        assert page.locator(".run-output img:not([alt])").count() == 0


class TestPage:
    pytestmark = in_browser

    def test_cells_are_changed_and_fail_and_come_back(self, reader):
        page = reader.open(SMALL)
        run_all(page)
        field = page.locator("textarea.run-code:visible").first
        before = field.input_value()
        field.fill("1/0")
        field.press("Shift+Enter")
        assert "ended with an error" in until(page, "ended|has run")
        error = page.locator(".run-error").first
        assert "ZeroDivisionError: division by zero" in error.inner_text()
        assert not error.locator("pre").is_visible()
        page.get_by_role("button", name="Show the stored output").click()
        assert page.locator(".run-error").count() == 0
        field.fill("print(6*7)")
        field.press("Shift+Enter")
        until(page, "has run")
        assert page.locator(".run-output pre").first.inner_text().strip() == "42"
        field.press("End")
        field.press("Enter")
        assert field.input_value() == "print(6*7)\n"
        field.press("Tab")
        assert not field.evaluate("field => field === document.activeElement"), "Tab leaves a cell"
        page.get_by_role("button", name="The page as it was").click()
        assert field.input_value() == before and page.locator(".run-output").count() == 0
        assert "have run" in run_all(page), "a second press after an error"

    def test_stop_ends_an_endless_loop(self, reader):
        page = reader.open(SMALL)
        run_all(page)
        field = page.locator("textarea.run-code:visible").first
        before = field.input_value()
        field.fill("while True:\n    pass")
        field.press("Shift+Enter")
        until(page, "Cell")
        page.wait_for_timeout(500)
        page.get_by_role("button", name="Stop").click()
        assert "variables are gone" in until(page, "stopped")
        assert page.locator(".run-main").is_enabled()
        field.fill(before)
        assert "have run" in run_all(page), "it starts anew"

    def test_stop_while_it_loads(self, reader):
        page = reader.open(SMALL)
        page.locator(".run-main").click()
        page.get_by_role("button", name="Stop").click()
        until(page, "stopped")
        assert page.locator("textarea").count() == 0 and page.locator(".run-main").inner_text() == "Run this page"
        assert "have run" in run_all(page)

    def test_without_a_network_it_says_so_and_the_page_is_as_it_was(self, browser, site, pyodide):
        reader = Reader(browser, site, pyodide)
        page = reader.open(SMALL)
        before = page.locator(".bd-article").inner_text()
        reader.context.route(f"{pyodide}**", lambda route: route.abort())
        page.locator(".run-main").click()
        said = until(page, "did not")
        assert "Is there a network" in said and "Press again" in said
        assert page.locator(".bd-article").inner_text().replace(said, "") == before.replace(
            re.search("Loads Python.*", before)[0], "")
        reader.context.unroute(f"{pyodide}**")
        assert "have run" in run_all(page)
        reader.context.close()
        assert all("Failed to load resource" in line or "net::ERR" in line for line in reader.wrong)

    def test_without_webassembly_it_says_so(self, browser, site):
        reader = Reader(browser, site, "http://127.0.0.1:9/", script="delete globalThis.WebAssembly;")
        page = reader.open(SMALL)
        page.locator(".run-main").click()
        assert "no WebAssembly" in until(page, "WebAssembly")
        assert not reader.abroad() and not reader.wrong
        reader.context.close()

    def test_nothing_is_asked_before_the_press_on_any_kind_of_page(self, browser, site):
        reader = Reader(browser, site, "http://127.0.0.1:9/")
        for where in ("index.html", "tutorials/05_stuck.html", SMALL, "install.html", "ledger.html", "search.html"):
            reader.open(where).wait_for_timeout(300)
        assert not reader.abroad() and not reader.wrong
        reader.context.close()

    def test_a_page_that_was_opened_as_a_file_runs(self, browser, pyodide, fresh, tmp_path):
        shutil.copytree(SITE / "_static", tmp_path / "_static")
        for path in (SMALL, "searchindex.js"):
            (tmp_path / path).parent.mkdir(exist_ok=True)
            shutil.copy(SITE / path, tmp_path / path)
        for path, content in fresh.items():
            (tmp_path / path).write_bytes(content)
        reader = Reader(browser, f"{tmp_path.as_uri()}/", pyodide)
        assert "have run" in run_all(reader.open(SMALL))
        reader.context.close()

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_the_controls_are_accessible(self, scheme, browser, site, pyodide, axe):  # noqa: F811
        reader = Reader(browser, site, pyodide, scheme)
        page = reader.open(SMALL)
        run_all(page)
        field = page.locator("textarea.run-code:visible").first
        field.fill("import sys; print(1); print(2, file=sys.stderr)\n1/0")
        field.press("Shift+Enter")
        until(page, "ended")
        page.locator(".run-error summary").click()
        assert not list(violations(page, axe, "tutorials/"))
        reader.context.close()


def saved(x):
    """Return the bytes of a .npy."""
    file = io.BytesIO()
    np.save(file, x)
    return file.getvalue()


class TestOwnFile:
    pytestmark = in_browser

    def give(self, page, tmp_path, name, content):
        """Choose a file in the page."""
        path = tmp_path / name
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            np.save(path, content)
        page.locator("#own-file").set_input_files(path)

    def test_a_tensor_and_a_table_are_taken_apart(self, reader, tmp_path):
        page = reader.open("index.html")
        T, D = own_tensor()
        self.give(page, tmp_path, "T.npy", T)
        until(page, "T.npy")
        assert not reader.abroad() and "at most" in page.locator(".run-said").inner_text()
        page.get_by_role("button", name="Find its components").click()
        until(page, "of T.npy, below")
        rows = [row.split("\t") for row in page.locator(".own-answer tbody tr").all_inner_texts()]
        assert [float(row[0]) for row in rows] == pytest.approx(D.weights, abs=1e-5)
        assert D.certificate.says in page.locator(".own-answer pre").inner_text()
        assert page.locator(".own-answer img").evaluate("picture => picture.naturalWidth") > 300
        with page.expect_download() as download:
            page.locator(".own-answer a.download").click()
        with np.load(download.value.path()) as kept:
            assert np.allclose(kept["weights"], D.weights)
        file = io.BytesIO()
        np.savetxt(file, samples(), delimiter=",", header="a,b,c", comments="")
        self.give(page, tmp_path, "X.csv", file.getvalue())
        until(page, "X.csv")
        page.get_by_role("button", name="Find its components").click()
        until(page, "3 components of X.csv")
        assert "--cumulant 4" in page.locator(".own-answer code").last.inner_text()
        sent = [url for url in reader.asked if not url.startswith((reader.origin, reader.base, "blob:", "data:"))]
        assert not sent, "nothing is sent anywhere"

    def test_a_file_is_dropped(self, reader):
        page = reader.open("index.html")
        file = io.BytesIO()
        np.save(file, own_tensor()[0])
        give = """([box, text]) => {
            const bytes = Uint8Array.from(atob(text), letter => letter.charCodeAt(0)), held = new DataTransfer();
            held.items.add(new File([bytes], "dropped.npy"));
            const drop = new DragEvent("drop", {dataTransfer: held, bubbles: true, cancelable: true});
            document.querySelector(box).dispatchEvent(drop);
        }"""
        page.evaluate(give, [".own-drop", base64.b64encode(file.getvalue()).decode()])
        assert "dropped.npy" in until(page, "dropped.npy")
        page.keyboard.press("Enter")  # the button has the focus
        until(page, "3 components of dropped.npy")

    def test_what_cannot_be_taken_is_refused_before_anything_is_loaded(self, reader, tmp_path):
        page = reader.open("index.html")
        refused = {
            "picture.png": (b"abc", "is no .npy and no table"), "empty.csv": (b"", "is empty"),
            "no.npy": (b"abc", "not an array of numbers"), "line.npy": (np.zeros(4), "1 axis"),
            "uneven.npy": (np.zeros((2, 2, 3)), "axes of the same length"),
            "large.npy": (np.zeros((160, 160, 160), np.int8), "a page takes at most"),
            "heavy.csv": (b"1,2\n" * 13_000_000, "a page takes at most 50 MB"),
            "nan.npy": (np.full((3, 3, 3), np.nan), "holds NaN at position 0"),
            "single.npy": (np.array([[1, 2], [3, np.inf]], np.float32), "holds Infinity at position 3"),
            "lopsided.npy": (np.arange(27.0).reshape(3, 3, 3), "is not symmetric"),
            "prose.txt": (b"hello\nnot a table\n", "no line with two numbers"),
            "short.npy": (saved(np.ones((3, 3, 3)))[:-8], "is cut off"),
        }  # fmt: skip
        for name, (content, words) in refused.items():
            self.give(page, tmp_path, name, content)
            assert words in until(page, name), name
            assert page.locator(".run-main").is_disabled()
        assert not reader.abroad()

    def test_what_is_no_tensor_is_refused_in_a_sentence_and_the_next_file_is_taken(self, reader, tmp_path):
        page = reader.open("index.html")
        crooked, holes = np.random.default_rng(0).normal(size=(3, 3, 3)), np.full((3, 3, 3), np.nan)
        crooked, holes = map(np.asfortranarray, (crooked, holes))  # of which the page itself does not judge
        for name, content, words in (("a.npy", crooked, "symmetric"), ("b.npy", holes, "nan|finite|missing"),
                                     ("c.csv", b"a,b\n1,2\nu,v\n", "number|text|column")):
            self.give(page, tmp_path, name, content)
            until(page, name)
            page.get_by_role("button", name="Find its components").click()
            said = until(page, words)
            assert "Traceback" not in said and page.locator(".own-answer > *").count() == 0
        self.give(page, tmp_path, "T.npy", own_tensor()[0])
        until(page, "T.npy")
        page.get_by_role("button", name="Find its components").click()
        until(page, "of T.npy, below")

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_the_box_is_accessible(self, scheme, browser, site, pyodide, axe, tmp_path):  # noqa: F811
        reader = Reader(browser, site, pyodide, scheme)
        page = reader.open("index.html")
        self.give(page, tmp_path, "T.npy", own_tensor()[0])
        until(page, "T.npy")
        page.get_by_role("button", name="Find its components").click()
        until(page, "of T.npy, below")
        assert not list(violations(page, axe, "index.html"))
        reader.context.close()
