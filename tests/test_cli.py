"""The command line as a person uses it: in a process of its own, in a folder of its own."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from tensor_overparam.cli.commands import _sentence
from tensor_overparam.ledger import CHECKS
from tensor_overparam.tensors.problems import gaussian
from tensor_overparam.tensors.targets import to_dense

ROOT = Path(__file__).parents[1]
COMMAND = [sys.executable, "-m", "tensor_overparam"]
SMALL = "compare --dim 8 --rank 2 --widths 1,3 --dims 6,8 --seeds 3"


def call(folder, *words):
    """Run the command in a folder; return what came back."""
    return subprocess.run([*COMMAND, *words], cwd=folder, capture_output=True, text=True, timeout=300)


def test_the_headline(tmp_path):
    """Tables on the screen, a picture and numbers on disk, and the same numbers again for the same words."""
    first, again = call(tmp_path, *SMALL.split()), call(tmp_path, *SMALL.split(), "--out", "again")
    assert first.returncode == again.returncode == 0, first.stderr
    assert "best lazy fit" in first.stdout and "modified needs" in first.stdout
    assert sorted(os.listdir(tmp_path)) == ["again.json", "again.png", "compare.json", "compare.png"]
    a, b = (json.loads((tmp_path / name).read_text()) for name in ("compare.json", "again.json"))
    assert a["same_width"] == b["same_width"] and a["needed_widths"] == b["needed_widths"]
    assert np.median(a["same_width"]["modified"][1]) < 1e-3 < 0.5 < np.median(a["same_width"]["lazy"][1])
    assert a["version"] and a["options"]["rank"] == 2


def test_a_tensor_and_data_of_ones_own(tmp_path):
    """A dense array, a table with a heading, and an array of samples all go through."""
    np.save(tmp_path / "T.npy", 1e4 * to_dense(gaussian(6, 2, 3, rng=1)))
    X = np.random.default_rng(0).laplace(size=(200, 4))
    np.save(tmp_path / "X.npy", X)
    np.savetxt(tmp_path / "X.csv", X, delimiter=",", header="a,b,c,d", comments="")
    small = ["--widths", "1,2", "--seeds", "2", "--epochs", "3"]
    for words in (["--target", "T.npy"], ["--data", "X.csv"], ["--data", "X.npy", "--moment", "3", "--whiten", "0"]):
        back = call(tmp_path, "compare", *words, *small, "--out", "mine")
        assert back.returncode == 0 and "modified GD" in back.stdout, back.stderr
        assert json.loads((tmp_path / "mine.json").read_text())["needed_widths"] is None


@pytest.mark.slow
def test_the_cumulant_of_the_digits(tmp_path):
    """Real data: 1797 pictures of 64 pixels, whitened to ten directions."""
    datasets = pytest.importorskip("sklearn.datasets")
    np.save(tmp_path / "digits.npy", datasets.load_digits().data)
    back = call(tmp_path, "compare", "--data", "digits.npy", "--widths", "2,8", "--seeds", "2", "--epochs", "5")
    assert back.returncode == 0 and "order l = 4, dimension d = 10" in back.stdout, back.stderr
    result = json.loads((tmp_path / "compare.json").read_text())["same_width"]
    assert np.mean(result["modified"]) < np.mean(result["lazy"]) < 1


BAD = {
    "--target nowhere.npy": "no file 'nowhere.npy'",
    "--data nowhere.csv": "no file 'nowhere.csv'",
    "--target text.npy": "expected a .npy file",
    "--target flat.npy": "(2, 3)",
    "--target lopsided.npy": "not symmetric",
    "--target nan.npy": "NaN",
    "--target zero.npy": "zero",
    "--data words.csv": "line 2, column 1",
    "--data empty.csv": "holds no samples",
    "--data X.csv --cumulant 5": "expected 3 or 4",
    "--data X.csv --whiten 7": "between 1 and",
    "--order 1": "expected at least 2",
    "--dim 3 --rank 4 --kind orthogonal": "at most 3",
    "--rank 0": "at least 1",
    "--seeds 0": "at least 1",
    "--widths 0": "positive integers",
    "--dim many": "invalid int",
    "--out nowhere/x": "no folder 'nowhere'",
    "--out /": "expected a name",
    "--target .": "is a folder",
    "--epochs 0": "--epochs is 0",
    "--target zero.npy --dim 3": "--dim describe a planted tensor",
    "--whiten 2": "expected --data",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder of files that are not what they should be."""
    where = tmp_path_factory.mktemp("bad")
    np.save(where / "flat.npy", np.ones((2, 3)))
    np.save(where / "lopsided.npy", np.arange(8.0).reshape(2, 2, 2))
    np.save(where / "nan.npy", np.full((2, 2), np.nan))
    np.save(where / "zero.npy", np.zeros((3, 3, 3)))
    texts = {"text.npy": "text", "words.csv": "1,2\nlong,2\n", "empty.csv": "", "X.csv": "1,2\n2,1\n0,3\n"}
    for name, text in texts.items():
        (where / name).write_text(text)
    return where


ONE_AFTER_THE_OTHER = """
import contextlib, io, json, os, sys, traceback
from tensor_overparam.__main__ import main
answers = {}
for words in json.load(sys.stdin):
    out, err = io.StringIO(), io.StringIO()
    sys.argv = ["tensor-overparam", "compare", *words.split()]
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = main()
        except SystemExit as stop:
            code = stop.code
        except BaseException:
            code = traceback.print_exc() or 1
    answers[words] = code, out.getvalue(), err.getvalue(), sorted(os.listdir())
json.dump(answers, sys.stdout)
"""


@pytest.fixture(scope="module")
def answers(folder):
    """What is said to all mistakes, in one process that loads the package once; and the files before."""
    command, before = [sys.executable, "-c", ONE_AFTER_THE_OTHER], sorted(os.listdir(folder))
    back = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, input=json.dumps(list(BAD)))
    assert back.returncode == 0, back.stderr
    return json.loads(back.stdout), before


@pytest.mark.parametrize("words", BAD)
def test_mistakes_are_answered_in_a_sentence(answers, words):
    """Exit code 2, one sentence on stderr that says what came and what was expected, no traceback, no file."""
    (code, _, error, files), before = answers[0][words], answers[1]
    assert code == 2 and BAD[words] in error, error
    assert "Traceback" not in error and files == before
    if "usage" not in error:
        assert error.count("\n") == 1


@pytest.mark.parametrize("words", ["--target lopsided.npy", "--dim many"])
def test_a_process_of_its_own_says_the_same(folder, answers, words):
    """The command itself, for a mistake that is met on the way and for one in the words themselves."""
    back, (code, out, error, _) = call(folder, "compare", *words.split()), answers[0][words]
    assert (back.returncode, back.stdout, back.stderr) == (code, out, error)


def test_an_interruption_writes_nothing(tmp_path):
    """Ctrl-C in the middle: a word about it, exit code 130, no file."""
    process = subprocess.Popen([*COMMAND, *"compare --order 5 --dims 40 --seeds 20".split()], cwd=tmp_path, text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    for line in process.stdout:
        if "best lazy fit" in line:
            break
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 130 and "interrupted" in error and "Traceback" not in error, error
    assert os.listdir(tmp_path) == []


def test_an_interrupted_claim_has_no_verdict(tmp_path):
    """Ctrl-C in the midst of the ledger: what is printed stays, and nothing is said of the claim at hand."""
    process = subprocess.Popen([*COMMAND, "check", "--json", "out.json"], cwd=tmp_path, text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    lines = [process.stdout.readline(), process.stdout.readline()]
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    rest, error = process.communicate(timeout=60)
    assert process.returncode == 130 and "Traceback" not in error and os.listdir(tmp_path) == []
    assert lines[0].startswith("claim") and lines[1].startswith(next(iter(CHECKS)))
    assert "(recorded:" not in rest and "claims:" not in rest and "which has no verdict" in error, (rest, error)


@pytest.mark.parametrize("module", ["numpy", "scipy.linalg", "tensor_overparam.descent.modified"])
def test_an_interruption_while_it_is_being_loaded_is_quiet(module):
    """Exit code 130 and not a word, wherever among the imports it comes."""
    code = f"""
import signal, sys
class Press:
    def find_spec(self, name, path, target=None):
        if name == {module!r}: signal.raise_signal(signal.SIGINT)
sys.meta_path.insert(0, Press())
from tensor_overparam.__main__ import main
sys.exit(main())
"""
    back = subprocess.run([sys.executable, "-c", code, "compare"], capture_output=True, text=True)
    assert (back.returncode, back.stdout, back.stderr) == (130, "", "")


@pytest.mark.parametrize("answer", ["return 0", "raise KeyboardInterrupt", "raise ValueError('no')"])
def test_an_interruption_that_comes_again_does_not_change_the_exit_code(answer):
    """Pressed where Python cannot raise it, it comes again 20 ms later: then the work may be over already."""
    code = f"""
import signal, sys
import tensor_overparam.cli.commands as commands
class Deaf:
    def __del__(self): signal.raise_signal(signal.SIGINT)
def command(a, say):
    Deaf()
    {answer}
commands.COMMANDS["compare"] = command
from tensor_overparam.__main__ import main
code = main()
signal.raise_signal(signal.SIGINT)
sys.exit(code)
"""
    back = subprocess.run([sys.executable, "-c", code, "compare"], capture_output=True, text=True)
    assert back.returncode == {"return 0": 0, "raise KeyboardInterrupt": 130}.get(answer, 2), back.stderr
    assert "Traceback" not in back.stderr and "Exception" not in back.stderr


def test_loading_is_inside_the_net():
    """What the entry point is in loads nothing heavy; what is heavy is loaded where Ctrl-C is heard."""
    code = "import sys, tensor_overparam.__main__; print(*sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"numpy", "scipy", "tensor_overparam.cli"} & set(found)
    assert "tensor_overparam.__main__:main" in (ROOT / "settings.ini").read_text(encoding="utf-8")


def test_the_ledger(tmp_path):
    """Names are listed with their statements, chosen checks run, unknown ones are answered with what is close."""
    listed = call(tmp_path, "check", "--list")
    assert all(name in listed.stdout for name in CHECKS)
    back = call(tmp_path, "check", "lazy-rank", "--quick", "--json", "ledger.json")
    assert back.returncode == 0 and json.loads((tmp_path / "ledger.json").read_text())[0]["verdict"] == "holds"
    wrong = call(tmp_path, "check", "lazy-rang")
    assert wrong.returncode == 2 and "lazy-rank" in wrong.stderr and "Traceback" not in wrong.stderr
    for words in ("nonsense", "--target none.npy"):
        wrong = call(tmp_path, "check", *words.split())
        assert wrong.returncode == 2 and wrong.stdout == ""
        assert len(wrong.stderr) < 300 and wrong.stderr.count("\n") == 1


def test_parameters_go_by_the_names_of_their_options():
    """What a function says of `rng` is about --seed here; what it says of a file of one's own is no option."""
    a = SimpleNamespace(target=None, data=None, seed=-1, dim=0, rank=4, max_components=0)
    assert _sentence(ValueError("rng is -1; expected"), a) == "--seed is -1; expected"
    assert _sentence(ValueError("dim is 0 and rank is 4; both"), a) == "--dim is 0 and --rank is 4; both"
    assert _sentence(ValueError("max_components is 0; expected"), a) == "--max-components is 0; expected"
    assert _sentence(ValueError("the rank is 3"), a) == "the rank is 3"
    a.target = "T.npy"
    assert _sentence(ValueError("dim is 3; expected"), a) == "dim is 3; expected"


def test_help_is_for_people(tmp_path):
    """Help says what the thing is about and shows examples; without a command it explains itself."""
    back = call(tmp_path, "--help")
    assert back.returncode == 0 and "examples:" in back.stdout and "compare" in back.stdout
    assert call(tmp_path).returncode == 2 and call(tmp_path, "--version").stdout.startswith("tensor_overparam ")
