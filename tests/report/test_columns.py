"""The columns of the report's tables."""

from __future__ import annotations

from recbench.report.columns import breakdown_columns
from recbench.results.breakdown import BreakdownRow


def test_rmse_that_differ_only_by_rounding_are_marked_as_the_best_alike() -> None:
    errors = {"a": 0.9, "b": 0.9 + 1e-9, "c": 0.9001}
    breakdowns = {name: [BreakdownRow("user", "few", 10, rmse)] for name, rmse in errors.items()}
    *_, a, b, c = breakdown_columns("user", ["few"], breakdowns)
    assert [column.cells[0].best for column in (a, b, c)] == [True, True, False]
