"""The arrays that the compiled kernels take, by name. Importing this module does not import Numba."""

from __future__ import annotations

from typing import NamedTuple

from recbench.array_types import Float32Array, Int32Array, RowPointers


class RatingRows(NamedTuple):
    """Ratings sorted by row, a row being a user or an item: those of row k are at starts[k] … starts[k + 1] − 1."""

    starts: RowPointers  # (n_rows + 1,)
    others: Int32Array  # (n_ratings,) the item, or user, that each rating is of


class Features(NamedTuple):
    """A sparse matrix of features, by feature: those of feature j are at starts[j] … starts[j + 1] − 1."""

    starts: RowPointers  # (n_features + 1,)
    rows: Int32Array  # (n_entries,) the rows that have the feature
    values: Float32Array  # (n_entries,) its value x there


class NormalEquations(NamedTuple):
    """What a draw needs to know of the ratings of each row, and the row's vector, which the draw changes."""

    gram: Float32Array  # G: (n_rows, width, width), width being 1 + n_factors
    moment: Float32Array  # r: (n_rows, width)
    vectors: Float32Array  # t: (n_rows, width), the bias first


class Prior(NamedTuple):
    """The normal prior of a feature's coefficients, independent in each coordinate."""

    mean: Float32Array  # (width,)
    precision: Float32Array  # (width,)
