"""Compiled loops of the neighbor models: choose the nearest raters of a pair's column, and average them.

For a pair of row a and column c, the loops write the two sums of the prediction

    Σ_v w_av d_vc  and  Σ_v w_av,   w = s^amplification

over the `n_neighbors` raters v of c most similar to a, s_av > 0 only, of equally similar ones the
first. This module imports Numba: import it late.
"""

from __future__ import annotations

import numpy as np
from numba import int64, void

from recbench.array_types import Float64Array, Int32Array
from recbench.models.neighbors.kernel_arguments import NearestRaters, RatingsByColumn, RowColumnPairs, TopK
from recbench.models.neighbors.kernel_types import (
    BY_COLUMN,
    NEAREST,
    PAIRS,
    READ_FLOAT64,
    READ_NEAREST,
    READ_TABLE,
    TABLE,
    TOP_K,
)
from recbench.models.numba_compile import compiled, inlined


@inlined
def _kth_largest(values: Float64Array, n: int, k: int) -> float:
    """Return the k-th largest of the first `n` values, which it reorders (Hoare's selection)."""
    k -= 1
    low = 0
    high = n - 1
    while low < high:
        pivot = values[(low + high) // 2]
        i = low
        j = high
        while i <= j:
            while values[i] > pivot:
                i += 1
            while values[j] < pivot:
                j -= 1
            if i <= j:
                values[i], values[j] = values[j], values[i]
                i += 1
                j -= 1
        if k <= j:
            high = j
        elif k >= i:
            low = i
        else:
            break
    return float(values[k])


@inlined
def _nearest(found: Float64Array, raters: Int32Array, n: int, k: int, scratch: Float64Array) -> int:
    """Move the `k` most similar of `n` raters to the front, keeping their order; return how many there are."""
    if n <= k:
        return n
    for at in range(n):
        scratch[at] = found[at]
    least = _kth_largest(scratch, n, k)
    n_equal = k  # how many raters as similar as the k-th are still to be chosen: the first ones
    for at in range(k):
        n_equal -= scratch[at] > least
    n_chosen = 0
    for at in range(n):
        s = found[at]
        if s > least or (s == least and n_equal > 0):
            n_equal -= s == least
            found[n_chosen] = s
            raters[n_chosen] = raters[at]
            n_chosen += 1
    return n_chosen


@inlined
def _choose(
    by_column: RatingsByColumn,
    column: int,
    k: int,
    similarities: Float64Array,
    found: Float64Array,
    raters: Int32Array,
    scratch: Float64Array,
) -> int:
    """Write similarities and positions of the column's `k` most similar raters; return how many there are."""
    n = 0
    for rater in range(by_column.starts[column], by_column.starts[column + 1]):
        s = similarities[by_column.rows[rater]]
        found[n] = s
        raters[n] = rater
        n += s > 0.0  # otherwise the next one overwrites it: no branch to mispredict
    return _nearest(found, raters, n, k, scratch)


@inlined
def _sums(
    found: Float64Array, raters: Int32Array, n: int, amplification: float, deviations: Float64Array
) -> tuple[float, float]:
    """Return Σ w d and Σ w over `n` raters."""
    weighted = 0.0
    weights = 0.0
    for at in range(n):
        w = found[at] if amplification == 1.0 else found[at] ** amplification
        weighted += w * deviations[raters[at]]
        weights += w
    return weighted, weights


@inlined
def _most_raters(by_column: RatingsByColumn) -> int:
    """Return the room that the raters of any column need, with one place for a rater that is not similar."""
    most = 0
    for column in range(len(by_column.starts) - 1):
        most = max(most, by_column.starts[column + 1] - by_column.starts[column])
    return most + 1


@compiled(void(BY_COLUMN, PAIRS, READ_TABLE, TOP_K, TABLE), exact=True)
def sum_neighbors(
    by_column: RatingsByColumn,
    pairs: RowColumnPairs,
    similarities: Float64Array,
    top_k: TopK,
    sums_of_pairs: Float64Array,
) -> None:
    """Write Σ w d and Σ w of each pair's neighbors into `sums_of_pairs` (n_pairs, 2).

    The pairs are sorted by row; `similarities` is (n_distinct_rows, n_rows), one line per row among them.
    """
    most = _most_raters(by_column)
    found, scratch, raters = np.empty(most), np.empty(most), np.empty(most, np.int32)
    line = -1
    for pair in range(len(pairs.rows)):
        line += pair == 0 or pairs.rows[pair] != pairs.rows[pair - 1]
        n = _choose(by_column, pairs.columns[pair], top_k.n_neighbors, similarities[line], found, raters, scratch)
        sums_of_pairs[pair] = _sums(found, raters, n, top_k.amplification, by_column.deviations)


@compiled(void(BY_COLUMN, PAIRS, READ_TABLE, int64, NEAREST), exact=True)
def find_nearest(
    by_column: RatingsByColumn,
    pairs: RowColumnPairs,
    similarities: Float64Array,
    n_nearest: int,
    nearest: NearestRaters,
) -> None:
    """Write the `n_nearest` most similar raters of each pair into `nearest`, from its `starts` on."""
    most = _most_raters(by_column)
    found, scratch, raters = np.empty(most), np.empty(most), np.empty(most, np.int32)
    line = -1
    for pair in range(len(pairs.rows)):
        line += pair == 0 or pairs.rows[pair] != pairs.rows[pair - 1]
        n = _choose(by_column, pairs.columns[pair], n_nearest, similarities[line], found, raters, scratch)
        start = nearest.starts[pair]
        nearest.counts[pair] = n
        for at in range(n):
            nearest.similarities[start + at] = found[at]
            nearest.raters[start + at] = raters[at]


@compiled(void(READ_NEAREST, READ_FLOAT64, TOP_K, TABLE), exact=True)
def sum_nearest(nearest: NearestRaters, deviations: Float64Array, top_k: TopK, sums_of_pairs: Float64Array) -> None:
    """Write what `sum_neighbors` writes, from raters that `find_nearest` has found."""
    most = 0
    for n in nearest.counts:
        most = max(most, n)
    found, scratch, raters = np.empty(most), np.empty(most), np.empty(most, np.int32)
    for pair in range(len(nearest.counts)):
        start = nearest.starts[pair]
        n = nearest.counts[pair]
        for at in range(n):
            found[at] = nearest.similarities[start + at]
            raters[at] = nearest.raters[start + at]
        n = _nearest(found, raters, n, top_k.n_neighbors, scratch)
        sums_of_pairs[pair] = _sums(found, raters, n, top_k.amplification, deviations)
