"""Features of items as a table of numbers: genres and years."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from recbench.array_types import FloatArray
from recbench.contracts import RatingDataset

NO_GENRES = "(no genres listed)"  # what MovieLens writes for an item without genres


def item_features(dataset: RatingDataset) -> FloatArray:
    """Return the table of `named_features`, (n_items, n_features), of a dataset that has at least one feature.

    Raises:
        ValueError: no item has a genre or a year.
    """
    table = named_features(dataset)[0]
    if not table.shape[1]:
        raise ValueError(
            f"no genres and no years in {dataset.name!r}: its item columns are {list(dataset.item_columns or {})}; "
            f"'genres' (Drama|War) or 'year' (1994.0) is needed; choose a dataset that has one, or another model"
        )
    return table


def named_features(dataset: RatingDataset) -> tuple[FloatArray, list[str]]:
    """Return genres and years of items, (n_items, n_features), 0 where unknown, and the features' names.

    An item's genres are scaled to length 1. A year counts for the decades before and after it, in proportion to
    its closeness to them.
    """
    columns = dataset.item_columns or {}
    features = [_genres(columns["genres"])] if "genres" in columns else []
    features += [_decades(columns["year"])] if "year" in columns else []
    together = np.hstack([np.zeros((dataset.n_items, 0)), *(values for values, _ in features)])
    return together, [name for _, names in features for name in names]


def _genres(column: npt.NDArray[Any]) -> tuple[FloatArray, list[str]]:
    """Return the genres of each item, (n_items, n_genres), computed once per distinct combination; and their names."""
    texts = np.array([text if isinstance(text, str) else "" for text in column.tolist()], dtype=str)  # None, NaN
    combinations, which = np.unique(texts, return_inverse=True)
    split = [set(text.split("|")) - {"", NO_GENRES} for text in combinations]
    names = sorted(set().union(*split))
    present = np.array([[name in genres for name in names] for genres in split], float).reshape(len(split), len(names))
    lengths = np.sqrt(np.maximum(present.sum(axis=1, keepdims=True), 1.0))
    spread: FloatArray = (present / lengths)[which]
    return spread, names


def _decades(column: npt.NDArray[Any]) -> tuple[FloatArray, list[str]]:
    years = column.astype(np.float64)
    known = np.isfinite(years)
    if not known.any():
        return np.zeros((len(years), 0)), []
    turns = np.arange(years[known].min() // 10.0, np.ceil(years[known].max() / 10.0) + 1.0) * 10.0
    closeness = np.maximum(0.0, 1.0 - np.abs(years[:, None] - turns) / 10.0)
    return np.where(known[:, None], closeness, 0.0), [f"around {turn:.0f}" for turn in turns]
