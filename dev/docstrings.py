"""Read docstrings in numpydoc's format: https://numpydoc.readthedocs.io/en/latest/format.html."""

import inspect
import re

LISTS = ("Parameters", "Attributes", "Returns", "Yields", "Raises")
TEXTS = ("Notes", "See Also", "References", "Examples")


def sections(text):
    """Return {title: content} of a docstring: under "" what stands before the first section.

    What a section lists is a list of (name, type, meaning); every other content is a text.
    """
    parts = re.split(rf"^({'|'.join(LISTS + TEXTS)})\n-{{3,}}\n", inspect.cleandoc(text or ""), flags=re.MULTILINE)
    found = {title: content.strip("\n") for title, content in zip(parts[1::2], parts[2::2])}
    return {"": parts[0].strip()} | {title: items(text) if title in LISTS else text for title, text in found.items()}


def items(text):
    """Return what a section lists: lines at the margin, and below each, indented, its meaning."""
    found = []
    for line in text.splitlines():
        if line and not line[0].isspace():
            found.append((*map(str.strip, (line + " : ").split(" : ")[:2]), []))
        elif found:
            found[-1][2].append(line)
    return [(name, kind, inspect.cleandoc("\n" + "\n".join(meaning))) for name, kind, meaning in found]


def names(listed):
    """Return the names in a list, without the stars of `*args` and `**options`."""
    return [name.strip(" *\\") for item in listed for name in item[0].split(",")]


def is_numpydoc(text):
    """Tell whether a docstring has sections."""
    return len(sections(text)) > 1
