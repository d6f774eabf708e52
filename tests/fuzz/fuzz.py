"""Odd calls of every public name, seeded: an answer, or a ValueError; nothing raw, no silent NaN, no hang.

    python tests/fuzz/fuzz.py [calls] [seed]        6,000 calls if not given; exit code 1 where something was found
"""

import contextlib
import inspect
import io
import re
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, fields, is_dataclass
from itertools import islice
from pathlib import Path

import matplotlib.pyplot
import numpy as np
import scipy.sparse

import tensor_overparam as to
from tensor_overparam import (
    cli,
    core,
    data,
    decomposition,
    descent,
    explorers,
    implicit_bias,
    ledger,
    nets,
    plots,
    rotation,
    sweeps,
    tensors,
)
from tensor_overparam.descent import regimes
from tensor_overparam.tensors import targets
from tensor_overparam.tensors.problems import cumulant3, likeness, whiten

matplotlib.use("Agg")
HANG = 60  # seconds
ROOM = tempfile.TemporaryDirectory()  # where calls leave their files
REMEDIES = ("xpected", "give", "instead", "keep", "divide", "multiply", "work with", "did you mean", "pass", "drop")
OWN = ("step()", "succeeds()", "objective()", "squares()", "Dense.__init__()")  # called with what they do not take
HERE = str(Path(__file__).resolve())
T = tensors.gaussian(4, 2, 3, rng=0)
A = targets.to_dense(T)
X = np.random.default_rng(0).laplace(size=(50, 3))


class Own:
    """A target of one's own."""

    order, dim = 3, 4

    def contract(self, C):
        """Contract the unit tensor."""
        return np.asarray(C) ** 2


class Wrong(Own):
    """Answers with something else."""

    def contract(self, C):
        """Answer with a number."""
        return 3


@dataclass(frozen=True)
class Point:
    """What a step function is handed."""

    x: float


def step(p):
    """Halve."""
    return core.Move(Point(p.x / 2), 1.0, {"loss": p.x**2})


def succeeds(width, seed):
    """An experiment: wide is enough."""
    return width + seed % 2 > 3


def squares(n=3):
    """A view."""
    return explorers.View((explorers.Panel("squares", "k", "k²", (explorers.Series(range(n), range(n)),)),))


def objective(W, c):
    """Half the squared sizes of neurons and weights, and the gradients."""
    with contextlib.suppress(ValueError):
        W, c = np.atleast_2d(W), np.atleast_1d(c)
        return np.sum(W**2, axis=(-2, -1)) / 2 + np.sum(c**2, axis=-1) / 2, W, c


FIT = to.gradient_descent(T, 3, steps=3, rng=0, observe={"C": lambda s: s.params.C})
D = to.decompose(T)
PREDICTION = core.Prediction("here", "number", "equal", 1.0)
TENSORS = {
    "array": A, "lists": A.tolist(), "single": A.astype("f4"), "half": A.astype("f2"), "long": A.astype("longdouble"),
    "integers": np.ones((3, 3, 3), int), "factored": T, "dense": tensors.Dense(A), "sum": T - 0.5 * tensors.Dense(A),
    "matrix": np.diag([3.0, 2.0, 1.0]), "fit": FIT, "decomposition": D,
    "own": Own(), "wrong": Wrong(), "batch": tensors.Factored(np.ones((2, 3)), np.ones((2, 3, 4)), 3), "samples": X,
    "text": "text", "none": None, "number": 3.0, "zero": 0 * A, "empty": np.zeros((0, 0)), "NaN": A * np.nan,
    "huge": A * 1e300, "tiny": A * 1e-300, "lopsided": A + np.arange(4), "masked": np.ma.masked_array(A, A > 0),
    "sparse": scipy.sparse.eye(4).tocsr(), "complex": A * 1j, "objects": np.array([[None]]), "dict": {"a": 1},
    "class": tensors.Dense, "generator": (x for x in "ab"), "one": np.ones((1, 1, 1)), "ragged": [[1.0], [1.0, 2.0]],
    "strings": np.array([["a"]]), "bytes": b"abc", "vectors": np.eye(4), "vector": np.ones(4), "set": {1, 2},
    "whole": 3, "words": ["phase", "--list"], "huge samples": X * 1e200, "tiny samples": X * 1e-200,
    "constant": np.ones((20, 3)), "column": X[:, :1], "wide": X.T, "labels": X[:, 0], "run": FIT.run, "step": step,
    "point": Point(1.0), "succeeds": succeeds, "squares": squares, "objective": objective, "prediction": PREDICTION,
    "pair": (1, 4), "several": [2, 3, 4], "grid": {"width": [1, 2]}, "name": "width",
    "needed": regimes.needed_widths((5, 6), 1, 3, "random", [0], epochs=5),
    "errors": regimes.same_width(T, (1, 2), [0], epochs=3),
    "curve": [sweeps.curve("dim", [4, 5], algorithm="modified", order=3, rank=1, low=1, high=2, epochs=3, trials=4)],
    "phase": sweeps.phase("rank", [1, 2], [1, 2], range(2), algorithm="modified", order=3, dim=4, epochs=3),
    "blocks": data.as_blocks([X[:20], X[20:]]), "memory": ":memory:",
    "sources": data.ica(np.random.default_rng(1).laplace(size=(2000, 3))),
    "comparison": core.compare(PREDICTION, 1.0, 0.0), "teacher": nets.QuadraticTeacher(np.diag([3.0, 2.0, 1.0])),
}  # fmt: skip
OPTIONS = [0, 1, 2, 3, 5, -1, 0.5, 1e-300, 1e300, np.nan, np.inf, None, True, "text", "auto", [], [1, 2], (3,), 10**30,
           1j, np.int64(2), np.float32(0.5), np.array(2), np.ones(3), b"x", object(), {}, T]  # fmt: skip
SHORT = dict(steps=3)
CURVE = dict(algorithm="modified", order=3, rank=1, low=1, high=2, epochs=2, trials=4)
PHASE = dict(algorithm="modified", order=3, dim=4, epochs=2)
CLAIM = dict(statement="s", cite="c", basis="derived", quantity="q", kind="equal", about=squares, predict=squares,
             measure=squares, assumes={}, outside={}, broken={})  # fmt: skip
# function: names of inputs that fit its first places, and options that keep it short. Every other option is tried.
PUBLIC = {
    to.decompose: ("factored", dict(seconds=0.05)), to.modified_gd: ("factored whole", dict(epochs=1)),
    to.gradient_descent: ("factored whole", SHORT), to.lazy_fit: ("factored vectors", {}),
    to.lazy_width: ("whole whole", {}), to.symmetrize: ("lopsided", {}),
    tensors.Factored: ("vector vectors whole", {}), tensors.Dense: ("array", {}),
    to.Decomposition: ("vector vectors whole number text dict several dict text", {}),
    to.Fit: ("run factored number text", {}), to.sweep: ("succeeds grid several memory", dict(progress=False)),
    to.explore: ("squares", dict(n=[3, 4])), core.Move: ("point number dict", {}),
    core.State: ("whole number point dict", {}), core.iterate: ("step point", dict(steps=3)),
    core.run: ("step point", dict(steps=3)), core.Run: ("labels labels dict pair point text", {}),
    core.join: ("run run", {}), core.Claim: ("", CLAIM), core.Prediction: ("text text text number", {}),
    core.compare: ("prediction number number", {}),
    core.Comparison: ("prediction vector vector vector vector number number text", {}),
    tensors.gaussian: ("whole whole whole", {}), tensors.orthogonal: ("whole whole whole", {}),
    tensors.correlated: ("whole whole whole", {}), tensors.with_noise: ("factored number", {}),
    tensors.moment: ("samples whole", {}), tensors.cumulant4: ("samples", {}),
    tensors.recovery: ("factored factored", {}), tensors.Sum: ("several", {}), cumulant3: ("samples", {}),
    whiten: ("samples", {}), likeness: ("factored vectors", {}), targets.value: ("factored vectors", {}),
    targets.inner: ("factored array", {}), targets.sqnorm: ("factored", {}), targets.to_dense: ("factored", {}),
    targets.packed: ("factored", {}), targets.as_target: ("array", {}), targets.cheapest: ("factored whole", {}),
    descent.lazy_flow: ("factored vectors", {}), descent.lazy_gd: ("factored whole", SHORT),
    descent.scaled_gd: ("factored whole", SHORT), descent.als: ("factored whole", SHORT),
    descent.deflation_flow: ("factored whole", dict(time=0.05)), descent.classify: ("factored factored", {}),
    implicit_bias.descend: ("samples labels", SHORT), implicit_bias.Descent: ("run none", {}),
    implicit_bias.Optimiser: ("step number", {}),
    implicit_bias.Regression: ("samples labels matrix vector matrix", {}),
    implicit_bias.gaussian_regression: ("", dict(n=2, d=3)), implicit_bias.min_norm: ("samples labels", {}),
    implicit_bias.adagrad_flow: ("wide vector", {}), implicit_bias.sign_limit: ("wide vector", {}),
    implicit_bias.span_split: ("vector matrix", {}), implicit_bias.exact_risk: ("samples vector number", {}),
    implicit_bias.wilson_data: ("whole whole", {}), decomposition.certify: ("vectors whole whole number", {}),
    decomposition.uniqueness: ("vectors whole", {}), decomposition.condition_number: ("vectors whole whole", {}),
    decomposition.Stage: ("text whole number", {}), decomposition.Look: ("factored pair whole whole text", {}),
    decomposition.Certificate: ("text text text number number", {}), data.as_blocks: ("samples", {}),
    data.Blocks: ("squares whole", {}), data.moments: ("samples", {}), data.whitening: ("samples", {}),
    data.Whitening: ("vector matrix matrix whole", {}), data.ica: ("samples", {}),
    data.Sources: ("matrix " * 3 + "vector " * 4 + "whole " * 3 + "none", {}),
    data.replication: ("samples sources", {}), data.mixture: ("samples whole", {}),
    data.Mixture: ("matrix vector number matrix vector whole", {}), data.SymmetricICA: ("", {}),
    data.MomentMixture: ("", {}), nets.rf_risk: ("matrix matrix", {}), nets.nt_risk: ("matrix matrix", {}),
    nets.nn_risk: ("matrix whole", {}), nets.mixture_risk: ("matrix matrix matrix", {}),
    nets.Activation: ("text number number number number squares", {}), nets.rf_limit: ("matrix whole", {}),
    nets.nt_limit: ("matrix whole", {}), nets.curves: ("vector vector", {}), nets.covariance: ("matrix", {}),
    nets.train_net: ("teacher whole", SHORT | dict(batch_size=5)),
    nets.NetFit: ("run matrix number number number", {}), nets.QuadraticTeacher: ("matrix", {}),
    rotation.cayley: ("number", {}), rotation.procrustes: ("vectors vectors", {}),
    rotation.hyperspherical_energy: ("vectors", {}), rotation.mean_energy: ("whole whole", {}),
    rotation.minimise_energy: ("vectors", dict(steps=5)), rotation.teacher_student: ("whole", {}),
    rotation.train_neurons: ("objective vectors vector", SHORT), rotation.energy_curve: ("", dict(steps=3)),
    rotation.rotated_fit: ("factored vectors", dict(restarts=1, steps=5)),
    rotation.rotated_width: ("whole whole", {}), sweeps.SweepStore: ("memory", {}), sweeps.batched: ("succeeds", {}),
    sweeps.threshold: ("succeeds pair", dict(trials=5, block=5)),
    sweeps.Threshold: ("whole " + "pair " * 7 + "number number none", {}),
    sweeps.scaling: ("several several", dict(draws=20)), sweeps.curve: ("name several", CURVE),
    sweeps.Curve: ("text text pair pair pair dict", {}), sweeps.phase: ("name several several pair", PHASE),
    sweeps.PhaseDiagram: ("text pair pair matrix matrix dict", {}), sweeps.plan: ("", {}), plots.canvas: ("", {}),
    plots.loss_curve: ("fit", {}), plots.errors_by_width: ("errors", {}), plots.widths_by_dim: ("needed", {}),
    plots.headline: ("errors needed", {}), plots.decomposition: ("decomposition", {}),
    plots.component_cosines: ("fit factored", {}), plots.component_masses: ("fit", {}),
    plots.directions: ("factored", {}), plots.phase_diagram: ("phase", {}), plots.thresholds: ("curve", {}),
    plots.film: ("fit factored", dict(times=[0.0])), explorers.Explorer: ("squares several", {}),
    explorers.Control: ("text text several whole", {}), explorers.View: ("pair", {}),
    explorers.Panel: ("text text text", {}), explorers.Series: ("vector vector", {}),
    explorers.Play: ("several", {}), explorers.Handle: ("number number text text", {}),
    explorers.Field: ("several pair matrix", {}), ledger.Entry: ("text none comparison number", {}),
    ledger.Report: ("several", {}), ledger.line: ("none", {}), ledger.report: ("empty", {}),
    ledger.check_target: ("matrix", dict(width=1)), cli.main: ("words", {}),
}  # fmt: skip
APART = {  # a protocol, an enumeration, an error, a base class; and what fills a folder, by `phase` and `curve` alone
    to.Target, core.Stop, to.Diverged, core.Result, sweeps.run_all}  # fmt: skip
TAKEN = {f for f in PUBLIC if isinstance(f, type) and f not in (tensors.Factored, tensors.Dense)}  # as it comes
WHOLE_LEDGER = (ledger.report, "none")  # takes minutes
KEPT_SHORT = {"seconds", "restarts", "progress", "draws", "times", "n"}  # never longer than this
class Hang(BaseException):
    """Longer than allowed."""


@contextmanager
def limit(seconds):
    """Raise `Hang` in what takes longer."""

    def ring(*_):
        raise Hang

    before = signal.signal(signal.SIGALRM, ring)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def fresh(name):
    """Return the input of a name; a generator is made anew."""
    return (x for x in "ab") if name == "generator" else TENSORS[name]


def names_of(fn):
    """Return the names of the options of a function that are tried."""
    places, short = PUBLIC[fn]
    try:
        known = inspect.signature(fn).parameters.values()
    except (TypeError, ValueError):
        return []
    apart = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    options = [p.name for p in known if p.kind not in apart and not isinstance(p.default, bool)]
    return options[len(places.split()) :] + [*(short.keys() & {"order"})]


def calls(count, seed):
    """Yield (function, names of inputs, options) of odd calls; the same for the same seed."""
    rng = np.random.default_rng(seed)
    functions = list(PUBLIC)
    for k in range(count):
        fn = functions[k % len(functions)]
        names = [name if rng.random() < 0.4 else str(rng.choice([*TENSORS])) for name in PUBLIC[fn][0].split()]
        names = ["empty" if (fn, name) == WHOLE_LEDGER else name for name in names]
        tried = [o for o in names_of(fn) if o not in KEPT_SHORT and rng.random() < 0.3]
        yield fn, names, {o: int(rng.integers(len(OPTIONS))) for o in tried}


def tells(thing):
    """Say whether the docstring of a function or a result speaks of infinity or nan."""
    return bool(re.search(r"\b(infinite|infinity|nan)\b", thing.__doc__ or "", re.IGNORECASE))


def numbers(result, depth=3):
    """Yield the numbers in a result: of its attributes, its entries and their entries."""
    if isinstance(result, np.ndarray):
        if result.dtype.names:
            return
        yield result
    elif isinstance(result, (int, float, complex, np.number)) and not isinstance(result, bool):
        if not isinstance(result, int) or abs(result) < 2**1000:
            yield np.asarray(result)
    elif depth and isinstance(result, (list, tuple)):
        for one in result[:100]:
            yield from numbers(one, depth - 1)
    elif depth and isinstance(result, dict):
        for one in result.values():
            yield from numbers(one, depth - 1)
    elif depth and is_dataclass(result) and not isinstance(result, type) and not tells(result):
        for f in fields(result):
            yield from numbers(getattr(result, f.name), depth - 1)


def silent(result):
    """Tell whether a result holds NaN or infinity."""
    return any(a.dtype.kind in "fc" and not np.isfinite(a).all() for a in numbers(result))


def answered(fn, names, odd):
    """Call; what is a generator is read, and what is printed or left behind goes."""
    options = (PUBLIC[fn][1] if fn in PUBLIC else {}) | {k: OPTIONS[v] for k, v in odd.items()}
    quiet = contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO())
    with quiet[0], quiet[1], contextlib.chdir(ROOM.name):
        result = fn(*map(fresh, names), **options)
        if inspect.isgenerator(result):
            result = list(islice(result, 20))
    return result


def fault(fn, names, odd):
    """Call, and say what is wrong with what came; empty where it is an answer or a ValueError that helps."""
    try:
        with limit(HANG), warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            result = answered(fn, names, odd)
    except Hang:
        return "hang"
    except ValueError as error:
        return "" if any(word in str(error) for word in REMEDIES) else f"ValueError without a remedy: {error}"
    except SystemExit as end:
        return "" if end.code in (0, 2) else f"exit with {end.code}"
    except Exception as error:
        frames = traceback.extract_tb(error.__traceback__)
        last, inner = frames[-1], [frame.filename for frame in frames[2:]]
        where = f"{Path(last.filename).name}:{last.name}"
        signature = isinstance(error, TypeError) and str(error).startswith(OWN)
        return "" if HERE in inner or len(frames) == 2 or signature else f"{type(error).__name__}: {error} [{where}]"
    finally:
        matplotlib.pyplot.close("all")
    return "NaN or infinity, silently" if not (fn in TAKEN or tells(fn)) and silent(result) else ""


def faults(count, seed):
    """Yield (call in words, what is wrong with it)."""
    for fn, names, odd in calls(count, seed):
        wrong = fault(fn, names, odd)
        if wrong:
            options = {k: repr(OPTIONS[v])[:30] for k, v in odd.items()}
            yield f"{fn.__name__}({', '.join(names)}, {options})", wrong


def main(count=6000, seed=0):
    """Print what was found, by kind; return the exit code."""
    start, found = time.process_time(), list(faults(int(count), int(seed)))
    kinds = Counter((call.split("(")[0], wrong[:90]) for call, wrong in found)
    for (name, wrong), n in kinds.most_common():
        example = next(call for call, w in found if call.startswith(name + "(") and w[:90] == wrong)
        print(f"{n:5}  {name}: {wrong}\n       {example}")
    print(f"{count} calls, {len(found)} faults, {time.process_time() - start:.0f} s of processor time")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
