"""Checks of a model's cost. Only `recbench check` runs them: measured times would make a test suite unreliable."""

from __future__ import annotations

import time
from functools import lru_cache

import numpy as np

from recbench.contracts import RatingDataset
from recbench.protocol.folds import run_fold
from recbench.protocol.handle import InProcessModel
from recbench.runtime.metering import PeakMemory
from recbench.splits import Holdout
from recbench.testing.models import MakeModel

N_RATINGS = 4_000  # of the small dataset; the large one has four times as many
QUADRATIC = 16.0  # growth of a quadratic cost when the ratings grow fourfold
LEAST_SECONDS = 0.2  # less is noise
LEAST_MB = 50.0  # less is noise


def check_time_grows_less_than_quadratically(make_model: MakeModel) -> None:
    """Fitting and predicting four times the ratings takes less than sixteen times the CPU seconds."""
    (small, _), (large, _) = _costs(make_model)
    assert large < max(LEAST_SECONDS, QUADRATIC * small), (
        f"{small:.2f} CPU seconds for {N_RATINGS:,} ratings, {large:.2f} for {4 * N_RATINGS:,}; "
        "avoid work per pair of ratings, and Python loops over ratings"
    )


def check_memory_grows_less_than_quadratically(make_model: MakeModel) -> None:
    """Fitting and predicting four times the ratings takes less than sixteen times the memory."""
    (_, small), (_, large) = _costs(make_model)
    assert large < max(LEAST_MB, QUADRATIC * small), (
        f"{small:.0f} MB for {N_RATINGS:,} ratings, {large:.0f} for {4 * N_RATINGS:,}; work in blocks"
    )


@lru_cache(maxsize=1)
def _costs(make_model: MakeModel) -> list[tuple[float, float]]:
    """Measure CPU seconds and megabytes of a fit and a prediction, on the small and on the large dataset.

    Measured once for both checks. A still smaller dataset goes first, so that compiling and importing do not count.
    """
    _cost(make_model, N_RATINGS // 4)
    return [_cost(make_model, n) for n in (N_RATINGS, 4 * N_RATINGS)]


def _cost(make_model: MakeModel, n_ratings: int) -> tuple[float, float]:
    ratings = _ratings(n_ratings)
    memory, start = PeakMemory(), time.process_time()
    run_fold(ratings, ratings, InProcessModel(make_model()), {}, Holdout(0.1, 1))
    return time.process_time() - start, memory.megabytes() or 0.0


def _ratings(n_ratings: int) -> RatingDataset:
    """Make a dataset of `n_ratings` ratings, with a twentieth as many users and half as many items as users."""
    rng = np.random.default_rng(0)
    n_users, n_items = n_ratings // 20, n_ratings // 40
    pairs = rng.choice(n_users * n_items, n_ratings, replace=False)
    users, items = np.divmod(pairs, n_items)
    ratings = np.clip(np.round(3 + rng.normal(size=n_users)[users] + rng.normal(size=n_items)[items]), 1, 5)
    columns = {
        "title": np.array([f"Item {n}" for n in range(n_items)]),
        "genres": np.array(["A|B", "B"])[np.arange(n_items) % 2],
    }
    return RatingDataset(
        "growing", users, items, ratings, np.arange(n_users), np.arange(n_items), (1, 5), item_columns=columns
    )
