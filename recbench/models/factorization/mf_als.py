"""Alternating least squares of matrix factorization: a half sweep solves every user's, or item's, ridge regression.

    (b_u, p_u) = argmin Σ_i (r_ui − mean − b_i − b_u − p_u · q_i)² + reg_bias b_u² + reg n_u^ρ |p_u|²

Then the same for every item, in turn.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from recbench.array_types import FloatArray, IntArray
from recbench.contracts import RatingDataset
from recbench.models.batched_ridge import PaddedBatch, batch_targets, padded_batches, ridge_with_offsets
from recbench.models.factorization.penalty import Penalty
from recbench.models.factorization.starts import Coefficients, initial_item_coefficients
from recbench.progress import track

START_SCALE = 0.1  # standard deviation of the items' factors before the first sweep


@dataclass(frozen=True, eq=False)
class RidgeProblem:
    """The ridge regressions of all users, or of all items."""

    batches: tuple[PaddedBatch, ...]
    targets: tuple[FloatArray, ...]  # of each batch: ratings, less the mean where there are biases
    penalty: FloatArray  # (n_entities, 1 + n_factors), the bias first


def ridge_problems(
    train: RatingDataset, targets: FloatArray, penalty: Penalty, n_factors: int
) -> tuple[RidgeProblem, RidgeProblem]:
    """Return the regressions of the users and those of the items on `targets` (n_ratings,)."""

    def problem(index: IntArray, n: int, others: IntArray, n_others: int) -> RidgeProblem:
        batches = padded_batches(index, others, n_others, 1 + n_factors)
        n_ratings = np.bincount(index, minlength=n)
        penalties = penalty.of_coefficients(n_ratings, n_factors)
        return RidgeProblem(batches, tuple(batch_targets(batches, targets)), penalties)

    users, items = train.user_idx, train.item_idx
    return problem(users, train.n_users, items, train.n_items), problem(items, train.n_items, users, train.n_users)


def half_sweeps(
    users: RidgeProblem, items: RidgeProblem, start: Coefficients, n_epochs: int, *, biases: bool
) -> Iterator[Coefficients]:
    """Yield the coefficients of users and items: the start, then after each half sweep, users first."""
    learned = start
    yield learned
    for _ in track(range(n_epochs), "sweeps"):
        learned = learned._replace(users=_solve(users, learned.items, biases=biases))
        yield learned
        learned = learned._replace(items=_solve(items, learned.users, biases=biases))
        yield learned


def train_als(
    train: RatingDataset,
    problems: tuple[RidgeProblem, RidgeProblem],
    n_epochs: int,
    random: np.random.Generator,
    *,
    biases: bool,
) -> Coefficients:
    """Return what all half sweeps lead to from one random start."""
    start = random_start(train, problems, random)
    return deque(half_sweeps(*problems, start, n_epochs, biases=biases), maxlen=1).pop()


def random_start(
    train: RatingDataset, problems: tuple[RidgeProblem, RidgeProblem], random: np.random.Generator
) -> Coefficients:
    """Return users of zeros and items with random factors."""
    users, items = problems
    n_factors = items.penalty.shape[1] - 1
    return Coefficients(np.zeros(users.penalty.shape), initial_item_coefficients(train, n_factors, START_SCALE, random))


def _solve(problem: RidgeProblem, others: FloatArray, *, biases: bool) -> FloatArray:
    features = others.copy()
    features[:, 0] = biases  # a feature that is 1 everywhere has the bias as its coefficient
    return ridge_with_offsets(problem.batches, features, problem.targets, problem.penalty, others[:, 0])
