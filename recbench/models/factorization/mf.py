"""Matrix factorization: latent factors of users and items whose products explain the ratings.

    r_ui ≈ mean + b_u + b_i + p_u · q_i

`mf_als` and `mf_sgd` fit it, `fold_in` adds users.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Self

import numpy as np

from recbench.array_types import BoolArray, FloatArray, IntArray
from recbench.capabilities import with_extra_user
from recbench.contracts import RatingDataset, RatingModel
from recbench.models.baselines.means import global_mean
from recbench.models.batched_ridge import one_thread
from recbench.models.factorization.fold_in import RatedItems, new_user_coefficients
from recbench.models.factorization.mf_als import ridge_problems, train_als
from recbench.models.factorization.penalty import Penalty
from recbench.models.factorization.starts import average_starts
from recbench.models.option_checks import check_at_least, check_choices
from recbench.registry.search_space import between, searched

Solver = Literal["als", "sgd"]


@dataclass
class MF(RatingModel):
    """Biased matrix factorization, by alternating least squares or by gradient descent.

        r_ui ≈ mean + b_u + b_i + p_u · q_i

    minimizes Σ (r_ui − r̂_ui)² + reg_bias (Σ b_u² + Σ b_i²) + reg (Σ n_u^ρ |p_u|² + Σ n_i^ρ |q_i|²),
    with ρ = reg_exponent and n_u, n_i the numbers of ratings. A sweep of `als` solves every user's
    (b_u, p_u) exactly, then every item's. The problem is not convex: `als` solves it from
    `n_starts` random starts and averages the predictions.

    A user or item without ratings has bias 0 and factors 0. With `biases=False`, r_ui ≈ p_u · q_i, and
    the mean if the user or the item has no ratings.

    Sources: Koren, Bell & Volinsky (2009), "Matrix factorization techniques for recommender
    systems", IEEE Computer 42(8), for the model; Zhou et al. (2008), AAIM, for ALS and ρ = 1; Rendle,
    Krichene, Zhang & Koren (2022), "Revisiting the performance of iALS", RecSys, for ρ between 0
    and 1; Wu (2007), "Collaborative filtering via ensembles of matrix factorizations", KDD Cup.
    """

    # defaults: the best compromise on validation sets cut from the training rows of ML-100K, latest-small and ML-1M
    n_factors: int = searched(12, between(4, 64, log=True))  # latent factors per user and item; 0: biases only
    reg: float = searched(1.7, between(0.1, 20, log=True))  # penalty on squared factors, times n_ratings**reg_exponent
    reg_exponent: float = searched(0.4, between(0, 1))  # 0: one penalty for all; 1: in proportion to the ratings
    reg_bias: float = searched(3.0, between(0.5, 20, log=True))  # penalty on squared biases, in ratings
    n_epochs: int = 8  # sweeps over users, then items (als); passes over the ratings (sgd)
    n_starts: int = 4  # random starts whose predictions are averaged (als only)
    biases: bool = True  # whether the model includes the mean and the biases
    solver: Solver = "als"  # als: exact half steps; sgd: mini-batches, in TensorFlow
    learning_rate: float = 0.005  # step size of a mini-batch (sgd only)
    batch_size: int = 256  # ratings per mini-batch (sgd only)
    seed: int = 0  # seed of the random starts

    @property
    def requires(self) -> tuple[str, ...]:  # type: ignore[override]  # a property: the modules depend on the solver
        """Return the modules that the solver needs: TensorFlow for `sgd`."""
        return ("tensorflow",) if self.solver == "sgd" else ("threadpoolctl",)

    def fit(self, train: RatingDataset, valid: RatingDataset | None = None) -> Self:
        """Learn `global_mean_`, `user_bias_`, `item_bias_`, `user_factors_` and `item_factors_`.

        The factors are (n_users, n_starts · n_factors) and (n_items, n_starts · n_factors): those of all
        starts side by side, scaled so that p_u · q_i is the average. `item_start_bias_` (n_items, n_starts) serves
        users who are folded in.

        Raises:
            ValueError: `train` has no ratings, `solver` is unknown, or `n_starts` is below 1.
        """
        check_choices(self)
        check_at_least(self, n_starts=1)
        self.global_mean_ = global_mean(train)
        if self.solver == "sgd":
            self._fit_sgd(train)
        else:
            self._fit_als(train)
        return self

    def predict(self, user_idx: IntArray, item_idx: IntArray) -> FloatArray:
        """Return mean + b_u + b_i + p_u · q_i, (n_pairs,); without `biases` p_u · q_i, or the mean for cold pairs."""
        product: FloatArray = np.einsum("nf,nf->n", self.user_factors_[user_idx], self.item_factors_[item_idx])
        if self.biases:
            return self.global_mean_ + self.user_bias_[user_idx] + self.item_bias_[item_idx] + product
        return np.where(self.is_fallback(user_idx, item_idx), self.global_mean_, product)

    def is_fallback(self, user_idx: IntArray, item_idx: IntArray) -> BoolArray:
        """Return where p_u · q_i is empty: the user or the item has no training row, or there are no factors."""
        if self.user_factors_.shape[1] == 0:
            return np.ones(len(user_idx), bool)
        return super().is_fallback(user_idx, item_idx)

    def with_user(self, item_idx: IntArray, ratings: FloatArray) -> Self:
        """Add a user with the bias and the factors that minimize the training objective, the items' being fixed."""
        targets = ratings.astype(np.float64) - self._offset()
        items = RatedItems(self.item_start_bias_[item_idx], self.item_factors_[item_idx])
        nothing_implied = np.zeros(self.item_factors_.shape[1])
        bias, factors = new_user_coefficients(items, targets, nothing_implied, self._penalty(), biases=self.biases)
        return with_extra_user(
            self,
            item_idx,
            user_bias_=np.append(self.user_bias_, bias),
            user_factors_=np.vstack([self.user_factors_, factors]),
        )

    def _fit_als(self, train: RatingDataset) -> None:
        random = np.random.default_rng(self.seed)
        targets = train.ratings.astype(np.float64) - self._offset()
        problems = ridge_problems(train, targets, self._penalty(), self.n_factors)
        with one_thread():
            starts = [
                train_als(train, problems, self.n_epochs, random, biases=self.biases) for _ in range(self.n_starts)
            ]
        self.user_bias_, self.user_factors_ = average_starts([start.users for start in starts])
        self.item_bias_, self.item_factors_ = average_starts([start.items for start in starts])
        self.item_start_bias_: FloatArray = np.column_stack([start.items[:, 0] for start in starts])

    def _fit_sgd(self, train: RatingDataset) -> None:
        from recbench.models.factorization.mf_sgd import train_sgd
        from recbench.models.trainer import Trainer

        targets = train.ratings - np.float32(self._offset())
        trainer = Trainer(self.learning_rate, self.batch_size, self.n_epochs, seed=self.seed)
        learned = train_sgd(train, targets, self.n_factors, self._penalty(), trainer, biases=self.biases)
        self.user_bias_ = learned.user_bias
        self.item_bias_ = learned.item_bias
        self.user_factors_ = learned.user_factors
        self.item_factors_ = learned.item_factors
        self.item_start_bias_ = learned.item_bias[:, None]

    def _penalty(self) -> Penalty:
        return Penalty(self.reg, self.reg_exponent, self.reg_bias)

    def _offset(self) -> float:
        """Return what is subtracted from the ratings: the mean, or 0 without `biases`."""
        return self.global_mean_ if self.biases else 0.0
