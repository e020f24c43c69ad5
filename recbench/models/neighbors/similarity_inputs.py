"""What of a rating the neighbor models compare, and what they average."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from recbench.array_types import Float64Array, IntArray, RowPointers

Rated = tuple[
    npt.NDArray[np.int32], Float64Array, Float64Array
]  # the other index of each rating, compared values, deviations
Similarity = Literal[
    "cosine", "cosine_full", "cosine_baseline", "cosine_robust", "pearson", "pearson_baseline", "adjusted_cosine", "msd"
]
Centering = Literal["none", "mean", "zscore", "baseline", "baseline_zscore"]

LARGEST = 1.5  # residual that a robust similarity sees, in root mean squares
SPREAD_DAMPING = 10.0  # pull of a row's spread toward the overall one, in ratings


class Overall(NamedTuple):
    """What all training ratings have in common."""

    mean: float
    spread: float  # root mean square of the bias model's residuals


def compared(
    similarity: Similarity,
    ratings: Float64Array,
    residuals: Float64Array,
    overall: Overall,
    column_means: Callable[[], Float64Array],
) -> Float64Array:
    """The value of each rating that enters the similarities.

    `residuals` are what the bias model leaves of each rating, `column_means` the mean rating of each one's column.
    """
    if similarity in ("cosine_baseline", "pearson_baseline"):
        return residuals
    if similarity == "cosine_robust":
        return np.clip(residuals, -LARGEST * overall.spread, LARGEST * overall.spread)
    if similarity == "adjusted_cosine":
        return np.asarray(ratings - column_means())
    if similarity in ("pearson", "msd"):
        return ratings - overall.mean  # changes neither, and leaves small sums
    return ratings


def spreads(
    centering: Centering, rows: IntArray, deviations: Float64Array, n_rows: int, overall: float
) -> Float64Array:
    """The spread of each row's deviations (n_rows,), `overall` being the mean square of all of them."""
    if centering not in ("zscore", "baseline_zscore"):
        return np.ones(n_rows)
    damping = SPREAD_DAMPING if centering == "baseline_zscore" else 0.0
    squares = np.bincount(rows, deviations**2, minlength=n_rows) + damping * overall
    variance = squares / np.maximum(np.bincount(rows, minlength=n_rows) + damping, 1)
    # a constant row has no spread of its own
    return np.sqrt(np.where(variance > 0, variance, overall or 1.0))


def means(index: IntArray, values: Float64Array, n: int, empty: float) -> Float64Array:
    """The mean value of each index (n,), `empty` where there is none."""
    n_rows = np.bincount(index, minlength=n)
    return np.where(n_rows > 0, np.bincount(index, values, minlength=n) / np.maximum(n_rows, 1), empty)


def sorted_both_ways(
    rows: IntArray,
    columns: IntArray,
    values: tuple[Float64Array, Float64Array],
    starts: tuple[RowPointers, RowPointers],
) -> tuple[Rated, Rated]:
    """The ratings by row, then column, and by column, then row; `starts` are those of rows and columns.

    Counting sorts that read in order: sorting by comparisons, and fetching by index, take more than
    linear time where ratings outgrow the processor's cache.
    """
    from recbench.models.neighbors.kernels_similarity import sort_by

    indices = [np.arange(len(each) - 1, dtype=np.int32) for each in starts]
    by_column: Rated = (np.empty(len(rows), np.int32), np.empty(len(rows)), np.empty(len(rows)))
    by_row: Rated = (np.empty(len(rows), np.int32), np.empty(len(rows)), np.empty(len(rows)))
    keys = np.asarray(columns, np.int32)
    rated: Rated = (np.asarray(rows, np.int32), *values)
    # by row and sorted within, as it comes by column; then by column again, now sorted within too
    for side, done in ((1, by_column), (0, by_row), (1, by_column)):
        sort_by(keys, rated, starts[side][:-1].copy(), done)
        keys, rated = done[0], (np.repeat(indices[side], np.diff(starts[side])), done[1], done[2])
    return by_row, by_column
