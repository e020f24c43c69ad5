"""The contract of a metric."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from recbench.array_types import FloatArray

MODEL_EXTRAS = ("scorer", "ranking", "std")  # which only the fitted model can give
METRIC_EXTRAS = ("user_idx", "item_idx", "train", *MODEL_EXTRAS)


@dataclass(frozen=True)
class Metric:
    """A number that says how good predictions are: `function(ratings, predicted)`.

    A function that needs more names it: `user_idx` and `item_idx` of the scored rows, `train`, `scorer(user_idx)` with
    scores of all items, a shared `ranking` of the catalog, `std` of each predicted rating (None: the model has none).

    Raises:
        TypeError: the function demands a parameter that nobody can fill.
    """

    function: Callable[..., float]
    greater_is_better: bool = False

    def __post_init__(self) -> None:
        required = [each.name for each in self._parameters()[2:] if each.default is each.empty]
        if unknown := [name for name in required if name not in METRIC_EXTRAS]:
            raise TypeError(f"metric demands {unknown}; beside two arrays it may name {list(METRIC_EXTRAS)}")

    def needs(self) -> tuple[str, ...]:
        """Which of `METRIC_EXTRAS` the function asks for."""
        names = [parameter.name for parameter in self._parameters()[2:]]
        return tuple(name for name in METRIC_EXTRAS if name in names)

    def at(self, k: int) -> Metric:
        """The metric cut at rank `k`: what `ndcg@10` means."""
        if all(parameter.name != "k" for parameter in self._parameters()):
            raise ValueError(f"metric has no parameter 'k' to set to {k}; name it without '@{k}'")
        return replace(self, function=partial(self.function, k=k))

    def __call__(self, ratings: FloatArray, predicted: FloatArray, **extras: Any) -> float:
        """The metric's value, `extras` being exactly what `needs` names."""
        return float(self.function(ratings, predicted, **extras))

    def _parameters(self) -> list[inspect.Parameter]:
        variadic = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
        return [p for p in inspect.signature(self.function).parameters.values() if p.kind not in variadic]
