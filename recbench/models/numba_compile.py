"""Numba's compiler with the settings of all kernels. This module imports Numba: import it inside functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

Function = TypeVar("Function", bound=Callable[..., Any])

ANY_ORDER = {"reassoc", "contract"}  # LLVM's fast-math flags that allow sums in any order, for SIMD instructions


def compiled(signature: Any, *, exact: bool = False) -> Callable[[Function], Function]:
    """Return a decorator that compiles a function for one signature when its module is imported.

    The compiled code is cached on disk if Numba's cache folder is writable. The function releases the GIL. It may
    compute sums in any order, unless `exact`.
    """
    settings: dict[str, Any] = {"nogil": True, "fastmath": False if exact else ANY_ORDER}

    def compile_now(function: Function) -> Function:
        try:
            return cast(Function, njit(signature, cache=True, **settings)(function))
        except RuntimeError:  # neither the package's folder nor the user's cache is writable
            return cast(Function, njit(signature, **settings)(function))

    return compile_now


def inlined(function: Function) -> Function:
    """Compile a function that `compiled` functions of the same file call; its sums are in the order as written.

    Call it only from its own file: Numba's cache does not notice changes of functions in other files.
    """
    return cast(Function, njit(nogil=True)(function))
