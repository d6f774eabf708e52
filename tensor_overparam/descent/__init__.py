"""Trainers: one regime, one function, all called alike, each returning a `Fit`.

- `gradient_descent` is plain gradient descent on weights and directions;
- `lazy_fit` is the exact best fit of the model linearised at its start, and `lazy_width` the width from which it
  explains everything;
- `lazy_flow` is the gradient flow of that linear model in closed form, `lazy_gd` its gradient descent, and `scaled_gd`
  the dial between lazy and rich training;
- `modified_gd` leaves the lazy regime on purpose;
- `als` is alternating least squares, to compare with;
- `deflation_flow` is gradient flow from a small start, which finds one component after the other;
- `classify` tells whether a point is a minimum, a saddle, or not even critical;
- `Fit` is the outcome of a trainer: how it went, what was found, how good it is;
- `ALGORITHMS` is the registry of all of them, by name.
"""

from tensor_overparam.descent.alternating import als
from tensor_overparam.descent.deflation import deflation_flow
from tensor_overparam.descent.landscape import classify
from tensor_overparam.descent.lazy import lazy_fit, lazy_width
from tensor_overparam.descent.linearised import lazy_flow, lazy_gd, scaled_gd
from tensor_overparam.descent.modified import modified_gd
from tensor_overparam.descent.objective import Fit
from tensor_overparam.descent.registry import ALGORITHMS
from tensor_overparam.descent.vanilla import gradient_descent

__all__ = [
    "Fit",
    "gradient_descent",
    "lazy_fit",
    "lazy_width",
    "lazy_flow",
    "lazy_gd",
    "scaled_gd",
    "modified_gd",
    "als",
    "deflation_flow",
    "classify",
    "ALGORITHMS",
]


def __dir__():
    """Return the names that people come for."""
    return sorted(__all__)
