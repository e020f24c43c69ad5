"""Filters: the ratings that models are trained on, or that the whole dataset is reduced to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np

from recbench.array_types import BoolArray, IntArray
from recbench.contracts import Fold, RatingDataset


@dataclass(frozen=True)
class Filters:
    """The conditions that a rating must meet: first its value, then its time, then counts, then the k-core.

    Users and items keep their indices; one without a remaining rating is cold. By default, only training
    rows are filtered and every test row is scored; `whole_set` filters the dataset before the split.

    Source: Seidman (1983), "Network structure and minimum degree", Social Networks 5, for the k-core.

    Raises:
        ValueError: a number of ratings is negative, a time is not valid, or a lower bound is above its upper bound.
    """

    min_rating: float | None = None  # lowest rating to keep; null: any
    max_rating: float | None = None  # highest rating to keep; null: any
    since: str | None = None  # keep ratings from this time on: 2015-01-31, or seconds since 1970; null: any
    until: str | None = None  # keep ratings before this time, written like since; null: any
    min_user_ratings: int = 0  # keep users with at least this many ratings
    min_item_ratings: int = 0  # keep items with at least this many ratings; users and items are counted once, together
    k_core: int = 0  # remove users and items with fewer ratings than this, repeatedly, until none is left to remove
    whole_set: bool = False  # filter the whole dataset, test rows included; false: the training set only

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
        """Return whether anything is filtered."""
        return bool(str(self))

    def __str__(self) -> str:
        """Return the filters as typed on the command line: 'min_rating=1.0 k_core=5'."""
        return described(vars(self))

    def apply(self, dataset: RatingDataset) -> RatingDataset:
        """Return the dataset of the kept ratings, in their order; the dataset itself if all are kept.

        Raises:
            ValueError: no rating is left, or `since` or `until` is set and the dataset has no timestamps.
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
        """Mark the ratings that are kept: (n_ratings,)."""
        kept = np.ones(dataset.n_ratings, bool)
        if self.min_rating is not None:
            kept &= dataset.ratings >= self.min_rating
        if self.max_rating is not None:
            kept &= dataset.ratings <= self.max_rating
        kept &= self._in_time(dataset)
        enough_user = _has_enough(self.min_user_ratings, dataset.user_idx, kept)
        enough_item = _has_enough(self.min_item_ratings, dataset.item_idx, kept)
        kept &= enough_user & enough_item
        n_left = -1
        while self.k_core and n_left != (n_left := int(np.count_nonzero(kept))):
            kept &= _has_enough(self.k_core, dataset.user_idx, kept) & _has_enough(self.k_core, dataset.item_idx, kept)
        return kept

    def _in_time(self, dataset: RatingDataset) -> BoolArray:
        inside = np.ones(dataset.n_ratings, bool)
        since, until = self._bound("since"), self._bound("until")
        if since is None and until is None:
            return inside
        if dataset.timestamps is None:
            raise ValueError(f"filters {self} need timestamps and {dataset.name!r} has none; leave out since and until")
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
            time = datetime.fromisoformat(value)
        except ValueError as error:
            raise ValueError(
                f"filters.{name} {value!r} is not a valid time; "
                "write it like 2015-01-31, 2015-01-31T12:00 or 1422662400 (UTC)"
            ) from error
        return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()


def described(values: Mapping[str, object]) -> str:
    """Return those of these values, valid or not, that filter anything, as typed on the command line."""
    bounds = {name: value for name, value in values.items() if name != "whole_set"}
    return " ".join(f"{name}={value}" for name, value in bounds.items() if value != getattr(Filters, name, None))


def _has_enough(n_ratings: int, index: IntArray, kept: BoolArray) -> BoolArray:
    """Mark the ratings whose user (or item) has at least `n_ratings` kept ratings."""
    if n_ratings <= 1 or not len(index):
        return np.ones(len(index), bool)
    return (np.bincount(index[kept], minlength=int(index.max()) + 1) >= n_ratings)[index]


def _refold(fold: Fold, kept: BoolArray) -> Fold:
    """Return the fold with its kept rows, renumbered."""
    position = np.cumsum(kept) - 1
    train, test = (position[rows[kept[rows]]] for rows in fold)
    return train, test
