"""What an editor knows: every name of a face is annotated, and a type checker agrees with what a user writes."""

import inspect
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from test_doctests import NAMES

import tensor_overparam as to

ROOT = Path(__file__).resolve().parent.parent


def functions(thing):
    """Yield (name, function, does it take an instance first?) of what people call of a function or a class."""
    if inspect.isfunction(thing):
        yield thing.__name__, thing, False
        return
    for owner in thing.__mro__:
        for name, member in vars(owner).items():
            public = not name.startswith("_") or name == "__init__" and not hasattr(owner, "__dataclass_fields__")
            kinds = ("fget", "func", "__func__")  # a property, a cached one, a class method
            function = next((inner for kind in kinds if (inner := getattr(member, kind, None))), member)
            if public and inspect.isfunction(function) and function.__module__.startswith(to.__name__):
                yield f"{owner.__name__}.{name}", function, not isinstance(member, staticmethod)


def missing(function, bound):
    """Return the parameters of a function that have no type; its result counts as one."""
    signature = inspect.signature(function)
    taken = list(signature.parameters.values())[bound:]
    without = [parameter.name for parameter in taken if parameter.annotation is parameter.empty]
    is_made = function.__name__ == "__init__"
    return without + ["return"] * (signature.return_annotation is signature.empty and not is_made)


@pytest.mark.parametrize("name", NAMES)
def test_every_name_of_a_face_is_annotated(name):
    thing = NAMES[name]
    wanting = {
        qualified: found
        for qualified, function, bound in functions(thing)
        if not (qualified.endswith("__init__") and getattr(thing, "_is_protocol", False))
        if (found := missing(function, bound))
    }
    assert not wanting


@pytest.mark.parametrize("name", NAMES)
def test_what_may_be_none_says_so(name):
    for qualified, function, _ in functions(NAMES[name]):
        for parameter in inspect.signature(function).parameters.values():
            if parameter.default is None:
                assert re.search("None|Any|object", str(parameter.annotation)), (qualified, parameter)


def test_the_package_says_that_it_is_typed():
    assert (Path(to.__file__).parent / "py.typed").exists()


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("mypy", path=Path(sys.executable).parent), reason="mypy is in the dev extra")
def test_a_type_checker_agrees(tmp_path):
    """Also that it looks: the same file with one wrong expectation is refused."""
    command = [sys.executable, "-m", "mypy"]
    right = subprocess.run(command, cwd=ROOT, text=True, capture_output=True)
    assert right.returncode == 0, right.stdout
    text = (ROOT / "dev" / "typing" / "faces.py").read_text(encoding="utf-8")
    wrong = tmp_path / "wrong.py"
    wrong.write_text(text.replace("assert_type(D.rank, int)", "assert_type(D.rank, str)"), encoding="utf-8")
    here = os.environ | {"MYPYPATH": str(ROOT)}
    back = subprocess.run([*command, wrong], cwd=ROOT, env=here, text=True, capture_output=True)
    assert back.returncode == 1 and back.stdout.count("error:") == 1, back.stdout
