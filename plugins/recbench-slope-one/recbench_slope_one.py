"""Weighted Slope One: the mean difference between two items carries a rating from one to the other.

    r_uj ≈ Σ_i c_ji (r_ui + dev_ji) / Σ_i c_ji        over the items i that user u rated, without j

where c_ji users rated both items and dev_ji is the mean of r_vj − r_vi over them.
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
    """Weighted Slope One; where no item carries over, the user's mean, then the global mean."""

    damping: float = 0.0  # co-ratings' worth of pull toward the user's mean; 0 is the textbook

    def fit(self, train: RatingDataset, valid: RatingDataset | None = None) -> Self:
        """Keep the ratings; the differences are sums over users and are taken when predicting."""
        self.rows_, self.columns_ = train.user_idx, train.item_idx
        self.global_mean_ = float(train.ratings.mean(dtype=np.float64))
        self.above_mean_ = train.ratings - np.float64(self.global_mean_)
        return self

    def predict(self, user_idx: IntArray, item_idx: IntArray) -> FloatArray:
        """The weighted mean of what the user's other items say about each item."""
        total, weight, own = self._carried(user_idx, item_idx)
        pull = (total - own * weight) / np.maximum(weight + self.damping, 1e-9)
        return np.asarray(self.global_mean_ + own + pull)

    def is_fallback(self, user_idx: IntArray, item_idx: IntArray) -> BoolArray:
        """Where no other item of the user shares a user with this one."""
        return self._carried(user_idx, item_idx)[1] <= 0

    def _carried(self, user_idx: IntArray, item_idx: IntArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Σ_i c_ji (r_ui + dev_ji), Σ_i c_ji and the user's mean, one a pair, ratings less the global mean."""
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
                # summed over i first, c_ji and dev_ji become products between users, which are fewer
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
