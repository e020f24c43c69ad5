"""The contract of a dataset: it owns its arrays, and validates them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recbench import RatingDataset


def _dataset(**changes: Any) -> RatingDataset:
    columns: dict[str, Any] = {
        "name": "toy",
        "user_idx": [0, 0, 1, 2],
        "item_idx": [0, 1, 1, 2],
        "ratings": [5.0, 3.0, -1.0, 0.0],
        "user_ids": ["ann", "bob", "eve", "cold"],
        "item_ids": [10, 20, 30, 40],
        "rating_scale": (-1, 5),
        "timestamps": [7, 8, 9, 10],
        "item_columns": {"title": np.array(["A", "B", "C", "D"])},
        "folds": ((np.array([0, 1, 2]), np.array([3])),),
    }
    return RatingDataset(**columns | changes)


def test_sizes_count_cold_users_and_items() -> None:
    dataset = _dataset()
    assert (dataset.n_users, dataset.n_items, dataset.n_ratings) == (4, 4, 4)


def test_columns_have_the_types_of_the_contract() -> None:
    dataset = _dataset()
    assert dataset.timestamps is not None
    columns = (dataset.user_idx, dataset.item_idx, dataset.ratings, dataset.timestamps)
    assert [column.dtype.name for column in columns] == ["int32", "int32", "float32", "int64"]


def test_the_rating_scale_is_two_floats() -> None:
    assert [type(bound) for bound in _dataset(rating_scale=(-1, 5)).rating_scale] == [float, float]


@pytest.mark.parametrize("column", ["user_idx", "item_idx", "ratings", "timestamps", "user_ids", "item_ids"])
def test_arrays_are_read_only(column: str) -> None:
    array = getattr(_dataset(), column)
    with pytest.raises(ValueError, match="read-only"):
        array[0] = array[1]


def test_item_columns_are_read_only() -> None:
    columns = _dataset().item_columns
    assert columns is not None
    with pytest.raises(ValueError, match="read-only"):
        columns["title"][0] = "Z"


def test_changing_the_source_array_does_not_change_the_dataset() -> None:
    ratings = np.array([5, 3, -1, 0], np.float32)
    dataset = _dataset(ratings=ratings)
    ratings[0] = 2
    assert dataset.ratings[0] == 5


def test_attributes_cannot_be_set() -> None:
    with pytest.raises(AttributeError):
        _dataset().name = "other"  # type: ignore[misc]


def test_items_are_a_fresh_frame_at_each_call() -> None:
    dataset = _dataset()
    frame = dataset.items
    assert frame is not None
    frame.loc[0, "title"] = "Z"
    again = dataset.items
    assert again is not None
    assert again["title"].tolist() == ["A", "B", "C", "D"]


def test_items_are_none_without_item_columns() -> None:
    assert _dataset(item_columns=None).items is None


def test_repr_shows_name_and_size() -> None:
    assert repr(_dataset()) == "<RatingDataset 'toy': 4 ratings of 4 users on 4 items>"


def test_empty_dataset_is_allowed() -> None:
    assert _dataset(user_idx=[], item_idx=[], ratings=[], timestamps=[]).n_ratings == 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"ratings": [5.0, 3.0]}, r"columns of different lengths: \[2, 4\]; give every column one value per rating"),
        ({"timestamps": [1]}, r"columns of different lengths: \[1, 4\]"),
        ({"user_idx": [0, 0, 1, 4]}, r"user_idx from 0 to 4; it must lie in 0 \.\.\. 3"),
        ({"item_idx": [-1, 0, 1, 2]}, r"item_idx from -1 to 2; it must lie in 0 \.\.\. 3"),
        ({"item_columns": {"year": np.arange(3)}}, r"item column 'year' has 3 values; give one for each of 4"),
        (
            {"ratings": [5.0, 9.0, -1.0, 8.0]},
            r"ratings outside the rating scale \(-1\.0, 5\.0\): 2 of 4, first 9\.0 at row 1; "
            r"pass the dataset's own rating_scale",
        ),
        ({"ratings": [5.0, np.nan, -1.0, 0.0]}, r"1 of 4, first nan at row 1"),
        ({"ratings": [5.0, np.inf, -1.0, 0.0]}, r"1 of 4, first inf at row 1"),
    ],
)
def test_bad_columns_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        _dataset(**changes)


def test_an_index_too_large_for_its_type_is_refused_and_not_wrapped() -> None:
    with pytest.raises((ValueError, OverflowError)):
        _dataset(user_idx=np.array([0, 0, 1, 2**32], np.int64))


def test_fractional_index_is_refused_and_not_truncated() -> None:
    with pytest.raises(ValueError, match="not all whole numbers"):
        _dataset(item_idx=[0, 1, 1, 1.5])


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(0, 3), max_size=12))
def test_take_gives_the_rows_in_their_order(rows: list[int]) -> None:
    dataset = _dataset()
    part = dataset.take(np.array(rows, np.int64))
    assert part.timestamps is not None
    assert part.ratings.tolist() == [[5.0, 3.0, -1.0, 0.0][row] for row in rows]
    assert part.user_idx.tolist() == [[0, 0, 1, 2][row] for row in rows]
    assert part.item_idx.tolist() == [[0, 1, 1, 2][row] for row in rows]
    assert part.timestamps.tolist() == [[7, 8, 9, 10][row] for row in rows]


def test_take_keeps_users_items_and_scale() -> None:
    dataset = _dataset()
    part = dataset.take(np.array([1]))
    assert (part.n_users, part.n_items, part.rating_scale) == (4, 4, (-1.0, 5.0))
    assert part.item_columns == dataset.item_columns


@pytest.mark.parametrize("rows", [np.array([2, 0]), np.array([True, False, True, False]), slice(1, 3)])
def test_take_owns_its_arrays(rows: Any) -> None:
    part = _dataset().take(rows)
    for column in ("user_idx", "item_idx", "ratings", "timestamps"):
        array = getattr(part, column)
        assert array.base is None, column
        assert not array.flags.writeable, column


def test_take_leaves_the_folds_of_the_whole_behind() -> None:
    assert _dataset().take(np.array([0])).folds is None


def test_the_digest_of_a_copy_is_the_same() -> None:
    dataset = _dataset()
    copy = _dataset(ratings=np.array([5, 3, -1, 0], np.float64), user_idx=np.array([0, 0, 1, 2], np.int64))
    assert copy.digest == dataset.digest


def test_the_digest_does_not_depend_on_the_name() -> None:
    assert _dataset(name="other").digest == _dataset().digest


@pytest.mark.parametrize(
    "changes",
    [
        {"user_idx": [0, 0, 1, 1]},
        {"item_idx": [0, 1, 1, 3]},
        {"ratings": [5.0, 3.0, -1.0, 0.5]},
        {"timestamps": [7, 8, 9, 11]},
        {"timestamps": None},
        {"user_ids": ["ann", "bob", "eve", "warm"]},
        {"item_ids": [10, 20, 30, 41]},
        {"rating_scale": (-1, 6)},
        {"item_columns": None},
        {"item_columns": {"name": np.array(["A", "B", "C", "D"])}},
        {"item_columns": {"title": np.array(["A", "B", "C", "E"])}},
    ],
)
def test_the_digest_changes_with_the_content(changes: dict[str, Any]) -> None:
    assert _dataset(**changes).digest != _dataset().digest


def test_the_digest_changes_with_the_row_order() -> None:
    dataset = _dataset()
    assert dataset.take(np.array([1, 0, 2, 3])).digest != dataset.digest


def test_replaced_dataset_has_a_new_digest() -> None:
    dataset = _dataset()
    before = dataset.digest
    assert replace(dataset, rating_scale=(-2.0, 5.0)).digest != before
