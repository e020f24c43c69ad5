"""Read-only arrays, and the bytes of their content."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from recbench.runtime.arrays import content, owned


def test_a_writeable_array_is_copied() -> None:
    original = np.arange(3)
    copy = owned(original)
    original[0] = 7
    assert copy.tolist() == [0, 1, 2]


def test_an_owned_array_is_read_only() -> None:
    with pytest.raises(ValueError, match="read-only"):
        owned(np.arange(3))[0] = 1


def test_an_owned_array_has_no_base() -> None:
    assert owned(np.arange(6)[2:5]).base is None


def test_a_read_only_view_is_copied_too() -> None:
    whole = np.arange(6)
    view = whole[2:5]
    view.flags.writeable = False
    copy = owned(view)
    whole[:] = 9
    assert copy.tolist() == [2, 3, 4]


def test_an_owned_array_is_not_copied_again() -> None:
    array = owned(np.arange(3))
    assert owned(array) is array


def test_an_array_of_another_type_is_converted() -> None:
    assert owned(np.arange(3), np.float32).dtype == np.float32


def test_a_list_becomes_an_array() -> None:
    assert owned([1.5, 2.5]).tolist() == [1.5, 2.5]


def test_a_transposed_array_is_made_contiguous() -> None:
    array = owned(np.arange(6).reshape(2, 3).T)
    assert array.flags.c_contiguous
    assert array.tolist() == [[0, 3], [1, 4], [2, 5]]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (np.array([1, 2]), np.array([2, 1])),
        (np.array([1, 2]), np.array([1.0, 2.0])),
        (np.array([1, 2], np.int32), np.array([1, 2], np.int64)),
        (np.arange(4), np.arange(4).reshape(2, 2)),
        (np.array(["ab", "c"]), np.array(["a", "bc"])),
        (np.array(["a"]), np.array(["a", ""])),
        (np.array([], np.int32), None),
    ],
)
def test_different_contents_have_different_bytes(one: Any, other: Any) -> None:
    assert content(one) != content(other)


def test_a_copy_has_the_same_bytes() -> None:
    array = np.array([[1.5, np.nan], [0.0, 2.0]])
    assert content(array) == content(array.copy(order="F"))


def test_text_arrays_of_different_types_have_the_same_bytes() -> None:
    assert content(np.array(["é", "abc"])) == content(np.array(["é", "abc"], object))
