"""Samples in, components out: the function and the command agree, and neither minds the scale or the mixing."""

import json

import numpy as np
import pytest

from tensor_overparam import decompose
from tensor_overparam.cli.commands import main
from tensor_overparam.core.loop import Stop
from tensor_overparam.data import as_blocks, ica
from tensor_overparam.data.fixed_point import white_samples
from tensor_overparam.decomposition.samples import (
    FAR,
    _directions,
    hermite_sq,
    judge_sources,
    largest_misfit,
    misfit,
    white_target,
)
from tensor_overparam.tensors.problems import cumulant3, cumulant4, moment
from tensor_overparam.tensors.targets import packed, sqnorm, to_dense


def mixed(n, count, seed, draw="uniform"):
    """Return sources of one kind, mixed in columns of very different units, and the mixing."""
    rng = np.random.default_rng(seed)
    S = getattr(rng, draw)(size=(n, count))
    A = rng.normal(size=(count, count)) * 10.0 ** rng.integers(-3, 3, count)
    return S @ A, A


def cosines(vectors, A):
    """Return the least of the best cosines with the rows of A, each in the units of its own columns."""
    unit = np.linalg.norm(A, axis=0)
    V, B = vectors / unit, A / unit
    V, B = (M / np.linalg.norm(M, axis=1, keepdims=True) for M in (V, B))
    return abs(V @ B.T).max(1).min()


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("draw", ["uniform", "laplace"])
@pytest.mark.parametrize(("n", "count"), [(2000, 2), (2000, 3), (2000, 4), (20_000, 2), (20_000, 4)])
def test_the_rank_of_a_cumulant_is_the_number_of_sources(n, count, draw):
    right = 0
    for seed in range(10):
        X, A = mixed(n, count, seed, draw)
        D = decompose(cumulant4(X))
        assert D.rank == ica(X).count and D.verdict == "noise"
        right += D.rank == count and cosines(D.vectors, A) > 0.9
    assert right >= 9


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("n", [200, 2000])
def test_gaussian_data_have_no_components(n):
    assert sum(decompose(cumulant4(mixed(n, 4, seed, "normal")[0])).rank > 0 for seed in range(20)) <= 1


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_skewed_sources_by_the_third_cumulant():
    X, A = mixed(20_000, 3, 0, "standard_exponential")
    D = decompose(cumulant3(X))
    assert D.rank == 3 and cosines(D.vectors, A) > 0.99 and (D.weights > 0).all()


def test_weights_are_those_of_the_tensor():
    X, _ = mixed(100_000, 3, 0)
    K = cumulant4(X / X.std(0))
    D = decompose(K)
    assert D.relative_error < 0.05
    assert np.isclose(D.relative_error, np.linalg.norm(to_dense(K) - to_dense(D.target)) / np.linalg.norm(to_dense(K)))


def crowd(n, seed):
    """Return six Laplace sources in four channels."""
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(6, 4))
    return rng.laplace(size=(n, 6)) @ A


def clouds(n, seed, count=5, dim=10):
    """Return points of clouds of one shape, cigars in columns of different units."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(count, dim))
    centres *= 4 * rng.uniform(0.8, 1.2, size=(count, 1)) / np.linalg.norm(centres, axis=1, keepdims=True)
    p = rng.uniform(1, 2, size=count)
    which = rng.choice(count, n, p=p / p.sum())
    shape = np.linalg.qr(rng.normal(size=(dim, dim)))[0] * np.exp(rng.uniform(-1, 1, dim))
    return centres[which] + rng.normal(size=(n, dim)) @ shape.T


def test_more_sources_than_channels_are_noticed():
    for seed in range(3):
        X = crowd(20_000, seed)
        found = ica(X)
        assert largest_misfit(X, found.keep(found.significance == "source")) > FAR
        assert not judge_sources(X, 4, 0).explained
    D = decompose(cumulant4(X))
    assert D.rank in (5, 6) and D.verdict == "noise"


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("draw", ["uniform", "laplace", "standard_exponential", "normal"])
@pytest.mark.parametrize("order", [3, 4])
def test_the_misfit_of_independent_sources_is_about_normal(draw, order):
    """No wider than a standard normal, and not so narrow that it could not see anything."""
    far = [
        judge_sources(mixed(2000, count, [seed, count], draw)[0], order, 0).far
        for count in (3, 4)
        for seed in range(20)
    ]
    assert max(far) < FAR and 0.3 < np.std(far) < 1.3 and -1.5 < np.mean(far) < 0.5


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_the_noise_of_a_cumulant_is_told_by_its_samples():
    for order in (3, 4):
        told, true = [], []
        for seed in range(20):
            X = np.random.default_rng(seed).normal(size=(1000, 5))
            W = judge_sources(X, order, 0).W
            told.append(hermite_sq(W(X), order) / len(X))
            true.append(sqnorm(packed(white_target(X, W, order))))
        assert abs(np.mean(told) / np.mean(true) - 1) < 0.15


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_clouds_are_counted_by_their_third_cumulant():
    """Whatever their units; with few samples some hide, and none of the data sets is empty."""
    few = [decompose(cumulant3(clouds(1000, seed))).rank for seed in range(5)]
    assert min(few) >= 3 and max(few) <= 5 and few.count(5) >= 3
    many = [decompose(cumulant3(clouds(5000, seed))) for seed in range(5)]
    assert [D.rank for D in many] == [5] * 5 and all(D.verdict == "noise" for D in many)
    units = 10.0 ** np.arange(-5, 5)
    assert [decompose(cumulant3(clouds(5000, seed) * units)).rank for seed in range(5)] == [5] * 5


def halfway(n, seed):
    """Return two uniform sources; from some frames the search comes to stand half-way between them."""
    rng = np.random.default_rng([seed, n, 2])
    S, A = rng.uniform(size=(n, 2)), rng.normal(size=(2, 2))
    return S @ A, A


def test_half_way_between_sources_they_do_not_explain_the_cumulant():
    """The misfit tells a saddle; the search leaves it by itself, so that the misfit is small."""
    for n, seed in ((500, 31), (500, 45), (2000, 63)):
        X, A = halfway(n, seed)
        judged = judge_sources(X, 4, 0)
        samples, V = white_samples(as_blocks(X), judged.W), _directions(judged.kept, judged.W)
        assert misfit(samples, np.array([[1, 1], [-1, 1]]) @ V / 2**0.5, 4) > FAR
        assert judged.explained and (judged.kept.cumulants < -1.1).all()
        assert decompose(cumulant4(X)).rank == 2 and cosines(ica(X).mixing.T, A) > 0.98


def test_what_is_sure_is_never_lost():
    """One source with heavy tails has a large error; the others do not hide behind it."""
    rng = np.random.default_rng(3)
    loud = np.where(rng.random((20_000, 1)) < 0.3, 2, 1)
    S = np.column_stack([rng.standard_t(4.5, size=20_000), rng.laplace(size=(20_000, 3)) * loud])
    X = S @ rng.normal(size=(4, 4))
    assert not judge_sources(X, 4, 0).explained
    assert decompose(cumulant4(X)).rank >= ica(X).count == 4


def test_time_is_kept_and_looks_are_shown():
    X = np.random.default_rng(0).laplace(size=(20_000, 8))
    looks = []
    D = decompose(cumulant4(X), tell=looks.append)
    assert [look.verdict for look in looks] == ["noise"] and looks[0].stages[-1].name == "sources" == D.stages[0].name
    assert len(looks[0].found.weights) == D.rank == 8 and D.stop is Stop.GOAL
    assert np.isclose(looks[0].stages[-1].relative_error, D.relative_error)
    looks = []
    D = decompose(cumulant4(X), seconds=1e-9, tell=looks.append)
    assert D.verdict == "unfinished" and D.stop is Stop.BUDGET and [look.verdict for look in looks] == [""]
    assert decompose(cumulant4(X), seconds=100).verdict == "noise"
    looks = []
    assert decompose(cumulant3(clouds(5000, 0)), tell=looks.append, seconds=100).rank == 5
    assert looks[-1].verdict and len(looks[-1].found.weights) == 5
    with pytest.raises(ValueError, match="tell is 3"):
        decompose(cumulant4(X), tell=3)


def test_a_limit_on_components():
    D = decompose(cumulant4(mixed(5000, 3, 0)[0]), max_components=2)
    assert D.rank == 2 and D.verdict == "limit"


def test_blocks_make_the_same_tensor():
    X, _ = mixed(1000, 3, 0)
    pieces = np.array_split(X, 7)
    for make in (cumulant3, cumulant4, lambda X: moment(X, 3)):
        whole = to_dense(make(X))
        for blocks in (pieces, tuple(pieces), lambda: iter(pieces)):
            assert (to_dense(make(blocks)) == whole).all()


@pytest.fixture
def little_memory(monkeypatch):
    """Blocks have 512 rows, and whitened samples are read again, too."""
    from tensor_overparam.data import blocks, fixed_point

    monkeypatch.setattr(fixed_point, "HELD", 3000)
    monkeypatch.setattr(blocks, "NUMBERS", 2000)


def test_many_blocks_are_added_up_and_not_kept(little_memory):
    X, _ = mixed(5000, 3, 0)
    X = X / X.std(0)
    seen = [[len(b) for b in as_blocks(np.array_split(X, 7))]]
    assert max(seen[0]) < 5000
    for make in (cumulant3, cumulant4, lambda X: moment(X, 3)):
        pieces = (np.array_split(X, 7), lambda: iter(np.array_split(X, 50)), [X[:1], X[1:]])
        cuts = [to_dense(make(as_blocks(data))) for data in pieces]
        assert all((T == cuts[0]).all() for T in cuts) and np.allclose(cuts[0], to_dense(make(X)), atol=1e-12)
    T = cumulant4(as_blocks(np.array_split(X, 7)))
    assert not hasattr(T.terms[0][1], "vectors") and T.samples.dim == 3
    assert not hasattr(moment(as_blocks(np.array_split(X, 7)), 4), "samples")


def test_a_tensor_that_is_too_large_to_pack_reads_the_blocks_again(little_memory, monkeypatch):
    from tensor_overparam.tensors import streamed

    monkeypatch.setattr(streamed, "LARGEST", 5)
    X, _ = mixed(5000, 3, 0)
    C = np.random.default_rng(0).normal(size=(2, 3))
    for make in (cumulant3, cumulant4, lambda X: moment(X, 3)):
        T = make(as_blocks(np.array_split(X, 7)))
        assert np.allclose(T.contract(C), make(X).contract(C)) and T.dim == 3
    assert "StreamedMoment" in repr(moment(as_blocks(np.array_split(X, 7)), 3))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_cumulant_of_many_blocks_is_decomposed_like_one_of_an_array(little_memory):
    """Sources, and where they do not explain it, the whitened cumulant."""
    X, A = mixed(20_000, 3, 0, "laplace")
    D = decompose(cumulant4(as_blocks(np.array_split(X, 9))))
    assert D.rank == 3 and D.verdict == "noise" and cosines(D.vectors, A) > 0.9
    assert decompose(cumulant3(as_blocks(np.array_split(clouds(5000, 0), 9)))).rank == 5


def test_dask_blocks_make_the_same_tensor():
    da = pytest.importorskip("dask.array")
    X, _ = mixed(1000, 3, 0)
    assert (to_dense(cumulant4(da.from_array(X, chunks=(300, 3)))) == to_dense(cumulant4(X))).all()


# --- errors of entries ----------------------------------------------------------------------------

MAKE = {"moment 2": lambda X: moment(X, 2), "moment 3": lambda X: moment(X, 3), "third": cumulant3, "fourth": cumulant4}


@pytest.mark.parametrize("name", MAKE)
def test_told_errors_are_the_spread_over_repetitions(name):
    A = np.array([[1.0, 0.5, 0.0], [0.0, 1.0, -2.0], [0.3, 0.0, 1.0]])
    T = [MAKE[name](np.random.default_rng([7, seed]).exponential(size=(1000, 3)) @ A) for seed in range(200)]
    told = np.sqrt(np.mean([t.errors() ** 2 for t in T], axis=0))
    ratio = told / np.std([to_dense(t) for t in T], axis=0, ddof=1)
    assert abs(ratio.mean() - 1) < 0.1 and ratio.min() > 0.8 and ratio.max() < 1.25
    assert T[0].n_samples == 1000


@pytest.mark.parametrize(("make", "variance"), [(cumulant3, 6), (cumulant4, 24)])
def test_the_kurtosis_of_a_gaussian_direction_has_variance_24_over_n(make, variance):
    told = [make(np.random.default_rng([3, seed]).normal(size=(4000, 1))).errors().item() for seed in range(100)]
    assert abs(np.sqrt(np.mean(np.square(told)) * 4000 / variance) - 1) < 0.05


def test_errors_of_a_recording_are_not_too_small():
    """Samples that come in tens of the same: errors are √10 times as large."""
    X = np.random.default_rng(0).laplace(size=(4000, 2))
    one, ten = cumulant4(X).errors(), cumulant4(np.repeat(X, 10, axis=0)).errors()
    assert np.allclose(ten, one, rtol=1e-6)


def test_errors_of_blocks_are_those_of_the_array(little_memory, monkeypatch):
    from tensor_overparam.tensors import streamed

    X, _ = mixed(5000, 3, 0)
    X = X / X.std(0)
    for largest in (streamed.LARGEST, 5):
        monkeypatch.setattr(streamed, "LARGEST", largest)
        for make in MAKE.values():
            T = make(as_blocks(np.array_split(X, 7)))
            again = make(as_blocks(lambda: iter(np.array_split(X, 50))))
            assert (T.errors() == again.errors()).all() and T.n_samples == 5000
            assert np.allclose(T.errors(), make(X).errors(), rtol=1e-9)


def test_errors_are_taken_as_noise():
    rng = np.random.default_rng(0)
    M = moment(np.array([4.0, 0, 0]) * (rng.random((20_000, 1)) < 0.3) + rng.normal(size=(20_000, 3)), 3)
    assert decompose(M, noise=M.errors(), rank=1).rank == 1
    assert (2 * M).__class__ is not M.__class__ and not hasattr(2 * M, "errors")


def test_errors_that_cannot_be_told():
    X = mixed(100, 3, 0)[0]
    for batches in (9, 51, 10.0):
        with pytest.raises(ValueError, match="expected an integer from 10 to 50, half of the samples"):
            cumulant4(X).errors(batches)
    with pytest.raises(ValueError, match="too many entries"):
        moment(np.ones((100, 80)), 4).errors()


BAD = {
    "a generator": (lambda: (b for b in [np.ones((3, 2))]), "only once"),
    "no blocks": (lambda: lambda: iter([]), "at least one block"),
    "blocks of two widths": (lambda: [np.ones((3, 2)), np.ones((3, 3))], "one width"),
    "masked entries": (lambda: np.ma.masked_equal([[1.0, 2.0], [3.0, 4.0]], 2), "masked"),
    "NaN": (lambda: [[1.0, np.nan]], "NaN"),
    "categories": (lambda: np.array([["a", "b"], ["c", "d"]]), "numbers"),
    "nothing": (lambda: [], "at least one sample"),
}


@pytest.mark.parametrize("words", BAD)
@pytest.mark.parametrize("make", [cumulant3, cumulant4])
def test_samples_that_make_no_tensor(make, words):
    data, says = BAD[words]
    with pytest.raises(ValueError, match=says):
        make(data())


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_few_samples_and_constant_columns_do_not_break():
    X, _ = mixed(3000, 2, 0)
    constant = np.column_stack([X, np.ones(3000), X[:, 0]])
    assert decompose(cumulant4(constant)).rank == 2
    assert decompose(cumulant4(mixed(3, 4, 0)[0]), seconds=5).vectors.shape[1] == 4


# --- the command ----------------------------------------------------------------------------------


def test_the_command_writes_all_of_the_sources(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    X, A = mixed(5000, 12, 0)
    np.save("X.npy", X)
    assert main(["decompose", "X.npy", "--cumulant", "4", "--json", "X.json"]) == 0
    found, there = ica(X), np.load("decomposition.npz")
    assert len(there["weights"]) == found.count == 12 and there["mixing"].shape == (12, 12)
    assert (there["unmixing"] == found.unmixing).all() and (there["mean"] == found.mean).all()
    assert np.allclose(there["sources"], found.transform(X)) and np.allclose(there["sources"].var(0), 1)
    D = decompose(cumulant4(X))
    order = np.argsort(-abs(there["weights"]))
    assert np.allclose(there["weights"][order], D.weights) and cosines(there["vectors"], A) > 0.9
    account = json.loads((tmp_path / "X.json").read_text())
    assert account["rank"] == 12 and account["significance"] == ["source"] * 12
    out = capsys.readouterr().out
    assert out.count(" source\n") >= 11 and "standard error" in out


def test_the_command_leaves_out_what_is_noise(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    np.save("X.npy", np.column_stack([rng.laplace(size=20_000), rng.uniform(size=20_000)]))
    for options, count, code in (([], 2, 0), (["--noise", ".6"], 1, 0), (["--max-components", "1"], 1, 1)):
        assert main(["decompose", "X.npy", "--cumulant", "4", *options]) == code
        assert len(np.load("decomposition.npz")["weights"]) == count
    np.save("G.npy", rng.normal(size=(2000, 3)))
    assert main(["decompose", "G.npy", "--cumulant", "4"]) == 1
    assert main(["decompose", "G.npy", "--cumulant", "3", "--rank", "2"]) == 0
    assert np.load("decomposition.npz")["significance"].tolist() == ["gaussian"] * 2


@pytest.mark.parametrize("words", ["--tol 1e-3", "--nonnegative", "--method descent", "--seconds 3", "--noise 2"])
def test_what_the_command_would_ignore_is_refused(words, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    np.save("X.npy", mixed(500, 2, 0)[0])
    assert main(["decompose", "X.npy", "--cumulant", "4", *words.split()]) == 2
    assert words.split()[0] in capsys.readouterr().err and not (tmp_path / "decomposition.npz").exists()
