"""A new user in a fitted factor model: the half step of ALS for one user, the items being fixed.

    (b_u, p_u) = argmin Σ_i (r_ui − mean − b_i − b_u − (p_u + z_u) · q_i)² + reg_bias b_u² + reg n_u^ρ |p_u|²

z_u is the implicit part of SVD++, 0 in matrix factorization.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from recbench.array_types import FloatArray
from recbench.models.batched_ridge import ridge_of_one
from recbench.models.factorization.penalty import Penalty
from recbench.models.factorization.starts import average_starts


class RatedItems(NamedTuple):
    """What was learned of the items that the new user rated."""

    start_bias: FloatArray  # (n_rated, n_starts) the bias b_i of each start
    factors: FloatArray  # (n_rated, n_starts · n_factors) as `average_starts` returns them


def new_user_coefficients(
    items: RatedItems, targets: FloatArray, implied: FloatArray, penalty: Penalty, *, biases: bool
) -> tuple[FloatArray, FloatArray]:
    """Return the bias (1,) and the factors p_u + z_u (1, n_starts · n_factors) of a new user.

    `targets` (n_rated,) are the ratings less the mean, `implied` (n_starts · n_factors,) is the given part z_u of the
    factors in each start. Without `biases`, b_u is 0.
    """
    n_rated, n_starts = items.start_bias.shape
    factors_of_starts = np.split(items.factors * np.sqrt(n_starts), n_starts, axis=1)
    penalties = penalty.of_coefficients(np.array([n_rated]), factors_of_starts[0].shape[1])[0]
    starts = []
    for bias, factors, z in zip(items.start_bias.T, factors_of_starts, np.split(implied, n_starts), strict=True):
        features = np.column_stack([np.full(n_rated, float(biases)), factors])
        solved = ridge_of_one(features, targets - bias - factors @ z, penalties)
        solved[1:] += z
        starts.append(solved[None, :])
    return average_starts(starts)
