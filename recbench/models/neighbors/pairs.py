"""Many pairs at once: sums over their nearest neighbors, which jobs that ask for the same pairs share."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import numpy.typing as npt

from recbench.array_types import BoolArray, Float64Array, IntArray
from recbench.models.row_pointers import pointers_from_counts
from recbench.progress import track
from recbench.runtime.memo import digest_of, fits_in_memory, memoize

if TYPE_CHECKING:
    from recbench.models.neighbors.kernels_similarity import ByColumn, ByRow, Pairs, SimilarityRule
    from recbench.models.neighbors.kernels_topk import Kept, TopK

    Ratings = tuple[ByRow, ByColumn]

Value = TypeVar("Value", bound=np.generic)

KEEPING = (80, 40, 20, 10)  # raters that are kept of a pair: as many as there is room for
N_BYTES_A_RATER = 12  # a similarity and a place
N_BYTES_A_PAIR = 16  # where its raters start, and how many they are


def neighbor_sums(
    ratings: Ratings, pairs: Pairs, choice: TopK, rule: SimilarityRule, rows_per_block: int
) -> Float64Array:
    """Σ w d and Σ w of each pair's nearest neighbors: (n_pairs, 2)."""
    from recbench.models.neighbors import kernels_topk as kernels

    order = np.argsort(pairs[0], kind="stable")
    pairs = pairs[0][order], pairs[1][order]
    sums = np.zeros((len(order), 2))
    if (kept := _kept(ratings, pairs, choice[0], rule, rows_per_block)) is not None:
        kernels.sum_kept(kept, ratings[1][3], choice, sums)
    else:
        for block, part, similarities in _compared(ratings, pairs, rule, rows_per_block):
            kernels.sum_neighbors(ratings[1], part, similarities, choice, sums[block])
    return _unsorted(sums, order)


def have_neighbors(
    ratings: Ratings, pairs: Pairs, n_neighbors: int, rule: SimilarityRule, rows_per_block: int
) -> BoolArray:
    """Whether any rater of its column is similar to the pair's row: (n_pairs,)."""
    from recbench.models.neighbors.kernels_similarity import find_similar

    order = np.argsort(pairs[0], kind="stable")
    pairs = pairs[0][order], pairs[1][order]
    if (kept := _kept(ratings, pairs, n_neighbors, rule, rows_per_block)) is not None:
        return _unsorted(kept[1] > 0, order)
    found = np.zeros(len(order), np.bool_)
    find_similar(*ratings, pairs, rule, found)
    return _unsorted(found, order)


def _kept(ratings: Ratings, pairs: Pairs, n_neighbors: int, rule: SimilarityRule, rows_per_block: int) -> Kept | None:
    """At least the `n_neighbors` nearest raters of each pair, if jobs share them and there is room."""
    by_row, by_column = ratings
    n_raters = np.diff(by_column[0])[pairs[1]]
    n_needed = min(n_neighbors, int(np.max(n_raters, initial=0)))
    for n_kept in KEEPING:
        starts = pointers_from_counts(np.minimum(n_raters, n_kept))
        n_bytes = N_BYTES_A_RATER * int(starts[-1]) + N_BYTES_A_PAIR * len(n_raters)
        if n_kept < n_needed:
            return None
        if fits_in_memory(n_bytes):
            break
    else:
        return None
    return memoize(
        "similarities",
        lambda: (rule, n_kept, digest_of(*by_row, *by_column[:2], *pairs)),
        lambda: _nearest(ratings, pairs, (starts, n_kept), rule, rows_per_block),
        n_bytes,
    )


def _nearest(
    ratings: Ratings, pairs: Pairs, room: tuple[npt.NDArray[np.int64], int], rule: SimilarityRule, rows_per_block: int
) -> Kept:
    from recbench.models.neighbors.kernels_topk import keep_nearest

    starts, n_kept = room
    counts, similarities = np.empty(len(starts) - 1, np.int64), np.empty(starts[-1])
    raters = np.empty(starts[-1], np.int32)
    for block, part, compared in _compared(ratings, pairs, rule, rows_per_block):
        keep_nearest(ratings[1], part, compared, n_kept, (starts[block], counts[block], similarities, raters))
    for array in (counts, similarities, raters):
        array.flags.writeable = False
    return starts, counts, similarities, raters


def _compared(
    ratings: Ratings, pairs: Pairs, rule: SimilarityRule, rows_per_block: int
) -> Iterator[tuple[slice, Pairs, Float64Array]]:
    """Block by block, the pairs of some rows, and what each of these rows is like: (n_rows_of_block, n_rows)."""
    from recbench.models.neighbors.kernels_similarity import compare_rows

    n_rows = len(ratings[0][0]) - 1
    starts = np.flatnonzero(np.diff(pairs[0], prepend=-1))
    bounds = pairwise([*starts[::rows_per_block].tolist(), len(pairs[0])])
    room = np.empty((min(rows_per_block, len(starts)), n_rows))
    for done, (start, stop) in enumerate(track(list(bounds), "neighbors")):
        rows = pairs[0][starts[done * rows_per_block : (done + 1) * rows_per_block]]
        compare_rows(*ratings, rows, rule, room[: len(rows)])
        block = slice(start, stop)
        yield block, (pairs[0][block], pairs[1][block]), room[: len(rows)]


def _unsorted(values: npt.NDArray[Value], order: IntArray) -> npt.NDArray[Value]:
    unsorted = np.empty_like(values)
    unsorted[order] = values
    return unsorted
