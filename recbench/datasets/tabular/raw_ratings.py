"""Ratings as they are in a file, and their checks and conversion to a dataset."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from recbench.array_types import FloatArray, IntArray
from recbench.contracts import RatingDataset
from recbench.datasets.id_indexing import Ids, pair_keys

Duplicates = Literal["error", "mean", "last"]
MAX_RATING = float(np.finfo(np.float32).max)
MAX_TIMESTAMP = 2**53  # above it, not every integer is a float64

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RawRatings:
    """Indexed ratings before they are checked; `locate` says where a row is in the file."""

    label: str
    user_ids: Ids
    item_ids: Ids
    user_idx: IntArray
    item_idx: IntArray
    ratings: FloatArray
    timestamps: IntArray | None
    locate: Callable[[int], str]  # row -> 'line 7'

    def dataset(
        self,
        name: str,
        rating_scale: tuple[float, float] | None,
        item_columns: Mapping[str, npt.NDArray[Any]] | None = None,
    ) -> RatingDataset:
        """Make the dataset; without a `rating_scale`, it is the range of the ratings.

        Raises:
            ValueError: a rating is outside the scale, or too large for float32.
        """
        huge = np.flatnonzero(np.abs(self.ratings) > MAX_RATING)
        if len(huge):
            raise ValueError(
                f"rating {float(self.ratings[huge[0]])!r} at {self.locate(int(huge[0]))} of {self.label} is above "
                f"{MAX_RATING:.2g}, the largest that can be stored; fix it, or set rating_column to the right column"
            )
        low, high = rating_scale or (float(self.ratings.min()), float(self.ratings.max()))
        if not low <= high:
            raise ValueError(f"rating_scale {(low, high)} is reversed; give the lowest rating first")
        bad = np.flatnonzero((self.ratings < low) | (self.ratings > high))
        if len(bad):
            raise ValueError(
                f"{len(bad):,} of {len(self.ratings):,} ratings in {self.label} are outside the rating scale "
                f"{(low, high)}, first {self.ratings[bad[0]]} at {self.locate(int(bad[0]))}; "
                "fix them, or set rating_scale"
            )
        return RatingDataset(
            name,
            self.user_idx,
            self.item_idx,
            self.ratings,
            self.user_ids,
            self.item_ids,
            (low, high),
            self.timestamps,
            item_columns,
        )

    def resolved(self, duplicates: Duplicates) -> RawRatings:
        """Reduce the rows to one rating per (user, item) pair.

        `mean` keeps the first row of a pair, with the mean of its ratings and its latest timestamp; `last` keeps the
        row with the latest timestamp, or the last in the file if timestamps are equal or missing. Rows keep their
        order.

        Raises:
            ValueError: a pair occurs twice and `duplicates` is `error`, or `duplicates` is unknown.
        """
        if duplicates not in get_args(Duplicates):
            raise ValueError(f"unknown duplicates {duplicates!r}; set one of {list(get_args(Duplicates))}")
        keys = pair_keys(self.user_idx, self.item_idx, len(self.item_ids))
        in_order = np.sort(keys)
        n_repeats = int(np.count_nonzero(in_order[1:] == in_order[:-1]))
        if n_repeats == 0:
            return self
        if duplicates == "error":
            self._refuse_repeats(keys, n_repeats)
        kept = self._merged(keys) if duplicates == "mean" else self._take(np.sort(self._latest(keys)))
        _log.warning("%s: %d ratings repeat a (user, item) pair; resolved by %r", self.label, n_repeats, duplicates)
        return kept

    def _latest(self, keys: IntArray) -> IntArray:
        """Return the row of each pair's latest rating, in the order of the keys."""
        order = np.argsort(keys, kind="stable") if self.timestamps is None else np.lexsort((self.timestamps, keys))
        ends = np.append(keys[order][1:] != keys[order][:-1], True)
        rows: IntArray = order[ends]
        return rows

    def _merged(self, keys: IntArray) -> RawRatings:
        _, first, pair = np.unique(keys, return_index=True, return_inverse=True)
        means = np.bincount(pair, self.ratings) / np.bincount(pair)
        times = None if self.timestamps is None else self.timestamps[self._latest(keys)]
        in_file_order = np.argsort(first)
        merged = self._take(first[in_file_order])
        return replace(merged, ratings=means[in_file_order], timestamps=None if times is None else times[in_file_order])

    def _take(self, rows: IntArray) -> RawRatings:
        return replace(
            self,
            user_idx=self.user_idx[rows],
            item_idx=self.item_idx[rows],
            ratings=self.ratings[rows],
            timestamps=None if self.timestamps is None else self.timestamps[rows],
            locate=lambda row: self.locate(int(rows[row])),
        )

    def _refuse_repeats(self, keys: IntArray, n_repeats: int) -> None:
        order = np.argsort(keys, kind="stable")
        again = order[1:][keys[order][1:] == keys[order][:-1]]
        second = int(again.min())
        first = int(np.argmax(keys == keys[second]))
        user = self.user_ids[self.user_idx[second]].item()
        item = self.item_ids[self.item_idx[second]].item()
        raise ValueError(
            f"{n_repeats:,} of {len(keys):,} ratings in {self.label} repeat an earlier (user, item) pair, first "
            f"user {user!r}, item {item!r} at {self.locate(second)}, already at {self.locate(first)}; "
            "remove them, or set duplicates to mean or last"
        )


def whole_seconds(values: FloatArray, locate: Callable[[int], str], column: str) -> IntArray:
    """Convert timestamps to int64.

    Raises:
        ValueError: a timestamp is not a whole number, or is too large to be exact.
    """
    bad = np.flatnonzero((values % 1 != 0) | (np.abs(values) >= MAX_TIMESTAMP))
    if len(bad):
        raise ValueError(
            f"{column} {float(values[bad[0]])!r} at {locate(int(bad[0]))} is not a whole number of seconds "
            "since 1970; convert the column, or set timestamp_column=null"
        )
    return values.astype(np.int64)
