"""A stack's members: from `svdpp` or `svdpp n_factors=50 seed=1` to a new model."""

from __future__ import annotations

import json
from typing import Any

from recbench.contracts import RatingModel
from recbench.registry.options import convert, options_of, type_name
from recbench.registry.registry import installed

SCALARS: dict[Any, tuple[type, ...]] = {bool: (bool,), int: (int,), float: (int, float)}


def new_member(member: str, seed: int) -> RatingModel:
    """Make the model named by a registered name, with the options that follow it, separated by spaces.

    Raises:
        LookupError: no installed plugin registers a model under that name.
        ValueError: a setting after the name is not an option of that model, or its value is invalid.
    """
    name, *settings = member.split() or [""]
    factory = installed().find("model", name).factory
    known = options_of(factory)
    options: dict[str, Any] = {"seed": seed} if "seed" in known else {}
    for setting in settings:
        option, equals, text = setting.partition("=")
        if not equals or option not in known:
            raise ValueError(
                f"member {member!r} has {setting!r}; write option=value, without spaces (options of {name!r}: "
                f"{', '.join(known) or 'none'})"
            )
        options[option] = _value(known[option].annotation, text, f"{name} {option}")
    model: RatingModel = factory(**options)
    return model


def _value(annotation: Any, text: str, name: str) -> Any:
    """Convert a setting, written as JSON (true, 0.5, [64,32]) or as bare text, to the option's type."""
    try:
        value = text if annotation is str else json.loads(text)
    except ValueError:
        value = text
    accepted = SCALARS.get(annotation)
    if accepted and (not isinstance(value, accepted) or (isinstance(value, bool) and annotation is not bool)):
        raise ValueError(f"{name}={text!r} is not a valid {type_name(annotation)}; write it as in JSON")
    return convert(annotation, value, name)
