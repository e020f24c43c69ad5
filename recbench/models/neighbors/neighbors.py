"""What UserKNN and ItemKNN share: a rating predicted from the ratings of the most similar rows.

    r_ac ≈ b_ac + scale_a Σ_v w_av d_vc / (aggregation_damping + Σ_v w_av),  w = s^amplification

`similarity_inputs` prepares the ratings, `pairs` sums over neighbors by the compiled loops of `kernels_*`.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self, TypeVar

import numpy as np

from recbench.array_types import BoolArray, Float64Array, FloatArray, IntArray
from recbench.capabilities import Reason, sorted_reasons
from recbench.contracts import RatingDataset, RatingModel
from recbench.models.baselines.bias import Bias
from recbench.models.neighbors.explain import nearest_raters
from recbench.models.neighbors.kernel_arguments import (
    Entries,
    RatingsByColumn,
    RatingsByRow,
    SimilarityRule,
    SortedRatings,
    TopK,
    read_only,
)
from recbench.models.neighbors.pairs import Comparison, have_neighbors, neighbor_sums
from recbench.models.neighbors.similarity_inputs import (
    Centering,
    Similarity,
    TrainingMoments,
    means,
    row_spreads,
    similarity_values,
    sort_both_ways,
)
from recbench.models.option_checks import check_at_least, check_choices
from recbench.models.row_pointers import row_pointers
from recbench.registry.search_space import between, searched

OfUserOrItem = TypeVar("OfUserOrItem")


@dataclass
class Neighbors(RatingModel):
    """Neighbor model: rows (users or items) are compared over the columns that both have rated.

        r_ac ≈ b_ac + scale_a Σ_v w_av d_vc / (aggregation_damping + Σ_v w_av),  w = s^amplification

    over the `n_neighbors` rows v most similar to a among those that rated column c, s_av > 0
    only; of equally similar rows the lower index goes first. `centering` defines b and d:

        none             bias model, r − b_ac (undamped: the plain weighted mean of the ratings)
        mean             mean_a, r − mean_v
        zscore           mean_a, (r − mean_v) / std_v
        baseline         bias model, r − b_vc
        baseline_zscore  bias model, (r − b_vc) / std_v, where std_v is that of v's residuals,
                         pulled toward the overall one

    and scale_a is std_a where d is divided by std_v, else 1. Similarities sum over the n common
    columns, x and y being the two rows' values there:

        cosine            Σ xy / √(Σ x² Σ y²) of the ratings
        cosine_full       the same, each norm over all of its row's ratings
        cosine_baseline   cosine_full of the bias model's residuals
        cosine_robust     the same, with residuals clipped at 1.5 times their root mean square
        pearson           cosine, centered by the two means over the common columns; n ≥ 2
        pearson_baseline  cosine of the bias model's residuals; n ≥ 2
        adjusted_cosine   cosine, centered by each column's mean
        msd               1 / (mean squared difference + 1)

    each times (n − 1) / (n − 1 + shrinkage) unless shrinkage is 0. A pair without neighbors gets
    b_ac alone: for a cold row the rest of the bias model, or the global mean.

    The defaults were chosen on validation sets cut from the training rows of three MovieLens
    releases. pearson_baseline, baseline, a shrinkage of 100, an amplification of 1 and a damping of
    0.5 are Koren's model, damped.

    Sources: Breese, Heckerman & Kadie (1998), "Empirical analysis of predictive algorithms for
    collaborative filtering", UAI, for amplification; Koren (2010), "Factor in the neighbors", ACM
    TKDD 4(1), §2.2, for offsets and shrinkage.
    """

    n_neighbors: int = searched(
        40, between(10, 160, log=True)
    )  # at most so many of the most similar raters are averaged
    similarity: Similarity = "cosine_robust"  # how two rows are compared
    centering: Centering = "baseline_zscore"  # what is subtracted from the ratings before they are averaged
    shrinkage: float = searched(20.0, between(2, 200, log=True))  # pull of similarities toward 0, in common ratings
    amplification: float = searched(1.4, between(1, 2.5, log=True))  # power of a similarity that is its weight
    aggregation_damping: float = searched(0.04, between(0.004, 0.4, log=True))  # pull toward b, in units of weight
    min_support: int = 1  # common ratings that a similarity needs
    reg_user: float = 5.0  # damping of a user's bias, in ratings
    reg_item: float = 2.0  # damping of an item's bias, in ratings

    requires: ClassVar[tuple[str, ...]] = (  # whose imports compile the loops, before the fit is timed
        "recbench.models.neighbors.kernels_similarity",
        "recbench.models.neighbors.kernels_topk",
    )
    rows_per_block: ClassVar[int] = 32  # rows that are compared with all others at a time

    @abstractmethod
    def _rows_and_columns(self, users: OfUserOrItem, items: OfUserOrItem) -> tuple[OfUserOrItem, OfUserOrItem]:
        """Return `users` and `items` in the order rows, columns."""

    def fit(self, train: RatingDataset, valid: RatingDataset | None = None) -> Self:
        """Learn the sorted ratings `by_row_` and `by_column_`, and the offsets b.

        b_ac is `row_offset_[a] + column_offset_[c]`, (n_rows,) and (n_columns,); scale_a is `row_scale_` (n_rows,).
        `item_bias_` (n_items,), `global_mean_`, `residual_spread_` and `mean_square_` serve users who are folded in.

        Raises:
            ValueError: `train` has no ratings, or an option is out of range.
        """
        check_choices(self)
        check_at_least(self, n_neighbors=1, min_support=1, shrinkage=0, amplification=0, aggregation_damping=0)
        bias = Bias(self.reg_user, self.reg_item).fit(train)
        rows, columns = self._rows_and_columns(train.user_idx, train.item_idx)
        _, n_columns = self._rows_and_columns(train.n_users, train.n_items)
        ratings = train.ratings.astype(np.float64)
        residuals = np.asarray(bias.residuals(train), np.float64)
        self.item_bias_ = bias.item_bias_
        self.global_mean_ = bias.global_mean_
        self.residual_spread_ = float(np.sqrt(residuals @ residuals / len(residuals)))
        compared = similarity_values(
            self.similarity,
            ratings,
            residuals,
            self._moments(),
            lambda: means(columns, ratings, n_columns, 0.0)[columns],
        )
        deviations = self._center(rows, bias, ratings, residuals)
        self._sort(rows, columns, compared, deviations)
        return self

    def predict(self, user_idx: IntArray, item_idx: IntArray) -> FloatArray:
        """Return the offset b and what the neighbors add to it, (n_pairs,)."""
        rows, columns = self._indices(user_idx, item_idx)
        top_k = TopK(self.n_neighbors, float(self.amplification))
        weighted, weights = neighbor_sums(self.comparison(), rows, columns, top_k).T
        offset = self.row_offset_[rows] + self.column_offset_[columns]
        if self.centering == "none":
            weighted = weighted - weights * offset
        term = weighted / np.where(weights > 0, weights + self.aggregation_damping, 1.0)
        return np.asarray(offset + self.row_scale_[rows] * term)

    def is_fallback(self, user_idx: IntArray, item_idx: IntArray) -> BoolArray:
        """Return where no neighbor contributed, (n_pairs,)."""
        rows, columns = self._indices(user_idx, item_idx)
        return np.logical_not(have_neighbors(self.comparison(), rows, columns, self.n_neighbors))

    @classmethod
    def from_state(cls, options: Mapping[str, Any], state: Mapping[str, Any]) -> Self:
        """Restore the fitted model; a saved one has plain tuples instead of named ones."""
        sorted_ratings = {
            "by_row_": read_only(RatingsByRow(*state["by_row_"])),
            "by_column_": read_only(RatingsByColumn(*state["by_column_"])),
        }
        return super().from_state(options, {**state, **sorted_ratings})

    def _center(self, rows: IntArray, bias: Bias, ratings: Float64Array, residuals: Float64Array) -> Float64Array:
        """Set the offsets, the scales and `mean_square_`; return the deviations d, (n_ratings,)."""
        row_bias, self.column_offset_ = self._rows_and_columns(bias.user_bias_, bias.item_bias_)
        self.row_offset_: FloatArray = bias.global_mean_ + row_bias
        deviations = residuals
        if self.centering in ("mean", "zscore"):
            self.row_offset_ = means(rows, ratings, len(row_bias), bias.global_mean_)
            self.column_offset_ = np.zeros(len(self.column_offset_))
            deviations = ratings - self.row_offset_[rows]
        self.mean_square_ = float(deviations @ deviations / len(deviations))
        self.row_scale_ = row_spreads(self.centering, rows, deviations, len(row_bias), self.mean_square_)
        if self.centering == "none":
            return ratings
        return deviations / self.row_scale_[rows] if self.centering.endswith("zscore") else deviations

    def _sort(self, rows: IntArray, columns: IntArray, compared: Float64Array, deviations: Float64Array) -> None:
        row_starts = row_pointers(rows, len(self.row_offset_))
        column_starts = row_pointers(columns, len(self.column_offset_))
        squared_norms = np.asarray(np.bincount(rows, compared**2, minlength=len(self.row_offset_)), np.float64)
        entries = Entries(np.asarray(rows, np.int32), compared, deviations)
        by_row, by_column = sort_both_ways(columns, entries, row_starts, column_starts)
        self.by_row_ = read_only(RatingsByRow(row_starts, by_row.others, by_row.compared, squared_norms))
        self.by_column_ = read_only(RatingsByColumn(column_starts, *by_column))

    def _moments(self) -> TrainingMoments:
        return TrainingMoments(self.global_mean_, self.residual_spread_)

    def comparison(self) -> Comparison:
        """Return what the similarities of a fitted model come from."""
        from recbench.models.neighbors.kernels_similarity import KIND_OF_SIMILARITY

        rule = SimilarityRule(KIND_OF_SIMILARITY[self.similarity], float(self.shrinkage), self.min_support)
        return Comparison(SortedRatings(self.by_row_, self.by_column_), rule, self.rows_per_block)

    def _reasons(self, row: int, column: int, kind: Literal["item", "user"]) -> list[Reason]:
        """Return the raters that the prediction of a pair averages, each with its effect, in rating units."""
        raters = nearest_raters(self.comparison(), row, column, self.n_neighbors)
        weights = raters.similarities**self.amplification
        deviations = raters.deviations
        if self.centering == "none":
            deviations = deviations - self.row_offset_[row] - self.column_offset_[column]
        effects = self.row_scale_[row] * weights * deviations / (weights.sum() + self.aggregation_damping or 1.0)
        return sorted_reasons(kind, raters.rows.tolist(), effects)

    def _indices(self, user_idx: IntArray, item_idx: IntArray) -> tuple[IntArray, IntArray]:
        """Return the pairs' rows and columns.

        Raises:
            IndexError: an index is out of range.
        """
        rows, columns = self._rows_and_columns(user_idx, item_idx)
        for index, n in ((rows, len(self.row_offset_)), (columns, len(self.column_offset_))):
            if len(index) and not 0 <= index.min() <= index.max() < n:  # compiled loops don't check
                raise IndexError(f"indices from {index.min()} to {index.max()}; they must be between 0 and {n - 1}")
        return rows, columns
