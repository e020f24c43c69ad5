"""Filters: which ratings a model is given, or a whole data set is reduced to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np

from recbench.array_types import BoolArray, IntArray
from recbench.contracts import Fold, RatingDataset


@dataclass(frozen=True)
class Filters:
    """Which ratings are kept: by value, then by time, then by count, then by core.

    Users, items and their indices stay, so that one without a rating left is a cold one. The runner
    filters what a model trains on, and every test row is scored; `whole_set` filters before the split.

    Source: the k-core is that of Seidman (1983), "Network structure and minimum degree", Social Networks 5.

    Raises:
        ValueError: a bound is negative, no time, or above its counterpart.
    """

    min_rating: float | None = None  # lowest rating that is kept; null: any
    max_rating: float | None = None  # highest rating that is kept; null: any
    since: str | None = None  # first moment that is kept: 2015-01-31, or seconds since 1970; null: any
    until: str | None = None  # first moment that is no longer kept, written like since; null: any
    min_user_ratings: int = 0  # ratings that a user has at least, counted once
    min_item_ratings: int = 0  # ratings that an item has at least, counted once, beside those of users
    k_core: int = 0  # ratings that every user and item has at least in what is kept, counted until it is so
    whole_set: bool = False  # filter the whole data set, test rows too; false: what a model trains on alone

    def __post_init__(self) -> None:
        for name in ("min_user_ratings", "min_item_ratings", "k_core"):
            if getattr(self, name) < 0:
                raise ValueError(f"filters.{name} is {getattr(self, name)}; give a number of ratings, or 0 for any")
        for low, high in (("min_rating", "max_rating"), ("since", "until")):
            first, last = (self._bound(name) for name in (low, high))
            if first is not None and last is not None and first > last:
                raise ValueError(
                    f"filters.{low} {getattr(self, low)!r} is above filters.{high} {getattr(self, high)!r}; swap them"
                )

    def __bool__(self) -> bool:
        """Whether anything is filtered."""
        return bool(str(self))

    def __str__(self) -> str:
        """What is filtered, as the command line has it: 'min_rating=1.0 k_core=5'."""
        return described(vars(self))

    def apply(self, dataset: RatingDataset) -> RatingDataset:
        """The ratings that are kept, in their order; the data set itself if that is all of them.

        Raises:
            ValueError: no rating is left, or times are asked for and the data set has none.
        """
        kept = self.keeps(dataset)
        if kept.all():
            return dataset
        if not kept.any():
            raise ValueError(
                f"filters {self} leave none of {dataset.n_ratings:,} ratings in {dataset.name!r}; loosen them"
            )
        folds = None if dataset.folds is None else tuple(_refold(fold, kept) for fold in dataset.folds)
        return replace(dataset.take(np.flatnonzero(kept)), folds=folds)

    def keeps(self, dataset: RatingDataset) -> BoolArray:
        """Whether each rating is kept: (n_ratings,)."""
        kept = np.ones(dataset.n_ratings, bool)
        if self.min_rating is not None:
            kept &= dataset.ratings >= self.min_rating
        if self.max_rating is not None:
            kept &= dataset.ratings <= self.max_rating
        kept &= self._in_time(dataset)
        enough_user = _has(self.min_user_ratings, dataset.user_idx, kept)
        enough_item = _has(self.min_item_ratings, dataset.item_idx, kept)
        kept &= enough_user & enough_item
        n_left = -1
        while self.k_core and n_left != (n_left := int(np.count_nonzero(kept))):
            kept &= _has(self.k_core, dataset.user_idx, kept) & _has(self.k_core, dataset.item_idx, kept)
        return kept

    def _in_time(self, dataset: RatingDataset) -> BoolArray:
        inside = np.ones(dataset.n_ratings, bool)
        since, until = self._bound("since"), self._bound("until")
        if since is None and until is None:
            return inside
        if dataset.timestamps is None:
            raise ValueError(f"filters {self} need times and {dataset.name!r} has none; leave out since and until")
        if since is not None:
            inside &= dataset.timestamps >= since
        if until is not None:
            inside &= dataset.timestamps < until
        return inside

    def _bound(self, name: str) -> float | None:
        value = getattr(self, name)
        if value is None or name in ("min_rating", "max_rating"):
            return None if value is None else float(value)
        try:
            return int(value)
        except ValueError:
            pass
        try:
            moment = datetime.fromisoformat(value)
        except ValueError as error:
            raise ValueError(
                f"filters.{name} {value!r} is no time; write it like 2015-01-31, 2015-01-31T12:00 or 1422662400 (UTC)"
            ) from error
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def described(values: Mapping[str, object]) -> str:
    """What of these values filters anything, sensible or not, as the command line has it."""
    bounds = {name: value for name, value in values.items() if name != "whole_set"}
    return " ".join(f"{name}={value}" for name, value in bounds.items() if value != getattr(Filters, name, None))


def _has(n_ratings: int, index: IntArray, kept: BoolArray) -> BoolArray:
    """Whether each rating's user (or item) has so many ratings that are kept."""
    if n_ratings <= 1 or not len(index):
        return np.ones(len(index), bool)
    return (np.bincount(index[kept], minlength=int(index.max()) + 1) >= n_ratings)[index]


def _refold(fold: Fold, kept: BoolArray) -> Fold:
    """A fold's rows among those that are kept."""
    position = np.cumsum(kept) - 1
    train, test = (position[rows[kept[rows]]] for rows in fold)
    return train, test
