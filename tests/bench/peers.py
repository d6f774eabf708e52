"""Other ways to decompose a symmetric tensor, for the race in `bench_decompose.py`: all of them are told the rank.

A peer is a function of a `Case` and a `Run`. It hands every answer that it comes by to `run.look`, which stops it, at
no cost, as soon as the answer is good enough, or when its time is over: no peer has to find out by itself when to stop.
"""

import importlib
import logging
import time
import warnings
from dataclasses import dataclass
from functools import cached_property
from math import inf, nan, prod
from typing import Any

import numpy as np
from scipy.optimize import minimize

from tensor_overparam.decomposition.compress import core
from tensor_overparam.decomposition.polish import join, levenberg_marquardt, split, squared_distance
from tensor_overparam.tensors.problems import recovery
from tensor_overparam.tensors.targets import Dense, Factored, packed, to_dense

TOL = 1e-10


def optional(name):
    """A peer's package, or None where it is not installed."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


tensorly, pyttb = optional("tensorly"), optional("pyttb")
warnings.simplefilter("ignore")
logging.disable(logging.WARNING)


class Done(Exception):
    """The answer is good enough."""


class Late(Exception):
    """The time is over."""


class NoDoor(Exception):
    """Such tensors are not what this method is for."""


# --- what is to be done, and what counts as done ----------------------------------------------------


def oracle(T, N):
    """Least squares on a noisy tensor, started at the truth."""
    x, s = join(T.weights, T.vectors, T.order)
    x, _ = levenberg_marquardt(core(packed(N)).distance, x, s, T.order, steps=300, least=1e-12)
    return Factored(*split(x, s, T.order), T.order)


@dataclass(frozen=True)
class Case:
    """A planted tensor, in one of two forms, and what counts as having recovered it."""
    truth: Factored
    noisy: Any = None      # the same with noise, or None
    factored: bool = False # are components given, not an array?
    seed: int = 0

    @property
    def rank(self): return len(self.truth.weights)

    @property
    def order(self): return self.truth.order

    @cached_property
    def clean(self): return to_dense(self.truth)

    @cached_property
    def array(self): return self.clean if self.noisy is None else to_dense(self.noisy)

    @property
    def given(self): return self.truth if self.factored else self.array

    def error(self, S):
        """‖truth - S‖ / ‖truth‖; entry by entry where inner products cannot tell."""
        T, l = self.truth, self.order
        a, U, b, V = T.weights, T.vectors, S.weights, S.vectors
        size = a @ (U @ U.T)**l @ a
        square = (size - 2*a @ (U @ V.T)**l @ b + b @ (V @ V.T)**l @ b)/size
        if not square < 1e-12:
            return abs(square)**.5
        return float(np.linalg.norm(to_dense(S) - self.clean)/np.linalg.norm(self.clean))

    @cached_property
    def goal(self):
        """Relative error that is good: a tenth more than the oracle's in noise."""
        return TOL if self.noisy is None else 1.1*self.error(oracle(self.truth, self.noisy))

    def good(self, S):
        """Is this the tensor, with the right number of components, and without noise each of them?"""
        if len(S.weights) != self.rank or not np.isfinite(S.vectors).all() or not self.error(S) <= self.goal:
            return False
        return self.noisy is not None or recovery(S, self.truth, negligible=0).worst > 1 - 1e-8


class Run:
    """A clock that stands still while answers are looked at."""

    def __init__(self, case, limit):
        self.case, self.limit, self.spent, self.since = case, limit, 0., time.process_time()

    def look(self, weights, vectors):
        """Stop here if the answer is good, or if it is too late."""
        self.spent += time.process_time() - self.since
        if self.case.good(Factored(weights, vectors, self.case.order)):
            raise Done
        if self.spent > self.limit:
            raise Late
        self.since = time.process_time()


def race(peer, case, limit=inf):
    """Processor time until a peer has recovered the tensor; infinite where it does not, nan where it does not try."""
    run = Run(case, limit)
    try:
        with np.errstate(all="ignore"):
            peer(case, run)
    except Done:
        return run.spent
    except NoDoor:
        return nan
    except (Late, np.linalg.LinAlgError, ValueError):
        pass
    return inf


# --- algebra ----------------------------------------------------------------------------------------


def contracted(T, X):
    """T(x_1, …, ·, ·): a matrix from an array or from components."""
    if isinstance(T, Factored):
        return (T.vectors.T*(T.weights*np.prod(T.vectors @ X.T, axis=1))) @ T.vectors
    for x in X:
        T = T @ x
    return T


def powers_of(T, V):
    """T(v, …, v, ·) of an array, or of components, for each column v: (d, n)."""
    if isinstance(T, Factored):
        return T.vectors.T @ (T.weights[:, None]*(T.vectors @ V)**(T.order - 1))
    B = np.tensordot(T, V, axes=(T.ndim - 1, 0))
    while B.ndim > 2:
        B = np.einsum("...ik,ik->...k", B, V)
    return B


def textbook(T, order, rank=None, seed=0):
    """Components of a tensor of rank at most its dimension d; the rank from the singular values if it is not given.

    Two contractions make a pencil (Harshman 1970 after Jennrich; Leurgans, Ross, Abel 1993), its eigenvectors are the
    components, a dual fixed point refines them and gives the weights.
    """
    d, rng = T.dim if isinstance(T, Factored) else len(T), np.random.default_rng(seed)
    M = [contracted(T, rng.normal(size=(order - 2, d))) for _ in range(2)]
    U, s, _ = np.linalg.svd(np.concatenate(M, axis=1), full_matrices=False)
    Q = U[:, :rank] if rank else U[:, s > 1e-12*s[0]]
    W = np.linalg.eig(np.linalg.solve(Q.T @ M[0] @ Q, Q.T @ M[1] @ Q))[1].real
    V = Q @ np.linalg.inv(W).T
    for _ in range(2):
        B = powers_of(T, np.linalg.pinv(V).T)
        V, w = B/np.linalg.norm(B, axis=0), np.linalg.norm(B, axis=0)
    return Factored(w, V.T, order)


def jennrich(case, run):
    """Textbook algebra, then L-BFGS from there; five pencils in turn."""
    if case.rank > case.truth.dim:
        raise NoDoor
    distance = None
    for k in range(5):
        S = textbook(case.given, case.order, case.rank, k)
        run.look(S.weights, S.vectors)
        distance = distance or measure(case)
        descend(case, run, distance, *join(S.weights, S.vectors, case.order))


def symmetric_indices(d, n):
    """Of the dⁿ entries of a symmetric array: one of each kind, how many there are, and which kind each is."""
    kinds = np.sort(np.indices((d,)*n).reshape(n, -1), axis=0)
    at, kind, count = np.unique(np.ravel_multi_index(kinds, (d,)*n), return_inverse=True, return_counts=True)
    return at, count, kind


def without(v):
    """Orthonormal rows of all that is orthogonal to v: a Householder reflection without its first row."""
    h = v/np.linalg.norm(v)
    h[0] += np.copysign(1., h[0])
    return (np.eye(len(v)) - 2*np.outer(h, h)/(h @ h))[1:]


def subspace_power(case, run):
    """Kileel and Pereira 2019; for odd orders in the span of the flattening's longer side. Then L-BFGS from there.

    A flattening Σ a_k u_k^n (u_k^m)ᵀ, n + m = l, is P S Rᵀ with r columns. Where x^n is in the span of P there is a
    component, of weight 1/(βᵀ S⁻¹ α), α = Pᵀx^n, β = Rᵀx^m; without it the spans lose S⁻ᵀβ and S⁻¹α.
    """
    d, r, l = case.truth.dim, case.rank, case.order
    n, m = l - l//2, l//2
    (at, count, kind), (at2, count2, _) = symmetric_indices(d, n), symmetric_indices(d, m)
    if r > min(len(at2), len(at) - d):
        raise NoDoor
    root, root2 = count**.5, count2**.5
    F = case.array.reshape(d**n, d**m)[np.ix_(at, at2)]*root[:, None]*root2
    if n == m:
        values, P = np.linalg.eigh(F)
        top = np.argsort(-abs(values))[:r]
        P, values = P[:, top], values[top]
        R = P
    else:
        P, values, R = np.linalg.svd(F, full_matrices=False)
        P, values, R = P[:, :r], values[:r], R[:r].T
    C, B = np.diag(1/values), (P/root[:, None])[kind].T # B: (r, dⁿ)
    rng, found = np.random.default_rng(case.seed), []
    while len(found) < r:
        x = climb(B, d, n, rng, 1e-14*d if case.noisy is None else 1e-4)
        alpha, beta = B @ power(x, n), R.T @ (power(x, m)[at2]*root2)
        p, q = C.T @ beta, C @ alpha
        found.append(x)
        if len(B) > 1:
            left, right = without(p), without(q)
            B, C, R = left @ B, right @ C @ left.T, R @ right.T
    V = np.array(found)
    w = np.linalg.lstsq((V @ V.T)**l, np.vecdot(powers_of(case.array, V.T).T, V))[0]
    run.look(w, V)
    descend(case, run, measure(case), *join(w, V, l))


def power(x, n):
    """x⊗…⊗x, written in one row."""
    y = x
    for _ in range(n - 1):
        y = np.outer(y, x).ravel()
    return y


def climb(B, d, n, rng, still, starts=10, steps=2000):
    """The best of some starts, uphill on |B x^n|²; the first of them that reaches the top, where that is 1."""
    shift, best = ((n - 1)/n)**.5, (-1., None)
    for _ in range(starts):
        x = rng.normal(size=d)
        x /= np.linalg.norm(x)
        for _ in range(steps):
            K = B
            for _ in range(n - 1):
                K = K.reshape(-1, d) @ x
            K = K.reshape(len(B), d)
            alpha = K @ x
            y = K.T @ alpha + shift*x
            y /= np.linalg.norm(y)
            x, moved = y, np.linalg.norm(y - x)
            if moved < still:
                break
        best = max(best, (alpha @ alpha, x), key=lambda pair: pair[0])
        if best[0] > .999:
            break
    return best[1]


# --- alternating least squares ----------------------------------------------------------------------


def one_for_all(factors, weights):
    """Symmetric components from one factor for each slot: signs made equal, averaged, of unit length."""
    size = [np.linalg.norm(F, axis=0) for F in factors]
    units = [F/s for F, s in zip(factors, size)]
    signs = [np.sign(np.sum(units[0]*F, axis=0)) for F in units]
    V = sum(s*F for s, F in zip(signs, units))
    return weights*prod(size)*prod(signs), (V/np.linalg.norm(V, axis=0)).T


def only_arrays(case):
    """The array; there is no other door."""
    if case.factored:
        raise NoDoor
    return case.array


def tensorly_als(svd):
    """parafac(init="svd", normalize_factors=True), symmetrised."""

    def peer(case, run):
        from tensorly.decomposition import parafac
        def watch(cp, error): run.look(*one_for_all(cp[1], cp[0]))
        parafac(only_arrays(case), case.rank, n_iter_max=10**5, init="svd", svd=svd, tol=None, random_state=case.seed,
                normalize_factors=True, callback=watch, return_errors=True)

    return peer


def tensorly_power(case, run):
    """symmetric_parafac_power_iteration, the robust tensor power method: for orthogonal components; then L-BFGS."""
    from tensorly.decomposition import symmetric_parafac_power_iteration
    A = only_arrays(case)
    if case.rank > case.truth.dim:
        raise NoDoor
    np.random.seed(case.seed) # it draws from NumPy's own stream
    w, V = symmetric_parafac_power_iteration(A, case.rank)
    run.look(w, V.T)
    descend(case, run, measure(case), *join(w, V.T, case.order))


def pyttb_als(case, run):
    """cp_als from the leading eigenvectors, or from chance where there are too few of them; an eighth at a time."""
    X, count = pyttb.tensor(only_arrays(case)), 0
    np.random.seed(case.seed)
    M = "nvecs" if case.rank <= case.truth.dim else "random"
    while count < 10**5:
        M = pyttb.cp_als(X, case.rank, init=M, stoptol=0, maxiters=1 + count//8, printitn=0)[0]
        count += 1 + count//8
        run.look(*one_for_all(M.factor_matrices, M.weights))


# --- descent ----------------------------------------------------------------------------------------


def measure(case):
    """½‖T-S‖² and the contraction of the difference, entry by entry; the package's kernels, the fastest there are."""
    return squared_distance(case.truth if case.factored else Dense(case.array))[0]


def descend(case, run, distance, x, s, steps=2000):
    """L-BFGS on r components of given signs; answers are shown once the loss is about what it has to be."""
    l, shape, goal = case.order, x.shape, .5*(1e-6*np.linalg.norm(case.clean))**2
    if case.noisy is not None:
        goal = .55*np.linalg.norm(case.array - case.clean)**2

    def f(z):
        x = z.reshape(shape)
        loss, R = distance(x, s)
        if loss <= goal or run.spent + time.process_time() - run.since > run.limit:
            run.look(*split(x, s, l))
        return loss, (-l*s[:, None]*R).ravel()

    minimize(f, x.ravel(), jac=True, method="L-BFGS-B", options=dict(maxiter=steps, maxfun=2*steps, ftol=0, gtol=0))


def lbfgs(case, run, restarts=20):
    """SciPy's L-BFGS-B on r symmetric components, rank and signs given, from random starts until one gets there."""
    distance, s, T = measure(case), np.sign(case.truth.weights), case.truth
    size = np.linalg.norm(case.array)
    for k in range(restarts):
        x = np.random.default_rng([case.seed, k]).normal(size=(case.rank, T.dim))
        x *= .5*(size/case.rank**.5)**(1/T.order)/np.linalg.norm(x, axis=1, keepdims=True)
        descend(case, run, distance, x, s)


TL, TLR = "TensorLy svd", "TensorLy rnd"
PEERS = {  # name: (package that it needs, peer)
    "Jennrich": (True, jennrich),
    "subspace": (True, subspace_power),
    TL: (tensorly, tensorly_als("truncated_svd")),
    TLR: (tensorly, tensorly_als("randomized_svd")),
    "TensorLy sym": (tensorly, tensorly_power),
    "pyttb als": (pyttb, pyttb_als),
    "L-BFGS": (True, lbfgs),
}
