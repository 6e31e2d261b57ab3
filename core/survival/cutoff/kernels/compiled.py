"""How the loops are compiled: once, kept on the disk, and without Python's lock while they run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """Compile a function with numba when it is first called.

    Division by zero gives infinity or NaN, as in numpy, and no fast-math: sums keep their order.
    """
    return cast(F, njit(cache=True, nogil=True, error_model="numpy")(function))
