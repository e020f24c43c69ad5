"""What of each rating the neighbor models compare, and how they are centered and sorted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

import numpy as np

from recbench.array_types import Float64Array, IntArray, RowPointers
from recbench.models.neighbors.kernel_arguments import Entries, read_only

Similarity = Literal[
    "cosine", "cosine_full", "cosine_baseline", "cosine_robust", "pearson", "pearson_baseline", "adjusted_cosine", "msd"
]
Centering = Literal["none", "mean", "zscore", "baseline", "baseline_zscore"]

ROBUST_LIMIT = 1.5  # largest residual that cosine_robust compares, in root mean squares
SPREAD_DAMPING = 10.0  # pull of a row's spread toward the overall one, in ratings


class TrainingMoments(NamedTuple):
    """Two numbers over all training ratings."""

    mean: float
    residual_rms: float  # root mean square of the bias model's residuals


def similarity_values(
    similarity: Similarity,
    ratings: Float64Array,
    residuals: Float64Array,
    moments: TrainingMoments,
    column_means: Callable[[], Float64Array],
) -> Float64Array:
    """Return the value x of each rating that enters the similarities, (n_ratings,).

    `residuals` (n_ratings,) are the ratings less the bias model's predictions; `column_means` returns the mean
    rating of each rating's column, (n_ratings,), and is called only if the similarity needs it.
    """
    if similarity in ("cosine_baseline", "pearson_baseline"):
        return residuals
    if similarity == "cosine_robust":
        limit = ROBUST_LIMIT * moments.residual_rms
        return np.clip(residuals, -limit, limit)
    if similarity == "adjusted_cosine":
        return np.asarray(ratings - column_means())
    if similarity in ("pearson", "msd"):
        return ratings - moments.mean  # changes neither, and keeps sums small, which rounding needs
    return ratings


def row_spreads(
    centering: Centering, rows: IntArray, deviations: Float64Array, n_rows: int, mean_square: float
) -> Float64Array:
    """Return the spread of each row's deviations, (n_rows,): 1 unless `centering` divides by it.

    `mean_square` is the mean square of all training deviations.
    """
    if centering not in ("zscore", "baseline_zscore"):
        return np.ones(n_rows)
    damping = SPREAD_DAMPING if centering == "baseline_zscore" else 0.0
    squares = np.bincount(rows, deviations**2, minlength=n_rows) + damping * mean_square
    variance = squares / np.maximum(np.bincount(rows, minlength=n_rows) + damping, 1)
    # a constant row has no spread of its own
    return np.sqrt(np.where(variance > 0, variance, mean_square or 1.0))


def means(index: IntArray, values: Float64Array, n: int, empty: float) -> Float64Array:
    """Return the mean of the values of each index, (n,), and `empty` for an index without values."""
    n_values = np.bincount(index, minlength=n)
    return np.where(n_values > 0, np.bincount(index, values, minlength=n) / np.maximum(n_values, 1), empty)


def sort_both_ways(
    columns: IntArray, entries: Entries, row_starts: RowPointers, column_starts: RowPointers
) -> tuple[Entries, Entries]:
    """Return the ratings sorted by row, then column, and sorted by column, then row.

    `entries.others` are the rows. Counting sorts that read in order: sorting by comparisons, and fetching by
    index, take more than linear time where the ratings exceed the processor's cache.
    """
    from recbench.models.neighbors.kernels_similarity import sort_by

    by_row = _unfilled(len(columns))
    by_column = _unfilled(len(columns))
    keys = np.asarray(columns, np.int32)
    # by row, each row in the order of columns that the first pass made; then by column, now in the order of rows
    for starts, target in ((column_starts, by_column), (row_starts, by_row), (column_starts, by_column)):
        sort_by(keys, read_only(entries), starts[:-1].copy(), target)
        keys = target.others
        sorted_by = np.arange(len(starts) - 1, dtype=np.int32)
        entries = target._replace(others=np.repeat(sorted_by, np.diff(starts)))
    return by_row, by_column


def _unfilled(n_ratings: int) -> Entries:
    return Entries(np.empty(n_ratings, np.int32), np.empty(n_ratings), np.empty(n_ratings))
