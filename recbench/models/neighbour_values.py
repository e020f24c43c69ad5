"""What of a rating the neighbour models compare, and what they average."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
import numpy.typing as npt

from recbench.contracts import FloatArray, IntArray

Floats = npt.NDArray[np.float64]
Similarity = Literal[
    "cosine", "cosine_full", "cosine_baseline", "pearson", "pearson_baseline", "adjusted_cosine", "msd"
]
Centering = Literal["none", "mean", "zscore", "baseline", "baseline_zscore"]

SPREAD_DAMPING = 10.0  # pull of a row's spread towards the overall one, in ratings


def compared(
    similarity: Similarity, ratings: Floats, biases: FloatArray, mean: float, column_means: Callable[[], Floats]
) -> Floats:
    """The value of each rating that enters the similarities.

    `biases` are what the bias model makes of each rating, `column_means` the mean rating of each one's column.
    """
    if similarity in ("cosine_baseline", "pearson_baseline"):
        return np.asarray(ratings - biases)
    if similarity == "adjusted_cosine":
        return np.asarray(ratings - column_means())
    if similarity in ("pearson", "msd"):
        return ratings - mean  # changes neither, and leaves small sums
    return ratings


def spreads(centering: Centering, rows: IntArray, deviations: Floats, n_rows: int, overall: float) -> Floats:
    """The spread of each row's deviations (n_rows,), `overall` being the mean square of all of them."""
    if centering not in ("zscore", "baseline_zscore"):
        return np.ones(n_rows)
    damping = SPREAD_DAMPING if centering == "baseline_zscore" else 0.0
    squares = np.bincount(rows, deviations**2, minlength=n_rows) + damping * overall
    variance = squares / np.maximum(np.bincount(rows, minlength=n_rows) + damping, 1)
    # a constant row has no spread of its own
    return np.sqrt(np.where(variance > 0, variance, overall or 1.0))


def means(index: IntArray, values: Floats, n: int, empty: float) -> Floats:
    """The mean value of each index (n,), `empty` where there is none."""
    n_rows = np.bincount(index, minlength=n)
    return np.where(n_rows > 0, np.bincount(index, values, minlength=n) / np.maximum(n_rows, 1), empty)


def starts_of(index: IntArray, n: int) -> npt.NDArray[np.int64]:
    """Where each index's values start when they are sorted by it, and the end: (n + 1,)."""
    return np.append(0, np.cumsum(np.bincount(index, minlength=n), dtype=np.int64))
