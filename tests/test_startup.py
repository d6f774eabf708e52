"""Start-up: which modules are loaded by an import, and by a command that only has to say something."""

import subprocess
import sys

import pytest

PARTS = {f"scipy.{part}" for part in "linalg optimize integrate interpolate special stats sparse spatial fft".split()}
HEAVY = PARTS | {"array_api_compat.numpy", "numpy.f2py", "numpy.testing", "matplotlib", "ipywidgets", "IPython", "tqdm"}
HEAVY |= {"sklearn", "pandas", "dask", "torch", "threadpoolctl", "unittest", "asyncio"}


def loaded(*command):
    """Return the names of all modules that an interpreter has loaded at its end."""
    code = "import sys, atexit; atexit.register(lambda: print('\\n'.join(sys.modules)));"
    said = subprocess.run([sys.executable, "-c", code + command[0], *command[1:]], capture_output=True, text=True)
    return set(said.stdout.split("\n"))


def test_the_face_loads_nothing_but_its_version():
    modules = loaded("import tensor_overparam")
    assert "numpy" not in modules
    assert {m for m in modules if m.startswith("tensor_overparam")} == {"tensor_overparam", "tensor_overparam._version"}


WINGS = "core tensors descent implicit_bias decomposition data nets rotation explorers sweeps ledger".split()


@pytest.mark.parametrize("statement", [f"import tensor_overparam.{wing}" for wing in WINGS] + [
    "from tensor_overparam.descent import modified", "from tensor_overparam import modified_gd, Factored, sweep"])
def test_a_wing_loads_numpy_and_nothing_heavy(statement):
    """SciPy's parts come when they are first used; SciPy itself, which loads them, costs little."""
    modules = loaded(statement)
    assert "numpy" in modules and not HEAVY & modules


def test_a_part_of_scipy_comes_with_its_first_use():
    """So that the tests above can fail."""
    assert not PARTS & loaded("from tensor_overparam.tensors import problems")
    assert "scipy.optimize" in loaded("from tensor_overparam.tensors import problems; problems.scipy.optimize.brentq")


COMMANDS = {
    "version": ["--version"], "help": ["--help"], "mistake": ["compose"], "option": ["compare", "--sedes", "3"],
    "number": ["phase", "--dim", "many"], "nothing": [],
}


@pytest.mark.parametrize("words", COMMANDS.values(), ids=COMMANDS)
def test_the_command_line_reads_before_it_loads(words):
    """What can be said without computing is said without NumPy."""
    modules = loaded("from tensor_overparam.__main__ import main; sys.exit(main())", *words)
    assert not {m for m in modules if m.partition(".")[0] in ("numpy", "scipy", "array_api_compat", "matplotlib")}
    if words == ["--version"]:
        assert "argparse" not in modules


CHOICES = {
    "help": ["compare", "--help"], "kind": ["compare", "--kind", "round"], "algorithm": ["phase", "--algorithm", "no"],
    "completion": ["--print-completion", "bash"],
}


@pytest.mark.parametrize("words", CHOICES.values(), ids=CHOICES)
def test_words_to_choose_from_are_loaded_when_they_are_asked_for(words):
    modules = loaded("from tensor_overparam.__main__ import main; sys.exit(main())", *words)
    assert "numpy" in modules and not HEAVY & modules


def test_choices_are_those_of_the_modules():
    """The kinds of targets and the names of algorithms stand in one place each."""
    from tensor_overparam.cli.commands import parser
    from tensor_overparam.cli.completion import subparsers
    from tensor_overparam.descent.registry import names
    from tensor_overparam.sweeps.diagrams import NAMES
    from tensor_overparam.tensors.problems import KINDS
    def words(command, option):
        actions = subparsers(parser())[command]._actions
        return list(next(a for a in actions if option in a.option_strings).choices)
    assert words("compare", "--kind") == words("phase", "--kind") == list(KINDS)
    assert words("compare", "--algorithm") == list(names()) and words("phase", "--algorithm") == list(NAMES)
