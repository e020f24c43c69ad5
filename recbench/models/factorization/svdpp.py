"""SVD++: matrix factorization that also learns from which items a user rated, whatever the ratings were.

    r_ui ≈ mean + b_u + b_i + (p_u + |N(u)|^-½ Σ_{j ∈ N(u)} y_j) · (q_i + |N(i)|^-½ Σ_{v ∈ N(i)} x_v)

`svdpp_als` and `svdpp_sgd` fit it, `fold_in` adds users.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Self

import numpy as np

from recbench.array_types import BoolArray, FloatArray, IntArray
from recbench.capabilities import CannotFoldInError, with_extra_user
from recbench.contracts import RatingDataset, RatingModel
from recbench.models.baselines.means import global_mean
from recbench.models.batched_ridge import one_thread
from recbench.models.factorization.fold_in import RatedItems, new_user_coefficients
from recbench.models.factorization.penalty import Penalty
from recbench.models.factorization.starts import average_starts
from recbench.models.factorization.svdpp_als import ImplicitPenalties, ridge_problems, train_als
from recbench.models.option_checks import check_at_least, check_choices
from recbench.models.prediction_blocks import pairwise_products
from recbench.registry.search_space import between, searched

Solver = Literal["als", "sgd"]
ImplicitOf = Literal["none", "user", "item", "both"]


@dataclass
class SVDpp(RatingModel):
    """SVD++: factors of users and items, each with an implicit part that depends on who rated what.

        r_ui ≈ mean + b_u + b_i + (p_u + |N(u)|^-½ Σ_{j ∈ N(u)} y_j) · (q_i + |N(i)|^-½ Σ_{v ∈ N(i)} x_v)

    N(u) are the items that u rated in the training set, N(i) the users who rated i there.
    `implicit=user` leaves out x and is Koren's SVD++, `item` leaves out y, `none` both: plain
    matrix factorization.

    `als` minimizes Σ (r_ui − r̂_ui)² + reg_bias (Σ b_u² + Σ b_i²) + reg (Σ n_u^ρ |p_u|² + Σ n_i^ρ |q_i|²)
    + reg_rated Σ |y_j|² + reg_raters Σ |x_v|², ρ = reg_exponent: in turn for users and for items it
    solves every (b, p) exactly, then takes a few conjugate gradient steps in y, or x, with the sum
    of both parts fixed. `sgd` takes Koren's steps, one rating after the other, user by user, where `reg` and
    `reg_bias` are penalties per rating; it has no x. The predictions of `n_starts` random starts
    are averaged. A user or item without ratings has bias 0 and factors 0.

    Sources: Koren (2008), "Factorization meets the neighborhood", KDD, for y; Rendle, Zhang & Koren
    (2019), "On the difficulty of evaluating baselines", arXiv:1905.01395, for x ("flipped"). That y
    is a regression of the users' factors on what they rated, as `als` takes it, is the view of Agarwal
    & Chen (2009), "Regression-based latent factor models", KDD.
    """

    # defaults: the best compromise on validation sets cut from the training rows of ML-100K, latest-small and ML-1M
    n_factors: int = searched(24, between(4, 64, log=True))  # latent factors per user and item; 0: biases only
    reg: float = searched(2.2, between(0.1, 20, log=True))  # penalty on p², q², times n_ratings**reg_exponent (als)
    reg_exponent: float = 0.5  # 0: the same penalty for everyone; 1: in proportion to the number of ratings (als only)
    reg_bias: float = searched(4.0, between(0.5, 20, log=True))  # penalty on squared biases, in ratings (als)
    implicit: ImplicitOf = "both"  # whose factors have an implicit part: none, user, item or both
    reg_rated: float = 100.0  # penalty on squared y, what a rated item adds to a user's factors (als only)
    reg_raters: float = 15.0  # penalty on squared x, what a rater adds to an item's factors (als only)
    n_epochs: int = 14  # sweeps over users, then items (als); passes over the ratings (sgd)
    n_starts: int = 3  # random starts whose predictions are averaged
    solver: Solver = "als"  # als: exact half steps; sgd: Koren's steps, in a compiled loop
    learning_rate: float = 0.007  # step size per rating (sgd only)
    seed: int = 0  # seed of the random starts, and of the order of users (sgd)

    @property
    def requires(self) -> tuple[str, ...]:  # type: ignore[override]  # a property: the modules depend on the solver
        """Return the modules that the solver needs: the compiled loop for `sgd`."""
        return (
            ("recbench.models.factorization.svdpp_sgd",) if self.solver == "sgd" else ("threadpoolctl", "scipy.sparse")
        )

    def fit(self, train: RatingDataset, valid: RatingDataset | None = None) -> Self:
        """Learn `global_mean_`, `user_bias_`, `item_bias_`, `user_factors_` and `item_factors_`.

        The factors are the sums in the formula's two brackets, those of all starts side by side, scaled
        so that their product is the average: (n_users, n_starts · n_factors), (n_items, n_starts · n_factors).

        For users who are folded in, `als` also learns `item_start_bias_` (n_items, n_starts) and y,
        `rated_parts_` (n_items, n_starts · n_factors).

        Raises:
            ValueError: `train` has no ratings, or an option is out of range.
        """
        self._check_options()
        self.global_mean_ = global_mean(train)
        if self.solver == "sgd":
            self._fit_sgd(train)
        else:
            self._fit_als(train)
        return self

    def predict(self, user_idx: IntArray, item_idx: IntArray) -> FloatArray:
        """Return the mean, the biases and the product of the two brackets, (n_pairs,)."""
        product = pairwise_products(self.user_factors_, user_idx, self.item_factors_, item_idx)
        return self.global_mean_ + self.user_bias_[user_idx] + self.item_bias_[item_idx] + product

    def is_fallback(self, user_idx: IntArray, item_idx: IntArray) -> BoolArray:
        """Return where the product is empty: the user or the item has no training row, or there are no factors."""
        if self.user_factors_.shape[1] == 0:
            return np.ones(len(user_idx), bool)
        return super().is_fallback(user_idx, item_idx)

    def with_user(self, item_idx: IntArray, ratings: FloatArray) -> Self:
        """Add a user with the bias and the factors of the fit's half step; items and y are fixed.

        Raises:
            CannotFoldInError: `solver` is `sgd`, which has no such step.
        """
        if self.solver == "sgd":
            raise CannotFoldInError("its solver is 'sgd', which keeps no y; train it with model.solver=als")
        implied = self.rated_parts_[item_idx].sum(axis=0) / np.sqrt(max(len(item_idx), 1))
        above_mean = ratings.astype(np.float64) - self.global_mean_
        items = RatedItems(self.item_start_bias_[item_idx], self.item_factors_[item_idx])
        bias, factors = new_user_coefficients(items, above_mean, implied, self._penalty(), biases=True)
        return with_extra_user(
            self,
            item_idx,
            user_bias_=np.append(self.user_bias_, bias),
            user_factors_=np.vstack([self.user_factors_, factors]),
        )

    def _fit_als(self, train: RatingDataset) -> None:
        random = np.random.default_rng(self.seed)
        implicit = ImplicitPenalties(
            self.reg_rated if self.implicit in ("user", "both") else None,
            self.reg_raters if self.implicit in ("item", "both") else None,
        )
        problems = ridge_problems(train, self.n_factors, self._penalty(), implicit)
        with one_thread():
            starts = [
                train_als(train, problems, self.global_mean_, self.n_epochs, random) for _ in range(self.n_starts)
            ]
        self._set_coefficients([start.users.total for start in starts], [start.items.total for start in starts])
        self.rated_parts_ = np.hstack([start.users.parts for start in starts])
        self.item_start_bias_ = np.column_stack([start.items.total[:, 0] for start in starts])

    def _fit_sgd(self, train: RatingDataset) -> None:
        from recbench.models.factorization.svdpp_sgd import Rates, train_sgd

        random = np.random.default_rng(self.seed)
        rates = Rates(float(self.learning_rate), float(self.reg), float(self.reg_bias))
        implicit = self.implicit == "user"
        starts = [
            train_sgd(train, self.global_mean_, self.n_factors, self.n_epochs, rates, random, implicit=implicit)
            for _ in range(self.n_starts)
        ]
        self._set_coefficients([start.users for start in starts], [start.items for start in starts])

    def _set_coefficients(self, users: list[FloatArray], items: list[FloatArray]) -> None:
        self.user_bias_, self.user_factors_ = average_starts(users)
        self.item_bias_, self.item_factors_ = average_starts(items)

    def _penalty(self) -> Penalty:
        return Penalty(self.reg, self.reg_exponent, self.reg_bias)

    def _check_options(self) -> None:
        check_choices(self)
        check_at_least(self, n_starts=1)
        if self.solver == "sgd" and self.implicit in ("item", "both"):
            raise ValueError(f"solver 'sgd' can't have implicit={self.implicit!r}; set 'user' or 'none', or solver=als")
        for name in ("reg", "reg_rated", "reg_raters") if self.solver == "als" else ():
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be above 0")
