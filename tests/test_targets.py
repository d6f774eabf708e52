"""Targets and problems: what is refused at the door, what a target of one's own can do, what data tensors are."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tensor_overparam.data import ica
from tensor_overparam.decomposition.answer import decompose
from tensor_overparam.descent.lazy import lazy_width
from tensor_overparam.descent.modified import modified_gd
from tensor_overparam.descent.objective import relative_error, residual_norm
from tensor_overparam.descent.vanilla import gradient_descent
from tensor_overparam.tensors.monomials import monomial_count
from tensor_overparam.tensors.problems import (
    KINDS,
    SymmetricSquare,
    correlated,
    cumulant3,
    cumulant4,
    gaussian,
    likeness,
    moment,
    orthogonal,
    recovery,
    whiten,
    with_noise,
)
from tensor_overparam.tensors.targets import (
    Dense,
    Factored,
    Sum,
    Target,
    as_target,
    cheapest,
    inner,
    packed,
    sqnorm,
    symmetrize,
    to_dense,
    value,
)

some = settings(deadline=None, max_examples=25, derandomize=True)
SEEDS = st.integers(0, 2**32 - 1)
RNG = np.random.default_rng(0)
CLEAN = orthogonal(4, 2, 3)
MANY = Factored(np.ones((2, 3)), RNG.normal(size=(2, 3, 4)), 3)


class Power:
    """T(c^l) = ‖c‖^l for even l: three members and nothing else."""

    def __init__(self, dim, order):
        self.dim, self.order = dim, order

    def contract(self, C):
        return (C * C).sum(-1, keepdims=True) ** (self.order // 2 - 1) * C


def power_array(dim, order):
    """Return the array of `Power`, the symmetric part of I⊗…⊗I."""
    array = eye = np.eye(dim)
    while array.ndim < order:
        array = np.multiply.outer(array, eye)
    return symmetrize(array)


def own(**members):
    """Return an object of a class of one's own, with these members."""
    Own = type("Own", (), {})
    made = Own()
    vars(made).update(members)
    return made


BAD = {
    "not square": (lambda: Dense(np.ones((2, 3))), ["(2, 3)", "(d, …, d)"]),
    "a vector": (lambda: Dense(np.ones(3)), ["(3,)", "two axes"]),
    "a number": (lambda: Dense(1.0), ["()", "two axes"]),
    "not symmetric": (lambda: Dense(np.arange(4.0).reshape(2, 2)), ["not symmetric", "by up to 1", "symmetrize"]),
    "NaN": (lambda: Dense(np.full((2, 2), np.nan)), ["NaN", "the tensor"]),
    "infinity": (lambda: Dense(np.full((2, 2), np.inf)), ["infinity", "the tensor"]),
    "complex": (lambda: Dense(1j * np.eye(2)), ["complex128", "real"]),
    "empty": (lambda: Dense(np.ones((0, 0))), ["(0, 0)", "(d, …, d)"]),
    "empty list": (lambda: Dense([]), ["(0,)", "(d, …, d)"]),
    "text": (lambda: Dense("abc"), ["<U3", "numbers"]),
    "texts": (lambda: Dense([["a", "b"], ["c", "d"]]), ["<U1", "numbers"]),
    "nothing": (lambda: Dense(None), ["object", "numbers"]),
    "ragged": (lambda: Dense([[1, 2], [3]]), ["ragged", "rectangular"]),
    "order 1": (lambda: Factored([1.0], [[1.0, 2.0]], 1), ["order is 1", "at least 2"]),
    "order 2.5": (lambda: Factored([1.0], [[1.0, 2.0]], 2.5), ["order is 2.5", "integer"]),
    "order as text": (lambda: Factored([1.0], [[1.0, 2.0]], "3"), ["order is '3'", "integer"]),
    "weights of another length": (lambda: Factored([1.0, 2.0], [[1.0, 2.0]], 3), ["(2,)", "(1, 2)", "one weight"]),
    "one vector without rows": (lambda: Factored([1.0], [1.0, 2.0], 3), ["(2,)", "(…, n, d)"]),
    "NaN among weights": (lambda: Factored([np.nan], [[1.0, 2.0]], 3), ["NaN", "weights"]),
    "infinite vectors": (lambda: Factored([1.0], [[1.0, np.inf]], 3), ["infinity", "vectors"]),
    "complex vectors": (lambda: Factored([1.0], [[1.0, 2j]], 3), ["complex128", "vectors"]),
    "ragged vectors": (lambda: Factored([1.0, 1.0], [[1.0, 2.0], [1.0]], 3), ["ragged", "vectors"]),
    "vectors of length 0": (lambda: Factored(np.ones(2), np.ones((2, 0)), 3), ["(2, 0)", "(…, n, d)"]),
    "rows of another length": (lambda: CLEAN.contract(np.ones((2, 3))), ["(2, 3)", "length 4"]),
    "rows of another length, dense": (lambda: Dense(np.eye(3)).contract(np.ones((2, 2))), ["(2, 2)", "length 3"]),
    "a sum of orders": (lambda: CLEAN + orthogonal(4, 2, 4), ["(3, 4)", "(4, 4)", "one order"]),
    "a sum of dimensions": (lambda: CLEAN - orthogonal(5, 2, 3), ["(3, 4)", "(3, 5)", "one dimension"]),
    "an empty sum": (lambda: Sum(()), ["()", "expected"]),
    "an inner product of dimensions": (lambda: inner(CLEAN, orthogonal(5, 2, 3)), ["(3, 4)", "(3, 5)", "equal"]),
    "an array too large": (lambda: to_dense(orthogonal(200, 2, 6)), ["order 6", "200", "contractions"]),
    "a packed form too large": (lambda: packed(orthogonal(200, 2, 6)), ["order 6", "200", "factored"]),
    "more orthogonal vectors than fit": (lambda: orthogonal(3, 4, 3), ["4", "3 dimensions", "at most 3"]),
    "no dimensions": (lambda: gaussian(0, 2, 3), ["dim is 0", "at least 1"]),
    "weights of unknown name": (lambda: gaussian(4, 2, 3, weights="miced"), ["miced", "'mixed'"]),
    "too many weights": (lambda: gaussian(4, 2, 3, weights=[1, 2, 3]), ["[1, 2, 3]", "2 numbers"]),
    "impossible angles": (lambda: correlated(4, 3, 3, coherence=-0.6), ["-0.6", "-0.5"]),
    "a batch as one array": (lambda: to_dense(MANY), ["batch", "(2,)"]),
    "a sum with a number": (lambda: CLEAN + 3.0, ["float", "a symmetric array"]),
    "infinite noise": (lambda: with_noise(CLEAN, np.inf), ["inf", "at least 0"]),
    "square of a lopsided matrix": (lambda: SymmetricSquare(np.arange(4.0).reshape(2, 2)), ["symmetric"]),
    "square of an oblong matrix": (lambda: SymmetricSquare(np.ones((2, 3))), ["(2, 3)"]),
    "square of NaN": (lambda: SymmetricSquare(np.full((2, 2), np.nan)), ["NaN"]),
    "ragged data": (lambda: moment([[1, 2], [3]], 3), ["ragged", "data"]),
    "negative noise": (lambda: with_noise(CLEAN, -1.0), ["-1.0", "at least 0"]),
    "noise of size NaN": (lambda: with_noise(CLEAN, np.nan), ["nan", "at least 0"]),
    "noise too large for memory": (lambda: with_noise(orthogonal(200, 2, 6), 0.1), ["order 6", "200", "memory"]),
    "data without columns": (lambda: moment(np.ones(3), 3), ["(3,)", "(n, d)"]),
    "no data": (lambda: moment(np.ones((0, 3)), 3), ["(0, 3)", "(n, d)"]),
    "data with NaN": (lambda: cumulant4([[1.0, np.nan]]), ["NaN", "data"]),
    "data of text": (lambda: moment([["a"]], 3), ["<U1", "numbers"]),
    "complex data": (lambda: cumulant3([[1j]]), ["complex128", "numbers"]),
    "constant data to whiten": (lambda: whiten(np.ones((5, 2))), ["0"]),
    "more directions than data have": (lambda: whiten(RNG.normal(size=(9, 2)), 3), ["3", "between 1 and 2"]),
    "components of other dimensions": (lambda: recovery(CLEAN, orthogonal(5, 2, 3)), ["(3, 4)", "(3, 5)", "equal"]),
    "a seed of text": (lambda: gaussian(5, 2, 3, rng="a"), ["rng is 'a'", "nonnegative integer seed"]),
    "a negative seed": (lambda: orthogonal(5, 2, 3, rng=-1), ["rng is -1", "nonnegative integer seed"]),
    "a seed of text for noise": (lambda: with_noise(CLEAN, 0.1, rng="a"), ["rng is 'a'", "nonnegative"]),
    "noise of text": (lambda: with_noise(CLEAN, "a"), ["noise level is 'a'", "at least 0"]),
    "an array for components": (lambda: recovery(CLEAN, np.ones(3)), ["truth is array", "`Factored`"]),
    "a number for components": (lambda: recovery(3, CLEAN), ["found is 3", "`Factored`"]),
    "a batch of components": (lambda: recovery(MANY, CLEAN), ["found is", "single"]),
    "a target without contractions": (lambda: as_target(own(order=3, dim=4)), ["has no contract", "`order`, `dim`"]),
    "a target with nothing else": (lambda: as_target(own(contract=abs)), ["has no order and no dim", "`contract`"]),
    "a target of order 1": (lambda: as_target(own(order=1, dim=4, contract=abs)), ["order is 1", "at least 2"]),
    "a target of no dimensions": (lambda: as_target(own(order=3, dim=0, contract=abs)), ["dim is 0", "at least 1"]),
    "one row for two": (lambda: gradient_descent(own(order=3, dim=4, contract=lambda C: C[0]), 2),
                        ["Own.contract answered shape (4,)", "(2, 4)"]),
    "text for rows": (lambda: as_target(own(order=3, dim=4, contract=str)), ["Own.contract answered '", "(2, 4)"]),
    "a width in dimensions of text": (lambda: lazy_width("a", 3), ["dim is 'a'", "integer of at least 1"]),
    "a width in half dimensions": (lambda: lazy_width(5.5, 3), ["dim is 5.5", "integer of at least 1"]),
    "a width of order 1": (lambda: lazy_width(5, 1), ["order is 1", "integer of at least 2"]),
    "a zero target": (lambda: gradient_descent(np.zeros((3, 3)), 2), ["zero", "nonzero"]),
    "an error relative to zero": (lambda: relative_error(0 * CLEAN, CLEAN), ["zero", "nonzero"]),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_refused_in_a_sentence(case):
    """The message says in one sentence what came and what was expected."""
    attempt, words = BAD[case]
    with pytest.raises(ValueError) as error:
        attempt()
    message = str(error.value)
    assert all(word in message for word in words), message
    assert 20 < len(message) < 300 and "\n" not in message


def test_torch_input_is_checked_too():
    """Integers and complex numbers of PyTorch are refused like those of NumPy."""
    torch = pytest.importorskip("torch")
    for dtype in (torch.int64, torch.complex64):
        with pytest.raises(ValueError, match=f"{dtype}.*real"):
            Dense(torch.eye(3, dtype=dtype))


@pytest.mark.parametrize("array", [np.eye(3, dtype=int), np.eye(3, dtype=bool), np.eye(3).tolist(), Dense(np.eye(3))])
def test_plain_input_is_welcome(array):
    """Lists, integers and targets are taken for what they are."""
    assert np.array_equal(to_dense(as_target(array)), np.eye(3))


@some
@given(order=st.sampled_from([2, 4, 6]), dim=st.integers(1, 4), seed=SEEDS)
def test_a_target_of_ones_own(order, dim, seed):
    """Three members are enough for entries, norms, inner products and sums."""
    rng = np.random.default_rng(seed)
    T, array = Power(dim, order), power_array(dim, order)
    F = Factored(rng.normal(size=3), rng.normal(size=(3, dim)), order)
    D = with_noise(F, 0.5, rng)
    assert isinstance(T, Target) and as_target(T) is T
    assert np.allclose(to_dense(T), array, atol=1e-12)
    assert np.isclose(sqnorm(T), np.sum(array**2))
    for S in (F, D, Sum(((2.0, T),))):
        assert np.isclose(inner(S, T), np.sum(to_dense(S) * array), atol=1e-10)
        assert np.isclose(inner(S, T), inner(T, S), atol=1e-10)
    mixed = F - T
    assert np.allclose(to_dense(mixed), to_dense(F) - array, atol=1e-10)
    assert np.isclose(sqnorm(mixed), np.sum((to_dense(F) - array) ** 2))
    C = rng.normal(size=(2, 5, dim))
    assert np.allclose(mixed.contract(C), F.contract(C) - T.contract(C))
    assert np.isclose(residual_norm(T, F)[0], sqnorm(mixed) ** 0.5, atol=1e-6)


@pytest.mark.parametrize("train", [gradient_descent, modified_gd])
def test_a_target_of_ones_own_can_be_learned(train):
    """Trainers ask nothing more: ‖c‖⁴ in three dimensions is a sum of few fourth powers."""
    options = {gradient_descent: dict(steps=4000, learning_rate=0.05), modified_gd: dict(rule="small", epochs=6)}
    fit = train(Power(3, 4), 12, rng=0, **options[train])
    assert fit.relative_error < 0.05
    assert np.isclose(fit.relative_error, relative_error(Power(3, 4), fit.student))


def test_unknown_norms_are_computed_or_refused():
    """A norm that no one supplied is worked out, and refused where that is too much work; it is never zero."""
    small, large = Power(5, 4), Power(300, 6)
    assert np.isclose(sqnorm(small), 5 * 7 / 3)
    assert np.isclose(sqnorm(CLEAN - Dense(to_dense(CLEAN))), 0, atol=1e-14)
    for attempt in (sqnorm, packed, lambda T: inner(T, T), lambda T: sqnorm(orthogonal(300, 2, 6) - T)):
        with pytest.raises(ValueError, match="300 dimensions"):
            attempt(large)
    assert np.isclose(inner(large, orthogonal(300, 7, 6)), 7)


def test_trainers_refuse_unknown_norms():
    """Training needs the norm of the target; where it cannot be had, it is asked for."""
    with pytest.raises(ValueError, match="300 dimensions"):
        gradient_descent(Power(300, 6), 2, steps=1)


@pytest.mark.parametrize("dim, how", [(6, "entries"), (1000, "entries"), (1000, "inner products")])
def test_small_differences_keep_their_digits(dim, how):
    """A student one part in 10¹⁰ away is seen to be so, but where only inner products can be had."""
    T = orthogonal(dim, 4 if how == "entries" else 400, 3)
    S = Factored(T.weights * (1 + 1e-10), T.vectors, 3)
    norm, found = residual_norm(T, S)
    assert found == how
    assert np.isclose(norm, 1e-10 * sqnorm(T) ** 0.5, rtol=1e-4) if how == "entries" else norm < 1e-6


def test_norms_of_batches_and_shared_sums():
    """Norms of a batch come one a tensor, also for a sum of a batch and one shared tensor."""
    rng = np.random.default_rng(1)
    many = Factored(rng.normal(size=(3, 2)), rng.normal(size=(3, 2, 4)), 3)
    for T, parts in ((many, [many[i] for i in range(3)]), (many - CLEAN, [many[i] - CLEAN for i in range(3)])):
        assert np.allclose(sqnorm(T), [sqnorm(t) for t in parts])


def test_sums_are_flat():
    """A sum of sums is one sum, with the coefficients multiplied out."""
    A, B = gaussian(4, 2, 3, rng=0), Dense(to_dense(gaussian(4, 3, 3, rng=1)))
    T = 2 * (A - B) - (B + A) * 3.0
    assert isinstance(T, Sum) and not any(isinstance(t, Sum) for _, t in T.terms)
    assert np.allclose(to_dense(T), -to_dense(A) - 5 * to_dense(B))
    assert np.allclose(to_dense(-T), -to_dense(T))


@pytest.mark.parametrize("width", [1, 1000])
def test_the_cheapest_form_is_the_same_tensor(width):
    """Many samples in few dimensions are packed for wide students, and answer as before."""
    T = moment(np.random.default_rng(0).normal(size=(5000, 4)), 3)
    S, C = cheapest(T, width), np.random.default_rng(1).normal(size=(3, 4))
    assert isinstance(S, Dense) and np.allclose(S.contract(C), T.contract(C))
    few = orthogonal(20, 2, 4)
    assert cheapest(few, width) is few


@some
@given(dim=st.integers(1, 5), seed=SEEDS)
def test_symmetric_square_is_its_array(dim, seed):
    """sym(M⊗M) has the contraction, the norm and the inner products of its array."""
    rng = np.random.default_rng(seed)
    M = symmetrize(rng.normal(size=(dim, dim)))
    T, array = SymmetricSquare(M), symmetrize(np.multiply.outer(M, M))
    C = rng.normal(size=(3, dim))
    assert np.allclose(to_dense(T), array) and np.isclose(sqnorm(T), np.sum(array**2))
    assert np.allclose(value(T, C), np.vecdot(C, C @ M) ** 2)
    assert np.isclose(inner(T, gaussian(dim, 2, 4)), np.sum(array * to_dense(gaussian(dim, 2, 4))))


@some
@given(order=st.integers(2, 5), seed=SEEDS)
def test_moments_are_their_arrays(order, seed):
    """The moment of data is the mean of x⊗…⊗x, though it is never formed."""
    X = np.random.default_rng(seed).normal(size=(7, 3)) + 1
    letters = "abcde"[:order]
    array = np.einsum(",".join("n" + a for a in letters) + "->" + letters, *[X] * order) / 7
    assert np.allclose(to_dense(moment(X, order)), array)
    assert np.isclose(sqnorm(moment(X, order)), np.sum(array**2))


@some
@given(seed=SEEDS)
def test_cumulants_are_their_arrays(seed):
    """Cumulants agree with sums over all pairings of the centred data, and do not depend on the mean."""
    X = np.random.default_rng(seed).exponential(size=(9, 3))
    Z = X - X.mean(0)
    third = np.einsum("ni,nj,nk->ijk", Z, Z, Z) / 9
    M = Z.T @ Z / 9
    pairings = sum(np.einsum(f"{a},{b}->ijkl", M, M) for a, b in (("ij", "kl"), ("ik", "jl"), ("il", "jk")))
    fourth = np.einsum("ni,nj,nk,nl->ijkl", Z, Z, Z, Z) / 9 - pairings
    for shift in (0, 5):
        assert np.allclose(to_dense(cumulant3(X + shift)), third)
        assert np.allclose(to_dense(cumulant4(X + shift)), fourth)
    assert np.isclose(sqnorm(cumulant4(X)), np.sum(fourth**2))


@pytest.mark.parametrize("level", [0, 1e-6, 0.5, 3])
@pytest.mark.parametrize("order", [2, 3, 4])
def test_noise_has_the_size_asked_for(level, order):
    """The noise is exactly `level` times as long as the tensor, symmetric, and decided by its seed."""
    T = gaussian(5, 3, order, weights="mixed")
    noisy = with_noise(T, level, rng=1)
    noise = to_dense(noisy) - to_dense(T)
    assert np.isclose(np.sum(noise**2) ** 0.5, level * sqnorm(T) ** 0.5, rtol=1e-8, atol=1e-12)
    assert np.array_equal(to_dense(noisy), to_dense(with_noise(T, level, rng=1)))
    assert level == 0 or not np.allclose(to_dense(noisy), to_dense(with_noise(T, level, rng=2)), rtol=1e-9)


def test_noise_has_no_preferred_direction():
    """In orthonormal coordinates every one of the D numbers has the same variance."""
    T = Factored(1.0, np.eye(3)[:1], 3)
    rng = np.random.default_rng(0)
    square = np.mean([(to_dense(with_noise(T, 1.0, rng)) - to_dense(T)) ** 2 for _ in range(3000)], axis=0)
    D = monomial_count(3, 3)
    for index, orderings in (((0, 0, 0), 1), ((0, 1, 1), 3), ((0, 1, 2), 6)):
        assert abs(square[index] * orderings * D - 1) < 0.15


@pytest.mark.parametrize("kind", KINDS)
def test_planted_components_are_what_they_say(kind):
    """Unit length, the angles of their kind, the weights asked for, and another draw for another seed."""
    T = KINDS[kind](6, 4, 3, weights="mixed", rng=3)
    G = T.vectors @ T.vectors.T
    assert np.allclose(np.diag(G), 1) and np.array_equal(T.weights, [1, -1, 1, -1])
    off = G[~np.eye(4, dtype=bool)]
    assert kind == "random" or np.allclose(off, {"orthogonal": 0.0, "correlated": 0.5}[kind])
    assert np.array_equal(T.vectors, KINDS[kind](6, 4, 3, rng=3).vectors)
    assert not np.allclose(T.vectors, KINDS[kind](6, 4, 3, rng=4).vectors)


@pytest.mark.parametrize("rank", range(3, 12))
def test_a_simplex_frame_adds_up_to_zero(rank):
    """To rounding, not to the root of it: the Gram matrix is singular, and its smallest eigenvalue is 0 or 1e-16."""
    T = correlated(12, rank, 3, rng=rank, coherence=-1 / (rank - 1))
    assert np.abs(T.vectors.sum(axis=0)).max() < 2e-14
    assert np.linalg.matrix_rank(T.vectors, tol=1e-12) == rank - 1


def test_whitened_data_are_white():
    """The covariance becomes the identity, in the directions of largest variance, and constant ones are left out."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(50, 3)) @ np.diag([5.0, 2.0, 1.0])
    for data, dim in ((X, None), (X, 2), (np.column_stack([X, X[:, 0], np.ones(50)]), None)):
        W = whiten(data, dim)
        assert W.shape == (50, dim or 3)
        assert np.allclose(W.mean(0), 0) and np.allclose(W.T @ W / 50, np.eye(W.shape[1]))
    assert abs(np.corrcoef(whiten(X, 1)[:, 0], X[:, 0])[0, 1]) > 0.99


@some
@given(order=st.integers(2, 5), seed=SEEDS)
def test_recovery_sees_through_order_and_sign(order, seed):
    """Shuffled, rescaled and, where the order allows it, reflected components are still recovered."""
    rng = np.random.default_rng(seed)
    T = gaussian(6, 4, order, weights="mixed", rng=rng)
    p, length, sign = rng.permutation(4), rng.uniform(0.5, 2, 4), rng.choice([-1.0, 1.0], 4)
    U, a = T.vectors[p] * (length * sign)[:, None], T.weights[p] / length**order * sign**order
    dust = 1e-7 * rng.normal(size=(2, 6))
    found = Factored(np.append(a, [1.0, 1.0]), np.concatenate([U, dust]), order)
    result = recovery(found, T)
    assert np.allclose(result.cosine, 1) and np.isclose(result.worst, 1)
    assert np.array_equal(p[result.index], np.arange(4))


def test_recovery_says_what_is_missing():
    """A component that no one found has cosine 0 and index -1, and one of the wrong sign counts for nothing."""
    T = orthogonal(5, 3, 4)
    few = recovery(T[:2], T)
    assert np.allclose(few.cosine, [1, 1, 0]) and few.index.tolist() == [0, 1, -1] and few.worst == 0
    assert np.allclose(recovery(-1.0 * T, T).cosine, 0)
    assert np.allclose(recovery(0.0 * T, T).cosine, 0)
    odd = orthogonal(5, 3, 3)
    assert recovery(-1.0 * odd, odd).worst < 0.01


def test_likeness_is_symmetric_and_counts_what_has_no_partner():
    """Order, sign and size do not matter, and neither does which of the two comes first."""
    T = gaussian(6, 4, 3, rng=0)
    other = Factored(-T.weights[::-1], -3 * T.vectors[::-1], 3)
    assert np.isclose(likeness(T, other), 1) and np.isclose(likeness(T, other[:3]), 0.75)
    assert likeness(T, np.empty((0, 6))) == 0 and likeness(np.empty((0, 6)), np.empty((0, 6))) == 1
    for seed in range(20):
        rng = np.random.default_rng(seed)
        A, B = rng.normal(size=(5, 4)), rng.normal(size=(seed % 4 + 2, 4))
        assert 0 < likeness(A, B) < 1 and np.isclose(likeness(A, B), likeness(B, A), rtol=1e-14)
        assert np.isclose(likeness(A, rng.permutation(A) * rng.choice([-2.0, 0.5], size=(5, 1))), 1)


def test_likeness_takes_whatever_has_components():
    """A decomposition, sources and arrays are all lists of directions."""
    rng = np.random.default_rng(0)
    A = rng.normal(size=(3, 3))
    X = rng.laplace(size=(20_000, 3)) @ A
    answers = (A, ica(X), decompose(cumulant4(X)), decompose(cumulant4(X)).target)
    for D in answers:
        for E in answers:
            assert likeness(D, E) > 0.995


@pytest.mark.parametrize(
    ("D", "E", "says"),
    [
        ([[1.0, 0.0]], [[1.0, 0.0, 0.0]], "2 and in 3 dimensions"),
        ([[1.0, 0.0], [0.0, 0.0]], [[1.0, 0.0]], "row 1 of the first is zero"),
        ([[1.0, 0.0]], [1.0, 0.0], "the second has shape"),
        ([[1.0, np.nan]], [[1.0, 0.0]], "finite"),
    ],
    ids=["dimensions", "zero", "a vector", "NaN"],
)
def test_likeness_refuses_what_has_no_directions(D, E, says):
    """Each mistake is one sentence."""
    with pytest.raises(ValueError, match=says):
        likeness(D, E)
