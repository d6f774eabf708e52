"""Objects of neighbouring libraries go in, and components go back out; arrays of any library stay what they are."""

import gc
import warnings
from types import SimpleNamespace

import numpy as np
import pytest
import scipy.sparse

from tensor_overparam import Decomposition, Dense, Factored, decompose, gradient_descent, symmetrize
from tensor_overparam.core import Run
from tensor_overparam.tensors import doors, gaussian
from tensor_overparam.tensors.files import read_tensor
from tensor_overparam.tensors.targets import as_target, to_dense

T = gaussian(dim=5, rank=3, order=3, rng=0)
A = to_dense(T)
INDEX = np.argwhere(np.ones(A.shape))
VALUES = A[tuple(INDEX.T)]


def test_tensorly_goes_in_and_comes_out():
    tensorly = pytest.importorskip("tensorly")
    back = as_target(T.to_tensorly())
    assert isinstance(back, Factored) and back.order == 3
    assert np.allclose(back.weights, T.weights) and np.allclose(back.vectors, T.vectors)
    assert np.allclose(tensorly.cp_to_tensor(T.to_tensorly()), A)
    D = decompose(T.to_tensorly(), rng=0)
    assert D.rank == 3 and D.verdict == "exact"
    assert np.allclose(tensorly.cp_to_tensor(D.to_tensorly()), A)


def test_pyttb_goes_in_and_comes_out():
    pyttb = pytest.importorskip("pyttb")
    back = as_target(T.to_pyttb())
    assert isinstance(back, Factored) and np.allclose(to_dense(back), A)
    full = pyttb.tensor(np.asfortranarray(A))
    for thing in (full, full.to_sptensor()):
        assert isinstance(as_target(thing), Dense) and np.allclose(to_dense(as_target(thing)), A)
        assert np.allclose(to_dense(Dense(thing)), A)
    assert decompose(full, rng=0).rank == decompose(T.to_pyttb(), rng=0).rank == 3
    assert np.allclose(decompose(full, rng=0).to_pyttb().full().double(), A)


def test_scipy_and_other_coordinates_are_dense():
    M = symmetrize(np.where(np.random.default_rng(0).random((6, 6)) < 0.3, 1.0, 0.0))
    for kind in ("coo", "csr", "csc", "lil"):
        assert np.allclose(to_dense(as_target(scipy.sparse.coo_array(M).asformat(kind))), M)
    twice = SimpleNamespace(coords=np.array([[0, 0], [0, 0]]), data=np.array([1.0, 2.0]), shape=(2, 2))
    assert np.array_equal(to_dense(as_target(twice)), [[3.0, 0.0], [0.0, 0.0]])
    filled = SimpleNamespace(coords=np.array([[1], [1]]), data=np.array([5.0]), shape=(2, 2), fill_value=1.0)
    assert np.array_equal(to_dense(as_target(filled)), [[1.0, 1.0], [1.0, 5.0]])
    empty = SimpleNamespace(subs=np.array([]), vals=np.array([]), shape=(2, 2, 2))
    assert not to_dense(as_target(empty)).any()


def test_the_sparse_library():
    sparse = pytest.importorskip("sparse")
    assert np.allclose(to_dense(as_target(sparse.COO.from_numpy(A))), A)


def test_what_is_too_large_is_refused_at_once():
    large = SimpleNamespace(coords=np.zeros((3, 1), int), data=np.ones(1), shape=(1000, 1000, 1000))
    with pytest.raises(ValueError, match=r"1e\+09 entries, needs 22 GiB .* at most 4: give its components"):
        as_target(large)
    factors = [np.ones((1200, 1)), np.ones((1200, 1)), np.arange(1200.0)[:, None]]
    with pytest.raises(ValueError, match="equal up to scale"):
        as_target(SimpleNamespace(weights=np.ones(1), factors=factors))


@pytest.mark.parametrize("scales", [(1, 1, 1), (-1, -1, 1), (2, -0.5, 3)])
def test_terms_are_symmetric_up_to_scale(scales):
    factors = [s * T.vectors.T for s in scales]
    cp = SimpleNamespace(weights=T.weights, factor_matrices=factors)
    found = as_target(cp)
    assert isinstance(found, Factored) and np.allclose(to_dense(found), np.prod(scales) * A)


def test_terms_that_are_symmetric_together_only():
    a, b = np.eye(3)[:2]
    pair = SimpleNamespace(weights=None, factors=[np.column_stack([a, b]), np.column_stack([b, a])])
    found = as_target(pair)
    assert isinstance(found, Dense) and np.array_equal(to_dense(found), np.outer(a, b) + np.outer(b, a))
    with pytest.raises(ValueError, match="symmetrize"):
        as_target(SimpleNamespace(weights=np.ones(1), factors=[a[:, None], b[:, None]]))
    with pytest.raises(ValueError, match="two axes"):
        as_target(SimpleNamespace(weights=np.ones(1), factors=[np.ones((2, 1)), np.ones((3, 1))]))


def test_a_zero_term_stays_zero():
    u = np.column_stack([T.vectors[0], np.zeros(5)])
    found = as_target(SimpleNamespace(weights=np.ones(2), factors=[u, u, u]))
    assert np.allclose(to_dense(found), to_dense(Factored(1.0, T.vectors[:1], 3)))


def test_a_batch_does_not_go_out():
    many = Factored(np.ones((2, 3)), np.ones((2, 3, 4)), 3)
    for out in (many.to_tensorly, many.to_pyttb):
        pytest.importorskip("tensorly")
        pytest.importorskip("pyttb")
        with pytest.raises(ValueError, match="batch"):
            out()


def test_gradients_are_left_behind():
    torch = pytest.importorskip("torch")
    weights, vectors = torch.tensor(T.weights), torch.tensor(T.vectors, requires_grad=True)
    made = Factored(weights, vectors, 3)
    assert not made.vectors.requires_grad and isinstance(made.vectors, torch.Tensor)
    assert np.allclose(to_dense(as_target(torch.tensor(A, requires_grad=True))).numpy(), A)
    assert decompose(torch.tensor(A, requires_grad=True).detach().numpy(), rng=0).rank == 3
    fit = gradient_descent(made, 3, steps=5)
    assert isinstance(fit.student.vectors, torch.Tensor) and not fit.student.vectors.requires_grad


@pytest.mark.parametrize("library", ["jax.numpy", "dask.array"])
def test_arrays_that_cannot_be_worked_with_become_numpy_at_once(library):
    xp = pytest.importorskip(library)
    made = as_target(xp.asarray(A.astype(np.float32)))
    assert isinstance(made, Dense) and type(made.rows) is np.ndarray
    assert np.allclose(to_dense(made), A, atol=1e-6)
    assert type(Factored(xp.asarray(T.weights), xp.asarray(T.vectors), 3).vectors) is np.ndarray
    assert gradient_descent(made, 3, steps=5).error < 2


def test_the_strictest_library_trains_and_is_refused_where_only_numpy_will_do():
    """A library that has nothing but the standard stands for all devices: what runs on it needs nothing of NumPy's."""
    xp = pytest.importorskip("array_api_strict")
    made = as_target(xp.asarray(A))
    assert isinstance(made.rows, type(xp.asarray(A)))
    assert isinstance(gradient_descent(made, 3, steps=5).student.vectors, type(xp.asarray(A)))
    with pytest.raises(ValueError, match=r"decompose works on NumPy arrays.*numpy\.asarray"):
        decompose(made)
    with pytest.raises(ValueError, match=r"decompose works on NumPy arrays.*numpy\.asarray"):
        decompose(xp.asarray(A))
    cp = SimpleNamespace(weights=None, factors=[xp.asarray(T.vectors.T)] * 3)
    assert isinstance(as_target(cp).vectors, type(xp.asarray(A)))


def test_what_is_no_neighbour_passes():
    for thing in (A, A.tolist(), T, "text", 3.0, None):
        assert not doors.is_neighbour(thing) and doors.entries(thing) is thing
        assert doors.components(thing) is None


@pytest.mark.parametrize("read", [Decomposition.load, Run.load, read_tensor], ids=["answer", "run", "tensor"])
def test_a_file_that_is_cut_off_is_refused_and_closed(read, tmp_path):
    """An open file would warn when it is collected, and warnings are errors here."""
    path = tmp_path / "cut.npz"
    np.savez(path, weights=np.ones(3), vectors=np.ones((3, 4)), order=3)
    path.write_bytes(path.read_bytes()[:-100])
    with warnings.catch_warnings(record=True, action="always") as caught, pytest.raises(ValueError, match="cut.npz"):
        read(path)
    gc.collect()
    assert not caught
