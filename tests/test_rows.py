"""The table: which rows there are, in which order, and what is noted of them."""

from __future__ import annotations

import math
from typing import Any

import pytest

from recbench.records import Record, Score
from recbench.rows import Row, rows_of
from recbench.table import footnotes

DATA = {"n_users": 1000, "n_items": 50, "n_ratings": 10_000, "rating_scale": [1.0, 5.0], "digest": "d1"}


def _record(model: str, *folds: float, metric: str = "rmse", greater: bool = False, **changes: Any) -> Record:
    values: dict[str, Any] = {
        "dataset": "Toy",
        "split": "holdout",
        "model": model,
        "kind": model,
        "scores": {metric: Score.over(folds, greater_is_better=greater)},
        "n_test": 2000,
        "cold_share": 0.05,
        "fallback_share": 0.1,
        "fit_seconds": 1.0,
        "predict_seconds": 0.5,
        "peak_memory_mb": 10.0,
        "data": DATA,
    }
    return Record(**values | changes)


def _failed(model: str, cause: str = "it broke", **changes: Any) -> Record:
    return _record(model, 0.0, **{"status": "failed", "cause": cause, "scores": {}, "data": {}} | changes)


def _floor(record: Record) -> bool:
    return record.kind in ("global_mean", "bias") and not record.options


def _models(rows: list[Row]) -> list[str]:
    return [row.record.model for row in rows]


# order


def test_the_best_row_comes_first() -> None:
    assert _models(rows_of([_record("c", 1.2), _record("a", 0.9), _record("b", 1.0)])) == ["a", "b", "c"]


def test_the_greatest_comes_first_where_greater_is_better() -> None:
    records = [_record(name, value, metric="r2", greater=True) for name, value in (("a", 0.1), ("b", 0.4), ("c", -1))]
    assert _models(rows_of(records)) == ["b", "a", "c"]


def test_the_first_metric_decides() -> None:
    records = [
        _record("a", 0, scores={"mae": Score.over([0.5]), "rmse": Score.over([2.0])}),
        _record("b", 0, scores={"mae": Score.over([0.6]), "rmse": Score.over([1.0])}),
    ]
    assert _models(rows_of(records)) == ["a", "b"]


def test_what_failed_comes_last_with_its_cause() -> None:
    rows = rows_of([_failed("broken"), _record("good", 1.0)])
    assert _models(rows) == ["good", "broken"]
    assert (rows[1].ok, rows[1].notes) == (False, ("failed: it broke",))


def test_a_row_out_of_memory_says_so() -> None:
    (row,) = rows_of([_failed("big", "the job ran out of memory", status="memory")])
    assert row.notes == ("memory: the job ran out of memory",)


def test_what_failed_before_its_data_was_read_comes_last_too() -> None:
    # such a record knows the data set by its kind alone, and this one sorts before the name
    rows = rows_of([_failed("broken", dataset="Kind"), _record("good", 1.0)])
    assert _models(rows) == ["good", "broken"]


def test_a_score_that_is_not_a_number_comes_after_all_numbers() -> None:
    rows = rows_of([_record("c", 0.9), _record("none", math.nan), _record("a", 0.7), _record("b", 0.8)])
    assert _models(rows) == ["a", "b", "c", "none"]


def test_data_sets_and_splits_stand_together() -> None:
    records = [
        _record("a", 2.0, dataset="B"),
        _record("b", 1.0, dataset="A", split="k_fold"),
        _record("c", 1.5, dataset="B"),
        _record("d", 3.0, dataset="A", split="holdout"),
    ]
    assert _models(rows_of(records)) == ["d", "b", "c", "a"]


# replicates


def _replicates() -> list[Record]:
    return [
        _record("mf", value, options={"reg": 0.1, "seed": seed}, seed=seed, fit_seconds=cost, peak_memory_mb=cost)
        for seed, value, cost in ((0, 0.9, 1.0), (1, 1.1, 3.0))
    ]


def test_records_that_differ_in_the_seed_alone_are_one_row() -> None:
    (row,) = rows_of(_replicates())
    assert (row.n_seeds, row.notes) == (2, ("mean of 2 seeds",))
    assert row.scores["rmse"].mean == pytest.approx(1.0)
    assert row.scores["rmse"].std == pytest.approx(math.sqrt(0.02))


def test_costs_are_averaged_over_seeds() -> None:
    (row,) = rows_of(_replicates())
    assert (row.fit_seconds, row.peak_memory_mb) == (2.0, 2.0)


def test_a_cost_that_one_seed_lacks_is_absent() -> None:
    first, second = _replicates()
    (row,) = rows_of([first, _record("mf", 1.1, options={"reg": 0.1, "seed": 1}, peak_memory_mb=None)])
    assert row.peak_memory_mb is None
    assert second.peak_memory_mb == 3.0


def test_the_seed_is_no_option_of_the_table() -> None:
    assert rows_of(_replicates())[0].options == {}


def test_a_failed_seed_stays_a_row_of_its_own() -> None:
    first, second = _replicates()
    rows = rows_of([first, second, _failed("mf", options={"reg": 0.1, "seed": 2})])
    assert [(row.ok, row.n_seeds) for row in rows] == [(True, 2), (False, 1)]


def test_two_failures_are_two_rows() -> None:
    assert len(rows_of([_failed("mf"), _failed("mf")])) == 2


def test_records_on_other_data_are_not_averaged() -> None:
    assert len(rows_of([_record("mf", 1.0), _record("mf", 2.0, data=DATA | {"digest": "d2"})])) == 2


def test_validation_and_test_scores_of_a_candidate_share_a_row_and_are_not_averaged() -> None:
    (row,) = rows_of([_record("mf", 1.0), _record("mf", 2.0, part="valid")])
    assert row.valid is not None
    assert (row.scores["rmse"].mean, row.valid.mean) == (1.0, 2.0)


def test_a_sealed_candidate_has_no_test_score_and_comes_after_those_that_have() -> None:
    sealed, better = _record("mf", 0.5, part="valid"), _record("other", 0.4, part="valid")
    rows = rows_of([sealed, _record("bias", 1.0), better])
    assert _models(rows) == ["bias", "other", "mf"]
    assert rows[2].scores == {}


def test_a_choice_made_fold_by_fold_is_a_row_of_its_own_with_the_values_that_occur() -> None:
    candidates = [_record("mf", 1.0, part="valid", options={"reg": reg}, changed={"reg": reg}) for reg in (1, 2)]
    by_fold = ({"reg": 1}, {"reg": 2}, {"reg": 1})
    nested = _record("mf", 0.9, options={"reg": 1}, changed={"reg": 1}, by_fold=by_fold)
    rows = rows_of([*candidates, nested])
    assert [row.label() for row in rows] == ["reg=1/2", "reg=1", "reg=2"]


def test_each_row_of_several_that_opened_the_test_part_says_so() -> None:
    several = [_record("mf", 1.0, options={"reg": reg}, changed={"reg": reg}) for reg in (1, 2)]
    rows = rows_of([*several, _record("ncf", 3.0)])
    assert [row.notes for row in rows] == [("1 of 2 that opened test",), ("1 of 2 that opened test",), ()]
    assert footnotes(rows)[0].startswith("test opened 2 times for mf")


def test_variants_of_one_kind_are_not_averaged() -> None:
    assert len(rows_of([_record("mf", 1.0), _record("mf_classic", 2.0, kind="mf")])) == 2


# options


def test_options_that_differ_between_rows_of_a_model_are_shown() -> None:
    rows = rows_of(
        [_record("mf", 1.0, options={"k": 8, "reg": 0.1}), _record("mf", 2.0, options={"k": 16, "reg": 0.1})]
    )
    assert [row.label() for row in rows] == ["k=8", "k=16"]


def test_options_that_somebody_set_are_shown() -> None:
    (row,) = rows_of([_record("mf", 1.0, options={"k": 8, "reg": 0.2}, changed={"reg": 0.2})])
    assert row.options == {"reg": 0.2}


def test_options_that_differ_between_models_alone_are_not_shown() -> None:
    rows = rows_of([_record("mf", 1.0, options={"k": 8}), _record("ncf", 2.0, options={"k": 16})])
    assert [row.options for row in rows] == [{}, {}]


def test_options_are_written_as_they_would_be_typed() -> None:
    options = {"name": "pearson", "flag": True, "limit": None, "layers": [8, 4], "reg": 0.1}
    row = Row(_record("mf", 1.0), options)
    assert row.label() == "name=pearson flag=true limit=null layers=[8,4] reg=0.1"


# notes


def test_floors_are_noted() -> None:
    rows = rows_of([_record("bias", 1.0), _record("global_mean", 1.2), _record("mf", 0.9)], _floor)
    assert [row.notes for row in rows] == [(), ("floor",), ("floor",)]


def test_a_row_worse_than_the_bias_floor_is_noted() -> None:
    rows = rows_of([_record("bias", 1.0), _record("mf", 1.1), _record("ncf", 0.9)], _floor)
    assert {row.record.model: row.notes for row in rows} == {
        "ncf": (),
        "bias": ("floor",),
        "mf": ("worse than bias",),
    }


def test_a_row_as_good_as_bias_is_not_worse() -> None:
    assert rows_of([_record("bias", 1.0), _record("mf", 1.0)], _floor)[1].notes == ()


def test_worse_is_less_where_greater_is_better() -> None:
    records = [_record(name, value, metric="r2", greater=True) for name, value in (("bias", 0.3), ("mf", 0.2))]
    assert rows_of(records, _floor)[1].notes == ("worse than bias",)


def test_bias_with_other_options_is_no_floor_and_may_be_worse() -> None:
    rows = rows_of([_record("bias", 1.0), _record("bias", 1.1, options={"reg_user": 90})], _floor)
    assert [row.notes for row in rows] == [("floor",), ("worse than bias",)]


def test_bias_on_another_data_set_does_not_count() -> None:
    rows = rows_of([_record("bias", 1.0, dataset="A"), _record("mf", 1.1, dataset="B")], _floor)
    assert rows[1].notes == ()


@pytest.mark.parametrize("times", [2, 3])
def test_the_footnotes_tell_how_often_test_was_opened(times: int) -> None:
    rows = rows_of([_record("mf", 1.0 + k, options={"k": f"{k}"}) for k in range(times)])
    assert footnotes(rows) == [
        f"test opened {times} times for mf: picking its best row here would be tuning on test",
    ]


@pytest.mark.parametrize("other", [{"part": "valid"}, {"status": "failed"}, {"dataset": "Other"}])
def test_what_did_not_open_the_same_test_is_not_counted(other: dict[str, Any]) -> None:
    rows = rows_of([_record("mf", 1.0, options={"k": 8}), _record("mf", 0.9, options={"k": 16}, **other)])
    assert footnotes(rows) == []


def test_the_footnotes_explain_worse_than_bias() -> None:
    rows = rows_of([_record("bias", 1.0), _record("mf", 1.1)], _floor)
    assert footnotes(rows) == ["worse than bias: a model that adds nothing to two averages and a damping"]


def test_a_plain_comparison_has_no_footnotes() -> None:
    assert footnotes(rows_of([_record("mf", 1.0), _record("ncf", 1.1)])) == []


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
