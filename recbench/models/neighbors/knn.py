"""Neighbor models: a rating predicted from the ratings of similar users, or of similar items."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self, TypeVar, get_args

import numpy as np
import numpy.typing as npt

from recbench.array_types import BoolArray, Float64Array, FloatArray, IntArray
from recbench.capabilities import Reason
from recbench.contracts import RatingDataset, RatingModel
from recbench.models.baselines.bias import Bias
from recbench.models.neighbors.fold_in import neighbors_of, with_column, with_row
from recbench.models.neighbors.pairs import have_neighbors, neighbor_sums
from recbench.models.neighbors.similarity_inputs import (
    Centering,
    Overall,
    Similarity,
    compared,
    means,
    sorted_both_ways,
    spreads,
)
from recbench.models.row_pointers import row_pointers
from recbench.registry.search_space import between, searched

if TYPE_CHECKING:
    from recbench.models.neighbors.kernels_similarity import ByColumn, ByRow, Pairs, SimilarityRule

Side = TypeVar("Side")


@dataclass
class Neighbors(RatingModel):
    """What UserKNN and ItemKNN share: rows are compared over the columns that both have rated.

        r_ac ≈ b_ac + scale_a Σ_v w_av d_vc / (aggregation_damping + Σ_v w_av),  w = s^amplification

    over the `n_neighbors` rows v most similar to a among those that rated column c, s_av > 0
    only; of equally similar rows the lower index goes first. By `centering`, b and d are

        none             bias model, r − b_ac (undamped: the plain weighted mean of the ratings)
        mean             mean_a, r − mean_v
        zscore           mean_a, (r − mean_v) / std_v
        baseline         bias model, r − b_vc
        baseline_zscore  bias model, (r − b_vc) / std_v, where std_v is that of v's residuals,
                         pulled toward the overall one

    and scale_a is std_a where there is one, else 1. Similarities sum over the n common columns,
    x and y being the two rows' values there:

        cosine            Σ xy / √(Σ x² Σ y²) of the ratings
        cosine_full       the same, each norm over all of its row's ratings
        cosine_baseline   cosine_full of the bias model's residuals
        cosine_robust     the same, no residual farther from 0 than 1.5 times their root mean square
        pearson           cosine, centered by the two means over the common columns; n ≥ 2
        pearson_baseline  cosine of the bias model's residuals; n ≥ 2
        adjusted_cosine   cosine, centered by each column's mean
        msd               1 / (mean squared difference + 1)

    each times (n − 1) / (n − 1 + shrinkage) unless shrinkage is 0. Where no neighbor is left,
    b_ac stands alone: for a cold row the rest of the bias model, or the global mean.

    The defaults were chosen on validation parts of the training rows of three MovieLens sets.
    pearson_baseline, baseline, a shrinkage of 100, an amplification of 1 and a damping of 0.5 are
    Koren's model, damped; amplification is from Breese, Heckerman & Kadie (1998), "Empirical
    analysis of predictive algorithms for collaborative filtering", UAI.
    """

    n_neighbors: int = searched(40, between(10, 160, log=True))  # most similar raters to average, at most
    similarity: Similarity = "cosine_robust"  # how two rows are compared
    centering: Centering = "baseline_zscore"  # what is taken off the ratings before they are averaged
    shrinkage: float = searched(20.0, between(2, 200, log=True))  # pull of similarities toward 0, in common ratings
    amplification: float = searched(1.4, between(1, 2.5, log=True))  # power of a similarity that is its weight
    aggregation_damping: float = searched(0.04, between(0.004, 0.4, log=True))  # pull toward b, in units of weight
    min_support: int = 1  # common ratings that a similarity needs
    reg_user: float = 5.0  # damping of a user's bias, in ratings
    reg_item: float = 2.0  # damping of an item's bias, in ratings

    requires: ClassVar[tuple[str, ...]] = ("recbench.models.neighbors.kernels_topk",)  # whose import compiles
    rows_per_block: ClassVar[int] = 32  # that are compared with all others at a time

    @abstractmethod
    def _sides(self, users: Side, items: Side) -> tuple[Side, Side]:
        """Of what belongs to users and to items: the rows' and the columns'."""

    def fit(self, train: RatingDataset, valid: RatingDataset | None = None) -> Self:
        """Learn the ratings `by_row_` and `by_column_`, and what b is made of.

        Raises:
            ValueError: `train` has no ratings, or an option is out of range.
        """
        self._check_options()
        bias = Bias(self.reg_user, self.reg_item).fit(train)
        rows, columns = self._sides(train.user_idx, train.item_idx)
        n_rows, n_columns = self._sides(train.n_users, train.n_items)
        starts = row_pointers(rows, n_rows), row_pointers(columns, n_columns)
        ratings, residuals = train.ratings.astype(np.float64), np.asarray(bias.residuals(train), np.float64)
        compared = self._compared(train, bias, ratings, residuals)
        deviations = self._center(train, bias, ratings, residuals)
        norms = np.asarray(np.bincount(rows, compared**2, minlength=n_rows), np.float64)
        by_row, by_column = sorted_both_ways(rows, columns, (compared, deviations), starts)
        self.by_row_: ByRow = (starts[0], by_row[0], by_row[1], norms)
        self.by_column_: ByColumn = (starts[1], *by_column)
        return self

    def predict(self, user_idx: IntArray, item_idx: IntArray) -> FloatArray:
        """The offset b and what the neighbors add to it."""
        rows, columns = pairs = self._pairs(user_idx, item_idx)
        choice = self.n_neighbors, float(self.amplification)
        ratings = self.by_row_, self.by_column_
        weighted, weights = neighbor_sums(ratings, pairs, choice, self.rule(), self.rows_per_block).T
        offset = self.row_offset_[rows] + self.column_offset_[columns]
        if self.centering == "none":
            weighted = weighted - weights * offset
        term = weighted / np.where(weights > 0, weights + self.aggregation_damping, 1.0)
        return np.asarray(offset + self.row_scale_[rows] * term)

    def is_fallback(self, user_idx: IntArray, item_idx: IntArray) -> BoolArray:
        """Where no neighbor contributed."""
        pairs, ratings = self._pairs(user_idx, item_idx), (self.by_row_, self.by_column_)
        return np.logical_not(have_neighbors(ratings, pairs, self.n_neighbors, self.rule(), self.rows_per_block))

    def _check_options(self) -> None:
        for option, choices in (("similarity", get_args(Similarity)), ("centering", get_args(Centering))):
            if getattr(self, option) not in choices:
                raise ValueError(f"unknown {option} {getattr(self, option)!r}; choose one of {list(choices)}")
        least = {"n_neighbors": 1, "min_support": 1, "shrinkage": 0, "amplification": 0, "aggregation_damping": 0}
        for option, low in least.items():
            if not getattr(self, option) >= low:
                raise ValueError(f"{option} is {getattr(self, option)}; it must be at least {low}")

    def _center(self, train: RatingDataset, bias: Bias, ratings: Float64Array, residuals: Float64Array) -> Float64Array:
        """Set `row_offset_`, `column_offset_`, `row_scale_` and what later users need; return the deviations d."""
        self.item_bias_ = bias.item_bias_
        rows, _ = self._sides(train.user_idx, train.item_idx)
        row_bias, self.column_offset_ = self._sides(bias.user_bias_, bias.item_bias_)
        self.row_offset_: FloatArray = bias.global_mean_ + row_bias
        deviations = residuals
        if self.centering in ("mean", "zscore"):
            self.row_offset_ = means(rows, ratings, len(row_bias), bias.global_mean_)
            self.column_offset_ = np.zeros(len(self.column_offset_))
            deviations = ratings - self.row_offset_[rows]
        self.mean_square_ = float(deviations @ deviations / len(deviations))
        self.row_scale_ = spreads(self.centering, rows, deviations, len(row_bias), self.mean_square_)
        if self.centering == "none":
            return ratings
        return deviations / self.row_scale_[rows] if self.centering.endswith("zscore") else deviations

    def _compared(
        self, train: RatingDataset, bias: Bias, ratings: Float64Array, residuals: Float64Array
    ) -> Float64Array:
        """Set what later users need; return the value of each training row that enters the similarities."""
        self.global_mean_ = bias.global_mean_
        self.residual_spread_ = float(np.sqrt(residuals @ residuals / len(residuals)))
        _, columns = self._sides(train.user_idx, train.item_idx)
        _, n_columns = self._sides(train.n_users, train.n_items)
        return compared(
            self.similarity,
            ratings,
            residuals,
            Overall(self.global_mean_, self.residual_spread_),
            lambda: means(columns, ratings, n_columns, 0.0)[columns],
        )

    def rule(self) -> SimilarityRule:
        """How the compiled loops are to compare rows."""
        from recbench.models.neighbors.kernels_similarity import KINDS

        return KINDS[self.similarity], float(self.shrinkage), self.min_support

    def _pairs(self, user_idx: IntArray, item_idx: IntArray) -> Pairs:
        """The pairs' rows and columns.

        Raises:
            IndexError: an index is out of range.
        """
        rows, columns = self._sides(_int32(user_idx), _int32(item_idx))
        for side, n in ((rows, len(self.row_offset_)), (columns, len(self.column_offset_))):
            if len(side) and not 0 <= side.min() <= side.max() < n:  # compiled loops don't look
                raise IndexError(f"indices from {side.min()} to {side.max()}; they must lie in 0 ... {n - 1}")
        return rows, columns


@dataclass
class UserKNN(Neighbors):
    """What users most like this one gave the item.

    `Neighbors` has the formulas and options: rows are users, columns are items.

    Source: Resnick, Iacovou, Suchak, Bergstrom & Riedl (1994), "GroupLens", CSCW; offsets and
    shrinkage from Koren (2010), "Factor in the neighbors", ACM TKDD 4(1), §2.2.
    """

    def with_user(self, item_idx: IntArray, ratings: FloatArray) -> Self:
        """One more user, compared with the others; neither the items' biases nor the others' neighbors change."""
        return with_row(self, item_idx, ratings)

    def reasons(self, user: int, item: int) -> list[Reason]:
        """The users whose ratings of the item were averaged."""
        return neighbors_of(self, user, item, "user")

    def _sides(self, users: Side, items: Side) -> tuple[Side, Side]:
        return users, items


@dataclass
class ItemKNN(Neighbors):
    """What the user gave the items most like this one.

    `Neighbors` has the formulas and options: rows are items, columns are users.

    Source: Sarwar, Karypis, Konstan & Riedl (2001), "Item-based collaborative filtering
    recommendation algorithms", WWW; offsets and shrinkage from Koren (2010), "Factor in the
    neighbors", ACM TKDD 4(1), §2.2.
    """

    n_neighbors: int = searched(25, between(10, 160, log=True))  # most similar raters to average, at most

    def with_user(self, item_idx: IntArray, ratings: FloatArray) -> Self:
        """One more user; neither the items' biases nor their similarities change."""
        return with_column(self, item_idx, ratings)

    def reasons(self, user: int, item: int) -> list[Reason]:
        """The items whose ratings by the user were averaged."""
        return neighbors_of(self, item, user, "item")

    def _sides(self, users: Side, items: Side) -> tuple[Side, Side]:
        return items, users


def _int32(index: IntArray) -> npt.NDArray[np.int32]:
    return np.asarray(index, np.int32)
