"""Samples in, sources or means out, never a packed tensor.

Data that are read block by block:

- `as_blocks` takes an array, a DataFrame, a memory map, a list of blocks, a dask array or a function that opens them,
  and makes `Blocks` of it, which can be read again and again;
- `moments` is one pass: `Moments` are number, mean and covariance;
- `whitening` gives every direction that varies unit variance; a `Whitening` is the map, the way back, and remarks.
"""

from tensor_overparam.data.blocks import Blocks, Moments, as_blocks, moments
from tensor_overparam.data.whiten import Whitening, whitening

__all__ = [
    "as_blocks",
    "Blocks",
    "moments",
    "Moments",
    "whitening",
    "Whitening",
]


def __dir__():
    """Return the names that people come for."""
    return sorted(__all__)
