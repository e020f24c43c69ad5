"""Collecting: the best candidate of a search."""

from __future__ import annotations

import pytest

from recbench.report.collect import Candidate, Search


@pytest.mark.parametrize("rounding", [1e-9, -1e-9])
@pytest.mark.parametrize(("greater_is_better", "worse"), [(False, 0.6), (True, 0.4)])
def test_the_first_of_candidates_that_differ_only_by_rounding_is_the_best(
    rounding: float, worse: float, *, greater_is_better: bool
) -> None:
    candidates = [Candidate({}, score) for score in (worse, 0.5, 0.5 + rounding)]
    assert Search("mf", "rmse", greater_is_better, candidates, {}).best == 1
