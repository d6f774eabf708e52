"""Tables with named columns, labelled, masked and sparse arrays, tensors of neighbours: taken, or refused by name."""

import numpy as np
import pytest
import scipy.sparse

from tensor_overparam import cli, decompose
from tensor_overparam.data import as_blocks, ica, moments
from tensor_overparam.tensors import gaussian
from tensor_overparam.tensors.checks import as_reals
from tensor_overparam.tensors.targets import as_target, to_dense

X = np.random.default_rng(0).laplace(size=(40, 3))
M = np.array([[3.0, 1.0, 0.0], [1.0, 2.0, 0.0], [0.0, 0.0, 1.0]])
T = gaussian(3, 2, 3, rng=0)
A = to_dense(T)


class Frame:
    """Stands for a table with named columns, as pandas and polars have them: a column is a member, too."""

    def __init__(self, columns):
        self.columns, self.held = list(columns), columns
        kinds = {np.asarray(v).dtype for v in columns.values()}
        self.shape, self.dtypes = (len(next(iter(columns.values()))), len(columns)), kinds

    def __array__(self, dtype=None, copy=None):
        """Return all columns; objects where they differ."""
        plain = all(np.asarray(v).dtype.kind in "iubf" for v in self.held.values())
        return np.array(list(zip(*self.held.values(), strict=True)), dtype=dtype or (None if plain else object))

    def __getattr__(self, name):
        if name.startswith("__") or name not in self.__dict__.get("held", {}):
            raise AttributeError(name)
        return self.held[name]

    def __len__(self):
        return self.shape[0]


class Labelled:
    """Stands for an array with names for its axes, as xarray has them."""

    def __init__(self, array):
        self.array, self.shape, self.dtype, self.ndim = array, array.shape, array.dtype, array.ndim
        self.dims, self.coords, self.data = ("x",) * array.ndim, {"x": np.arange(array.shape[0])}, array

    def __array__(self, dtype=None, copy=None):
        """Return the numbers."""
        return np.asarray(self.array, dtype=dtype)

    def __getitem__(self, key):
        return Labelled(self.array[key])


class Elsewhere:
    """Stands for an array on a device, with a gradient, as PyTorch has them: NumPy may not read it there."""

    def __init__(self, array, grad=True, device="gpu"):
        self.array, self.requires_grad, self.device = array, grad, device
        self.shape, self.dtype, self.ndim = array.shape, array.dtype, array.ndim

    def detach(self):
        """Leave the gradient behind."""
        return Elsewhere(self.array, False, self.device)

    def cpu(self):
        """Bring it here."""
        return Elsewhere(self.array, self.requires_grad, "cpu")

    def __array__(self, dtype=None, copy=None):
        """Refuse as PyTorch does."""
        if self.requires_grad:
            raise RuntimeError("Can't call numpy() on Tensor that requires grad")
        if self.device != "cpu":
            raise TypeError("can't convert gpu tensor to numpy")
        return np.asarray(self.array, dtype=dtype)

    def __getitem__(self, key):
        return Elsewhere(self.array[key], self.requires_grad, self.device)

    def __len__(self):
        return len(self.array)


def frame(array, names="abc"):
    """Return a table of these columns."""
    return Frame(dict(zip(names, np.asarray(array).T, strict=True)))


SAMPLES = {
    "frame": frame(X), "integers and floats": Frame(dict(a=X[:, 0], b=X[:, 1], c=list(X[:, 2]))),
    "nullable": Frame(dict(a=X[:, 0], b=X[:, 1], c=np.array([*X[:, 2]], dtype=object))),
    "names of a tensor's members": frame(X, ("factors", "weights", "double")),
    "names of coordinates": frame(X, ("coords", "data", "subs")), "labelled": Labelled(X),
    "masked": np.ma.masked_array(X), "elsewhere": Elsewhere(X), "here": Elsewhere(X, False, "cpu"),
    "lists": X.tolist(), "blocks": [X[:20], X[20:]],
}  # fmt: skip


@pytest.mark.parametrize("name", SAMPLES)
def test_samples_go_in(name):
    """The same numbers, whatever they come in."""
    data = SAMPLES[name]
    assert np.array_equal(np.concatenate([*as_blocks(data)]), X)
    assert np.array_equal(moments(data).covariance, moments(X).covariance)


@pytest.mark.parametrize("form", [lambda X: frame(X), Labelled, np.ma.masked_array, Elsewhere])
def test_estimators_take_them(form):
    many = np.random.default_rng(1).laplace(size=(3000, 3))
    assert np.array_equal(ica(form(many), rng=0).mixing, ica(many, rng=0).mixing)


@pytest.mark.parametrize("form", [frame, Labelled, np.ma.masked_array, scipy.sparse.csr_array, scipy.sparse.coo_matrix])
def test_matrices_go_in(form):
    S = form(M)
    assert np.array_equal(to_dense(as_target(S)), M) and np.array_equal(as_reals(S, "it", 2), M)
    assert np.allclose(decompose(S).weights, decompose(M).weights)


@pytest.mark.parametrize("form", [Labelled, np.ma.masked_array])
def test_tensors_go_in(form):
    assert np.array_equal(to_dense(as_target(form(A))), A)


TEXT = Frame(dict(a=X[:, 0], who=["me"] * 40, gone=[*X[1:, 2], None]))


@pytest.mark.parametrize("call", [as_target, lambda x: as_reals(x, "it"), lambda x: list(as_blocks(x)), ica],
                         ids=["target", "rows", "blocks", "ica"])  # fmt: skip
@pytest.mark.parametrize("data, said", [
    (TEXT, "who"), (np.ma.masked_array(M, M > 2), "masked entries, the first"),
    (np.ma.masked_array(X, X > 2), "masked entries, the first")], ids=["text", "masked", "masked samples"])  # fmt: skip
def test_what_holds_no_number_is_refused_by_name(call, data, said):
    with pytest.raises(ValueError, match=f"{said}.*expected"):
        call(data)


def test_columns_are_named_in_the_refusal():
    with pytest.raises(ValueError, match="in who, gone; expected numbers, encode, fill or drop those columns first"):
        as_target(TEXT)


def test_sparse_samples_are_refused_by_name():
    with pytest.raises(ValueError, match="sparse matrix; expected a dense one, try X.toarray"):
        ica(scipy.sparse.csr_array(X))


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_tables_of_the_libraries_themselves(library):
    table = pytest.importorskip(library)
    data = table.DataFrame({name: X[:, k] for k, name in enumerate(("factors", "weights", "data"))})
    assert np.array_equal(np.concatenate([*as_blocks(data)]), X)
    assert np.array_equal(to_dense(as_target(table.DataFrame({n: M[:, k] for k, n in enumerate("abc")}))), M)
    bad = table.DataFrame({"a": X[:, 0], "who": ["me"] * 40, "gone": [None] * 40})
    with pytest.raises(ValueError, match="who"):
        as_target(bad)
    with pytest.raises(ValueError, match="who"):
        ica(bad)


def test_xarray_itself():
    xarray = pytest.importorskip("xarray")
    assert np.array_equal(to_dense(as_target(xarray.DataArray(A, dims=("i", "j", "k")))), A)
    assert np.array_equal(np.concatenate([*as_blocks(xarray.DataArray(X, dims=("sample", "column")))]), X)


def test_tensors_of_pyttb_are_samples_too():
    pyttb = pytest.importorskip("pyttb")
    assert np.array_equal(np.concatenate([*as_blocks(pyttb.tensor(np.asfortranarray(X)))]), X)


@pytest.mark.parametrize("dtype", ["float16", "int64", "longdouble", "bool", "float32", "float64"])
@pytest.mark.parametrize("words", ["decompose {} --seconds 1", "decompose {} --symmetrize --seconds 1",
                                   "compare --target {} --seeds 1 --widths 1 --epochs 1"])  # fmt: skip
def test_conversions_are_said_on_standard_error(dtype, words, tmp_path, monkeypatch, capsys):
    """What was no float32 or float64 is one now, and a line says so; nothing is said where nothing was done."""
    monkeypatch.chdir(tmp_path)
    np.save("T.npy", np.ones((3, 3, 3), dtype))
    assert cli.main(words.format("T.npy").split()) in (0, 1)
    said = [line for line in capsys.readouterr().err.splitlines() if "converted" in line]
    wanted = [f"note: T.npy: {np.dtype(dtype)} converted to float64"] * (dtype not in ("float32", "float64"))
    assert said == wanted


def test_conversions_of_samples_are_said_too(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    np.save("X.npy", (100 * np.random.default_rng(0).laplace(size=(500, 3))).astype(int))
    assert cli.main(["decompose", "X.npy", "--cumulant", "4"]) == 0
    assert "note: X.npy: int64 converted to float64" in capsys.readouterr().err
