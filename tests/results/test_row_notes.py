"""The notes of a table's rows: floors, what is worse, and how often test was opened."""

from __future__ import annotations

from typing import Any

import pytest

from recbench.results.records import Record, Score
from recbench.results.render import footnotes
from recbench.results.rows import rows_of
from tests.support.made_records import is_floor, made_record


def test_floors_are_noted() -> None:
    rows = rows_of([made_record("bias", 1.0), made_record("global_mean", 1.2), made_record("mf", 0.9)], is_floor)
    assert [row.notes for row in rows] == [(), ("floor",), ("floor",)]


def test_a_row_worse_than_the_bias_floor_is_noted() -> None:
    rows = rows_of([made_record("bias", 1.0), made_record("mf", 1.1), made_record("ncf", 0.9)], is_floor)
    assert {row.record.model: row.notes for row in rows} == {
        "ncf": (),
        "bias": ("floor",),
        "mf": ("worse than bias",),
    }


def test_a_row_as_good_as_bias_is_not_worse() -> None:
    assert rows_of([made_record("bias", 1.0), made_record("mf", 1.0)], is_floor)[1].notes == ()


def test_worse_is_less_where_greater_is_better() -> None:
    records = [made_record(name, value, metric="r2", greater=True) for name, value in (("bias", 0.3), ("mf", 0.2))]
    assert rows_of(records, is_floor)[1].notes == ("worse than bias",)


def test_bias_with_other_options_is_no_floor_and_may_be_worse() -> None:
    rows = rows_of([made_record("bias", 1.0), made_record("bias", 1.1, options={"reg_user": 90})], is_floor)
    assert [row.notes for row in rows] == [("floor",), ("worse than bias",)]


def test_bias_on_another_data_set_does_not_count() -> None:
    rows = rows_of([made_record("bias", 1.0, dataset="A"), made_record("mf", 1.1, dataset="B")], is_floor)
    assert rows[1].notes == ()


@pytest.mark.parametrize("times", [2, 3])
def test_the_footnotes_tell_how_often_test_was_opened(times: int) -> None:
    rows = rows_of([made_record("mf", 1.0 + k, options={"k": f"{k}"}) for k in range(times)])
    assert footnotes(rows) == [
        f"test opened {times} times for mf: picking its best row here would be tuning on test",
    ]


@pytest.mark.parametrize("other", [{"part": "valid"}, {"status": "failed"}, {"dataset": "Other"}])
def test_what_did_not_open_the_same_test_is_not_counted(other: dict[str, Any]) -> None:
    rows = rows_of([made_record("mf", 1.0, options={"k": 8}), made_record("mf", 0.9, options={"k": 16}, **other)])
    assert footnotes(rows) == []


def test_the_footnotes_explain_worse_than_bias() -> None:
    rows = rows_of([made_record("bias", 1.0), made_record("mf", 1.1)], is_floor)
    assert footnotes(rows) == ["worse than bias: a model that adds nothing to two averages and a damping"]


def test_a_plain_comparison_has_no_footnotes() -> None:
    assert footnotes(rows_of([made_record("mf", 1.0), made_record("ncf", 1.1)])) == []


def test_a_run_made_again_is_no_second_seed() -> None:
    old, new = (
        Record(
            dataset="Toy", split="holdout", model="mf", created=created, scores={"rmse": Score.over([rmse])}, n_folds=1
        )
        for created, rmse in (("2026-01-01", 0.9), ("2026-01-02", 0.8))
    )
    for records in ([old, new], [new, old]):
        (row,) = rows_of(records)
        assert (row.n_seeds, row.scores["rmse"].mean) == (1, 0.8)
