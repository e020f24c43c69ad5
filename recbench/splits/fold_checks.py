"""What the splits share: draws, the two sides of a fold, and the laws that a fold must keep."""

from __future__ import annotations

import math

import numpy as np

from recbench.array_types import BoolArray, IntArray
from recbench.contracts import Fold, RatingDataset


def times_of(dataset: RatingDataset, split: str) -> IntArray:
    """The times of the ratings.

    Raises:
        ValueError: the data set has none.
    """
    if dataset.timestamps is None:
        raise ValueError(f"split={split} needs times, and data set {dataset.name!r} has none; use split=holdout")
    return dataset.timestamps


def make_fold(is_test: BoolArray, empty: str) -> Fold:
    """The fold with these test rows, both sides in ascending order.

    Raises:
        ValueError: a side has no row; `empty` says why.
    """
    train, test = np.flatnonzero(~is_test), np.flatnonzero(is_test)
    if not (len(train) and len(test)):
        raise ValueError(f"{len(train)} rows to train on and {len(test)} to test: {empty}")
    return train, test


def sample_entities(index: IntArray, test_size: float, seed: int) -> BoolArray:
    """The rows of a random share of the users, or items, that have any.

    Raises:
        ValueError: `test_size` is not strictly between 0 and 1.
    """
    if not 0 < test_size < 1:
        raise ValueError(f"test_size={test_size!r}; it must lie between 0 and 1, 0.2 for example")
    known = np.flatnonzero(np.bincount(index))
    is_drawn = np.zeros(int(index.max(initial=0)) + 1, bool)
    is_drawn[known[shuffled(len(known), seed)[: math.ceil(test_size * len(known))]]] = True
    return is_drawn[index]


def shuffled(n_rows: int, seed: int) -> IntArray:
    """The numbers below `n_rows` in an order that the seed draws."""
    # the legacy generator on purpose: scikit-learn's splitters draw from it
    return np.random.RandomState(seed).permutation(n_rows)


def check_train_before_test(fold: Fold, times: IntArray) -> Fold:
    """The fold, all of whose training rows are older than each test row.

    Raises:
        RuntimeError: they are not, so that a model would know the future.
    """
    train, test = fold
    start = times[test].min()
    if late := int(np.count_nonzero(times[train] >= start)):
        raise RuntimeError(f"{late:,} training rows are not older than the first test row: the split is wrong")
    return fold


def check_train_before_test_per_user(fold: Fold, times: IntArray, users: IntArray) -> Fold:
    """The fold, none of whose training rows is later than a test row of the same user.

    Raises:
        RuntimeError: one is, so that a model would know the user's future.
    """
    train, test = fold
    start = np.full(int(users.max()) + 1, np.iinfo(np.int64).max)
    np.minimum.at(start, users[test], times[test])
    if late := int(np.count_nonzero(times[train] > start[users[train]])):
        raise RuntimeError(f"{late:,} training rows are later than a test row of their user: the split is wrong")
    return fold


def check_disjoint(fold: Fold, index: IntArray) -> Fold:
    """The fold, whose two sides have no user, or item, in common.

    Raises:
        RuntimeError: they have one.
    """
    train, test = fold
    known = np.zeros(int(index.max()) + 1, bool)
    known[index[train]] = True
    if warm := int(np.count_nonzero(known[index[test]])):
        raise RuntimeError(f"{warm:,} test rows are of users or items that train knows: the split is wrong")
    return fold
