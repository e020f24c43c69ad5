"""Random starts of factor models, whose problem is not convex, and the average of what they lead to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from recbench.array_types import FloatArray
from recbench.contracts import RatingDataset


class Coefficients(NamedTuple):
    """Biases and factors of users and of items, from one start."""

    users: FloatArray  # (n_users, 1 + n_factors), the bias first
    items: FloatArray  # (n_items, 1 + n_factors), the bias first


def initial_item_coefficients(
    train: RatingDataset, n_factors: int, scale: float, random: np.random.Generator
) -> FloatArray:
    """Return biases of 0 and normal factors of this standard deviation, (n_items, 1 + n_factors)."""
    coefficients = np.zeros((train.n_items, 1 + n_factors))
    by_id = np.argsort(train.item_ids.astype(str))  # the start must not depend on how items are numbered
    coefficients[by_id, 1:] = random.normal(0.0, scale, (train.n_items, n_factors))
    return coefficients


def average_starts(starts: Sequence[FloatArray]) -> tuple[FloatArray, FloatArray]:
    """Return one bias (n,) and factors (n, n_starts · n_factors) that predict the mean of the starts' predictions.

    The factors of all starts are side by side, scaled so that the product of a user's and an item's is the mean
    product. Each start is (n, 1 + n_factors), the bias first.
    """
    bias = np.mean([start[:, 0] for start in starts], axis=0)
    return bias, np.hstack([start[:, 1:] for start in starts]) / np.sqrt(len(starts))
