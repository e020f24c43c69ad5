"""The contract of a metric: a function, the extras it asks for, and which direction is better."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from recbench.array_types import FloatArray

MODEL_EXTRAS = ("scorer", "ranking", "std")  # extras that come from the fitted model
METRIC_EXTRAS = ("user_idx", "item_idx", "train", *MODEL_EXTRAS)  # parameters that a metric may ask for


@dataclass(frozen=True)
class Metric:
    """A measure of the quality of predictions: `function(ratings, predicted)`, two (n_rows,) arrays, returns a float.

    Further parameters of the function are filled in by name: `user_idx` and `item_idx` (n_rows,) of the scored rows;
    `train`, the training set; `scorer(user_idx)`, which returns scores of all items, (n_users, n_items); `ranking`, a
    `recbench.metrics.ranking.Ranking` of the catalog that all metrics share; `std` (n_rows,), the standard deviation
    of each predicted rating, or None if the model has none. A parameter `k` is a cutoff, see `at`.

    >>> import numpy as np
    >>> mae = Metric(lambda ratings, predicted: abs(ratings - predicted).mean())
    >>> mae(np.array([4.0, 2.0]), np.array([3.5, 2.0])), mae.greater_is_better
    (0.25, False)

    Raises:
        TypeError: the function has a required parameter of another name.
    """

    function: Callable[..., float]
    greater_is_better: bool = False  # False: lower values are better

    def __post_init__(self) -> None:
        required = [each.name for each in self._parameters()[2:] if each.default is each.empty]
        if unknown := [name for name in required if name not in METRIC_EXTRAS]:
            raise TypeError(
                f"metric has required parameters {unknown}; besides the two arrays it may ask for {list(METRIC_EXTRAS)}"
            )

    def needs(self) -> tuple[str, ...]:
        """Return the extras that the function has parameters for, in the order of `METRIC_EXTRAS`."""
        names = [parameter.name for parameter in self._parameters()[2:]]
        return tuple(name for name in METRIC_EXTRAS if name in names)

    def at(self, k: int) -> Metric:
        """Return the metric with the cutoff `k`: `ndcg@10` is `ndcg` at 10.

        Raises:
            ValueError: the function has no parameter `k`.
        """
        if all(parameter.name != "k" for parameter in self._parameters()):
            raise ValueError(f"metric has no parameter 'k' to set to {k}; write its name without '@{k}'")
        return replace(self, function=partial(self.function, k=k))

    def __call__(self, ratings: FloatArray, predicted: FloatArray, **extras: Any) -> float:
        """Compute the metric; `extras` are those that `needs` returns."""
        return float(self.function(ratings, predicted, **extras))

    def _parameters(self) -> list[inspect.Parameter]:
        variadic = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
        return [p for p in inspect.signature(self.function).parameters.values() if p.kind not in variadic]
