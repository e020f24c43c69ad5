"""Progress of long loops: models report it, whoever listens shows it. Nothing here prints."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

Item = TypeVar("Item")
Listener = Callable[[str, int, int], None]  # what is counted, how many are done, of how many

_listener: ContextVar[Listener | None] = ContextVar("listener", default=None)


def track(items: Sequence[Item], what: str) -> Iterator[Item]:
    """Yield the items, telling the listener after each how far the loop over `what` is."""
    listener = _listener.get()
    for done, item in enumerate(items, start=1):
        yield item
        if listener is not None:
            listener(what, done, len(items))


def tell(what: str, done: int, total: int) -> None:
    """Tell the listener how far something is that is no loop."""
    listener = _listener.get()
    if listener is not None:
        listener(what, done, total)


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Within this block, `listener` hears of every tracked loop."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)
