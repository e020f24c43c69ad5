"""Checks that a plugin's factories return what their hook requires."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any

from recbench.contracts import RatingDataset, RatingModel

REQUIRED: dict[str, tuple[Any, str]] = {  # by role: the type, and its name in messages
    "model": (RatingModel, "a RatingModel"),
    "dataset": (RatingDataset, "a RatingDataset"),
    "split": (Callable, "a callable that yields folds"),
}


def checked_factory(role: str, name: str, distribution: str, factory: Callable[..., Any]) -> Callable[..., Any]:
    """Return the factory if it is a class, otherwise a wrapper that checks the type of what the factory returns.

    Raises:
        TypeError: `factory` is a class that is not a subclass of the role's type.
    """
    required, wanted = REQUIRED[role]
    if inspect.isclass(factory):
        if not issubclass(factory, required):
            raise TypeError(f"{role} {name!r}: {factory.__name__} is not {wanted}; derive the class from one")
        return factory

    @wraps(factory)
    def make(*args: Any, **options: Any) -> Any:
        made = factory(*args, **options)
        if not isinstance(made, required):
            where = f"{factory.__module__}.{factory.__qualname__}"
            raise TypeError(f"{role} {name!r} of {distribution}: {where} returned {_described(made)}; return {wanted}")
        return made

    return make


def _described(made: Any) -> str:
    if inspect.isclass(made):
        return f"the class {made.__name__}, not an instance"
    return "None" if made is None else f"{type(made).__name__}"
