"""The notes of a table's rows: baselines, rows that do not beat bias, and how often the test set was opened."""

from __future__ import annotations

from typing import Any

import pytest

from recbench.results.records import Score
from recbench.results.render import footnotes
from recbench.results.rows import rows_of
from tests.support.made_records import is_baseline, made_record, record_of


def test_baselines_are_noted() -> None:
    rows = rows_of([made_record("bias", 1.0), made_record("global_mean", 1.2), made_record("mf", 0.9)], is_baseline)
    assert [row.notes for row in rows] == [(), ("baseline",), ("baseline",)]


def test_a_row_worse_than_the_bias_baseline_is_noted() -> None:
    rows = rows_of([made_record("bias", 1.0), made_record("mf", 1.1), made_record("ncf", 0.9)], is_baseline)
    assert {row.record.job.model: row.notes for row in rows} == {
        "ncf": (),
        "bias": ("baseline",),
        "mf": ("does not beat bias",),
    }


@pytest.mark.parametrize("rounding", [0.0, 1e-9])
def test_a_row_as_good_as_bias_is_not_noted(rounding: float) -> None:
    assert rows_of([made_record("bias", 1.0), made_record("mf", 1.0 + rounding)], is_baseline)[1].notes == ()


def test_a_lower_score_is_worse_where_greater_is_better() -> None:
    records = [made_record(name, value, metric="r2", greater=True) for name, value in (("bias", 0.3), ("mf", 0.2))]
    assert rows_of(records, is_baseline)[1].notes == ("does not beat bias",)


def test_bias_with_other_options_is_not_a_baseline() -> None:
    rows = rows_of([made_record("bias", 1.0), made_record("bias", 1.1, options={"reg_user": 90})], is_baseline)
    assert [row.notes for row in rows] == [("baseline",), ("does not beat bias",)]


def test_bias_on_another_dataset_does_not_count() -> None:
    rows = rows_of([made_record("bias", 1.0, dataset="A"), made_record("mf", 1.1, dataset="B")], is_baseline)
    assert rows[1].notes == ()


@pytest.mark.parametrize("times", [2, 3])
def test_the_footnotes_say_how_often_the_test_set_was_opened(times: int) -> None:
    rows = rows_of([made_record("mf", 1.0 + k, options={"k": f"{k}"}) for k in range(times)])
    assert footnotes(rows) == [
        f"test set opened {times} times for mf: choosing its best row here would be tuning on the test set",
    ]


@pytest.mark.parametrize("other", [{"scored_on": "valid"}, {"status": "failed"}, {"dataset": "Other"}])
def test_only_candidates_scored_on_the_same_test_set_are_counted(other: dict[str, Any]) -> None:
    rows = rows_of([made_record("mf", 1.0, options={"k": 8}), made_record("mf", 0.9, options={"k": 16}, **other)])
    assert footnotes(rows) == []


def test_the_footnotes_explain_does_not_beat_bias() -> None:
    rows = rows_of([made_record("bias", 1.0), made_record("mf", 1.1)], is_baseline)
    assert footnotes(rows) == ["does not beat bias: worse than the baseline of user and item biases"]


def test_a_plain_comparison_has_no_footnotes() -> None:
    assert footnotes(rows_of([made_record("mf", 1.0), made_record("ncf", 1.1)])) == []


def test_a_repeated_run_is_not_a_second_seed() -> None:
    old, new = (
        record_of(
            dataset="Toy", split="holdout", model="mf", created=created, scores={"rmse": Score.over([rmse])}, n_folds=1
        )
        for created, rmse in (("2026-01-01", 0.9), ("2026-01-02", 0.8))
    )
    for records in ([old, new], [new, old]):
        (row,) = rows_of(records)
        assert (row.n_seeds, row.scores["rmse"].mean) == (1, 0.8)
