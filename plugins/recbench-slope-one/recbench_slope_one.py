"""Weighted Slope One: predicts a rating from the user's other ratings and mean differences between items.

    r_uj ≈ Σ_i c_ji (r_ui + dev_ji) / Σ_i c_ji        over the items i other than j that user u rated

where c_ji is the number of users v who rated both items, and dev_ji the mean of r_vj − r_vi over them.
Source: Lemire & Maclachlan (2005), "Slope one predictors for online rating-based collaborative filtering", SDM.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np

from recbench import BoolArray, FloatArray, IntArray, RatingDataset, RatingModel, hookimpl

N_BLOCK = 256  # users predicted at a time: bounds the memory to N_BLOCK x n_items numbers


@dataclass
class SlopeOne(RatingModel):
    """Weighted Slope One; without a common item, the user's mean, and for a cold user the global mean."""

    damping: float = 0.0  # weight of the user's mean, in co-ratings; 0 is the textbook

    def fit(self, train: RatingDataset, valid: RatingDataset | None = None) -> Self:
        """Store the ratings; differences between items are computed in `predict`."""
        self.rows_, self.columns_ = train.user_idx, train.item_idx
        self.global_mean_ = float(train.ratings.mean(dtype=np.float64))
        self.above_mean_ = train.ratings - np.float64(self.global_mean_)
        return self

    def predict(self, user_idx: IntArray, item_idx: IntArray) -> FloatArray:
        """Return the weighted mean of the predictions from each of the user's other items."""
        total, weight, own = self._weighted_sums(user_idx, item_idx)
        pull = (total - own * weight) / np.maximum(weight + self.damping, 1e-9)
        return np.asarray(self.global_mean_ + own + pull)

    def is_fallback(self, user_idx: IntArray, item_idx: IntArray) -> BoolArray:
        """Mark the pairs where no user rated the item together with another item of this user."""
        return self._weighted_sums(user_idx, item_idx)[1] <= 0

    def _weighted_sums(self, user_idx: IntArray, item_idx: IntArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return Σ_i c_ji (r_ui + dev_ji), Σ_i c_ji and the user's mean per pair; ratings are minus the global mean."""
        from scipy.sparse import csr_array

        shape = (len(self.known_users_), len(self.known_items_))
        R = csr_array((self.above_mean_, (self.rows_, self.columns_)), shape)
        M = csr_array((np.ones(len(self.rows_)), (self.rows_, self.columns_)), shape)
        total, weight = np.zeros(len(user_idx)), np.zeros(len(user_idx))
        item_counts = np.bincount(self.columns_, minlength=shape[1])
        for start in range(0, shape[0], N_BLOCK):
            pairs = np.flatnonzero((user_idx >= start) & (user_idx < start + N_BLOCK))
            if len(pairs):
                u, j = user_idx[pairs] - start, item_idx[pairs]
                R_u, M_u = R[start : start + N_BLOCK], M[start : start + N_BLOCK]
                # summed over i first, c_ji and dev_ji become products between users, of which there are fewer
                common = M_u @ M.T
                shift = R_u @ M.T - M_u @ R.T
                rated, rating = M_u.toarray()[u, j], R_u.toarray()[u, j]
                weight[pairs] = (common @ M).toarray()[u, j] - rated * item_counts[j]
                total[pairs] = (common @ R + shift @ M).toarray()[u, j] - rating * item_counts[j]
        own = R.sum(axis=1) / np.maximum(M.sum(axis=1), 1)
        return total, weight, own[user_idx]


@hookimpl
def register_models() -> Mapping[str, Callable[..., RatingModel]]:
    """`model=slope_one`."""
    return {"slope_one": SlopeOne}
