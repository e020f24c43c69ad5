"""What the compiled loops of the neighbor models read and write, as named tuples.

A row is what is compared (a user in UserKNN, an item in ItemKNN), a column what rows have in
common. Numba compiles each loop for one type and does not convert named tuples, so the arrays that
a loop only reads must be read-only: see `read_only`. Its cache does not notice changes in this
file: after a change of fields or their order, delete the `__pycache__` folders.
"""

from __future__ import annotations

from typing import NamedTuple, TypeVar

from recbench.array_types import Float64Array, Int32Array, RowPointers

Arrays = TypeVar("Arrays", bound=NamedTuple)


class RatingsByRow(NamedTuple):
    """The training ratings, sorted by row and within a row by column."""

    starts: RowPointers  # (n_rows + 1,)
    columns: Int32Array  # (n_ratings,)
    compared: Float64Array  # (n_ratings,) the values x that enter the similarities
    squared_norms: Float64Array  # (n_rows,) Σ x² of each row


class RatingsByColumn(NamedTuple):
    """The same ratings, sorted by column and within a column by row."""

    starts: RowPointers  # (n_columns + 1,)
    rows: Int32Array  # (n_ratings,)
    compared: Float64Array  # (n_ratings,)
    deviations: Float64Array  # (n_ratings,) the values d that are averaged


class SortedRatings(NamedTuple):
    """The training ratings in both orders."""

    by_row: RatingsByRow
    by_column: RatingsByColumn


class Entries(NamedTuple):
    """Ratings in some order, without the index that they are sorted by."""

    others: Int32Array  # (n_ratings,) row of each rating if sorted by column, column if sorted by row
    compared: Float64Array  # (n_ratings,)
    deviations: Float64Array  # (n_ratings,)


class RowColumnPairs(NamedTuple):
    """The pairs to predict."""

    rows: Int32Array  # (n_pairs,) ascending in the compiled loops
    columns: Int32Array  # (n_pairs,)


class SimilarityRule(NamedTuple):
    """How two rows are compared."""

    kind: int  # a number of `kernels_similarity`, COSINE for example
    shrinkage: float  # in common ratings
    min_support: int  # common ratings that a similarity needs


class TopK(NamedTuple):
    """Which raters are averaged, and with which weights."""

    n_neighbors: int
    amplification: float  # power of a similarity that is its weight


class NearestRaters(NamedTuple):
    """The most similar raters of each pair's column, from `starts[pair]` on."""

    starts: RowPointers  # (n_pairs + 1,)
    counts: RowPointers  # (n_pairs,) how many raters there are
    similarities: Float64Array  # (starts[-1],)
    raters: Int32Array  # (starts[-1],) positions in `RatingsByColumn`


def read_only(arrays: Arrays) -> Arrays:
    """Return the named tuple with each array as a view that can't be written to."""
    views = [array.view() for array in arrays]
    for view in views:
        view.flags.writeable = False
    return arrays._make(views)
