"""One factory of small datasets for all tests."""

from __future__ import annotations

from typing import Any

import numpy as np

from recbench.contracts import RatingDataset


def make_dataset(
    user_idx: Any,
    item_idx: Any,
    ratings: Any = None,
    *,
    n_users: int | None = None,
    n_items: int | None = None,
    scale: tuple[float, float] = (1, 5),
    **columns: Any,
) -> RatingDataset:
    """Make a dataset of these rows; by default, ratings are 3 and there are as few users and items as possible.

    `columns` are other fields of `RatingDataset`: `timestamps`, `item_columns`, `name`, ...
    """
    users = np.asarray(user_idx, np.int64)
    items = np.asarray(item_idx, np.int64)
    n_users = int(users.max(initial=-1)) + 1 if n_users is None else n_users
    n_items = int(items.max(initial=-1)) + 1 if n_items is None else n_items
    fields: dict[str, Any] = {
        "name": "toy",
        "user_idx": users,
        "item_idx": items,
        "ratings": np.full(len(users), 3.0) if ratings is None else ratings,
        "user_ids": np.arange(n_users),
        "item_ids": np.arange(n_items),
        "rating_scale": scale,
    }
    return RatingDataset(**fields | columns)
