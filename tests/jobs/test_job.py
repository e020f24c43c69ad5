"""Jobs: every job gives a record of what was run, also when it fails."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from recbench.jobs.job import Job, cause_of
from recbench.jobs.preparation import prepare
from recbench.jobs.run import run
from recbench.models.baselines.bias import Bias
from recbench.registry.registry import UnknownNameError, installed
from tests.support.command import write_plugin
from tests.support.jobs import BIAS, CONFIG, job_of

PLUGIN = """
from dataclasses import dataclass
import numpy as np
from recbench import RatingModel, hookimpl

ERRORS = {
    "value": ValueError("two\\nlines"),
    "memory": MemoryError("1 TB"),
    "key": KeyError("lost"),
}

@dataclass
class Failing(RatingModel):
    '''Fails in the way that `how` names.'''

    how: str = "value"
    seed: int = 0

    def fit(self, train, valid=None):
        if self.how in ERRORS:
            raise ERRORS[self.how]
        return self

    def predict(self, user_idx, item_idx):
        return np.full(len(user_idx), np.nan if self.how == "predict" else 3.0)

@hookimpl
def register_models():
    return {"failing": Failing}
"""


@pytest.fixture
def failing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Install a model `failing` during a test."""
    write_plugin(tmp_path, "acme-failing", PLUGIN)
    with monkeypatch.context() as patch:
        patch.syspath_prepend(tmp_path)
        installed.cache_clear()
        yield
    installed.cache_clear()
    del sys.modules["acme_failing"]


def _job(*overrides: str, **config: Any) -> Job:
    return job_of("bias", overrides, **config)


def _failing_job(how: str) -> Job:
    return job_of("failing", model={"kind": "failing", "how": how, "seed": 0})


# jobs that succeed


def test_a_record_describes_what_was_run() -> None:
    record = run(_job())
    assert (record.outcome.status, record.outcome.cause, record.job.dataset, record.job.model, record.job.kind) == (
        "ok",
        "",
        "synthetic",
        "bias",
        "bias",
    )
    assert record.job.split == "holdout test_size=0.25 seed=42"
    assert record.job.options == {"reg_user": 5.0, "reg_item": 2.0, "n_epochs": 10}
    assert (record.outcome.n_train, record.outcome.n_scored) == (150, 50)
    assert record.job.config == _job().config.to_plain()
    assert record.job.config.items() >= CONFIG.items()


def test_a_record_has_the_requested_metrics() -> None:
    assert list(run(_job(metrics=["mae", "r2"])).outcome.scores) == ["mae", "r2"]


def test_a_record_has_the_version_of_the_models_distribution(failing: None) -> None:
    assert run(_failing_job("not")).provenance.versions["acme-failing"] == "1.0"


def test_the_same_job_gives_the_same_scores() -> None:
    assert run(_job()).outcome.scores == run(_job()).outcome.scores


def test_running_a_job_does_not_change_its_configuration() -> None:
    job = _job()
    before = repr(job)
    run(job)
    assert repr(job) == before


def test_a_prepared_job_makes_the_model_with_its_options() -> None:
    parts = prepare(_job(model=BIAS | {"reg_user": 3.0}))
    assert [make_model() for make_model in parts.make_models] == [Bias(reg_user=3.0)]
    assert len(parts.folds) == 1


def test_a_job_with_unknown_names_cannot_be_prepared() -> None:
    with pytest.raises(UnknownNameError, match=r"unknown metric 'rsme'; did you mean 'rmse'\?"):
        prepare(_job(metrics=["rsme"]))


# jobs that fail


def test_a_failed_job_gives_a_record_with_a_one_line_cause(failing: None) -> None:
    record = run(_failing_job("value"))
    assert (record.outcome.status, record.outcome.cause, record.outcome.scores) == ("failed", "two lines", {})


def test_the_record_of_a_failed_job_describes_what_was_run(failing: None) -> None:
    record = run(_failing_job("value"))
    assert (record.job.dataset, record.job.model, record.job.options) == (
        "synthetic",
        "failing",
        {"how": "value", "seed": 0},
    )
    assert record.job.split == "holdout test_size=0.25 seed=42"
    assert record.provenance.data["n_ratings"] == 200


def test_the_record_of_a_failed_job_names_the_user_options(failing: None) -> None:
    assert run(replace(_failing_job("memory"), overrides=("model.how=memory",))).job.user_options == ("how",)
    assert run(replace(_failing_job("key"), overrides=("model.how=key",))).job.user_options == ("how",)


def test_the_traceback_of_a_failure_is_logged(failing: None, caplog: pytest.LogCaptureFixture) -> None:
    run(_failing_job("value"))
    (logged,) = caplog.records
    assert (logged.levelno, logged.name) == (logging.ERROR, "recbench.jobs.run")
    assert logged.exc_info is not None


def test_a_key_error_is_reported_with_its_type(failing: None) -> None:
    assert run(_failing_job("key")).outcome.cause == "KeyError: lost"


def test_running_out_of_memory_has_its_own_status(failing: None) -> None:
    record = run(_failing_job("memory"))
    assert (record.outcome.status, record.outcome.cause) == ("memory", "the job ran out of memory")


def test_predictions_that_are_not_finite_fail_the_job(failing: None) -> None:
    record = run(_failing_job("predict"))
    assert record.outcome.status == "failed"
    assert record.outcome.cause.startswith(
        "model Failing predicted 50 values that are not finite (of 50), first for user_idx "
    )


def test_a_job_that_cannot_be_prepared_gives_a_record_too() -> None:
    record = run(_job(split={"kind": "holdout", "test_size": 1.5, "seed": 42}))
    assert record.outcome.status == "failed"
    assert record.outcome.cause == "test_size=1.5; it must lie between 0 and 1, 0.2 for example"


def test_a_job_with_an_unknown_model_gives_a_record_too() -> None:
    record = run(job_of("bais", model={"kind": "bais"}))
    assert (record.outcome.status, record.job.model) == ("failed", "bais")
    assert record.outcome.cause.startswith("unknown model 'bais'; did you mean 'bias'?")


def test_a_dataset_that_cannot_be_loaded_is_called_by_its_registered_name() -> None:
    record = run(_job(dataset={"kind": "synthetic", "n_users": 3, "n_items": 3, "n_ratings": 99}))
    assert (record.outcome.status, record.job.dataset, record.provenance.data) == ("failed", "synthetic", {})


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (ValueError("too\n  many"), "too many"),
        (KeyError("movie"), "KeyError: movie"),
        (IndexError("out of bounds"), "IndexError: out of bounds"),
        (UnknownNameError("unknown model 'x'"), "unknown model 'x'"),
        (FileNotFoundError(2, "No such file", "u.data"), "[Errno 2] No such file: 'u.data'"),
        (ModuleNotFoundError("No module named 'torch'"), "No module named 'torch'"),
        (AssertionError("odd"), "AssertionError: odd"),
        (ZeroDivisionError("division by zero"), "division by zero"),
    ],
)
def test_causes_are_one_line_and_name_the_type_if_the_text_is_unclear(error: Exception, cause: str) -> None:
    assert cause_of(error) == cause


def test_an_error_without_a_text_is_reported_by_its_type() -> None:
    assert cause_of(ValueError()).startswith("ValueError")


# options that the user set


def test_defaults_are_not_user_options() -> None:
    assert run(_job()).job.user_options == ()


def test_an_option_that_differs_from_its_default_is_a_user_option() -> None:
    assert run(_job(model=BIAS | {"n_epochs": 3})).job.user_options == ("n_epochs",)


@pytest.mark.parametrize("override", ["model.reg_user=5", "+model.reg_user=5", "++model.reg_user=5"])
def test_an_option_that_is_set_to_its_default_is_a_user_option(override: str) -> None:
    assert run(_job(override)).job.user_options == ("reg_user",)


def test_overrides_of_other_groups_are_not_user_options() -> None:
    assert run(_job("split.seed=42", "dataset.n_users=30", "model=bias", "seed=0")).job.user_options == ()


def test_the_options_of_a_variant_are_not_user_options() -> None:
    assert run(job_of("bias_short", model=BIAS | {"n_epochs": 3})).job.user_options == ()


def test_an_option_set_on_a_variant_is_a_user_option() -> None:
    job = job_of("bias_short", ("model.n_epochs=3",), model=BIAS | {"n_epochs": 3})
    assert run(job).job.user_options == ("n_epochs",)
