"""Filters of a run apply to training sets or the whole dataset, and are in the record and in the result's key."""

from __future__ import annotations

from typing import Any

import pytest

from recbench.config.schema import compose
from recbench.jobs import run as jobs
from recbench.jobs.job import Job
from recbench.jobs.preparation import load_folds, prepare
from recbench.jobs.record_labels import inputs_of
from recbench.results.records import Record
from recbench.results.store import content_key


def job(*overrides: str) -> Job:
    return Job(compose(["dataset=synthetic", "model=global_mean", *overrides]), "global_mean")


def run(*overrides: str) -> Record:
    record = jobs.run(job(*overrides))
    assert record.outcome.status == "ok", record.outcome.cause
    return record


def key(*overrides: str) -> str:
    return content_key(inputs_of(job(*overrides), prepare(job(*overrides))))


def test_the_training_set_is_filtered_and_every_test_row_is_scored() -> None:
    plain, filtered = run(), run("filters.min_rating=4")
    assert (filtered.outcome.n_scored, filtered.provenance.data["digest"]) == (
        plain.outcome.n_scored,
        plain.provenance.data["digest"],
    )
    assert 0 < filtered.outcome.n_train < plain.outcome.n_train
    # the mean of the ratings of 4 or more is above most test ratings
    assert filtered.outcome.scores["rmse"].mean > plain.outcome.scores["rmse"].mean + 0.3


def test_with_whole_set_the_dataset_is_filtered_before_it_is_split() -> None:
    plain, filtered = run(), run("filters.min_rating=4", "filters.whole_set=true")
    assert (
        filtered.outcome.n_train + filtered.outcome.n_scored
        == filtered.provenance.data["n_ratings"]
        < plain.provenance.data["n_ratings"]
    )
    assert filtered.job.dataset == "synthetic min_rating=4.0"
    assert filtered.outcome.scores["rmse"].mean < plain.outcome.scores["rmse"].mean


def test_a_validation_set_is_not_filtered() -> None:
    filtered, plain = prepare(job("filters.min_rating=4")), prepare(job())
    scored: list[Any] = []
    for each in (filtered, plain):
        (load,) = load_folds(Job(job().config, "global_mean", scored_on="valid"), each)
        train, valid = load()
        scored.append(valid.digest)
        assert (train.ratings.min() >= 4) == bool(each.filters)
    assert scored[0] == scored[1]


def test_filters_are_in_the_record_and_in_the_label_of_the_split() -> None:
    record = run("filters.k_core=2", "filters.since='1990-01-01'")
    assert record.job.split.endswith("train[since=1990-01-01 k_core=2]")
    assert record.job.config["filters"]["k_core"] == 2


def test_filters_change_the_content_key() -> None:
    keys = {key("filters.min_rating=4", *more) for more in ((), ("filters.k_core=2",), ("filters.whole_set=true",))}
    assert len(keys | {key()}) == 4
    assert key("filters.k_core=0", "filters.whole_set=true") == key()


@pytest.mark.parametrize("override", ["filters.min_rating=99", "filters.k_core=-1", "filters.until='a while ago'"])
def test_an_invalid_filter_is_the_cause_of_a_failed_job(override: str) -> None:
    record = jobs.run(job(override))
    assert record.outcome.status == "failed"
    assert "filters" in record.outcome.cause
