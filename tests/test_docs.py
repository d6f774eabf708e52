"""The built site in a browser: opened as files and over http, in light and dark, on a desk and on a phone.

Where TENSOR_OVERPARAM_SHOTS names a folder, a picture of every page in every look is left there. Pages that were looked
at before and have not changed since, by `dev/looked_at.txt`, are not opened again, but for tutorials and the
landing page; TENSOR_OVERPARAM_LOOK=all opens every page and writes that file anew (`make look`).
"""

import hashlib
import io
import os
import re
import shutil
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median

import numpy as np
import pytest
from PIL import Image

docs = pytest.importorskip("docs", reason="the site is built with the docs extra")
playwright = pytest.importorskip("playwright.sync_api", reason="the site is looked at with playwright")

SITE, SHOTS = docs.SITE, os.environ.get("TENSOR_OVERPARAM_SHOTS")
CHROMIUM = shutil.which("chromium")
OPTIONS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
BROWSERS = 2
AXE, AXE_HASH = "axe-core@4.10.3", "880970c081707360e64f34cea25ff91892f5bc95675b0776925b9709dd8a68bb"
WIDE, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
MOVED = docs.moved()
PAGES = sorted({path.relative_to(SITE).as_posix() for path in SITE.rglob("*.html")} - MOVED.keys())
TUTORIALS = [where for where in PAGES if where.startswith("tutorials/")]
LOOKED_AT, LOOK_AT_ALL = docs.HERE.parent / "looked_at.txt", os.environ.get("TENSOR_OVERPARAM_LOOK") == "all"
EXPLORER = "[data-tensor-explorer]"
READY = """async () => {
    if (window.MathJax) await MathJax.startup.promise;
    await Promise.all([...document.images].map(image => image.decode().catch(() => 0)));
    await new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
}"""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not PAGES, reason="there is no site: make docs"),
    pytest.mark.skipif(not CHROMIUM, reason="there is no Chromium: apt-get install chromium"),
]


class Quiet(SimpleHTTPRequestHandler):
    """A server that says nothing."""

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture(scope="module")
def server():
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=SITE))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


@pytest.fixture(params=["file", "http"])
def origin(request):
    return f"{SITE.as_uri()}/" if request.param == "file" else request.getfixturevalue("server")


@pytest.fixture(scope="module")
def axe():
    """The text of axe-core: one version, whose hash is known."""
    path = docs.CACHE / "axe.min.js"
    if not path.exists():
        if not shutil.which("npm"):
            pytest.skip("accessibility is looked at with axe-core, which comes with npm: apt-get install npm")
        try:
            docs.write(path, docs.from_npm(AXE, "axe.min.js"))
        except subprocess.CalledProcessError:
            pytest.skip("the npm registry, where axe-core is, was not reached")
    assert hashlib.sha256(path.read_bytes()).hexdigest() == AXE_HASH
    return path.read_text(encoding="utf-8")


class Visit:
    """Pages opened in a browser one after the other, with what they complain about and ask other hosts for."""

    def __init__(self, origin, scheme="light"):
        self.origin, self.scheme, self.wrong = origin, scheme, []

    def __enter__(self):
        self.started = playwright.sync_playwright().start()
        self.browser = self.started.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        self.context = self.browser.new_context(viewport=WIDE, color_scheme=self.scheme)
        self.context.set_default_timeout(120_000)
        return self

    def __exit__(self, *_):
        self.browser.close()
        self.started.stop()

    def open(self, where, query=""):
        """Open a page and wait until its formulas and pictures stand."""
        page = self.context.new_page()
        def tell(text):
            return self.wrong.append(f"{where}: {text}")
        page.on("console", lambda said: tell(f"says {said.text}") if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: tell(f"fails: {error}"))
        page.on("request", lambda asked: None if self.is_own(asked.url) else tell(f"asks for {asked.url}"))
        page.goto(self.origin + where + query)
        page.evaluate(READY)
        return page

    def is_own(self, url):
        """Tell whether an address belongs to the site or to the page itself."""
        return url.startswith((self.origin, "data:", "blob:"))


def visit_all(look, pages, origin, scheme="light"):
    """Call `look(visit, where)` for each page, in several browsers at a time, and return what was wrong."""

    def some(mine):
        with Visit(origin, scheme) as visit:
            for where in mine:
                look(visit, where)
        return visit.wrong

    with ThreadPoolExecutor(BROWSERS) as pool:
        found = pool.map(some, [pages[start::BROWSERS] for start in range(BROWSERS)])
        return sorted(line for wrong in found for line in wrong)


def fingerprints():
    """Return {page: hash of it and of what gives it its looks}."""
    looks = b"".join(path.read_bytes() for path in sorted((SITE / "_static").glob("site*")))
    return {where: hashlib.sha256(looks + plain((SITE / where).read_bytes())).hexdigest()[:16] for where in PAGES}


def plain(page):
    """Return a page without the marks that tell a browser that a script or a style is a new one."""
    return re.sub(rb"\?(v|digest)=\w+", b"", page)


def changed():
    """Return the pages that nobody has looked at as they are now, and those that are always looked at."""
    lines = LOOKED_AT.read_text(encoding="utf-8").splitlines() if LOOKED_AT.exists() and not LOOK_AT_ALL else ()
    known = dict(line.split() for line in lines)
    return [where for where, found in fingerprints().items()
            if known.get(where) != found or where in ("index.html", *TUTORIALS)]


def shoot(page, where, look):
    """Leave a picture of a whole page, where that is asked for."""
    if SHOTS:
        path = Path(SHOTS, look, where).with_suffix(".png")
        path.parent.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=path, full_page=True)


def fits(page):
    """Yield what stands beyond the right edge of a page, or can only be seen by scrolling in it."""
    wide, room = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    if wide > room:
        yield f"{wide} pixels wide, there is room for {room}"
    clipped = "[...document.querySelectorAll('mjx-container.too-wide')].map(formula => formula.textContent)"
    yield from (f"a formula is too wide for {room} pixels: {formula[:40]}" for formula in page.evaluate(clipped))


def violations(page, axe, where, only=None):
    """Yield what axe-core finds serious or critical; code, which has the same colours everywhere, in tutorials only.

    With `preload` it would fetch the style sheets, which a browser refuses for files.
    """
    page.add_script_tag(content=axe)
    part = "document" if where in TUTORIALS else "{exclude: [['.highlight']]}"
    rules = f", runOnly: {only!r}" if only else ""
    options = f"{{resultTypes: ['violations'], preload: false{rules}}}"
    for violation in page.evaluate(f"axe.run({part}, {options}).then(result => result.violations)"):
        if violation["impact"] in ("serious", "critical"):
            yield f"{violation['id']}, {len(violation['nodes'])} times, such as {violation['nodes'][0]['html'][:200]}"


def test_every_page_is_accessible_over_http(server, axe):
    def look(visit, where):
        page = visit.open(where)
        visit.wrong += [f"{where}: {line}" for line in [*fits(page), *violations(page, axe, where)]]
        shoot(page, where, "light")
        page.close()

    wrong = visit_all(look, changed(), server)
    assert not wrong, "\n".join(wrong)


def test_every_page_is_good_in_the_dark_and_on_a_phone(axe):
    def look(visit, where):
        page = visit.open(where)
        assert page.evaluate("document.documentElement.dataset.theme") == "dark"
        visit.wrong += [f"{where}: {line}" for line in violations(page, axe, where, only=["color-contrast"])]
        shoot(page, where, "dark")
        page.emulate_media(color_scheme="light")
        page.set_viewport_size(PHONE)
        page.evaluate(READY)
        visit.wrong += [f"{where}: {line}" for line in fits(page)]
        shoot(page, where, "phone")
        page.close()

    wrong = visit_all(look, changed(), f"{SITE.as_uri()}/", "dark")
    assert not wrong, "\n".join(wrong)
    if LOOK_AT_ALL: # the last of the looks
        LOOKED_AT.write_text("".join(f"{where} {found}\n" for where, found in fingerprints().items()), encoding="utf-8")


def test_every_explorer_moves(origin):
    seen = []

    def look(visit, where):
        page = visit.open(where)
        for explorer in page.locator(EXPLORER).all():
            title = explorer.locator(".tx-title").inner_text()
            seen.append(title)
            for slider in explorer.locator("input[type=range]").all():
                still = [way for way in ("keyboard", "drag") if not moves(page, explorer, slider, way)]
                name = f"{where}: {title}: {slider.evaluate('slider => slider.labels[0].textContent')}"
                visit.wrong += [f"{name}: {way} changes nothing" for way in still]
        page.close()

    wrong = visit_all(look, [where for where in PAGES if EXPLORER[1:-1] in (SITE / where).read_text()], origin)
    print(f"{len(seen)} explorers: {', '.join(seen)}")
    assert not wrong, "\n".join(wrong)
    assert seen


def moves(page, explorer, slider, way):
    """Move a slider and tell whether the picture has become another."""
    before = pixels(explorer)
    is_low = slider.evaluate("slider => +slider.value < (+slider.min + +slider.max)/2")
    if way == "keyboard":
        slider.focus()
        page.keyboard.press("ArrowRight" if is_low else "ArrowLeft")
    else:
        slider.scroll_into_view_if_needed()
        box = slider.bounding_box()
        share = slider.evaluate("slider => (slider.value - slider.min)/(slider.max - slider.min)")
        def place(share):
            return (box["x"] + 8 + share*(box["width"] - 16), box["y"] + box["height"]/2)
        page.mouse.move(*place(share))
        page.mouse.down()
        page.mouse.move(*place(.9 if is_low else .1), steps=5)
        page.mouse.up()
    page.evaluate(READY)
    return pixels(explorer) != before


def pixels(explorer):
    """Return the decoded picture of an explorer, without its controls."""
    from PIL import Image

    shot = explorer.locator(".tx-panels").screenshot()
    return Image.open(io.BytesIO(shot)).convert("RGB").tobytes()


def test_landing_page_has_a_slider(origin):
    with Visit(origin) as visit:
        assert visit.open("index.html").locator(f"{EXPLORER} input[type=range]").first.is_visible()


def test_search_finds(origin):
    with Visit(origin) as visit:
        page = visit.open("search.html", "?q=lazy+width")
        page.wait_for_selector("#search-results li a")
        assert any("descent/lazy" in link.get_attribute("href") for link in page.locator("#search-results li a").all())
    assert not visit.wrong, "\n".join(visit.wrong)


# What people type, and the page that has to be among the first three. The right pages for a topic are several.
SEARCHES = {
    "NTK": ["tutorials/02", "descent/linearised", "descent/lazy"],
    "lazy training": ["tutorials/02", "descent/lazy", "descent/linearised"],
    "ICA": ["tutorials/06", "tutorials/07", "data/sources"],
    "how to install": ["install"],
    "rank": ["tutorials/08", "tutorials/06", "tutorials/01", "decomposition/answer"],
    "Adam": ["tutorials/11", "implicit_bias/optimisers"],
    "saddle": ["tutorials/05", "descent/landscape"],
    "noise": ["tutorials/06", "tutorials/07", "decomposition/prune"],
    "overparameterization": ["tutorials/03", "tutorials/02", "tutorials/08"],
    "neural tangent kernel": ["tutorials/02", "tutorials/10", "descent/linearised", "descent/lazy"],
    "colab": ["install"],
    "CP decomposition": ["tutorials/01", "tutorials/06", "decomposition/answer"],
}


def found_by(page, words):
    """Return the addresses of the pages that a search finds, best first."""
    page.goto(page.url.partition("?")[0] + f"?q={words.replace(' ', '+')}")
    page.wait_for_function("document.querySelector('#search-results h2')?.innerText === 'Search Results'")
    links = [link.get_attribute("href") for link in page.locator("#search-results li a").all()]
    return [link.partition("#")[0] for link in links]


def test_twelve_searches_find_the_right_page_among_the_first_three(origin):
    wrong = []
    with Visit(origin) as visit:
        page = visit.open("search.html", "?q=x")
        for words, right in SEARCHES.items():
            first = found_by(page, words)[:3]
            if not any(where.startswith(start) for where in first for start in right):
                wrong.append(f"{words}: {', '.join(first)}")
    assert not wrong + visit.wrong, "\n".join(wrong + visit.wrong)


def test_pages_that_the_search_knows_by_name_are_there():
    text = (docs.HERE / "static" / "search.js").read_text(encoding="utf-8")
    pinned = re.findall(r'/, "([\w/]+)"\]', text)
    assert len(pinned) >= 5 and not [where for where in pinned if f"{where}.html" not in PAGES]


def test_search_takes_whole_words_and_says_what_to_do_without_a_hit(origin):
    with Visit(origin) as visit:
        page = visit.open("search.html", "?q=ica")
        assert not any("certificate" in where for where in found_by(page, "ica")[:5])
        assert found_by(page, "optimizer")[0] == found_by(page, "optimiser")[0]
        assert not found_by(page, "xyzzyplugh")
        said = page.locator(".search-help")
        assert "whole words" in said.inner_text() and said.locator("a").count() >= 3
    assert not visit.wrong, "\n".join(visit.wrong)


def test_four_doors_and_a_sidebar_that_can_be_looked_over():
    with Visit(f"{SITE.as_uri()}/") as visit:
        behind = {"index.html": None, TUTORIALS[0]: "Learn", "choose.html": "Use", "map.html": "Theory",
                  "descent/lazy.html": "API"}
        for where, door in behind.items():
            page = visit.open(where)
            doors = page.locator(".top-doors a")
            assert doors.all_inner_texts() == ["Learn", "Use", "Theory", "API"]
            current = page.locator(".top-doors a[aria-current]")
            assert current.all_inner_texts() == ([door] if door else []), where
            entries = page.locator(".bd-sidebar-primary nav.bd-links a.reference")
            shown = [link for link in entries.all() if link.is_visible()]
            inside = [link for link in shown if "toctree-l1" not in link.evaluate("a => a.parentElement.className")]
            assert len(shown) - len(inside) <= 25, where
            assert not inside or door == "API", "only within a wing is more shown"
        page = visit.open("index.html")
        page.set_viewport_size(PHONE)
        assert all(link.is_visible() for link in page.locator(".top-doors a").all())
    assert not visit.wrong, "\n".join(visit.wrong)


def test_tutorials_are_named_by_their_questions():
    with Visit(f"{SITE.as_uri()}/") as visit:
        page = visit.open("learn.html")
        names = page.locator(".bd-sidebar-primary li.toctree-l1 > a[href*='tutorials/']").all_inner_texts()
        assert len(names) == len(TUTORIALS)
        for number, (where, name) in enumerate(zip(TUTORIALS, names, strict=True), 1):
            title = visit.open(where).locator("article h1").inner_text().removesuffix("#").strip()
            assert name.strip() == f"{number}. {title}"


def test_the_landing_page_promises_and_shows_the_use_above_the_fold():
    with Visit(f"{SITE.as_uri()}/") as visit:
        page = visit.open("index.html")
        assert "tensor_overparam" not in page.locator("article h1").inner_text()
        use = page.get_by_text("Which components is my data made of?").bounding_box()
        why = page.get_by_text("Why are more components than needed a help?").bounding_box()
        assert use["y"] + use["height"] < WIDE["height"] and abs(use["y"] - why["y"]) < 5


def test_every_notebook_can_be_downloaded_and_runs_from_there():
    import nbformat

    pages = [where for where in PAGES if (docs.ROOT / "nbs" / where).with_suffix(".ipynb").exists()]
    pages.remove("index.html")
    assert len(pages) > 100
    for where in pages:
        target = (SITE / docs.DOWNLOADS / where).with_suffix(".ipynb")
        nb = nbformat.read(target, as_version=4)
        nbformat.validate(nb)
        assert not any(cell.get("outputs") for cell in nb.cells)
        assert "Download the notebook</a>" in (SITE / where).read_text(encoding="utf-8"), where


def test_without_javascript_the_page_says_what_is_missing():
    with Visit(f"{SITE.as_uri()}/") as visit:
        context = visit.browser.new_context(viewport=WIDE, java_script_enabled=False)
        for where in (TUTORIALS[1], "ledger.html", "search.html"):
            page = context.new_page()
            page.goto(visit.origin + where)
            said = page.locator(".without-script")
            assert said.is_visible() and "sliders" in said.inner_text() and said.locator("a").count() == 2


def test_the_ledger_is_one_page_whose_rows_are_chosen(origin):
    """All claims stand there; boxes and words choose among them, and without a script the table is whole."""
    from tensor_overparam.ledger import CHECKS

    with Visit(origin) as visit:
        page = visit.open("ledger.html")
        table = page.locator("table.ledger").first
        rows = table.locator("tbody tr")
        assert rows.count() == len(CHECKS)
        violated = sum(claim.expected == "violated" for claim in CHECKS.values())
        page.get_by_label("verdict").select_option("violated")
        shown = [row for row in rows.all() if row.is_visible()]
        assert len(shown) == violated and all("violated" in row.inner_text() for row in shown)
        page.get_by_label("verdict").select_option("")
        page.get_by_label("basis").select_option("observed")
        page.get_by_label("words").fill("width-rank-is-enough")
        (row,) = [row for row in rows.all() if row.is_visible()]
        assert "m = r" in row.inner_text() and row.locator("a").get_attribute("href").endswith(".html")
    assert not visit.wrong, "\n".join(visit.wrong)


def test_old_addresses_lead_on(origin):
    with Visit(origin) as visit:
        page = visit.context.new_page()
        for old, new in list(MOVED.items())[::20]:
            page.goto(f"{visit.origin}{old}", wait_until="commit")
            page.wait_for_url(f"{visit.origin}{new}", wait_until="commit")


def test_pictures_keep_their_looks():
    """In a palette where no eye sees it; otherwise, and where a part is clear, as they were."""
    ramp = np.linspace(0, 255, 200).astype(np.uint8)
    smooth = np.broadcast_to(ramp[:, None, None], (200, 300, 3)).copy()
    noisy = np.random.default_rng(0).integers(0, 256, size=(200, 300, 3), dtype=np.uint8)
    clear = np.dstack([smooth, np.full((200, 300), 9, np.uint8)])
    for picture, changes in ((smooth, True), (noisy, False), (clear, False)):
        file = io.BytesIO()
        Image.fromarray(picture).save(file, "PNG", compress_level=1)
        lean = docs.few_colours(file.getvalue())
        assert (lean != file.getvalue()) == changes and len(lean) <= len(file.getvalue())
        seen = np.asarray(Image.open(io.BytesIO(lean)).convert("RGB" if picture.shape[2] == 3 else "RGBA"), dtype=int)
        assert abs(seen - picture).max() <= 2


def test_every_picture_says_what_it_shows():
    wrong = [line for line in docs.problems(SITE, is_behind=True) if "alternative text" in line]
    assert not wrong, "\n".join(wrong)


def test_first_paint_is_fast():
    painted = """() => new Promise(done => new PerformanceObserver(list => {
        const paint = list.getEntriesByName("first-contentful-paint")[0];
        if (paint) done(paint.startTime/1000);
    }).observe({type: "paint", buffered: true}))"""
    with Visit(f"{SITE.as_uri()}/") as visit:
        for where in TUTORIALS:
            seconds = median(paint_once(visit, where, painted) for _ in range(3))
            print(f"{where}: first paint after {seconds:.2f} s")
            assert seconds < 5, "the aim is 1.5 s on a machine that does nothing else"


def paint_once(visit, where, painted):
    """Open a page anew and return the seconds until it showed something."""
    page = visit.context.new_page()
    page.goto(visit.origin + where, wait_until="commit")
    seconds = page.evaluate(painted)
    page.close()
    return seconds
