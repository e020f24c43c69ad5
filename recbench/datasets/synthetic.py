"""Synthetic ratings with known noise, and so a known best possible RMSE."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from recbench.array_types import FloatArray, IntArray
from recbench.contracts import RatingDataset
from recbench.datasets.id_indexing import pair_keys

SCALE = (1.0, 5.0)
BIAS_SD = 0.4  # of the users' and of the items' biases, in rating units
INTEREST_SD = 0.6  # of p_u · q_i, in rating units
FIRST_DAY, N_SECONDS = 1_420_070_400, 4 * 365 * 86_400  # 2015 to 2018
RACE_CELLS = 5_000_000  # up to this many possible pairs, a random number is drawn for each of them


def make_synthetic(  # noqa: PLR0913  each is an option of the command line
    n_users: int = 500,  # each has at least one rating
    n_items: int = 300,  # each has at least one rating
    n_ratings: int = 20_000,  # distinct (user, item) pairs
    *,
    n_factors: int = 4,  # rank of the users' interests
    noise: float = 0.5,  # standard deviation of a rating around its expectation, in rating units
    skew: float = 0.8,  # exponent of the long tails of users and items; 0: no tails
    step: float = 0.0,  # ratings are rounded to multiples of it, 0.5: half stars; 0: not rounded
    seed: int = 0,  # of all random draws
) -> RatingDataset:
    """Ratings from biases, low-rank interests and Gaussian noise, on a scale from 1 to 5.

        r_ui = 3 + b_u + b_i + p_u · q_i + noise · ε,   then rounded to `step` and clipped

    No model can have an expected RMSE below `noise`, except for the little that clipping removes (about 4 % of the
    ratings are clipped); rounding adds step² / 12 to its square. The numbers of ratings per user and per item have
    long tails; every user and item has at least one rating. An item's genres are the factors in which it is strong.
    Rows are in random order.

    Raises:
        ValueError: `n_ratings` is too small for one rating per user and item, or above the number of pairs.
    """
    _check_n_ratings(n_users, n_items, n_ratings)
    rng = np.random.default_rng(seed)
    pairs = _pairs(rng, _long_tail(rng, n_users, skew), _long_tail(rng, n_items, skew), n_ratings)
    users, items = (index.astype(np.int32) for index in np.divmod(pairs, n_items))
    biases = rng.normal(0, BIAS_SD, n_users)[users] + rng.normal(0, BIAS_SD, n_items)[items]
    strengths = rng.normal(0, 1, (n_items, n_factors))
    expected = 3 + biases
    _add_interests(rng, expected, strengths, users, items, n_users)
    ratings = expected + rng.normal(0, noise, n_ratings)
    if step > 0:
        ratings = np.round(ratings / step) * step
    return RatingDataset(
        "synthetic",
        users,
        items,
        np.clip(ratings, *SCALE),
        np.arange(1, n_users + 1),
        np.arange(1, n_items + 1),
        SCALE,
        FIRST_DAY + rng.integers(0, N_SECONDS, n_ratings),
        _item_columns(rng, strengths),
    )


def _check_n_ratings(n_users: int, n_items: int, n_ratings: int) -> None:
    """Check that `n_ratings` is possible: at least one per user and item, at most one per pair."""
    cells = n_users * n_items
    if not max(n_users, n_items) <= n_ratings <= cells or min(n_users, n_items) < 1:
        raise ValueError(
            f"n_ratings is {n_ratings:,} for {n_users:,} users and {n_items:,} items; give at least "
            f"{max(n_users, n_items):,}, one per user and item, and at most {cells:,}, one per pair"
        )


def _add_interests(
    rng: np.random.Generator,
    expected: FloatArray,
    strengths: FloatArray,
    users: IntArray,
    items: IntArray,
    n_users: int,
) -> None:
    """Draw p_u and add p_u · q_i to the expected ratings, in place; `strengths` are q_i, (n_items, n_factors)."""
    n_factors = strengths.shape[1]
    for factor in range(n_factors):  # one at a time: a matrix of all would take n_factors times the memory
        interest = rng.normal(0, INTEREST_SD / np.sqrt(n_factors), n_users)
        expected += interest[users] * strengths[items, factor]


def _long_tail(rng: np.random.Generator, n: int, skew: float) -> FloatArray:
    """Draw the shares of n users or items in the ratings; the k-th largest is proportional to (1 + 20 k / n)^-skew."""
    weights = (1 + 20 * np.arange(n) / n) ** -skew
    shares: FloatArray = rng.permutation(weights / weights.sum())
    return shares


def _pairs(rng: np.random.Generator, user_shares: FloatArray, item_shares: FloatArray, n: int) -> IntArray:
    """Draw the keys of n different pairs by the shares, in random order; every user and item is in at least one."""
    n_users, n_items = len(user_shares), len(item_shares)
    each = np.arange(max(n_users, n_items))
    needed = pair_keys(rng.permutation(n_users)[each % n_users], rng.permutation(n_items)[each % n_items], n_items)
    cells = n_users * n_items
    if cells <= RACE_CELLS or n > cells // 4:
        # each pair arrives after an exponential time at a rate of its share; the first n are drawn
        times = rng.exponential(size=cells) / np.outer(user_shares, item_shares).ravel()
        times[needed] = -1.0
        # in which order they come in, the processor decides: sorted, the permutation is of the same everywhere
        return rng.permutation(np.sort(np.argpartition(times, n - 1)[:n]))
    keys = np.sort(needed)
    while len(keys) < n:
        n_draws = int(1.2 * (n - len(keys))) + 1000
        users = np.repeat(np.arange(n_users), rng.multinomial(n_draws, user_shares))
        items = np.repeat(np.arange(n_items), rng.multinomial(n_draws, item_shares))
        keys = np.sort(np.concatenate([keys, pair_keys(users, rng.permutation(items), n_items)]))
        keys = keys[np.append(True, keys[1:] != keys[:-1])]  # np.unique takes many times as long
    drawn = rng.permutation(np.setdiff1d(keys, needed, assume_unique=True))[: n - len(needed)]
    return rng.permutation(np.concatenate([needed, drawn]))


def _item_columns(rng: np.random.Generator, strengths: FloatArray) -> dict[str, npt.NDArray[Any]]:
    n_items = len(strengths)
    genres = [f"Genre {factor + 1}" for factor in range(strengths.shape[1])]
    named = ["|".join(genre for genre, strong in zip(genres, row, strict=True) if strong) for row in strengths > 0.5]
    return {
        "title": np.array([f"Item {item}" for item in range(1, n_items + 1)], object),
        "year": rng.integers(1950, 2015, n_items).astype(np.float64),
        "genres": np.array([text or "(no genres listed)" for text in named], object),
    }
