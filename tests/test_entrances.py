"""Every entrance takes what its neighbours take, and what is refused is refused in a sentence with its remedy."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

import tensor_overparam
from tensor_overparam import decompose
from tensor_overparam.tensors import Factored, gaussian, recovery, with_noise
from tensor_overparam.tensors.targets import as_target, inner, packed, sqnorm, to_dense, value

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs an alarm")
spec = importlib.util.spec_from_file_location("fuzz", Path(__file__).parent / "fuzz/fuzz.py")
fuzz = importlib.util.module_from_spec(spec)
spec.loader.exec_module(fuzz)

TENSORS = ["array", "lists", "single", "long", "factored", "dense", "decomposition"]  # the same tensor in many forms
T, A, C = fuzz.T, fuzz.A, np.random.default_rng(1).normal(size=(5, 4))
QUESTIONS = {
    "value": lambda S: value(S, C), "values of lists": lambda S: value(S, C.tolist()), "inner": lambda S: inner(S, A),
    "inner turned": lambda S: inner(T, S), "sqnorm": sqnorm, "to_dense": to_dense, "packed": lambda S: packed(S).rows,
    "with_noise": lambda S: to_dense(with_noise(S, 0.1, rng=0)), "decompose": lambda S: abs(decompose(S).weights),
}  # fmt: skip


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("name", TENSORS)
def test_a_tensor_is_a_tensor_in_any_form(name, question):
    """The same answer, to the digits that the numbers have."""
    S = fuzz.fresh(name)
    tol = 1e-5 if name == "single" else 1e-9
    assert np.allclose(QUESTIONS[question](S), QUESTIONS[question](T), rtol=tol, atol=tol)


def test_results_are_tensors():
    """What was found stands for itself, wherever a tensor or components are asked for."""
    fit, found = fuzz.TENSORS["fit"], fuzz.TENSORS["decomposition"]
    assert as_target(fit) is fit.student and np.isclose(sqnorm(fit), sqnorm(fit.student))
    assert recovery(found, T).worst > 1 - 1e-9 and recovery(T, found).worst > 1 - 1e-9
    assert np.array_equal(recovery(fit, T).cosine, recovery(fit.student, T).cosine)


@pytest.mark.parametrize("fn", fuzz.PUBLIC, ids=lambda fn: f"{fn.__module__.partition('.')[2]}.{fn.__name__}")
def test_every_entrance_with_every_input(fn):
    """An answer of finite numbers, or a ValueError that says what to do; Python's own signature errors aside."""
    good, found = fuzz.PUBLIC[fn][0].split(), {}
    assert not good or not fuzz.fault(fn, good, {})
    for place in range(len(good)):
        for name in fuzz.TENSORS:
            names = [*good[:place], name, *good[place + 1 :]]
            if (fn, name) != fuzz.WHOLE_LEDGER and (wrong := fuzz.fault(fn, names, {})):
                found[tuple(names)] = wrong
    assert not found


def test_every_public_name_is_an_entrance():
    """A function or a class that a face offers is in the table, or stands apart for a reason."""
    wings = [importlib.import_module(f"tensor_overparam.{wing}") for wing in tensor_overparam._WINGS]
    faces = [tensor_overparam, *wings]
    offered = {thing for face in faces for thing in (getattr(face, name) for name in face.__all__) if callable(thing)}
    assert offered <= fuzz.PUBLIC.keys() | fuzz.APART and len(faces) == 14


@pytest.mark.parametrize("seed", [0, 1])
def test_odd_calls(seed):
    """Two thousand calls, odd in several places at once; `python tests/fuzz/fuzz.py` makes six thousand."""
    assert list(fuzz.faults(2000, seed)) == []


def test_the_fuzz_sees_what_it_is_for():
    """It would tell a raw error, a silent NaN, a ValueError without a remedy and a hang."""
    def raw(x): return x.order
    def silent(x): return np.array([np.nan])
    def bare(x): raise ValueError("no")
    def slow(x):
        while True:
            pass
    assert "AttributeError" in fuzz.fault(lambda x: raw(x), ["array"], {})
    assert fuzz.fault(silent, ["array"], {}).startswith("NaN") and "remedy" in fuzz.fault(bare, ["array"], {})
    assert fuzz.fault(lambda: 1, ["array"], {}) == ""
    before, fuzz.HANG = fuzz.HANG, 1
    try:
        assert fuzz.fault(slow, ["array"], {}) == "hang"
    finally:
        fuzz.HANG = before


def test_batches_that_do_not_fit():
    many = Factored(np.ones((2, 3)), np.ones((2, 3, 4)), 3)
    assert value(many, C).shape == (2, 5)
    with pytest.raises(ValueError, match="expected one set of vectors for all of them"):
        value(many, np.ones((3, 5, 4)))
    with pytest.raises(ValueError, match="contract answered 3"):
        to_dense(fuzz.Wrong())
    with pytest.raises(ValueError, match="take fewer components"):
        gaussian(10, 10**9, 3)
