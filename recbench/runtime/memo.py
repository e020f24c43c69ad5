"""Shared work: what several jobs of one process have in common is computed once.

Within `memoizing`, `memoize` keeps what it computes, the least recently used going first where memory
is short. Outside, it computes each time, so a model fitted by hand keeps nothing behind.
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
    """What one job took over from those before it."""

    limit: float  # bytes that may be kept
    counts: Counter[str] = field(default_factory=Counter)  # how often, by what it was
    seconds: float = 0.0  # CPU seconds that computing it had taken


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
    """Within this block work is shared, as far as `megabytes` (2**20 bytes) hold it; 0 switches it off."""
    tally = ReuseStats(megabytes * 2**20)
    token = _tally.set(tally if megabytes > 0 else None)
    try:
        yield tally
    finally:
        _tally.reset(token)


def memoize(what: str, key: Callable[[], tuple[object, ...]], compute: Callable[[], Value], n_bytes: int) -> Value:
    """What `compute` returns, or what it returned when it was last asked for under this key.

    `key` tells everything that the value depends on; it is asked for only where work is shared.
    Nobody may change the value, which is read by others.
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
    """Whether work is being shared and a value of this size would be kept."""
    tally = _tally.get()
    return tally is not None and n_bytes <= tally.limit


def reused_cpu_seconds() -> float:
    """CPU seconds that sharing has spared the current job so far.

    The runner adds them to what it measured: a model's cost must not depend on which jobs ran before it.
    """
    tally = _tally.get()
    return 0.0 if tally is None else tally.seconds


def digest_of(*arrays: npt.NDArray[Any]) -> str:
    """SHA-256 over the arrays' content."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(content(array))
    return digest.hexdigest()
