"""A new user in a fitted neighbor model: one more row to compare, or one more column to average.

    b_new = Σ_i (r_i − mean − b_i) / (reg_user + n)

is the new user's bias, the items' biases b_i being fixed; the other rows and columns don't change.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recbench.array_types import Float64Array, FloatArray, Int32Array, IntArray
from recbench.models.neighbors.kernel_arguments import RatingsByColumn, RatingsByRow, read_only


@dataclass(frozen=True, eq=False)
class NewUser:
    """A new user's ratings by item, and what the bias model makes of them."""

    items: Int32Array  # (n_rated,) ascending, as the compiled loops expect
    ratings: Float64Array  # (n_rated,)
    bias: float
    residuals: Float64Array  # (n_rated,) ratings less the bias model's predictions

    @classmethod
    def of(
        cls, item_idx: IntArray, ratings: FloatArray, mean: float, item_bias: FloatArray, reg_user: float
    ) -> NewUser:
        """Fit the bias of a user with these ratings; `item_bias` is (n_items,)."""
        order = np.argsort(item_idx, kind="stable")
        items = np.asarray(item_idx[order], np.int32)
        values = np.asarray(ratings[order], np.float64)
        damping = reg_user + len(items)
        above = float(np.sum(values - mean - item_bias[items]))
        bias = above / damping if damping > 0 else 0.0
        return cls(items, values, bias, np.asarray(values - mean - bias - item_bias[items]))


def append_row(by_row: RatingsByRow, columns: Int32Array, compared: Float64Array) -> RatingsByRow:
    """Return the ratings with those of one more row at the end."""
    return read_only(
        RatingsByRow(
            np.append(by_row.starts, by_row.starts[-1] + len(columns)),
            np.append(by_row.columns, columns),
            np.append(by_row.compared, compared),
            np.append(by_row.squared_norms, np.sum(compared**2)),
        )
    )


def append_column(by_column: RatingsByColumn, rows: Int32Array, deviations: Float64Array) -> RatingsByColumn:
    """Return the ratings with those of one more column at the end, which are averaged and never compared."""
    unused = np.zeros(len(rows))  # no row's list contains the new column
    return read_only(
        RatingsByColumn(
            np.append(by_column.starts, by_column.starts[-1] + len(rows)),
            np.append(by_column.rows, rows),
            np.append(by_column.compared, unused),
            np.append(by_column.deviations, deviations),
        )
    )
