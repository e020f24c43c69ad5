"""Alternating least squares of SVD++: users' factors are solved exactly, their implicit part is refitted, then items'.

With z_u = |N(u)|^-½ Σ_{j ∈ N(u)} y_j, a half sweep of users solves

    (b_u, p_u) = argmin Σ_i (r_ui − mean − b_i − b_u − (p_u + z_u) · q_i)² + reg_bias b_u² + reg n_u^ρ |p_u|²

and then refits y with p_u + z_u fixed (see `implicit_term`); q_i is the item's whole bracket.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from recbench.array_types import FloatArray, IntArray
from recbench.contracts import RatingDataset
from recbench.models.batched_ridge import PaddedBatch, padded_batches, ridge
from recbench.models.factorization.penalty import Penalty
from recbench.models.factorization.starts import initial_item_coefficients
from recbench.models.implicit_term import Implicit
from recbench.models.prediction_blocks import pairwise_products
from recbench.progress import track

START_SCALE = 0.3  # standard deviation of the items' factors before the first sweep


@dataclass(frozen=True, eq=False)
class ImplicitRidgeProblem:
    """The ridge regressions of all users, or of all items, and the implicit part of their factors."""

    index: IntArray  # (n_ratings,) the entity of each rating
    others: IntArray  # (n_ratings,) what it rated, or who rated it
    batches: tuple[PaddedBatch, ...]
    penalty: FloatArray  # (n_entities, 1 + n_factors), the bias first
    implicit: Implicit | None


class ImplicitPenalties(NamedTuple):
    """Weights of |y_j|² and |x_v|²; None leaves y, or x, out."""

    reg_rated: float | None
    reg_raters: float | None


class ImplicitCoefficients(NamedTuple):
    """What is learned of users, or of items."""

    total: FloatArray  # (n_entities, 1 + n_factors) bias and bracket of the formula
    parts: FloatArray  # (n_others, n_factors) y, or x


class Learned(NamedTuple):
    """What is learned of users and of items, from one start."""

    users: ImplicitCoefficients
    items: ImplicitCoefficients


def ridge_problems(
    train: RatingDataset, n_factors: int, penalty: Penalty, implicit: ImplicitPenalties
) -> tuple[ImplicitRidgeProblem, ImplicitRidgeProblem]:
    """Return the regressions of the users and those of the items."""

    def problem(index: IntArray, n: int, others: IntArray, n_others: int, reg: float | None) -> ImplicitRidgeProblem:
        n_ratings = np.bincount(index, minlength=n)
        term = None
        if reg is not None:
            term = Implicit.of(index, others, (n, n_others), penalty.of_factors(n_ratings), reg)
        batches = padded_batches(index, others, n_others, 1 + n_factors)
        return ImplicitRidgeProblem(index, others, batches, penalty.of_coefficients(n_ratings, n_factors), term)

    users, items = train.user_idx, train.item_idx
    return (
        problem(users, train.n_users, items, train.n_items, implicit.reg_rated),
        problem(items, train.n_items, users, train.n_users, implicit.reg_raters),
    )


def train_als(
    train: RatingDataset,
    problems: tuple[ImplicitRidgeProblem, ImplicitRidgeProblem],
    mean: float,
    n_epochs: int,
    random: np.random.Generator,
) -> Learned:
    """Return what all half sweeps lead to from one random start."""
    return deque(half_sweeps(train, problems, mean, n_epochs, random), maxlen=1).pop()


def half_sweeps(
    train: RatingDataset,
    problems: tuple[ImplicitRidgeProblem, ImplicitRidgeProblem],
    mean: float,
    n_epochs: int,
    random: np.random.Generator,
) -> Iterator[Learned]:
    """Yield what is learned of users and items: a random start, then after each half sweep, users first."""
    of_users, of_items = problems
    n_factors = of_items.penalty.shape[1] - 1
    above_mean = train.ratings.astype(np.float64) - mean
    learned = Learned(
        ImplicitCoefficients(np.zeros(of_users.penalty.shape), np.zeros((train.n_items, n_factors))),
        ImplicitCoefficients(
            initial_item_coefficients(train, n_factors, START_SCALE, random), np.zeros((train.n_users, n_factors))
        ),
    )
    yield learned
    for _ in track(range(n_epochs), "sweeps"):
        learned = learned._replace(users=_solve(of_users, learned.items.total, learned.users.parts, above_mean))
        yield learned
        learned = learned._replace(items=_solve(of_items, learned.users.total, learned.items.parts, above_mean))
        yield learned


def _solve(
    problem: ImplicitRidgeProblem, others: FloatArray, parts: FloatArray, above_mean: FloatArray
) -> ImplicitCoefficients:
    """Solve every entity's regression on the coefficients of the others, then refit the implicit part."""
    features = others.copy()
    features[:, 0] = 1.0  # a feature that is 1 everywhere has the bias as its coefficient
    targets = above_mean - others[problem.others, 0]
    if problem.implicit is None:
        return ImplicitCoefficients(ridge(problem.batches, features, targets, problem.penalty), parts)
    implied = problem.implicit.term(parts)
    targets -= pairwise_products(implied, problem.index, others[:, 1:], problem.others)
    total = ridge(problem.batches, features, targets, problem.penalty)
    total[:, 1:] += implied
    return ImplicitCoefficients(total, problem.implicit.refit(total[:, 1:], parts))
