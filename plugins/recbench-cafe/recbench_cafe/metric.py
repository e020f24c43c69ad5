"""A metric that needs more than ratings and predictions: it asks for `item_idx` by naming the parameter."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from recbench import FloatArray, IntArray, Metric, hookimpl

LEAST_ROWS = 5  # scored rows that an item needs to count


def worst_item(ratings: FloatArray, predicted: FloatArray, item_idx: IntArray) -> float:
    """RMSE of the worst predicted item with at least five scored rows; of all rows if no item has five.

        max over items i of sqrt(mean over i's rows of (r - p)^2)

    >>> round(worst_item(np.array([5.0] * 5 + [1.0] * 5), np.full(10, 4.0), np.repeat([0, 1], 5)), 6)
    3.0
    """
    squares = (np.asarray(ratings, np.float64) - predicted) ** 2
    n_rows = np.bincount(item_idx)
    means = np.bincount(item_idx, squares) / np.maximum(n_rows, 1)
    counted = means[n_rows >= LEAST_ROWS]
    return float(np.sqrt(counted.max() if len(counted) else squares.mean()))


@hookimpl
def register_metrics() -> Mapping[str, Metric]:
    """`metrics=[rmse,worst_item]`."""
    return {"worst_item": Metric(worst_item)}
