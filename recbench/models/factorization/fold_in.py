"""One more person in a fitted factor model: the half step of ALS for one user, the items being fixed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from recbench.array_types import FloatArray, IntArray
from recbench.capabilities import Model, with_extra_user
from recbench.models.batched_ridge import ridge_of_one, side_by_side

if TYPE_CHECKING:
    from recbench.models.factorization.mf import MF
    from recbench.models.factorization.svdpp import SVDpp


def new_factors(
    model: MF | SVDpp, item_idx: IntArray, targets: FloatArray, implied: FloatArray, *, biases: bool
) -> tuple[FloatArray, FloatArray]:
    """Bias (1,) and factors (1, n_starts · n_factors) of the user with these targets.

    Of each start, bias and factors minimize Σ (target − b_i − b_u − (p_u + z) · q_i)² and the penalties of
    the fit; z is `implied`, those of all starts side by side, and a part of the factors given.
    """
    n_starts = model.item_start_bias_.shape[1]
    weight = model.reg * max(len(item_idx), 1) ** model.reg_exponent
    penalty = np.append(model.reg_bias, np.full(model.n_factors, weight))
    of_starts = np.split(model.item_factors_[item_idx] * np.sqrt(n_starts), n_starts, axis=1)
    starts = []
    for bias, factors, z in zip(
        model.item_start_bias_[item_idx].T, of_starts, np.split(implied, n_starts), strict=True
    ):
        features = np.column_stack([np.full(len(item_idx), float(biases)), factors])
        solved = ridge_of_one(features, targets - bias - factors @ z, penalty)
        solved[1:] += z
        starts.append(solved[None, :])
    return side_by_side(starts)


def with_factors(model: Model, item_idx: IntArray, learned: tuple[FloatArray, FloatArray]) -> Model:
    """The model with one more user, of this bias and these factors."""
    bias, factors = learned
    of_users = vars(model)
    return with_extra_user(
        model,
        item_idx,
        user_bias_=np.append(of_users["user_bias_"], bias),
        user_factors_=np.vstack([of_users["user_factors_"], factors]),
    )
