"""Claims that were checked once in a test session need not be checked again by the next page that shows them.

The experiments behind the ledger stand in the tests, on the page of their wing and on the page of the ledger. Where
TENSOR_OVERPARAM_SHARED names a folder, `start()` lets `Claim.look` leave there what an experiment has shown (the truth
of its hypotheses, the predicted and the measured numbers, the runs behind them and the margin), and take it from there
when the same claim is to be judged by the same experiment; the comparison itself is made anew. Only numbers are kept,
as JSON.

Same means: the same bytecode and constants of the claim's own functions and of all that they reach on their page, the
same text of every module of the package that these can reach, the same parameters, versions and processor. So what was
shown yesterday still holds today, and is kept with what pytest remembers. A function on a notebook's page
is the same as the one that was exported from it, unless a word of it has been changed; then the experiment runs.
What cannot be told apart for certain is never shared.

Without that variable nothing happens. Tests set it for the ledger's claims and for notebooks.
"""

import dis
import functools
import hashlib
import json
import os
import platform
import sys
import time
import types
from bisect import bisect_left
from dataclasses import MISSING, fields, is_dataclass, replace
from functools import cache
from importlib.metadata import version
from pathlib import Path
from tempfile import NamedTemporaryFile

import executed
import numpy as np

import tensor_overparam
from tensor_overparam.core.claim import Claim
from tensor_overparam.core.interval import Measured

VARIABLE = "TENSOR_OVERPARAM_SHARED"
PACKAGE = tensor_overparam.__name__
PARTS = "cite quantity kind experiment predict measure assumes margin".split()
GLOBALS = ("LOAD_GLOBAL", "LOAD_NAME")
NAMES, NOTHING = {"LOAD_METHOD": "LOAD_ATTR"}, {"PUSH_NULL", "EXTENDED_ARG", "CACHE"}
JUMPS = {*dis.hasjrel, *dis.hasjabs}
PLAIN = (type(None), bool, int, float, complex, str, bytes, range, slice, type(Ellipsis))
KNOWN = {PACKAGE, "numpy", "scipy", "array_api_compat", *sys.stdlib_module_names} - {"__main__"}  # their text is
BY_PYTHON = "__dict__ __weakref__ __doc__ __module__ __firstlineno__ __static_attributes__ __match_args__".split()


class Unknown(Exception):
    """Something of which nobody can say whether it is the same elsewhere."""


# --- what is the same -----------------------------------------------------------------------------


def surroundings():
    """Return what every number depends on: versions, the processor and what it is told to be."""
    asked = ("OPENBLAS_CORETYPE", "NPY_DISABLE_CPU_FEATURES", "SCIPY_ARRAY_API", "OMP_NUM_THREADS")
    return [
        sys.version,
        platform.processor(),
        *(version(name) for name in ("numpy", "scipy", "array-api-compat")),
        *(os.environ.get(name) for name in asked),
    ]


def key(claim, parameters, around):
    """Return the name of what an experiment shows: a hash of all that it depends on. Raises Unknown."""
    parts, modules = made_of(claim, parameters)
    return hashlib.sha256(repr([around, parts, texts(modules)]).encode()).hexdigest()


def made_of(claim, parameters):
    """Return the fingerprints of an experiment, and the modules that its page takes something from."""
    seen = Fingerprint(claim.predict.__module__)
    return [*(seen.of(getattr(claim, part)) for part in PARTS), seen.of(parameters)], seen.modules


def texts(modules):
    """Return {file: hash} of all that some modules of the package, and the ledger itself, can reach."""
    if Path(tensor_overparam.__file__).parent != executed.ROOT / PACKAGE:
        raise Unknown(tensor_overparam.__file__)
    own = [name for name in modules | {Claim.__module__} if name.partition(".")[0] == PACKAGE]
    files = executed.all_reached(executed.led_to(name, ()) for name in own)
    return {path.relative_to(executed.ROOT).as_posix(): executed.digest(path) for path in sorted(files)}


class Fingerprint:
    """What values are made of, down to numbers and bytecode; what the package holds is called by its name."""

    def __init__(self, page):
        self.page, self.met, self.modules = page, {}, set()

    def of(self, value):
        """Return the fingerprint of a value as nested tuples of text and numbers."""
        if isinstance(value, PLAIN):
            return type(value).__name__, repr(value)
        if isinstance(value, np.ndarray | np.generic) and value.dtype.kind in "biufc":
            return str(value.dtype), value.shape, hashlib.sha256(value.tobytes()).hexdigest()
        if isinstance(value, list | tuple | dict):
            return type(value).__name__, tuple(map(self.of, value.items() if isinstance(value, dict) else value))
        if isinstance(value, set | frozenset):
            return type(value).__name__, tuple(sorted(map(repr, map(self.of, value))))
        if isinstance(value, types.ModuleType) and value.__name__.partition(".")[0] in KNOWN:
            self.modules.add(value.__name__)
            return "module", value.__name__
        return self.once(value)

    def once(self, value):
        """Return the fingerprint of what may be met again from inside itself; then its number is enough."""
        if id(value) in self.met:
            return "again", self.met[id(value)]
        self.met[id(value)] = len(self.met)
        kind, parts = type(value).__name__, inside(value)
        if parts is not None:
            return kind, self.of(parts)
        place = None if getattr(value, "__module__", None) == self.page else named(value)
        if place is None and isinstance(value, types.FunctionType):
            return self.own_function(value)
        if place is None and isinstance(value, type) and value.__module__ == self.page:
            return self.own_class(value)
        if place is None:
            raise Unknown(repr(value)[:80])
        self.modules.add(place[0])
        return "named", *place

    def own_function(self, function):
        """Return a function of the page: its bytecode, its defaults, and all that it takes from around itself."""
        names = reached(function.__code__)
        around = {name: function.__globals__[name] for name in names if name in function.__globals__}
        cells = [cell.cell_contents for cell in function.__closure__ or ()]
        parts = function.__defaults__, function.__kwdefaults__, cells, around
        return "function", self.code(function.__code__), tuple(map(self.of, parts))

    def own_class(self, one):
        """Return a class of the page: its bases and all that is written in it."""
        told = [(f.name, str(f.type), self.of(None if f.default is MISSING else f.default)) for f in fields_of(one)]
        generated = [*BY_PYTHON, "__annotations__", "__dataclass_fields__", "__dataclass_params__"]
        found = {name: thing for name, thing in vars(one).items() if name not in generated and not is_generated(thing)}
        options = repr(getattr(one, "__dataclass_params__", ""))
        return "class", one.__name__, options, told, self.of((one.__bases__, found))

    def code(self, code):
        """Return what a code object does, without where it stands."""
        steps, number = counted(code)
        told = [(NAMES.get(step.opname, step.opname), self.argument(step, code, number)) for step in steps]
        caught = [(*map(number, entry[:3]), *entry[3:]) for entry in dis._parse_exception_table(code)]
        signature = code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags, code.co_varnames
        return code.co_name, signature, told, caught

    def argument(self, step, code, number):
        """Return what a step of bytecode is about; of a jump the number of the step that it leads to."""
        if step.opcode in JUMPS:
            return number(step.argval)
        about = code.co_consts[step.arg] if step.opcode in dis.hasconst else step.argval
        return self.code(about) if isinstance(about, types.CodeType) else self.of(about)


@cache
def counted(code):
    """Return the steps of bytecode that do something, and a function from a place in it to the number of a step.

    `np.sin(x)` has another step for `sin` where `np` was imported in another cell, and is as long as that takes.
    """
    steps = [step for step in dis.get_instructions(code) if step.opname not in NOTHING]
    places = [step.offset for step in steps]
    return steps, lambda place: bisect_left(places, place)


def inside(value):
    """Return what a value is made of; None for what has a text of its own, or no parts that could be named."""
    if isinstance(value, functools._lru_cache_wrapper):
        return [value.__wrapped__]
    if isinstance(value, functools.partial):
        return [value.func, value.args, value.keywords]
    if isinstance(value, property):
        return [value.fget]
    if isinstance(value, staticmethod | classmethod):
        return [value.__func__]
    if isinstance(value, types.SimpleNamespace):
        return vars(value)
    if is_dataclass(value) and not isinstance(value, type):
        return [type(value), {f.name: getattr(value, f.name) for f in fields(value)}]
    return None


def fields_of(one):
    """Return the fields of a class, none where it is no dataclass."""
    return fields(one) if is_dataclass(one) else ()


def is_generated(thing):
    """Tell whether a function was written by `dataclass` and not on the page."""
    return isinstance(thing, types.FunctionType) and thing.__code__.co_filename == "<string>"


@cache
def reached(code):
    """Return the names of all that a function and those inside it take from their module, sorted."""
    inner = [reached(c) for c in code.co_consts if isinstance(c, types.CodeType)]
    own = {step.argval for step in dis.get_instructions(code) if step.opname in GLOBALS}
    return tuple(sorted(own.union(*inner)))


def named(value):
    """Return where any process finds a function, a class, or one of scipy's distributions; None for what has no place.

    Only where the text of that place is known.
    """
    module = getattr(value, "__module__", None) or "numpy"  # ufuncs do not say where they are
    name = getattr(value, "__qualname__", None) or getattr(value, "__name__", None) or getattr(value, "name", None)
    there = sys.modules.get(module) if module.partition(".")[0] in KNOWN else None
    for part in name.split(".") if isinstance(name, str) else ():
        there = getattr(there, part, None)
    return (module, name) if there is value else None


# --- what is kept ---------------------------------------------------------------------------------


def written(value):
    """Return numbers as JSON can hold them, to the last bit. Raises Unknown for anything else."""
    if isinstance(value, np.ndarray | np.generic) and value.dtype.kind in "bif":
        kind = "array" if isinstance(value, np.ndarray) else "number"
        return {kind: value.tolist(), "dtype": str(value.dtype), "shape": value.shape}
    if isinstance(value, list | tuple):
        return {type(value).__name__: [written(part) for part in value]}
    if type(value) in (type(None), bool, int, float):
        return value
    raise Unknown(repr(value)[:80])


def read(value):
    """Return what was written."""
    if not isinstance(value, dict):
        return value
    if "array" in value:
        return np.array(value["array"], dtype=value["dtype"]).reshape(value["shape"])
    if "number" in value:
        return np.array(value["number"], dtype=value["dtype"])[()]
    ((kind, parts),) = value.items()
    return {"list": list, "tuple": tuple}[kind](map(read, parts))


def listened(claim, heard):
    """Return a claim that leaves in `heard` what its functions answer."""

    def noting(name, function):
        def asked(seen):
            heard[name] = answer = function(seen)
            return answer

        return asked

    assumes = {text: noting(("assumes", text), holds) for text, holds in claim.assumes.items()}
    margin = noting("margin", claim.margin if callable(claim.margin) else lambda seen: claim.margin)
    return replace(
        claim,
        assumes=assumes,
        margin=margin,
        predict=noting("predicted", claim.predict),
        measure=noting("measured", claim.measure),
    )


def kept(claim, heard):
    """Return what is written of an experiment."""
    m = heard["measured"] if isinstance(heard["measured"], Measured) else Measured(heard["measured"])
    return {
        "assumes": {text: bool(heard["assumes", text]) for text in claim.assumes},
        "predicted": written(heard["predicted"]),
        "measured": [written(m.value), written(m.runs), m.how, written(m.x)],
        "margin": written(heard["margin"]),
    }


def repeated(claim, told):
    """Return a claim whose experiment has been made: its functions answer what they answered then."""
    measured = Measured(*map(read, told["measured"]))
    return replace(
        claim,
        experiment=lambda **parameters: None,
        assumes={text: lambda seen, holds=holds: holds for text, holds in told["assumes"].items()},
        predict=lambda seen: read(told["predicted"]),
        measure=lambda seen: measured,
        margin=lambda seen: read(told["margin"]),
    )


# --- where claims are judged ----------------------------------------------------------------------


def start():
    """Let claims share what their experiments show, in this process, whenever the variable names a folder."""
    if hasattr(Claim.look, "runs"):
        return
    runs, around = Claim.look, surroundings()

    @functools.wraps(runs)
    def look(self, *alpha, **parameters):
        folder = os.environ.get(VARIABLE)
        if not folder:
            return runs(self, *alpha, **parameters)
        try:
            path = Path(folder) / f"{key(self, parameters, around)}.json"
        except (Unknown, RecursionError):
            return runs(self, *alpha, **parameters)
        if path.exists():
            path.touch()
            return runs(repeated(self, json.loads(path.read_text(encoding="utf-8"))), *alpha)
        heard = {}
        comparison = runs(listened(self, heard), *alpha, **parameters)
        leave(path, self, heard)
        return comparison

    look.runs = runs
    Claim.look = look


def leave(path, claim, heard):
    """Write what an experiment has shown, whole or not at all."""
    try:
        text = json.dumps(kept(claim, heard))
    except Unknown:
        return
    with NamedTemporaryFile("w", dir=path.parent, delete=False, encoding="utf-8") as file:
        file.write(text)
    os.replace(file.name, path)


def forget(folder, days):
    """Throw away what nobody has asked for in so many days."""
    for path in Path(folder).iterdir():
        if path.stat().st_mtime < time.time() - 86400 * days:
            path.unlink(missing_ok=True)
