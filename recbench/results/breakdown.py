"""Breakdown of a model's error: RMSE by user activity, item popularity, cold start and rating value."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from recbench.array_types import FloatArray, IntArray
from recbench.contracts import RatingDataset

MAX_VALUES = 12  # up to this many rating values are classes of their own: 0 to 10 has 11, half stars have 10
N_BINS = 5  # of equal width, if there are more rating values than that
COLD = ("warm", "cold user", "cold item", "cold user and item")


class BreakdownRow(NamedTuple):
    """The RMSE over one class of the scored ratings."""

    group: str  # the criterion of the classes
    label: str  # the class
    n_rows: int
    rmse: float


class _Facts(NamedTuple):
    """One value per scored rating, each array of shape (n_scored,)."""

    user_counts: IntArray  # the user's ratings in the training set
    item_counts: IntArray  # the item's
    ratings: FloatArray
    squares: FloatArray  # squared errors


def breakdown(train: RatingDataset, scored: RatingDataset, predicted: FloatArray) -> list[BreakdownRow]:
    """Return the RMSE per class of the scored ratings; each group's classes partition the ratings.

    `user activity` and `item popularity` count ratings in the training set: none, then four classes of
    about equally many scored ratings. `cold start` is whether user and item are in the training set.
    `rating value` is each value of the scale, or five ranges of it if there are many. Empty classes are
    left out.

    Raises:
        ValueError: `predicted` does not have one finite value per scored rating.
    """
    return pooled_breakdown([(train, scored, predicted)])


def pooled_breakdown(folds: Sequence[tuple[RatingDataset, RatingDataset, FloatArray]]) -> list[BreakdownRow]:
    """Return the breakdown over the scored ratings of all folds, each classified by its own fold's training set.

    Raises:
        ValueError: `folds` is empty, or a fold does not have one finite prediction per scored rating.
    """
    if not folds:
        raise ValueError("no fold to break down; pass at least one (train, scored, predicted)")
    facts = _Facts(*map(np.concatenate, zip(*(_facts(*fold) for fold in folds), strict=True)))
    cold = (facts.user_counts == 0) + 2 * (facts.item_counts == 0)
    groups = {
        "user activity": _by_count(facts.user_counts),
        "item popularity": _by_count(facts.item_counts),
        "cold start": (COLD, cold),
        "rating value": _by_value(facts.ratings, folds[0][1].rating_scale),
    }
    return [row for group, (labels, classes) in groups.items() for row in _rows(group, labels, classes, facts.squares)]


def _facts(train: RatingDataset, scored: RatingDataset, predicted: FloatArray) -> _Facts:
    if len(predicted) != scored.n_ratings or not np.isfinite(predicted).all():
        raise ValueError(
            f"{len(predicted)} predictions for {scored.n_ratings} ratings; pass one finite prediction per rating"
        )
    return _Facts(
        np.bincount(train.user_idx, minlength=train.n_users)[scored.user_idx],
        np.bincount(train.item_idx, minlength=train.n_items)[scored.item_idx],
        scored.ratings,
        np.square(np.asarray(predicted, np.float64) - scored.ratings),
    )


def _by_count(counts: IntArray) -> tuple[Sequence[str], IntArray]:
    """Return the labels and each rating's class: a count of 0, then quartiles of the rest that split no count."""
    some = counts[counts > 0]
    # inverted_cdf: the edges are counts that occur, the lower class includes its edge
    edges = np.unique(np.quantile(some, [0.25, 0.5, 0.75, 1], method="inverted_cdf")) if len(some) else some
    classes = np.searchsorted(np.concatenate([[0], edges]), counts)
    ranges = [(counts[classes == each].min(), counts[classes == each].max()) for each in range(1, len(edges) + 1)]
    return ["0", *(f"{low}" if low == high else f"{low}–{high}" for low, high in ranges)], classes


def _by_value(ratings: FloatArray, rating_scale: tuple[float, float]) -> tuple[Sequence[str], IntArray]:
    values, classes = np.unique(ratings, return_inverse=True)
    if len(values) <= MAX_VALUES:
        return [_text(value) for value in values], classes
    edges = np.linspace(*rating_scale, N_BINS + 1).astype(ratings.dtype)  # a rating on an edge equals it
    labels = [f"{_text(low)} to below {_text(high)}" for low, high in pairwise(edges)]
    labels[-1] = f"{_text(edges[-2])} to {_text(edges[-1])}"
    return labels, np.searchsorted(edges[1:-1], ratings, side="right")


def _text(value: np.floating[Any]) -> str:
    return np.format_float_positional(value, trim="-")  # the fewest digits that identify the value: 0.1, 5


def _rows(group: str, labels: Sequence[str], classes: npt.NDArray[Any], squares: FloatArray) -> list[BreakdownRow]:
    n_rows = np.bincount(classes, minlength=len(labels))
    sums = np.bincount(classes, squares, minlength=len(labels))
    return [
        BreakdownRow(group, label, int(n), float(np.sqrt(total / n)))
        for label, n, total in zip(labels, n_rows, sums, strict=True)
        if n > 0
    ]
