"""The catalog of a saved model: the ids of users and items, titles, and the ratings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from recbench.array_types import FloatArray, IntArray
from recbench.contracts import RatingDataset

UNKNOWN_STEP = 1  # the id of the slot for unknown users (items) is this much above the largest
SHOWN = ("title", "year")  # columns of an item; tags would take most of the folder's space
COLUMN = "column."  # prefix of the arrays that are item columns


@dataclass(frozen=True, eq=False)
class Catalog:
    """External ids, the items' columns, and the ratings by user. Positions are indices.

    The model was trained with one more user, of index `n_users`, and one more item, of index `n_items`, that have no
    ratings: unknown users and items get these indices.
    """

    user_ids: npt.NDArray[Any]  # (n_users,)
    item_ids: npt.NDArray[Any]  # (n_items,)
    rating_scale: tuple[float, float]
    item_columns: Mapping[str, npt.NDArray[Any]]  # (n_items,) each, those of `SHOWN` that the dataset has
    starts: IntArray  # (n_users + 1,) where each user's ratings begin
    rated: IntArray  # (n_ratings,) item of each, ascending for each user
    ratings: FloatArray  # (n_ratings,)

    @classmethod
    def of(cls, dataset: RatingDataset) -> Catalog:
        """Return the catalog of a dataset."""
        order = np.lexsort((dataset.item_idx, dataset.user_idx))
        n_rows = np.bincount(dataset.user_idx, minlength=dataset.n_users)
        return cls(
            _plain(dataset.user_ids),
            _plain(dataset.item_ids),
            dataset.rating_scale,
            {name: _plain(column) for name, column in (dataset.item_columns or {}).items() if name in SHOWN},
            np.append(0, np.cumsum(n_rows)),
            dataset.item_idx[order],
            dataset.ratings[order],
        )

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> Catalog:
        """Return the catalog from what `arrays` returned.

        Raises:
            KeyError: an array is missing.
        """
        low, high = arrays["rating_scale"].tolist()
        columns = {name.removeprefix(COLUMN): each for name, each in arrays.items() if name.startswith(COLUMN)}
        names = ("starts", "rated", "ratings")
        return cls(arrays["user_ids"], arrays["item_ids"], (low, high), columns, *(arrays[name] for name in names))

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Return everything as arrays by name."""
        names = ("user_ids", "item_ids", "starts", "rated", "ratings")
        columns = {f"{COLUMN}{name}": column for name, column in self.item_columns.items()}
        return {name: getattr(self, name) for name in names} | columns | {"rating_scale": np.array(self.rating_scale)}

    @property
    def n_users(self) -> int:
        """Number of users, and the index of an unknown one."""
        return len(self.user_ids)

    @property
    def n_items(self) -> int:
        """Number of items, and the index of an unknown one."""
        return len(self.item_ids)

    @cached_property
    def n_ratings_of_item(self) -> IntArray:
        """Return the number of ratings of each item: (n_items,)."""
        return np.bincount(self.rated, minlength=self.n_items)

    def users(self, ids: Sequence[str]) -> IntArray:
        """Return the index of each external id, `n_users` for an unknown one."""
        return _positions(self.user_ids, ids)

    def items(self, ids: Sequence[str]) -> IntArray:
        """Return the index of each external id, `n_items` for an unknown one."""
        return _positions(self.item_ids, ids)

    def ratings_of(self, user: int) -> tuple[IntArray, FloatArray]:
        """Return the items that a user rated, ascending, and the ratings; empty for an unknown user."""
        here = slice(*self.starts[user : user + 2]) if user < self.n_users else slice(0)
        return self.rated[here], self.ratings[here]

    def title(self, item: int) -> str:
        """Return the title and the year of an item, if the dataset has them."""
        if item >= self.n_items or "title" not in self.item_columns:
            return ""
        title = str(self.item_columns["title"][item])
        year = self.item_columns.get("year")
        if year is None or year.dtype.kind not in "iuf" or not np.isfinite(year[item]):
            return title
        return f"{title} ({year[item]:.0f})"


def add_unknown_slot(dataset: RatingDataset) -> RatingDataset:
    """Return the dataset with one more user and one more item without ratings, which represent unknown ones."""
    return replace(
        dataset,
        user_ids=_add_id(dataset.user_ids),
        item_ids=_add_id(dataset.item_ids),
        item_columns={name: _add_missing_value(column) for name, column in (dataset.item_columns or {}).items()}
        or None,
        folds=None,
    )


def _add_id(ids: npt.NDArray[Any]) -> npt.NDArray[Any]:
    if ids.dtype.kind in "iuf":
        return np.append(ids, ids.max(initial=0) + UNKNOWN_STEP)
    return np.append(ids, "")


def _add_missing_value(column: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return the column with one more value: NaN, or an empty text."""
    return np.append(column, np.nan if column.dtype.kind in "iuf" else column.dtype.type(""))


def _plain(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return numbers unchanged and all else as text, empty where a value is missing."""
    if values.dtype.kind in "biufU":
        return values
    texts = ["" if each is None or str(each) == "nan" else str(each) for each in values.tolist()]
    return np.array(texts, np.str_)


def _positions(known: npt.NDArray[Any], ids: Sequence[str]) -> IntArray:
    """Return the position of each text among the ids, which are compared as text; len(known) for an unknown one."""
    from pandas import Index

    found = Index(known.astype(str)).get_indexer(list(ids))
    return np.where(found < 0, len(known), found).astype(np.int32)
