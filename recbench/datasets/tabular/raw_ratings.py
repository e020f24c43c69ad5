"""Ratings as a file had them, and the checks on their way to a data set."""

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
MAX_TIMESTAMP = 2**53  # beyond it a float no longer holds every whole number

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RawRatings:
    """Indexed ratings before they are checked; `place` says where in the file a row stands."""

    label: str
    user_ids: Ids
    item_ids: Ids
    user_idx: IntArray
    item_idx: IntArray
    ratings: FloatArray
    timestamps: IntArray | None
    place: Callable[[int], str]  # row -> 'line 7'

    def dataset(
        self,
        name: str,
        rating_scale: tuple[float, float] | None,
        item_columns: Mapping[str, npt.NDArray[Any]] | None = None,
    ) -> RatingDataset:
        """The data set, its rating scale being that of the data where none is given.

        Raises:
            ValueError: a rating lies outside the scale, or is larger than single precision holds.
        """
        huge = np.flatnonzero(np.abs(self.ratings) > MAX_RATING)
        if len(huge):
            raise ValueError(
                f"rating {float(self.ratings[huge[0]])!r} at {self.place(int(huge[0]))} of {self.label} is larger than "
                f"{MAX_RATING:.2g}, which is what can be held; mend it, or set rating_column to the column of ratings"
            )
        low, high = rating_scale or (float(self.ratings.min()), float(self.ratings.max()))
        if not low <= high:
            raise ValueError(f"rating_scale {(low, high)} is upside down; give the lowest rating first")
        bad = np.flatnonzero((self.ratings < low) | (self.ratings > high))
        if len(bad):
            raise ValueError(
                f"{len(bad):,} of {len(self.ratings):,} ratings in {self.label} lie outside the rating scale "
                f"{(low, high)}, first {self.ratings[bad[0]]} at {self.place(int(bad[0]))}; "
                "mend them, or set rating_scale"
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
        """One rating a (user, item) pair.

        `mean` keeps the first row of a pair, with the mean of its ratings and its latest time;
        `last` keeps the row with the latest time, of several such or without times the one that
        stands last in the file. The rows that stay keep their order.

        Raises:
            ValueError: a pair occurs twice, and `duplicates` is `error`.
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
        _log.warning("%s: %d ratings that repeat a pair were resolved by %r", self.label, n_repeats, duplicates)
        return kept

    def _latest(self, keys: IntArray) -> IntArray:
        """The row of the latest rating of each pair, in the order of the keys."""
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
            place=lambda row: self.place(int(rows[row])),
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
            f"user {user!r}, item {item!r} at {self.place(second)}, before at {self.place(first)}; "
            "remove them, or set duplicates to mean or last"
        )


def whole_seconds(values: FloatArray, place: Callable[[int], str], column: str) -> IntArray:
    """Timestamps as integers.

    Raises:
        ValueError: one is not a whole number, or too large to be held exactly.
    """
    bad = np.flatnonzero((values != np.floor(values)) | (np.abs(values) >= MAX_TIMESTAMP))
    if len(bad):
        raise ValueError(
            f"{column} {float(values[bad[0]])!r} at {place(int(bad[0]))} is not a whole number of seconds "
            "since 1970; convert the column, or set timestamp_column=null"
        )
    return values.astype(np.int64)
