"""Calibration of a model's uncertainty: coverage and width of its 90 % prediction intervals.

The interval of a rating is its prediction ± 1.645 standard deviations, clipped to the rating scale. The value is NaN
for a model without `predict_std`, so that it can be compared with others by other metrics.
"""

from __future__ import annotations

import numpy as np

from recbench.array_types import FloatArray
from recbench.contracts import RatingDataset
from recbench.metrics.errors import check_same_length

REACH = 1.6448536269514722  # standard deviations to each side that cover 90 % of a normal distribution


def interval_coverage(ratings: FloatArray, predicted: FloatArray, std: FloatArray | None) -> float:
    """Share of ratings within their 90 % intervals: 0.9 is calibrated, less is overconfident.

    >>> interval_coverage(np.array([3.0, 5.0]), np.array([3.5, 3.0]), np.array([1.0, 1.0]))
    0.5
    """
    check_same_length(ratings, predicted)
    if std is None:
        return float("nan")
    return float(np.mean(np.abs(np.asarray(ratings, np.float64) - predicted) <= REACH * std))


def interval_width(ratings: FloatArray, predicted: FloatArray, std: FloatArray | None, train: RatingDataset) -> float:
    """Mean width of the 90 % intervals, clipped to the rating scale; compare it at equal coverage."""
    check_same_length(ratings, predicted)
    if std is None:
        return float("nan")
    low, high = train.rating_scale
    upper, lower = predicted + REACH * std, predicted - REACH * std
    return float(np.mean(np.clip(upper, low, high) - np.clip(lower, low, high)))
