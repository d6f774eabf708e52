"""Odd calls of every public function, seeded: an answer, or a ValueError; nothing raw, no silent NaN, no hang.

    python tests/fuzz/fuzz.py [calls] [seed]        5,000 calls if not given; exit code 1 where something was found
"""

import inspect
import signal
import sys
import time
import traceback
import warnings
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import scipy.sparse

import tensor_overparam as to
from tensor_overparam import tensors
from tensor_overparam.tensors import targets
from tensor_overparam.tensors.problems import cumulant3, whiten

HANG = 60  # seconds
REMEDIES = ("expected", "give", "instead", "keep", "divide", "multiply", "work with")
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


TENSORS = {
    "array": A, "lists": A.tolist(), "single": A.astype("f4"), "half": A.astype("f2"), "long": A.astype("longdouble"),
    "integers": np.ones((3, 3, 3), int), "factored": T, "dense": tensors.Dense(A), "sum": T - 0.5 * tensors.Dense(A),
    "matrix": np.diag([3.0, 2.0, 1.0]), "fit": to.gradient_descent(T, 3, steps=3, rng=0),
    "decomposition": to.decompose(T),
    "own": Own(), "wrong": Wrong(), "batch": tensors.Factored(np.ones((2, 3)), np.ones((2, 3, 4)), 3), "samples": X,
    "text": "text", "none": None, "number": 3.0, "zero": 0 * A, "empty": np.zeros((0, 0)), "NaN": A * np.nan,
    "huge": A * 1e300, "tiny": A * 1e-300, "lopsided": A + np.arange(4), "masked": np.ma.masked_array(A, A > 0),
    "sparse": scipy.sparse.eye(4).tocsr(), "complex": A * 1j, "objects": np.array([[None]]), "dict": {"a": 1},
    "class": tensors.Dense, "generator": (x for x in "ab"), "one": np.ones((1, 1, 1)), "ragged": [[1.0], [1.0, 2.0]],
    "strings": np.array([["a"]]), "bytes": b"abc", "vectors": np.eye(4), "vector": np.ones(4), "set": {1, 2},
}  # fmt: skip
OPTIONS = [0, 1, 2, 3, 5, -1, 0.5, 1e-300, 1e300, np.nan, np.inf, None, True, "text", "auto", [], [1, 2], (3,), 10**30,
           1j, np.int64(2), np.float32(0.5), np.array(2), np.ones(3), b"x", object(), {}, T]  # fmt: skip
SMALL = {  # function: how many tensors come first, options that keep it short, options that are tried
    targets.value: (2, {}, ()), targets.inner: (2, {}, ()), targets.sqnorm: (1, {}, ()), targets.to_dense: (1, {}, ()),
    targets.packed: (1, {}, ()), targets.as_target: (1, {}, ()), targets.cheapest: (1, dict(width=3), ()),
    targets.symmetrize: (1, {}, ()), tensors.Dense: (1, {}, ()), tensors.recovery: (2, {}, ()),
    tensors.with_noise: (1, {}, ("level", "rng")), tensors.moment: (1, {}, ("order",)), tensors.cumulant4: (1, {}, ()),
    tensors.Factored: (2, dict(order=3), ("order",)), cumulant3: (1, {}, ()), whiten: (1, {}, ("directions",)),
    tensors.gaussian: (0, dict(dim=4, rank=2, order=3), ("dim", "rank", "order", "rng")),
    tensors.orthogonal: (0, dict(dim=4, rank=2, order=3), ("dim", "rank", "order", "rng", "weights")),
    to.lazy_width: (0, dict(dim=4, order=3), ("dim", "order")),
    to.decompose: (1, dict(seconds=0.05), ("tol", "noise", "rank", "max_components", "start", "nonnegative", "rng",
                                          "method", "tell", "symmetrize")),
    to.gradient_descent: (1, dict(width=3, steps=3), ("width", "rng", "steps", "learning_rate", "tol")),
    to.modified_gd: (1, dict(width=3, epochs=1), ("width", "rng", "epochs", "tol")),
    to.lazy_fit: (1, dict(width=5), ("width", "rng", "tol")),
}  # fmt: skip


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


def calls(count, seed):
    """Yield (function, names of tensors, options) of odd calls; the same for the same seed."""
    rng = np.random.default_rng(seed)
    functions = list(SMALL)
    for k in range(count):
        fn = functions[k % len(functions)]
        places, short, tried = SMALL[fn]
        known = inspect.signature(fn).parameters
        names = [str(rng.choice([*TENSORS])) for _ in range(places)]
        odd = {o: int(rng.integers(len(OPTIONS))) for o in tried if o in known and rng.random() < 0.4}
        yield fn, names, {k: v for k, v in short.items() if k in known}, odd


def silent(result):
    """Tell whether a result holds NaN or infinity."""
    if isinstance(result, tensors.Factored):
        return silent(result.weights) or silent(result.vectors)
    if isinstance(result, tensors.Dense):
        return silent(result.rows)
    if isinstance(result, tensors.Sum):
        return any(silent(t) for _, t in result.terms)
    if hasattr(result, "relative_error"):
        return silent(result.relative_error)
    if isinstance(result, (int, float, np.number, np.ndarray)):
        a = np.asarray(result)
        return a.dtype.kind in "fc" and not np.isfinite(a).all()
    return False


def fault(fn, names, short, odd):
    """Call, and say what is wrong with what came; empty where it is an answer or a ValueError that helps."""
    try:
        with limit(HANG), warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            result = fn(*map(fresh, names), **short | {k: OPTIONS[v] for k, v in odd.items()})
    except Hang:
        return "hang"
    except ValueError as error:
        return "" if any(word in str(error) for word in REMEDIES) else f"ValueError without a remedy: {error}"
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1].filename
        own_signature = isinstance(error, TypeError) and last == HERE
        return "" if own_signature else f"{type(error).__name__}: {error}"
    return "NaN or infinity, silently" if silent(result) else ""


def faults(count, seed):
    """Yield (call in words, what is wrong with it)."""
    for fn, names, short, odd in calls(count, seed):
        wrong = fault(fn, names, short, odd)
        if wrong:
            options = {k: repr(OPTIONS[v])[:30] for k, v in odd.items()}
            yield f"{fn.__name__}({', '.join(names)}, {options})", wrong


def main(count=5000, seed=0):
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
