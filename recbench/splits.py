"""Splits: which rows a model may learn from and which it is scored on, as row numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from recbench.contracts import BoolArray, Fold, IntArray, RatingDataset, Split
from recbench.hookspecs import hookimpl


@dataclass(frozen=True)
class Holdout:
    """One random part of the rows is test, the rest is train.

    The rows, and their order, are those of scikit-learn's `train_test_split(test_size, random_state=seed)`.
    """

    test_size: float = 0.2  # share of the rows that is test, rounded up
    seed: int = 42  # of the shuffle; apart from the models' seed

    def __call__(self, dataset: RatingDataset) -> Iterator[Fold]:
        """Yield the one fold.

        Raises:
            ValueError: `test_size` is not strictly between 0 and 1, or leaves no training row.
        """
        if not 0 < self.test_size < 1:
            raise ValueError(f"test_size={self.test_size!r}; it must lie between 0 and 1, 0.2 for example")
        n_test = math.ceil(self.test_size * dataset.n_ratings)
        if n_test >= dataset.n_ratings:
            raise ValueError(
                f"test_size={self.test_size!r} of {dataset.n_ratings} ratings leaves none to train on; lower it"
            )
        rows = _shuffled(dataset.n_ratings, self.seed)
        yield rows[n_test:], rows[:n_test]


@dataclass(frozen=True)
class KFold:
    """Every row is test once: the rows are shuffled and cut into `n_folds` parts of equal size.

    The parts are those of scikit-learn's `KFold(n_folds, shuffle=True, random_state=seed)`.
    """

    n_folds: int = 5  # parts; each model is fitted that many times
    seed: int = 42  # of the shuffle; apart from the models' seed

    def __call__(self, dataset: RatingDataset) -> Iterator[Fold]:
        """Yield the folds, rows in ascending order.

        Raises:
            ValueError: fewer than 2 folds, or more folds than ratings.
        """
        if not 2 <= self.n_folds <= dataset.n_ratings:
            raise ValueError(f"n_folds={self.n_folds}; it must lie in 2 ... {dataset.n_ratings}, the number of ratings")
        for part in np.array_split(_shuffled(dataset.n_ratings, self.seed), self.n_folds):
            is_test = np.zeros(dataset.n_ratings, bool)
            is_test[part] = True
            yield np.flatnonzero(~is_test), np.flatnonzero(is_test)


@dataclass(frozen=True)
class FixedFolds:
    """The folds that the data set brings with it: u1...u5 of MovieLens 100k."""

    def __call__(self, dataset: RatingDataset) -> Iterator[Fold]:
        """Yield the data set's own folds.

        Raises:
            ValueError: the data set has none.
        """
        if not dataset.folds:
            raise ValueError(f"data set {dataset.name!r} has no folds of its own; use split=holdout or split=k_fold")
        yield from dataset.folds


@dataclass(frozen=True)
class RepeatedHoldout:
    """Several random hold-outs, each drawn anew: seeds `seed`, `seed` + 1, ..."""

    n_repeats: int = 5  # hold-outs; each model is fitted that many times
    test_size: float = 0.2  # share of the rows that is test, rounded up
    seed: int = 42  # of the first shuffle; apart from the models' seed

    def __call__(self, dataset: RatingDataset) -> Iterator[Fold]:
        """Yield the folds.

        Raises:
            ValueError: less than one repeat, or as `Holdout`.
        """
        if self.n_repeats < 1:
            raise ValueError(f"n_repeats={self.n_repeats}; give 1 or more")
        for number in range(self.n_repeats):
            yield from Holdout(self.test_size, self.seed + number)(dataset)


@dataclass(frozen=True)
class PerUserLast:
    """The last ratings of each user are test: what the user did next is predicted from what came before.

    Ratings of equal time keep the order of their rows. A user's first rating always stays in train, so a
    user with one rating has none in test. Other users' later ratings are in train: `global_time` has none.
    """

    n_last: int = 1  # ratings of each user that are test
    share: float | None = None  # instead, this share of each user's ratings, rounded down

    def __call__(self, dataset: RatingDataset) -> Iterator[Fold]:
        """Yield the one fold, rows in ascending order.

        Raises:
            ValueError: no timestamps, an option out of range, or no user has enough ratings.
        """
        times = _times(dataset, "per_user_last")
        if self.n_last < 1 or not (self.share is None or 0 < self.share < 1):
            raise ValueError(
                f"n_last={self.n_last}, share={self.share}; give n_last of 1 or more, or a share between 0 and 1"
            )
        n_rows = np.bincount(dataset.user_idx, minlength=dataset.n_users)
        wanted = np.full(dataset.n_users, self.n_last) if self.share is None else np.floor(self.share * n_rows)
        n_test = np.clip(wanted, 0, np.maximum(n_rows - 1, 0)).astype(np.int64)
        order = np.lexsort((times, dataset.user_idx))  # stable: equal times keep the order of their rows
        users = dataset.user_idx[order]
        to_the_end = np.cumsum(n_rows)[users] - np.arange(len(order))
        is_test = np.zeros(dataset.n_ratings, bool)
        is_test[order] = to_the_end <= n_test[users]
        yield _parted(is_test, "no user has more than one rating" if self.share is None else "the share is too small")


@dataclass(frozen=True)
class GlobalTime:
    """Everything from one moment on is test: train lies strictly before it.

    The moment is that of the rating with which the last `test_size` of all begin; ratings of the same time are
    test too. Users and items that come later are cold.
    """

    test_size: float = 0.2  # share of the rows that is test, at least

    def __call__(self, dataset: RatingDataset) -> Iterator[Fold]:
        """Yield the one fold, rows in ascending order.

        Raises:
            ValueError: no timestamps, an option out of range, or nothing lies before the test part.
        """
        times = _times(dataset, "global_time")
        if not 0 < self.test_size < 1:
            raise ValueError(f"test_size={self.test_size!r}; it must lie between 0 and 1, 0.2 for example")
        n_test = max(1, math.ceil(self.test_size * dataset.n_ratings))
        start = np.sort(times)[dataset.n_ratings - n_test]
        yield _parted(times >= start, "all ratings have the same time, or test_size takes all of them")


@dataclass(frozen=True)
class ColdUsers:
    """A share of the users is new: all their ratings are test, and none is in train."""

    test_size: float = 0.2  # share of the users with ratings, rounded up
    seed: int = 42  # of the draw; apart from the models' seed

    def __call__(self, dataset: RatingDataset) -> Iterator[Fold]:
        """Yield the one fold, rows in ascending order.

        Raises:
            ValueError: `test_size` is not strictly between 0 and 1, or leaves nobody to train on.
        """
        yield _parted(_drawn(dataset.user_idx, self.test_size, self.seed), "test_size takes all users; lower it")


@dataclass(frozen=True)
class ColdItems:
    """A share of the items is new: all their ratings are test, and none is in train."""

    test_size: float = 0.2  # share of the items with ratings, rounded up
    seed: int = 42  # of the draw; apart from the models' seed

    def __call__(self, dataset: RatingDataset) -> Iterator[Fold]:
        """Yield the one fold, rows in ascending order.

        Raises:
            ValueError: `test_size` is not strictly between 0 and 1, or leaves nothing to train on.
        """
        yield _parted(_drawn(dataset.item_idx, self.test_size, self.seed), "test_size takes all items; lower it")


@hookimpl
def register_splits() -> Mapping[str, Callable[..., Split]]:
    """The built-in splits."""
    return {
        "holdout": Holdout,
        "k_fold": KFold,
        "fixed_folds": FixedFolds,
        "repeated_holdout": RepeatedHoldout,
        "per_user_last": PerUserLast,
        "global_time": GlobalTime,
        "cold_user": ColdUsers,
        "cold_item": ColdItems,
    }


def _times(dataset: RatingDataset, split: str) -> IntArray:
    if dataset.timestamps is None:
        raise ValueError(f"split={split} needs times, and data set {dataset.name!r} has none; use split=holdout")
    return dataset.timestamps


def _drawn(index: IntArray, test_size: float, seed: int) -> BoolArray:
    """The rows of a random share of the users, or items, that have any."""
    if not 0 < test_size < 1:
        raise ValueError(f"test_size={test_size!r}; it must lie between 0 and 1, 0.2 for example")
    known = np.unique(index)
    drawn = known[_shuffled(len(known), seed)[: math.ceil(test_size * len(known))]]
    is_drawn = np.zeros(int(index.max(initial=0)) + 1, bool)
    is_drawn[drawn] = True
    return is_drawn[index]


def _parted(is_test: BoolArray, empty: str) -> Fold:
    train, test = np.flatnonzero(~is_test), np.flatnonzero(is_test)
    if not (len(train) and len(test)):
        raise ValueError(f"{len(train)} rows to train on and {len(test)} to test: {empty}")
    return train, test


def _shuffled(n_rows: int, seed: int) -> IntArray:
    # the legacy generator on purpose: scikit-learn's splitters draw from it
    return np.random.RandomState(seed).permutation(n_rows)
