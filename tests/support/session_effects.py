"""Ratings with planted session effects, and a small model that can learn them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from recbench.array_types import FloatArray
from recbench.contracts import RatingDataset
from recbench.models.bayes.fm import BayesFM
from recbench.models.bayes.time_effects import A_DAY, seconds_of
from tests.support.datasets import make_dataset

SMALL = BayesFM(n_factors=2, n_samples=30, n_burn_in=10, n_kept=10, uses_time=True)
NOON = 20_000 * A_DAY + A_DAY // 2  # seconds


def ratings_with_session_effects(effects: FloatArray) -> tuple[RatingDataset, RatingDataset]:
    """Return a training and a test set, a fifth of the ratings: 40 users rate 30 items, each on one of five evenings.

    `effects` (n_users, 5) are added to the ratings of each evening, which are all given within ten seconds.
    """
    rng = np.random.default_rng(0)
    users, items = (index.ravel() for index in np.indices((40, 30)))
    evening = rng.integers(0, 5, len(users))
    ratings = np.clip(np.round(2 * (3 + effects[users, evening] + 0.3 * rng.normal(size=len(users)))) / 2, -5, 11)
    times = NOON + evening * A_DAY + rng.integers(0, 10, len(users))
    whole = make_dataset(
        users, items, ratings, n_users=40, n_items=30, scale=(-5, 11), timestamps=times, name="session effects"
    )
    order = rng.permutation(len(users))
    return whole.take(order[240:]), whole.take(order[:240])


USER_EFFECTS = np.repeat(np.random.default_rng(1).normal(size=(40, 1)), 5, axis=1) * [1, -1, 1, -1, 1]


def rmse_on(predicted: FloatArray, test: RatingDataset) -> float:
    return float(np.sqrt(np.mean((predicted - test.ratings) ** 2)))


def shift_timestamps(ratings: RatingDataset, seconds: int) -> RatingDataset:
    return replace(ratings, timestamps=seconds_of(ratings) + seconds)
