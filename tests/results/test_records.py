"""Records are read as they were written, completely or not at all."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recbench.results.records import OldRecordError, Record, Score, read_records, write_record
from recbench.runtime.atomic import write_text
from tests.support.made_records import changed, record_of

FLOATS = st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text(max_size=8)
PLAIN = st.none() | st.booleans() | st.integers() | FLOATS | TEXTS | st.lists(st.integers() | TEXTS, max_size=3)
MAPPINGS = st.dictionaries(TEXTS, PLAIN, max_size=3)
SCORES = st.dictionaries(
    TEXTS,
    st.builds(
        lambda folds, greater: Score.over(folds, greater_is_better=greater),
        st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=4),
        st.booleans(),
    ),
    max_size=3,
)
NAMES = st.lists(TEXTS, max_size=3).map(tuple)
RECORDS = st.builds(
    record_of,
    status=st.sampled_from(["ok", "failed", "timeout", "memory"]),
    cause=TEXTS,
    dataset=TEXTS,
    user_options=NAMES,
    seed=st.integers(0, 99),
    scored_on=st.sampled_from(["test", "valid"]),
    scores=SCORES,
    n_scored=st.integers(0, 10**9),
    cold_share=st.none() | FLOATS,
    fit_seconds=st.none() | FLOATS,
    versions=st.dictionaries(TEXTS, TEXTS, max_size=2),
    config=MAPPINGS,
)


# scores


def test_a_score_has_mean_and_sample_deviation() -> None:
    score = Score.over([0.9, 1.1, 1.0])
    assert (score.mean, score.std) == pytest.approx((1.0, 0.1))
    assert score.folds == (0.9, 1.1, 1.0)


def test_a_single_fold_has_no_deviation() -> None:
    assert Score.over([0.9], greater_is_better=True) == Score(0.9, 0.0, (0.9,), greater_is_better=True)


def test_a_score_with_a_fold_that_is_not_a_number_is_not_a_number() -> None:
    score = Score.over([math.nan, 1.0])
    assert math.isnan(score.mean)
    assert math.isnan(score.std)


def test_a_score_with_an_infinite_fold_is_infinite() -> None:
    assert Score.over([math.inf, 1.0]).mean == math.inf


# JSON


@settings(deadline=None, max_examples=80)
@given(RECORDS)
def test_json_round_trip_preserves_a_record(record: Record) -> None:
    assert Record.from_json(record.to_json()) == record


def test_json_round_trip_preserves_nan_scores() -> None:
    again = Record.from_json(record_of(scores={"r2": Score.over([math.nan])}).to_json())
    assert math.isnan(again.outcome.scores["r2"].mean)
    assert math.isnan(again.outcome.scores["r2"].folds[0])


def test_numbers_that_json_cannot_hold_are_null() -> None:
    written = json.loads(record_of(scores={"r2": Score.over([math.nan])}, options={"x": math.inf}).to_json())
    assert written["outcome"]["scores"]["r2"] == {
        "mean": None,
        "std": None,
        "folds": [None],
        "greater_is_better": False,
    }
    assert written["job"]["config"] == {"model": {"kind": "", "x": None}}


def test_tuples_in_options_are_written_as_lists() -> None:
    assert Record.from_json(record_of(options={"layers": (8, 4)}).to_json()).job.options == {"layers": [8, 4]}


def test_the_mean_is_computed_from_the_folds_not_read() -> None:
    raw = json.loads(record_of(scores={"rmse": Score.over([0.9, 1.1])}).to_json())
    raw["outcome"]["scores"]["rmse"]["mean"] = 0.1
    assert Record.from_json(json.dumps(raw)).outcome.scores["rmse"].mean == pytest.approx(1.0)


def test_keys_that_this_version_does_not_know_are_kept() -> None:
    raw = json.loads(record_of(model="bias").to_json()) | {"color": "red"}
    raw["outcome"]["shade"] = "dark"
    record = Record.from_json(json.dumps(raw))
    assert record.unknown == {"color": "red", "outcome": {"shade": "dark"}}
    assert json.loads(record.to_json()) == raw
    assert "unknown" not in raw


@pytest.mark.parametrize("text", ["[]", "3", "null", "{}", '{"schema": 3}', '{"schema": "2"}'])
def test_a_text_that_is_not_a_record_of_schema_2_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a record of schema 2"):
        Record.from_json(text)


def test_a_record_of_schema_1_is_refused_as_outdated() -> None:
    with pytest.raises(OldRecordError, match=r"written by an older version of recbench \(schema 1\)"):
        Record.from_json('{"schema": 1, "model": "bias"}')


def test_each_option_is_written_once() -> None:
    record = record_of(kind="mf", options={"n_factors": 81}, user_options=("n_factors",), scores={}, key="k")
    assert record.to_json().count("81") == 1
    assert record.job.options == {"n_factors": 81}


def test_options_of_a_fold_are_added_to_the_common_ones() -> None:
    record = record_of(kind="mf", options={"reg": 1, "k": 8}, options_per_fold=({}, {"reg": 2}))
    assert Record.from_json(record.to_json()).job.fold_options == [{"reg": 1, "k": 8}, {"reg": 2, "k": 8}]


# files


def test_records_are_read_in_the_order_of_their_job_numbers(tmp_path: Path) -> None:
    for number in (10, 2, 1):
        write_record(record_of(model=f"m{number}"), tmp_path / str(number))
    write_record(record_of(model="base"), tmp_path / "baseline-bias-3")
    assert [record.job.model for record in read_records(tmp_path)] == ["m1", "m2", "m10", "base"]


def test_records_of_an_older_version_are_skipped_with_one_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_record(record_of(model="new"), tmp_path / "0")
    for number in "12":
        write_text(tmp_path / number / "record.json", '{"schema": 1, "model": "old"}')
    assert [record.job.model for record in read_records(tmp_path)] == ["new"]
    assert caplog.messages == [
        f"skipped 2 records in {tmp_path} written by an older version of recbench; run the jobs again"
    ]


def test_an_empty_folder_has_no_records(tmp_path: Path) -> None:
    assert read_records(tmp_path) == []


def test_a_record_is_written_as_record_json_into_a_new_folder(tmp_path: Path) -> None:
    path = write_record(record_of(cause="„é“"), tmp_path / "a" / "b")
    assert path == tmp_path / "a" / "b" / "record.json"
    assert '"cause": "„é“"' in path.read_text(encoding="utf-8")


def _with_scores(scores: Any) -> str:
    raw = json.loads(record_of().to_json())
    raw["outcome"]["scores"] = scores
    return json.dumps(raw)


@pytest.mark.parametrize(
    "text",
    [
        "",
        '{"schema": 2, ',
        json.dumps({"schema": 3}),
        _with_scores({"rmse": {"mean": 0.9}}),
        _with_scores(["rmse"]),
        _with_scores({"rmse": 0.9}),
        _with_scores({"rmse": {"folds": [], "greater_is_better": False}}),
        _with_scores({"rmse": {"folds": ["low"], "greater_is_better": False}}),
    ],
    ids=["empty", "cut off", "schema", "no folds", "list of scores", "bare score", "zero folds", "text for a number"],
)
def test_a_file_that_is_not_a_record_is_named(tmp_path: Path, text: str) -> None:
    write_record(record_of(), tmp_path / "0")
    broken = tmp_path / "1" / "record.json"
    write_text(broken, text)
    with pytest.raises(ValueError, match="can't read") as caught:
        read_records(tmp_path)
    assert str(broken) in str(caught.value)
    assert str(caught.value).endswith("; remove the file or run its job again")


def test_an_existing_file_survives_a_failed_write(tmp_path: Path) -> None:
    path = tmp_path / "table.md"
    write_text(path, "old")
    with pytest.raises(UnicodeEncodeError):
        write_text(path, "new, and a lone surrogate \ud800")
    assert path.read_text() == "old"


def test_a_failed_write_leaves_no_temporary_file(tmp_path: Path) -> None:
    with pytest.raises(UnicodeEncodeError):
        write_text(tmp_path / "table.md", "\ud800")
    assert list(tmp_path.iterdir()) == []


def test_a_successful_write_leaves_no_temporary_file(tmp_path: Path) -> None:
    write_text(tmp_path / "table.md", "one")
    write_text(tmp_path / "table.md", "two")
    assert [path.name for path in tmp_path.iterdir()] == ["table.md"]
    assert (tmp_path / "table.md").read_text() == "two"


def test_a_written_file_can_be_read_by_others(tmp_path: Path) -> None:
    write_text(tmp_path / "table.md", "one")
    assert (tmp_path / "table.md").stat().st_mode & 0o777 == 0o644


def test_a_record_that_json_cannot_hold_leaves_the_old_file(tmp_path: Path) -> None:
    good = record_of(model="bias")
    path = write_record(good, tmp_path)
    with pytest.raises(TypeError):
        write_record(changed(good, options={"x": object()}), tmp_path)
    assert Record.from_json(path.read_text()) == good
