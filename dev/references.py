"""The bibliography: what dev/docs/references.bib says of an address, and of a paper; read as text."""

import re
from functools import cache
from pathlib import Path
from urllib.parse import unquote

BIB = Path(__file__).resolve().parent / "docs" / "references.bib"
PAPERS = (  # the six, in the order in which the package was written
    "wang2020beyond", "ge2021understanding", "ghorbani2019limitations", "shah2020generalization", "shah2018minimum",
    "liu2021orthogonal",
)  # fmt: skip
SCHOLARLY = re.compile(r"https?://(?:\w+\.)?(?:arxiv\.org|doi\.org|openreview\.net|jmlr\.org|proceedings\.\w+\.\w+)/")


@cache
def entries():
    """Return {key: (its text, its fields)} of the bibliography."""
    found = {}
    for text in re.findall(r"^@\w+\{.*?^\}", BIB.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL):
        fields = dict(re.findall(r"^\s+(\w+)\s*=\s*\{(.*)\},?$", text, re.MULTILINE))
        found[re.match(r"@\w+\{([^,]+),", text)[1]] = text, fields
    return found


@cache
def known():
    """Return {address: key} of all that can be cited."""
    found = {}
    for key, (_, fields) in entries().items():
        if "eprint" in fields:
            found[plain(f"https://arxiv.org/abs/{fields['eprint']}")] = key
        if "doi" in fields:
            found[plain(f"https://doi.org/{fields['doi']}")] = key
        if "url" in fields:
            found[plain(fields["url"])] = key
    return found


def plain(address):
    """Return an address as the bibliography compares it."""
    address = re.sub(r"^https?://(?:www\.|dx\.)?", "", unquote(address.strip())).rstrip("/")
    return re.sub(r"^(arxiv\.org)/(?:pdf|abs)/([\d.]+?)(?:v\d+)?(?:\.pdf)?$", r"\1/abs/\2", address, flags=re.I).lower()


def cited(address):
    """Return the key of an address, or None."""
    return known().get(plain(address))


def is_scholarly(address):
    """Tell whether an address is one of a paper, which has to be in the bibliography."""
    return bool(SCHOLARLY.match(address))


def short(key):
    """Return an entry in a line: authors, title, year."""
    fields = entries()[key][1]
    names = [name.partition(",")[0].strip() for name in fields.get("author", "").split(" and ") if name]
    authors = ", ".join(names[:-1]) + (" and " if len(names) > 1 else "") + names[-1] + ": " if names else ""
    return re.sub(r"[{}\\]", "", f"{authors}{fields['title']}, {fields['year']}")


def by_name(text):
    """Return the key of the first entry that a text names by first author and year, as in 'Wilson et al. 2017'."""
    for key, (_, fields) in entries().items():
        first = fields.get("author", "").partition(",")[0]
        if first and re.search(rf"\b{re.escape(first)}\b.*\b{fields['year']}\b", text):
            return key
    return None
