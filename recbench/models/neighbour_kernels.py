"""Compiled loops of the neighbour models: compare one row with all others, average the nearest.

A row is what is compared (a user in UserKNN, an item in ItemKNN), a column what rows have in
common. Similarities are made one row at a time, when a pair of that row is asked for, so memory
grows with the rows and not with their square; `compare_all` is for jobs that share them, within a
bound. This module imports Numba: import it late.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import numpy.typing as npt
from numba import float64, int32, int64, void

from recbench.models.compiled import compiled

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int32]
Starts = npt.NDArray[np.int64]
ByRow = tuple[Starts, Indices, Floats, Floats]  # where rows start, columns, compared values, Σ x² of each row
ByColumn = tuple[Starts, Indices, Floats, Floats]  # where columns start, rows, compared values, deviations
Pairs = tuple[Indices, Indices]  # rows, ascending, and columns
Rule = tuple[int, float, int]  # kind of similarity, shrinkage, min_support

COSINE, CORRELATION, COSINE_FULL, PEARSON, MSD = range(5)
KINDS = {
    "cosine": COSINE,
    "cosine_full": COSINE_FULL,
    "cosine_baseline": COSINE_FULL,
    "pearson": PEARSON,
    "pearson_baseline": CORRELATION,
    "adjusted_cosine": COSINE,
    "msd": MSD,
}
N, XY, XX, YY, X, Y = range(6)  # columns of `sums`: Σ over the common columns of 1, xy, x², y², x, y
WIDTHS = (4, 4, 2, 6, 4)  # how many of them each kind of similarity needs
ROUNDING = 1e-10  # a share of a sum this small is what rounding left of zero
KEPT_BITS = 4097.0  # 2^12 + 1: Dekker's split keeps 41 of a float64's 53 bits

types: Any = numba.types  # which carries no type hints
_ints, _longs, _floats = (types.Array(of, 1, "C", readonly=True) for of in (int32, int64, float64))
_table, _vector = float64[:, ::1], float64[::1]
_starts = types.Array(int64, 1, "A", readonly=True)
_readonly = types.Array(float64, 2, "C", readonly=True)
_ratings = types.Tuple((_longs, _ints, _floats, _floats))
_rule = types.Tuple((int64, float64, int64))


@compiled(void(_ratings, _ratings, int64, _starts, _table), exact=True)
def _compare(by_row: ByRow, by_column: ByColumn, row: int, starts: Starts, sums: Floats) -> None:
    """Sum over the columns that `row` has in common with each row that stands from `starts` on in its column."""
    width = sums.shape[1]
    sums[:] = 0.0
    for at in range(by_row[0][row], by_row[0][row + 1]):
        column, x = by_row[1][at], by_row[2][at]
        for rater in range(starts[column], by_column[0][column + 1]):
            total, y = sums[by_column[1][rater]], by_column[2][rater]
            total[N] += 1.0
            total[XY] += x * y
            if width > XX:
                total[XX] += x * x
                total[YY] += y * y
            if width > X:
                total[X] += x
                total[Y] += y


@compiled(float64(_vector, int64, float64), exact=True)
def _raw_similarity(total: Floats, kind: int, full_norms: float) -> float:
    """The similarity that the sums over common columns give, before shrinkage."""
    n, xy = total[N], total[XY]
    if kind == MSD:
        return float(1.0 / ((total[XX] + total[YY] - 2.0 * xy) / n + 1.0))
    if kind == COSINE_FULL:
        norms = np.sqrt(full_norms)
    elif kind == PEARSON:
        xy = n * xy - total[X] * total[Y]
        xx, yy = n * total[XX] - total[X] ** 2, n * total[YY] - total[Y] ** 2
        if xx <= ROUNDING * n * total[XX] or yy <= ROUNDING * n * total[YY]:
            return 0.0
        norms = np.sqrt(xx) * np.sqrt(yy)
    else:
        norms = np.sqrt(total[XX]) * np.sqrt(total[YY])
    return float(xy / norms) if xy > ROUNDING * norms else 0.0


@compiled(void(_table, _floats, int64, _rule, _vector), exact=True)
def _similarities(sums: Floats, norms: Floats, row: int, rule: Rule, similarities: Floats) -> None:
    """Similarity of `row` to each row, 0 where it is negative, unsupported or the row itself."""
    kind, shrinkage, min_support = rule
    if kind in (CORRELATION, PEARSON) or shrinkage > 0:
        min_support = max(min_support, 2)  # one point correlates with everything, or is shrunk to nothing
    for other in range(len(sums)):
        n = sums[other, N]
        if n < max(min_support, 1) or other == row:
            similarities[other] = 0.0
            continue
        raw = _raw_similarity(sums[other], kind, norms[row] * norms[other])
        shrunk = raw * (n - 1.0) / (n - 1.0 + shrinkage) if shrinkage > 0 else raw
        # without the last bits, a tie is a tie in whatever order the sums were taken
        high = KEPT_BITS * shrunk
        similarities[other] = high - (high - shrunk)


@compiled(float64(_vector, int64, int64), exact=True)
def _kth_largest(values: Floats, n: int, k: int) -> float:
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


@compiled(types.UniTuple(float64, 2)(_ratings, int64, int64, _vector, _table), exact=True)
def _nearest(
    by_column: ByColumn, column: int, n_neighbors: int, similarities: Floats, candidates: Floats
) -> tuple[float, float]:
    """Σ s d and Σ s over the most similar raters of the column; of equals, the first ones."""
    n_similar, scratch = 0, candidates[2]
    for rater in range(by_column[0][column], by_column[0][column + 1]):
        s = similarities[by_column[1][rater]]
        candidates[0, n_similar] = scratch[n_similar] = s
        candidates[1, n_similar] = by_column[3][rater]
        n_similar += s > 0.0  # else the next one overwrites it: no branch to mispredict
    least, n_equal = 0.0, 0
    if n_similar > n_neighbors:
        least = _kth_largest(scratch, n_similar, n_neighbors)
        n_equal = n_neighbors
        for at in range(n_neighbors):
            n_equal -= scratch[at] > least
    weighted, weights = 0.0, 0.0
    for at in range(n_similar):
        s = candidates[0, at]
        if s > least or (s == least and n_equal > 0):
            n_equal -= s == least
            weighted += s * candidates[1, at]
            weights += s
    return weighted, weights


@compiled(void(_ratings, _ratings, int64, _rule, _vector), exact=True)
def compare_one(by_row: ByRow, by_column: ByColumn, row: int, rule: Rule, similarities: Floats) -> None:
    """Write the similarity of `row` to each row into `similarities` (n_rows,)."""
    sums = np.empty((len(similarities), WIDTHS[rule[0]]))
    _compare(by_row, by_column, row, by_column[0], sums)
    _similarities(sums, by_row[3], row, rule, similarities)


@compiled(void(_ratings, _ratings, _rule, _table), exact=True)
def compare_all(by_row: ByRow, by_column: ByColumn, rule: Rule, similarities: Floats) -> None:
    """Write the similarity of each row to each row into `similarities` (n_rows, n_rows)."""
    sums = np.empty((len(similarities), WIDTHS[rule[0]]))
    later = by_column[0].copy()  # where each column's rows after the current one start: the matrix is symmetric
    for row in range(len(similarities)):
        for at in range(by_row[0][row], by_row[0][row + 1]):
            later[by_row[1][at]] += 1
        _compare(by_row, by_column, row, later, sums)
        _similarities(sums[row:], by_row[3][row:], 0, rule, similarities[row, row:])
        similarities[row:, row] = similarities[row, row:]


@compiled(void(_ratings, _ratings, types.UniTuple(_ints, 2), int64, _rule, _readonly, _table), exact=True)
def sum_neighbours(
    by_row: ByRow, by_column: ByColumn, pairs: Pairs, n_neighbors: int, rule: Rule, known: Floats, sums_of_pairs: Floats
) -> None:
    """Write Σ s d and Σ s of each pair's neighbours into `sums_of_pairs` (n_pairs, 2).

    `known` holds what `compare_all` wrote; where it is empty, rows are compared as they come.
    """
    n_rows = len(by_row[0]) - 1
    sums = np.empty((0 if len(known) else n_rows, WIDTHS[rule[0]]))
    most_raters = 0
    for column in range(len(by_column[0]) - 1):
        most_raters = max(most_raters, by_column[0][column + 1] - by_column[0][column])
    similarities, candidates = np.empty(n_rows), np.empty((3, most_raters + 1))
    previous = -1
    for pair in range(len(pairs[0])):
        row, column = pairs[0][pair], pairs[1][pair]
        if row != previous and len(known):
            similarities[:] = known[row]
        elif row != previous:
            _compare(by_row, by_column, row, by_column[0], sums)
            _similarities(sums, by_row[3], row, rule, similarities)
        previous = row
        sums_of_pairs[pair] = _nearest(by_column, column, n_neighbors, similarities, candidates)
