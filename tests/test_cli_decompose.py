"""The command `decompose`: files in, components out, one sentence for what cannot be done."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from tensor_overparam.cli.commands import main
from tensor_overparam.decomposition.answer import Decomposition
from tensor_overparam.tensors.problems import gaussian, recovery, with_noise
from tensor_overparam.tensors.targets import to_dense

T = gaussian(8, 3, 3, rng=1)


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder of one's own with a few files in it."""
    monkeypatch.chdir(tmp_path)
    A = to_dense(T)
    np.save("T.npy", A)
    np.savez("T.npz", weights=T.weights, vectors=T.vectors, order=3)
    parts = {"weights": T.weights.tolist(), "vectors": T.vectors.tolist(), "order": 3}
    (tmp_path / "T.json").write_text(json.dumps(parts))
    (tmp_path / "half.json").write_text('{"order": 3}')
    (tmp_path / "empty.json").write_text('{"order": 3, "weights": [], "vectors": []}')
    A = A.copy()
    A[0, 1, 2] += 0.5
    np.save("lopsided.npy", A)
    np.save("zero.npy", np.zeros((3, 3, 3)))
    np.save("objects.npy", np.array([{}], dtype=object))
    rng = np.random.default_rng(0)
    X = rng.laplace(size=(20_000, 3)) @ rng.normal(size=(3, 3))
    np.save("X.npy", X)
    np.savetxt("X.csv", X[:500], delimiter=",", header="a,b,c", comments="")
    return tmp_path


@pytest.mark.parametrize("file", ["T.npy", "T.npz", "T.json"])
def test_a_tensor_in_any_form(here, file, capsys):
    """Array, NumPy components and JSON components give the same three components, a picture and an account."""
    assert main(["decompose", file, "--out", "mine", "--json", "mine.json"]) == 0
    D = Decomposition.load("mine.npz")
    assert D.rank == 3 and D.relative_error < 1e-12 and recovery(D.target, T).worst > 1 - 1e-12
    account = json.loads((here / "mine.json").read_text())
    assert account["rank"] == 3 and account["unique"] is True and account["version"]
    assert (here / "mine.png").stat().st_size > 1000 and "Kruskal" in capsys.readouterr().out


def test_written_components_are_a_tensor_again(here):
    """What the command writes, it reads."""
    assert main(["decompose", "T.npy"]) == main(["decompose", "decomposition.npz", "--out", "again"]) == 0
    first, again = (Decomposition.load(name) for name in ("decomposition.npz", "again.npz"))
    assert np.allclose(first.weights, again.weights) and recovery(again.target, first.target).worst > 1 - 1e-12


@pytest.mark.parametrize("file", ["X.npy", "X.csv"])
def test_data_give_an_unmixing(here, file):
    """The rows of `unmixing` turn samples into signals with unit variance, also from five hundred samples."""
    assert main(["decompose", file, "--cumulant", "4"]) == 0
    unmixing = np.load("decomposition.npz")["unmixing"]
    X = np.load("X.npy")[: 500 if file == "X.csv" else None]
    signals = (X - X.mean(0)) @ unmixing.T
    assert unmixing.shape[1] == 3 and np.allclose(np.var(signals, axis=0), 1)


def test_limits_and_noise_are_told_by_the_exit_code(here, capsys):
    """Too few components allowed, or nothing to find: done, written, and 1."""
    assert main(["decompose", "T.npy", "--max-components", "2"]) == 1
    assert Decomposition.load("decomposition.npz").rank <= 2
    np.save("noise.npy", to_dense(with_noise(gaussian(10, 1, 3), 100.0, rng=0)))
    assert main(["decompose", "noise.npy", "--out", "noise"]) == 1
    assert "no component stands out" in capsys.readouterr().out and Decomposition.load("noise.npz").rank == 0


def test_an_array_is_averaged_on_request(here):
    """Asymmetric input is refused, or averaged where that was asked for."""
    assert main(["decompose", "lopsided.npy"]) == 2
    assert main(["decompose", "lopsided.npy", "--symmetrize"]) in (0, 1)


BAD = {
    "nowhere.npy": "no file 'nowhere.npy'",
    "X.npy": "(20000, 3)",
    "X.csv": "--cumulant 4",
    "lopsided.npy": "symmetrize",
    "zero.npy": "zero",
    "objects.npy": "pickled",
    "half.json": "'weights'",
    "empty.json": "no components",
    "T.npy --whiten 2": "expected --cumulant",
    "X.npy --cumulant 5": "expected 3 or 4",
    "X.npy --cumulant 4 --symmetrize": "--symmetrize",
    "T.npy --tol 2": "between 0 and 1",
    "T.npy --max-components 0": "at least 1",
    "T.npy --seed -1": "seed",
    "T.npy --out no/where": "no folder",
    "T.npy --json no/where.json": "no folder",
}


@pytest.mark.parametrize("words", BAD)
def test_mistakes_are_one_sentence_and_leave_nothing(here, words, capsys):
    """Exit code 2, one line that names the remedy, and no file."""
    before = sorted(os.listdir())
    assert main(["decompose", *words.split()]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and error.startswith("tensor-overparam: ") and BAD[words] in error
    assert sorted(os.listdir()) == before


@pytest.mark.slow
def test_ctrl_c_leaves_the_best_so_far(here):
    """Interrupted in the middle, the command writes what it has, marked, and says so by its exit code."""
    np.save("hard.npy", to_dense(with_noise(gaussian(24, 40, 3, rng=0), 0.3, rng=1)))
    command = [sys.executable, "-m", "tensor_overparam", "decompose", "hard.npy"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout.readline()
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode in (0, 1, 130), err
    assert "Traceback" not in err
    if process.returncode == 130:
        assert Decomposition.load("decomposition.npz").stop.name == "INTERRUPTED"
