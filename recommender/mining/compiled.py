"""Compiled functions: typed for the checker, compiled once and kept between runs."""

from collections.abc import Callable
from typing import cast

import numpy as np
from numba import njit
from numpy.typing import NDArray


def compiled[**P, R](function: Callable[P, R]) -> Callable[P, R]:
    """Compile at the first call, cache on disk, and release the GIL while running."""
    return cast("Callable[P, R]", njit(cache=True, nogil=True)(function))


@compiled
def grow[T: np.generic](array: NDArray[T], size: int) -> NDArray[T]:
    """The array with room for at least `size` entries."""
    bigger = np.empty(max(size, 2 * len(array)), array.dtype)
    bigger[: len(array)] = array
    return bigger
