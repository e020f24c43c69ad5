"""Compiled loop of SVD++: Koren's gradient steps. This module imports Numba: import it late.

Koren updates y_j of all |N(u)| rated items after each rating. While one user's ratings are gone
through, nobody else's y matter, only z_u = |N(u)|^-½ Σ y_j, whose own step is that of p_u:

    y_j ← y_j + γ (e |N(u)|^-½ q_i − λ y_j) for all j   ⇒   z_u ← z_u + γ (e q_i − λ z_u)

So z_u is stepped with every rating and the y_j are brought up to date once, after the user's last one:
the same numbers in O(|N(u)|) steps a user instead of O(|N(u)|²).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numba
import numpy as np
from numba import boolean, float64, int32, int64, void

from recbench.array_types import Float64Array, FloatArray, Int32Array, RowPointers
from recbench.contracts import RatingDataset
from recbench.models.numba_compile import compiled
from recbench.models.row_pointers import row_pointers
from recbench.progress import track

if TYPE_CHECKING:
    from recbench.models.factorization.svdpp import SVDpp

Ratings = tuple[RowPointers, Int32Array, Float64Array]  # where users start; items and ratings, user by user
Rates = tuple[float, float, float]  # learning rate, penalty on factors, penalty on biases, both per rating

START_SCALE = 0.1  # standard deviation of p and q before the first step

types: Any = numba.types  # which carries no type hints
_table, _vector = float64[:, ::1], float64[::1]
_ratings = types.Tuple((int64[::1], int32[::1], float64[::1]))
_rates = types.UniTuple(float64, 3)


@compiled(void(_vector, _vector, _vector, _vector, float64, _rates))
def step(p: Float64Array, z: Float64Array, q: Float64Array, gained: Float64Array, target: float, rates: Rates) -> None:
    """One rating's step, in place; p and q begin with the biases, z and `gained` with a 0 that stays.

    `gained` is what the user's ratings so far have added to |N(u)|^½ y_j, decay included.
    """
    rate, reg, reg_bias = rates
    error = target - p[0] - q[0]
    for f in range(1, len(p)):
        error -= (p[f] + z[f]) * q[f]
    p[0] += rate * (error - reg_bias * p[0])
    q[0] += rate * (error - reg_bias * q[0])
    keep = 1.0 - rate * reg
    for f in range(1, len(p)):
        user, item = p[f] + z[f], q[f]
        p[f] = keep * p[f] + rate * error * item
        z[f] = keep * z[f] + rate * error * item
        gained[f] = keep * gained[f] + rate * error * item
        q[f] = keep * item + rate * error * user


@compiled(void(_ratings, int64[::1], _table, _table, _table, _rates, boolean))
def go_through(
    ratings: Ratings,
    users: RowPointers,
    p: Float64Array,
    q: Float64Array,
    y: Float64Array,
    rates: Rates,
    implicit: bool,
) -> None:
    """One pass over the ratings of `users`, in place; p, q and y are (n, 1 + n_factors)."""
    starts, items, targets = ratings
    z, gained = np.zeros(p.shape[1]), np.zeros(p.shape[1])
    for user in users:
        first, last = starts[user], starts[user + 1]
        share = 1.0 / np.sqrt(max(last - first, 1))
        z[:], gained[:] = 0.0, 0.0
        if implicit:
            for at in range(first, last):
                z += share * y[items[at]]
        for at in range(first, last):
            if not implicit:
                z[:] = 0.0
            step(p[user], z, q[items[at]], gained, targets[at], rates)
        if implicit:
            keep = (1.0 - rates[0] * rates[1]) ** (last - first)
            for at in range(first, last):
                y[items[at]] = keep * y[items[at]] + share * gained


def train_sgd(
    model: SVDpp, train: RatingDataset, mean: float, random: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Biases and factors of users and of items from one random start: (n, 1 + n_factors), the bias first."""
    ratings = user_by_user(train, mean)
    shape = (1 + model.n_factors,)
    p, q = (random.normal(0.0, START_SCALE, (n, *shape)) for n in (train.n_users, train.n_items))
    y = np.zeros((train.n_items, *shape))
    p[:, 0] = q[:, 0] = 0.0
    q[np.bincount(train.item_idx, minlength=train.n_items) == 0] = 0.0
    p[np.diff(ratings[0]) == 0] = 0.0
    rates, implicit = (float(model.learning_rate), float(model.reg), float(model.reg_bias)), model.implicit == "user"
    for _ in track(range(model.n_epochs), "epochs"):
        go_through(ratings, random.permutation(train.n_users), p, q, y, rates, implicit)
    return p + _implied(ratings, y) if implicit else p, q


def user_by_user(train: RatingDataset, mean: float) -> Ratings:
    """The ratings less their mean, sorted by user and item."""
    order = np.lexsort((train.item_idx, train.user_idx))
    starts = row_pointers(train.user_idx, train.n_users)
    items = np.ascontiguousarray(train.item_idx[order], np.int32)
    return starts, items, train.ratings[order].astype(np.float64) - mean


def _implied(ratings: Ratings, y: Float64Array) -> Float64Array:
    """The sums z of all users: (n_users, 1 + n_factors), the first column 0."""
    from recbench.models.implicit_term import Implicit

    starts, items, _ = ratings
    n_users = len(starts) - 1
    users = np.repeat(np.arange(n_users), np.diff(starts))
    return np.asarray(Implicit.of(users, items, (n_users, len(y)), np.ones(n_users), 1.0).term(y))
