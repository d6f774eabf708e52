"""What the pages make of the markup of an essay: boxes, folds, exercises with solutions, numbered equations.

In a notebook all of it is ordinary Markdown, which any reader shows as it stands; the site shows more of it. A box is
a block quote that begins with its kind in bold; a fold is `<details>`; an equation that ends in `\\tag{1}` has a
number, and `(1)` in the prose refers to it; a cell that begins with `#| solution: 1` belongs to the solution of
exercise 1. The page "Contribute" shows it.
"""

import re

KINDS = (
    "Model", "Algorithm", "Definition", "Lemma", "Proposition", "Corollary", "Theorem", "What we do not know", "Law",
)  # fmt: skip
FENCE = r"^[ >]*```.*?^[ >]*```[ ]*$"
BOX = re.compile(rf"^> \*\*({'|'.join(KINDS)})\b.*(?:\n>.*)*", re.MULTILINE)
TITLED = re.compile(r"^> \*\*(.+?)\*\*.*(?:\n>.*)*\n?(.*)", re.MULTILINE)
TAG = re.compile(r"\s*\\tag\{(\d+)\}")
APART = re.compile(rf"({FENCE}|\$\$.+?\$\$)", re.MULTILINE | re.DOTALL)
PROTECTED = re.compile(  # what is no prose: code, formulas, the targets of links, HTML
    rf"({FENCE}|`[^`\n]+`|\$\$.+?\$\$|\$[^$\n]+(?:\n[^$\n]+)*\$|\]\([^)\n]*\)|<summary>.*?</summary>|</?\w[^>\n]*>)",
    re.MULTILINE | re.DOTALL,
)
REFERENCE = re.compile(r"(?<![\w\])}])\((\d{1,2})\)")
MARGIN = re.compile(r"\s*(?:(?:[-*+]|\d+[.)])\s+)*")
EXERCISE = re.compile(r"^\*\*Exercise (\d+)\.\*\*", re.MULTILINE)
SOLUTION = re.compile(r"<summary>Solution of exercise (\d+)</summary>")
FOLD = re.compile(r"<details\b[^>]*>(.*?)</details>", re.DOTALL)
MOST_COLUMNS, MOST_LINES = 80, 25


# --- what the site makes of it -------------------------------------------------------------------------


def staged(text, page, tags):
    """Return the Markdown of a cell as the site reads it; `tags` are the numbers of equations on its page."""
    return referring(displayed(folded(boxed(text)), page), page, tags)


def boxed(text):
    """Let block quotes that begin with a kind in bold be boxes."""
    return BOX.sub(box, text)


def box(found):
    """Return one box."""
    body = re.sub(r"^> ?", "", found[0], flags=re.MULTILINE)
    return f":::::::{{container}} box box-{found[1].lower().replace(' ', '-')}\n{body}\n:::::::"


def folded(text):
    """Give folds a class, and the empty lines between which Markdown is read."""
    text = re.sub(r"<details>\s*<summary>(.*?)</summary>\s*", r'<details class="fold"><summary>\1</summary>\n\n', text)
    return re.sub(r"\s*^</details>", "\n\n</details>\n", text, flags=re.MULTILINE)


def displayed(text, page):
    """Put the displayed equations of a text on lines of their own; those with a tag can be referred to."""
    parts = APART.split(text)
    for i in range(1, len(parts), 2):
        if parts[i].startswith("$$"):
            line = parts[i - 1].rpartition("\n")[2]
            margin = MARGIN.match(line)[0]
            is_first = bool(margin.strip()) and line == margin  # in an item of a list, before all words
            indent = "\n" + " " * len(margin)
            tags = TAG.findall(parts[i])
            label = f" ({equation(page, tags[0])})" if tags else ""
            lines = [line.strip() for line in TAG.sub("", parts[i][2:-2]).strip().split("\n") if line.strip()]
            if not is_first:
                parts[i - 1] = parts[i - 1].rstrip(" \n") + "\n" * bool(parts[i - 1].strip())
            parts[i] = ("" if is_first else indent) + indent.join(["$$", *lines, f"$${label}"]) + "\n"
            after = parts[i + 1].lstrip(" ")
            parts[i + 1] = after if after.startswith("\n") or not after else indent + after
    return "".join(parts)


def equation(page, tag):
    """Return the label of an equation."""
    return f"eq-{page}-{tag}"


def referring(text, page, tags):
    """Let numbers in parentheses lead to the equations of their page."""

    def link(found):
        return f"{{eq}}`{equation(page, found[1])}`" if found[1] in tags else found[0]

    parts = PROTECTED.split(text)
    return "".join(part if i % 2 else REFERENCE.sub(link, part) for i, part in enumerate(parts))


# --- what is wrong with it -----------------------------------------------------------------------------


def tags(texts):
    """Return the numbers of the equations of a page, as they stand in the Markdown of its cells."""
    return [tag for text in texts for part in APART.split(text)[1::2] for tag in TAG.findall(part)]


def references(texts):
    """Return the numbers to which the prose of a page refers."""
    return [number for text in texts for part in PROTECTED.split(text)[::2] for number in REFERENCE.findall(part)]


def is_essay(texts):
    """Tell whether a page has the form of an essay: a model or an algorithm in a box."""
    return any(found[1] in ("Model", "Algorithm") for text in texts for found in BOX.finditer(text))


def faults(cells):
    """Yield what is wrong with an essay, given as [(its kind, source, directives), ...] of its cells."""
    texts = [source for kind, source, _ in cells if kind == "markdown"]
    yield from faults_of_equations(texts)
    for text in texts:
        yield from faults_of_boxes(text)
        yield from faults_of_folds(text)
    yield from faults_of_exercises(cells, texts)
    yield from faults_of_code(cells)


def faults_of_equations(texts):
    """Yield where numbers and references do not fit each other."""
    found, named = tags(texts), references(texts)
    if found != [str(number) for number in range(1, 1 + len(found))]:
        yield f"equations are numbered {', '.join(found)}, not 1, 2, 3, …"
    yield from (f"nothing refers to equation ({tag})" for tag in dict.fromkeys(found) if tag not in named)
    yield from (f"there is no equation ({number})" for number in dict.fromkeys(named) if number not in found)
    for text in texts:
        for part in APART.split(text)[1::2]:
            if len(TAG.findall(part)) > 1:
                yield f"one equation has several numbers: {part[:60]!r}"


def faults_of_boxes(text):
    """Yield boxes of unknown kinds, and boxes that end where they should not."""
    for found in TITLED.finditer(text):
        if not BOX.match(found[0]):
            yield f"a box is no {found[1]!r}; known are: {', '.join(KINDS)}"
        if found[2].strip():
            yield f"the box {found[1]!r} ends at a line without '> ': {found[2][:40]!r}"


def faults_of_folds(text):
    """Yield folds that no page could show."""
    if text.count("<details") != text.count("</details>") or text.count("<details") != text.count("<summary>"):
        yield f"a fold, from <details> and <summary> to </details>, has to begin and end in one cell: {text[:40]!r}"
    for found in FOLD.finditer(text):
        if re.search(r"^#+ ", re.sub(FENCE, "", found[1], flags=re.MULTILINE | re.DOTALL), re.MULTILINE):
            yield f"a heading stands in a fold: {found[1].strip()[:40]!r}"
        if "$" in found[1].partition("</summary>")[0]:
            yield f"a formula stands in <summary>, where none is drawn: {found[1].strip()[:40]!r}"


def faults_of_exercises(cells, texts):
    """Yield exercises without solution, and solutions without exercise."""
    asked = [number for text in texts for number in EXERCISE.findall(text)]
    solved = [number for text in texts for number in SOLUTION.findall(text)]
    if not asked:
        yield "there is no exercise: '**Exercise 1.** …'"
    if asked != [str(number) for number in range(1, 1 + len(asked))]:
        yield f"exercises are numbered {', '.join(asked)}, not 1, 2, 3, …"
    if asked != solved:
        yield f"exercises {', '.join(asked)} have solutions {', '.join(solved) or 'nowhere'}"
    last = None
    for kind, source, found in cells:
        last = ([None, *EXERCISE.findall(source)][-1]) if kind == "markdown" else last
        given = "".join(found.get("solution:", ()))
        if "solution:" in found and given != last:
            yield f"a cell of solution {given!r} stands below exercise {last}"


def faults_of_code(cells):
    """Yield lines that are too wide for a page, and more of them than a screen shows without a word between."""
    lines = 0
    for kind, source, found in cells:
        if kind == "markdown":
            lines = 0
            continue
        body = [line for line in source.strip("\n").split("\n") if not re.match(r"\s*#\s*\|", line)]
        yield from (f"{len(line)} columns: {line.strip()[:50]}…" for line in body if len(line) > MOST_COLUMNS)
        if not is_folded(found):
            before, lines = lines, lines + len(body)
            if before <= MOST_LINES < lines:
                yield f"{lines} lines of code without a word between, at most {MOST_LINES}: {source[:50]!r}"


def is_folded(found):
    """Tell whether a cell with these directives does not show its code by itself."""
    off = {name for name in ("echo:", "include:") if "".join(found.get(name, ())).lower() == "false"}
    return bool(off or found.keys() & {"code-fold:", "solution:", "hide", "export", "exports", "exporti"})
