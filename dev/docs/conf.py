"""How Sphinx makes the site from what dev/docs.py has staged: offline, with names in backticks linked."""

import sys
from configparser import ConfigParser
from pathlib import Path

from docutils import nodes
from sphinx import addnodes
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.nodes import make_refnode

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import references  # noqa: E402

parser = ConfigParser(delimiters=["="])
parser.read(HERE.parent.parent / "settings.ini", encoding="utf-8")
settings = parser["DEFAULT"]

project, author, release = settings["title"], settings["author"], settings["version"]
copyright = settings["copyright"]
extensions = ["myst_nb", "sphinx_copybutton", "sphinx.ext.mathjax", "sphinxcontrib.bibtex"]
bibtex_bibfiles = [str(references.BIB)]
bibtex_cite_id = "cite-{key}"
BIBLIOGRAPHY = "bibliography"
templates_path = ["templates"]
add_module_names = False
toc_object_entries_show_parents = "hide"

nb_execution_mode = "off"
nb_merge_streams = True
nb_code_prompt_show = nb_code_prompt_hide = "Code"
myst_enable_extensions = ["dollarmath", "amsmath", "attrs_block", "attrs_inline", "colon_fence", "deflist"]
myst_heading_anchors = 3
mathjax_path = "vendor/tex-svg-full.js"
mathjax3_config = {"svg": {"fontCache": "global"}, "options": {"enableMenu": False}}

html_theme = "sphinx_book_theme"
html_title = project
html_baseurl = settings["doc_host"] + settings["doc_baseurl"] + "/"
html_static_path = ["static", "../../.docs_cache/static"]
html_css_files = ["site.css"]
html_js_files = ["site.js"]
html_favicon = "static/favicon.svg"
html_copy_source = html_show_sourcelink = False
html_use_index = False  # "All names" is one
html_show_search_summary = False  # would fetch pages, which a browser refuses for files
html_permalinks_icon = "#"
html_theme_options = {
    "repository_url": settings["git_url"],
    "use_repository_button": True,
    "use_download_button": False,
    "use_fullscreen_button": False,
    "home_page_in_toc": False,
    "collapse_navbar": True,  # what is inside a wing stands on its pages
    "article_header_start": ["toggle-primary-sidebar.html", "doors.html"],
    "show_toc_level": 2,
    "navbar_start": [],
    "navbar_center": [],
    "navbar_end": [],
    "navbar_persistent": [],
}
DOORS = {"Learn": "learn", "Use": "choose", "Theory": "ledger", "API": "api"}
html_context = {"default_mode": "auto", "doors": list(DOORS.items())}
BEHIND = {  # pages of a door that say so neither by their name nor by their folder
    "install": "Use", "extend": "Use", "contribute": "Use", "changelog": "Use", "license": "Use",
    "map": "Theory", "glossary": "Theory", "bibliography": "Theory", "cite": "Theory",
    "index": "", "search": "",
}  # fmt: skip


class LinkNames(SphinxPostTransform):
    """Let a name in backticks lead to its entry in the reference."""

    default_priority = 5

    def run(self):
        """Link every literal whose text is a documented name."""
        entries = self.entries()
        for literal in list(self.document.findall(nodes.literal)):
            found = self.choose(entries.get(literal.astext().removesuffix("()"), ()))
            if found and not is_linked(literal):
                name, place = found
                here, there = self.env.current_document.docname, place.docname
                text = literal.deepcopy()
                literal.replace_self(make_refnode(self.app.builder, here, there, place.node_id, text, name))

    def entries(self):
        """Return {name as people write it: [(full name, place), ...]}."""
        entries = {}
        for full, place in self.env.domains.python_domain.objects.items():
            parts = full.split(".")
            for start in range(len(parts)) if place.objtype != "module" else {0, max(0, len(parts) - 2)}:
                entries.setdefault(".".join(parts[start:]), []).append((full, place))
        return {name: found for name, found in entries.items() if "." in name or not is_member(found)}

    def choose(self, found):
        """Return the entry on this page, or the only one there is."""
        here = [(full, place) for full, place in found if place.docname == self.env.current_document.docname]
        found = here or found
        return found[0] if len(found) == 1 else None


class LinkPapers(SphinxPostTransform):
    """Let the link to a paper lead to its entry in the bibliography, from which its own link is one click away."""

    default_priority = 6

    def run(self):
        """Turn links to addresses that the bibliography knows, but for those on its own page."""
        here = self.env.current_document.docname
        if here == BIBLIOGRAPHY or BIBLIOGRAPHY not in self.env.all_docs:
            return
        for link in self.document.findall(nodes.reference):
            if key := references.cited(link.get("refuri", "")):
                page = self.app.builder.get_relative_uri(here, BIBLIOGRAPHY)
                link["refuri"], link["internal"] = f"{page}#cite-{key}", True
                link["reftitle"] = references.short(key)
                link["classes"] = [*link["classes"], "citation"]


def is_member(found):
    """Tell whether all entries are parts of classes, which are too common words to be linked by themselves."""
    return all(place.objtype in ("method", "property", "attribute") for _, place in found)


def is_linked(node):
    """Tell whether a node is part of a link, a heading or a signature."""
    while node := node.parent:
        if isinstance(node, nodes.reference | nodes.title | addnodes.pending_xref):
            return True
    return False


def describe(app, page, template, context, doctree):
    """Give each page a description for search engines and for those who share a link to it."""
    about = settings["description"]
    if doctree is not None:
        quotes = [quote.astext() for quote in doctree.findall(nodes.block_quote)][:1]
        texts = quotes + [text.astext() for text in doctree.findall(nodes.paragraph)]
        about = next((text for text in texts if len(text) > 20), about)
    about = " ".join(about.split())
    title = context.get("title") or project
    tags = {
        'name="description"': about if len(about) <= 200 else about[:199] + "…",
        'property="og:title"': nodes.Text(title).astext(),
        'property="og:description"': about if len(about) <= 200 else about[:199] + "…",
        'property="og:type"': "article",
        'property="og:image"': html_baseurl + "_static/card.png",
        'name="twitter:card"': "summary_large_image",
    }
    context["door"] = door(page)
    if page == "search":
        app.add_js_file("search.js", loading_method="defer")  # after what it changes
    if page == "index" or doctree is not None and is_from_notebook(doctree):
        app.add_js_file("run.js", loading_method="defer")
    lines = (f"<meta {key} content={quoted(value)} />" for key, value in tags.items())
    context["metatags"] = context.get("metatags", "") + "\n".join(lines)


def is_from_notebook(doctree):
    """Tell whether a page says which notebook it was made from."""
    return any("page-origin" in text["classes"] for text in doctree.findall(nodes.paragraph))


def door(page):
    """Return the door behind which a page lies."""
    named = {where: name for name, where in DOORS.items()} | BEHIND
    return named.get(page, "Learn" if page.startswith("tutorials/") else "API")


def quoted(text):
    """Return a text as the value of an attribute in HTML."""
    plain = text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
    return f'"{plain}"'


def setup(app):
    """Tell Sphinx about the above."""
    app.add_post_transform(LinkNames)
    app.add_post_transform(LinkPapers)
    app.connect("html-page-context", describe)
