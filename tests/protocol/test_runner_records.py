"""The runner's records: what was evaluated, on which data, with which versions."""

from __future__ import annotations

import numpy as np
import pytest

from recbench import Metric, RatingDataset
from recbench.metrics import rmse
from recbench.models.baselines.means import GlobalMean
from recbench.protocol.descriptions import describe, split_digest, versions
from recbench.protocol.runner import evaluate
from recbench.runtime.metering import processor
from recbench.splits import Holdout
from tests.support.datasets import make_dataset


def _dataset() -> RatingDataset:
    users, items = np.arange(10) % 4, np.arange(10) % 3
    return make_dataset(users, items, 1.0 + np.arange(10) % 5, n_users=4, n_items=4)


def test_a_record_describes_what_was_evaluated() -> None:
    dataset = _dataset()
    record = evaluate(dataset, Holdout(), GlobalMean, {"rmse": Metric(rmse)}, seed=7)
    assert (record.outcome.status, record.job.dataset, record.job.scored_on, record.job.seed) == (
        "ok",
        "toy",
        "test",
        7,
    )
    assert record.provenance.data == describe(dataset)
    assert record.provenance.split_digest == split_digest(list(Holdout()(dataset)))
    assert record.provenance.versions == versions()
    assert record.provenance.created.endswith("+00:00")


def test_a_dataset_is_described_by_size_scale_and_digest() -> None:
    dataset = _dataset()
    expected = {"n_users": 4, "n_items": 4, "n_ratings": 10, "rating_scale": [1.0, 5.0], "digest": dataset.digest}
    assert describe(dataset) == expected


def test_the_split_digest_does_not_depend_on_the_type_of_the_row_numbers() -> None:
    narrow = np.array([0, 1], np.int32), np.array([2], np.int32)
    assert split_digest([narrow]) == split_digest([(np.array([0, 1]), np.array([2]))])


@pytest.mark.parametrize("other", [([0, 1], [3]), ([1, 0], [2]), ([0], [1, 2])])
def test_the_split_digest_changes_with_any_row(other: tuple[list[int], list[int]]) -> None:
    changed = np.array(other[0]), np.array(other[1])
    assert split_digest([(np.array([0, 1]), np.array([2]))]) != split_digest([changed])


def test_versions_cover_python_recbench_loaded_packages_and_the_processor() -> None:
    assert {"python", "recbench", "numpy"} <= set(versions())
    assert versions()["processor"] == processor() != ""
