"""Folds of the splits: random draws, and checks that a training set contains nothing of its test set."""

from __future__ import annotations

import math

import numpy as np

from recbench.array_types import BoolArray, IntArray
from recbench.contracts import Fold, RatingDataset


def times_of(dataset: RatingDataset, split: str) -> IntArray:
    """Return the timestamps of the ratings.

    Raises:
        ValueError: the dataset has no timestamps; the message names the `split`.
    """
    if dataset.timestamps is None:
        raise ValueError(f"split={split} needs timestamps, and dataset {dataset.name!r} has none; use split=holdout")
    return dataset.timestamps


def make_fold(is_test: BoolArray, reason: str) -> Fold:
    """Make the fold with these test rows; all others are training rows, both in ascending order.

    Raises:
        ValueError: there are no training or no test rows; the message ends with `reason`.
    """
    train, test = np.flatnonzero(~is_test), np.flatnonzero(is_test)
    if not (len(train) and len(test)):
        raise ValueError(f"{len(train)} training rows and {len(test)} test rows: {reason}")
    return train, test


def sample_entities(index: IntArray, test_size: float, seed: int) -> BoolArray:
    """Mark the rows of a random share of the users (or items) that have rows.

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
    """Return the row numbers 0 to n_rows − 1 in random order."""
    # the legacy generator, because scikit-learn's splitters use it
    return np.random.RandomState(seed).permutation(n_rows)


def check_train_before_test(fold: Fold, times: IntArray) -> Fold:
    """Check that all training rows are older than every test row; return the fold.

    Raises:
        RuntimeError: a training row is as new as a test row, so that a model would know the future.
    """
    train, test = fold
    start = times[test].min()
    if late := int(np.count_nonzero(times[train] >= start)):
        raise RuntimeError(f"{late:,} training rows are not older than the first test row: the split is wrong")
    return fold


def check_train_before_test_per_user(fold: Fold, times: IntArray, users: IntArray) -> Fold:
    """Check that no training row is newer than a test row of the same user; return the fold.

    Raises:
        RuntimeError: a training row is newer, so that a model would know the user's future.
    """
    train, test = fold
    start = np.full(int(users.max()) + 1, np.iinfo(np.int64).max)
    np.minimum.at(start, users[test], times[test])
    if late := int(np.count_nonzero(times[train] > start[users[train]])):
        raise RuntimeError(f"{late:,} training rows are newer than a test row of their user: the split is wrong")
    return fold


def check_disjoint(fold: Fold, index: IntArray) -> Fold:
    """Check that training and test set share no user (or item); return the fold.

    `index` is the user index (or item index) of each row.

    Raises:
        RuntimeError: they share one.
    """
    train, test = fold
    known = np.zeros(int(index.max()) + 1, bool)
    known[index[train]] = True
    if warm := int(np.count_nonzero(known[index[test]])):
        raise RuntimeError(f"{warm:,} test rows are of users or items of the training set: the split is wrong")
    return fold
