"""Over-parameterised symmetric tensor decomposition: see it, check it, use it."""

from tensor_overparam._version import __version__

from tensor_overparam.decomposition.answer import decompose
from tensor_overparam.descent.lazy import lazy_fit, lazy_width
from tensor_overparam.descent.modified import modified_gd
from tensor_overparam.tensors.problems import (
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
from tensor_overparam.sweeps.sweeping import sweep
from tensor_overparam.tensors.targets import Dense, Factored, Sum, inner, sqnorm, symmetrize, to_dense, value
from tensor_overparam.descent.vanilla import gradient_descent
