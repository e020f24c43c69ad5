"""What users and items are made of in the factorization machine, as sparse features.

user u:  u itself, and with `implicit` each item that u rated, with value n_u^-½
item i:  i itself, and with `implicit` each user who rated i, with value n_i^-½; each column of a table of items
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from recbench.array_types import FloatArray
from recbench.models.bayes.kernel_arrays import Features, RatingRows
from recbench.models.row_pointers import row_pointers


class EntityFeatures(NamedTuple):
    """The kinds of features of users, and of items; each kind has its own prior."""

    users: tuple[Features, ...]
    items: tuple[Features, ...]


def entity_features(
    by_user: RatingRows, by_item: RatingRows, *, implicit: bool, item_table: FloatArray | None
) -> EntityFeatures:
    """Return the features of users and items; `item_table` is (n_items, n_columns)."""
    of_users = [identities(len(by_user.starts) - 1)]
    of_items = [identities(len(by_item.starts) - 1)]
    if implicit:
        of_users.append(_partners(by_item, by_user))
        of_items.append(_partners(by_user, by_item))
    if item_table is not None:
        of_items.append(_columns(item_table))
    return EntityFeatures(tuple(of_users), tuple(of_items))


def identities(n_rows: int) -> Features:
    """Return one feature per row, with value 1 in that row alone."""
    return Features(np.arange(n_rows + 1), np.arange(n_rows, dtype=np.int32), np.ones(n_rows, np.float32))


def _partners(by_partner: RatingRows, by_row: RatingRows) -> Features:
    """Return each partner as a feature of the rows rated with it, at n^-½ for a row with n ratings."""
    starts, rows = by_partner
    n_ratings = np.diff(by_row.starts)
    return Features(starts, rows, (n_ratings[rows] ** -0.5).astype(np.float32))


def _columns(table: FloatArray) -> Features:
    """Return each column as a feature of the rows where it is not zero."""
    columns, rows = np.nonzero(table.T)
    starts = row_pointers(columns, table.shape[1])
    return Features(starts, rows.astype(np.int32), table[rows, columns].astype(np.float32))
