"""Baselines that predict averages. Every other model must beat them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from recbench.array_types import BoolArray, FloatArray, IntArray
from recbench.capabilities import with_extra_user
from recbench.contracts import RatingDataset, RatingModel


def global_mean(train: RatingDataset) -> float:
    """Return the mean rating of `train`, in float64.

    Raises:
        ValueError: `train` has no ratings.
    """
    if train.n_ratings == 0:
        raise ValueError(f"training set of {train.name!r} has no ratings; give at least one")
    return float(np.mean(train.ratings, dtype=np.float64))


@dataclass
class GlobalMean(RatingModel):
    """The mean of all training ratings, for every pair: r_ui ≈ mean."""

    def fit(self, train: RatingDataset, valid: RatingDataset | None = None) -> Self:
        """Learn `global_mean_`."""
        self.global_mean_ = global_mean(train)
        return self

    def predict(self, user_idx: IntArray, item_idx: IntArray) -> FloatArray:
        """Return the mean for each pair, (n_pairs,)."""
        return np.full(len(user_idx), self.global_mean_)

    def is_fallback(self, user_idx: IntArray, item_idx: IntArray) -> BoolArray:
        """Return True for each pair, (n_pairs,): nothing depends on the user or the item."""
        return np.ones(len(user_idx), bool)

    def with_user(self, item_idx: IntArray, ratings: FloatArray) -> Self:
        """Add a user, who has no part in the predictions."""
        return with_extra_user(self, item_idx)


@dataclass
class UserMean(RatingModel):
    """The user's mean training rating: r_ui ≈ mean_u; the global mean for a user without any."""

    def fit(self, train: RatingDataset, valid: RatingDataset | None = None) -> Self:
        """Learn `user_means_` (n_users,) and `global_mean_`."""
        self.global_mean_ = global_mean(train)
        self.user_means_ = _means(train.user_idx, train, train.n_users)
        return self

    def predict(self, user_idx: IntArray, item_idx: IntArray) -> FloatArray:
        """Return the user's mean for each pair, (n_pairs,)."""
        return self.user_means_[user_idx]

    def is_fallback(self, user_idx: IntArray, item_idx: IntArray) -> BoolArray:
        """Return where the user has no training row, (n_pairs,)."""
        return ~self.known_users_[user_idx]

    def with_user(self, item_idx: IntArray, ratings: FloatArray) -> Self:
        """Add a user with the mean of these ratings; the global mean without any."""
        mean = np.mean(ratings, dtype=np.float64) if len(ratings) else self.global_mean_
        return with_extra_user(self, item_idx, user_means_=np.append(self.user_means_, mean))


@dataclass
class ItemMean(RatingModel):
    """The item's mean training rating: r_ui ≈ mean_i; the global mean for an item without any."""

    def fit(self, train: RatingDataset, valid: RatingDataset | None = None) -> Self:
        """Learn `item_means_` (n_items,)."""
        self.item_means_ = _means(train.item_idx, train, train.n_items)
        return self

    def predict(self, user_idx: IntArray, item_idx: IntArray) -> FloatArray:
        """Return the item's mean for each pair, (n_pairs,)."""
        return self.item_means_[item_idx]

    def is_fallback(self, user_idx: IntArray, item_idx: IntArray) -> BoolArray:
        """Return where the item has no training row, (n_pairs,)."""
        return ~self.known_items_[item_idx]

    def with_user(self, item_idx: IntArray, ratings: FloatArray) -> Self:
        """Add a user, who has no part in the predictions."""
        return with_extra_user(self, item_idx)


def _means(index: IntArray, train: RatingDataset, n: int) -> FloatArray:
    """Return the mean rating of each index, (n,), the global mean for an index without ratings."""
    n_rows = np.bincount(index, minlength=n)
    sums = np.bincount(index, train.ratings, minlength=n)
    return np.where(n_rows > 0, sums / np.maximum(n_rows, 1), global_mean(train))
