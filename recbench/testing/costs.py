"""The laws of a model's cost, which `recbench check` looks at: they are measured, so no test of a suite has them."""

from __future__ import annotations

import time

import numpy as np

from recbench.contracts import RatingDataset
from recbench.metering import PeakMemory
from recbench.runner import run_fold
from recbench.splits import Holdout
from recbench.testing.models import MakeModel

N_RATINGS = 4_000  # of the small data set; the large one has four times as many
QUADRATIC = 16.0  # growth of what goes with the square of the ratings
LEAST_SECONDS, LEAST_MB = 0.2, 50.0  # what is below tells nothing


def check_seconds_grow_less_than_quadratically(make_model: MakeModel) -> None:
    """Four times the ratings take less than sixteen times the CPU seconds to fit and to predict."""
    small, large = (_cost(make_model, n)[0] for n in (N_RATINGS, 4 * N_RATINGS))
    assert large < max(LEAST_SECONDS, QUADRATIC * small), (
        f"{small:.2f} CPU seconds for {N_RATINGS:,} ratings, {large:.2f} for {4 * N_RATINGS:,}; "
        "avoid work for every pair of ratings, and loops over them"
    )


def check_memory_grows_less_than_quadratically(make_model: MakeModel) -> None:
    """Four times the ratings take less than sixteen times the memory."""
    small, large = (_cost(make_model, n)[1] for n in (N_RATINGS, 4 * N_RATINGS))
    assert large < max(LEAST_MB, QUADRATIC * small), (
        f"{small:.0f} MB for {N_RATINGS:,} ratings, {large:.0f} for {4 * N_RATINGS:,}; work in blocks"
    )


def _cost(make_model: MakeModel, n_ratings: int) -> tuple[float, float]:
    """CPU seconds and megabytes of one fit and prediction, the second time: the first may compile."""
    ratings = _ratings(n_ratings)
    run_fold(ratings, ratings, make_model(), {}, Holdout(0.1, 1))
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
        "genres": np.array(["A|B", "B"] * (n_items // 2)),
    }
    return RatingDataset(
        "growing", users, items, ratings, np.arange(n_users), np.arange(n_items), (1, 5), item_columns=columns
    )
