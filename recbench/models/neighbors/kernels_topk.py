"""Compiled loops of the neighbor models: choose the nearest raters of a pair's column, and average them.

This module imports Numba: import it late.
"""

from __future__ import annotations

import numpy as np
from numba import float64, int64, void

from recbench.array_types import Float64Array, Int32Array, RowPointers
from recbench.models.neighbors.kernels_similarity import (
    FLOATS,
    HEADS,
    INTS,
    LONGS,
    PAIRS,
    PLACES,
    RATINGS,
    TABLE,
    VECTOR,
    ByColumn,
    Pairs,
    types,
)
from recbench.models.numba_compile import compiled, inlined

TopK = tuple[int, float]  # n_neighbors, amplification
Kept = tuple[
    RowPointers, RowPointers, Float64Array, Int32Array
]  # where pairs start, how many raters each has, similarities, raters

CHOICE = types.Tuple((int64, float64))
MATRIX = types.Array(float64, 2, "C", readonly=True)


@inlined
def _kth_largest(values: Float64Array, n: int, k: int) -> float:
    """The k-th largest of the first `n` values, which it reorders (Hoare's selection)."""
    low, high, k = 0, n - 1, k - 1
    while low < high:
        pivot, i, j = values[(low + high) // 2], low, high
        while i <= j:
            while values[i] > pivot:
                i += 1
            while values[j] < pivot:
                j -= 1
            if i <= j:
                values[i], values[j] = values[j], values[i]
                i, j = i + 1, j - 1
        if k <= j:
            high = j
        elif k >= i:
            low = i
        else:
            break
    return float(values[k])


@inlined
def _nearest(found: Float64Array, raters: Int32Array, n: int, k: int, scratch: Float64Array) -> int:
    """Leave the `k` most similar of `n` raters at the front, in their order, of equals the first; return how many."""
    if n <= k:
        return n
    for at in range(n):
        scratch[at] = found[at]
    least, n_equal, n_chosen = _kth_largest(scratch, n, k), k, 0
    for at in range(k):
        n_equal -= scratch[at] > least
    for at in range(n):
        s = found[at]
        if s > least or (s == least and n_equal > 0):
            n_equal -= s == least
            found[n_chosen], raters[n_chosen] = s, raters[at]
            n_chosen += 1
    return n_chosen


@inlined
def _choose(
    by_column: ByColumn,
    column: int,
    k: int,
    similarities: Float64Array,
    found: Float64Array,
    raters: Int32Array,
    scratch: Float64Array,
) -> int:
    """Write the similarities and the places of the column's `k` most similar raters; return how many there are."""
    n = 0
    for rater in range(by_column[0][column], by_column[0][column + 1]):
        s = similarities[by_column[1][rater]]
        found[n], raters[n] = s, rater
        n += s > 0.0  # else the next one overwrites it: no branch to mispredict
    return _nearest(found, raters, n, k, scratch)


@inlined
def _sums(
    found: Float64Array, raters: Int32Array, n: int, amplification: float, deviations: Float64Array
) -> tuple[float, float]:
    """Σ w d and Σ w over `n` raters."""
    weighted, weights = 0.0, 0.0
    for at in range(n):
        w = found[at] if amplification == 1.0 else found[at] ** amplification
        weighted += w * deviations[raters[at]]
        weights += w
    return weighted, weights


@inlined
def _most_raters(by_column: ByColumn) -> int:
    most = 0
    for column in range(len(by_column[0]) - 1):
        most = max(most, by_column[0][column + 1] - by_column[0][column])
    return most + 1  # room for one that is not similar


@compiled(void(RATINGS, PAIRS, MATRIX, CHOICE, TABLE), exact=True)
def sum_neighbors(
    by_column: ByColumn, pairs: Pairs, similarities: Float64Array, choice: TopK, sums_of_pairs: Float64Array
) -> None:
    """Write Σ w d and Σ w of each pair's neighbors into `sums_of_pairs` (n_pairs, 2).

    The pairs are sorted by row; `similarities` has a line for each row among them.
    """
    most = _most_raters(by_column)
    found, scratch, raters = np.empty(most), np.empty(most), np.empty(most, np.int32)
    line = -1
    for pair in range(len(pairs[0])):
        line += pair == 0 or pairs[0][pair] != pairs[0][pair - 1]
        n = _choose(by_column, pairs[1][pair], choice[0], similarities[line], found, raters, scratch)
        sums_of_pairs[pair] = _sums(found, raters, n, choice[1], by_column[3])


@compiled(void(RATINGS, PAIRS, MATRIX, int64, types.Tuple((LONGS, HEADS, VECTOR, PLACES))), exact=True)
def keep_nearest(by_column: ByColumn, pairs: Pairs, similarities: Float64Array, n_kept: int, kept: Kept) -> None:
    """Write the `n_kept` nearest raters of each pair to where `kept` has room for them."""
    most = _most_raters(by_column)
    found, scratch, raters = np.empty(most), np.empty(most), np.empty(most, np.int32)
    line = -1
    for pair in range(len(pairs[0])):
        line += pair == 0 or pairs[0][pair] != pairs[0][pair - 1]
        n, start = _choose(by_column, pairs[1][pair], n_kept, similarities[line], found, raters, scratch), kept[0][pair]
        kept[1][pair] = n
        for at in range(n):
            kept[2][start + at], kept[3][start + at] = found[at], raters[at]


@compiled(void(types.Tuple((LONGS, LONGS, FLOATS, INTS)), FLOATS, CHOICE, TABLE), exact=True)
def sum_kept(kept: Kept, deviations: Float64Array, choice: TopK, sums_of_pairs: Float64Array) -> None:
    """Write what `sum_neighbors` writes, from raters that were kept."""
    most = 0
    for n in kept[1]:
        most = max(most, n)
    found, scratch, raters = np.empty(most), np.empty(most), np.empty(most, np.int32)
    for pair in range(len(kept[1])):
        start, n = kept[0][pair], kept[1][pair]
        for at in range(n):
            found[at], raters[at] = kept[2][start + at], kept[3][start + at]
        n = _nearest(found, raters, n, choice[0], scratch)
        sums_of_pairs[pair] = _sums(found, raters, n, choice[1], deviations)
