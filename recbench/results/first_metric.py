"""The first metric of a record, by which rows are ordered, candidates are chosen and curves are drawn."""

from __future__ import annotations

import math
from collections.abc import Mapping

from recbench.results.records import Score

SCORE_DIGITS = 6  # significant digits by which scores are compared; processors differ in later ones


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
    """Return the rounded mean, negated where greater is better, so that lower is better; infinity without a value."""
    if score is None or math.isnan(score.mean):
        return math.inf
    return round_score(-score.mean if score.greater_is_better else score.mean)


def round_score(score: float) -> float:
    """Return the score rounded to `SCORE_DIGITS` significant digits.

    Scores that differ only by rounding errors then compare equal on every processor, and ties are broken by a rule.
    """
    return float(f"{score:.{SCORE_DIGITS}g}")
