"""Metrics of predicted ratings: one definition a name, `function(ratings, predicted)`.

Definitions: Herlocker, Konstan, Terveen & Riedl (2004), "Evaluating collaborative filtering
recommender systems", ACM TOIS 22(1). All refuse empty input and none skips a row.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from recbench.contracts import FloatArray, IntArray, Metric
from recbench.hookspecs import hookimpl


def rmse(ratings: FloatArray, predicted: FloatArray) -> float:
    """Root mean squared error, pooled over all rows: sqrt(mean((r - p)^2)).

    >>> rmse(np.array([5, 3, 4, 1, 2]), np.array([4.5, 3.5, 4, 2, 1]))
    0.7071067811865476
    """
    return float(np.sqrt(mse(ratings, predicted)))


def mse(ratings: FloatArray, predicted: FloatArray) -> float:
    """Mean squared error, pooled over all rows: mean((r - p)^2).

    >>> mse(np.array([5, 3, 4, 1, 2]), np.array([4.5, 3.5, 4, 2, 1]))
    0.5
    """
    return float(np.mean(_errors(ratings, predicted) ** 2))


def mae(ratings: FloatArray, predicted: FloatArray) -> float:
    """Mean absolute error, pooled over all rows: mean(|r - p|).

    >>> mae(np.array([5, 3, 4, 1, 2]), np.array([4.5, 3.5, 4, 2, 1]))
    0.6
    """
    return float(np.mean(np.abs(_errors(ratings, predicted))))


def r2(ratings: FloatArray, predicted: FloatArray) -> float:
    """Share of the variance explained: 1 - sum((r - p)^2) / sum((r - mean(r))^2).

    It is NaN where all ratings are equal, and negative where the mean would have been better.

    >>> r2(np.array([5, 3, 4, 1, 2]), np.array([4.5, 3.5, 4, 2, 1]))
    0.75
    """
    squares = np.sum(_errors(ratings, predicted) ** 2)
    around_mean = np.sum((np.asarray(ratings, np.float64) - np.mean(ratings, dtype=np.float64)) ** 2)
    return float(1 - squares / around_mean) if around_mean > 0 else float("nan")


def rmse_user(ratings: FloatArray, predicted: FloatArray, user_idx: IntArray) -> float:
    """Mean over the users with a scored row of each user's own RMSE: mean_u sqrt(MSE_u).

    >>> users = np.array([0, 0, 0, 1, 1])
    >>> round(rmse_user(np.array([5, 3, 4, 1, 2]), np.array([4.5, 3.5, 4, 2, 1]), users), 6)
    0.704124
    """
    n_rows = np.bincount(user_idx)
    squares = np.bincount(user_idx, _errors(ratings, predicted) ** 2)
    scored = n_rows > 0
    return float(np.mean(np.sqrt(squares[scored] / n_rows[scored])))


@hookimpl
def register_metrics() -> Mapping[str, Metric]:
    """The built-in metrics; the first in a run's list is the one its table is sorted by."""
    return {
        "rmse": Metric(rmse),
        "mae": Metric(mae),
        "mse": Metric(mse),
        "r2": Metric(r2, greater_is_better=True),
        "rmse_user": Metric(rmse_user),
    }


def _errors(ratings: FloatArray, predicted: FloatArray) -> FloatArray:
    """The differences, in float64, of two arrays that must match and hold something."""
    if len(ratings) != len(predicted) or len(ratings) == 0:
        raise ValueError(f"{len(ratings)} ratings and {len(predicted)} predictions; give equally many, at least one")
    return np.asarray(ratings, np.float64) - np.asarray(predicted, np.float64)
