"""Splits: every row is in the right set, as in scikit-learn."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recbench.contracts import Fold, RatingDataset
from recbench.registry.registry import installed
from recbench.splits import FixedFolds, Holdout, KFold, register_splits
from tests.support.datasets import make_dataset

SEEDS = st.integers(0, 2**32 - 1)
some = settings(deadline=None, max_examples=40)


def _rows(n_ratings: int, folds: tuple[Fold, ...] | None = None) -> RatingDataset:
    zeros = np.zeros(n_ratings, np.int32)
    return make_dataset(zeros, zeros, folds=folds)


@some
@given(n_ratings=st.integers(2, 300), test_size=st.floats(0.01, 0.99), seed=SEEDS)
def test_holdout_partitions_the_rows(n_ratings: int, test_size: float, seed: int) -> None:
    if math.ceil(test_size * n_ratings) >= n_ratings:
        return  # refused; see the test below
    ((train, test),) = Holdout(test_size, seed)(_rows(n_ratings))
    assert sorted([*train, *test]) == list(range(n_ratings))
    assert len(test) == math.ceil(test_size * n_ratings)


@some
@given(n_ratings=st.integers(5, 300), test_size=st.floats(0.05, 0.8), seed=SEEDS)
def test_holdout_has_the_same_rows_and_order_as_scikit_learn(n_ratings: int, test_size: float, seed: int) -> None:
    from sklearn.model_selection import train_test_split

    expected = train_test_split(np.arange(n_ratings), test_size=test_size, random_state=seed)
    ((train, test),) = Holdout(test_size, seed)(_rows(n_ratings))
    assert [train.tolist(), test.tolist()] == [part.tolist() for part in expected]


def test_holdout_with_default_options_is_scikit_learns_with_seed_42() -> None:
    from sklearn.model_selection import train_test_split

    expected = train_test_split(np.arange(1001), test_size=0.2, random_state=42)
    ((train, test),) = Holdout()(_rows(1001))
    assert [train.tolist(), test.tolist()] == [part.tolist() for part in expected]


@pytest.mark.parametrize("test_size", [0.0, 1.0, -0.2, 1.5, float("nan")])
def test_holdout_refuses_a_share_outside_0_and_1(test_size: float) -> None:
    message = f"test_size={test_size!r}; it must lie between 0 and 1, 0.2 for example"
    with pytest.raises(ValueError, match=message):
        list(Holdout(test_size)(_rows(10)))


def test_holdout_refuses_to_leave_nothing_to_train_on() -> None:
    with pytest.raises(ValueError, match=r"test_size=0\.9 of 5 ratings leaves none to train on; lower it"):
        list(Holdout(0.9)(_rows(5)))


@some
@given(n_ratings=st.integers(2, 200), n_folds=st.integers(2, 12), seed=SEEDS)
def test_each_fold_partitions_the_rows_and_each_row_is_tested_once(n_ratings: int, n_folds: int, seed: int) -> None:
    folds = list(KFold(min(n_folds, n_ratings), seed)(_rows(n_ratings)))
    assert len(folds) == min(n_folds, n_ratings)
    for train, test in folds:
        assert sorted([*train, *test]) == list(range(n_ratings))
    assert sorted(np.concatenate([test for _, test in folds])) == list(range(n_ratings))


@some
@given(n_ratings=st.integers(2, 200), n_folds=st.integers(2, 12), seed=SEEDS)
def test_folds_differ_in_size_by_one_row_at_most(n_ratings: int, n_folds: int, seed: int) -> None:
    sizes = [len(test) for _, test in KFold(min(n_folds, n_ratings), seed)(_rows(n_ratings))]
    assert max(sizes) - min(sizes) <= 1


@some
@given(n_ratings=st.integers(2, 200), n_folds=st.integers(2, 12), seed=SEEDS)
def test_k_fold_has_the_same_rows_and_order_as_scikit_learn(n_ratings: int, n_folds: int, seed: int) -> None:
    from sklearn.model_selection import KFold as Theirs

    n_folds = min(n_folds, n_ratings)
    expected = Theirs(n_folds, shuffle=True, random_state=seed).split(np.arange(n_ratings))
    ours = [(train.tolist(), test.tolist()) for train, test in KFold(n_folds, seed)(_rows(n_ratings))]
    assert ours == [(train.tolist(), test.tolist()) for train, test in expected]


@pytest.mark.parametrize("n_folds", [-1, 0, 1, 11])
def test_k_fold_refuses_too_few_or_too_many_folds(n_folds: int) -> None:
    message = rf"n_folds={n_folds}; it must be from 2 to 10, the number of ratings"
    with pytest.raises(ValueError, match=message):
        list(KFold(n_folds)(_rows(10)))


@pytest.mark.parametrize("split", [Holdout(), KFold()])
def test_a_split_gives_the_same_rows_at_each_call(split: Holdout | KFold) -> None:
    dataset = _rows(50)
    first, second = (np.concatenate([row for fold in split(dataset) for row in fold]) for _ in range(2))
    assert first.tolist() == second.tolist()


@pytest.mark.parametrize("make", [Holdout, KFold])
def test_another_seed_gives_other_rows(make: type[Holdout | KFold]) -> None:
    tests = [next(make(seed=seed)(_rows(50)))[1].tolist() for seed in (1, 2)]
    assert tests[0] != tests[1]


def test_a_split_leaves_the_global_random_state_alone() -> None:
    before = np.random.get_state()[1].tolist()  # type: ignore[index] # noqa: NPY002  the state that must not change
    list(Holdout()(_rows(20)))
    assert np.random.get_state()[1].tolist() == before  # type: ignore[index] # noqa: NPY002


def test_fixed_folds_are_those_of_the_dataset() -> None:
    folds = ((np.array([0, 1]), np.array([2])), (np.array([1, 2]), np.array([0])))
    taken = list(FixedFolds()(_rows(3, folds)))
    assert [(train.tolist(), test.tolist()) for train, test in taken] == [([0, 1], [2]), ([1, 2], [0])]


@pytest.mark.parametrize("folds", [None, ()])
def test_fixed_folds_refuse_a_dataset_without_folds(folds: tuple[Fold, ...] | None) -> None:
    with pytest.raises(ValueError, match="dataset 'toy' has no folds of its own; use split=holdout or split=k_fold"):
        list(FixedFolds()(_rows(3, folds)))


def test_fixed_folds_with_a_row_on_both_sides_are_refused() -> None:
    folds = ((np.array([0, 1]), np.array([2])), (np.array([1, 2]), np.array([0, 2])))
    with pytest.raises(ValueError, match="fold 2 of dataset 'toy' has 1 rows in both training and test set"):
        list(FixedFolds()(_rows(3, folds)))


def test_the_built_in_splits_are_registered() -> None:
    ours = {name for name, entry in installed().entries["split"].items() if entry.distribution == "recbench"}
    assert register_splits().keys() == ours
    assert register_splits().items() >= {"holdout": Holdout, "k_fold": KFold, "fixed_folds": FixedFolds}.items()
