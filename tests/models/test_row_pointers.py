"""Row pointers against SciPy's."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from recbench.models.row_pointers import pointers_from_counts, row_pointers


def test_row_pointers_are_those_of_a_compressed_matrix() -> None:
    index = np.array([4, 0, 4, 2, 4])
    matrix = csr_array((np.ones(5), (index, np.arange(5))), shape=(6, 5))
    np.testing.assert_array_equal(row_pointers(index, 6), matrix.indptr)
    assert row_pointers(index, 6).dtype == np.int64


def test_rows_without_entries_begin_where_the_next_row_does() -> None:
    assert pointers_from_counts(np.array([2, 0, 3])).tolist() == [0, 2, 2, 5]
    assert pointers_from_counts(np.array([], np.int64)).tolist() == [0]
