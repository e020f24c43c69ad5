"""Conversion to Cornac and back: its dataset, built from arrays, and its predictions as an array.

A `Dataset` is constructed directly rather than by `build`, which maps every id, although the ids are dense already
(1.4 CPU s for a million ratings).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from recbench import RatingDataset
from recbench.array_types import BoolArray, FloatArray, IntArray
from recbench_peers.peer import library, positions

cornac = library("cornac", "cornac")
library("cornac.models", "cornac")


def fitted(model: Any, train: RatingDataset, known_users: BoolArray, known_items: BoolArray) -> Any:
    """Fit the model on `train` and return it."""
    users, items = positions(known_users)[train.user_idx], positions(known_items)[train.item_idx]
    n_users, n_items = int(known_users.sum()), int(known_items.sum())
    dataset = cornac.data.Dataset(
        num_users=n_users,
        num_items=n_items,
        uid_map={index: index for index in range(n_users)},
        iid_map={index: index for index in range(n_items)},
        uir_tuple=(users.astype(int), items.astype(int), train.ratings.astype(float)),
    )
    return model.fit(dataset)


def rated(model: Any, user_positions: IntArray, item_positions: IntArray) -> FloatArray:
    """Return the predictions of the model's `rate`, one call per pair, as in Cornac's evaluation."""
    return np.array(
        [model.rate(*pair) for pair in zip(user_positions.tolist(), item_positions.tolist(), strict=True)], float
    )
