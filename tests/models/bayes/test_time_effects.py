"""Time effects: sessions and days, their distributions, and predictions with and without a time."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from recbench.array_types import IntArray
from recbench.capabilities import predict_dataset, predict_std_rows
from recbench.contracts import RatingDataset
from recbench.models.bayes.mf import BayesMF
from recbench.models.bayes.time_effects import A_DAY, GAPS, Calendar, TimeEffects, seconds_of
from recbench.testing.toy import toy_ratings
from tests.support.datasets import make_dataset
from tests.support.session_effects import SMALL, USER_EFFECTS, ratings_with_session_effects, rmse_on, shift_timestamps

SHORT, MIDDLE, LONG = GAPS
NOON = 20_000 * A_DAY + A_DAY // 2  # seconds


def rated_at(user_idx: Any, timestamps: Any) -> RatingDataset:
    """Return ratings of 3, one per item, by these users at these times."""
    n = len(user_idx)
    return make_dataset(
        user_idx, np.arange(n), np.full(n, 3.0), n_users=3, n_items=n, timestamps=np.asarray(timestamps), name="times"
    )


def calendar(user_idx: Any, timestamps: Any) -> tuple[Calendar, IntArray]:
    train = rated_at(user_idx, timestamps)
    made = Calendar.of(train)
    return made, made.effects(train.user_idx, np.asarray(timestamps))


def first_with_same_effect(column: IntArray) -> list[int]:
    """Return for each row the first row with the same effect."""
    return [column.tolist().index(each) for each in column.tolist()]


def test_ratings_in_close_succession_share_a_session() -> None:
    times = [NOON, NOON + SHORT, NOON + SHORT + MIDDLE, NOON + 2 * LONG]
    _, effects = calendar([0, 0, 0, 0], times)
    assert [first_with_same_effect(kind) for kind in effects.T] == [
        [0, 0, 2, 3],
        [0, 0, 0, 3],
        [0, 0, 0, 3],
        [0, 0, 0, 0],
    ]


def test_users_share_days_but_not_sessions() -> None:
    _, effects = calendar([0, 1, 1], [NOON, NOON, NOON])
    assert [first_with_same_effect(kind) for kind in effects.T] == [[0, 1, 1]] * len(GAPS) + [[0, 0, 0]]


def test_no_effect_belongs_to_two_kinds() -> None:
    made, effects = calendar([0, 0, 1], [NOON, NOON + 2 * A_DAY, NOON])
    kinds = np.searchsorted(made.bounds, effects, side="right") - 1
    np.testing.assert_array_equal(kinds, np.tile(np.arange(len(GAPS) + 1), (3, 1)))


@pytest.mark.parametrize("shift", [-MIDDLE, MIDDLE])
def test_a_later_rating_belongs_to_the_nearby_sessions_and_its_day(shift: int) -> None:
    made, effects = calendar([1, 2], [NOON, NOON])
    then = made.effects(np.array([1]), np.array([NOON + shift]))
    none = made.bounds[-1]
    np.testing.assert_array_equal(then, [[none, *effects[0, 1:]]])


@pytest.mark.parametrize("second", [0, -(2**40), NOON + A_DAY, 2**60])
def test_a_time_without_ratings_has_no_effect(second: int) -> None:
    made, _ = calendar([0, 1, 2], [NOON, NOON + 5, NOON + 10])
    for user in range(3):
        assert (made.effects(np.array([user]), np.array([second])) == made.bounds[-1]).all()


def test_effects_follow_their_conditional_distribution() -> None:
    index = np.array([[0, 3], [0, 4], [1, 3], [2, 4]])  # two kinds: of three effects, and of two
    errors, precisions = np.array([1.0, -0.5, 2.0, 0.3]), np.array([1.0, 2.0, 4.0, 1.0], np.float32)
    random, draws = np.random.default_rng(0), np.empty((4000, 2))
    for draw in draws:
        effects = TimeEffects(index, np.array([0, 3, 5]))
        effects.values[:5] = [0.2, -0.3, 0.1, 0.5, -0.4]
        effects.draw((errors - effects.of_ratings()).astype(np.float32), precisions, random)
        draw[:] = effects.values[3:5]
    beside = errors - [0.2, 0.2, -0.3, 0.1]  # what the first kind leaves to the second, whose variance is 1
    precision = 1 + np.bincount(index[:, 1] - 3, precisions)
    mean = np.bincount(index[:, 1] - 3, precisions * beside) / precision
    assert np.all(np.abs(draws.mean(axis=0) - mean) < 4 / np.sqrt(precision * len(draws)))
    np.testing.assert_allclose(draws.var(axis=0), 1 / precision, rtol=0.1)


def test_the_variance_of_a_kind_follows_its_conditional_distribution() -> None:
    random, index = np.random.default_rng(0), np.array([[0], [1]])
    ratios = []
    for _ in range(4000):
        effects = TimeEffects(index, np.array([0, 2]))
        effects.draw(np.array([1.0, -1.0], np.float32), np.ones(2, np.float32), random)
        ratios.append((1 + np.sum(effects.values[:2] ** 2)) / 2 / effects.variances[0])
    assert abs(np.mean(ratios) - 1.5) < 4 * np.sqrt(1.5 / len(ratios))  # Gamma(3/2, rate 1) once scaled


def test_a_draw_returns_the_errors_without_the_effects() -> None:
    effects = TimeEffects(np.array([[0, 2], [1, 2]]), np.array([0, 2, 3]))
    errors = np.array([1.0, -2.0], np.float32)
    left = effects.draw(errors, np.ones(2, np.float32), np.random.default_rng(0))
    np.testing.assert_allclose(left + effects.of_ratings(), errors, rtol=1e-5)


DAYS = np.array([-1.0, 0.5, 0.0, 1.5, -0.5])


@pytest.mark.parametrize("likelihood", ["regression", "probit"])
def test_planted_session_effects_are_predicted_when_the_time_is_known(likelihood: Any) -> None:
    train, test = ratings_with_session_effects(USER_EFFECTS)
    model = replace(SMALL, likelihoods=(likelihood,), implicit=False).fit(train)
    with_time, without = predict_dataset(model, test), model.predict(test.user_idx, test.item_idx)
    assert rmse_on(with_time, test) < 0.6 * rmse_on(without, test)


def test_planted_day_effects_are_recovered_outside_the_sessions_of_a_user() -> None:
    train, _ = ratings_with_session_effects(np.tile(DAYS, (40, 1)))
    late = NOON + np.arange(5) * A_DAY + 2 * LONG
    pairs = np.zeros(5, np.int32), np.zeros(5, np.int32)
    predicted = replace(SMALL, implicit=False).fit(train).predict_at(*pairs, late)
    np.testing.assert_allclose(predicted - predicted.mean(), DAYS - DAYS.mean(), atol=0.2)


def test_an_unknown_time_widens_the_interval() -> None:
    train, test = ratings_with_session_effects(USER_EFFECTS)
    model = replace(SMALL, implicit=False).fit(train)
    with_time, without = predict_std_rows(model, test), model.predict_std(test.user_idx, test.item_idx)
    assert with_time is not None
    assert np.all(with_time < without)
    assert np.mean(np.abs(predict_dataset(model, test) - test.ratings) < 1.645 * with_time) == pytest.approx(
        0.9, abs=0.05
    )


def test_without_a_time_the_prediction_has_the_mean_effect_of_the_user() -> None:
    train, _ = ratings_with_session_effects(USER_EFFECTS)
    model = replace(SMALL, implicit=False, n_factors=0).fit(train)
    index, own = np.zeros(1, np.int32), train.user_idx == 0
    times = seconds_of(train)[own]
    with_time = model.predict_at(np.zeros(len(times), np.int32), np.zeros(len(times), np.int32), times)
    np.testing.assert_allclose(model.predict(index, index), with_time.mean(), atol=1e-5)


def test_a_time_without_training_ratings_predicts_like_no_time() -> None:
    train, test = ratings_with_session_effects(USER_EFFECTS)
    model, pairs = replace(SMALL).fit(train), (test.user_idx, test.item_idx)
    with_time = model.predict_at(*pairs, np.full(test.n_ratings, 7))
    np.testing.assert_array_equal(with_time, model.predict(*pairs))


def test_the_order_of_the_rows_does_not_matter() -> None:
    train, test = ratings_with_session_effects(USER_EFFECTS)
    shuffled = np.random.default_rng(0).permutation(train.n_ratings)
    one, other = SMALL.fit(train).state(), replace(SMALL).fit(train.take(shuffled)).state()
    for learned in ("calendar_", "effect_samples_", "usual_samples_", "user_samples_"):
        for mine, yours in zip(one[learned], other[learned], strict=True):
            np.testing.assert_array_equal(mine, yours)
    order = np.arange(test.n_ratings)[::-1]
    np.testing.assert_array_equal(predict_dataset(SMALL, test)[order], predict_dataset(SMALL, test.take(order)))


def test_shifting_all_timestamps_by_days_does_not_change_predictions() -> None:
    train, test = ratings_with_session_effects(USER_EFFECTS)
    moved = [shift_timestamps(each, 100 * A_DAY) for each in (train, test)]
    np.testing.assert_array_equal(
        predict_dataset(replace(SMALL).fit(train), test), predict_dataset(replace(SMALL).fit(moved[0]), moved[1])
    )


def test_cold_pairs_at_unknown_times_get_finite_predictions() -> None:
    model = replace(SMALL).fit(toy_ratings())
    users, items = (index.ravel() for index in np.indices((12, 10)))
    for second in (0, 2**61, 1_000_000_000):
        assert np.isfinite(model.predict_at(users, items, np.full(len(users), second))).all()


def test_no_rows_give_no_predictions() -> None:
    none = np.zeros(0, np.int32)
    assert replace(SMALL).fit(toy_ratings()).predict_at(none, none, none).shape == (0,)


def test_a_dataset_without_timestamps_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"no timestamps in 'toy', and uses_time=true needs them; .* uses_time=false"):
        replace(SMALL).fit(replace(toy_ratings(), timestamps=None))


def test_predict_at_of_a_model_fitted_without_timestamps_is_an_error() -> None:
    index = np.zeros(1, np.int32)
    with pytest.raises(RuntimeError, match="BayesMF was fitted without timestamps; set uses_time=true"):
        BayesMF(n_samples=2, n_burn_in=0).fit(toy_ratings()).predict_at(index, index, index)
