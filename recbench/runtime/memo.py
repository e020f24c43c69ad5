"""Shared work: what several jobs of one process have in common is computed once.

Within `memoizing`, `memoize` caches what it computes and evicts the least recently used values if memory
is short. Outside, it computes each time, so a model fitted by hand leaves nothing in memory.
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
    """The work that one job reused from earlier jobs."""

    limit: float  # bytes that may be cached
    counts: Counter[str] = field(default_factory=Counter)  # number of reused values by kind
    seconds: float = 0.0  # CPU seconds that computing them had taken


@dataclass(frozen=True)
class _Kept:
    value: Any
    n_bytes: int
    seconds: float


_kept: OrderedDict[tuple[object, ...], _Kept] = OrderedDict()
register(_kept.clear)
_tally: ContextVar[ReuseStats | None] = ContextVar("tally", default=None)


@contextmanager
def memoizing(megabytes: float) -> Iterator[ReuseStats]:
    """Share work within this block, in a cache of at most `megabytes` (2**20 bytes); 0 switches it off."""
    tally = ReuseStats(megabytes * 2**20)
    token = _tally.set(tally if megabytes > 0 else None)
    try:
        yield tally
    finally:
        _tally.reset(token)


def memoize(what: str, key: Callable[[], tuple[object, ...]], compute: Callable[[], Value], n_bytes: int) -> Value:
    """Return `compute()`, or the cached value if it was computed before under the same key.

    `key()` returns everything that the value depends on; it is called only within `memoizing`.
    The caller must not change the value, which others read.
    """
    tally = _tally.get()
    if tally is None or n_bytes > tally.limit:
        return compute()
    full_key = (what, *key())
    if full_key in _kept:
        _kept.move_to_end(full_key)
        kept = _kept[full_key]
        tally.counts[what] += 1
        tally.seconds += kept.seconds
        value: Value = kept.value
        return value
    start = cpu_seconds()
    value = compute()
    _kept[full_key] = _Kept(value, n_bytes, cpu_seconds() - start)
    while sum(each.n_bytes for each in _kept.values()) > tally.limit:
        _kept.popitem(last=False)
    return value


def fits_in_memory(n_bytes: int) -> bool:
    """Return whether work is shared and a value of this size would be cached."""
    tally = _tally.get()
    return tally is not None and n_bytes <= tally.limit


def reused_cpu_seconds() -> float:
    """Return the CPU seconds that reuse has saved the current job so far.

    The runner adds them to its measurement: a model's cost must not depend on which jobs ran before it.
    """
    tally = _tally.get()
    return 0.0 if tally is None else tally.seconds


def digest_of(*arrays: npt.NDArray[Any]) -> str:
    """Return the SHA-256 of the arrays' content."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(content(array))
    return digest.hexdigest()
