"""Over-parameterised symmetric tensor decomposition: see it, check it, use it."""

__version__ = "0.1.0"

from tensor_overparam.decompose import decompose
from tensor_overparam.lazy import lazy_fit, lazy_width
from tensor_overparam.modified import modified_gd
from tensor_overparam.problems import (
    correlated,
    cumulant3,
    cumulant4,
    gaussian,
    moment,
    orthogonal,
    recovery,
    whiten,
    with_noise,
)
from tensor_overparam.sweeps import sweep
from tensor_overparam.targets import Dense, Factored, Sum, inner, sqnorm, symmetrize, to_dense, value
from tensor_overparam.vanilla import gradient_descent
