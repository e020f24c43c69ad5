"""A stack's members: from `svdpp` or `svdpp n_factors=50 seed=1` to a new model."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from recbench.contracts import RatingModel
from recbench.registry.lookup import find_model
from recbench.registry.options import convert, options_of, type_name

SCALARS: dict[Any, tuple[type, ...]] = {bool: (bool,), int: (int,), float: (int, float)}


def new_member(member: str, seed: int) -> RatingModel:
    """The model that is meant by a registered name and, after spaces, options other than their defaults.

    Raises:
        LookupError: no plugin registers a model of that name.
        ValueError: what follows the name is no option of that model, or not a value that it may have.
    """
    name, *settings = member.split() or [""]
    factory = find_model(name, _built_in)
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
    return factory(**options)


def _value(annotation: Any, text: str, name: str) -> Any:
    """The value that is written as JSON has it (true, 0.5, [64,32]), or as bare text."""
    try:
        value = text if annotation is str else json.loads(text)
    except ValueError:
        value = text
    accepted = SCALARS.get(annotation)
    if accepted and (not isinstance(value, accepted) or (isinstance(value, bool) and annotation is not bool)):
        raise ValueError(f"{name}={text!r} is no {type_name(annotation)}; write one, as in JSON")
    return convert(annotation, value, name)


def _built_in(name: str) -> Callable[..., RatingModel]:
    from recbench.models import register_models

    known = register_models()
    if name not in known:
        raise LookupError(f"unknown model {name!r}; choose one of {sorted(known)}")
    return known[name]
