"""Splits by time and of new users and items: cases worked by hand, and properties of random ratings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recbench import RatingDataset
from recbench.contracts import Fold, Split
from recbench.splits import ColdItems, ColdUsers, GlobalTime, Holdout, PerUserLast, RepeatedHoldout
from recbench.splits.fold_checks import check_disjoint, check_train_before_test, check_train_before_test_per_user
from tests.support.command import SMALL, recbench, records_in
from tests.support.datasets import make_dataset

USERS = [0, 0, 0, 1, 1, 2, 0]
ITEMS = [0, 1, 2, 0, 1, 0, 3]
TIMES = [50, 20, 20, 10, 60, 30, 40]


def _dataset(users: list[int], items: list[int], times: list[int] | None) -> RatingDataset:
    return make_dataset(users, items, timestamps=times)


TOY = _dataset(USERS, ITEMS, TIMES)


def _rows(split: Split, dataset: RatingDataset = TOY) -> tuple[list[int], list[int]]:
    ((train, test),) = split(dataset)
    return train.tolist(), test.tolist()


def test_the_last_rating_of_each_user_is_tested_but_not_an_only_one() -> None:
    assert _rows(PerUserLast()) == ([1, 2, 3, 5, 6], [0, 4])


def test_a_users_first_rating_stays_in_the_training_set() -> None:
    assert _rows(PerUserLast(n_last=2)) == ([1, 2, 3, 5], [0, 4, 6])


def test_ratings_of_the_same_time_keep_their_order() -> None:
    assert _rows(PerUserLast(n_last=3)) == ([1, 3, 5], [0, 2, 4, 6])


def test_a_share_of_each_users_ratings_is_rounded_down() -> None:
    assert _rows(PerUserLast(share=0.5)) == ([1, 2, 3, 5], [0, 4, 6])
    assert _rows(PerUserLast(share=0.25)) == ([1, 2, 3, 4, 5, 6], [0])


def test_training_set_is_strictly_older_than_test_set() -> None:
    assert _rows(GlobalTime(0.4)) == ([1, 2, 3, 5], [0, 4, 6])


def test_ratings_at_the_cutoff_time_are_tested() -> None:
    assert _rows(GlobalTime(0.75)) == ([3], [0, 1, 2, 4, 5, 6])


def test_each_repeat_is_a_holdout_with_the_next_seed() -> None:
    repeats = [(a.tolist(), b.tolist()) for a, b in RepeatedHoldout(3, 0.3, seed=7)(TOY)]
    assert repeats == [_rows(Holdout(0.3, seed)) for seed in (7, 8, 9)]


@pytest.mark.parametrize("split", [PerUserLast(), GlobalTime()])
def test_a_split_by_time_needs_times(split: Split) -> None:
    with pytest.raises(ValueError, match="needs timestamps, and dataset 'toy' has none; use split=holdout"):
        list(split(_dataset(USERS, ITEMS, None)))


@pytest.mark.parametrize(
    ("split", "message"),
    [
        (PerUserLast(n_last=0), "n_last=0, share=None; give n_last of 1 or more"),
        (PerUserLast(share=1.0), "n_last=1, share=1.0; give n_last"),
        (PerUserLast(share=0.01), "0 test rows: the share is too small"),
        (GlobalTime(0.0), "test_size=0.0; it must lie between 0 and 1"),
        (GlobalTime(0.99), "0 training rows and 7 test rows: all ratings have the same timestamp"),
        (ColdUsers(1.5), "test_size=1.5; it must lie between 0 and 1"),
        (ColdUsers(0.99), "0 training rows and 7 test rows: test_size takes all users; lower it"),
        (ColdItems(0.99), "test_size takes all items; lower it"),
        (RepeatedHoldout(0), "n_repeats=0; give 1 or more"),
    ],
)
def test_dataset_that_cannot_be_split_is_refused(split: Split, message: str) -> None:
    with pytest.raises(ValueError, match=message.replace("(", r"\(")):
        list(split(TOY))


def _fold(train: list[int], test: list[int]) -> Fold:
    return np.array(train), np.array(test)


def test_training_rows_as_new_as_the_first_test_row_are_refused() -> None:
    times = np.array([10, 20, 20, 30])
    assert check_train_before_test(_fold([0], [1, 2, 3]), times)[0].tolist() == [0]
    with pytest.raises(RuntimeError, match="1 training rows are not older than the first test row"):
        check_train_before_test(_fold([0, 1], [2, 3]), times)


def test_training_rows_newer_than_a_test_row_of_their_user_are_refused() -> None:
    times, users = np.array([30, 10, 10, 99]), np.array([0, 0, 0, 1])
    assert check_train_before_test_per_user(_fold([1, 3], [0, 2]), times, users)[1].tolist() == [
        0,
        2,
    ]
    with pytest.raises(RuntimeError, match="1 training rows are newer than a test row of their user"):
        check_train_before_test_per_user(_fold([0, 1, 3], [2]), times, users)


def test_test_rows_of_known_users_are_refused() -> None:
    users = np.array([0, 0, 1, 2])
    assert check_disjoint(_fold([0, 1], [2, 3]), users)[1].tolist() == [2, 3]
    with pytest.raises(RuntimeError, match="1 test rows are of users or items of the training set"):
        check_disjoint(_fold([0, 2], [1, 3]), users)


@st.composite
def _ratings(draw: st.DrawFn) -> RatingDataset:
    pairs = draw(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=8, max_size=60, unique=True))
    times = draw(st.lists(st.integers(0, 20), min_size=len(pairs), max_size=len(pairs)))
    return _dataset([u for u, _ in pairs], [i for _, i in pairs], times)


def _fold_or_none(split: Split, dataset: RatingDataset) -> Fold | None:
    try:
        ((train, test),) = split(dataset)
    except ValueError as error:
        if "test rows:" not in str(error):
            raise
        return None
    assert np.array_equal(np.sort(np.concatenate([train, test])), np.arange(dataset.n_ratings))
    return train, test


@settings(deadline=None, max_examples=60)
@given(_ratings(), st.integers(1, 4))
def test_no_training_row_is_newer_than_a_test_row_of_its_user(dataset: RatingDataset, n_last: int) -> None:
    assert dataset.timestamps is not None
    if fold := _fold_or_none(PerUserLast(n_last), dataset):
        train, test = fold
        for user in np.unique(dataset.user_idx):
            before, after = (rows[dataset.user_idx[rows] == user] for rows in (train, test))
            assert len(before) >= 1
            assert len(after) == min(n_last, len(before) + len(after) - 1)
            if len(after):
                assert dataset.timestamps[before].max() <= dataset.timestamps[after].min()


@settings(deadline=None, max_examples=60)
@given(_ratings(), st.floats(0.05, 0.95))
def test_no_training_row_is_as_new_as_a_test_row(dataset: RatingDataset, test_size: float) -> None:
    assert dataset.timestamps is not None
    if fold := _fold_or_none(GlobalTime(test_size), dataset):
        train, test = fold
        assert dataset.timestamps[train].max() < dataset.timestamps[test].min()
        assert len(test) >= test_size * dataset.n_ratings


@settings(deadline=None, max_examples=60)
@given(_ratings(), st.floats(0.05, 0.95), st.integers(0, 5))
def test_cold_users_and_items_have_no_training_row(dataset: RatingDataset, test_size: float, seed: int) -> None:
    for make, index in ((ColdUsers, dataset.user_idx), (ColdItems, dataset.item_idx)):
        if fold := _fold_or_none(make(test_size, seed), dataset):
            train, test = fold
            assert not set(index[train]) & set(index[test])
            n_cold, n_all = len(set(index[test])), len(set(index))
            assert n_cold == int(np.ceil(test_size * n_all))


@pytest.mark.parametrize(("split", "cold"), [("cold_user", 1.0), ("cold_item", 1.0), ("repeated_holdout", 0.0)])
def test_the_record_has_the_share_of_cold_rows(split: str, cold: float, tmp_path: Path) -> None:
    run = recbench("model=bias", *SMALL, f"split={split}", cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    (record,) = records_in(tmp_path)
    assert record.outcome.cold_share == pytest.approx(cold, abs=0.02)
