"""The first metric: its name, its score, and its value with lower being better."""

from __future__ import annotations

import math

import pytest

from recbench.results.first_metric import first_metric, first_score, loss
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
