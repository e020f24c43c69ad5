"""Matrix factorization: a user and an item each have a few numbers whose products say who likes what."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, Self

import numpy as np

from recbench.array_types import BoolArray, FloatArray, IntArray
from recbench.contracts import RatingDataset, RatingModel
from recbench.models.baselines.means import global_mean
from recbench.models.batched_ridge import (
    PaddedBatch,
    batch_targets,
    one_thread,
    padded_batches,
    ridge_with_offsets,
    side_by_side,
)
from recbench.models.factorization.fold_in import new_factors, with_factors
from recbench.models.option_checks import check_at_least, check_choices
from recbench.progress import track
from recbench.registry.search_space import between, searched

Solver = Literal["als", "sgd"]
START_SCALE = 0.1  # standard deviation of the factors before the first sweep


@dataclass
class MF(RatingModel):
    """Biased matrix factorization, by alternating ridge regressions or by gradient descent.

        r_ui ≈ mean + b_u + b_i + p_u · q_i

    minimizing Σ (r_ui − r̂_ui)² + reg_bias (Σ b_u² + Σ b_i²) + reg (Σ n_u^ρ |p_u|² + Σ n_i^ρ |q_i|²),
    ρ = reg_exponent, n_u and n_i being numbers of ratings. A sweep of `als` solves every user's
    (b_u, p_u) exactly, then every item's. The problem is not convex: `als` solves it from
    `n_starts` random starts and averages the predictions.

    A user or item without ratings has bias 0 and factors 0. With `biases=False`, r_ui ≈ p_u · q_i, and
    the mean where the user or the item has no ratings.

    Sources: Koren, Bell & Volinsky (2009), "Matrix factorization techniques for recommender
    systems", IEEE Computer 42(8), for the model; Zhou et al. (2008), AAIM, for ALS and ρ = 1; Rendle,
    Krichene, Zhang & Koren (2022), "Revisiting the performance of iALS", RecSys, for ρ between 0
    and 1; Wu (2007), "Collaborative filtering via ensembles of matrix factorizations", KDD Cup.
    """

    # defaults: the best compromise on validation parts cut from the training rows of ML-100K, latest-small and ML-1M
    n_factors: int = searched(12, between(4, 64, log=True))  # numbers that describe a user, or an item; 0: biases only
    reg: float = searched(1.7, between(0.1, 20, log=True))  # penalty on squared factors, times n_ratings**reg_exponent
    reg_exponent: float = searched(0.4, between(0, 1))  # 0: one penalty for all; 1: in proportion to the ratings
    reg_bias: float = searched(3.0, between(0.5, 20, log=True))  # penalty on squared biases, in ratings
    n_epochs: int = 8  # sweeps over users, then items (als); passes over the ratings (sgd)
    n_starts: int = 4  # random starts whose predictions are averaged (als only)
    biases: bool = True  # whether the mean and the biases are part of the model
    solver: Solver = "als"  # als: exact half steps; sgd: mini-batches, in TensorFlow
    learning_rate: float = 0.005  # of a mini-batch's step (sgd only)
    batch_size: int = 256  # ratings in a mini-batch (sgd only)
    seed: int = 0  # of the random starts

    @property
    def requires(self) -> tuple[str, ...]:  # type: ignore[override]  # which modules depends on the solver
        """TensorFlow for `sgd` alone."""
        return ("recbench.models.quiet_tensorflow",) if self.solver == "sgd" else ("threadpoolctl",)

    def fit(self, train: RatingDataset, valid: RatingDataset | None = None) -> Self:
        """Learn `global_mean_`, `user_bias_`, `item_bias_`, `user_factors_` and `item_factors_`.

        The factors are (n_users, n_starts · n_factors) and (n_items, n_starts · n_factors): those of all
        starts side by side, scaled so that p_u · q_i is the average. `item_start_bias_` (n_items, n_starts) is
        kept for users who come later.

        Raises:
            ValueError: `train` has no ratings, the solver is unknown, or there is no start.
        """
        check_choices(self)
        check_at_least(self, n_starts=1)
        self.global_mean_ = global_mean(train)
        if self.solver == "sgd":
            from recbench.models.factorization.mf_sgd import train_sgd

            vars(self).update(train_sgd(self, train))
            self.item_start_bias_: FloatArray = np.asarray(vars(self)["item_bias_"])[:, None]
            return self
        random = np.random.default_rng(self.seed)
        sides = _sides(self, train)
        with one_thread():
            starts = [deque(half_sweeps(self, train, sides, random), maxlen=1).pop() for _ in range(self.n_starts)]
        self.user_bias_, self.user_factors_ = side_by_side([users for users, _ in starts])
        self.item_bias_, self.item_factors_ = side_by_side([items for _, items in starts])
        self.item_start_bias_ = np.column_stack([items[:, 0] for _, items in starts])
        return self

    def predict(self, user_idx: IntArray, item_idx: IntArray) -> FloatArray:
        """Mean, biases and the factors' product, or the product alone where `biases` is off."""
        product: FloatArray = np.einsum("nf,nf->n", self.user_factors_[user_idx], self.item_factors_[item_idx])
        if self.biases:
            return self.global_mean_ + self.user_bias_[user_idx] + self.item_bias_[item_idx] + product
        return np.where(self.is_fallback(user_idx, item_idx), self.global_mean_, product)

    def is_fallback(self, user_idx: IntArray, item_idx: IntArray) -> BoolArray:
        """Where p_u · q_i is empty: no training row of the user or of the item, or no factors at all."""
        if self.user_factors_.shape[1] == 0:
            return np.ones(len(user_idx), bool)
        return super().is_fallback(user_idx, item_idx)

    def with_user(self, item_idx: IntArray, ratings: FloatArray) -> Self:
        """One more user, with the bias and the factors that minimize what training does; the items' are fixed."""
        targets = ratings.astype(np.float64) - (self.global_mean_ if self.biases else 0.0)
        nothing = np.zeros(self.item_factors_.shape[1])
        return with_factors(self, item_idx, new_factors(self, item_idx, targets, nothing, biases=self.biases))

    def objective(self, train: RatingDataset) -> float:
        """What training minimizes, at what was learned from one start."""
        errors = train.ratings - self.predict(train.user_idx, train.item_idx)
        biases, factors = (self.user_bias_, self.item_bias_), (self.user_factors_, self.item_factors_)
        learned = zip(_sides(self, train), biases, factors, strict=True)
        penalties = [side.penalty * np.column_stack([bias, factor]) ** 2 for side, bias, factor in learned]
        return float(errors @ errors) + sum(float(penalty.sum()) for penalty in penalties)


@dataclass(frozen=True, eq=False)
class EntityBlock:
    """The users, or the items: their ratings in blocks, and their penalties."""

    batches: tuple[PaddedBatch, ...]
    targets: tuple[FloatArray, ...]  # of each block: ratings, less the mean where there are biases
    penalty: FloatArray  # (n_entities, 1 + n_factors), the bias first


def half_sweeps(
    model: MF, train: RatingDataset, sides: tuple[EntityBlock, EntityBlock], random: np.random.Generator
) -> Iterator[tuple[FloatArray, FloatArray]]:
    """Yield users' and items' coefficients, the bias first: a random start, then each half sweep's."""
    users, items = sides
    of_users: FloatArray = np.zeros(users.penalty.shape)
    of_items: FloatArray = np.zeros(items.penalty.shape)
    by_id = np.argsort(train.item_ids.astype(str))  # items numbered otherwise start alike
    of_items[by_id, 1:] = random.normal(0.0, START_SCALE, (train.n_items, model.n_factors))
    yield of_users, of_items
    for _ in track(range(model.n_epochs), "sweeps"):
        of_users = _half(users, of_items, biases=model.biases)
        yield of_users, of_items
        of_items = _half(items, of_users, biases=model.biases)
        yield of_users, of_items


def _half(side: EntityBlock, of_others: FloatArray, *, biases: bool) -> FloatArray:
    features = of_others.copy()
    features[:, 0] = biases  # a feature that is 1 everywhere has the bias as its coefficient
    return ridge_with_offsets(side.batches, features, side.targets, side.penalty, of_others[:, 0])


def _sides(model: MF, train: RatingDataset) -> tuple[EntityBlock, EntityBlock]:
    users, items = train.user_idx, train.item_idx
    targets = train.ratings.astype(np.float64) - (model.global_mean_ if model.biases else 0.0)
    user_side = _side(model, users, items, targets, (train.n_users, train.n_items))
    return user_side, _side(model, items, users, targets, (train.n_items, train.n_users))


def _side(model: MF, index: IntArray, others: IntArray, targets: FloatArray, sizes: tuple[int, int]) -> EntityBlock:
    n, n_others = sizes
    penalty = np.full((n, 1 + model.n_factors), float(model.reg_bias))
    n_rows = np.maximum(np.bincount(index, minlength=n), 1)
    penalty[:, 1:] = (model.reg * n_rows**model.reg_exponent)[:, None]
    batches = padded_batches(index, others, n_others, 1 + model.n_factors)
    return EntityBlock(batches, tuple(batch_targets(batches, targets)), penalty)
