"""Metrics: worked cases, properties, and agreement with scikit-learn."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recbench.array_types import FloatArray
from recbench.metrics import mae, mse, r2, register_metrics, rmse, rmse_user

RATINGS = np.array([5, 3, 4, 1, 2], np.float32)
PREDICTED = np.array([4.5, 3.5, 4, 2, 1])
USERS = np.array([0, 0, 0, 1, 1], np.int32)

Pairs = list[tuple[float, float]]
GRID = st.integers(-40, 40).map(lambda quarters: quarters / 4)  # exact in float32, and so are their differences
PAIRS = st.lists(st.tuples(GRID, GRID), min_size=1, max_size=30)
PLAIN: list[Callable[[FloatArray, FloatArray], float]] = [rmse, mse, mae]
some = settings(deadline=None, max_examples=60)


def _columns(pairs: Pairs) -> tuple[FloatArray, FloatArray]:
    ratings, predicted = np.array(pairs, np.float64).T
    return ratings, predicted


@pytest.mark.parametrize(
    ("metric", "expected"), [(mse, 0.5), (rmse, 0.707107), (mae, 0.6), (r2, 0.75)], ids=["mse", "rmse", "mae", "r2"]
)
def test_the_worked_example(metric: Callable[[FloatArray, FloatArray], float], expected: float) -> None:
    assert metric(RATINGS, PREDICTED) == pytest.approx(expected, abs=5e-7)


def test_the_worked_example_by_user() -> None:
    assert rmse_user(RATINGS, PREDICTED, USERS) == pytest.approx(0.704124, abs=5e-7)


def test_one_users_rmse_is_the_pooled_one() -> None:
    first = slice(0, 3)
    assert rmse_user(RATINGS[first], PREDICTED[first], USERS[first]) == pytest.approx(0.408248, abs=5e-7)


def test_rmse_by_user_ignores_users_without_a_scored_row() -> None:
    sparse = np.array([7, 7, 7, 90, 90])
    assert rmse_user(RATINGS, PREDICTED, sparse) == rmse_user(RATINGS, PREDICTED, USERS)


@some
@given(PAIRS)
def test_rmse_is_at_least_mae_and_mae_at_least_zero(pairs: Pairs) -> None:
    ratings, predicted = _columns(pairs)
    assert rmse(ratings, predicted) >= mae(ratings, predicted) - 1e-12
    assert mae(ratings, predicted) >= 0


@some
@given(PAIRS)
def test_errors_are_zero_if_and_only_if_all_are_equal(pairs: Pairs) -> None:
    ratings, predicted = _columns(pairs)
    same = bool((ratings == predicted).all())
    assert [metric(ratings, predicted) == 0 for metric in PLAIN] == [same] * 3


@some
@given(PAIRS, st.randoms(use_true_random=False), GRID)
def test_errors_do_not_change_with_row_order_or_a_shift(
    pairs: Pairs, random: np.random.RandomState, shift: float
) -> None:
    ratings, predicted = _columns(pairs)
    shuffled = list(pairs)
    random.shuffle(shuffled)
    moved_ratings, moved_predicted = _columns(shuffled)
    for metric in PLAIN:
        moved = metric(moved_ratings + shift, moved_predicted + shift)
        assert moved == pytest.approx(metric(ratings, predicted), abs=1e-12)


@some
@given(PAIRS)
def test_errors_are_symmetric(pairs: Pairs) -> None:
    ratings, predicted = _columns(pairs)
    assert [m(ratings, predicted) for m in PLAIN] == [m(predicted, ratings) for m in PLAIN]


@some
@given(PAIRS)
def test_errors_are_those_of_scikit_learn(pairs: Pairs) -> None:
    from sklearn.metrics import mean_absolute_error, mean_squared_error, root_mean_squared_error

    ratings, predicted = _columns(pairs)
    theirs = [f(ratings, predicted) for f in (root_mean_squared_error, mean_squared_error, mean_absolute_error)]
    assert [m(ratings, predicted) for m in PLAIN] == pytest.approx(theirs, abs=1e-12)


@some
@given(PAIRS)
def test_r2_is_that_of_scikit_learn_where_ratings_differ(pairs: Pairs) -> None:
    from sklearn.metrics import r2_score

    ratings, predicted = _columns(pairs)
    if len(set(ratings)) > 1:
        assert r2(ratings, predicted) == pytest.approx(r2_score(ratings, predicted), abs=1e-9)


@some
@given(PAIRS, st.data())
def test_pooled_mse_is_the_mean_of_the_users_mse_weighted_by_rows(pairs: Pairs, data: st.DataObject) -> None:
    ratings, predicted = _columns(pairs)
    users = np.array(data.draw(st.lists(st.integers(0, 4), min_size=len(pairs), max_size=len(pairs))))
    own = {user: (users == user) for user in set(users.tolist())}
    weighted = sum(rows.sum() * mse(ratings[rows], predicted[rows]) for rows in own.values())
    macro = np.mean([rmse(ratings[rows], predicted[rows]) for rows in own.values()])
    assert mse(ratings, predicted) == pytest.approx(weighted / len(pairs), abs=1e-12)
    assert rmse_user(ratings, predicted, users) == pytest.approx(macro, abs=1e-12)


@some
@given(PAIRS, GRID)
def test_a_constant_prediction_errs_by_variance_and_distance_from_the_mean(pairs: Pairs, constant: float) -> None:
    ratings, _ = _columns(pairs)
    expected = ratings.var() + (ratings.mean() - constant) ** 2
    assert rmse(ratings, np.full(len(ratings), constant)) ** 2 == pytest.approx(expected, abs=1e-9)


@some
@given(PAIRS)
def test_clipping_to_the_scale_never_raises_rmse(pairs: Pairs) -> None:
    ratings, predicted = _columns(pairs)
    scale = ratings.min(), ratings.max()
    assert rmse(ratings, predicted.clip(*scale)) <= rmse(ratings, predicted) + 1e-12


def test_r2_of_equal_ratings_is_not_a_number() -> None:
    assert np.isnan(r2(np.array([3.0, 3.0]), np.array([3.0, 2.0])))


def test_r2_is_negative_where_the_mean_would_be_better() -> None:
    assert r2(np.array([1.0, 2.0]), np.array([2.0, 1.0])) == -3.0


def test_errors_are_taken_in_float64() -> None:
    ratings = np.full(1000, 0.1, np.float32)
    predicted = np.full(1000, 0.3)
    assert mae(ratings, predicted) == pytest.approx(0.3 - float(np.float32(0.1)), abs=1e-12)


@pytest.mark.parametrize("metric", [*PLAIN, r2], ids=lambda metric: metric.__name__)
@pytest.mark.parametrize(("n_ratings", "n_predicted"), [(0, 0), (2, 3), (3, 1)])
def test_unequal_or_empty_columns_are_refused(
    metric: Callable[[FloatArray, FloatArray], float], n_ratings: int, n_predicted: int
) -> None:
    message = f"{n_ratings} ratings and {n_predicted} predictions; give equally many, at least one"
    with pytest.raises(ValueError, match=message):
        metric(np.ones(n_ratings), np.ones(n_predicted))


@pytest.mark.parametrize("metric", PLAIN, ids=lambda metric: metric.__name__)
def test_a_prediction_that_is_not_a_number_is_not_skipped(metric: Callable[[FloatArray, FloatArray], float]) -> None:
    assert np.isnan(metric(np.array([1.0, 2.0]), np.array([1.0, np.nan])))


def test_the_built_in_metrics_say_which_direction_is_better() -> None:
    lower = {name for name, metric in register_metrics().items() if not metric.greater_is_better}
    assert lower == {"rmse", "mae", "mse", "rmse_user", "gini", "interval_width"}


def test_rmse_is_the_first_built_in_metric() -> None:
    assert next(iter(register_metrics())) == "rmse"
