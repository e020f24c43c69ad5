"""Jobs of a small synthetic dataset, made without composing a configuration."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from recbench.config.job_config import JobConfig
from recbench.jobs.job import Job

BIAS = {"kind": "bias", "reg_user": 5.0, "reg_item": 2.0, "n_epochs": 10}
CONFIG: dict[str, Any] = {
    "dataset": {"kind": "synthetic", "n_users": 30, "n_items": 20, "n_ratings": 200},
    "split": {"kind": "holdout", "test_size": 0.25, "seed": 42},
    "model": BIAS,
    "metrics": ["rmse", "mae"],
    "seed": 0,
    "valid_size": 0.1,
}


def job_of(choice: str = "bias", overrides: Sequence[str] = (), **config: Any) -> Job:
    """Return a job of the model `choice`, with the values of `CONFIG` where `config` has none."""
    return Job(JobConfig.from_plain(CONFIG | config), choice, overrides)
