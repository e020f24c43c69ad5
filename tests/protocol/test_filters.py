"""Filters keep the right ratings and do not change the indices of users and items."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recbench import RatingDataset
from recbench.protocol.filters import Filters
from tests.support.datasets import make_dataset

# user, item, rating, time; user 3 and item 3 have one rating each, user 4 and item 4 none
ROWS = [(0, 0, 1, 10), (0, 1, 2, 20), (1, 0, 3, 30), (1, 1, 4, 40), (2, 1, 5, 50), (2, 3, 0, 60), (3, 2, -1, 70)]


def dataset_of(rows: list[tuple[int, int, float, int]]) -> RatingDataset:
    users, items, ratings, times = (np.array(column) for column in zip(*rows, strict=True))
    return make_dataset(users, items, ratings, n_users=5, n_items=5, scale=(-1, 5), timestamps=times)


TOY = dataset_of([*ROWS])


def kept(**options: Any) -> list[int]:
    """Return the timestamps of the kept rows, which identify the rows."""
    times = Filters(**options).apply(TOY).timestamps
    assert times is not None
    return [int(time) for time in times]


@pytest.mark.parametrize(
    ("options", "left"),
    [
        ({}, [10, 20, 30, 40, 50, 60, 70]),
        ({"min_rating": 0}, [10, 20, 30, 40, 50, 60]),
        ({"max_rating": 2.0}, [10, 20, 60, 70]),
        ({"min_rating": 1, "max_rating": 1}, [10]),
        ({"since": "30"}, [30, 40, 50, 60, 70]),
        ({"until": "30"}, [10, 20]),
        ({"since": "1970-01-01T00:00:40", "until": "1970-01-01T01:01+01:00"}, [40, 50]),
        ({"min_user_ratings": 2}, [10, 20, 30, 40, 50, 60]),
        ({"min_item_ratings": 2}, [10, 20, 30, 40, 50]),
        ({"min_user_ratings": 2, "min_item_ratings": 2}, [10, 20, 30, 40, 50]),  # user 2 had two ratings when counted
        ({"k_core": 2}, [10, 20, 30, 40]),  # without item 3, user 2 has one rating
        ({"min_rating": 2, "k_core": 2}, None),
        ({"k_core": 1}, [10, 20, 30, 40, 50, 60, 70]),
    ],
    ids=str,
)
def test_kept_ratings_match_those_selected_by_hand(options: dict[str, Any], left: list[int] | None) -> None:
    if left is None:
        with pytest.raises(ValueError, match="leave none of 7 ratings in 'toy'; loosen them"):
            kept(**options)
    else:
        assert kept(**options) == left


def test_users_and_items_keep_their_indices() -> None:
    filtered = Filters(k_core=2).apply(TOY)
    assert (filtered.n_users, filtered.n_items, filtered.rating_scale) == (5, 5, (-1, 5))
    assert (filtered.user_idx.tolist(), filtered.item_idx.tolist()) == ([0, 0, 1, 1], [0, 1, 0, 1])


def test_a_filter_that_keeps_all_ratings_returns_the_dataset_itself() -> None:
    assert Filters(k_core=1).apply(TOY) is TOY


def test_the_folds_of_a_dataset_are_renumbered_to_the_kept_rows() -> None:
    with_folds = replace(TOY, folds=((np.array([0, 2, 4, 6]), np.array([5, 3, 1])),))
    filtered = Filters(since="25", until="65").apply(with_folds)
    assert filtered.folds is not None
    train, test = filtered.folds[0]
    assert filtered.timestamps is not None
    assert (filtered.timestamps[train].tolist(), filtered.timestamps[test].tolist()) == ([30, 50], [60, 40])


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, unique=True), st.integers(2, 4))
def test_the_k_core_is_the_largest_set_with_k_ratings_each(pairs: list[tuple[int, int]], k: int) -> None:
    left = set(pairs)
    while True:  # remove one at a time: the k-core does not depend on the order
        counts = Counter(("user", user) for user, _ in left) + Counter(("item", item) for _, item in left)
        removable = next(((u, i) for u, i in left if counts["user", u] < k or counts["item", i] < k), None)
        if removable is None:
            break
        left.remove(removable)
    dataset = dataset_of([(user, item, 1.0, 0) for user, item in pairs])
    assert {pair for pair, is_kept in zip(pairs, Filters(k_core=k).keeps(dataset), strict=True) if is_kept} == left


def test_the_text_of_filters_has_those_that_are_set() -> None:
    assert str(Filters(k_core=5, since="2015-01-31", whole_set=True)) == "since=2015-01-31 k_core=5"


def test_filters_without_a_bound_are_false() -> None:
    assert not Filters()
    assert not Filters(whole_set=True)
    assert Filters(max_rating=0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"k_core": -1}, "filters.k_core is -1; give a number of ratings, or 0"),
        ({"min_user_ratings": -2}, "filters.min_user_ratings is -2"),
        ({"min_rating": 4, "max_rating": 3}, "filters.min_rating 4 is above filters.max_rating 3; swap them"),
        ({"since": "2016-01-01", "until": "2015-01-01"}, "filters.since '2016-01-01' is above filters.until"),
        ({"since": "last year"}, "filters.since 'last year' is not a valid time; write it like 2015-01-31"),
    ],
    ids=str,
)
def test_invalid_filters_are_rejected(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Filters(**options)


def test_a_time_filter_needs_timestamps() -> None:
    with pytest.raises(ValueError, match="filters until=30 need timestamps and 'toy' has none"):
        Filters(until="30").apply(replace(TOY, timestamps=None))
