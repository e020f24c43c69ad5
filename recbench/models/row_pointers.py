"""Where each row of a compressed sparse matrix begins: what SciPy calls `indptr`."""

from __future__ import annotations

import numpy as np

from recbench.array_types import IntArray, RowPointers


def row_pointers(index: IntArray, n_rows: int) -> RowPointers:
    """Return where each row's entries begin once they are sorted by `index`, and their end: (n_rows + 1,)."""
    return pointers_from_counts(np.bincount(index, minlength=n_rows))


def pointers_from_counts(n_entries: IntArray) -> RowPointers:
    """Return where each row begins if row r has `n_entries[r]` entries, and their end: (n_rows + 1,)."""
    return np.append(0, np.cumsum(n_entries, dtype=np.int64))
