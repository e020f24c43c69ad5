"""Splits by time: what came before is train, what came later is test."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from recbench.contracts import Fold, RatingDataset, Split
from recbench.splits.fold_checks import check_train_before_test, check_train_before_test_per_user, make_fold, times_of


@dataclass(frozen=True)
class PerUserLast:
    """The last ratings of each user are test: what the user did next is predicted from what came before.

    Ratings of equal time keep the order of their rows. A user's first rating always stays in train, so a
    user with one rating has none in test. Other users' later ratings are in train: `global_time` has none.
    Validation parts are the last ratings of each user in train, as many as are test: the same question
    one step earlier.
    """

    n_last: int = 1  # ratings of each user that are test
    share: float | None = None  # instead, this share of each user's ratings, rounded down

    def __call__(self, dataset: RatingDataset) -> Iterator[Fold]:
        """Yield the one fold, rows in ascending order.

        Raises:
            ValueError: no timestamps, an option out of range, or no user has enough ratings.
        """
        times, users = times_of(dataset, "per_user_last"), dataset.user_idx
        if self.n_last < 1 or not (self.share is None or 0 < self.share < 1):
            raise ValueError(
                f"n_last={self.n_last}, share={self.share}; give n_last of 1 or more, or a share between 0 and 1"
            )
        n_rows = np.bincount(users, minlength=dataset.n_users)
        wanted = np.full(dataset.n_users, self.n_last) if self.share is None else np.floor(self.share * n_rows)
        n_test = np.clip(wanted, 0, np.maximum(n_rows - 1, 0)).astype(np.int64)
        order = np.lexsort((times, users))  # stable: equal times keep the order of their rows
        by_user = users[order]
        to_the_end = np.cumsum(n_rows)[by_user] - np.arange(len(order))
        is_test = np.zeros(dataset.n_ratings, bool)
        is_test[order] = to_the_end <= n_test[by_user]
        fold = make_fold(
            is_test, "no user has more than one rating" if self.share is None else "the share is too small"
        )
        yield check_train_before_test_per_user(fold, times, users)

    def validation_split(self, valid_size: float, seed: int) -> Split:
        """Return the split that cuts validation sets: this one, whatever the size and the seed."""
        return self


@dataclass(frozen=True)
class GlobalTime:
    """Everything from one moment on is test: train lies strictly before it.

    The moment is that of the rating with which the last `test_size` of all begin; ratings of the same time are
    test too. Users and items that come later are cold. Validation parts are cut from train in the same way.
    """

    test_size: float = 0.2  # share of the rows that is test, at least

    def __call__(self, dataset: RatingDataset) -> Iterator[Fold]:
        """Yield the one fold, rows in ascending order.

        Raises:
            ValueError: no timestamps, an option out of range, or nothing lies before the test part.
        """
        times = times_of(dataset, "global_time")
        if not 0 < self.test_size < 1:
            raise ValueError(f"test_size={self.test_size!r}; it must lie between 0 and 1, 0.2 for example")
        n_test = max(1, math.ceil(self.test_size * dataset.n_ratings))
        start = np.sort(times)[dataset.n_ratings - n_test]
        yield check_train_before_test(
            make_fold(times >= start, "all ratings have the same time, or test_size takes all of them"), times
        )

    def validation_split(self, valid_size: float, seed: int) -> Split:
        """Return the split that cuts the last ratings of a training set as a validation set."""
        return GlobalTime(valid_size)
