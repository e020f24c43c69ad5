"""The first metric of a record: rows are ordered, candidates chosen and curves drawn by it."""

from __future__ import annotations

import math
from collections.abc import Mapping

from recbench.results.records import Score


def first_metric(scores: Mapping[str, Score]) -> tuple[str, Score]:
    """Return the first metric's name and score.

    Raises:
        ValueError: `scores` is empty.
    """
    if not scores:
        raise ValueError("no scores, so there is no first metric; check that the record's status is ok")
    return next(iter(scores.items()))


def first_score(scores: Mapping[str, Score]) -> Score | None:
    """Return the first metric's score, None if there are no scores."""
    return next(iter(scores.values()), None)


def loss(score: Score | None) -> float:
    """Return the mean with its sign changed where greater is better: lower is better; infinity if there is no value."""
    if score is None or math.isnan(score.mean):
        return math.inf
    return -score.mean if score.greater_is_better else score.mean
