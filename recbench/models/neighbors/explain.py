"""Which raters a prediction of a neighbor model averages."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from recbench.array_types import Float64Array, Int32Array
from recbench.models.neighbors.pairs import Comparison


class Raters(NamedTuple):
    """The nearest raters of a pair's column, the most similar first."""

    rows: Int32Array  # (n,)
    similarities: Float64Array  # (n,) above 0
    deviations: Float64Array  # (n,) the values d that are averaged


def nearest_raters(comparison: Comparison, row: int, column: int, n_neighbors: int) -> Raters:
    """Return the `n_neighbors` raters of the column most similar to the row, of equally similar ones the first."""
    from recbench.models.neighbors.kernels_similarity import compare_rows

    by_row, by_column = comparison.ratings
    similarities = np.empty((1, len(by_row.starts) - 1))
    compare_rows(by_row, by_column, np.array([row], np.int32), comparison.rule, similarities)
    of_column = slice(*by_column.starts[column : column + 2])
    rows = by_column.rows[of_column]
    of_raters = similarities[0, rows]
    nearest = np.argsort(-of_raters, kind="stable")[:n_neighbors]
    nearest = nearest[of_raters[nearest] > 0]
    return Raters(rows[nearest], of_raters[nearest], by_column.deviations[of_column][nearest])
