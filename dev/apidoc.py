"""Turn exported cells into entries of the reference: signature, docstring, parameter table, link to the source.

Everything is read from the text of the cell, so defaults and types stand as their author wrote them, and the
comment beside a parameter is its documentation; a docstring with sections says everything itself.
"""

import ast
import copy
import io
import re
import tokenize
from functools import cache

import docstrings
from notebooks import ROOT

FUNCTION = ast.FunctionDef
HEADS = ("parameter", "type", "default", "meaning")


def entries(source, module, public, link):
    """Return the public names that a cell defines, as {name: entry in Markdown}."""
    notes = comments(source)
    defined = [(name, node) for node in ast.parse(source).body for name in names(node) if name in public]
    return {name: entry(node, name, module, notes, link) for name, node in defined}


@cache
def public(module):
    """Return the names of a module that a reader is shown: of its constants those only that a wing has on its face."""
    names = listed(ROOT.joinpath(*module.split(".")).with_suffix(".py"))
    faces = listed(ROOT.joinpath(*module.split(".")).parent / "__init__.py") if module.count(".") > 1 else names
    return {name for name in names if not name.isupper() or name in faces}


def listed(path):
    """Return the names that a file exports, as its `__all__` lists them."""
    found = re.search(r"^__all__ = (\[.*?\])", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return set(ast.literal_eval(found[1]))


def names(node):
    """Return the names that a statement at the top of a module defines."""
    if isinstance(node, FUNCTION | ast.ClassDef):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", node)]
    return [part.id for target in targets for part in ast.walk(target) if is_name(part)]


def is_name(node):
    """Tell whether a node gives a value to a plain name."""
    return isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)


def comments(source):
    """Return {line: comment} of Python source."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {t.start[0]: t.string.lstrip("# ") for t in tokens if t.type == tokenize.COMMENT}


def entry(node, name, module, notes, link):
    """Return the entry of one function, class or constant."""
    if isinstance(node, FUNCTION):
        head, body = name + signature(node.args), explained(node, notes)
    elif isinstance(node, ast.ClassDef):
        head = name + construction(node)
        body = explained(node, notes)
        body += [member(child, name, module, notes) for child in node.body if is_public_method(child)]
    else:
        head, value = name, ast.unparse(value_of(node, name))
        body = [prose(notes.get(node.lineno)), f"`{value}`" if len(value) <= 100 and "`" not in value else ""]
    kind = {FUNCTION: "function", ast.ClassDef: "class"}.get(type(node), "data")
    return directive(kind, head, module, [*body, f"{{.origin}}\n[source notebook]({link})"])


def explained(node, notes):
    """Return what a function or a class says about itself: sections of its docstring, or comments on parameters."""
    text = ast.get_docstring(node)
    is_class = isinstance(node, ast.ClassDef)
    head = "parameter" if not is_class else "member" if is_enum(node) else "field"
    if not docstrings.is_numpydoc(text):
        return [prose(text), table(fields(node, notes) if is_class else parameters(node, notes), head)]
    found = docstrings.sections(text)
    values = defaults(node)
    listed = found.get("Parameters", []) + found.get("Attributes", [])
    returned = found.get("Returns", []) + found.get("Yields", [])
    rows = [(name, prose(kind), values.get(docstrings.names([(name,)])[0], ""), text) for name, kind, text in listed]
    rows += [("returns", prose(f"{name}: {kind}" if kind else name), "", text) for name, kind, text in returned]
    raised = "\n".join(f"- `{name}`: {flat(meaning)}" for name, _, meaning in found.get("Raises", ()))
    return [
        prose(found[""]),
        table(rows, head),
        titled("Raises", raised),
        titled("Notes", prose(found.get("Notes"))),
        titled("See also", prose(found.get("See Also"))),
        titled("References", references(found.get("References", ""))),
        titled("Examples", examples(found.get("Examples", ""))),
    ]


def defaults(node):
    """Return {parameter or field: its default, as code}."""
    if isinstance(node, ast.ClassDef):
        made = [child for child in node.body if isinstance(child, FUNCTION) and child.name == "__init__"]
        return defaults(made[0]) if made else {name: value for name, _, value, _ in fields(node, {})}
    return {arg.arg: code(value) for arg, value in given(node.args)}


def titled(title, text):
    """Return a text below its title, or nothing where there is no text."""
    return f"**{title}**\n\n{text}" if text else ""


def flat(text):
    """Return a text on one line, for a list or a table."""
    return " ".join(prose(text).split())


def references(text):
    """Return a list of references, numbered as in the docstring: `.. [1] Author. Title`."""
    parts = re.split(r"^\.\. \[(\w+)\]", text, flags=re.MULTILINE)
    if len(parts) == 1:
        return prose(text)
    return "\n".join(f"- \\[{mark}\\] {flat(reference)}" for mark, reference in zip(parts[1::2], parts[2::2]))


def examples(text):
    """Return examples: what is typed and shown as code, with the words between."""
    blocks = re.split(r"\n\s*\n", text.strip("\n")) if text else []
    return "\n\n".join(f"```pycon\n{block}\n```" if block.startswith(">>>") else prose(block) for block in blocks)


def value_of(node, name):
    """Return what an assignment gives to one of its names."""
    targets = getattr(node, "targets", [])
    if len(targets) == 1 and isinstance(targets[0], ast.Tuple) and isinstance(node.value, ast.Tuple):
        return dict(zip(names(node), node.value.elts)).get(name, node.value)
    return node.value


def member(node, owner, module, notes):
    """Return the entry of a method or a property."""
    kinds = {name.id for name in node.decorator_list if isinstance(name, ast.Name)}
    is_property = bool(kinds & {"property", "cached_property"})
    head = f"{owner}.{node.name}" + ("" if is_property else signature(node.args, drop="staticmethod" not in kinds))
    options = [f":{kind}:" for kind in ("classmethod", "staticmethod") if kind in kinds]
    body = explained(node, notes)
    return directive("property" if is_property else "method", head, module, body, options, fence="~~~~")


def directive(kind, head, module, body, options=(), fence="`````"):
    """Return a directive of Sphinx's Python domain."""
    first = "\n".join([f"{fence}{{py:{kind}}} {head}", f":module: {module}", *options])
    return "\n\n".join([first, *filter(None, body), fence])


def is_public_method(node):
    """Tell whether a part of a class is a method that people call."""
    return isinstance(node, FUNCTION) and not node.name.startswith("_")


def signature(args, drop=False):
    """Return parameters as people give them: names and defaults, without types and, where asked, without self."""
    bare = copy.deepcopy(args)
    for node in ast.walk(bare):
        if isinstance(node, ast.arg):
            node.annotation = None
    bare.args = bare.args[drop:]
    return f"({ast.unparse(bare)})"


def construction(node):
    """Return the parameters that make an instance of a class: those of __init__, or its fields."""
    made = [child for child in node.body if isinstance(child, FUNCTION) and child.name == "__init__"]
    if made:
        return signature(made[0].args, drop=True)
    made = [field for field in node.body if isinstance(field, ast.AnnAssign)]
    return f"({', '.join(field.target.id + default(field.value) for field in made)})" if made else ""


def default(value):
    """Return a default as it stands in a signature."""
    return "" if value is None else "=" + ("…" if "field(" in ast.unparse(value) else ast.unparse(value))


def given(args):
    """Return (parameter, default or None) of all that a function takes."""
    plain, named = args.posonlyargs + args.args, list(zip(args.kwonlyargs, args.kw_defaults))
    found = list(zip(plain, [None] * (len(plain) - len(args.defaults)) + args.defaults)) + named
    return found + [(arg, None) for arg in (args.vararg, args.kwarg) if arg]


def parameters(node, notes):
    """Return a row for each documented parameter and for what a function returns."""
    taken = given(node.args)
    rows = [
        (arg.arg, code(arg.annotation), code(value), notes.get((value or arg).end_lineno))
        for arg, value in taken
        if arg.arg not in ("self", "cls")
    ]
    first = node.body[0].lineno
    start = max([node.lineno, *((value or arg).end_lineno for arg, value in taken)])
    end = [notes[line] for line in range(start, first) if line in notes and not ends_with(taken, line)]
    result = [("returns", code(node.returns), "", end[-1] if end else "")] if end or node.returns else []
    return rows + result if any(row[3] or row[1] for row in rows) or end else []


def ends_with(taken, line):
    """Tell whether a line ends with a parameter, so that its comment belongs to that."""
    return any((value or arg).end_lineno == line for arg, value in taken)


def is_enum(node):
    """Tell whether a class is an enumeration."""
    return any(ast.unparse(base).endswith("Enum") for base in node.bases)


def fields(node, notes):
    """Return a row for each field of a class, or each member of an enumeration."""
    rows = []
    for field in node.body:
        if isinstance(field, ast.AnnAssign):
            rows.append((field.target.id, code(field.annotation), code(field.value), notes.get(field.end_lineno)))
        elif isinstance(field, ast.Assign) and not field.targets[0].id.startswith("_"):
            rows.append((field.targets[0].id, "", code(field.value), notes.get(field.end_lineno)))
    return rows


def table(rows, head="parameter"):
    """Return rows as a Markdown table, without the columns in which nothing stands."""
    if not rows:
        return ""
    cells = [(f"**{escaped(name)}**", kind, value, flat(note)) for name, kind, value, note in rows]
    kept = [i for i in range(4) if any(row[i] for row in cells)]
    lines = [[(head, *HEADS[1:])[i] for i in kept], ["---"] * len(kept), *([row[i] for i in kept] for row in cells)]
    return "{.parameters}\n" + "\n".join(f"| {' | '.join(line)} |" for line in lines)


def code(node):
    """Return an expression as code in a cell of a table."""
    text = "" if node is None else ast.unparse(node).replace("|", "\\|")
    return f"`{text}`" if text else ""


def prose(text):
    """Return the text of a docstring or a comment: what stands in backticks is code, the rest is taken literally."""
    parts = re.split(r"(``.+?``|`[^`\n]+`)", (text or "").strip())
    done = [part.replace("|", "\\|") if i % 2 else escaped(part) for i, part in enumerate(parts)]
    return "".join(done).replace("\n\n", "\0").replace("\n", " ").replace("\0", "\n\n")


def escaped(text):
    """Return a text in which no character has a meaning for Markdown."""
    return re.sub(r"([\\*_\[\]<>$|~#^{}])", r"\\\1", text)
