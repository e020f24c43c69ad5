"""What a saved model knows beside its parameters: ids, items, and who rated what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from recbench.array_types import FloatArray, IntArray
from recbench.contracts import RatingDataset

ROOM = 1  # place kept for whoever is unknown: a user and an item without ratings, after all others
SHOWN = ("title", "year")  # of an item; tags would take the folder's most
COLUMN = "column."  # how the arrays begin that are item columns


@dataclass(frozen=True, eq=False)
class Catalog:
    """Outside ids, the items' columns, and the ratings user by user. Positions are indices.

    The index after the last user, `n_users`, is the one that the model was trained to take as unknown, and
    `n_items` likewise.
    """

    user_ids: npt.NDArray[Any]  # (n_users,)
    item_ids: npt.NDArray[Any]  # (n_items,)
    rating_scale: tuple[float, float]
    item_columns: Mapping[str, npt.NDArray[Any]]  # (n_items,) each, those of `SHOWN` that there are
    starts: IntArray  # (n_users + 1,) where each user's ratings begin
    rated: IntArray  # (n_ratings,) item of each, ascending for each user
    ratings: FloatArray  # (n_ratings,)

    @classmethod
    def of(cls, dataset: RatingDataset) -> Catalog:
        """What is to be kept of the data set."""
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
        """The catalog that `arrays` gave.

        Raises:
            KeyError: one is missing.
        """
        low, high = arrays["rating_scale"].tolist()
        columns = {name.removeprefix(COLUMN): each for name, each in arrays.items() if name.startswith(COLUMN)}
        names = ("starts", "rated", "ratings")
        return cls(arrays["user_ids"], arrays["item_ids"], (low, high), columns, *(arrays[name] for name in names))

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """All of it as arrays by name."""
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
        """How often each item was rated: (n_items,)."""
        return np.bincount(self.rated, minlength=self.n_items)

    def users(self, ids: Sequence[str]) -> IntArray:
        """The index of each id as it is written outside, `n_users` where it is unknown."""
        return _positions(self.user_ids, ids)

    def items(self, ids: Sequence[str]) -> IntArray:
        """The index of each id as it is written outside, `n_items` where it is unknown."""
        return _positions(self.item_ids, ids)

    def ratings_of(self, user: int) -> tuple[IntArray, FloatArray]:
        """The items that a user rated, ascending, and the ratings; nothing of an unknown one."""
        here = slice(*self.starts[user : user + 2]) if user < self.n_users else slice(0)
        return self.rated[here], self.ratings[here]

    def title(self, item: int) -> str:
        """Title and year of an item, as far as the data set has them."""
        if item >= self.n_items or "title" not in self.item_columns:
            return ""
        title, year = str(self.item_columns["title"][item]), self.item_columns.get("year")
        told = year is not None and year.dtype.kind in "iuf" and bool(np.isfinite(year[item]))
        return f"{title} ({year[item]:.0f})" if year is not None and told else title


def add_unknown_slot(dataset: RatingDataset) -> RatingDataset:
    """The data set with one more user and one more item that have no ratings: what is unknown is taken for these."""
    return replace(
        dataset,
        user_ids=_with_another(dataset.user_ids),
        item_ids=_with_another(dataset.item_ids),
        item_columns={name: _with_nothing(column) for name, column in (dataset.item_columns or {}).items()} or None,
        folds=None,
    )


def _with_another(ids: npt.NDArray[Any]) -> npt.NDArray[Any]:
    if ids.dtype.kind in "iuf":
        return np.append(ids, ids.max(initial=0) + ROOM)
    return np.append(ids, "")


def _with_nothing(column: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The column with a value more that says nothing: NaN, or an empty text."""
    return np.append(column, np.nan if column.dtype.kind in "iuf" else column.dtype.type(""))


def _plain(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Numbers as they are, all else as text, empty where there is nothing."""
    if values.dtype.kind in "biufU":
        return values
    texts = ["" if each is None or str(each) == "nan" else str(each) for each in values.tolist()]
    return np.array(texts, np.str_)


def _positions(known: npt.NDArray[Any], ids: Sequence[str]) -> IntArray:
    """Position of each text among the ids, as they are written; len(known) where it is not there."""
    from pandas import Index

    found = Index(known.astype(str)).get_indexer(list(ids))
    return np.where(found < 0, len(known), found).astype(np.int32)
