"""Progress of long loops: models report it, whoever listens shows it, or ends a fit. Nothing here prints."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

Item = TypeVar("Item")
Listener = Callable[[str, int, int], None]  # what is counted, how many are done, of how many
CheckpointListener = Callable[[int, Callable[..., Any]], None]  # after which step, and what would be predicted

_listener: ContextVar[Listener | None] = ContextVar("listener", default=None)
_judge: ContextVar[tuple[object, CheckpointListener] | None] = ContextVar("judge", default=None)


class PrunedError(Exception):
    """The fit was ended early, as what it had learned by then was worse than what others had; the text says more."""


def track(items: Sequence[Item], what: str) -> Iterator[Item]:
    """Yield the items, telling the listener after each how far the loop over `what` is."""
    listener = _listener.get()
    for done, item in enumerate(items, start=1):
        yield item
        if listener is not None:
            listener(what, done, len(items))


def report_progress(what: str, done: int, total: int) -> None:
    """Tell the listener how far something is that is no loop."""
    listener = _listener.get()
    if listener is not None:
        listener(what, done, total)


@contextmanager
def progress_listener(listener: Listener) -> Iterator[None]:
    """Within this block, `listener` hears of every tracked loop."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


def has_checkpoint_listener(model: object) -> bool:
    """Whether somebody wants to hear of the model's checkpoints; making a predictor may be worth saving."""
    judged = _judge.get()
    return judged is not None and judged[0] is model


def checkpoint(model: object, step: int, predict: Callable[..., Any]) -> None:
    """Offer what `model` would predict if its fit ended after this step: `predict(user_idx, item_idx)`.

    Steps are epochs or sweeps, counted from 1. Called by `fit`, which must let what is raised here pass.

    Raises:
        PrunedError: the fit is not worth going on with.
    """
    judged = _judge.get()
    if judged is not None and judged[0] is model:
        judged[1](step, predict)


@contextmanager
def checkpoint_listener(model: object, judge: CheckpointListener) -> Iterator[None]:
    """Within this block, `judge` hears of the checkpoints of this model; not of those of models inside it."""
    token = _judge.set((model, judge))
    try:
        yield
    finally:
        _judge.reset(token)
