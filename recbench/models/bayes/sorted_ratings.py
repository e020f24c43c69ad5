"""The training ratings as the chains read them: sorted by user and by item, and standardized."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recbench.array_types import FloatArray, IntArray
from recbench.contracts import RatingDataset
from recbench.models.baselines.means import global_mean
from recbench.models.bayes.kernel_arrays import RatingRows
from recbench.models.bayes.time_effects import Calendar, seconds_of
from recbench.models.row_pointers import row_pointers


@dataclass(frozen=True, eq=False)
class SortedRatings:
    """The ratings of a training set by user and by item; they do not depend on the order of its rows."""

    user_idx: IntArray  # (n_ratings,) ascending; all columns are in this order
    by_user: RatingRows
    by_item: RatingRows
    link: IntArray  # (n_ratings,) the position in `by_user` of each rating of `by_item`
    ratings: FloatArray  # (n_ratings,) float64
    mean: float
    scale: float  # standard deviation of the ratings; 1 if all are equal
    name: str  # of the dataset, for error messages
    calendar: Calendar | None  # the time effects, if ratings depend on when they were given
    effects: IntArray  # (n_ratings, n_kinds) the time effects of each rating, as numbered by `calendar`


def sort_ratings(train: RatingDataset, *, by_time: bool = False) -> SortedRatings:
    """Sort the ratings; with `by_time`, find the time effects of each.

    Raises:
        ValueError: `train` has no ratings, or `by_time` is set and it has no timestamps.
    """
    global_mean(train)  # raises if there are no ratings
    calendar = Calendar.of(train) if by_time else None
    effects: IntArray = np.zeros((train.n_ratings, 0), int)
    if calendar is not None:
        effects = calendar.effects(train.user_idx, seconds_of(train))
    order = np.lexsort((train.item_idx, train.user_idx))
    users = train.user_idx[order]
    items = train.item_idx[order]
    ratings = train.ratings[order].astype(np.float64)
    link = np.argsort(items, kind="stable")
    return SortedRatings(
        users,
        _rating_rows(users, train.n_users, items),
        _rating_rows(items, train.n_items, users[link]),
        link,
        ratings,
        float(ratings.mean()),
        float(ratings.std()) or 1.0,
        train.name,
        calendar,
        effects[order],
    )


def _rating_rows(index: IntArray, n_rows: int, others: IntArray) -> RatingRows:
    """Return ratings by row: `index` counts those of each row, `others` are sorted by row."""
    return RatingRows(row_pointers(index, n_rows), np.asarray(others, np.int32))
