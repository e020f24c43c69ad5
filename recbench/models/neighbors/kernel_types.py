"""Numba's types of what the compiled loops read and write. This module imports Numba: import it late."""

from __future__ import annotations

from typing import Any

import numba
from numba import float64, int32, int64

from recbench.models.neighbors.kernel_arguments import (
    Entries,
    NearestRaters,
    RatingsByColumn,
    RatingsByRow,
    RowColumnPairs,
    SimilarityRule,
    TopK,
)

types: Any = numba.types  # which carries no type hints

READ_INT32, READ_INT64, READ_FLOAT64 = (types.Array(of, 1, "C", readonly=True) for of in (int32, int64, float64))
READ_TABLE = types.Array(float64, 2, "C", readonly=True)
INT32, INT64, FLOAT64, TABLE = int32[::1], int64[::1], float64[::1], float64[:, ::1]

BY_ROW = types.NamedTuple([READ_INT64, READ_INT32, READ_FLOAT64, READ_FLOAT64], RatingsByRow)
BY_COLUMN = types.NamedTuple([READ_INT64, READ_INT32, READ_FLOAT64, READ_FLOAT64], RatingsByColumn)
READ_ENTRIES = types.NamedTuple([READ_INT32, READ_FLOAT64, READ_FLOAT64], Entries)
ENTRIES = types.NamedTuple([INT32, FLOAT64, FLOAT64], Entries)
PAIRS = types.NamedUniTuple(READ_INT32, 2, RowColumnPairs)
RULE = types.NamedTuple([int64, float64, int64], SimilarityRule)
TOP_K = types.NamedTuple([int64, float64], TopK)
READ_NEAREST = types.NamedTuple([READ_INT64, READ_INT64, READ_FLOAT64, READ_INT32], NearestRaters)
NEAREST = types.NamedTuple([READ_INT64, INT64, FLOAT64, INT32], NearestRaters)  # `starts` is given
