"""Another machine, simulated: `pytest --salt 1` runs the tests as if BLAS and LAPACK rounded differently.

On another processor a sum is taken in another order, and its last bit is another one. With a salt, what comes out of
the package's kernels and what goes into factorisations is therefore multiplied by 1 + 1e-15 h, where h in [-1, 1] is a
hash of the number's own bits and of the salt. So equal numbers stay equal, symmetric matrices symmetric and batches
independent of how they are cut: the simulated machine is as deterministic as a real one. Short binary fractions, which
every machine adds up exactly, stay as they are, and so does what is solved with the identity. A test whose verdict
depends on the salt would depend on the processor.
"""

import importlib
import pkgutil
from functools import wraps

import numpy as np
import pytest
import scipy.linalg

import tensor_overparam

SIZE = 1e-15  # relative, about four units in the last place
EXACT = np.uint64(2**24 - 1)  # numbers whose last 24 bits are zero are exact on every machine
SHIFT = np.uint64(11)
FACTORISATIONS = {
    np.linalg: "cholesky det eig eigh eigvals eigvalsh inv lstsq matrix_rank pinv qr slogdet solve svd",
    scipy.linalg: "cholesky cho_factor cho_solve eigh eigvalsh lstsq qr solve solve_triangular svd",
}
SUMS = {np: "einsum tensordot vecdot"}
KERNELS = "gram_power pack_factored contract_factored contract_dense monomials sphere"


def pytest_addoption(parser):
    """Let `--salt` choose the machine."""
    parser.addoption("--salt", type=int, default=0, help="simulate another machine's rounding, one for each number")


def pytest_configure(config):
    """Take the place of the functions that round differently elsewhere."""
    if salt := config.getoption("--salt", 0):
        move_in(salt)


def pytest_collection_modifyitems(config, items):
    """Leave out what measures time: the simulated machine is slow."""
    for item in items if config.getoption("--salt", 0) else ():
        if item.get_closest_marker("speed"):
            item.add_marker(pytest.mark.skip(reason="the simulated machine is slow"))


def move_in(salt):
    """Replace sums, factorisations and kernels, in every module that has them, for the rest of the process."""
    modules = [tensor_overparam] + [importlib.import_module(name) for name in names()]
    replace = {}
    for owner, functions in FACTORISATIONS.items():
        replace |= {getattr(owner, name): rounded_before(getattr(owner, name), salt) for name in functions.split()}
    for owner, functions in SUMS.items():
        replace |= {getattr(owner, name): rounded_after(getattr(owner, name), salt) for name in functions.split()}
    for name in KERNELS.split():
        replace |= {f: rounded_after(f, salt) for m in modules if callable(f := getattr(m, name, None))}
    for module in [*modules, np, np.linalg, scipy.linalg]:
        for name, value in list(vars(module).items()):
            if callable(value) and getattr(value, "__hash__", None) and value in replace:
                setattr(module, name, replace[value])


def names():
    """Return the names of the package's modules, but for the programs."""
    found = pkgutil.walk_packages(tensor_overparam.__path__, "tensor_overparam.")
    return [module.name for module in found if not module.name.endswith(("__main__", "_modidx"))]


def rounded_before(function, salt):
    """Return a factorisation that is given arrays with other last bits."""
    @wraps(function)
    def other(*arrays, **options):
        return function(*(arrays if is_identity(arrays[0]) else (moved(a, salt) for a in arrays)), **options)
    return other


def is_identity(A):
    """Tell whether a matrix, or each of a batch, is the identity: elimination then has nothing to round."""
    square = isinstance(A, np.ndarray) and A.ndim > 1 and A.shape[-1] == A.shape[-2]
    return square and bool((A == np.eye(A.shape[-1])).all())


def rounded_after(function, salt):
    """Return a function whose result has other last bits."""
    @wraps(function)
    def other(*arguments, **options):
        return moved(function(*arguments, **options), salt)
    return other


def moved(x, salt):
    """Return numbers of double precision with other last bits; anything else as it is, tuples one by one."""
    if type(x) is tuple:
        return tuple(moved(part, salt) for part in x)
    if not isinstance(x, (np.ndarray, np.floating, np.complexfloating)):
        return x
    if np.iscomplexobj(x):
        return moved(x.real, salt) + 1j * moved(x.imag, salt)
    if x.dtype != np.float64:
        return x
    bits = np.abs(np.atleast_1d(x)).view(np.uint64)
    factor = 1 + SIZE * ((bits * odd(salt) >> SHIFT) * 2.0**-52 - 1) * (bits & EXACT != 0)
    return x * factor.reshape(np.shape(x))


def odd(salt):
    """Return the multiplier of a multiplicative hash, one for each salt."""
    return np.uint64((0x9E3779B97F4A7C15 * (2 * salt + 1)) % 2**64)
