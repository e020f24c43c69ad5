"""The laws of a model's cost, which `recbench check` looks at: they are measured, so no test of a suite has them."""

from __future__ import annotations

import time
from functools import lru_cache

import numpy as np

from recbench.contracts import RatingDataset
from recbench.protocol.runner import run_fold
from recbench.runtime.metering import PeakMemory
from recbench.splits import Holdout
from recbench.testing.models import MakeModel

N_RATINGS = 4_000  # of the small data set; the large one has four times as many
QUADRATIC = 16.0  # growth of what goes with the square of the ratings
LEAST_SECONDS, LEAST_MB = 0.2, 50.0  # what is below tells nothing


def check_seconds_grow_less_than_quadratically(make_model: MakeModel) -> None:
    """Four times the ratings take less than sixteen times the CPU seconds to fit and to predict."""
    (small, _), (large, _) = _costs(make_model)
    assert large < max(LEAST_SECONDS, QUADRATIC * small), (
        f"{small:.2f} CPU seconds for {N_RATINGS:,} ratings, {large:.2f} for {4 * N_RATINGS:,}; "
        "avoid work for every pair of ratings, and loops over them"
    )


def check_memory_grows_less_than_quadratically(make_model: MakeModel) -> None:
    """Four times the ratings take less than sixteen times the memory."""
    (_, small), (_, large) = _costs(make_model)
    assert large < max(LEAST_MB, QUADRATIC * small), (
        f"{small:.0f} MB for {N_RATINGS:,} ratings, {large:.0f} for {4 * N_RATINGS:,}; work in blocks"
    )


@lru_cache(maxsize=1)
def _costs(make_model: MakeModel) -> list[tuple[float, float]]:
    """CPU seconds and megabytes of a fit and a prediction, for few and for many ratings; measured once for both laws.

    A quarter of the few goes first: whatever a model compiles or imports is no cost of the ratings.
    """
    _cost(make_model, N_RATINGS // 4)
    return [_cost(make_model, n) for n in (N_RATINGS, 4 * N_RATINGS)]


def _cost(make_model: MakeModel, n_ratings: int) -> tuple[float, float]:
    ratings = _ratings(n_ratings)
    memory, start = PeakMemory(), time.process_time()
    run_fold(ratings, ratings, make_model(), {}, Holdout(0.1, 1))
    return time.process_time() - start, memory.megabytes() or 0.0


def _ratings(n_ratings: int) -> RatingDataset:
    """As many users as a twentieth of the ratings, half as many items."""
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
