"""Words for types: what an editor and a type checker know about arrays, seeds and what is taken for a tensor."""

import os
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array: TypeAlias = Any  # an array of NumPy, PyTorch, CuPy …: the array API has no type that their arrays share
Floats: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.int64]
Seed: TypeAlias = int | np.integer[Any] | np.random.Generator
Seeds: TypeAlias = Seed | Sequence[int] | Sequence[np.random.Generator] | range | NDArray[np.integer[Any]]
FileName: TypeAlias = str | os.PathLike[str]


class Shaped(Protocol):
    """An array, sparse or dense, or a tensor of another library: all that is asked for here is its shape."""

    @property
    def shape(self) -> Any:
        """Length of each axis."""


DataLike: TypeAlias = ArrayLike | Shaped | Iterable[ArrayLike] | Callable[[], Iterable[ArrayLike]]
