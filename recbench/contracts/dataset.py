"""The contract of a data set, and of the splits that cut it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from recbench.array_types import FloatArray, IntArray
from recbench.runtime.arrays import content, owned

if TYPE_CHECKING:
    from pandas import DataFrame

Fold = tuple[IntArray, IntArray]  # (train rows, test rows), row numbers of the data set
Split = Callable[["RatingDataset"], Iterator[Fold]]


@dataclass(frozen=True, eq=False, repr=False)
class RatingDataset:
    """Ratings as dense indices, with the outside ids and what is known of the items beside them.

    `user_idx` and `item_idx` run from 0 to n-1; a user or item without rows is a cold one. What
    is not rated is absent: 0 is a rating like any other. Arrays are copied in and read-only.

    Raises:
        ValueError: columns differ in length, an index is out of range, or a rating is off `rating_scale`.
    """

    name: str
    user_idx: IntArray  # (n_ratings,) int32
    item_idx: IntArray  # (n_ratings,) int32
    ratings: FloatArray  # (n_ratings,) float32
    user_ids: npt.NDArray[Any]  # (n_users,) position = index
    item_ids: npt.NDArray[Any]  # (n_items,) position = index
    rating_scale: tuple[float, float]  # lowest and highest possible rating
    timestamps: IntArray | None = None  # (n_ratings,) int64, seconds since 1970
    item_columns: Mapping[str, npt.NDArray[Any]] | None = None  # title, genres, ...: (n_items,) each
    folds: tuple[Fold, ...] | None = None  # the data set's own, u1...u5 for example

    def __post_init__(self) -> None:
        columns = {"user_idx": np.int32, "item_idx": np.int32, "ratings": np.float32, "timestamps": np.int64}
        for column, dtype in columns.items():
            if getattr(self, column) is not None:
                object.__setattr__(self, column, owned(getattr(self, column), dtype))
        for column in ("user_ids", "item_ids"):
            object.__setattr__(self, column, owned(getattr(self, column)))
        if self.item_columns is not None:
            object.__setattr__(self, "item_columns", {key: owned(each) for key, each in self.item_columns.items()})
        low, high = self.rating_scale
        object.__setattr__(self, "rating_scale", (float(low), float(high)))
        self._check()

    @property
    def n_users(self) -> int:
        """Number of users, cold ones included."""
        return len(self.user_ids)

    @property
    def n_items(self) -> int:
        """Number of items, cold ones included."""
        return len(self.item_ids)

    @property
    def n_ratings(self) -> int:
        """Number of ratings."""
        return len(self.ratings)

    @property
    def items(self) -> DataFrame | None:
        """One row an item, in index order: title, year, genres, ... A fresh frame at each call."""
        if self.item_columns is None:
            return None
        from pandas import DataFrame

        return DataFrame(dict(self.item_columns))

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the content: ids, indices, ratings, timestamps, scale and item columns."""
        digest = hashlib.sha256(repr(self.rating_scale).encode())
        columns = self.item_columns or {}
        for array in (self.user_ids, self.item_ids, self.user_idx, self.item_idx, self.ratings, self.timestamps):
            digest.update(content(array))
        for key in sorted(columns):
            digest.update(key.encode() + content(columns[key]))
        return digest.hexdigest()

    def take(self, rows: IntArray) -> RatingDataset:
        """These rows as a data set of its own: same ids, `n_users` and `n_items`, no view into this one."""
        return replace(
            self,
            user_idx=self.user_idx[rows],
            item_idx=self.item_idx[rows],
            ratings=self.ratings[rows],
            timestamps=None if self.timestamps is None else self.timestamps[rows],
            folds=None,
        )

    def __repr__(self) -> str:
        size = f"{self.n_ratings:,} ratings of {self.n_users:,} users on {self.n_items:,} items"
        return f"<RatingDataset {self.name!r}: {size}>"

    def _check(self) -> None:
        columns = (self.user_idx, self.item_idx, self.ratings, self.timestamps)
        lengths = {len(column) for column in columns if column is not None}
        if len(lengths) > 1:
            raise ValueError(f"columns of different lengths: {sorted(lengths)}; give every column one value a rating")
        for column, n in (("user_idx", self.n_users), ("item_idx", self.n_items)):
            index = getattr(self, column)
            if len(index) and (index.min() < 0 or index.max() >= n):
                raise ValueError(f"{column} from {index.min()} to {index.max()}; it must lie in 0 ... {n - 1}")
        for key, values in (self.item_columns or {}).items():
            if len(values) != self.n_items:
                raise ValueError(f"item column {key!r} has {len(values)} values; give one for each of {self.n_items}")
        low, high = self.rating_scale
        bad = np.flatnonzero(~((self.ratings >= low) & (self.ratings <= high)))  # catches NaN too
        if len(bad):
            raise ValueError(
                f"ratings outside the rating scale {self.rating_scale}: {len(bad):,} of {self.n_ratings:,}, "
                f"first {self.ratings[bad[0]]} at row {bad[0]}; pass the data set's own rating_scale"
            )
