"""The first metric: its name, its score, and its value with lower being better."""

from __future__ import annotations

import math

import pytest

from recbench.results.first_metric import first_metric, first_score, loss, round_score
from recbench.results.records import Score

MAE, R2 = Score.over([0.7]), Score.over([0.3], greater_is_better=True)


def test_the_first_metric_is_the_one_listed_first() -> None:
    assert first_metric({"mae": MAE, "r2": R2}) == ("mae", MAE)
    assert first_score({"r2": R2, "mae": MAE}) == R2


def test_without_scores_there_is_no_first_metric() -> None:
    assert first_score({}) is None
    with pytest.raises(ValueError, match="no scores"):
        first_metric({})


def test_lower_loss_is_better_and_a_missing_value_is_the_worst() -> None:
    assert (loss(MAE), loss(R2)) == (0.7, -0.3)
    assert (loss(None), loss(Score.over([math.nan]))) == (math.inf, math.inf)


def test_losses_that_differ_only_by_rounding_are_equal() -> None:
    assert loss(Score.over([0.9])) == loss(Score.over([0.9 + 1e-9])) < loss(Score.over([0.90001]))


@pytest.mark.parametrize(
    ("score", "rounded"), [(0.87654321, 0.876543), (-87.654321, -87.6543), (0.0, 0.0), (-math.inf, -math.inf)]
)
def test_scores_are_rounded_to_six_significant_digits(score: float, rounded: float) -> None:
    assert round_score(score) == rounded


def test_a_rounded_nan_is_still_a_nan() -> None:
    assert math.isnan(round_score(math.nan))
