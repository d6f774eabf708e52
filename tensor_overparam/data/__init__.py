"""Samples in, sources or means out, never a packed tensor.

Data that are read block by block:

- `as_blocks` takes an array, a DataFrame, a memory map, a list of blocks, a dask array or a function that opens them,
  and makes `Blocks` of it, which can be read again and again;
- `moments` is one pass: number, mean and covariance;
- `whitening` gives every direction that varies unit variance; a `Whitening` is the map, the way back, and remarks.

What is in them:

- `ica` finds independent sources and their number; `Sources` are the maps, the cumulants with errors, and verdicts;
- `replication` says how well each of them is known, by leaving out blocks of the samples;
- `mixture` finds spherical Gaussian clouds; a `Mixture` is their means, weights and variance, with errors.

The same with scikit-learn's manners, where it is installed (`pip install 'tensor_overparam[data]'`):

- `SymmetricICA` is a transformer;
- `MomentMixture` is a density.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from tensor_overparam.data.blocks import Blocks, as_blocks, moments
from tensor_overparam.data.mixtures import Mixture, mixture
from tensor_overparam.data.replicable import replication
from tensor_overparam.data.sources import Sources, ica
from tensor_overparam.data.whiten import Whitening, whitening

if TYPE_CHECKING:  # loaded when somebody asks for it, because it needs scikit-learn
    from tensor_overparam.data.estimators import MomentMixture, SymmetricICA

__all__ = [
    "as_blocks",
    "Blocks",
    "moments",
    "whitening",
    "Whitening",
    "ica",
    "Sources",
    "replication",
    "mixture",
    "Mixture",
    "SymmetricICA",
    "MomentMixture",
]


def __getattr__(name):
    """Load the estimators when somebody asks for one."""
    if name in ("SymmetricICA", "MomentMixture"):
        try:
            return getattr(import_module(f"{__name__}.estimators"), name)
        except ModuleNotFoundError as error:
            raise ImportError(
                f"{name} needs scikit-learn: pip install 'tensor_overparam[data]'; without it there are `ica` and `mixture`"
            ) from error
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    """Return the names that people come for."""
    return sorted(__all__)
