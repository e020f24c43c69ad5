"""SVD++: matrix factorization that also learns from who rated what, whatever the ratings were."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Literal, Self

import numpy as np

from recbench.array_types import BoolArray, FloatArray, IntArray
from recbench.capabilities import CannotFoldInError
from recbench.contracts import RatingDataset, RatingModel
from recbench.models.baselines.means import global_mean
from recbench.models.batched_ridge import one_thread, side_by_side
from recbench.models.factorization.fold_in import new_factors, with_factors
from recbench.models.factorization.svdpp_als import EntityBlock, Learned, half_sweeps, products, sides_of
from recbench.models.option_checks import check_at_least, check_choices
from recbench.registry.search_space import between, searched

Solver = Literal["als", "sgd"]
ImplicitOf = Literal["none", "user", "item", "both"]


@dataclass
class SVDpp(RatingModel):
    """SVD++: factors of a user and of an item, each with a part that tells who rated what.

        r_ui ≈ mean + b_u + b_i + (p_u + |N(u)|^-½ Σ_{j ∈ N(u)} y_j) · (q_i + |N(i)|^-½ Σ_{v ∈ N(i)} x_v)

    N(u) are the items that u rated in train, N(i) the users who rated i in train. `implicit=user`
    leaves out x and is Koren's SVD++, `item` leaves out y, `none` both: plain factorization.

    `als` minimizes Σ (r_ui − r̂_ui)² + reg_bias (Σ b_u² + Σ b_i²) + reg (Σ n_u^ρ |p_u|² + Σ n_i^ρ |q_i|²)
    + reg_rated Σ |y_j|² + reg_raters Σ |x_v|², ρ = reg_exponent: in turn for users and for items it
    solves every (b, p) exactly, then takes a few conjugate gradient steps in y, or x, with the sum
    of both parts held. `sgd` takes Koren's steps, one rating after the other, user by user, `reg` and
    `reg_bias` being penalties per rating; it has no x. The predictions of `n_starts` random starts
    are averaged. A user or item without ratings has bias 0 and factors 0.

    Sources: Koren (2008), "Factorization meets the neighborhood", KDD, for y; Rendle, Zhang & Koren
    (2019), "On the difficulty of evaluating baselines", arXiv:1905.01395, for x ("flipped"). That y
    is a regression of the users' factors on what they rated, as `als` takes it, is the view of Agarwal
    & Chen (2009), "Regression-based latent factor models", KDD.
    """

    # defaults: the best compromise on validation parts cut from the training rows of ML-100K, latest-small and ML-1M
    n_factors: int = searched(24, between(4, 64, log=True))  # numbers that describe a user, or an item; 0: biases only
    reg: float = searched(2.2, between(0.1, 20, log=True))  # penalty on p², q², times n_ratings**reg_exponent (als)
    reg_exponent: float = 0.5  # 0: the same penalty for everyone; 1: in proportion to the number of ratings (als only)
    reg_bias: float = searched(4.0, between(0.5, 20, log=True))  # penalty on squared biases, in ratings (als)
    implicit: ImplicitOf = "both"  # whose factors have a part from who rated what: none, user, item or both
    reg_rated: float = 100.0  # penalty on squared y, the part of a rated item in a user's factors (als only)
    reg_raters: float = 15.0  # penalty on squared x, the part of a rater in an item's factors (als only)
    n_epochs: int = 14  # sweeps over users, then items (als); passes over the ratings (sgd)
    n_starts: int = 3  # random starts whose predictions are averaged
    solver: Solver = "als"  # als: exact half steps; sgd: Koren's steps, in a compiled loop
    learning_rate: float = 0.007  # of a rating's step (sgd only)
    seed: int = 0  # of the random starts, and of the order of users (sgd)

    @property
    def requires(self) -> tuple[str, ...]:  # type: ignore[override]  # which modules depends on the solver
        """The compiled loop for `sgd` alone."""
        return (
            ("recbench.models.factorization.svdpp_sgd",) if self.solver == "sgd" else ("threadpoolctl", "scipy.sparse")
        )

    def fit(self, train: RatingDataset, valid: RatingDataset | None = None) -> Self:
        """Learn `global_mean_`, `user_bias_`, `item_bias_`, `user_factors_` and `item_factors_`.

        The factors are the sums in the formula's two brackets, those of all starts side by side, scaled
        so that their product is the average: (n_users, n_starts · n_factors), (n_items, ...).

        `als` keeps `item_start_bias_` (n_items, n_starts) and y, `rated_parts_` (n_items, n_starts · n_factors), for
        users who come later.

        Raises:
            ValueError: `train` has no ratings, or an option is not one of its values.
        """
        self._check_options()
        self.global_mean_ = global_mean(train)
        random = np.random.default_rng(self.seed)
        if self.solver == "sgd":
            from recbench.models.factorization.svdpp_sgd import train_sgd

            starts = [train_sgd(self, train, self.global_mean_, random) for _ in range(self.n_starts)]
        else:
            sides = sides_of(self, train)
            with one_thread():
                learned = [_last(self, train, sides, random) for _ in range(self.n_starts)]
            starts = [(users.total, items.total) for users, items in learned]
            self.rated_parts_ = np.hstack([users.parts for users, _ in learned])
            self.item_start_bias_: FloatArray = np.column_stack([items.total[:, 0] for _, items in learned])
        self.user_bias_, self.user_factors_ = side_by_side([users for users, _ in starts])
        self.item_bias_, self.item_factors_ = side_by_side([items for _, items in starts])
        return self

    def predict(self, user_idx: IntArray, item_idx: IntArray) -> FloatArray:
        """Mean, biases and the product of the factors."""
        product = products(self.user_factors_, user_idx, self.item_factors_, item_idx)
        return self.global_mean_ + self.user_bias_[user_idx] + self.item_bias_[item_idx] + product

    def is_fallback(self, user_idx: IntArray, item_idx: IntArray) -> BoolArray:
        """Where the product is empty: no training row of the user or of the item, or no factors at all."""
        if self.user_factors_.shape[1] == 0:
            return np.ones(len(user_idx), bool)
        return super().is_fallback(user_idx, item_idx)

    def with_user(self, item_idx: IntArray, ratings: FloatArray) -> Self:
        """One more user, with the bias and the factors of the fit's half step; items and y are fixed.

        Raises:
            CannotFoldInError: the solver is `sgd`, which has no such step.
        """
        if self.solver == "sgd":
            raise CannotFoldInError("its solver is 'sgd', which keeps no y; train it with model.solver=als")
        implied = self.rated_parts_[item_idx].sum(axis=0) / np.sqrt(max(len(item_idx), 1))
        above_mean = ratings.astype(np.float64) - self.global_mean_
        return with_factors(self, item_idx, new_factors(self, item_idx, above_mean, implied, biases=True))

    def _check_options(self) -> None:
        check_choices(self)
        check_at_least(self, n_starts=1)
        if self.solver == "sgd" and self.implicit in ("item", "both"):
            raise ValueError(f"solver 'sgd' can't have implicit={self.implicit!r}; set 'user' or 'none', or solver=als")
        positive = ("reg", "reg_rated", "reg_raters") if self.solver == "als" else ()
        if wrong := [name for name in positive if not getattr(self, name) > 0]:
            raise ValueError(f"{wrong[0]} is {getattr(self, wrong[0])}; it must be above 0")


def _last(
    model: SVDpp, train: RatingDataset, sides: tuple[EntityBlock, EntityBlock], random: np.random.Generator
) -> tuple[Learned, Learned]:
    return deque(half_sweeps(model, train, sides, random), maxlen=1).pop()
