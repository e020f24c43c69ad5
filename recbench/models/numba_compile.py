"""Numba's compiler, as the kernels use it. This module imports Numba: import it late."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

Function = TypeVar("Function", bound=Callable[..., Any])

ANY_ORDER = {"reassoc", "contract"}  # sums may be taken in any order: what wide registers need


def compiled(signature: Any, *, exact: bool = False) -> Callable[[Function], Function]:
    """Compile at import for one signature, from Numba's cache where a folder for it can be written.

    The function runs beside other threads. Its sums may be taken in any order, unless `exact`.
    """
    settings: dict[str, Any] = {"nogil": True, "fastmath": False if exact else ANY_ORDER}

    def compile_now(function: Function) -> Function:
        try:
            return cast(Function, njit(signature, cache=True, **settings)(function))
        except RuntimeError:  # neither the package's folder nor the user's cache is writable
            return cast(Function, njit(signature, **settings)(function))

    return compile_now


def inlined(function: Function) -> Function:
    """Compile as a part of the `compiled` functions of the same file that call it, in the order it is written.

    Of the same file only: Numba's cache does not see that a function in another file has changed.
    """
    return cast(Function, njit(nogil=True)(function))
