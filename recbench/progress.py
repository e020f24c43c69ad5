"""Progress of long loops and checkpoints of a fit: models report them, listeners show them or end the fit.

A model wraps its loop in `track`, and calls `checkpoint` after each epoch if its fit may be pruned in a search:

    for epoch in track(range(self.n_epochs), "epochs"):
        ...
        checkpoint(self, epoch + 1, self.predict)

Without a listener, both cost next to nothing. Nothing here prints.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

Item = TypeVar("Item")
Listener = Callable[[str, int, int], None]  # what is counted, number done, total number
CheckpointListener = Callable[[int, Callable[..., Any]], None]  # the step, `predict(user_idx, item_idx)` after it

_listener: ContextVar[Listener | None] = ContextVar("listener", default=None)
_checkpoint_listener: ContextVar[tuple[object, CheckpointListener] | None] = ContextVar(
    "checkpoint_listener", default=None
)


class PrunedError(Exception):
    """Raised to end the fit of a candidate that does worse than others at the same step; the message compares them."""


def track(items: Sequence[Item], what: str) -> Iterator[Item]:
    """Yield the items of a loop, and report its progress after each.

    `what` names the items in the plural: `epochs`, `chains`.
    """
    listener = _listener.get()
    for done, item in enumerate(items, start=1):
        yield item
        if listener is not None:
            listener(what, done, len(items))


def report_progress(what: str, done: int, total: int) -> None:
    """Report the progress of something that is not a loop over items."""
    listener = _listener.get()
    if listener is not None:
        listener(what, done, total)


@contextmanager
def progress_listener(listener: Listener) -> Iterator[None]:
    """Within this block, call `listener(what, done, total)` for all progress, in place of an outer listener."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


def has_checkpoint_listener(model: object) -> bool:
    """Return whether the model's checkpoints are listened to; if not, it need not prepare a predictor for them."""
    active = _checkpoint_listener.get()
    return active is not None and active[0] is model


def checkpoint(model: object, step: int, predict: Callable[..., Any]) -> None:
    """Report that `fit` has finished a step, and what the model would predict if the fit ended here.

    Steps are epochs or sweeps, counted from 1; `predict(user_idx, item_idx)` returns (n_pairs,) ratings. `fit` calls
    this on the model itself and must not catch what it raises.

    Raises:
        PrunedError: a search ends this fit early.
    """
    active = _checkpoint_listener.get()
    if active is not None and active[0] is model:
        active[1](step, predict)


@contextmanager
def checkpoint_listener(model: object, on_checkpoint: CheckpointListener) -> Iterator[None]:
    """Within this block, call `on_checkpoint(step, predict)` at the checkpoints of this model, not of its members."""
    token = _checkpoint_listener.set((model, on_checkpoint))
    try:
        yield
    finally:
        _checkpoint_listener.reset(token)
