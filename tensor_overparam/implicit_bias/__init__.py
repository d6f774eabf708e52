"""Which of the many solutions does an optimiser choose? Least squares with more weights than examples.

Optimisers:

- `descend` follows an optimiser until it fits the examples, and returns a `Descent`: where it went, and how;
- `OPTIMISERS` are the ones with a name, and `Optimiser` is one member of their family;
- `Regression` is an under-determined problem, and `gaussian_regression` a random one.

What they choose:

- `min_norm` is the shortest solution, where gradient descent ends;
- `adagrad_flow` and `sign_limit` are where adaptive methods end;
- `span_split` separates the part of a solution that the examples ask for from the part that nobody asked for;
- `exact_risk` is the expected error of what was chosen;
- `wilson_data` are examples on which adaptive and plain descent disagree.
"""

from tensor_overparam.implicit_bias.counterexamples import wilson_data
from tensor_overparam.implicit_bias.interpolants import adagrad_flow, exact_risk, min_norm, sign_limit, span_split
from tensor_overparam.implicit_bias.optimisers import (
    OPTIMISERS,
    Descent,
    Optimiser,
    Regression,
    descend,
    gaussian_regression,
)

__all__ = [
    "descend",
    "Descent",
    "OPTIMISERS",
    "Optimiser",
    "Regression",
    "gaussian_regression",
    "min_norm",
    "adagrad_flow",
    "sign_limit",
    "span_split",
    "exact_risk",
    "wilson_data",
]


def __dir__():
    """Return the names that people come for."""
    return sorted(__all__)
