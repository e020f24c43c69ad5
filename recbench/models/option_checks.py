"""Checks of a model's options for models that Python code constructs; a configuration is checked before."""

from __future__ import annotations

from typing import Literal, get_args, get_origin

from recbench.contracts import RatingModel
from recbench.registry.options import options_of


def check_choices(model: RatingModel) -> None:
    """Check that each option of a `Literal` type has one of its values.

    Raises:
        ValueError: an option has another value.
    """
    for name, option in options_of(type(model)).items():
        value, choices = getattr(model, name), list(get_args(option.annotation))
        if get_origin(option.annotation) is Literal and value not in choices:
            raise ValueError(f"unknown {name} {value!r}; choose one of {choices}")


def check_at_least(model: RatingModel, **least: float) -> None:
    """Check that each of these options has at least the value given for it.

        check_at_least(model, n_neighbors=1, shrinkage=0)

    Raises:
        ValueError: an option is smaller, or not a number.
    """
    for name, low in least.items():
        if not getattr(model, name) >= low:
            raise ValueError(f"{name} is {getattr(model, name)}; it must be at least {low}")
