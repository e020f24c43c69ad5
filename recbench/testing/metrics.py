"""The laws of a metric of predicted ratings. Each takes the `metric`."""

from __future__ import annotations

from typing import Any

import numpy as np

from recbench.array_types import FloatArray, IntArray
from recbench.contracts import MODEL_EXTRAS, Metric, RatingDataset
from recbench.metrics.ranking import Ranking
from recbench.testing.toy import toy_ratings


def check_value_is_a_finite_float(metric: Metric) -> None:
    """Arrays in, one finite float out."""
    toy, noisy = _scored(0.5)
    value = _call(metric, toy, noisy)
    assert isinstance(value, float), f"the value is {type(value).__name__}; return a float"
    assert np.isfinite(value), f"the value is {value}; return a finite number"


def check_perfect_is_best(metric: Metric) -> None:
    """No prediction scores better than the ratings themselves, and a worse one scores worse.

    A metric with a rank is cut at 2. One that looks beyond the predictions, at the fitted model, is free of this law.
    """
    if {*metric.needs()} & {*MODEL_EXTRAS}:
        return
    metric = _cut(metric)
    toy = toy_ratings()
    sign = -1 if metric.greater_is_better else 1
    best, near, far = (sign * _call(metric, toy, _scored(noise)[1]) for noise in (0.0, 0.3, 3.0))
    direction = "greater" if metric.greater_is_better else "smaller"
    assert best <= near < far, (
        f"perfect, near and far score {sign * best}, {sign * near}, {sign * far}; {direction} is better"
    )


def check_order_of_rows_is_irrelevant(metric: Metric) -> None:
    """Shuffling the rows leaves the value as it is."""
    toy, noisy = _scored(0.5)
    order = np.random.default_rng(1).permutation(toy.n_ratings)
    value, shuffled = _call(metric, toy, noisy), _call(metric, toy.take(order), noisy[order])
    assert np.isclose(value, shuffled, rtol=1e-9), f"{value} in one order of rows, {shuffled} in another"


class MetricConformance:
    """Every law as a test; parametrize the class with `metric`."""

    def test_value_is_a_finite_float(self, metric: Metric) -> None:
        check_value_is_a_finite_float(metric)

    def test_perfect_is_best(self, metric: Metric) -> None:
        check_perfect_is_best(metric)

    def test_order_of_rows_is_irrelevant(self, metric: Metric) -> None:
        check_order_of_rows_is_irrelevant(metric)


def _scored(noise: float) -> tuple[RatingDataset, FloatArray]:
    """The toy ratings, and predictions of them that are off by Gaussian noise of that deviation."""
    toy = toy_ratings()
    return toy, toy.ratings + np.random.default_rng(0).normal(scale=noise, size=toy.n_ratings)


def _cut(metric: Metric) -> Metric:
    """The metric cut at rank 2, where the toy's longer lists differ, if it has a rank."""
    try:
        return metric.at(2)
    except ValueError:
        return metric


def _call(metric: Metric, toy: RatingDataset, predicted: FloatArray) -> float:
    """The metric with the extras it names; its scorer knows every item's mean in `predicted`, and ranks all items."""
    sums = np.bincount(toy.item_idx, predicted, minlength=toy.n_items)
    means = sums / np.maximum(np.bincount(toy.item_idx, minlength=toy.n_items), 1)

    def scorer(user_idx: IntArray) -> FloatArray:
        return np.tile(means, (len(user_idx), 1))

    rows = {"user_idx": toy.user_idx, "item_idx": toy.item_idx, "train": toy}
    ranking = Ranking(scorer, toy.take(np.arange(0)), toy)
    extras: dict[str, Any] = {**rows, "scorer": scorer, "ranking": ranking, "std": np.ones(toy.n_ratings)}
    return metric(toy.ratings, predicted, **{name: extras[name] for name in metric.needs()})
