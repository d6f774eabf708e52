"""Look over the pages of a built site: links, anchors, pictures, sizes, and the reference. Nothing is loaded."""

import ast
import gzip
import re
from collections import Counter
from html.parser import HTMLParser
from posixpath import dirname, join, normpath
from urllib.parse import unquote, urlsplit

from apidoc import public
from notebooks import ROOT, settings

MOST_BYTES, MOST_PAGE_BYTES = 25_000_000, 2_000_000
SOURCES = {"src", "srcset", "poster", "data"}
LOADED_LINKS = {"stylesheet", "icon", "preload", "modulepreload", "manifest", "prefetch"}
EXTERNAL = re.compile(r"\s*(https?:)?//", re.IGNORECASE)


class Page(HTMLParser):
    """What a page refers to, what can be referred to in it, and its pictures."""

    def __init__(self, text):
        """Read a page."""
        super().__init__()
        self.ids, self.links, self.loaded, self.pictures, self.entries = set(), [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        """Note what one tag says."""
        given = dict(attrs)
        self.ids |= {given[key] for key in ("id", "name") if given.get(key)}
        if tag == "a" and given.get("href"):
            self.links.append(given["href"])
        if tag == "meta" and given.get("http-equiv") == "refresh":
            self.links.append(given["content"].partition("url=")[2])
        if tag == "link" and LOADED_LINKS & set((given.get("rel") or "").split()):
            self.loaded.append(given.get("href") or "")
        self.loaded += [given[key] for key in SOURCES & given.keys() if given[key] and tag != "object"]
        if tag == "img":
            self.pictures.append(given.get("alt"))
        if tag == "dt" and "sig" in (given.get("class") or "").split() and given.get("id"):
            self.entries.append(given["id"])


def problems(site, is_behind=False):
    """Return what is wrong with a site, one line each; a site that is behind need not know the newest names."""
    files = {path.relative_to(site).as_posix(): path for path in site.rglob("*") if path.is_file()}
    pages = {where: Page(path.read_text(encoding="utf-8")) for where, path in files.items() if where.endswith(".html")}
    found = [f"{where}: {line}" for where, page in pages.items() for line in problems_of(where, page, pages, files)]
    found += [f"{where}: {line}" for where, path in files.items() if path.suffix == ".css" for line in styles(path)]
    size = sum(path.stat().st_size for path in files.values())
    if size > MOST_BYTES:
        found.append(f"the site has {size} bytes, at most {MOST_BYTES}")
    largest = max((weight(where, page, files), where) for where, page in pages.items())
    print(f"{len(pages)} pages, {size/1e6:.1f} MB; largest page {largest[1]}, {largest[0]/1e6:.2f} MB compressed")
    return found if is_behind else found + list(undocumented(pages))


def problems_of(where, page, pages, files):
    """Yield what is wrong with one page."""
    for link in page.links + page.loaded:
        if not EXTERNAL.match(link) and not urlsplit(link).scheme and not leads(where, link, pages, files):
            yield f"leads nowhere: {link}"
    yield from (f"loads from another host: {link[:80]}" for link in page.loaded if EXTERNAL.match(link))
    if any(not alt for alt in page.pictures):
        yield f"{sum(not alt for alt in page.pictures)} pictures without alternative text"
    if weight(where, page, files) > MOST_PAGE_BYTES:
        yield f"{weight(where, page, files)} bytes compressed, at most {MOST_PAGE_BYTES}"


def leads(where, link, pages, files):
    """Tell whether a relative link leads to a file and, where it names one, to an anchor."""
    parts = urlsplit(link)
    target = normpath(join(dirname(where), unquote(parts.path))) if parts.path else where
    anchor = unquote(parts.fragment)
    return target in files and (not anchor or target not in pages or anchor in pages[target].ids)


def weight(where, page, files):
    """Return the compressed bytes of a page and its pictures, without what all pages share."""
    local = {normpath(join(dirname(where), unquote(urlsplit(link).path))) for link in page.loaded}
    own = [files[path].read_bytes() for path in local & files.keys() if not path.startswith("_static/")]
    return sum(len(gzip.compress(content)) for content in [files[where].read_bytes(), *own])


def styles(path):
    """Yield what a style sheet loads from another host."""
    text = path.read_text(encoding="utf-8")
    found = re.findall(r"(?:url\(\s*[\"']?|@import\s+[\"'])((?:https?:)?//[^\"')]+)", text)
    yield from (f"loads from another host: {link}" for link in found)


def undocumented(pages):
    """Yield every name that a reader is to be shown and that is not documented exactly once."""
    entries = Counter(entry for page in pages.values() for entry in page.entries)
    package = ROOT / settings()["lib_path"]
    for path in sorted(package.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        imports = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom)]
        passed_on = {name.name for node in imports for name in node.names}
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for name in sorted(public(module) - passed_on if "\n__all__ = [" in text and path.stem[0] != "_" else ()):
            times = entries[f"{module}.{name}"]
            if times != 1:
                yield f"{module}.{name} is documented {times} times"
