"""Checks of a metric of predicted ratings. Each takes the `metric`."""

from __future__ import annotations

from typing import Any

import numpy as np

from recbench.array_types import FloatArray, IntArray
from recbench.contracts import MODEL_EXTRAS, Metric, RatingDataset
from recbench.metrics.ranking import Ranking
from recbench.testing.toy import toy_ratings


def check_value_is_a_finite_float(metric: Metric) -> None:
    """The value is one finite Python float."""
    toy, noisy = _scored(0.5)
    value = _call(metric, toy, noisy)
    assert isinstance(value, float), f"the value is {type(value).__name__}; return a float"
    assert np.isfinite(value), f"the value is {value}; return a finite number"


def check_perfect_predictions_score_best(metric: Metric) -> None:
    """No prediction scores better than the ratings themselves, and larger errors score worse.

    A metric with a cutoff is computed at rank 2. Metrics of the fitted model (`scorer`, `ranking`, `std`) are exempt.
    """
    if {*metric.needs()} & {*MODEL_EXTRAS}:
        return
    metric = _cut(metric)
    toy = toy_ratings()
    sign = -1 if metric.greater_is_better else 1
    best, near, far = (sign * _call(metric, toy, _scored(noise)[1]) for noise in (0.0, 0.3, 3.0))
    direction = "greater" if metric.greater_is_better else "smaller"
    assert best <= near < far, (
        f"perfect, near and far predictions score {sign * best}, {sign * near} and {sign * far}, but {direction} is "
        "better; set greater_is_better"
    )


def check_row_order_does_not_matter(metric: Metric) -> None:
    """Shuffling the rows does not change the value."""
    toy, noisy = _scored(0.5)
    order = np.random.default_rng(1).permutation(toy.n_ratings)
    value, shuffled = _call(metric, toy, noisy), _call(metric, toy.take(order), noisy[order])
    assert np.isclose(value, shuffled, rtol=1e-9), (
        f"the value is {value} in one order of rows, {shuffled} in another; do not depend on the order of rows"
    )


class MetricConformance:
    """Every check of a metric as a test; parametrize the class with `metric`, a `recbench.Metric`."""

    def test_value_is_a_finite_float(self, metric: Metric) -> None:
        check_value_is_a_finite_float(metric)

    def test_perfect_predictions_score_best(self, metric: Metric) -> None:
        check_perfect_predictions_score_best(metric)

    def test_row_order_does_not_matter(self, metric: Metric) -> None:
        check_row_order_does_not_matter(metric)


def _scored(noise: float) -> tuple[RatingDataset, FloatArray]:
    """Return the toy ratings, and predictions that add Gaussian noise of this standard deviation to them."""
    toy = toy_ratings()
    return toy, toy.ratings + np.random.default_rng(0).normal(scale=noise, size=toy.n_ratings)


def _cut(metric: Metric) -> Metric:
    """Return the metric at cutoff 2, where the toy's longer lists differ, if it has a cutoff."""
    try:
        return metric.at(2)
    except ValueError:
        return metric


def _call(metric: Metric, toy: RatingDataset, predicted: FloatArray) -> float:
    """Compute the metric with the extras that it names; the scorer gives each item's mean in `predicted`."""
    sums = np.bincount(toy.item_idx, predicted, minlength=toy.n_items)
    means = sums / np.maximum(np.bincount(toy.item_idx, minlength=toy.n_items), 1)

    def scorer(user_idx: IntArray) -> FloatArray:
        return np.tile(means, (len(user_idx), 1))

    rows = {"user_idx": toy.user_idx, "item_idx": toy.item_idx, "train": toy}
    ranking = Ranking(scorer, toy.take(np.arange(0)), toy)
    extras: dict[str, Any] = {**rows, "scorer": scorer, "ranking": ranking, "std": np.ones(toy.n_ratings)}
    return metric(toy.ratings, predicted, **{name: extras[name] for name in metric.needs()})
