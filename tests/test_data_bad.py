"""Bad data at every door: what came, what was expected, what to do; and nothing half-written."""

import json
import warnings

import numpy as np
import pytest

from tensor_overparam import decompose
from tensor_overparam.cli.commands import main
from tensor_overparam.data import as_blocks, ica, mixture, whitening
from tensor_overparam.tensors.problems import cumulant3, cumulant4

rng = np.random.default_rng(0)
X = rng.laplace(size=(2000, 3)) @ rng.normal(size=(3, 3))
FAR = np.random.default_rng(1).standard_cauchy(size=(2000, 3))


def with_nan():
    Y = X.copy()
    Y[5, 1] = np.nan
    return Y


def same_iterator():
    blocks = iter([X, X / 2])
    return lambda: blocks


# data, what the message of a refusal says, and whether it says what was expected
REFUSED = {
    "one sample": (lambda: X[:1], "1 sample|minimum of 2|do not vary"),
    "no samples": (lambda: X[:0], "0 sample|at least one sample"),
    "no columns": (lambda: X[:, :0], "0\\)|0 feature"),
    "no variation": (lambda: np.ones((50, 3)), "do not vary"),
    "NaN": (with_nan, "NaN.*[Ee]xpected finite numbers, drop those samples"),
    "infinity": (lambda: np.where(np.arange(6000).reshape(2000, 3) == 7, np.inf, X), "infinity.*[Ee]xpected finite"),
    "masked entries": (lambda: np.ma.masked_greater(X, 2), "masked.*expected numbers, drop those samples or fill"),
    "text": (lambda: np.array([["a", "b"], ["c", "d"], ["e", "f"]]), "[Ee]xpected.*encode or drop"),
    "a column of text": (lambda: np.array([[1, "b"], [2, "d"], [3, "c"]], dtype=object), "[Ee]xpected.*encode or drop"),
    "blocks of two widths": (lambda: [X[:100], X[:100, :2]], "expected blocks of one width"),
    "an empty list": (list, "at least one"),
    "a function that returns nothing": (lambda: lambda: iter([]), "expected at least one block"),
    "a generator": (lambda: (b for b in [X, X]), "only once.*expected a list|only once, and.*expected"),
    "a generator, again and again": (same_iterator, "only once; expected a new one each time|data are empty"),
    "one axis": (lambda: X[:, 0], "[Ee]xpected"),
}


def doors():
    """Every way in, by name; the estimators where scikit-learn is installed."""
    found = {
        "ica": ica,
        "mixture": mixture,
        "whitening": whitening,
        "cumulant4": lambda X: decompose(cumulant4(X)),
        "cumulant3": lambda X: decompose(cumulant3(X)),
    }
    try:
        from tensor_overparam.data import MomentMixture, SymmetricICA
    except ImportError:
        return found
    return found | {"SymmetricICA": lambda X: SymmetricICA().fit(X), "MomentMixture": lambda X: MomentMixture().fit(X)}


DOORS = doors()


@pytest.mark.filterwarnings("ignore:no component:RuntimeWarning")
@pytest.mark.parametrize("what", REFUSED)
@pytest.mark.parametrize("door", DOORS)
def test_refused_with_what_to_do(door, what):
    data, says = REFUSED[what]
    if what == "a generator, again and again" and "cumulant" in door:
        assert DOORS[door](data()).order in (3, 4)  # the blocks are joined: they are read once
        return
    with pytest.raises(ValueError, match=f"(?s){says}"):
        DOORS[door](data())


# data, and what is said aloud by which doors
ALOUD = {
    "a constant column": (
        lambda: np.column_stack([X, np.ones(2000)]),
        "column 3: no variation",
        ("ica", "SymmetricICA", "cumulant4"),
    ),
    "a column twice": (
        lambda: np.column_stack([X, 2 * X[:, 0] + 1]),
        "column 0 and column 3 are the same",
        ("ica", "SymmetricICA", "cumulant4"),
    ),
    "infinite variance": (
        lambda: FAR,
        "of the variance. The variance may be infinite, and then nothing below can be trusted; look at",
        ("ica", "SymmetricICA", "cumulant3", "cumulant4", "mixture", "MomentMixture"),
    ),
    "as few samples as columns": (
        lambda: X[:3],
        "3 samples vary in 2 directions, as any so few do",
        ("cumulant3", "cumulant4", "mixture", "MomentMixture"),
    ),
}
CASES = [(door, what) for what, (_, _, these) in ALOUD.items() for door in these if door in DOORS]


@pytest.mark.parametrize(("door", "what"), CASES)
def test_said_aloud(door, what):
    """A RuntimeWarning by a function, a ConvergenceWarning by an estimator."""
    data, says, _ = ALOUD[what]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        DOORS[door](data())
    kind = "ConvergenceWarning" if door[0].isupper() else "RuntimeWarning"
    assert any(says in str(w.message) and w.category.__name__ == kind for w in caught)
    assert {w.category.__name__ for w in caught} == {kind}


def test_few_samples_are_no_sources():
    for door in ("ica", "SymmetricICA"):
        if door in DOORS:
            with pytest.raises(ValueError, match="expected more samples than the 3 columns"):
                DOORS[door](X[:3])


@pytest.mark.parametrize("column", [np.ones(2000), 2 * X[:, 0] + 1])
def test_a_mixture_needs_noise_in_every_column(column):
    with pytest.raises(ValueError, match="column.*expected noise of one variance in every column, leave such"):
        mixture(np.column_stack([X, column]))


def test_an_iterator_that_is_returned_again_loses_no_block():
    """The first look would have used it up."""
    with pytest.raises(ValueError, match="make it inside the function"):
        whitening(same_iterator())
    assert sum(map(len, as_blocks(lambda: iter([X, X])))) == 4000


# --- the command ----------------------------------------------------------------------------------

FILES = {
    "few.npy": (X[:3], "expected more samples than the 3 columns"),
    "one.npy": (X[:1], "expected at least two"),
    "none.npy": (X[:0], "expected at least two"),
    "same.npy": (np.ones((50, 3)), "expected different ones"),
    "nan.npy": (with_nan(), "expected finite numbers, drop those samples"),
    "axis.npy": (X[:, 0], "expected two axes"),
    "text.npy": (np.array([["a", "b"], ["c", "d"]]), "expected numbers, encode or drop"),
    "text.csv": ("x,y\n1,red\n2,blue\n", "expected a number there"),
    "ragged.csv": ("1,2\n1,2,3\n", "expected as many in every line"),
    "missing.csv": ("x,y\n1,\n2,3\n", "expected a number there"),
    "empty.csv": ("", "expected one sample a line"),
}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("order", ["3", "4"])
def test_the_command_refuses_and_writes_nothing(name, order, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    data, says = FILES[name]
    if isinstance(data, str):
        (tmp_path / name).write_text(data)
    else:
        np.save(name, data)
    assert main(["decompose", name, "--cumulant", order, "--json", "account.json"]) == 2
    assert says in capsys.readouterr().err
    assert [p.name for p in tmp_path.iterdir()] == [name]


def test_the_command_says_what_is_odd(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    np.save("far.npy", FAR)
    main(["decompose", "far.npy", "--cumulant", "4", "--json", "account.json"])
    assert "The variance may be infinite" in capsys.readouterr().out
    assert any("infinite" in said for said in json.loads((tmp_path / "account.json").read_text())["remarks"])


def test_the_command_says_where_sources_do_not_explain_the_cumulant(tmp_path, monkeypatch, capsys):
    """And names what looks at the tensor instead."""
    monkeypatch.chdir(tmp_path)
    crowd = np.random.default_rng(0)
    A = crowd.normal(size=(6, 4))
    np.save("X.npy", crowd.laplace(size=(20_000, 6)) @ A)
    assert main(["decompose", "X.npy", "--cumulant", "4"]) == 0
    out = capsys.readouterr().out
    assert "do not explain the cumulant" in out and "--whiten 4" in out
    np.save("X.npy", X)
    assert main(["decompose", "X.npy", "--cumulant", "4"]) == 0
    assert "do not explain" not in capsys.readouterr().out
