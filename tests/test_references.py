"""Whatever a page cites is in the bibliography, and the bibliography says nothing that contradicts itself."""

import json
import re
from collections import Counter
from pathlib import Path

import pytest

references = pytest.importorskip("references", reason="the bibliography is looked at in a checkout")

ROOT = Path(__file__).resolve().parent.parent
ADDRESS = re.compile(r"https?://(?:[^\s()<>\"'`\\]|\([^\s()]*\))+")
NUMBER = re.compile(r"(?i:arxiv)[:. ]\s*(\d{4}\.\d{5})\b")


def pages():
    """Yield (page, its text as written) of all notebooks and hand-written pages."""
    for path in sorted((ROOT / "nbs").rglob("*.ipynb")):
        if ".ipynb_checkpoints" not in path.parts:
            cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
            yield path.relative_to(ROOT).as_posix(), "\n".join("".join(cell["source"]) for cell in cells)
    written = sorted((ROOT / "dev" / "docs" / "pages").glob("*.md"))
    for path in [*written, ROOT / "CONTRIBUTING.md", ROOT / "CITATION.cff"]:
        yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")


def missing(text):
    """Return the addresses of papers in a text that the bibliography does not know."""
    found = [address.rstrip(".,;:") for address in ADDRESS.findall(text)]
    found = [address for address in found if references.is_scholarly(address)]
    found += [f"https://arxiv.org/abs/{number}" for number in NUMBER.findall(text)]
    return sorted({address for address in found if not references.cited(address)})


def test_every_paper_that_is_cited_is_in_the_bibliography():
    wrong = [f"{page} cites {address}" for page, text in pages() for address in missing(text)]
    assert not wrong, "\n".join(["not in dev/docs/references.bib, with its title and authors:", *wrong])


def test_what_is_not_there_is_named():
    text = "[A](https://arxiv.org/abs/0000.00000), [B](https://doi.org/10.1016/0000(00)1-2). arXiv:1111.00001, x"
    assert missing(text) == [
        "https://arxiv.org/abs/0000.00000", "https://arxiv.org/abs/1111.00001", "https://doi.org/10.1016/0000(00)1-2"
    ]
    assert not missing("[C](https://arxiv.org/pdf/2010.11356v2) and [D](https://tensorly.org), arXiv 2010.11356.")


def test_entries_are_whole():
    text = references.BIB.read_text(encoding="utf-8")
    assert len(re.findall(r"^@", text, re.MULTILINE)) == len(references.entries())
    for key, (_, fields) in references.entries().items():
        assert fields.get("title") and re.fullmatch(r"(18|19|20)\d\d", fields.get("year", "")), key
        assert key == key.lower() and fields["year"][2:] in key, f"{key}: the year stands in the key"
        assert re.fullmatch(r"\d{4}\.\d{4,5}|[a-z-]+/\d{7}", fields.get("eprint", "0000.0000")), key
        assert fields.get("doi", "10.").startswith("10.") and not fields.get("doi", "").endswith("."), key
    named = [fields.get(name) for _, fields in references.entries().values() for name in ("eprint", "doi", "url")]
    assert not [address for address, times in Counter(filter(None, named)).items() if times > 1]


def test_the_six_papers_are_there_and_can_be_copied():
    cite = (ROOT / "dev" / "docs" / "pages" / "cite.md").read_text(encoding="utf-8")
    assert re.findall(r"^% BIBTEX: (\w+)$", cite, re.MULTILINE) == list(references.PAPERS)
    assert all(references.entries()[key][1].get("eprint") for key in references.PAPERS)
    said = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    for number in re.findall(r"arXiv:([\d.]+)", said):
        title = references.entries()[references.cited(f"https://arxiv.org/abs/{number}")][1]["title"]
        assert f"title: {title}\n" in said
