"""Memoization: what several jobs of one process have in common is computed once.

Within `memoizing`, `memoize` caches what it computes and evicts the least recently used values when memory is
short. Outside, it computes each time, so a model fitted outside a job leaves nothing in the cache.
"""

from __future__ import annotations

import hashlib
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy.typing as npt

from recbench.runtime.arrays import content
from recbench.runtime.metering import cpu_seconds
from recbench.runtime.process_state import register

Value = TypeVar("Value")


@dataclass
class ReuseStats:
    """What one job reused from earlier jobs."""

    limit: float  # bytes that the cache may hold
    counts: Counter[str] = field(default_factory=Counter)  # number of reused values, by `what`
    seconds: float = 0.0  # CPU seconds that computing the reused values took


@dataclass(frozen=True)
class _Entry:
    value: Any
    n_bytes: int
    seconds: float


_entries: OrderedDict[tuple[object, ...], _Entry] = OrderedDict()
register(_entries.clear)
_stats: ContextVar[ReuseStats | None] = ContextVar("stats", default=None)


@contextmanager
def memoizing(megabytes: float) -> Iterator[ReuseStats]:
    """Cache the values of `memoize` within this block, up to `megabytes` (2**20 bytes); 0 turns the cache off."""
    stats = ReuseStats(megabytes * 2**20)
    token = _stats.set(stats if megabytes > 0 else None)
    try:
        yield stats
    finally:
        _stats.reset(token)


def memoize(what: str, key: Callable[[], tuple[object, ...]], compute: Callable[[], Value], n_bytes: int) -> Value:
    """Return the cached value for `what` and `key()`, or call `compute` and cache its result.

    `key` returns everything that the value depends on; it is called only if caching is on. Callers must not
    modify the value, which others read. A value of more than the cache's size is computed each time.
    """
    stats = _stats.get()
    if stats is None or n_bytes > stats.limit:
        return compute()
    full_key = (what, *key())
    if full_key in _entries:
        _entries.move_to_end(full_key)
        entry = _entries[full_key]
        stats.counts[what] += 1
        stats.seconds += entry.seconds
        value: Value = entry.value
        return value
    start = cpu_seconds()
    value = compute()
    _entries[full_key] = _Entry(value, n_bytes, cpu_seconds() - start)
    while sum(each.n_bytes for each in _entries.values()) > stats.limit:
        _entries.popitem(last=False)
    return value


def fits_in_memory(n_bytes: int) -> bool:
    """Return whether caching is on and a value of this size fits into the cache."""
    stats = _stats.get()
    return stats is not None and n_bytes <= stats.limit


def reused_cpu_seconds() -> float:
    """Return the CPU seconds that reused values have saved the current job so far.

    Measured costs include them: a model's cost must not depend on which jobs ran before it.
    """
    stats = _stats.get()
    return 0.0 if stats is None else stats.seconds


def digest_of(*arrays: npt.NDArray[Any]) -> str:
    """Return the SHA-256 over the arrays' content."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(content(array))
    return digest.hexdigest()
