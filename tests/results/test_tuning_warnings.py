"""Tuning warnings: what the footnotes say about how the rows were tuned."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from recbench.results.records import Record, Score
from recbench.results.render import footnotes
from recbench.results.rows import rows_of
from recbench.results.tuning_warnings import tuning_warnings
from tests.support.made_records import record_of


def _candidate(value: Any, rmse: float, model: str = "mf", **fields: Any) -> Record:
    values: dict[str, Any] = {
        "dataset": "Toy",
        "split": "holdout",
        "model": model,
        "kind": model,
        "options": {"n_factors": value, "solver": "als"},
        "scored_on": "valid",
        "scores": {"rmse": Score.over([rmse])},
        "n_folds": 1,
        "data": {"digest": "d"},
    }
    return record_of(**values | fields)


def _tuned(values: dict[Any, float], best: Any, **fields: Any) -> list[Record]:
    """Return a sweep's records: one validation score per value, and the test score of the best."""
    opened = _candidate(best, 0.9, scored_on="test", **fields)
    return [*(_candidate(value, rmse, **fields) for value, rmse in values.items()), opened]


def test_a_best_value_at_the_edge_of_a_sweep_gives_a_warning() -> None:
    rows = rows_of(_tuned({8: 0.9, 16: 0.8, 32: 0.7}, 32))
    assert tuning_warnings(rows) == ["best n_factors=32 of mf is at the edge of the searched range 8…32; widen it"]


def test_a_best_value_inside_a_sweep_is_fine() -> None:
    assert tuning_warnings(rows_of(_tuned({8: 0.9, 16: 0.7, 32: 0.8}, 16))) == []


def test_two_values_are_too_few_to_warn() -> None:
    assert tuning_warnings(rows_of(_tuned({8: 0.9, 16: 0.7}, 16))) == []


def test_the_edge_of_a_search_is_that_of_its_space() -> None:
    searched = {"config": {"search": {"_trial": {"ranges": {"n_factors": [4, 64, True]}}}}}
    inside = _tuned({8: 0.9, 16: 0.8, 32: 0.7}, 32, **searched)
    near = _tuned({8: 0.9, 16: 0.8, 62: 0.7}, 62, **searched)
    assert tuning_warnings(rows_of(inside)) == []
    assert tuning_warnings(rows_of(near)) == [
        "best n_factors=62 of mf is at the edge of the searched range 4…64; widen it"
    ]


def test_the_choice_of_each_fold_is_checked() -> None:
    folds = ({"n_factors": 16, "solver": "als"}, {"n_factors": 32, "solver": "als"})
    records = [_candidate(value, rmse) for value, rmse in {8: 0.9, 16: 0.8, 32: 0.7}.items()]
    opened = _candidate(16, 0.9, scored_on="test", options_per_fold=folds, user_options=("n_factors",))
    assert tuning_warnings(rows_of([*records, opened])) == [
        "best n_factors=32 of mf is at the edge of the searched range 8…32; widen it"
    ]


def test_unequal_numbers_of_candidates_give_a_warning() -> None:
    records = [*_tuned({8: 0.9, 16: 0.7, 32: 0.8}, 16), _candidate(8, 0.95, "svdpp")]
    assert tuning_warnings(rows_of(records)) == [
        "unequal numbers of candidates: mf 3 (0.0 CPU s), svdpp 1 (0.0 CPU s); more trials, more chances to get lucky"
    ]


def test_a_search_that_varies_nothing_gives_a_warning() -> None:
    records = [
        _candidate(8, 0.9, scored_on=part, config={"search": {"_trial": {"ranges": {}}}}) for part in ("valid", "test")
    ]
    assert tuning_warnings(rows_of(records)) == ["nothing to search for mf: it has no free option with a search space"]


def test_a_failed_candidate_counts_as_a_candidate() -> None:
    failed = _candidate(64, 0.0, "svdpp", status="failed", scores={})
    records = [_candidate(8, 0.9), _candidate(16, 0.8), _candidate(8, 0.9, "svdpp"), failed]
    assert tuning_warnings(rows_of(records)) == []


def test_a_baseline_is_not_a_candidate() -> None:
    baseline = _candidate(0, 1.0, "bias", scored_on="test")
    rows = rows_of([*_tuned({8: 0.9, 16: 0.7, 32: 0.8}, 16), baseline], lambda record: record.job.kind == "bias")
    assert tuning_warnings(rows) == []


def test_models_that_were_not_tuned_are_not_compared_by_number_of_candidates() -> None:
    records = [_candidate(8, 0.9, scored_on="test"), _candidate(8, 0.8, "svdpp", scored_on="test")]
    assert tuning_warnings(rows_of(records)) == []


def test_a_choice_between_equivalent_candidates_gives_a_warning() -> None:
    rows = [
        replace(row, n_equivalent_candidates=2 if row.scores else 0)
        for row in rows_of(_tuned({8: 0.9, 16: 0.7, 32: 0.8, 64: 0.9}, 16))
    ]
    assert tuning_warnings(rows) == [
        "3 candidates of mf do not differ significantly on validation; the choice between them is arbitrary"
    ]


def test_the_footnotes_include_the_warnings() -> None:
    rows = rows_of(_tuned({8: 0.9, 16: 0.8, 32: 0.7}, 32))
    assert "best n_factors=32 of mf is at the edge of the searched range 8…32; widen it" in footnotes(rows)
