"""The breakdown: a case counted by hand, and the property that the classes of a group partition the ratings."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recbench.array_types import FloatArray
from recbench.contracts import RatingDataset
from recbench.metrics import rmse
from recbench.results.breakdown import COLD, BreakdownRow, breakdown, pooled_breakdown
from tests.support.datasets import make_dataset

N_USERS, N_ITEMS = 6, 5
GROUPS = ["user activity", "item popularity", "cold start", "rating value"]


def dataset(
    users: Any, items: Any, ratings: Any, scale: tuple[float, float] = (1, 5), n: tuple[int, int] = (N_USERS, N_ITEMS)
) -> RatingDataset:
    return make_dataset(users, items, ratings, n_users=n[0], n_items=n[1], scale=scale, name="example")


def parts(rows: list[BreakdownRow], group: str) -> list[tuple[str, int, float]]:
    return [(row.label, row.n_rows, row.rmse) for row in rows if row.group == group]


def sizes(rows: list[BreakdownRow], group: str) -> dict[str, int]:
    return {label: n_rows for label, n_rows, _ in parts(rows, group)}


def rated(values: Any, scale: tuple[float, float]) -> list[tuple[str, int, float]]:
    """Return the classes of ratings that differ in nothing else, each predicted 1 too high."""
    scored = dataset(np.zeros(len(values), int), np.zeros(len(values), int), values, scale)
    return parts(breakdown(dataset([0], [0], [scale[0]], scale), scored, scored.ratings + 1.0), "rating value")


# user 0 has three training rows, user 1 one; item 0 has two, items 1 and 2 one; everything else is cold
TRAIN = dataset([0, 0, 0, 1], [0, 1, 2, 0], [5, 4, 3, 2])
SCORED = dataset([0, 1, 1, 2, 2], [3, 1, 2, 0, 3], [5, 3, 1, 3, 5])
PREDICTED = np.array([4.0, 3.0, 3.0, 5.0, 2.0])  # errors 1, 0, 2, 2, 3


def test_ratings_by_cold_start() -> None:
    expected = [("warm", 2, math.sqrt(2)), ("cold user", 1, 2), ("cold item", 1, 1), ("cold user and item", 1, 3)]
    found = parts(breakdown(TRAIN, SCORED, PREDICTED), "cold start")
    assert [row[:2] for row in found] == [row[:2] for row in expected]
    assert [row[2] for row in found] == pytest.approx([row[2] for row in expected])


def test_ratings_by_user_activity() -> None:
    found = parts(breakdown(TRAIN, SCORED, PREDICTED), "user activity")
    assert found == [("0", 2, math.sqrt(6.5)), ("1", 2, math.sqrt(2)), ("3", 1, 1)]


def test_ratings_by_item_popularity() -> None:
    found = parts(breakdown(TRAIN, SCORED, PREDICTED), "item popularity")
    assert found == [("0", 2, math.sqrt(5)), ("1", 2, math.sqrt(2)), ("2", 1, 2)]


def test_ratings_by_rating_value() -> None:
    found = parts(breakdown(TRAIN, SCORED, PREDICTED), "rating value")
    assert found == [("1", 1, 2), ("3", 2, math.sqrt(2)), ("5", 2, math.sqrt(5))]


def test_groups_are_in_a_fixed_order() -> None:
    found = [row.group for row in breakdown(TRAIN, SCORED, PREDICTED)]
    assert list(dict.fromkeys(found)) == GROUPS


def test_activity_is_divided_into_quartiles_of_the_scored_ratings() -> None:
    counts = np.arange(1, 9)  # user u has u + 1 training rows, and one scored row
    train = dataset(np.repeat(np.arange(8), counts), np.zeros(36, int), np.ones(36), n=(8, 1))
    scored = dataset(np.arange(8), np.zeros(8, int), np.ones(8), n=(8, 1))
    found = sizes(breakdown(train, scored, np.ones(8)), "user activity")
    assert found == {"1–2": 2, "3–4": 2, "5–6": 2, "7–8": 2}


def test_no_count_of_training_ratings_is_in_two_classes() -> None:
    # three of the four quartiles end at 2 training rows; six of the eight scored rows have 2 or fewer
    train = dataset([0, 1, 1, 2, 2, 2], [0, 0, 1, 0, 1, 2], np.ones(6))
    scored = dataset([0, 1, 1, 1, 1, 1, 2, 2], np.full(8, 4), np.ones(8))
    assert sizes(breakdown(train, scored, np.ones(8)), "user activity") == {"1–2": 6, "3": 2}


def test_each_half_star_value_is_a_class() -> None:
    found = rated(np.arange(1, 11) / 2, (0.5, 5))
    assert [label for label, _, _ in found] == ["0.5", "1", "1.5", "2", "2.5", "3", "3.5", "4", "4.5", "5"]


def test_zero_and_negative_ratings_are_ratings() -> None:
    assert rated([-1, 0, 1, 0], (-1, 1)) == [("-1", 1, 1), ("0", 2, 1), ("1", 1, 1)]


def test_many_rating_values_are_grouped_into_five_ranges() -> None:
    # 0.6 is an edge and belongs to the range above it
    found = rated(np.array([-1, -0.9, -0.8, -0.7, -0.6, -0.5, -0.4, -0.3, 0, 0.5, 0.6, 0.7, 1]), (-1, 1))
    expected = {"-1 to below -0.6": 4, "-0.6 to below -0.2": 4, "-0.2 to below 0.2": 1}
    assert {label: n_rows for label, n_rows, _ in found} == expected | {"0.2 to below 0.6": 1, "0.6 to 1": 3}


def test_empty_classes_are_left_out() -> None:
    found = breakdown(TRAIN, TRAIN, TRAIN.ratings)
    assert parts(found, "cold start") == [("warm", 4, 0)]
    assert "0" not in sizes(found, "user activity")


def test_without_scored_ratings_the_breakdown_is_empty() -> None:
    assert breakdown(TRAIN, dataset([], [], []), np.array([])) == []


def test_folds_are_pooled_with_each_rating_classified_by_its_own_training_set() -> None:
    other = dataset([2, 2], [3, 0], [1, 1])  # there, user 2 and item 3 are known
    found = pooled_breakdown([(TRAIN, SCORED, PREDICTED), (other, SCORED, PREDICTED)])
    first, second = (breakdown(train, SCORED, PREDICTED) for train in (TRAIN, other))
    added = {
        label: sizes(first, "cold start").get(label, 0) + sizes(second, "cold start").get(label, 0) for label in COLD
    }
    assert sizes(found, "cold start") == added
    assert dict.fromkeys(COLD, 0) | {"warm": 4, "cold user": 2, "cold item": 1, "cold user and item": 3} == added


@pytest.mark.parametrize("predicted", [np.ones(3), np.array([1, 2, np.nan, 4, 5])])
def test_predictions_that_do_not_match_the_ratings_are_rejected(predicted: FloatArray) -> None:
    with pytest.raises(
        ValueError, match=f"{len(predicted)} predictions for 5 ratings; pass one finite prediction per rating"
    ):
        breakdown(TRAIN, SCORED, predicted)


def test_an_empty_list_of_folds_is_rejected() -> None:
    with pytest.raises(ValueError, match="no fold to break down"):
        pooled_breakdown([])


PAIRS = st.lists(
    st.tuples(st.integers(0, N_USERS - 1), st.integers(0, N_ITEMS - 1), st.integers(-40, 40), st.integers(-60, 60)),
    min_size=1,
    max_size=60,
)


@settings(deadline=None, max_examples=100)
@given(PAIRS, PAIRS, st.booleans())
def test_the_classes_of_each_group_partition_the_scored_ratings(train_rows: Any, scored_rows: Any, whole: bool) -> None:
    (users, items, ratings, _), (to, on, truth, guess) = (np.array(rows).T for rows in (train_rows, scored_rows))
    step = 10 if whole else 1  # few rating values, or many
    train = dataset(users, items, ratings // step, (-40, 40))
    scored = dataset(to, on, truth // step, (-40, 40))
    predicted = guess / 4
    found = breakdown(train, scored, predicted)
    for group in GROUPS:
        of_group = [row for row in found if row.group == group]
        assert sum(row.n_rows for row in of_group) == scored.n_ratings
        assert len({row.label for row in of_group}) == len(of_group)
        pooled = sum(row.n_rows * row.rmse**2 for row in of_group) / scored.n_ratings
        assert math.sqrt(pooled) == pytest.approx(rmse(scored.ratings, predicted), abs=1e-9)
    cold = sizes(found, "cold start")
    of_cold_users = cold.get("cold user", 0) + cold.get("cold user and item", 0)
    assert sizes(found, "user activity").get("0", 0) == of_cold_users
    assert sizes(found, "item popularity").get("0", 0) == cold.get("cold item", 0) + cold.get("cold user and item", 0)


@settings(deadline=None, max_examples=30)
@given(PAIRS, PAIRS, st.randoms(use_true_random=False))
def test_row_order_does_not_matter(train_rows: Any, scored_rows: Any, random: Any) -> None:
    users, items, ratings, _ = np.array(train_rows).T
    train = dataset(users, items, ratings, (-40, 40))
    found = []
    for _ in range(2):
        to, on, truth, guess = np.array(scored_rows).T
        found.append(breakdown(train, dataset(to, on, truth, (-40, 40)), guess / 4))
        random.shuffle(scored_rows)
    first, second = found
    assert [row[:3] for row in first] == [row[:3] for row in second]
    assert [row.rmse for row in first] == pytest.approx([row.rmse for row in second], abs=1e-12)
