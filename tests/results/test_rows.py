"""The rows of a table: how records are grouped, ordered and noted."""

from __future__ import annotations

import math

import pytest

from recbench.results.records import Record, Score
from recbench.results.render import footnotes
from recbench.results.rows import Row, rows_of
from tests.support.made_records import DATA, failed_record, made_record, models_of

# order


def test_the_best_row_comes_first() -> None:
    assert models_of(rows_of([made_record("c", 1.2), made_record("a", 0.9), made_record("b", 1.0)])) == ["a", "b", "c"]


def test_the_highest_score_comes_first_where_greater_is_better() -> None:
    records = [
        made_record(name, value, metric="r2", greater=True) for name, value in (("a", 0.1), ("b", 0.4), ("c", -1))
    ]
    assert models_of(rows_of(records)) == ["b", "a", "c"]


def test_the_first_metric_decides() -> None:
    records = [
        made_record("a", 0, scores={"mae": Score.over([0.5]), "rmse": Score.over([2.0])}),
        made_record("b", 0, scores={"mae": Score.over([0.6]), "rmse": Score.over([1.0])}),
    ]
    assert models_of(rows_of(records)) == ["a", "b"]


@pytest.mark.parametrize("rounding", [1e-9, -1e-9])
def test_rows_that_differ_only_by_rounding_are_in_the_order_of_their_names(rounding: float) -> None:
    records = [made_record(name, score) for name, score in (("b", 0.9), ("a", 0.9 + rounding), ("c", 0.8999))]
    assert models_of(rows_of(records)) == ["c", "a", "b"]


def test_failed_rows_come_last_with_their_cause() -> None:
    rows = rows_of([failed_record("broken"), made_record("good", 1.0)])
    assert models_of(rows) == ["good", "broken"]
    assert (rows[1].ok, rows[1].notes) == (False, ("failed: it broke",))


def test_a_row_out_of_memory_says_so() -> None:
    (row,) = rows_of([failed_record("big", "the job ran out of memory", status="memory")])
    assert row.notes == ("memory: the job ran out of memory",)


def test_a_job_that_failed_before_reading_its_data_comes_last() -> None:
    # such a record has the dataset's kind instead of its name, which here is first in alphabetical order
    rows = rows_of([failed_record("broken", dataset="Kind"), made_record("good", 1.0)])
    assert models_of(rows) == ["good", "broken"]


def test_nan_scores_come_after_all_numbers() -> None:
    rows = rows_of([made_record("c", 0.9), made_record("none", math.nan), made_record("a", 0.7), made_record("b", 0.8)])
    assert models_of(rows) == ["a", "b", "c", "none"]


def test_rows_are_grouped_by_dataset_and_split() -> None:
    records = [
        made_record("a", 2.0, dataset="B"),
        made_record("b", 1.0, dataset="A", split="k_fold"),
        made_record("c", 1.5, dataset="B"),
        made_record("d", 3.0, dataset="A", split="holdout"),
    ]
    assert models_of(rows_of(records)) == ["d", "b", "c", "a"]


# replicates


def _replicates() -> list[Record]:
    return [
        made_record("mf", value, options={"reg": 0.1, "seed": seed}, seed=seed, fit_seconds=cost, peak_memory_mb=cost)
        for seed, value, cost in ((0, 0.9, 1.0), (1, 1.1, 3.0))
    ]


def test_records_that_differ_only_in_the_seed_are_one_row() -> None:
    (row,) = rows_of(_replicates())
    assert (row.n_seeds, row.notes) == (2, ("mean of 2 seeds",))
    assert row.scores["rmse"].mean == pytest.approx(1.0)
    assert row.scores["rmse"].std == pytest.approx(math.sqrt(0.02))


def test_costs_are_averaged_over_seeds() -> None:
    (row,) = rows_of(_replicates())
    assert (row.fit_seconds, row.peak_memory_mb) == (2.0, 2.0)


def test_a_cost_missing_for_one_seed_is_missing_in_the_row() -> None:
    first, second = _replicates()
    (row,) = rows_of([first, made_record("mf", 1.1, options={"reg": 0.1, "seed": 1}, peak_memory_mb=None)])
    assert row.peak_memory_mb is None
    assert second.outcome.peak_memory_mb == 3.0


def test_the_seed_is_not_shown_as_an_option() -> None:
    assert rows_of(_replicates())[0].options == {}


def test_a_failed_seed_is_a_row_of_its_own() -> None:
    first, second = _replicates()
    rows = rows_of([first, second, failed_record("mf", options={"reg": 0.1, "seed": 2})])
    assert [(row.ok, row.n_seeds) for row in rows] == [(True, 2), (False, 1)]


def test_two_failures_are_two_rows() -> None:
    assert len(rows_of([failed_record("mf"), failed_record("mf")])) == 2


def test_records_on_different_data_are_not_averaged() -> None:
    assert len(rows_of([made_record("mf", 1.0), made_record("mf", 2.0, data=DATA | {"digest": "d2"})])) == 2


def test_validation_and_test_scores_of_a_candidate_share_a_row_and_are_not_averaged() -> None:
    (row,) = rows_of([made_record("mf", 1.0), made_record("mf", 2.0, scored_on="valid")])
    assert row.valid is not None
    assert (row.scores["rmse"].mean, row.valid.mean) == (1.0, 2.0)


def test_candidates_without_a_test_score_come_after_those_with_one() -> None:
    sealed, better = made_record("mf", 0.5, scored_on="valid"), made_record("other", 0.4, scored_on="valid")
    rows = rows_of([sealed, made_record("bias", 1.0), better])
    assert models_of(rows) == ["bias", "other", "mf"]
    assert rows[2].scores == {}


def test_options_chosen_per_fold_are_a_row_of_their_own_with_all_values() -> None:
    candidates = [
        made_record("mf", 1.0, scored_on="valid", options={"reg": reg}, user_options=("reg",)) for reg in (1, 2)
    ]
    by_fold = ({"reg": 1}, {"reg": 2}, {"reg": 1})
    nested = made_record("mf", 0.9, options={"reg": 1}, user_options=("reg",), options_per_fold=by_fold)
    rows = rows_of([*candidates, nested])
    assert [row.label() for row in rows] == ["reg=1/2", "reg=1", "reg=2"]


def test_each_of_several_rows_scored_on_the_test_set_has_a_note() -> None:
    several = [made_record("mf", 1.0, options={"reg": reg}, user_options=("reg",)) for reg in (1, 2)]
    rows = rows_of([*several, made_record("ncf", 3.0)])
    assert [row.notes for row in rows] == [
        ("1 of 2 candidates scored on test",),
        ("1 of 2 candidates scored on test",),
        (),
    ]
    assert footnotes(rows)[0].startswith("test set opened 2 times for mf")


def test_variants_of_one_model_are_not_averaged() -> None:
    assert len(rows_of([made_record("mf", 1.0), made_record("mf_classic", 2.0, kind="mf")])) == 2


# options


def test_options_that_differ_between_rows_of_a_model_are_shown() -> None:
    rows = rows_of(
        [made_record("mf", 1.0, options={"k": 8, "reg": 0.1}), made_record("mf", 2.0, options={"k": 16, "reg": 0.1})]
    )
    assert [row.label() for row in rows] == ["k=8", "k=16"]


def test_options_set_by_the_user_are_shown() -> None:
    (row,) = rows_of([made_record("mf", 1.0, options={"k": 8, "reg": 0.2}, user_options=("reg",))])
    assert row.options == {"reg": 0.2}


def test_options_that_differ_only_between_models_are_not_shown() -> None:
    rows = rows_of([made_record("mf", 1.0, options={"k": 8}), made_record("ncf", 2.0, options={"k": 16})])
    assert [row.options for row in rows] == [{}, {}]


def test_options_are_formatted_as_on_the_command_line() -> None:
    options = {"name": "pearson", "flag": True, "limit": None, "layers": [8, 4], "reg": 0.1}
    row = Row(made_record("mf", 1.0), options)
    assert row.label() == "name=pearson flag=true limit=null layers=[8,4] reg=0.1"
