"""Process-wide state: every cache that outlives a job is registered here, and `reset` empties them all.

They hold the values that jobs share (`runtime.memo`), the last dataset, the installed plugins, their variants and
the compiled training programs. Digests of source files are not among them: sources do not change under a process.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import _lru_cache_wrapper, lru_cache
from typing import TypeVar

Value = TypeVar("Value")

_clears: list[Callable[[], None]] = []


def register(clear: Callable[[], None]) -> None:
    """Call `clear` whenever the state of the process is reset."""
    _clears.append(clear)


def cached(maxsize: int | None = None) -> Callable[[Callable[..., Value]], _lru_cache_wrapper[Value]]:
    """Return a decorator that caches a function's last `maxsize` values, None for all, until the next reset."""

    def decorate(function: Callable[..., Value]) -> _lru_cache_wrapper[Value]:
        wrapped = lru_cache(maxsize)(function)
        register(wrapped.cache_clear)
        return wrapped

    return decorate


def reset() -> None:
    """Empty every registered cache, as in a new process."""
    for clear in _clears:
        clear()
