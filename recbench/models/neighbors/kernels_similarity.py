"""Compiled loops of the neighbor models: sort the ratings, compare one row with all others.

A row is what is compared (a user in UserKNN, an item in ItemKNN), a column what rows have in
common. Similarities are made one row at a time, when a pair of that row is asked for, so memory
grows with the rows and not with their square. This module imports Numba: import it late.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numba import boolean, float64, int32, int64, void

from recbench.array_types import BoolArray, Float64Array, Int32Array, RowPointers
from recbench.models.neighbors.similarity_inputs import Rated
from recbench.models.numba_compile import compiled, inlined

ByRow = tuple[
    RowPointers, Int32Array, Float64Array, Float64Array
]  # where rows start, columns, compared values, Σ x² of each row
ByColumn = tuple[
    RowPointers, Int32Array, Float64Array, Float64Array
]  # where columns start, rows, compared values, deviations
Pairs = tuple[Int32Array, Int32Array]  # rows, ascending, and columns
SimilarityRule = tuple[int, float, int]  # kind of similarity, shrinkage, min_support

COSINE, CORRELATION, COSINE_FULL, PEARSON, MSD = range(5)
KINDS = {
    "cosine": COSINE,
    "cosine_full": COSINE_FULL,
    "cosine_baseline": COSINE_FULL,
    "cosine_robust": COSINE_FULL,
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
INTS, LONGS, FLOATS = (types.Array(of, 1, "C", readonly=True) for of in (int32, int64, float64))
TABLE, VECTOR, PLACES, HEADS = float64[:, ::1], float64[::1], int32[::1], int64[::1]
RATINGS = types.Tuple((LONGS, INTS, FLOATS, FLOATS))
RATED = types.Tuple((INTS, FLOATS, FLOATS))
RULE, PAIRS = types.Tuple((int64, float64, int64)), types.UniTuple(INTS, 2)


@compiled(void(INTS, RATED, HEADS, types.Tuple((PLACES, VECTOR, VECTOR))), exact=True)
def sort_by(keys: Int32Array, rated: Rated, heads: RowPointers, sorted_rated: Rated) -> None:
    """Sort what belongs to ratings by their key, equal ones as they come; `heads` says where each key's start."""
    for at in range(len(keys)):
        place = heads[keys[at]]
        heads[keys[at]] = place + 1
        sorted_rated[0][place] = rated[0][at]
        sorted_rated[1][place] = rated[1][at]
        sorted_rated[2][place] = rated[2][at]


@inlined
def _compare(by_row: ByRow, by_column: ByColumn, row: int, sums: Float64Array) -> None:
    """Sum over the columns that `row` has in common with each row."""
    width = sums.shape[1]
    sums[:] = 0.0
    for at in range(by_row[0][row], by_row[0][row + 1]):
        column, x = by_row[1][at], by_row[2][at]
        for rater in range(by_column[0][column], by_column[0][column + 1]):
            total, y = sums[by_column[1][rater]], by_column[2][rater]
            total[N] += 1.0
            total[XY] += x * y
            if width > XX:
                total[XX] += x * x
                total[YY] += y * y
            if width > X:
                total[X] += x
                total[Y] += y


@inlined
def _raw_similarity(sums: Float64Array, other: int, kind: int, full_norms: float) -> float:
    """The similarity that the sums over common columns give, before shrinkage."""
    n, xy = sums[other, N], sums[other, XY]
    if kind == MSD:
        return float(1.0 / ((sums[other, XX] + sums[other, YY] - 2.0 * xy) / n + 1.0))
    if kind == COSINE_FULL:
        norms = np.sqrt(full_norms)
    elif kind == PEARSON:
        xy = n * xy - sums[other, X] * sums[other, Y]
        xx, yy = n * sums[other, XX] - sums[other, X] ** 2, n * sums[other, YY] - sums[other, Y] ** 2
        if xx <= ROUNDING * n * sums[other, XX] or yy <= ROUNDING * n * sums[other, YY]:
            return 0.0
        norms = np.sqrt(xx) * np.sqrt(yy)
    else:
        norms = np.sqrt(sums[other, XX]) * np.sqrt(sums[other, YY])
    return float(xy / norms) if xy > ROUNDING * norms else 0.0


@inlined
def _compare_two(by_row: ByRow, row: int, other: int, places: RowPointers, sums: Float64Array) -> None:
    """Sum over the columns that two rows have in common, `places` saying where those of `row` are."""
    sums[:] = 0.0
    total = sums[0]
    for at in range(by_row[0][other], by_row[0][other + 1]):
        column, y = by_row[1][at], by_row[2][at]
        place = places[column]
        while 0 <= place < by_row[0][row + 1] and by_row[1][place] == column:
            x = by_row[2][place]
            total[N] += 1.0
            total[XY] += x * y
            if len(total) > XX:
                total[XX] += x * x
                total[YY] += y * y
            if len(total) > X:
                total[X] += x
                total[Y] += y
            place += 1


@inlined
def _enter(by_row: ByRow, by_column: ByColumn, previous: int, row: int, places: RowPointers) -> int:
    """Make `places` those of `row` instead of `previous`; return how many products comparing it with all takes."""
    if previous >= 0:
        for at in range(by_row[0][previous], by_row[0][previous + 1]):
            places[by_row[1][at]] = -1
    products = 0
    for at in range(by_row[0][row + 1] - 1, by_row[0][row] - 1, -1):
        column = by_row[1][at]
        places[column] = at
        products += by_column[0][column + 1] - by_column[0][column]
    return products


@inlined
def _support(rule: SimilarityRule) -> float:
    """How many common columns a similarity needs."""
    kind, shrinkage, min_support = rule
    # one point correlates with everything, or is shrunk to nothing
    return float(max(min_support, 2 if kind in (CORRELATION, PEARSON) or shrinkage > 0 else 1))


@inlined
def _similarity(sums: Float64Array, other: int, full_norms: float, rule: SimilarityRule) -> float:
    """The shrunken similarity where there is support enough, 0 where it is negative."""
    raw, pairs = _raw_similarity(sums, other, rule[0], full_norms), sums[other, N] - 1.0
    shrunk = raw * pairs / (pairs + rule[1]) if rule[1] > 0 else raw
    # without the last bits, a tie is a tie in whatever order the sums were taken
    high = KEPT_BITS * shrunk
    return float(high - (high - shrunk))


@inlined
def _compare_with_all(
    by_row: ByRow, by_column: ByColumn, row: int, rule: SimilarityRule, sums: Float64Array, similarities: Float64Array
) -> None:
    """Write the similarity of `row` to each row into `similarities` (n_rows,), `sums` being room for the sums."""
    _compare(by_row, by_column, row, sums)
    norms, support = by_row[3], _support(rule)
    for other in range(len(similarities)):
        similarities[other] = 0.0
        if sums[other, N] >= support:
            similarities[other] = _similarity(sums, other, norms[row] * norms[other], rule)
    similarities[row] = 0.0


@compiled(void(RATINGS, RATINGS, INTS, RULE, TABLE), exact=True)
def compare_rows(
    by_row: ByRow, by_column: ByColumn, rows: Int32Array, rule: SimilarityRule, similarities: Float64Array
) -> None:
    """Write the similarity of some rows to each row into `similarities` (n, n_rows)."""
    sums = np.empty((len(by_row[0]) - 1, WIDTHS[rule[0]]))
    for at in range(len(rows)):
        _compare_with_all(by_row, by_column, rows[at], rule, sums, similarities[at])


@compiled(void(RATINGS, RATINGS, PAIRS, RULE, boolean[::1]), exact=True)
def find_similar(by_row: ByRow, by_column: ByColumn, pairs: Pairs, rule: SimilarityRule, found: BoolArray) -> None:
    """Write whether any rater of its column is similar to a pair's row; it looks no further than the first."""
    n_rows, previous, compared, budget = len(by_row[0]) - 1, -1, False, 0
    similarities, total = np.empty(n_rows), np.empty((1, WIDTHS[rule[0]]))
    sums = np.empty((n_rows, total.shape[1]))
    places, support = np.full(len(by_column[0]) - 1, -1), _support(rule)  # places: of the row's columns
    for pair in range(len(pairs[0])):
        row, column = pairs[0][pair], pairs[1][pair]
        if row != previous:
            budget, compared = _enter(by_row, by_column, previous, row, places), False
        previous, found[pair] = row, False
        for rater in range(by_column[0][column], by_column[0][column + 1]):
            other = by_column[1][rater]
            if budget < 0 and not compared:  # one by one costs more than all at once
                _compare_with_all(by_row, by_column, row, rule, sums, similarities)
                compared = True
            if compared:
                found[pair] = similarities[other] > 0.0
            elif other != row:
                budget -= by_row[0][other + 1] - by_row[0][other]
                _compare_two(by_row, row, other, places, total)
                norms = by_row[3][row] * by_row[3][other]
                found[pair] = total[0, N] >= support and _similarity(total, 0, norms, rule) > 0.0
            if found[pair]:
                break
