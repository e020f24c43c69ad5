"""The runner follows the same protocol for every model, as tested with scripted models."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import pytest

from recbench import Metric, RatingDataset, RatingModel
from recbench.array_types import FloatArray, IntArray
from recbench.contracts import Fold, Split
from recbench.metrics import mae, rmse
from recbench.models.baselines.bias import Bias
from recbench.progress import progress_listener
from recbench.protocol.runner import evaluate
from recbench.splits import KFold
from tests.support.datasets import make_dataset

RMSE = {"rmse": Metric(rmse)}


@dataclass
class Scripted(RatingModel):
    """Calls the functions that it was made with when it fits and predicts."""

    on_predict: Callable[[IntArray], Any] = lambda users: np.full(len(users), 3.0)
    on_fit: Callable[[], object] = lambda: None

    def fit(self, train: RatingDataset, valid: RatingDataset | None = None) -> Self:
        self.on_fit()
        return self

    def predict(self, user_idx: IntArray, item_idx: IntArray) -> FloatArray:
        predicted: FloatArray = self.on_predict(user_idx)
        return predicted


class NeedsAPackage(Scripted):
    """Requires a package that does not exist."""

    requires: ClassVar[tuple[str, ...]] = ("no_such_package_of_recbench",)


def _dataset() -> RatingDataset:
    """4 users, 4 items; the last user and the last item have one row each."""
    users, items = np.array([0, 0, 0, 1, 1, 1, 2, 2, 2, 3]), np.array([0, 1, 2, 0, 1, 2, 0, 1, 3, 0])
    ratings = np.array([1, 2, 3, 4, 5, 4, 3, 2, 1, 5])
    return make_dataset(users, items, ratings, n_users=4, n_items=4)


def _fold(*test_rows: int) -> Callable[[RatingDataset], Iterator[Fold]]:
    def split(dataset: RatingDataset) -> Iterator[Fold]:
        yield np.setdiff1d(np.arange(dataset.n_ratings), test_rows), np.array(test_rows, np.int64)

    return split


def _burn(seconds: float) -> float:
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass
    return 3.0


# predictions


def test_predictions_are_clipped_to_the_rating_scale() -> None:
    far = Scripted(lambda users: np.where(users == 0, -100.0, 100.0))
    record = evaluate(_dataset(), _fold(1, 4), lambda: far, {"mae": Metric(mae)})
    assert record.outcome.scores["mae"].folds == (0.5,)  # |2 − 1| and |5 − 5|


def test_predictions_within_the_scale_are_not_changed() -> None:
    record = evaluate(_dataset(), _fold(1, 4), Scripted, RMSE)
    assert record.outcome.scores["rmse"].mean == pytest.approx(math.sqrt((1 + 4) / 2))


def test_float32_predictions_are_accepted() -> None:
    single = Scripted(lambda users: np.full(len(users), 3, np.float32))
    assert evaluate(_dataset(), _fold(0), lambda: single, RMSE).outcome.scores["rmse"].mean == 2.0


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_predictions_that_are_not_finite_are_rejected(bad: float) -> None:
    broken = Scripted(lambda users: np.where(users == 1, bad, 3.0))
    message = r"model Scripted predicted 2 values that are not finite \(of 3\), first for user_idx 1, item_idx 1"
    with pytest.raises(ValueError, match=message):
        evaluate(_dataset(), _fold(0, 4, 5), lambda: broken, RMSE)


@pytest.mark.parametrize(
    ("predict", "shape"),
    [
        (lambda users: np.ones(1), r"\(1,\)"),
        (lambda users: np.ones((len(users), 1)), r"\(3, 1\)"),
        (lambda users: None, r"\(\)"),
    ],
)
def test_predictions_of_the_wrong_shape_are_rejected(predict: Callable[[IntArray], Any], shape: str) -> None:
    message = rf"model Scripted predicted shape {shape} for 3 pairs; give one number per pair"
    with pytest.raises(ValueError, match=message):
        evaluate(_dataset(), _fold(0, 4, 5), lambda: Scripted(predict), RMSE)


# folds and counts


def test_rows_are_counted_over_all_folds() -> None:
    record = evaluate(_dataset(), KFold(5), Scripted, RMSE)
    assert (record.outcome.n_folds, record.outcome.n_train, record.outcome.n_scored) == (5, 40, 10)


def test_each_fold_has_a_score_and_the_record_has_their_mean() -> None:
    dataset = _dataset()
    record = evaluate(dataset, KFold(3), Scripted, RMSE)
    expected = [rmse(dataset.ratings[test], np.full(len(test), 3.0)) for _, test in KFold(3)(dataset)]
    assert record.outcome.scores["rmse"].folds == pytest.approx(tuple(expected))
    assert record.outcome.scores["rmse"].mean == pytest.approx(np.mean(expected))
    assert record.outcome.scores["rmse"].std == pytest.approx(np.std(expected, ddof=1))


def test_each_fold_gets_a_new_model() -> None:
    made: list[Scripted] = []

    def make() -> Scripted:
        made.append(Scripted())
        return made[-1]

    evaluate(_dataset(), KFold(3), make, RMSE)
    assert len({id(model) for model in made}) == 3


def test_cold_and_fallback_shares_by_hand() -> None:
    # user 3 and item 3 lose their only rows; user 0 and item 1 still have some
    record = evaluate(_dataset(), _fold(1, 8, 9), Scripted, RMSE)
    assert (record.outcome.cold_share, record.outcome.fallback_share) == (2 / 3, 2 / 3)


def test_a_model_determines_which_predictions_are_fallbacks() -> None:
    # the bias model falls back only where user and item are both cold
    record = evaluate(_dataset(), _fold(1, 8, 9), Bias, RMSE)
    assert (record.outcome.cold_share, record.outcome.fallback_share) == (2 / 3, 0.0)


def test_shares_are_relative_to_the_rows_of_all_folds() -> None:
    def split(dataset: RatingDataset) -> Iterator[Fold]:
        yield from _fold(9)(dataset)
        yield from _fold(0, 1, 4)(dataset)

    assert evaluate(_dataset(), split, Scripted, RMSE).outcome.cold_share == 0.25


def test_a_fold_without_a_test_row_is_rejected() -> None:
    with pytest.raises(ValueError, match="a fold has no test row; choose a larger test set"):
        evaluate(_dataset(), _fold(), Scripted, RMSE)


def test_folds_are_reported_to_the_progress_listener() -> None:
    steps: list[tuple[str, int, int]] = []
    with progress_listener(lambda *step: steps.append(step)):
        evaluate(_dataset(), KFold(2), Scripted, RMSE)
    assert steps == [("folds", 1, 2), ("folds", 2, 2)]


# metrics


def test_a_metric_receives_the_arguments_that_it_names() -> None:
    received: dict[str, Any] = {}

    def spy(ratings: FloatArray, predicted: FloatArray, user_idx: Any, item_idx: Any, train: Any) -> float:
        received.update(ratings=ratings.tolist(), users=user_idx.tolist(), items=item_idx.tolist(), n=train.n_ratings)
        return 1.5

    record = evaluate(_dataset(), _fold(4, 8), Scripted, {"spy": Metric(spy, greater_is_better=True)})
    assert received == {"ratings": [5, 1], "users": [1, 2], "items": [1, 3], "n": 8}
    assert (record.outcome.scores["spy"].mean, record.outcome.scores["spy"].greater_is_better) == (1.5, True)


def test_a_scorer_scores_all_items_for_each_user() -> None:
    scores: list[Any] = []

    def spy(ratings: FloatArray, predicted: FloatArray, scorer: Callable[[IntArray], FloatArray]) -> float:
        scores.append(scorer(np.array([2, 0])))
        return 0.0

    by_user = Scripted(lambda users: users + 0.5)
    evaluate(_dataset(), _fold(4), lambda: by_user, {"spy": Metric(spy)})
    assert scores[0].tolist() == [[2.5] * 4, [0.5] * 4]


def test_scores_are_in_the_order_of_the_metrics() -> None:
    record = evaluate(_dataset(), _fold(4), Scripted, {"mae": Metric(mae), "rmse": Metric(rmse)})
    assert list(record.outcome.scores) == ["mae", "rmse"]


# costs


def test_fit_and_predict_seconds_are_cpu_seconds() -> None:
    busy = Scripted(lambda users: np.full(len(users), _burn(0.1)), lambda: _burn(0.2))
    record = evaluate(_dataset(), _fold(4), lambda: busy, RMSE)
    assert record.outcome.fit_seconds is not None
    assert record.outcome.predict_seconds is not None
    assert 0.18 <= record.outcome.fit_seconds < 1
    assert 0.08 <= record.outcome.predict_seconds < 1


def test_seconds_are_summed_over_the_folds() -> None:
    record = evaluate(_dataset(), KFold(3), lambda: Scripted(on_fit=lambda: _burn(0.1)), RMSE)
    assert record.outcome.fit_seconds is not None
    assert 0.275 <= record.outcome.fit_seconds < 1  # CPU time is counted in steps of 0.01 s


@pytest.mark.parametrize("split", [_fold(4), KFold(3)])
def test_peak_memory_is_that_of_the_fold_that_needed_most(split: Split) -> None:
    def fill() -> None:
        np.ones(50 * 2**20, np.uint8)

    peak = evaluate(_dataset(), split, lambda: Scripted(on_fit=fill), RMSE).outcome.peak_memory_mb
    if peak is None:
        pytest.skip("this system has no high-water mark that can be reset")
    assert 40 <= peak <= 100


def test_a_missing_package_is_reported_before_the_fit() -> None:
    fitted: list[int] = []
    with pytest.raises(ModuleNotFoundError, match="no_such_package_of_recbench"):
        evaluate(_dataset(), _fold(4), lambda: NeedsAPackage(on_fit=lambda: fitted.append(1)), RMSE)
    assert fitted == []
