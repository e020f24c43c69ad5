"""The contract of a metric: the extras it asks for, and its cutoff."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from recbench import Metric
from recbench.array_types import FloatArray, IntArray


def _error(ratings: FloatArray, predicted: FloatArray) -> Any:
    return np.abs(ratings - predicted).max()


def _hits(ratings: FloatArray, predicted: FloatArray, k: int = 5, *, scorer: Any, user_idx: IntArray) -> float:
    return float(k)


def test_a_metric_gives_a_python_float() -> None:
    assert type(Metric(_error)(np.array([1.0]), np.array([1.5]))) is float


def test_a_plain_function_needs_nothing_more() -> None:
    assert Metric(_error).needs() == ()


def test_a_metric_needs_what_its_function_names() -> None:
    assert Metric(_hits).needs() == ("user_idx", "scorer")


def test_an_extra_with_a_default_is_needed_too() -> None:
    assert Metric(lambda ratings, predicted, train=None: 0.0).needs() == ("train",)


def test_unknown_required_parameter_is_refused() -> None:
    with pytest.raises(
        TypeError,
        match=r"metric has required parameters \['weights'\]; besides the two arrays it may ask for \['user_idx', ",
    ):
        Metric(lambda ratings, predicted, weights: 0.0)


def test_a_parameter_with_a_default_may_be_named_anything() -> None:
    assert Metric(lambda ratings, predicted, squared=True: 2.0)(np.ones(1), np.ones(1)) == 2.0


def test_variadic_parameters_are_not_required() -> None:
    assert Metric(lambda ratings, predicted, **options: 3.0).needs() == ()


def test_a_rank_binds_k() -> None:
    cut = Metric(_hits, greater_is_better=True).at(10)
    extras = {"scorer": None, "user_idx": np.zeros(1, int)}
    assert cut(np.ones(1), np.ones(1), **extras) == 10.0
    assert cut.needs() == ("user_idx", "scorer")
    assert cut.greater_is_better


def test_metric_without_k_has_no_cutoff() -> None:
    with pytest.raises(ValueError, match="metric has no parameter 'k' to set to 10; write its name without '@10'"):
        Metric(_error).at(10)


def test_lower_is_better_unless_said() -> None:
    assert not Metric(_error).greater_is_better


@pytest.mark.parametrize(
    ("name", "expected"), [("mean_absolute_error", 0.6), ("mean_squared_error", 0.5), ("r2_score", 0.75)]
)
def test_scikit_learn_functions_are_metrics_unchanged(name: str, expected: float) -> None:
    from sklearn import metrics

    metric = Metric(getattr(metrics, name))
    value = metric(np.array([5.0, 3, 4, 1, 2]), np.array([4.5, 3.5, 4, 2, 1]))
    assert value == pytest.approx(expected, abs=1e-12)
    assert metric.needs() == ()
