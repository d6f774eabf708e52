"""What runs the cells of a page in the browser, and takes a reader's own file apart; see dev/docs/static/run.js.

Everything that is to be seen goes through one function, which is given a line of JSON: {"kind": "stream" | "display" |
"error" | "clear", ...}. Nothing here knows of the browser.
"""

import ast
import base64
import builtins
import inspect
import io
import json
import linecache
import logging
import os
import re
import sys
import time
import traceback
import types
import warnings
from importlib.machinery import ModuleSpec

BACKEND = "page_figures"  # of Matplotlib
MOST_TEXT = 200_000  # characters that a cell may print
EVERY = 0.05  # seconds between two pieces of text
PICTURES = ("image/png", "image/svg+xml", "image/gif", "image/jpeg")
MIMES = {"_repr_html_": "text/html", "_repr_svg_": "image/svg+xml", "_repr_png_": "image/png",
         "_repr_jpeg_": "image/jpeg"}  # fmt: skip
SHOW_NUMBERS, SHOW_ROWS = 8, 40  # of a component, and components, in a table on the page
MOST_BYTES, MOST_ENTRIES = 50_000_000, 4_000_000  # of a file, and of a tensor


class Kernel:
    """The state of the cells: their names, and where their output goes."""

    def __init__(self, send):
        """Begin with no names; `send` is given every message as a line of JSON."""
        self.line, self.module = send, types.ModuleType("__main__")
        self.module.__dict__["__builtins__"] = builtins
        self.module.display = self.display

    def send(self, kind, **message):
        """Send one message."""
        self.line(json.dumps({"kind": kind, **message}))

    def begin(self):
        """Take the place of what a notebook has around its cells."""
        sys.modules["__main__"] = self.module
        sys.modules |= stand_in(self.display)
        sys.meta_path.append(Figures(self.display))
        logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)  # its cache is made anew, and it says so
        os.environ |= {"MPLBACKEND": f"module://{BACKEND}", "OMP_NUM_THREADS": "1"}
        sys.stdout, sys.stderr = Stream(self, "stdout"), Stream(self, "stderr")

    async def run(self, source, cell):
        """Run a cell and show its last value. Returns whether it came to its end; what is wrong is sent."""
        for stream in (sys.stdout, sys.stderr):
            stream.left = MOST_TEXT
        name = f"<cell {cell}>"
        linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
        try:
            for code in compiled(source, name):
                value = eval(code, self.module.__dict__)
                if code.co_flags & inspect.CO_COROUTINE:
                    value = await value
            if value is not None:
                self.display(value)
            flush_figures()
            return True
        except BaseException as error:
            self.fail(error)
            return False
        finally:
            sys.stdout.flush()
            sys.stderr.flush()

    def fail(self, error):
        """Say what went wrong: a sentence, and all of it."""
        sys.stdout.flush()
        close_figures()
        here, trace = __file__, error.__traceback__
        while trace and trace.tb_frame.f_code.co_filename == here:
            trace = trace.tb_next
        told = traceback.TracebackException(type(error), error, trace)
        text = "".join(told.format())
        missing = error.name if isinstance(error, ModuleNotFoundError) else ""
        self.send("error", sentence=sentence(error), traceback=text, missing=missing or "")

    def own(self, path, cumulant):
        """Take a reader's own file apart and send the answer. Returns whether there is one; what is wrong is sent."""
        try:
            self.send("answer", **own_file(path, cumulant))
            return True
        except BaseException as error:
            self.fail(error)
            return False
        finally:
            sys.stdout.flush()
            sys.stderr.flush()

    def display(self, *values):
        """Show values one after the other, each as the richest thing that it can be."""
        sys.stdout.flush()
        for value in values:
            self.send("display", data=bundle(value))


def compiled(source, name):
    """Return a cell as code objects, the last of which has the value of the cell, or None."""
    tree, last = ast.parse(source, name), ast.Expression(ast.Constant(None))
    is_shown = tree.body and isinstance(tree.body[-1], ast.Expr) and not re.search(r";\s*(#.*)?$", source.rstrip())
    if is_shown:
        last = ast.Expression(tree.body.pop().value)
    last = ast.fix_missing_locations(last)
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    return [compile(tree, name, "exec", flags=flags), compile(last, name, "eval", flags=flags)]


def sentence(error):
    """Return the last line of a traceback, without the name of an error that only carries a sentence."""
    if isinstance(error, SyntaxError):
        return f"Line {error.lineno} is no Python: {error.msg}."
    if isinstance(error, MemoryError):
        return "This needs more memory than a page has. Take smaller numbers, or run it on your own machine."
    if isinstance(error, (RuntimeError, OSError)) and "thread" in str(error):
        return f"A page has one thread and one process ({error}). Run this cell on your own machine."
    text = " ".join(str(error).split())
    return text if isinstance(error, ValueError) and text else f"{type(error).__name__}{': ' * bool(text)}{text}"


class Stream(io.TextIOBase):
    """Text on its way to the page, in pieces."""

    def __init__(self, kernel, name):
        """Send to a kernel what is written, as the stream of this name."""
        self.kernel, self.stream, self.parts, self.sent, self.left = kernel, name, [], 0.0, MOST_TEXT

    def writable(self):
        """Tell that this can be written to."""
        return True

    def write(self, text):
        """Take a piece of text."""
        if self.left > 0:
            kept = text[: self.left]
            self.parts.append(kept if len(kept) == len(text) else f"{kept}\n… the rest is left out\n")
            if time.monotonic() > self.sent + EVERY:
                self.flush()
        self.left -= len(text)
        return len(text)

    def flush(self):
        """Send what has not been sent."""
        if self.parts:
            text, self.parts, self.sent = "".join(self.parts), [], time.monotonic()
            self.kernel.send("stream", stream=self.stream, text=text)


# --- what can be shown ------------------------------------------------------------------------------


def bundle(value):
    """Return a value as {kind of content: text}; pictures but SVG in base 64."""
    data = mimebundle(value)
    for method, mime in MIMES.items():
        if mime not in data and hasattr(value, method) and (found := getattr(value, method)()) is not None:
            data[mime] = found[0] if isinstance(found, tuple) else found
    if hasattr(value, "savefig"):
        data["image/png"] = picture(value)
        close_figures(value)
    data = {mime: as_text(content) for mime, content in data.items()}
    if any(mime in data for mime in PICTURES) and hasattr(value, "to_html"):
        data = {mime: content for mime, content in data.items() if mime in PICTURES}  # an explorer: its still picture
        data["note"] = "A still picture: the one with controls is the stored output."
    return data or {"text/plain": repr(value)}


def mimebundle(value):
    """Return what a value says of itself, if it does."""
    if not hasattr(value, "_repr_mimebundle_"):
        return {}
    found = value._repr_mimebundle_(include=None, exclude=None)
    return dict((found[0] if isinstance(found, tuple) else found) or {})


def as_text(content):
    """Return content as text, bytes in base 64."""
    return base64.b64encode(content).decode() if isinstance(content, bytes) else str(content)


def picture(figure):
    """Return a figure as a PNG, as notebooks draw it."""
    file = io.BytesIO()
    figure.savefig(file, format="png", bbox_inches="tight", dpi=figure.dpi)
    return file.getvalue()


class Figures:
    """How Python finds the backend of Matplotlib that draws into the page; Matplotlib is loaded when it asks for it."""

    def __init__(self, display):
        """Show what is drawn with this function."""
        self.display = display

    def find_spec(self, name, path=None, target=None):
        """Know one module."""
        return ModuleSpec(name, self) if name == BACKEND else None

    def create_module(self, spec):
        """Leave it to Python to make the module."""

    def exec_module(self, module):
        """Fill the module."""
        from matplotlib._pylab_helpers import Gcf
        from matplotlib.backends.backend_agg import FigureCanvasAgg

        def show(*_, **__):
            for manager in Gcf.get_all_fig_managers():
                self.display(manager.canvas.figure)

        module.FigureCanvas, module.show = FigureCanvasAgg, show


def flush_figures():
    """Show the figures that a cell has left open."""
    if backend := sys.modules.get(BACKEND):
        backend.show()


def close_figures(which="all"):
    """Forget a figure, or all."""
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        pyplot.close(which)


def stand_in(display):
    """Return the few names of IPython that cells import, where IPython is not installed, as {name: module}."""

    class Shown:
        def __init__(self, data=None, filename=None, **_):
            if filename is not None:
                with open(filename, "rb") as file:
                    data = file.read()
            self.data = data

        def _repr_mimebundle_(self, **_):
            return {self.mime: self.data}

    class Image(Shown):
        @property
        def mime(self):
            return {b"GIF": "image/gif", b"\xff\xd8\xff": "image/jpeg"}.get(self.data[:3], "image/png")

    mimes = {"HTML": "text/html", "SVG": "image/svg+xml", "Markdown": "text/plain"}
    shown = {name: type(name, (Shown,), {"mime": mime}) for name, mime in mimes.items()}
    top, below = types.ModuleType("IPython"), types.ModuleType("IPython.display")
    below.__dict__.update(shown, Image=Image, display=display)
    top.display, top.get_ipython, top.version_info = below, lambda: None, (8, 24)
    return {"IPython": top, "IPython.display": below}


# --- a reader's own file ----------------------------------------------------------------------------


def own_file(path, cumulant=4):
    """Take a file apart as the command line does.

    Returns {"text", "head", "rows", "picture", "file", "command"}: the account, a table of components, a drawing, and
    the bytes to keep. Raises ValueError, in a sentence, for what cannot be taken apart.
    """
    from tensor_overparam.cli.commands import parser
    from tensor_overparam.cli.decompose import decompose_file

    line = ["decompose", path, *options_for(path, cumulant)]
    lines = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        options = parser().parse_args([*line, "--out", "decomposition"])
        code = decompose_file(options, lambda text: lines.append(str(text)))
    text = "\n".join(lines)
    text = re.sub(r"\n*Written: .*", "", text).strip("\n")
    answer = answered("decomposition.npz")
    return answer | {"text": text, "code": code, "command": f"tensor-overparam {' '.join(line)}"}


def options_for(path, cumulant):
    """Return the options for a file: a table holds samples, and so does an array with two axes that is not square."""
    import numpy as np

    if os.path.getsize(path) > MOST_BYTES:
        raise ValueError(f"{path} has {os.path.getsize(path)/1e6:.0f} MB; a page takes {MOST_BYTES/1e6:.0f} MB. "
                         f"On your own machine: tensor-overparam decompose {path}")
    if not path.lower().endswith(".npy"):
        return ["--cumulant", str(cumulant)]
    try:
        a = np.load(path, mmap_mode="r", allow_pickle=False)
    except Exception:
        return []  # the command says what is wrong with it
    if a.ndim == 2:
        return ["--cumulant", str(cumulant)]
    if a.size > MOST_ENTRIES:
        raise ValueError(f"{path} has {a.size} entries; a page takes {MOST_ENTRIES}. "
                         f"On your own machine: tensor-overparam decompose {path}")
    return []


def answered(path):
    """Return the components in a file as a table, a drawing of them, and the file."""
    import numpy as np

    with np.load(path, allow_pickle=False) as found:
        weights, vectors, cumulants, errors, words = map(
            found.get, ("weights", "vectors", "cumulants", "errors", "significance"))
        head, rows = ["weight"], [[f"{w:.6g}"] for w in np.atleast_1d(weights)]
        if cumulants is not None:
            head = ["cumulant", "standard error", "verdict"]
            rows = [[f"{k:.3f}", f"{e:.3f}", str(w)] for k, e, w in zip(cumulants, errors, words, strict=True)]
    d = vectors.shape[1] if vectors.ndim == 2 else 0
    head += [f"v{i + 1}" for i in range(min(d, SHOW_NUMBERS))] + ["…"] * (d > SHOW_NUMBERS)
    rows = [row + [f"{x:.4f}" for x in v[:SHOW_NUMBERS]] + ["…"] * (d > SHOW_NUMBERS)
            for row, v in zip(rows, vectors, strict=True)]
    with open(path, "rb") as file:
        kept = base64.b64encode(file.read()).decode()
    shown = drawn("decomposition.png") if len(vectors) else ""
    return {"head": head, "rows": rows[:SHOW_ROWS], "count": len(rows), "picture": shown, "file": kept}


def drawn(path):
    """Return the drawing that the command line has made."""
    with open(path, "rb") as file:
        return base64.b64encode(file.read()).decode()
