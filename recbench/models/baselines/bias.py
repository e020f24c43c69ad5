"""The bias model: how far the ratings of a user and of an item are from the mean. Most other models start from it.

    r_ui ≈ mean + b_u + b_i

It is the baseline to beat: `bias` is in every comparison.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from recbench.array_types import BoolArray, FloatArray, IntArray
from recbench.capabilities import with_extra_user
from recbench.contracts import RatingDataset, RatingModel
from recbench.models.baselines.means import global_mean
from recbench.registry.search_space import between, searched
from recbench.runtime.memo import memoize


@dataclass
class Bias(RatingModel):
    """User and item biases, damped, by alternating closed-form updates.

        r_ui ≈ mean + b_u + b_i
        b_i = Σ_u (r_ui − mean − b_u) / (reg_item + n_i),   then the same for b_u

    from zero, items first; its fixed point minimizes the squared error plus reg_user Σ b_u² +
    reg_item Σ b_i². A user or item without ratings has bias 0.

    Source: Koren (2010), "Factor in the neighbors", ACM TKDD 4(1), §2.1.
    """

    reg_user: float = searched(5.0, between(0.5, 50, log=True))  # damping of a user's bias, in ratings
    reg_item: float = searched(2.0, between(0.5, 50, log=True))  # damping of an item's bias, in ratings
    n_epochs: int = 10  # item-then-user passes

    def fit(self, train: RatingDataset, valid: RatingDataset | None = None) -> Self:
        """Learn `global_mean_`, `user_bias_` (n_users,) and `item_bias_` (n_items,).

        Raises:
            ValueError: `train` has no ratings.
        """
        learned = memoize(
            "bias",
            lambda: (train.digest, self.reg_user, self.reg_item, self.n_epochs),
            lambda: self._learn(train),
            8 * (train.n_users + train.n_items),
        )
        self.global_mean_: float = learned[0]
        self.user_bias_: FloatArray = learned[1].copy()  # other models share the memoized arrays
        self.item_bias_: FloatArray = learned[2].copy()
        return self

    def _learn(self, train: RatingDataset) -> tuple[float, FloatArray, FloatArray]:
        """Return the mean, the users' biases (n_users,) and the items' biases (n_items,)."""
        users, items = train.user_idx, train.item_idx
        mean = global_mean(train)
        above_mean = train.ratings.astype(np.float64) - mean
        user_damping = self.reg_user + np.bincount(users, minlength=train.n_users)
        item_damping = self.reg_item + np.bincount(items, minlength=train.n_items)
        user_bias: FloatArray = np.zeros(train.n_users)
        item_bias: FloatArray = np.zeros(train.n_items)
        for _ in range(self.n_epochs):
            item_bias = _damped_mean(items, above_mean - user_bias[users], item_damping)
            user_bias = _damped_mean(users, above_mean - item_bias[items], user_damping)
        return mean, user_bias, item_bias

    def predict(self, user_idx: IntArray, item_idx: IntArray) -> FloatArray:
        """Return mean + b_u + b_i, (n_pairs,)."""
        return self.global_mean_ + self.user_bias_[user_idx] + self.item_bias_[item_idx]

    def is_fallback(self, user_idx: IntArray, item_idx: IntArray) -> BoolArray:
        """Return where neither the user nor the item has a training row, (n_pairs,)."""
        return ~(self.known_users_[user_idx] | self.known_items_[item_idx])

    def with_user(self, item_idx: IntArray, ratings: FloatArray) -> Self:
        """Add a user with the bias of the fit's last half pass; the items' biases are fixed."""
        above_item = ratings.astype(np.float64) - self.global_mean_ - self.item_bias_[item_idx]
        damping = np.array([self.reg_user + len(item_idx)])
        bias = _damped_mean(np.zeros(len(item_idx), np.int32), above_item, damping)
        return with_extra_user(self, item_idx, user_bias_=np.append(self.user_bias_, bias))

    def residuals(self, train: RatingDataset) -> FloatArray:
        """Return r_ui − mean − b_u − b_i of each row of `train`, (n_ratings,)."""
        return train.ratings - self.predict(train.user_idx, train.item_idx)


def _damped_mean(index: IntArray, values: FloatArray, damping: FloatArray) -> FloatArray:
    # an undamped bias without ratings is 0/0: it stays 0
    return np.bincount(index, values, minlength=len(damping)) / np.where(damping > 0, damping, 1.0)
