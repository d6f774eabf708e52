"""The map: paper → theorem → tutorial → claim → function, read from the claims of the ledger and from the tutorials."""

import re
from collections import Counter

import apidoc
import references
from notebooks import chapters, code, is_code, read

PAPERLESS = "Derived or observed here, or in every textbook"
NUMBER = re.compile(r"(?:arXiv )?\b(\d{4}\.\d{5})\b")


def rows():
    """Return a row for each claim: (paper or "", theorem, name, claim, tutorials that list it)."""
    from tensor_overparam.ledger import CHECKS

    listed = in_tutorials(CHECKS)
    return [(paper(claim.cite), theorem(claim), name, claim, listed[name]) for name, claim in CHECKS.items()]


def in_tutorials(names):
    """Return {claim: [(number, path), ...]} of the tutorials that hold it against its measurement."""
    found = {name: [] for name in names}
    for number, path in enumerate(chapters()["Tutorials"], 1):
        texts = "\n".join(code(cell) for cell in read(path).cells if is_code(cell))
        quoted = set(re.findall(r"[\"']([\w-]+)[\"']", texts))
        for name in quoted & found.keys():
            found[name].append((number, path))
    return found


def paper(cite):
    """Return the key of the paper that a claim comes from, or nothing."""
    numbers = NUMBER.findall(cite)
    cited = [references.cited(f"https://arxiv.org/abs/{number}") for number in numbers]
    return next(filter(None, cited), None) or references.by_name(cite) or ""


def theorem(claim):
    """Return what a claim says about its source, without the number of the paper."""
    said = NUMBER.sub("the paper", re.sub(rf"^{NUMBER.pattern}[,;:]?\s*", "", claim.cite)) or "the paper"
    return said[:1].upper() + said[1:]


def table(link):
    """Return the map in Markdown; `link` turns the path of a tutorial into an address."""
    found = rows()
    count = Counter(row[0] for row in found)
    order = [key for key in references.PAPERS if key in count]
    others = (key for key in count if key and key not in order)
    order += sorted(others, key=lambda key: references.entries()[key][1]["year"])
    return "\n\n".join(section(key, [row for row in found if row[0] == key], link) for key in [*order, ""])


def section(key, found, link):
    """Return the part of the map that belongs to one paper."""
    head = f"## {apidoc.escaped(references.short(key)) if key else PAPERLESS}"
    address = next((address for address, name in references.known().items() if name == key), None)
    source = [f"[{len(found)} claims from this paper](https://{address})"] if address else [f"{len(found)} claims"]
    lines = ["| what is said | basis | claim | tutorial | function |", "|---|---|---|---|---|"]
    lines += [f"| {' | '.join(cells(row, link))} |" for row in found]
    return "\n\n".join([head, *source, "{.reflow}\n" + "\n".join(lines)])


def cells(row, link):
    """Return the cells of one row."""
    _, said, name, claim, tutorials = row
    about = claim.about
    places = ", ".join(f"[{number}]({link(path)})" for number, path in tutorials)
    place = f"[{name}]({claim.page}.ipynb)" if claim.page else f"`{name}`"
    text = f"{place}: {apidoc.prose(claim.statement)}".replace("\n", " ")
    function = f"{{py:obj}}`~{about.__module__}.{about.__qualname__}`" if about is not None else "–"
    return apidoc.escaped(said) or "–", claim.basis, text, places or "–", function
