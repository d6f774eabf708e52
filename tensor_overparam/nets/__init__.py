"""Two-layer networks on quadratic labels: random features (RF), the neural tangent (NT), and all weights (NN).

Exact risks at any width:

- `rf_risk`, `nt_risk` and `nn_risk` are the smallest risks when the second layer, the linearised first layer, or
  everything is trained;
- `mixture_risk` is the risk of a quadratic network on a mixture of two Gaussians;
- `Activation` is what random features need to know about the non-linearity.

Their limits for wide networks in high dimension:

- `rf_limit` and `nt_limit` at a fixed number of neurons per dimension;
- `curves` draws all three as functions of that number;
- `covariance` checks the matrix that the weights are drawn with.

Training:

- `train_net` trains a network by stochastic or plain gradient descent and returns a `NetFit`;
- `QuadraticTeacher` makes the labels.
"""

from tensor_overparam.nets.limits import covariance, curves, nt_limit, rf_limit
from tensor_overparam.nets.mixture import mixture_risk
from tensor_overparam.nets.quadratic import Activation, nn_risk, nt_risk, rf_risk
from tensor_overparam.nets.training import NetFit, QuadraticTeacher, train_net

__all__ = [
    "rf_risk",
    "nt_risk",
    "nn_risk",
    "mixture_risk",
    "Activation",
    "rf_limit",
    "nt_limit",
    "curves",
    "covariance",
    "train_net",
    "NetFit",
    "QuadraticTeacher",
]


def __dir__():
    """Return the names that people come for."""
    return sorted(__all__)
