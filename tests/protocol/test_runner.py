"""The runner: the same protocol for every model, proved on models that log or do what they are told."""

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

RMSE = {"rmse": Metric(rmse)}


@dataclass
class Told(RatingModel):
    """Does what it is told, when it is told to."""

    on_predict: Callable[[IntArray], Any] = lambda users: np.full(len(users), 3.0)
    on_fit: Callable[[], object] = lambda: None

    def fit(self, train: RatingDataset, valid: RatingDataset | None = None) -> Self:
        self.on_fit()
        return self

    def predict(self, user_idx: IntArray, item_idx: IntArray) -> FloatArray:
        predicted: FloatArray = self.on_predict(user_idx)
        return predicted


class NeedsAPackage(Told):
    """Requires what nobody has."""

    requires: ClassVar[tuple[str, ...]] = ("no_such_package_of_recbench",)


def _dataset() -> RatingDataset:
    """4 users, 4 items; the last user and the last item have one row each."""
    users, items = np.array([0, 0, 0, 1, 1, 1, 2, 2, 2, 3]), np.array([0, 1, 2, 0, 1, 2, 0, 1, 3, 0])
    ratings = np.array([1, 2, 3, 4, 5, 4, 3, 2, 1, 5])
    return RatingDataset("toy", users, items, ratings, np.arange(4), np.arange(4), (1, 5))


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
    far = Told(lambda users: np.where(users == 0, -100.0, 100.0))
    record = evaluate(_dataset(), _fold(1, 4), lambda: far, {"mae": Metric(mae)})
    assert record.outcome.scores["mae"].folds == (0.5,)  # |2 − 1| and |5 − 5|


def test_predictions_within_the_scale_are_scored_as_they_are() -> None:
    record = evaluate(_dataset(), _fold(1, 4), Told, RMSE)
    assert record.outcome.scores["rmse"].mean == pytest.approx(math.sqrt((1 + 4) / 2))


def test_predictions_of_another_float_type_are_taken() -> None:
    single = Told(lambda users: np.full(len(users), 3, np.float32))
    assert evaluate(_dataset(), _fold(0), lambda: single, RMSE).outcome.scores["rmse"].mean == 2.0


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_predictions_that_are_not_finite_are_refused(bad: float) -> None:
    broken = Told(lambda users: np.where(users == 1, bad, 3.0))
    message = r"model Told predicted 2 values that are not finite \(of 3\), first for user_idx 1, item_idx 1"
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
def test_predictions_of_another_shape_are_refused(predict: Callable[[IntArray], Any], shape: str) -> None:
    message = rf"model Told predicted shape {shape} for 3 pairs; give one number per pair"
    with pytest.raises(ValueError, match=message):
        evaluate(_dataset(), _fold(0, 4, 5), lambda: Told(predict), RMSE)


# folds and counts


def test_rows_are_counted_over_all_folds() -> None:
    record = evaluate(_dataset(), KFold(5), Told, RMSE)
    assert (record.outcome.n_folds, record.outcome.n_train, record.outcome.n_scored) == (5, 40, 10)


def test_each_fold_has_a_score_and_the_mean_is_theirs() -> None:
    dataset = _dataset()
    record = evaluate(dataset, KFold(3), Told, RMSE)
    expected = [rmse(dataset.ratings[test], np.full(len(test), 3.0)) for _, test in KFold(3)(dataset)]
    assert record.outcome.scores["rmse"].folds == pytest.approx(tuple(expected))
    assert record.outcome.scores["rmse"].mean == pytest.approx(np.mean(expected))
    assert record.outcome.scores["rmse"].std == pytest.approx(np.std(expected, ddof=1))


def test_each_fold_gets_a_new_model() -> None:
    made: list[Told] = []

    def make() -> Told:
        made.append(Told())
        return made[-1]

    evaluate(_dataset(), KFold(3), make, RMSE)
    assert len({id(model) for model in made}) == 3


def test_cold_and_fallback_shares_by_hand() -> None:
    # user 3 and item 3 lose their only rows; user 0 and item 1 keep some
    record = evaluate(_dataset(), _fold(1, 8, 9), Told, RMSE)
    assert (record.outcome.cold_share, record.outcome.fallback_share) == (2 / 3, 2 / 3)


def test_a_model_says_itself_what_is_a_fallback() -> None:
    # the bias model falls back only where user and item are both cold
    record = evaluate(_dataset(), _fold(1, 8, 9), Bias, RMSE)
    assert (record.outcome.cold_share, record.outcome.fallback_share) == (2 / 3, 0.0)


def test_shares_are_of_the_rows_of_all_folds() -> None:
    def split(dataset: RatingDataset) -> Iterator[Fold]:
        yield from _fold(9)(dataset)
        yield from _fold(0, 1, 4)(dataset)

    assert evaluate(_dataset(), split, Told, RMSE).outcome.cold_share == 0.25


def test_a_fold_without_a_test_row_is_refused() -> None:
    with pytest.raises(ValueError, match="a fold has no test row; choose a larger test set"):
        evaluate(_dataset(), _fold(), Told, RMSE)


def test_folds_are_told_to_a_listener() -> None:
    heard: list[tuple[str, int, int]] = []
    with progress_listener(lambda *step: heard.append(step)):
        evaluate(_dataset(), KFold(2), Told, RMSE)
    assert heard == [("folds", 1, 2), ("folds", 2, 2)]


# metrics


def test_a_metric_is_given_what_it_names() -> None:
    given: dict[str, Any] = {}

    def spy(ratings: FloatArray, predicted: FloatArray, user_idx: Any, item_idx: Any, train: Any) -> float:
        given.update(ratings=ratings.tolist(), users=user_idx.tolist(), items=item_idx.tolist(), n=train.n_ratings)
        return 1.5

    record = evaluate(_dataset(), _fold(4, 8), Told, {"spy": Metric(spy, greater_is_better=True)})
    assert given == {"ratings": [5, 1], "users": [1, 2], "items": [1, 3], "n": 8}
    assert (record.outcome.scores["spy"].mean, record.outcome.scores["spy"].greater_is_better) == (1.5, True)


def test_a_scorer_scores_all_items_for_each_user() -> None:
    scores: list[Any] = []

    def spy(ratings: FloatArray, predicted: FloatArray, scorer: Callable[[IntArray], FloatArray]) -> float:
        scores.append(scorer(np.array([2, 0])))
        return 0.0

    by_user = Told(lambda users: users + 0.5)
    evaluate(_dataset(), _fold(4), lambda: by_user, {"spy": Metric(spy)})
    assert scores[0].tolist() == [[2.5] * 4, [0.5] * 4]


def test_scores_stand_in_the_order_of_the_metrics() -> None:
    record = evaluate(_dataset(), _fold(4), Told, {"mae": Metric(mae), "rmse": Metric(rmse)})
    assert list(record.outcome.scores) == ["mae", "rmse"]


# costs


def test_fit_and_predict_seconds_are_cpu_seconds() -> None:
    busy = Told(lambda users: np.full(len(users), _burn(0.1)), lambda: _burn(0.2))
    record = evaluate(_dataset(), _fold(4), lambda: busy, RMSE)
    assert record.outcome.fit_seconds is not None
    assert record.outcome.predict_seconds is not None
    assert 0.18 <= record.outcome.fit_seconds < 1
    assert 0.08 <= record.outcome.predict_seconds < 1


def test_seconds_are_summed_over_the_folds() -> None:
    record = evaluate(_dataset(), KFold(3), lambda: Told(on_fit=lambda: _burn(0.1)), RMSE)
    assert record.outcome.fit_seconds is not None
    assert 0.275 <= record.outcome.fit_seconds < 1  # the clock of the CPU ticks every 0.01 s


@pytest.mark.parametrize("split", [_fold(4), KFold(3)])
def test_peak_memory_is_what_the_hungriest_fit_needed(split: Split) -> None:
    def fill() -> None:
        np.ones(50 * 2**20, np.uint8)

    peak = evaluate(_dataset(), split, lambda: Told(on_fit=fill), RMSE).outcome.peak_memory_mb
    if peak is None:
        pytest.skip("this system has no high-water mark that can be reset")
    assert 40 <= peak <= 100


def test_a_missing_package_is_told_before_the_fit() -> None:
    fitted: list[int] = []
    with pytest.raises(ModuleNotFoundError, match="no_such_package_of_recbench"):
        evaluate(_dataset(), _fold(4), lambda: NeedsAPackage(on_fit=lambda: fitted.append(1)), RMSE)
    assert fitted == []
