"""Memoization: values are computed once, memory is bounded, and neither scores nor measured costs change."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self, get_args

import numpy as np
import pytest

from recbench.array_types import FloatArray, IntArray
from recbench.contracts import RatingDataset
from recbench.models.baselines.bias import Bias
from recbench.models.neighbors.knn import ItemKNN, UserKNN
from recbench.models.neighbors.similarity_inputs import Similarity
from recbench.protocol.folds import run_fold
from recbench.protocol.handle import InProcessModel
from recbench.runtime.memo import memoize, memoizing, reused_cpu_seconds
from recbench.runtime.metering import cpu_seconds
from recbench.runtime.process_state import reset
from recbench.splits import Holdout
from recbench.testing import toy_ratings
from tests.support.command import SMALL, recbench, records_in


@pytest.fixture(autouse=True)
def _empty_cache() -> None:
    reset()


def _counted(calls: list[str], name: str, n_bytes: int = 1) -> str:
    def compute() -> str:
        calls.append(name)
        return name

    return memoize("thing", lambda: (name,), compute, n_bytes)


def test_a_value_is_computed_once_while_caching_is_on() -> None:
    calls: list[str] = []
    with memoizing(1) as stats:
        assert [_counted(calls, "a"), _counted(calls, "a")] == ["a", "a"]
    assert calls == ["a"]
    assert stats.counts == {"thing": 1}


def test_a_value_is_computed_each_time_while_caching_is_off() -> None:
    calls: list[str] = []
    _counted(calls, "a")
    with memoizing(0) as stats:
        _counted(calls, "a")
        _counted(calls, "a")
    assert calls == ["a", "a", "a"]
    assert not stats.counts


def test_the_least_recently_used_value_is_evicted_first() -> None:
    calls: list[str] = []
    megabyte = 2**20
    with memoizing(2):
        for name in ("a", "b", "a", "c", "a", "b"):  # c evicts b, not a
            _counted(calls, name, megabyte)
    assert calls == ["a", "b", "c", "b"]


def test_a_value_larger_than_the_cache_is_not_cached() -> None:
    calls: list[str] = []
    with memoizing(1):
        _counted(calls, "b")
        _counted(calls, "a", 2**20 + 1)
        _counted(calls, "a", 2**20 + 1)
        _counted(calls, "b")  # still cached: the larger value evicted nothing
    assert calls == ["b", "a", "a"]


def _burn() -> float:
    """Use a tenth of a CPU second; the system counts in hundredths."""
    start = cpu_seconds()
    while cpu_seconds() - start < 0.1:
        np.sort(np.random.default_rng(0).random(10_000))
    return 1.0


def test_reused_work_counts_as_cpu_seconds_of_the_job() -> None:
    with memoizing(1):
        memoize("work", lambda: (), _burn, 8)
        assert reused_cpu_seconds() == 0
    with memoizing(1):
        memoize("work", lambda: (), _burn, 8)
        assert reused_cpu_seconds() >= 0.1


@pytest.mark.parametrize("make_model", [UserKNN, ItemKNN])
@pytest.mark.parametrize("similarity", get_args(Similarity))
def test_reused_similarities_give_identical_predictions(make_model: type[ItemKNN], similarity: Similarity) -> None:
    train = toy_ratings()
    pairs = np.repeat(np.arange(train.n_users), train.n_items), np.tile(np.arange(train.n_items), train.n_users)
    alone = make_model(3, similarity).fit(train)
    expected = alone.predict(*pairs)
    with memoizing(512) as stats:
        predicted = [make_model(3, similarity).fit(train).predict(*pairs) for _ in range(2)]
        fallback = make_model(3, similarity).fit(train).is_fallback(*pairs)
    assert stats.counts["similarities"] == 2
    assert all(np.array_equal(each, expected) for each in predicted)
    assert np.array_equal(fallback, alone.is_fallback(*pairs))


def test_models_with_other_options_do_not_reuse_similarities() -> None:
    train = toy_ratings()
    pair = np.array([0]), np.array([0])
    with memoizing(512) as stats:
        for model in (ItemKNN(), ItemKNN(shrinkage=7.0), ItemKNN(min_support=2), ItemKNN(similarity="msd")):
            model.fit(train).predict(*pair)
    assert "similarities" not in stats.counts


def test_changing_a_model_does_not_change_cached_values() -> None:
    train = toy_ratings()
    with memoizing(512):
        first = Bias().fit(train)
        expected = first.user_bias_.copy()
        first.user_bias_[:] = 99
        assert np.array_equal(Bias().fit(train).user_bias_, expected)


def test_a_sweep_records_what_its_jobs_reused(tmp_path: Path) -> None:
    recbench("-m", "model=item_knn", "model.n_neighbors=3,5", *SMALL, cwd=tmp_path)
    reused = [
        record.provenance.reused
        for record in records_in(tmp_path)
        if record.job.kind == "item_knn" and record.job.scored_on == "valid"
    ]
    assert len(reused) == 2
    assert any(each.get("similarities", 0) and each.get("bias", 0) and each.get("fold", 0) for each in reused)


def test_turning_off_the_cache_changes_no_score(tmp_path: Path) -> None:
    for folder, switch in (("on", "share_mb=512"), ("off", "share_mb=0")):
        (tmp_path / folder).mkdir()
        recbench("-m", "model=item_knn", "model.n_neighbors=3,5", switch, *SMALL, cwd=tmp_path / folder)
    on, off = (sorted(records_in(tmp_path / folder), key=lambda r: r.provenance.key) for folder in ("on", "off"))
    assert not any(record.provenance.reused for record in off)
    assert [(r.provenance.key, r.outcome.scores) for r in on] == [(r.provenance.key, r.outcome.scores) for r in off]


@dataclass
class Burning(Bias):
    """Uses a tenth of a CPU second in `fit`, and in `predict`, unless the work is cached."""

    def fit(self, train: RatingDataset, valid: RatingDataset | None = None) -> Self:
        memoize("fit", lambda: (), _burn, 8)
        return super().fit(train)

    def predict(self, user_idx: IntArray, item_idx: IntArray) -> FloatArray:
        memoize("predict", lambda: (), _burn, 8)
        return super().predict(user_idx, item_idx)


def test_the_seconds_of_a_fold_include_those_saved_by_reuse() -> None:
    train = toy_ratings()
    for _ in range(2):
        with memoizing(1) as stats:
            outcome = run_fold(train, train, InProcessModel(Burning()), {}, Holdout())
        assert outcome.fit_seconds >= 0.0999  # rounding
        assert outcome.predict_seconds >= 0.0999
    assert (stats.counts["fit"], stats.counts["predict"]) == (1, 1)


def test_a_single_job_does_not_use_the_cache(tmp_path: Path) -> None:
    recbench("model=item_knn", *SMALL, cwd=tmp_path)
    (record,) = records_in(tmp_path)
    assert (record.job.config["share_mb"], record.provenance.reused) == (0, {})
