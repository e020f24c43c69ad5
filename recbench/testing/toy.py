"""A small dataset with everything that a model must handle."""

from __future__ import annotations

import numpy as np

from recbench.contracts import RatingDataset

COLD_USER, COLD_ITEM = 11, 9


def toy_ratings(scale: tuple[float, float] = (1.0, 5.0), *, zeros: bool = True, seed: int = 0) -> RatingDataset:
    """Make 61 whole-number ratings by 12 users on 10 items; user 11 and item 9 are cold (no ratings).

    One user always gives the same rating, another has a single rating. Items have a title, a year (one
    unknown) and genres (one has none). A scale that spans 0 yields some ratings of 0; `zeros=False` leaves
    them out. Rows are shuffled by `seed`; timestamps ascend with the rows.
    """
    rng = np.random.default_rng(seed)
    low, high = scale
    taste = rng.normal(size=(12, 2)) @ rng.normal(size=(2, 10)) + rng.normal(size=(12, 1)) + rng.normal(size=10)
    ratings = np.clip(np.round((low + high) / 2 + taste), low, high)
    ratings[3] = high  # a constant user: no variance
    rated = rng.random((12, 10)) < 0.8
    rated[5] = np.arange(10) == 4  # a single rating
    rated[COLD_USER] = rated[:, COLD_ITEM] = False
    if not zeros:
        rated &= ratings != 0
    users, items = np.nonzero(rated)
    order = rng.permutation(len(users))
    users, items = users[order], items[order]
    return RatingDataset(
        name="toy",
        user_idx=users,
        item_idx=items,
        ratings=ratings[users, items],
        user_ids=np.arange(100, 112),
        item_ids=np.array([f"item-{number}" for number in range(10)]),
        rating_scale=scale,
        timestamps=1_000_000_000 + np.arange(len(users)),
        item_columns={
            "title": np.array([f"Item {number}" for number in range(10)]),
            "year": np.array([1990.0, 1991, 1992, 1993, 1994, 1995, 1996, 1997, 1998, np.nan]),
            "genres": np.array(
                ["Comedy", "Drama", "Comedy|Drama", "War", "Comedy|War", "Drama", "War", "Comedy", "", "Drama"]
            ),
        },
    )


def all_pairs(dataset: RatingDataset) -> tuple[np.ndarray, np.ndarray]:
    """Pair every user with every item, cold ones included: user and item indices, (n_users * n_items,) int32 each."""
    users = np.repeat(np.arange(dataset.n_users, dtype=np.int32), dataset.n_items)
    return users, np.tile(np.arange(dataset.n_items, dtype=np.int32), dataset.n_users)
