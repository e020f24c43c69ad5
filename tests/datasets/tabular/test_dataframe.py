"""A dataset from a DataFrame: the same checks as for a file, and the frame is not changed."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
import pytest

from recbench import from_frame


def _frame(**columns: Any) -> pd.DataFrame:
    plain = {"user": [3, 1, 3], "item": ["b", "a", "a"], "rating": [1, 2.5, 0]}
    return pd.DataFrame({name: values for name, values in (plain | columns).items() if values is not None})


def test_columns_are_found_by_their_names_in_any_order_and_with_any_index() -> None:
    frame = _frame(user=None, userId=[3, 1, 3], noise=[True, False, True]).iloc[:, ::-1].set_axis([7, 7, 9])
    before = frame.copy()
    dataset = from_frame(frame, name="mine")
    assert (dataset.name, dataset.rating_scale, dataset.timestamps) == ("mine", (0.0, 2.5), None)
    assert (dataset.user_ids.tolist(), dataset.item_ids.tolist()) == ([1, 3], ["a", "b"])
    assert (dataset.user_idx.tolist(), dataset.item_idx.tolist()) == ([1, 0, 1], [1, 0, 0])
    assert dataset.ratings.tolist() == [1, 2.5, 0]
    pd.testing.assert_frame_equal(frame, before)


@pytest.mark.parametrize("kind", ["Int64", "int8", "category"])
def test_integer_ids_stay_integers_in_any_integer_type(kind: Any) -> None:
    frame = _frame()
    frame["user"] = frame["user"].astype(kind)
    assert from_frame(frame).user_ids.tolist() == [1, 3]
    assert from_frame(frame).user_idx.tolist() == [1, 0, 1]


def test_times_are_seconds() -> None:
    moments = pd.to_datetime([10, 20, 30], unit="s", utc=True)
    assert from_frame(_frame(timestamp=moments)).timestamps.tolist() == [10, 20, 30]  # type: ignore[union-attr]
    assert from_frame(_frame(timestamp=[10, 20, 30]), timestamp_column=None).timestamps is None


def test_arguments_are_respected() -> None:
    frame = _frame(item=["a", "a", "a"], stars=[5, 4, 2])
    dataset = from_frame(frame, rating_column="stars", rating_scale=(1, 5), duplicates="mean")
    assert dataset.rating_scale == (1, 5)
    assert dataset.ratings.tolist() == [3.5, 4]


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (_frame(user=None, who=[1, 2, 3]), "no column for the user: ['item', 'rating', 'who']; set user_column"),
        (pd.DataFrame(np.ones((2, 3))), "no column for the user: ['0', '1', '2']; set user_column"),
        (_frame(movie=[1, 2, 3]), "2 columns that may be the item: ['item', 'movie']; set item_column"),
        (_frame().iloc[:0], "the DataFrame has columns but no ratings; give at least one row"),
        (_frame(user=[1, None, 2]), "user nan at row 2 of the DataFrame is missing; give every rating an id"),
        (_frame(rating=[1, np.inf, 2]), "rating inf at row 2 of the DataFrame is not a finite number"),
        (_frame(rating=["good", "bad", "bad"]), "rating 'good' at row 1 of the DataFrame is not a finite number"),
        (_frame(item=["a", "a", "a"]), "first user 3, item 'a' at row 3, already at row 1; remove them, or set dupl"),
        (_frame(timestamp=[1, 2.5, 3]), "timestamp 2.5 at row 2 of the DataFrame is not a whole number of seconds"),
    ],
    ids=lambda value: value[:30] if isinstance(value, str) else "",
)
def test_invalid_frame_is_refused_with_the_row(frame: pd.DataFrame, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)) as wrong:
        from_frame(frame)
    assert "file" not in str(wrong.value)
