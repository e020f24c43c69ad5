"""The headline of a report: who won, and whether that is real."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from recbench.report.collect import comparisons
from recbench.report.headline import headline
from recbench.report.page import page
from recbench.results.rows import rows_of
from recbench.results.store import Store
from tests.support.made_records import record_of
from tests.support.reports import Seen, compared, made


def test_a_lead_beyond_chance_is_called_real() -> None:
    told = headline(compared([made("a", 0.8), made("b", 0.85), made("bias", 0.9)], baselines=["bias"]))
    assert (told.title, told.verdict, told.sure) == ("a predicts best", "a real difference", True)
    assert told.told[0] == "RMSE 0.8000 on the test part, 11.1% below the bias baseline."
    assert "b is next, 0.0500 of RMSE behind (95 % interval 0.0400 to 0.0600)" in told.told[1]


def test_a_lead_within_chance_is_called_a_tie() -> None:
    told = headline(compared([made("a", 0.8), made("b", 0.85), made("c", 0.9)], tied=["b"]))
    assert (told.verdict, told.sure) == ("a tie", False)
    assert told.told[1] == "It can't be told from b: the lead may be chance."


def test_a_lead_without_an_interval_is_called_untested() -> None:
    told = headline(rows_of([made("a", 0.8), made("b", 0.85)]))
    assert (told.verdict, told.sure) == ("not tested", False)
    assert told.told[1] == "b is next, 0.0500 behind; there is no interval for that."


def test_a_baseline_that_wins_is_named() -> None:
    told = headline(compared([made("bias", 0.8), made("b", 0.85)], baselines=["bias"]))
    assert told.title == "No model beats bias, a baseline"


def test_a_choice_made_on_test_is_no_real_difference() -> None:
    records = [made("a", 0.8 + size / 10, options={"size": size}) for size in (0, 1)]
    told = headline(compared(records))
    assert (told.title, told.verdict, told.sure) == ("a size=0 predicts best", "tuned on test", False)


def test_a_sweep_that_was_cut_off_is_told() -> None:
    told = headline(rows_of([made("a", 0.8 + size / 10, options={"size": size}, scored_on="valid") for size in (0, 1)]))
    assert told.title == "No test result yet"
    assert told.told[0].startswith("a size=0 is best on the validation part, with 0.8000")


def test_a_sweep_in_which_all_failed_is_told(tmp_path: Path) -> None:
    records = [record_of(model="a", dataset="ratings", status="failed", cause="out of cheese")]
    text = Seen(page(records, Store(tmp_path), Path("outputs"))).text
    assert "Nothing finished" in text
    assert "out of cheese" in text


def test_a_failed_job_stands_beside_the_others(tmp_path: Path) -> None:
    records = [made("a", 0.8), record_of(model="b", dataset="ratings_file", status="failed", cause="no luck")]
    (comparison,) = comparisons(records, Store(tmp_path))
    assert [row.record.job.model for row in comparison.rows] == ["a", "b"]
    assert "1 of 2 jobs failed." in headline(comparison.rows).told


def test_each_data_set_has_a_headline_of_its_own(tmp_path: Path) -> None:
    other = {"dataset": "others", "data": dict(made("a", 1).provenance.data) | {"digest": "e"}}
    records = [made("a", 0.8), made("b", 0.9), made("a", 0.7, **other), made("b", 0.6, **other)]
    text = Seen(page(records, Store(tmp_path), Path("outputs"))).text
    assert re.findall(r"(\w) predicts best", text) == ["b", "a"] * 2


@pytest.mark.parametrize(
    ("status", "told"), [("pruned", "stopped early"), ("from another version", "1 of 3 jobs failed")]
)
def test_a_candidate_that_did_not_finish_is_counted_and_breaks_nothing(status: str, told: str, tmp_path: Path) -> None:
    candidates = [made("m", 0.7, scored_on="valid", options={"size": size}) for size in (1, 2)]
    odd = made("m", 0.0, scored_on="valid", options={"size": 3}, status=status, cause="so far", scores={})
    assert told in Seen(page([*candidates, odd], Store(tmp_path), Path("outputs"))).text
    with_test = [*candidates, odd, made("m", 0.8, options={"size": 1})]
    assert told in Seen(page(with_test, Store(tmp_path), Path("outputs"))).text
    assert "Nothing finished" in Seen(page([odd], Store(tmp_path), Path("outputs"))).text
