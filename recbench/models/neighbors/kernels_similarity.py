"""Compiled loops of the neighbor models: sort the ratings, compare one row with all others.

A row is what is compared (a user in UserKNN, an item in ItemKNN), a column what rows have in
common. The similarity of two rows with values x and y in their n common columns is

    s = raw · (n − 1) / (n − 1 + shrinkage),   raw = Σ xy / √(Σ x² Σ y²) or what `Neighbors` lists,

and 0 where it is negative or n is below the support. Similarities are computed one row at a time,
when a pair of that row is predicted, so memory grows with the rows and not with their square.
This module imports Numba: import it late.
"""

from __future__ import annotations

import numpy as np
from numba import boolean, void

from recbench.array_types import BoolArray, Float64Array, Int32Array, Int64Array, RowPointers
from recbench.models.neighbors.kernel_arguments import (
    Entries,
    RatingsByColumn,
    RatingsByRow,
    RowColumnPairs,
    SimilarityRule,
)
from recbench.models.neighbors.kernel_types import (
    BY_COLUMN,
    BY_ROW,
    ENTRIES,
    INT64,
    PAIRS,
    READ_ENTRIES,
    READ_INT32,
    RULE,
    TABLE,
)
from recbench.models.numba_compile import compiled, inlined

COSINE, CORRELATION, COSINE_FULL, PEARSON, MSD = range(5)
KIND_OF_SIMILARITY = {
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
ROUNDING = 1e-10  # a sum smaller than this share of its terms' size is 0 but for rounding
SPLITTER = 4097.0  # 2^12 + 1: Dekker's split keeps 41 of a float64's 53 bits


@compiled(void(READ_INT32, READ_ENTRIES, INT64, ENTRIES), exact=True)
def sort_by(keys: Int32Array, entries: Entries, next_places: Int64Array, sorted_entries: Entries) -> None:
    """Write the entries in the order of their keys (n_ratings,), equal keys in the order given.

    `next_places` (n_keys,) is where each key's entries begin, and where they end afterwards.
    """
    for at in range(len(keys)):
        place = next_places[keys[at]]
        next_places[keys[at]] = place + 1
        sorted_entries.others[place] = entries.others[at]
        sorted_entries.compared[place] = entries.compared[at]
        sorted_entries.deviations[place] = entries.deviations[at]


@inlined
def _compare(by_row: RatingsByRow, by_column: RatingsByColumn, row: int, sums: Float64Array) -> None:
    """Sum over the columns that `row` has in common with each row."""
    width = sums.shape[1]
    sums[:] = 0.0
    for at in range(by_row.starts[row], by_row.starts[row + 1]):
        column, x = by_row.columns[at], by_row.compared[at]
        for rater in range(by_column.starts[column], by_column.starts[column + 1]):
            total, y = sums[by_column.rows[rater]], by_column.compared[rater]
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
    """Return the similarity that the sums over common columns give, before shrinkage."""
    n = sums[other, N]
    xy = sums[other, XY]
    if kind == MSD:
        return float(1.0 / ((sums[other, XX] + sums[other, YY] - 2.0 * xy) / n + 1.0))
    if kind == COSINE_FULL:
        norms = np.sqrt(full_norms)
    elif kind == PEARSON:
        xy = n * xy - sums[other, X] * sums[other, Y]
        xx = n * sums[other, XX] - sums[other, X] ** 2
        yy = n * sums[other, YY] - sums[other, Y] ** 2
        if xx <= ROUNDING * n * sums[other, XX] or yy <= ROUNDING * n * sums[other, YY]:
            return 0.0
        norms = np.sqrt(xx) * np.sqrt(yy)
    else:
        norms = np.sqrt(sums[other, XX]) * np.sqrt(sums[other, YY])
    return float(xy / norms) if xy > ROUNDING * norms else 0.0


@inlined
def _compare_two(by_row: RatingsByRow, row: int, other: int, places: RowPointers, sums: Float64Array) -> None:
    """Sum over the columns that two rows have in common; `places` (n_columns,) is where those of `row` are, or −1."""
    sums[:] = 0.0
    total = sums[0]
    for at in range(by_row.starts[other], by_row.starts[other + 1]):
        column, y = by_row.columns[at], by_row.compared[at]
        place = places[column]
        while 0 <= place < by_row.starts[row + 1] and by_row.columns[place] == column:
            x = by_row.compared[place]
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
def _enter(by_row: RatingsByRow, by_column: RatingsByColumn, previous: int, row: int, places: RowPointers) -> int:
    """Fill `places` for `row` instead of `previous`; return how many products comparing it with all rows takes."""
    if previous >= 0:
        for at in range(by_row.starts[previous], by_row.starts[previous + 1]):
            places[by_row.columns[at]] = -1
    products = 0
    for at in range(by_row.starts[row + 1] - 1, by_row.starts[row] - 1, -1):
        column = by_row.columns[at]
        places[column] = at
        products += by_column.starts[column + 1] - by_column.starts[column]
    return products


@inlined
def _support(rule: SimilarityRule) -> float:
    """Return how many common columns a similarity needs."""
    # one point correlates with everything, or is shrunk to nothing
    needs_two = rule.kind in (CORRELATION, PEARSON) or rule.shrinkage > 0
    return float(max(rule.min_support, 2 if needs_two else 1))


@inlined
def _similarity(sums: Float64Array, other: int, full_norms: float, rule: SimilarityRule) -> float:
    """Return the shrunken similarity of two rows with enough support, 0 if it is negative."""
    raw = _raw_similarity(sums, other, rule.kind, full_norms)
    pairs = sums[other, N] - 1.0
    shrunk = raw * pairs / (pairs + rule.shrinkage) if rule.shrinkage > 0 else raw
    # without the last bits, a tie is a tie in whatever order the sums were taken
    high = SPLITTER * shrunk
    return float(high - (high - shrunk))


@inlined
def _compare_with_all(
    by_row: RatingsByRow,
    by_column: RatingsByColumn,
    row: int,
    rule: SimilarityRule,
    sums: Float64Array,
    similarities: Float64Array,
) -> None:
    """Write the similarity of `row` to each row into `similarities` (n_rows,); `sums` is (n_rows, width)."""
    _compare(by_row, by_column, row, sums)
    norms = by_row.squared_norms
    support = _support(rule)
    for other in range(len(similarities)):
        similarities[other] = 0.0
        if sums[other, N] >= support:
            similarities[other] = _similarity(sums, other, norms[row] * norms[other], rule)
    similarities[row] = 0.0


@compiled(void(BY_ROW, BY_COLUMN, READ_INT32, RULE, TABLE), exact=True)
def compare_rows(
    by_row: RatingsByRow, by_column: RatingsByColumn, rows: Int32Array, rule: SimilarityRule, similarities: Float64Array
) -> None:
    """Write the similarity of some rows to each row into `similarities` (n, n_rows)."""
    sums = np.empty((len(by_row.starts) - 1, WIDTHS[rule.kind]))
    for at in range(len(rows)):
        _compare_with_all(by_row, by_column, rows[at], rule, sums, similarities[at])


@compiled(void(BY_ROW, BY_COLUMN, PAIRS, RULE, boolean[::1]), exact=True)
def find_similar(
    by_row: RatingsByRow, by_column: RatingsByColumn, pairs: RowColumnPairs, rule: SimilarityRule, found: BoolArray
) -> None:
    """Write whether any rater of a pair's column is similar to its row, without looking further than the first."""
    n_rows = len(by_row.starts) - 1
    similarities = np.empty(n_rows)
    total = np.empty((1, WIDTHS[rule.kind]))
    sums = np.empty((n_rows, total.shape[1]))
    places = np.full(len(by_column.starts) - 1, -1)
    support = _support(rule)
    previous = -1
    compared = False
    budget = 0
    for pair in range(len(pairs.rows)):
        row = pairs.rows[pair]
        column = pairs.columns[pair]
        if row != previous:
            budget = _enter(by_row, by_column, previous, row, places)
            compared = False
        previous = row
        found[pair] = False
        for rater in range(by_column.starts[column], by_column.starts[column + 1]):
            other = by_column.rows[rater]
            if budget < 0 and not compared:  # one by one costs more than all at once
                _compare_with_all(by_row, by_column, row, rule, sums, similarities)
                compared = True
            if compared:
                found[pair] = similarities[other] > 0.0
            elif other != row:
                budget -= by_row.starts[other + 1] - by_row.starts[other]
                _compare_two(by_row, row, other, places, total)
                norms = by_row.squared_norms[row] * by_row.squared_norms[other]
                found[pair] = total[0, N] >= support and _similarity(total, 0, norms, rule) > 0.0
            if found[pair]:
                break
