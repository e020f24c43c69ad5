"""Factories: what a plugin registers must make what its hook promises."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any

from recbench.contracts import RatingDataset, RatingModel

PROMISED: dict[str, tuple[Any, str]] = {  # by role: the type, and how an author gets one
    "model": (RatingModel, "a RatingModel"),
    "dataset": (RatingDataset, "a RatingDataset"),
    "split": (Callable, "a callable that yields folds"),
}


def checked_factory(role: str, name: str, distribution: str, factory: Callable[..., Any]) -> Callable[..., Any]:
    """The factory itself if it is a class, else one that refuses to return what its hook does not promise.

    Raises:
        TypeError: it is a class of something else.
    """
    kind, wanted = PROMISED[role]
    if inspect.isclass(factory):
        if not issubclass(factory, kind):
            raise TypeError(f"{role} {name!r}: instances of {factory.__name__} are not {wanted}; derive it from one")
        return factory

    @wraps(factory)
    def make(*args: Any, **options: Any) -> Any:
        made = factory(*args, **options)
        if not isinstance(made, kind):
            where = f"{factory.__module__}.{factory.__qualname__}"
            raise TypeError(f"{role} {name!r} of {distribution}: {where} returned {_told(made)}; return {wanted}")
        return made

    return make


def _told(made: Any) -> str:
    if inspect.isclass(made):
        return f"the class {made.__name__}, not an instance"
    return "None" if made is None else f"{type(made).__name__}"
