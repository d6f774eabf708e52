"""Samples in, sources or means out, never a packed tensor.

Data that are read block by block:

- `as_blocks` takes an array, a DataFrame, a memory map, a list of blocks, a dask array or a function that opens them,
  and makes `Blocks` of it, which can be read again and again;
- `moments` is one pass: `Moments` are number, mean and covariance;
- `whitening` gives every direction that varies unit variance; a `Whitening` is the map, the way back, and remarks.

What is in them:

- `ica` finds independent sources and their number; `Sources` are the maps, the cumulants with errors, and verdicts;
- `mixture` finds spherical Gaussian clouds; a `Mixture` is their means, weights and variance, with errors.
"""

from tensor_overparam.data.blocks import Blocks, Moments, as_blocks, moments
from tensor_overparam.data.mixtures import Mixture, mixture
from tensor_overparam.data.sources import Sources, ica
from tensor_overparam.data.whiten import Whitening, whitening

__all__ = [
    "as_blocks",
    "Blocks",
    "moments",
    "Moments",
    "whitening",
    "Whitening",
    "ica",
    "Sources",
    "mixture",
    "Mixture",
]


def __dir__():
    """Return the names that people come for."""
    return sorted(__all__)
