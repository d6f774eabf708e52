"""Symmetric tensors: what they are, where to get some, and whether their components were found.

What a tensor must be able to answer:

- `Target` is anything with an `order`, a `dim` and a method `contract`;
- `Factored` is a weighted sum of powers of vectors, never formed as an array;
- `Dense` is a symmetric array, kept packed;
- `Sum` is what adding, subtracting and scaling targets gives;
- `symmetrize` averages an array over all orders of its axes.

Where to get one:

- `gaussian` plants independent random unit components, `orthogonal` orthonormal ones, and `correlated` components at
  equal angles;
- `with_noise` adds symmetric Gaussian noise to a target;
- `moment` and `cumulant4` are those of a data matrix, never formed as an array.

Was it found?

- `recovery` matches found to true components.
"""

from tensor_overparam.tensors.problems import correlated, cumulant4, gaussian, moment, orthogonal, recovery, with_noise
from tensor_overparam.tensors.targets import Dense, Factored, Sum, Target, symmetrize

__all__ = [
    "Target",
    "Factored",
    "Dense",
    "Sum",
    "symmetrize",
    "gaussian",
    "orthogonal",
    "correlated",
    "with_noise",
    "moment",
    "cumulant4",
    "recovery",
]


def __dir__():
    """Return the names that people come for."""
    return sorted(__all__)
