"""Many pairs at once: sums over their nearest neighbors, which jobs that predict the same pairs share."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from recbench.array_types import BoolArray, Float64Array, Int32Array, IntArray
from recbench.models.neighbors.kernel_arguments import (
    NearestRaters,
    RowColumnPairs,
    SimilarityRule,
    SortedRatings,
    TopK,
    read_only,
)
from recbench.models.row_pointers import pointers_from_counts
from recbench.progress import track
from recbench.runtime.memo import digest_of, fits_in_memory, memoize

Value = TypeVar("Value", bound=np.generic)

SHARED_SIZES = (80, 40, 20, 10)  # raters per pair that jobs may share: the largest that fits in memory
BYTES_PER_RATER = 12  # a similarity and a position
BYTES_PER_PAIR = 16  # where its raters begin, and how many there are


class Comparison(NamedTuple):
    """What the similarities come from."""

    ratings: SortedRatings
    rule: SimilarityRule
    rows_per_block: int  # rows that are compared with all others at a time


def neighbor_sums(comparison: Comparison, rows: IntArray, columns: IntArray, top_k: TopK) -> Float64Array:
    """Return Σ w d and Σ w over each pair's nearest neighbors, (n_pairs, 2)."""
    from recbench.models.neighbors.kernels_topk import sum_nearest, sum_neighbors

    pairs, order = _sorted_by_row(rows, columns)
    by_column = comparison.ratings.by_column
    sums = np.zeros((len(order), 2))
    nearest = _shared_nearest(comparison, pairs, top_k.n_neighbors)
    if nearest is not None:
        sum_nearest(nearest, by_column.deviations, top_k, sums)
    else:
        for block, part, similarities in _compared(comparison, pairs):
            sum_neighbors(by_column, part, similarities, top_k, sums[block])
    return _in_given_order(sums, order)


def have_neighbors(comparison: Comparison, rows: IntArray, columns: IntArray, n_neighbors: int) -> BoolArray:
    """Return whether any rater of the pair's column is similar to its row, (n_pairs,)."""
    from recbench.models.neighbors.kernels_similarity import find_similar

    pairs, order = _sorted_by_row(rows, columns)
    nearest = _shared_nearest(comparison, pairs, n_neighbors)
    if nearest is not None:
        return _in_given_order(nearest.counts > 0, order)
    found = np.zeros(len(order), np.bool_)
    find_similar(*comparison.ratings, pairs, comparison.rule, found)
    return _in_given_order(found, order)


def _shared_nearest(comparison: Comparison, pairs: RowColumnPairs, n_neighbors: int) -> NearestRaters | None:
    """Return at least the `n_neighbors` nearest raters of each pair if jobs share them and they fit in memory."""
    by_row, by_column = comparison.ratings
    n_raters = np.diff(by_column.starts)[pairs.columns]
    n_nearest = _shared_size(n_raters, n_neighbors)
    if n_nearest is None:
        return None
    starts = pointers_from_counts(np.minimum(n_raters, n_nearest))
    return memoize(
        "similarities",
        lambda: (comparison.rule, n_nearest, digest_of(*by_row, by_column.starts, by_column.rows, *pairs)),
        lambda: _find_nearest(comparison, pairs, starts, n_nearest),
        _n_bytes(n_raters, n_nearest),
    )


def _shared_size(n_raters: IntArray, n_neighbors: int) -> int | None:
    """Return how many raters of each pair to share: the most that fit in memory, None if these are too few."""
    n_needed = min(n_neighbors, int(np.max(n_raters, initial=0)))
    fitting = [size for size in SHARED_SIZES if size >= n_needed and fits_in_memory(_n_bytes(n_raters, size))]
    return max(fitting, default=None)


def _n_bytes(n_raters: IntArray, n_nearest: int) -> int:
    """Return how much memory the `n_nearest` nearest raters of pairs with `n_raters` raters take."""
    return BYTES_PER_RATER * int(np.minimum(n_raters, n_nearest).sum()) + BYTES_PER_PAIR * len(n_raters)


def _find_nearest(
    comparison: Comparison, pairs: RowColumnPairs, starts: npt.NDArray[np.int64], n_nearest: int
) -> NearestRaters:
    from recbench.models.neighbors.kernels_topk import find_nearest

    counts = np.empty(len(starts) - 1, np.int64)
    similarities = np.empty(starts[-1])
    raters = np.empty(starts[-1], np.int32)
    starts.flags.writeable = False  # as the compiled loop has it
    for block, part, compared in _compared(comparison, pairs):
        room = NearestRaters(starts[block], counts[block], similarities, raters)
        find_nearest(comparison.ratings.by_column, part, compared, n_nearest, room)
    return read_only(NearestRaters(starts, counts, similarities, raters))


def _compared(comparison: Comparison, pairs: RowColumnPairs) -> Iterator[tuple[slice, RowColumnPairs, Float64Array]]:
    """Yield each block of pairs: its slice, the pairs, and how similar their rows are to all, (n_distinct, n_rows)."""
    from recbench.models.neighbors.kernels_similarity import compare_rows

    by_row, by_column = comparison.ratings
    size = comparison.rows_per_block
    starts = np.flatnonzero(np.diff(pairs.rows, prepend=-1))  # the first pair of each distinct row
    bounds = pairwise([*starts[::size].tolist(), len(pairs.rows)])
    room = np.empty((min(size, len(starts)), len(by_row.starts) - 1))
    for number, (start, stop) in enumerate(track(list(bounds), "neighbors")):
        rows = pairs.rows[starts[number * size : (number + 1) * size]]
        compare_rows(by_row, by_column, rows, comparison.rule, room[: len(rows)])
        block = slice(start, stop)
        yield block, RowColumnPairs(pairs.rows[block], pairs.columns[block]), room[: len(rows)]


def _sorted_by_row(rows: IntArray, columns: IntArray) -> tuple[RowColumnPairs, IntArray]:
    """Return the pairs sorted by row, as the compiled loops expect them, and their order."""
    order = np.argsort(rows, kind="stable")
    return read_only(RowColumnPairs(_int32(rows)[order], _int32(columns)[order])), order


def _in_given_order(values: npt.NDArray[Value], order: IntArray) -> npt.NDArray[Value]:
    """Undo `_sorted_by_row`."""
    given = np.empty_like(values)
    given[order] = values
    return given


def _int32(index: IntArray) -> Int32Array:
    return np.asarray(index, np.int32)
