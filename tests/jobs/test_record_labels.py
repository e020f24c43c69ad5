"""Labels: what the key of a result is made of."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from recbench.jobs.preparation import prepare
from recbench.jobs.record_labels import inputs_of
from recbench.results.store import sources_digest
from tests.support.jobs import BIAS, job_of


def test_the_key_of_a_result_depends_on_these_inputs() -> None:
    without_effect: dict[str, Any] = {"metrics": ["mae"], "threads": 2, "share_mb": 9, "color": "red"}
    job = job_of(seed=3, **without_effect)
    parts = prepare(job_of(seed=3))  # without `threads`, which would limit those of the other tests
    sources = {"recbench": [version("recbench"), sources_digest("recbench")]}
    assert inputs_of(job, parts) == sources | {
        "data": parts.dataset.digest,
        "split": parts.split_digest,
        "split_options": {"kind": "holdout", "test_size": 0.25, "seed": 42},
        "scored_on": "test",
        "valid_size": 0.1,
        "model": [BIAS],
        "seed": 3,
    }
