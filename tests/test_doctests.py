"""What stands on a face explains itself: full numpydoc docstrings, whose examples run."""

import dataclasses
import doctest
import inspect
import warnings
from enum import Enum
from functools import cache

import docstrings
import numpy as np
import pytest

import tensor_overparam as to

LEDGER = ("report", "Report", "check_target")
WINGS = [name for name in dir(to) if inspect.ismodule(getattr(to, name)) and name != "ledger"]


def on_faces():
    """Return {name: function or class} of all that stands on a face, the top's own face included."""
    found = {name: getattr(to, name) for name in to.__all__}
    for wing in WINGS:
        face = getattr(to, wing)
        found |= {f"{wing}.{name}": getattr(face, name) for name in face.__all__}
    found |= {f"ledger.{name}": getattr(to.ledger, name) for name in LEDGER if hasattr(to.ledger, name)}
    once = {id(thing): (name, thing) for name, thing in found.items()}
    return {name: thing for name, thing in once.values() if inspect.isfunction(thing) or inspect.isclass(thing)}


NAMES = on_faces()
every_name = pytest.mark.parametrize("name", NAMES)


def parameters(thing):
    """Return the names of what a function takes, or of what a class is made of."""
    if dataclasses.is_dataclass(thing):
        return [field.name for field in dataclasses.fields(thing) if not field.name.startswith("_")]
    if inspect.isclass(thing) and issubclass(thing, Enum):
        return list(thing.__members__)
    if inspect.isclass(thing) and thing.__init__ is object.__init__ or getattr(thing, "_is_protocol", False):
        return list(thing.__annotations__)
    return [name for name in inspect.signature(thing).parameters]


def returns_something(function):
    """Tell whether a function has a result to speak of."""
    return inspect.isfunction(function) and inspect.signature(function).return_annotation not in (None, "None")


@every_name
def test_it_says_everything_once(name):
    thing = NAMES[name]
    found = docstrings.sections(thing.__doc__)
    wanted = parameters(thing)
    assert found[""], "no summary"
    documented = docstrings.names(found.get("Parameters", []) + found.get("Attributes", []))
    if inspect.isclass(thing):
        assert not (missing := set(wanted) - set(documented)), f"not documented: {missing}"
        assert not (other := {name for name in documented if not known(thing, name)}), f"no such thing: {other}"
    else:
        assert documented == wanted, "the parameters are other ones than those of the signature"
    if returns_something(thing):
        assert found.keys() & {"Returns", "Yields"}, "it does not say what it returns"
    assert ">>>" in found.get("Examples", ""), "no example"
    for listed in ("Parameters", "Attributes", "Returns", "Raises"):
        assert all(meaning for _, _, meaning in found.get(listed, ())), f"an entry of {listed} has no words"


def known(thing, name):
    """Tell whether a class has a field, an attribute or a parameter of a name; an estimator after a fit."""
    if hasattr(thing, "fit") and name.endswith("_"):
        return hasattr(fitted(thing), name) or name == "feature_names_in_"  # scikit-learn's own, of DataFrames only
    return name in parameters(thing) or hasattr(thing, name) or name in inspect.signature(thing).parameters


@cache
def fitted(estimator):
    """Fit three clouds of points, where there is something to find for every estimator."""
    rng = np.random.default_rng(0)
    X = 5 * rng.normal(size=(3, 6))[rng.integers(3, size=3000)] + rng.normal(size=(3000, 6))
    with warnings.catch_warnings(action="ignore"):
        return estimator().fit(X)


@every_name
def test_its_examples_run(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "Agg")
    thing = NAMES[name]
    globs = dict(vars(inspect.getmodule(thing)))
    runner = doctest.DocTestRunner(verbose=False, optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
    said = []
    for test in doctest.DocTestFinder().find(thing, name, globs=globs):
        runner.run(test, out=said.append, clear_globs=False)
    assert not runner.failures, "".join(said)
