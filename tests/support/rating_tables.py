"""Ratings written as dense tables, users by items, NaN where there is none."""

from __future__ import annotations

from typing import Any

import numpy as np

from recbench.array_types import FloatArray
from recbench.contracts import RatingDataset, RatingModel
from tests.support.datasets import make_dataset

NAN = float("nan")


def ratings_from(table: Any, scale: tuple[float, float] = (1, 5)) -> RatingDataset:
    """Return the dataset of a table's ratings."""
    ratings = np.array(table, float)
    users, items = np.nonzero(~np.isnan(ratings))
    n_users, n_items = ratings.shape
    return make_dataset(
        users, items, ratings[users, items], n_users=n_users, n_items=n_items, scale=scale, name="table"
    )


def random_table(n_users: int = 40, n_items: int = 30, seed: int = 0) -> FloatArray:
    """Return half-star ratings for a third of the pairs; the last user and the last item have none."""
    rng = np.random.default_rng(seed)
    table = np.clip(np.round(2 * rng.normal(3.5, 1.0, (n_users, n_items))) / 2, 0.5, 5)
    table[rng.random(table.shape) > 1 / 3] = NAN
    table[-1] = NAN
    table[:, -1] = NAN
    return table


def predict_all(model: RatingModel, train: RatingDataset) -> FloatArray:
    """Fit the model and return its predictions for all pairs, (n_users, n_items)."""
    pairs = np.indices((train.n_users, train.n_items)).reshape(2, -1)
    return model.fit(train).predict(*pairs).reshape(train.n_users, train.n_items)
