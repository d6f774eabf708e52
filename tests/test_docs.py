"""The built site in a browser: opened as files and over http, in light and dark, on a desk and on a phone."""

import hashlib
import io
import shutil
import threading
import warnings
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median

import pytest

docs = pytest.importorskip("docs", reason="the site is built with the docs extra")
playwright = pytest.importorskip("playwright.sync_api", reason="the site is looked at with playwright")

SITE, SHOTS = docs.SITE, docs.CACHE / "shots"
CHROMIUM = shutil.which("chromium")
OPTIONS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
AXE, AXE_HASH = "axe-core@4.10.3", "880970c081707360e64f34cea25ff91892f5bc95675b0776925b9709dd8a68bb"
LOOKS = {
    "light": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}, "color_scheme": "light", "has_touch": True},
}
PAGES = sorted(path.relative_to(SITE).as_posix() for path in SITE.rglob("*.html"))
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
def browser():
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def server():
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=SITE))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()


@pytest.fixture(params=["file", "http"])
def origin(request):
    return f"{SITE.as_uri()}/" if request.param == "file" else request.getfixturevalue("server")


@pytest.fixture(scope="module")
def axe():
    """The text of axe-core, or None where it can not be had."""
    path = docs.CACHE / "axe.min.js"
    if not path.exists():
        if not shutil.which("npm"):
            return warnings.warn("accessibility is not looked at: axe-core comes with npm", stacklevel=2)
        docs.write(path, docs.from_npm(AXE, "axe.min.js"))
    assert hashlib.sha256(path.read_bytes()).hexdigest() == AXE_HASH
    return path.read_text(encoding="utf-8")


class Visit:
    """Pages opened one after the other, with what they complain about and what they ask other hosts for."""

    def __init__(self, browser, origin, look="light"):
        self.context, self.origin, self.wrong = browser.new_context(**LOOKS[look]), origin, []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.context.close()

    def open(self, where, query=""):
        """Open a page and wait until its formulas and pictures stand."""
        page = self.context.new_page()
        tell = lambda text: self.wrong.append(f"{where}: {text}")
        page.on("console", lambda said: tell(f"says {said.text}") if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: tell(f"fails: {error}"))
        page.on("request", lambda asked: None if self.is_own(asked.url) else tell(f"asks for {asked.url}"))
        page.goto(self.origin + where + query)
        page.evaluate(READY)
        return page

    def is_own(self, url):
        """Tell whether an address belongs to the site or to the page itself."""
        return url.startswith((self.origin, "data:", "blob:"))


@pytest.mark.parametrize("look", LOOKS)
def test_every_page_looks_right(browser, axe, look):
    with Visit(browser, f"{SITE.as_uri()}/", look) as visit:
        for where in PAGES:
            page = visit.open(where)
            wide, room = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
            if wide > room:
                visit.wrong.append(f"{where}: {wide} pixels wide, there is room for {room}")
            shot = SHOTS / look / Path(where).with_suffix(".png")
            shot.parent.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=shot, full_page=True)
            visit.wrong += [f"{where}: {violation}" for violation in violations(page, axe, look)]
            page.close()
    assert not visit.wrong, "\n".join(visit.wrong)


def violations(page, axe, look):
    """Yield what axe-core finds serious or critical; a dark page differs from a light one in its contrasts only."""
    if axe is None:
        return
    page.add_script_tag(content=axe)
    options = "{resultTypes: ['violations']}" if look != "dark" else "{runOnly: ['color-contrast']}"
    found = page.evaluate(f"axe.run({options}).then(result => result.violations)")
    for violation in found:
        if violation["impact"] in ("serious", "critical"):
            yield f"{violation['id']}, {len(violation['nodes'])} times, such as {violation['nodes'][0]['html'][:200]}"


def test_every_page_is_quiet_over_http(browser, server):
    with Visit(browser, server) as visit:
        for where in PAGES:
            visit.open(where).close()
    assert not visit.wrong, "\n".join(visit.wrong)


def test_every_explorer_moves(browser, origin):
    seen = 0
    with Visit(browser, origin) as visit:
        for where in (where for where in PAGES if "data-tensor-explorer" in (SITE / where).read_text()):
            page = visit.open(where)
            for explorer in page.locator(EXPLORER).all():
                title, seen = explorer.locator(".tx-title").inner_text(), seen + 1
                for slider in explorer.locator("input[type=range]").all():
                    still = [way for way in ("keyboard", "drag") if not moves(page, explorer, slider, way)]
                    name = f"{where}: {title}: {slider.evaluate('slider => slider.labels[0].textContent')}"
                    visit.wrong += [f"{name}: {way} changes nothing" for way in still]
            page.close()
    print(f"{seen} explorers")
    assert not visit.wrong, "\n".join(visit.wrong)
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
        place = lambda share: (box["x"] + 8 + share*(box["width"] - 16), box["y"] + box["height"]/2)
        page.mouse.move(*place(share))
        page.mouse.down()
        page.mouse.move(*place(.9 if is_low else .1), steps=5)
        page.mouse.up()
    page.evaluate(READY)
    return pixels(explorer) != before


def pixels(explorer):
    """Return the decoded picture of an explorer, without its controls."""
    from PIL import Image

    shots = [panel.screenshot() for panel in explorer.locator(".tx-panel svg").all()]
    return [Image.open(io.BytesIO(shot)).convert("RGB").tobytes() for shot in shots]


def test_landing_page_has_a_slider(browser, origin):
    with Visit(browser, origin) as visit:
        assert visit.open("index.html").locator(f"{EXPLORER} input[type=range]").first.is_visible()


def test_search_finds(browser, origin):
    with Visit(browser, origin) as visit:
        page = visit.open("search.html", "?q=lazy+width")
        page.wait_for_selector("#search-results li a")
        assert any("05_lazy" in link.get_attribute("href") for link in page.locator("#search-results li a").all())
    assert not visit.wrong, "\n".join(visit.wrong)


def test_first_paint_is_fast(browser, record_property):
    tutorials = [where for where in PAGES if where.startswith("tutorials/")]
    with Visit(browser, f"{SITE.as_uri()}/") as visit:
        for where in tutorials:
            paint = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
            seconds = median(visit.open(where).evaluate(paint)/1000 for _ in range(5))
            print(f"{where}: first paint after {seconds:.2f} s")
            assert seconds < 3
