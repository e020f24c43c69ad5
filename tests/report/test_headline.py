"""The headline of a report: which model won, and whether the difference is significant."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from recbench.report.collect import comparisons
from recbench.report.headline import headline
from recbench.report.page import page
from recbench.results.rows import rows_of
from recbench.results.store import open_store
from tests.support.made_records import record_of
from tests.support.reports import Seen, compared, made


def test_a_significant_lead_is_called_so() -> None:
    found = headline(compared([made("a", 0.8), made("b", 0.85), made("bias", 0.9)], baselines=["bias"]))
    assert (found.title, found.verdict, found.sure) == ("a predicts best", "a significant difference", True)
    assert found.sentences[0] == "RMSE 0.8000 on the test set, 11.1% below the bias baseline."
    assert "b is next, with an RMSE 0.0500 higher (95 % CI 0.0400 to 0.0600)." in found.sentences[1]


def test_a_lead_that_is_not_significant_is_called_so() -> None:
    found = headline(compared([made("a", 0.8), made("b", 0.85), made("c", 0.9)], tied=["b"]))
    assert (found.verdict, found.sure) == ("no significant difference", False)
    assert found.sentences[1] == "It is not significantly better than b."


def test_a_lead_without_an_interval_is_called_not_tested() -> None:
    found = headline(rows_of([made("a", 0.8), made("b", 0.85)]))
    assert (found.verdict, found.sure) == ("not tested", False)
    assert found.sentences[1] == "b is next, 0.0500 behind; there is no interval for the difference."


def test_a_baseline_that_wins_is_named() -> None:
    found = headline(compared([made("bias", 0.8), made("b", 0.85)], baselines=["bias"]))
    assert found.title == "No model beats bias, a baseline"


def test_a_choice_made_on_the_test_set_is_not_called_significant() -> None:
    records = [made("a", 0.8 + size / 10, options={"size": size}) for size in (0, 1)]
    found = headline(compared(records))
    assert (found.title, found.verdict, found.sure) == ("a size=0 predicts best", "tuned on test", False)


def test_an_interrupted_sweep_has_no_test_result() -> None:
    found = headline(
        rows_of([made("a", 0.8 + size / 10, options={"size": size}, scored_on="valid") for size in (0, 1)])
    )
    assert found.title == "No test result yet"
    assert found.sentences[0].startswith("a size=0 is best on the validation set, with 0.8000")


def test_a_sweep_in_which_all_jobs_failed_lists_the_causes(tmp_path: Path) -> None:
    records = [record_of(model="a", dataset="ratings", status="failed", cause="out of cheese")]
    text = Seen(page(records, open_store(tmp_path), Path("outputs"))).text
    assert "Nothing finished" in text
    assert "out of cheese" in text


def test_a_failed_job_is_listed_after_the_others(tmp_path: Path) -> None:
    records = [made("a", 0.8), record_of(model="b", dataset="ratings_file", status="failed", cause="no luck")]
    (comparison,) = comparisons(records, open_store(tmp_path))
    assert [row.record.job.model for row in comparison.rows] == ["a", "b"]
    assert "1 of 2 jobs failed." in headline(comparison.rows).sentences


def test_each_dataset_has_its_own_headline(tmp_path: Path) -> None:
    other = {"dataset": "others", "data": dict(made("a", 1).provenance.data) | {"digest": "e"}}
    records = [made("a", 0.8), made("b", 0.9), made("a", 0.7, **other), made("b", 0.6, **other)]
    text = Seen(page(records, open_store(tmp_path), Path("outputs"))).text
    assert re.findall(r"(\w) predicts best", text) == ["b", "a"] * 2


@pytest.mark.parametrize(
    ("status", "sentence"), [("pruned", "stopped early"), ("from another version", "1 of 3 jobs failed")]
)
def test_a_candidate_that_did_not_finish_is_counted(status: str, sentence: str, tmp_path: Path) -> None:
    candidates = [made("m", 0.7, scored_on="valid", options={"size": size}) for size in (1, 2)]
    odd = made("m", 0.0, scored_on="valid", options={"size": 3}, status=status, cause="so far", scores={})
    assert sentence in Seen(page([*candidates, odd], open_store(tmp_path), Path("outputs"))).text
    with_test = [*candidates, odd, made("m", 0.8, options={"size": 1})]
    assert sentence in Seen(page(with_test, open_store(tmp_path), Path("outputs"))).text
    assert "Nothing finished" in Seen(page([odd], open_store(tmp_path), Path("outputs"))).text
