"""Errors of predicted ratings.

Definitions: Herlocker, Konstan, Terveen & Riedl (2004), "Evaluating collaborative filtering
recommender systems", ACM TOIS 22(1). All raise for empty input, and none skips a row.
"""

from __future__ import annotations

import numpy as np

from recbench.array_types import FloatArray, IntArray


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
    return float(np.mean(residuals(ratings, predicted) ** 2))


def mae(ratings: FloatArray, predicted: FloatArray) -> float:
    """Mean absolute error, pooled over all rows: mean(|r - p|).

    >>> mae(np.array([5, 3, 4, 1, 2]), np.array([4.5, 3.5, 4, 2, 1]))
    0.6
    """
    return float(np.mean(np.abs(residuals(ratings, predicted))))


def r2(ratings: FloatArray, predicted: FloatArray) -> float:
    """Share of the variance explained: 1 - sum((r - p)^2) / sum((r - mean(r))^2).

    NaN if all ratings are equal; negative if the mean of the ratings would be a better prediction.

    >>> r2(np.array([5, 3, 4, 1, 2]), np.array([4.5, 3.5, 4, 2, 1]))
    0.75
    """
    squares = np.sum(residuals(ratings, predicted) ** 2)
    around_mean = np.sum((np.asarray(ratings, np.float64) - np.mean(ratings, dtype=np.float64)) ** 2)
    return float(1 - squares / around_mean) if around_mean > 0 else float("nan")


def rmse_user(ratings: FloatArray, predicted: FloatArray, user_idx: IntArray) -> float:
    """Mean of the RMSE of each user with a scored row: mean_u sqrt(MSE_u).

    >>> users = np.array([0, 0, 0, 1, 1])
    >>> round(rmse_user(np.array([5, 3, 4, 1, 2]), np.array([4.5, 3.5, 4, 2, 1]), users), 6)
    0.704124
    """
    n_rows = np.bincount(user_idx)
    squares = np.bincount(user_idx, residuals(ratings, predicted) ** 2)
    scored = n_rows > 0
    return float(np.mean(np.sqrt(squares[scored] / n_rows[scored])))


def residuals(ratings: FloatArray, predicted: FloatArray) -> FloatArray:
    """Return `ratings` − `predicted` in float64."""
    check_same_length(ratings, predicted)
    return np.asarray(ratings, np.float64) - np.asarray(predicted, np.float64)


def check_same_length(ratings: FloatArray, predicted: FloatArray) -> None:
    """Check that there are as many predictions as ratings, and at least one.

    Raises:
        ValueError: the lengths differ, or are 0.
    """
    if len(ratings) != len(predicted) or len(ratings) == 0:
        raise ValueError(f"{len(ratings)} ratings and {len(predicted)} predictions; give equally many, at least one")
