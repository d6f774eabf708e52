"""Samples in: blocks whose cutting leaves no trace, moments, whitening; what is wrong is said with its place."""

import numpy as np
import pytest

from tensor_overparam.data import as_blocks, ica, moments
from tensor_overparam.data.blocks import rows_in_a_block


@pytest.fixture(scope="module")
def X():
    rng = np.random.default_rng(0)
    return rng.laplace(size=(30_000, 20)) @ rng.normal(size=(20, 20)) + 100.0


class Frame:
    """As much of a DataFrame as is asked for."""

    def __init__(self, values, columns):
        self.values, self.columns = values, columns

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self.values, dtype)


class Lazy:
    """As much of a dask array as is asked for, with its columns in one chunk."""

    def __init__(self, parts):
        self.parts, self.numblocks = parts, (len(parts), 1)

    def to_delayed(self):
        raise AssertionError("all blocks at once")

    def compute(self):
        assert len(self.parts) == 1, "all blocks at once"
        return self.parts[0]

    @property
    def blocks(self):
        return [Lazy([part]) for part in self.parts]


def kinds(X, folder):
    """Yield the same rows in every form that is taken."""
    np.save(folder / "X.npy", X)
    cuts = [1, 2, 400, len(X) // 2]
    yield "array", X
    yield "columns first", np.asfortranarray(X)
    yield "memory map", np.load(folder / "X.npy", mmap_mode="r")
    yield "list", np.split(X, cuts)
    yield "list with an empty block", [X[:0], X]
    yield "callable", lambda: iter(np.split(X, cuts))
    yield "lazy", Lazy(np.split(X, cuts))
    yield "frame", Frame(X, [f"c{k}" for k in range(X.shape[1])])
    yield "frames", [Frame(x, list("abc")) for x in np.split(X, cuts)]
    yield "nested lists", X[:100].tolist()


def test_the_digits_do_not_depend_on_the_chunks(X, tmp_path):
    for kind, data in kinds(X, tmp_path):
        some = X[:100] if kind == "nested lists" else X
        M, whole = moments(data), moments(some)
        assert M.n_samples == len(some), kind
        assert (M.mean == whole.mean).all() and (M.covariance == whole.covariance).all(), kind
        sizes = [len(block) for block in as_blocks(data)]
        assert set(sizes[:-1]) <= {rows_in_a_block(20)} and sum(sizes) == len(some), kind


def test_dask(X):
    da = pytest.importorskip("dask.array")
    for chunks in ((7_000, 20), (30_000, 6)):
        assert (moments(da.from_array(X, chunks=chunks)).covariance == moments(X).covariance).all()


def test_moments_are_those_of_numpy(X):
    M = moments(X)
    assert np.allclose(M.mean, X.mean(0), rtol=1e-13)
    assert np.allclose(M.covariance, np.cov(X.T, bias=True), rtol=1e-9)
    assert np.allclose(moments(X.astype(np.float32)).covariance, M.covariance, rtol=1e-4, atol=1e-3)
    assert moments(np.arange(6).reshape(3, 2)).covariance.shape == (2, 2)


def spoilt(X, value, row=123, column=3):
    X = X.copy()
    X[row, column] = value
    return X


def half_read():
    yield np.zeros((5, 2))
    yield np.zeros((5, 3))


BAD = {
    "read only once": lambda X: (block for block in [X]),
    "no blocks": lambda X: [],
    "the data are empty": lambda X: lambda: iter(()),
    "returned int": lambda X: lambda: 3,
    "block 1 has 19 columns": lambda X: [X, X[:, 1:]],
    "block 1 has 3 columns": lambda X: half_read,
    "row 123, column 3: nan": lambda X: spoilt(X, np.nan),
    "row 29999, column 19: -inf": lambda X: np.split(spoilt(X, -np.inf, -1, -1), 3),
    "row 7, column 'b'": lambda X: Frame(spoilt(X[:99, :2], np.nan, 7, 1), ["a", "b"]),
    "text or categories": lambda X: np.array([["a", "b"], ["c", "d"]]),
    "something else than numbers, or nothing, in y;":
        lambda X: Frame(np.array([[1, "b"], [2, "c"]], object), ["x", "y"]),
    "something else than numbers, or nothing, in 0;": lambda X: Frame(np.array([["1", 2], ["3", 4]], object), None),
    "masked entries, the first in row 2, column 1": lambda X: np.ma.masked_array(
        X[:9, :2], np.arange(18).reshape(9, 2) == 5
    ),
    "two axes": lambda X: X[0],
    r"shape \(3, 0\)": lambda X: np.zeros((3, 0)),
    "ragged": lambda X: [[1.0, 2.0], [3.0]],
    "1 sample;": lambda X: X[:1],
    "0 samples": lambda X: X[:0],
    "overflow": lambda X: X * 1e200,
    "Complex data": lambda X: X[:9] * 1j,
}


@pytest.mark.parametrize("words", BAD)
def test_what_cannot_be_read_says_why(X, words):
    with pytest.raises(ValueError, match=words):
        moments(BAD[words](X))


def test_sparse():
    sparse = pytest.importorskip("scipy.sparse")
    with pytest.raises(ValueError, match="sparse"):
        moments(sparse.eye(5).tocsr())


def test_a_mask_that_hides_nothing_is_no_mask(X):
    assert (moments(np.ma.masked_array(X)).covariance == moments(X).covariance).all()


def test_a_source_that_ends_after_the_first_reading(X):
    """Told where the function returns the same iterator, and where it wraps it in a new one."""
    once = iter([X])
    B = as_blocks(lambda: once)
    with pytest.raises(ValueError, match="only once"):
        list(B)
    once = iter([X])
    B = as_blocks(lambda: (block for block in once))
    with pytest.raises(ValueError, match="at least two|0 now"):
        list(B.again(moments(B).n_samples))


def test_memory_is_one_block():
    opened = []

    def long():
        for k in range(200):
            opened.append(k)
            yield np.full((1000, 20), float(k % 7))

    for block in as_blocks(long):
        assert len(block) * 20 <= 2**18 and len(opened) <= 200
        break
    assert len(opened) < 20


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")
def test_a_cluster_of_processes_gives_the_same_digits(tmp_path):
    """Chunks are made by two workers, one at a time as they are wanted; whoever it is, the sources are the same."""
    da = pytest.importorskip("dask.array")
    distributed = pytest.importorskip("distributed")
    rows, chunk = 40_000, 5_000

    def made(block_info=None):
        number = block_info[None]["chunk-location"][0]
        return np.random.default_rng(number).uniform(-1, 1, size=(chunk, 4)) @ np.array(
            [[1, 0.5, 0, 0], [0, 1, 0.5, 0], [0, 0, 1, 0.5], [0.5, 0, 0, 1]]
        )

    lazy = da.map_blocks(made, chunks=((chunk,) * (rows // chunk), (4,)), dtype=float, meta=np.empty((0, 0)))
    here = ica(lazy.compute(scheduler="synchronous"))
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None, "local_directory": str(tmp_path)}
    with distributed.LocalCluster(**options) as cluster, distributed.Client(cluster):
        there = ica(lazy)
    assert there.count == here.count == 4 and there.n_samples == rows
    assert np.array_equal(there.unmixing, here.unmixing) and np.array_equal(there.mean, here.mean)
