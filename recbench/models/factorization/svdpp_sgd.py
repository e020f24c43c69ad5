"""Compiled loop of SVD++: Koren's gradient steps. This module imports Numba: import it late.

Koren updates y_j of all |N(u)| rated items after each rating. During one user's ratings the y_j
matter only through z_u = |N(u)|^-½ Σ y_j, whose own step is that of p_u:

    y_j ← y_j + γ (e |N(u)|^-½ q_i − λ y_j) for all j   ⇒   z_u ← z_u + γ (e q_i − λ z_u)

So z_u is stepped with every rating and the y_j are updated once, after the user's last rating:
the same numbers in O(|N(u)|) steps per user instead of O(|N(u)|²).

Source: Koren (2008), "Factorization meets the neighborhood", KDD, §4.3.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
import numpy as np
from numba import boolean, float64, int32, int64, void

from recbench.array_types import Float64Array, Int32Array, RowPointers
from recbench.contracts import RatingDataset
from recbench.models.factorization.starts import Coefficients
from recbench.models.implicit_term import Implicit
from recbench.models.numba_compile import compiled
from recbench.models.row_pointers import row_pointers
from recbench.progress import track


class UserRatings(NamedTuple):
    """The training ratings, sorted by user and item."""

    starts: RowPointers  # (n_users + 1,)
    items: Int32Array  # (n_ratings,)
    targets: Float64Array  # (n_ratings,) ratings less their mean


class Rates(NamedTuple):
    """Sizes of the steps, per rating."""

    learning_rate: float
    reg: float  # penalty on squared factors
    reg_bias: float  # penalty on squared biases


START_SCALE = 0.1  # standard deviation of p and q before the first step

types: Any = numba.types  # which carries no type hints
_table, _vector = float64[:, ::1], float64[::1]
_ratings = types.NamedTuple([int64[::1], int32[::1], float64[::1]], UserRatings)
_rates = types.NamedUniTuple(float64, 3, Rates)


@compiled(void(_vector, _vector, _vector, _vector, float64, _rates))
def step(p: Float64Array, z: Float64Array, q: Float64Array, gained: Float64Array, target: float, rates: Rates) -> None:
    """Take one rating's step, in place; all vectors are (1 + n_factors,), p and q with the bias first, z with a 0.

    `gained` is what the user's ratings so far have added to |N(u)|^½ y_j, decay included.
    """
    rate = rates.learning_rate
    error = target - p[0] - q[0]
    for f in range(1, len(p)):
        error -= (p[f] + z[f]) * q[f]
    p[0] += rate * (error - rates.reg_bias * p[0])
    q[0] += rate * (error - rates.reg_bias * q[0])
    keep = 1.0 - rate * rates.reg
    for f in range(1, len(p)):
        user = p[f] + z[f]
        item = q[f]
        p[f] = keep * p[f] + rate * error * item
        z[f] = keep * z[f] + rate * error * item
        gained[f] = keep * gained[f] + rate * error * item
        q[f] = keep * item + rate * error * user


@compiled(void(_ratings, int64[::1], _table, _table, _table, _rates, boolean))
def run_epoch(
    ratings: UserRatings,
    users: RowPointers,
    p: Float64Array,
    q: Float64Array,
    y: Float64Array,
    rates: Rates,
    implicit: bool,
) -> None:
    """Take the steps of all ratings of `users`, in place; p, q and y are (n, 1 + n_factors), the bias first."""
    z = np.zeros(p.shape[1])
    gained = np.zeros(p.shape[1])
    for user in users:
        first = ratings.starts[user]
        last = ratings.starts[user + 1]
        share = 1.0 / np.sqrt(max(last - first, 1))
        z[:] = 0.0
        gained[:] = 0.0
        if implicit:
            for at in range(first, last):
                z += share * y[ratings.items[at]]
        for at in range(first, last):
            if not implicit:
                z[:] = 0.0
            step(p[user], z, q[ratings.items[at]], gained, ratings.targets[at], rates)
        if implicit:
            keep = (1.0 - rates.learning_rate * rates.reg) ** (last - first)
            for at in range(first, last):
                item = ratings.items[at]
                y[item] = keep * y[item] + share * gained


def train_sgd(
    train: RatingDataset,
    mean: float,
    n_factors: int,
    n_epochs: int,
    rates: Rates,
    random: np.random.Generator,
    *,
    implicit: bool,
) -> Coefficients:
    """Return biases and factors from one random start, z_u being part of the user's factors."""
    ratings = sort_by_user(train, mean)
    p = random.normal(0.0, START_SCALE, (train.n_users, 1 + n_factors))
    q = random.normal(0.0, START_SCALE, (train.n_items, 1 + n_factors))
    y = np.zeros(q.shape)
    p[:, 0] = 0.0
    q[:, 0] = 0.0
    q[np.bincount(train.item_idx, minlength=train.n_items) == 0] = 0.0
    p[np.diff(ratings.starts) == 0] = 0.0
    for _ in track(range(n_epochs), "epochs"):
        run_epoch(ratings, random.permutation(train.n_users), p, q, y, rates, implicit)
    return Coefficients(p + _implied(ratings, y) if implicit else p, q)


def sort_by_user(train: RatingDataset, mean: float) -> UserRatings:
    """Return the ratings less their mean, sorted by user and item."""
    order = np.lexsort((train.item_idx, train.user_idx))
    starts = row_pointers(train.user_idx, train.n_users)
    items = np.ascontiguousarray(train.item_idx[order], np.int32)
    return UserRatings(starts, items, train.ratings[order].astype(np.float64) - mean)


def _implied(ratings: UserRatings, y: Float64Array) -> Float64Array:
    """Return the sums z of all users, (n_users, 1 + n_factors), the first column 0."""
    n_users = len(ratings.starts) - 1
    users = np.repeat(np.arange(n_users), np.diff(ratings.starts))
    term = Implicit.of(users, ratings.items, (n_users, len(y)), np.ones(n_users), 1.0)
    return np.asarray(term.term(y))
