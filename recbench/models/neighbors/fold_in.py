"""One more person in a fitted neighbor model, and the neighbors behind a prediction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeVar

import numpy as np

from recbench.array_types import Float64Array, FloatArray, IntArray
from recbench.capabilities import Reason, sorted_reasons, with_extra_user
from recbench.models.neighbors.similarity_inputs import Overall, compared, means, spreads

if TYPE_CHECKING:
    from recbench.models.neighbors.knn import Neighbors

Fitted = TypeVar("Fitted", bound="Neighbors")


@dataclass(frozen=True, eq=False)
class Newcomer:
    """A person's ratings by item, and what the bias model makes of them."""

    items: IntArray  # (n_rated,) ascending
    ratings: Float64Array
    bias: float  # of the person, the items' biases being fixed

    @classmethod
    def of(cls, model: Neighbors, item_idx: IntArray, ratings: FloatArray) -> Newcomer:
        """The ratings, in the order that compiled loops expect."""
        order = np.argsort(item_idx, kind="stable")
        items, values = np.asarray(item_idx[order], np.int32), np.asarray(ratings[order], np.float64)
        damping = model.reg_user + len(items)
        left = float(np.sum(values - model.global_mean_ - model.item_bias_[items]))
        return cls(items, values, left / damping if damping > 0 else 0.0)

    def residuals(self, model: Neighbors) -> Float64Array:
        """What the bias model leaves of each rating."""
        return np.asarray(self.ratings - model.global_mean_ - self.bias - model.item_bias_[self.items])


def with_row(model: Fitted, item_idx: IntArray, ratings: FloatArray) -> Fitted:
    """A user model with one more user to compare with the others, who get no new neighbor."""
    new = Newcomer.of(model, item_idx, ratings)
    offset = model.global_mean_ + new.bias
    if model.centering in ("mean", "zscore"):
        offset = float(new.ratings.mean()) if len(new.ratings) else model.global_mean_
    deviations = new.ratings - offset - model.column_offset_[new.items]
    scale = spreads(model.centering, np.zeros(len(new.items), np.int32), deviations, 1, model.mean_square_)
    values = compared(
        model.similarity,
        new.ratings,
        new.residuals(model),
        Overall(model.global_mean_, model.residual_spread_),
        lambda: _column_means(model)[new.items],
    )
    starts, columns, rated, norms = model.by_row_
    return with_extra_user(
        model,
        item_idx,
        by_row_=(
            np.append(starts, starts[-1] + len(new.items)),
            np.append(columns, new.items),
            np.append(rated, values),
            np.append(norms, np.sum(values**2)),
        ),
        row_offset_=np.append(model.row_offset_, offset),
        row_scale_=np.append(model.row_scale_, scale),
    )


def with_column(model: Fitted, item_idx: IntArray, ratings: FloatArray) -> Fitted:
    """An item model with one more user's ratings to average; how similar items are is not affected."""
    new = Newcomer.of(model, item_idx, ratings)
    offset = 0.0 if model.centering in ("mean", "zscore") else new.bias
    deviations = (new.ratings - model.row_offset_[new.items] - offset) / model.row_scale_[new.items]
    starts, rows, values, averaged = model.by_column_
    return with_extra_user(
        model,
        item_idx,
        by_column_=(
            np.append(starts, starts[-1] + len(new.items)),
            np.append(rows, new.items),
            np.append(values, np.zeros(len(new.items))),  # no row's list leads here: it is never read
            np.append(averaged, new.ratings if model.centering == "none" else deviations),
        ),
        column_offset_=np.append(model.column_offset_, offset),
    )


def neighbors_of(model: Neighbors, row: int, column: int, kind: Literal["item", "user"]) -> list[Reason]:
    """The nearest raters of the column, each with what it adds to the prediction."""
    from recbench.models.neighbors.kernels_similarity import compare_rows

    compared = np.empty((1, len(model.row_offset_)))
    compare_rows(model.by_row_, model.by_column_, np.array([row], np.int32), model.rule(), compared)
    similarities = compared[0]
    here = slice(*model.by_column_[0][column : column + 2])
    raters, deviations = model.by_column_[1][here], model.by_column_[3][here]
    nearest = np.argsort(-similarities[raters], kind="stable")[: model.n_neighbors]
    nearest = nearest[similarities[raters[nearest]] > 0]
    weights, averaged = similarities[raters[nearest]] ** model.amplification, deviations[nearest]
    if model.centering == "none":
        averaged = averaged - model.row_offset_[row] - model.column_offset_[column]
    effects = model.row_scale_[row] * weights * averaged / (weights.sum() + model.aggregation_damping or 1.0)
    return sorted_reasons(kind, raters[nearest].tolist(), effects)


def _column_means(model: Neighbors) -> Float64Array:
    """The mean rating of each column, taken back from what is averaged of it."""
    starts, rows, _, ratings = model.by_column_
    columns = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    if model.centering != "none":
        ratings = ratings * model.row_scale_[rows] + model.row_offset_[rows] + model.column_offset_[columns]
    return means(columns, ratings, len(starts) - 1, 0.0)
