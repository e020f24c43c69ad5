"""The columns of a comparison: their names and order, each defined once."""

from __future__ import annotations

import csv
import io
import math

import pytest

from recbench.report import columns as report
from recbench.results import columns
from recbench.results.records import Record, Score
from recbench.results.render import as_csv, as_markdown, as_text
from recbench.results.rows import Row, rows_of
from recbench.results.significance import Difference
from recbench.results.tables import Column
from tests.support.made_records import failed_record, made_record

TESTED = made_record("mf", 0.9, scores={"rmse": Score.over([0.9]), "mae": Score.over([0.7])}, options={"k": 8})
VALIDATED = made_record("mf", 0.95, scored_on="valid", options={"k": 8})


def compared(record: Record) -> Row:
    (row,) = rows_of([record])
    return Row(
        row.record, row.options, row.scores, vs_best=Difference(0.1, 0.05, 0.15, 0.01), p_value_folds=0.02, n_seeds=2
    )


def text_heads(rows: list[Row]) -> list[str]:
    return [column.head for column in columns.table_columns(rows, "text")]


def report_heads(rows: list[Row]) -> list[str]:
    return [column.head for column in report.columns(rows)]


def csv_keys(rows: list[Row]) -> list[str]:
    return [column.csv_key for column in columns.csv_columns(rows)]


def test_a_new_column_is_in_every_form_of_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    new: Column[Row] = Column("cold_share", "cold", lambda row: row.record.outcome.cold_share, ".2%", "cold_share")
    monkeypatch.setattr(columns, "COVERAGE", (*columns.COVERAGE, new))
    rows = rows_of([TESTED])
    assert "cold  fit s" in as_text(rows)
    assert "| 5.00% | 1.00 |" in as_markdown(rows)
    assert next(csv.DictReader(io.StringIO(as_csv(rows))))["cold_share"] == "0.05"
    assert [each.cells[0].text for each in report.columns(rows) if each.head == "cold"] == ["5.00%"]


def test_the_heads_of_a_comparison() -> None:
    rows = [compared(TESTED)]
    comparison = ["Δ RMSE vs best [95 % CI]", "p over folds"]
    costs = ["fit s", "predict s", "memory MB", "notes"]
    assert text_heads(rows) == ["model", "RMSE", "MAE", *comparison, "fallback", *costs]
    costs[1] = "ms per 1,000"
    assert report_heads(rows) == ["model", "RMSE", *comparison, "MAE", "fallback", *costs]


def test_the_csv_starts_with_the_columns_that_every_table_has() -> None:
    costs = ["fit_seconds", "predict_seconds", "peak_memory_mb", "fallback_share", "status", "cause"]
    always = ["dataset", "split", "model", "options", "rmse", "mae", *costs]
    comparison = ["difference", "low", "high", "p_value", "p_folds"]
    assert csv_keys(rows_of([TESTED])) == always
    assert csv_keys([compared(TESTED)]) == [*always, *comparison]
    assert csv_keys(rows_of([TESTED, VALIDATED])) == [*always, "valid_rmse"]


def test_keys_and_heads_are_unique_within_a_table() -> None:
    rows = [compared(TESTED), *rows_of([TESTED, VALIDATED])]
    for names in (text_heads(rows), report_heads(rows), csv_keys(rows)):
        assert len(names) == len(set(names))


def test_a_report_without_test_scores_shows_validation_scores_only() -> None:
    heads = report_heads(rows_of([VALIDATED]))
    assert "valid RMSE" in heads
    assert "RMSE" not in heads


def test_every_number_of_the_report_has_a_meaning() -> None:
    unexplained = [each.head for each in report.columns([compared(TESTED)]) if each.numeric and not each.meaning]
    assert unexplained == []


def test_a_missing_value_is_a_dash_in_print_and_empty_in_csv() -> None:
    rows = rows_of([made_record("mf", math.nan, peak_memory_mb=None), failed_record("ncf")])
    assert as_text(rows).split("\n")[-2].split() == ["mf", "–", "10.0%", "1.00", "0.50", "–"]
    mf, ncf = csv.DictReader(io.StringIO(as_csv(rows)))
    assert (mf["rmse"], mf["peak_memory_mb"], ncf["fit_seconds"]) == ("", "", "")


def test_latency_is_per_1000_predictions() -> None:
    (row,) = rows_of([made_record("mf", 0.9, predict_seconds=0.5, n_scored=2000)])
    assert columns.latency_ms(row) == 250
    (row,) = rows_of([made_record("mf", 0.9, predict_seconds=None)])
    assert columns.latency_ms(row) is None
