"""Inputs of metrics: shared within a fold and checked; scores that need the model are taken from the store."""

from __future__ import annotations

import csv
import math
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import pytest

from recbench import Metric, RatingDataset, RatingModel
from recbench.array_types import FloatArray, IntArray
from recbench.config.job_config import JobConfig
from recbench.jobs.job import Job
from recbench.jobs.run import run
from recbench.metrics import register_metrics
from recbench.metrics.uncertainty import REACH, interval_coverage, interval_width
from recbench.models.baselines.bias import Bias
from recbench.protocol import scoring as scoring_module
from recbench.protocol.handle import InProcessModel
from recbench.protocol.runner import evaluate
from recbench.protocol.scoring import Scoring
from recbench.results.render import as_csv, as_text
from recbench.results.rows import rows_of
from recbench.splits import Holdout
from recbench.testing import toy_ratings
from recbench.testing.toy import all_pairs

CONFIG: dict[str, Any] = {
    "dataset": {"kind": "synthetic", "n_users": 30, "n_items": 20, "n_ratings": 300},
    "split": {"kind": "holdout", "test_size": 0.25, "seed": 42},
    "model": {"kind": "bias", "reg_user": 5.0, "reg_item": 2.0, "n_epochs": 10},
    "metrics": ["rmse"],
    "seed": 0,
    "valid_size": 0.1,
}


@dataclass
class Sure(RatingModel):
    """Predicts the same rating and standard deviation for every pair."""

    std: float = 1.0
    rating: float = 3.0
    n_predicted: ClassVar[list[int]] = []

    def fit(self, train: RatingDataset, valid: RatingDataset | None = None) -> Self:
        return self

    def predict(self, user_idx: IntArray, item_idx: IntArray) -> FloatArray:
        self.n_predicted.append(len(user_idx))
        return np.full(len(user_idx), self.rating)

    def predict_std(self, user_idx: IntArray, item_idx: IntArray) -> FloatArray:
        return np.full(len(user_idx), self.std)


def _scores(make_model: Callable[[], RatingModel], *names: str) -> dict[str, float]:
    metrics = {name: register_metrics()[name] for name in names}
    record = evaluate(toy_ratings(), Holdout(0.3, 0), make_model, metrics)
    return {name: score.mean for name, score in record.outcome.scores.items()}


def test_all_catalog_metrics_of_a_fold_share_one_ranking() -> None:
    Sure.n_predicted.clear()
    names = [name for name, metric in register_metrics().items() if "ranking" in metric.needs()]
    _scores(Sure, *names)
    n_users = len(np.unique(toy_ratings().take(next(Holdout(0.3, 0)(toy_ratings()))[1]).user_idx))
    assert len(names) > 10
    assert Sure.n_predicted[1:] == [n_users * 10]  # after the predictions for the scored rows


def test_catalog_metrics_are_computed_from_the_fitted_models_scores() -> None:
    toy = toy_ratings()
    (fold,) = Holdout(0.3, 0)(toy)
    train, scored = toy.take(fold[0]), toy.take(fold[1])
    model = Bias().fit(train)
    hits = []
    for user in np.unique(scored.user_idx[scored.ratings >= 4]):
        scores = model.predict(np.full(10, user), np.arange(10))
        scores[train.item_idx[train.user_idx == user]] = -np.inf
        liked = scored.item_idx[(scored.user_idx == user) & (scored.ratings >= 4)]
        hits.append(float(np.argmax(scores) in liked))
    metrics = {"precision@1": register_metrics()["precision"].at(1)}
    record = evaluate(toy, Holdout(0.3, 0), Bias, metrics)
    assert record.outcome.scores["precision@1"].mean == pytest.approx(np.mean(hits))


def test_the_catalog_is_predicted_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    toy = toy_ratings()
    whole = Scoring(toy, toy, InProcessModel(Bias().fit(toy))).scorer(np.arange(12))
    monkeypatch.setattr(scoring_module, "PAIRS_AT_ONCE", 40)
    Sure.n_predicted.clear()
    Scoring(toy, toy, InProcessModel(Sure().fit(toy))).scorer(np.arange(12))
    assert Sure.n_predicted == [36, 36, 36, 12]
    np.testing.assert_array_equal(Scoring(toy, toy, InProcessModel(Bias().fit(toy))).scorer(np.arange(12)), whole)
    np.testing.assert_array_equal(whole.ravel(), Bias().fit(toy).predict(*all_pairs(toy)))


def test_scores_for_no_users_are_empty() -> None:
    toy = toy_ratings()
    assert Scoring(toy, toy, InProcessModel(Bias().fit(toy))).scorer(np.zeros(0, np.int32)).shape == (0, 10)


def test_an_item_score_that_is_nan_is_rejected() -> None:
    toy = toy_ratings()
    with pytest.raises(
        ValueError, match=r"model Sure gave 10 values that are not finite \(of 10\), first for user_idx 2"
    ):
        Scoring(toy, toy, InProcessModel(Sure(rating=math.nan).fit(toy))).scorer(np.array([2]))


def test_a_standard_deviation_that_is_not_finite_is_rejected() -> None:
    with pytest.raises(ValueError, match=r"model Sure gave .* values that are not finite"):
        _scores(lambda: Sure(std=math.inf), "interval_coverage")


@pytest.mark.parametrize("name", ["scorer", "ranking", "std"])
def test_a_metric_that_needs_the_model_is_an_error_without_it(name: str) -> None:
    toy = toy_ratings()
    names = {"scorer": lambda r, p, scorer: scorer(np.array([0])), "std": interval_coverage}
    metric = Metric(names[name]) if name in names else register_metrics()["mrr"]
    with pytest.raises(ValueError, match="need the fitted model; run the job again: resume=false"):
        Scoring(toy, toy, None).score(metric, toy.ratings)


# intervals


def test_an_interval_extends_by_the_reach_on_both_sides_of_the_prediction() -> None:
    ratings, predicted = np.array([3.0, 3, 3, 3]), np.array([3.0, 4, 5, 2])
    assert interval_coverage(ratings, predicted, np.full(4, 1 / REACH + 1e-9)) == 0.75
    assert interval_coverage(ratings, predicted, np.full(4, 1 / REACH - 1e-6)) == 0.25


def test_intervals_are_clipped_to_the_rating_scale() -> None:
    toy = toy_ratings()
    std = np.array([1.0, 1.0, 9.0]) / REACH
    width = interval_width(np.full(3, 3.0), np.array([3.0, 1.0, 2.0]), std, toy)
    assert width == pytest.approx((2 + 1 + 4) / 3)


def test_ninety_percent_of_normal_errors_are_covered() -> None:
    errors = np.random.default_rng(0).normal(scale=0.7, size=20_000)
    assert interval_coverage(errors, np.zeros(20_000), np.full(20_000, 0.7)) == pytest.approx(0.9, abs=0.01)


def test_a_model_that_predicts_standard_deviations_has_intervals() -> None:
    assert _scores(lambda: Sure(std=2.0), "interval_coverage", "interval_width") == {
        "interval_coverage": 1.0,
        "interval_width": 4.0,
    }


def test_a_model_without_standard_deviations_has_no_intervals_and_does_not_fail() -> None:
    scores = _scores(Bias, "rmse", "interval_coverage", "interval_width")
    assert math.isnan(scores["interval_coverage"])
    assert math.isnan(scores["interval_width"])
    assert scores["rmse"] > 0


@pytest.mark.realdata
def test_intervals_of_bayes_mf_cover_90_percent_on_movielens_100k() -> None:
    from recbench.datasets.movielens.loader import load_movielens
    from recbench.models.bayes.mf import BayesMF

    folder = Path(os.environ.get("RECBENCH_DATA", "")) / "ml-100k"
    if not os.environ.get("RECBENCH_DATA") or not folder.is_dir():
        pytest.skip("RECBENCH_DATA names no folder that holds ml-100k")
    whole = load_movielens("100k", str(folder))
    assert whole.folds is not None
    train, test = whole.take(whole.folds[0][0]), whole.take(whole.folds[0][1])
    model = BayesMF(n_samples=60).fit(train)
    predicted = model.predict(test.user_idx, test.item_idx).clip(1, 5)
    score = Scoring(train, test, InProcessModel(model)).score(register_metrics()["interval_coverage"], predicted)
    assert score == pytest.approx(0.906, abs=0.01)


def test_a_score_that_is_nan_is_shown_as_missing_in_the_table(tmp_path: Path) -> None:
    rows = rows_of([run(_job(tmp_path, "rmse", "interval_width"))])
    assert as_text(rows).splitlines()[-1].split()[2] == "–"
    assert next(csv.DictReader(as_csv(rows).splitlines()))["interval_width"] == ""


def test_interval_coverage_rejects_columns_of_different_length() -> None:
    with pytest.raises(ValueError, match="1 ratings and 2 predictions; give equally many, at least one"):
        interval_coverage(np.ones(1), np.ones(2), None)


# the store


def _job(folder: Path, *metrics: str, **options: Any) -> Job:
    return Job(JobConfig.from_plain(CONFIG | {"metrics": list(metrics)} | options), "bias", store=folder)


def test_a_resumed_job_reuses_catalog_scores_and_computes_other_metrics_again(tmp_path: Path) -> None:
    first = run(_job(tmp_path, "rmse", "ndcg@5", "interval_coverage"))
    again = run(_job(tmp_path, "ndcg@5", "ndcg_rated@5", "interval_coverage", "fcp"))
    assert (first.outcome.status, again.outcome.status, again.provenance.cached) == ("ok", "ok", True)
    assert again.outcome.scores["ndcg@5"] == first.outcome.scores["ndcg@5"]
    assert math.isnan(again.outcome.scores["interval_coverage"].mean)
    assert list(again.outcome.scores) == ["ndcg@5", "ndcg_rated@5", "interval_coverage", "fcp"]
    fresh = run(replace(_job(tmp_path, "ndcg_rated@5", "fcp"), store=None))
    assert (again.outcome.scores["ndcg_rated@5"], again.outcome.scores["fcp"]) == (
        fresh.outcome.scores["ndcg_rated@5"],
        fresh.outcome.scores["fcp"],
    )


def test_a_catalog_metric_that_is_not_stored_makes_the_job_run_again(tmp_path: Path) -> None:
    run(_job(tmp_path, "rmse", "ndcg@5"))
    again = run(_job(tmp_path, "rmse", "ndcg@10"))
    assert (again.outcome.status, again.provenance.cached) == ("ok", False)
    assert 0 < again.outcome.scores["ndcg@10"].mean <= 1
