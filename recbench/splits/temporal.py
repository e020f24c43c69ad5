"""Temporal splits: the training set is older than the test set."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from recbench.contracts import Fold, RatingDataset, Split
from recbench.splits.fold_checks import check_train_before_test, check_train_before_test_per_user, make_fold, times_of


@dataclass(frozen=True)
class PerUserLast:
    """The last ratings of each user are the test set: predict a user's next ratings from the earlier ones.

    Ratings with equal timestamps keep the order of their rows. A user's first rating is always in the training set, so
    a user with one rating has none in the test set. Later ratings of other users are in the training set; use
    `global_time` to exclude them. The validation set consists of each user's last ratings in the training set, as
    many as are in the test set.
    """

    n_last: int = 1  # ratings of each user in the test set
    share: float | None = None  # instead of n_last, a share of each user's ratings, rounded down

    def __call__(self, dataset: RatingDataset) -> Iterator[Fold]:
        """Yield one fold, rows in ascending order.

        Raises:
            ValueError: the dataset has no timestamps, an option is out of range, or the test set would be empty.
        """
        times, users = times_of(dataset, "per_user_last"), dataset.user_idx
        if self.n_last < 1 or not (self.share is None or 0 < self.share < 1):
            raise ValueError(
                f"n_last={self.n_last}, share={self.share}; give n_last of 1 or more, or a share between 0 and 1"
            )
        n_rows = np.bincount(users, minlength=dataset.n_users)
        wanted = np.full(dataset.n_users, self.n_last) if self.share is None else (self.share * n_rows).astype(np.int64)
        n_test = np.clip(wanted, 0, np.maximum(n_rows - 1, 0)).astype(np.int64)
        order = np.lexsort((times, users))  # stable: equal times keep the order of their rows
        by_user = users[order]
        n_remaining = np.cumsum(n_rows)[by_user] - np.arange(len(order))
        is_test = np.zeros(dataset.n_ratings, bool)
        is_test[order] = n_remaining <= n_test[by_user]
        fold = make_fold(
            is_test, "no user has more than one rating" if self.share is None else "the share is too small"
        )
        yield check_train_before_test_per_user(fold, times, users)

    def validation_split(self, valid_size: float, seed: int) -> Split:
        """Return the split that cuts validation sets: this one, whatever the size and the seed."""
        return self


@dataclass(frozen=True)
class GlobalTime:
    """All ratings from one moment on are the test set; the training set is strictly older.

    The moment is the timestamp of the first of the newest `test_size` ratings; ratings with the same timestamp are in
    the test set too. Users and items that appear later are cold. The validation set is cut from the training set in
    the same way.
    """

    test_size: float = 0.2  # least share of the rows that is the test set

    def __call__(self, dataset: RatingDataset) -> Iterator[Fold]:
        """Yield one fold, rows in ascending order.

        Raises:
            ValueError: the dataset has no timestamps, `test_size` is out of range, or the training set would be empty.
        """
        times = times_of(dataset, "global_time")
        if not 0 < self.test_size < 1:
            raise ValueError(f"test_size={self.test_size!r}; it must lie between 0 and 1, 0.2 for example")
        n_test = max(1, math.ceil(self.test_size * dataset.n_ratings))
        start = np.sort(times)[dataset.n_ratings - n_test]
        yield check_train_before_test(
            make_fold(times >= start, "all ratings have the same timestamp, or test_size takes all of them"), times
        )

    def validation_split(self, valid_size: float, seed: int) -> Split:
        """Return the split that cuts the last ratings of a training set as a validation set."""
        return GlobalTime(valid_size)
