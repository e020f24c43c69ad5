"""Whether a model knows how sure it is: its 90 % intervals, from `predict_std`.

The interval of a rating is its prediction ± 1.645 standard deviations, cut to the rating scale. A model without
`predict_std` gets NaN, so that a comparison with others goes on.
"""

from __future__ import annotations

import numpy as np

from recbench.array_types import FloatArray
from recbench.contracts import RatingDataset
from recbench.metrics.errors import check_same_length

REACH = 1.6448536269514722  # standard deviations to each side that hold 90 % of a normal variable


def interval_coverage(ratings: FloatArray, predicted: FloatArray, std: FloatArray | None) -> float:
    """Share of ratings within their 90 % intervals: 0.9 is right, less is overconfident.

    >>> interval_coverage(np.array([3.0, 5.0]), np.array([3.5, 3.0]), np.array([1.0, 1.0]))
    0.5
    """
    check_same_length(ratings, predicted)
    if std is None:
        return float("nan")
    return float(np.mean(np.abs(np.asarray(ratings, np.float64) - predicted) <= REACH * std))


def interval_width(ratings: FloatArray, predicted: FloatArray, std: FloatArray | None, train: RatingDataset) -> float:
    """Mean width of the 90 % intervals, cut to the rating scale: less is better if they hold."""
    check_same_length(ratings, predicted)
    if std is None:
        return float("nan")
    low, high = train.rating_scale
    upper, lower = predicted + REACH * std, predicted - REACH * std
    return float(np.mean(np.clip(upper, low, high) - np.clip(lower, low, high)))
