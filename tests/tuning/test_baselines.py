"""Baselines: the two averages in every comparison, added where a sweep lacks them."""

from __future__ import annotations

from typing import Any

from recbench.jobs.run import run
from recbench.results.records import Record
from recbench.tuning.baselines import is_baseline, missing_baseline_jobs
from tests.support.jobs import BIAS, job_of
from tests.support.made_records import changed


def _bias(**config: Any) -> Record:
    return run(job_of(metrics=["rmse"], **config))


def _user_mean() -> Record:
    return run(job_of("user_mean", metrics=["rmse"], model={"kind": "user_mean"}))


def test_both_baselines_are_missing_from_a_sweep_without_them() -> None:
    jobs = missing_baseline_jobs([_user_mean()])
    assert [(job.model, job.config.model) for job in jobs] == [
        ("global_mean", {"kind": "global_mean"}),
        ("bias", BIAS),
    ]


def test_baselines_are_scored_on_the_rows_of_the_sweep() -> None:
    record = _user_mean()
    baseline = run(missing_baseline_jobs([record])[0])
    assert (baseline.outcome.status, baseline.provenance.split_digest, baseline.provenance.data) == (
        "ok",
        record.provenance.split_digest,
        record.provenance.data,
    )
    assert is_baseline(baseline)


def test_a_baseline_that_was_swept_is_not_missing() -> None:
    assert [job.model for job in missing_baseline_jobs([_user_mean(), _bias()])] == ["global_mean"]


def test_bias_with_other_options_is_not_a_baseline() -> None:
    tuned = _bias(model=BIAS | {"reg_user": 50.0})
    assert not is_baseline(tuned)
    assert [job.model for job in missing_baseline_jobs([tuned])] == ["global_mean", "bias"]


def test_other_models_are_not_baselines() -> None:
    assert not is_baseline(_user_mean())


def test_baselines_are_added_for_each_split() -> None:
    folds = _bias(split={"kind": "k_fold", "n_folds": 2, "seed": 1})
    assert [(job.model, job.config.split["kind"]) for job in missing_baseline_jobs([_bias(), folds])] == [
        ("global_mean", "holdout"),
        ("global_mean", "k_fold"),
    ]


def test_a_sweep_of_failed_jobs_gets_no_baselines() -> None:
    assert missing_baseline_jobs([changed(_bias(), status="failed")]) == []
