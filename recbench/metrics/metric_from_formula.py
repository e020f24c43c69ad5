"""A metric made of a ranking formula: the inputs of one kind of ranking, and the formula's options."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from recbench.metrics.ranking import RankPositions

RELEVANT = """\
An item is relevant if the user rated it at least `relevant_from`, by default three quarters up the rating scale:
4 on a scale from 1 to 5."""


def metric_from_formula(
    formula: Callable[..., float],
    positions_of: Callable[..., RankPositions],
    name: str,
    words: Mapping[str, str],
    defaults: Mapping[str, Any],
) -> Callable[..., float]:
    """Make the metric that ranks by `positions_of`, whose parameters come first, and scores by `formula`.

    `words` fill the placeholders of the formula's docstring, `defaults` replace those of the formula's options.
    """
    inputs = list(inspect.signature(positions_of).parameters.values())
    options = list(inspect.signature(formula).parameters.values())[1:]
    options = [each.replace(default=defaults.get(each.name, each.default)) for each in options]
    signature = inspect.Signature([*inputs, *options], return_annotation=float)

    def metric(*args: Any, **kwargs: Any) -> float:
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        values = bound.arguments
        positions = positions_of(*[values.pop(each.name) for each in inputs])
        return formula(positions, **values)

    documentation = f"{inspect.getdoc(formula)}\n{RELEVANT}"
    for placeholder, word in words.items():
        documentation = documentation.replace(f"{{{placeholder}}}", word)
    metric.__doc__ = documentation
    metric.__name__ = metric.__qualname__ = name
    metric.__module__ = positions_of.__module__
    metric.__signature__ = signature  # type: ignore[attr-defined]  # what `Metric` reads
    return metric
