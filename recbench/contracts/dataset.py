"""The contract of a dataset, and the types of the splits that divide it into training and test sets."""

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

Fold = tuple[IntArray, IntArray]  # row numbers of the dataset: (training rows, test rows)
Split = Callable[["RatingDataset"], Iterator[Fold]]  # yields the folds; the same ones each time it is called


@dataclass(frozen=True, eq=False, repr=False)
class RatingDataset:
    """Ratings with dense user and item indices, the ids behind the indices, and columns about the items.

    Users and items without a row are allowed: they are cold. An unrated pair has no row; 0 is a rating like any
    other. Values are converted to the types below; arrays are copied unless they are read-only already, and the
    dataset's own are read-only.

    >>> toy = RatingDataset("toy", [0, 0, 1], [0, 1, 1], [5, 3, 1], ["ann", "bob"], [10, 20], rating_scale=(1, 5))
    >>> toy, toy.take([0, 2]).ratings
    (<RatingDataset 'toy': 3 ratings of 2 users on 2 items>, array([5., 1.], dtype=float32))

    Raises:
        ValueError: columns differ in length, an index is out of range, or a rating is outside `rating_scale`.
    """

    name: str
    user_idx: IntArray  # (n_ratings,) int32
    item_idx: IntArray  # (n_ratings,) int32
    ratings: FloatArray  # (n_ratings,) float32
    user_ids: npt.NDArray[Any]  # (n_users,) the id of each user index, integer or str
    item_ids: npt.NDArray[Any]  # (n_items,) the id of each item index, integer or str
    rating_scale: tuple[float, float]  # lowest and highest possible rating
    timestamps: IntArray | None = None  # (n_ratings,) int64, seconds since 1970
    item_columns: Mapping[str, npt.NDArray[Any]] | None = None  # "title", "genres" ("A|B"), ...: (n_items,) each
    folds: tuple[Fold, ...] | None = None  # predefined folds, for example MovieLens 100k's u1 to u5

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
        """Number of users, including cold ones."""
        return len(self.user_ids)

    @property
    def n_items(self) -> int:
        """Number of items, including cold ones."""
        return len(self.item_ids)

    @property
    def n_ratings(self) -> int:
        """Number of ratings."""
        return len(self.ratings)

    @property
    def items(self) -> DataFrame | None:
        """The item columns as a new DataFrame, one row per item in index order; None without item columns."""
        if self.item_columns is None:
            return None
        from pandas import DataFrame

        return DataFrame(dict(self.item_columns))

    @cached_property
    def digest(self) -> str:
        """SHA-256 in hex of all content: ids, indices, ratings, timestamps, rating scale and item columns."""
        digest = hashlib.sha256(repr(self.rating_scale).encode())
        columns = self.item_columns or {}
        for array in (self.user_ids, self.item_ids, self.user_idx, self.item_idx, self.ratings, self.timestamps):
            digest.update(content(array))
        for key in sorted(columns):
            digest.update(key.encode() + content(columns[key]))
        return digest.hexdigest()

    def take(self, rows: IntArray) -> RatingDataset:
        """Return these rows as a new dataset with the same ids, `n_users` and `n_items`, and without folds.

        The new dataset shares no memory with the rows that are left out.
        """
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
            raise ValueError(f"columns of different lengths: {sorted(lengths)}; give every column one value per rating")
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
                f"first {self.ratings[bad[0]]} at row {bad[0]}; pass the dataset's own rating_scale"
            )
