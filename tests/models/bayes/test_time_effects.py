"""The time at which ratings are given: sessions and days, their law, what is learned of them and who is told."""

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
from tests.support.moods import OWN_MOODS, SMALL, by_mood, error, later

SHORT, MIDDLE, LONG = GAPS
NOON = 20_000 * A_DAY + A_DAY // 2  # seconds


def rated_at(user_idx: Any, timestamps: Any) -> RatingDataset:
    """Ratings of as many items, all 3."""
    n = len(user_idx)
    return RatingDataset(
        "times", user_idx, np.arange(n), np.full(n, 3.0), np.arange(3), np.arange(n), (1, 5), np.asarray(timestamps)
    )


def calendar(user_idx: Any, timestamps: Any) -> tuple[Calendar, IntArray]:
    train = rated_at(user_idx, timestamps)
    made = Calendar.of(train)
    return made, made.effects(train.user_idx, np.asarray(timestamps))


def alike(column: IntArray) -> list[int]:
    """Which rows share an effect: each row's first companion."""
    return [column.tolist().index(each) for each in column.tolist()]


def test_ratings_that_follow_one_another_closely_share_a_spell() -> None:
    times = [NOON, NOON + SHORT, NOON + SHORT + MIDDLE, NOON + 2 * LONG]
    _, effects = calendar([0, 0, 0, 0], times)
    assert [alike(kind) for kind in effects.T] == [[0, 0, 2, 3], [0, 0, 0, 3], [0, 0, 0, 3], [0, 0, 0, 0]]


def test_users_share_days_but_no_spells() -> None:
    _, effects = calendar([0, 1, 1], [NOON, NOON, NOON])
    assert [alike(kind) for kind in effects.T] == [[0, 1, 1]] * len(GAPS) + [[0, 0, 0]]


def test_no_effect_belongs_to_two_kinds() -> None:
    made, effects = calendar([0, 0, 1], [NOON, NOON + 2 * A_DAY, NOON])
    kinds = np.searchsorted(made.bounds, effects, side="right") - 1
    np.testing.assert_array_equal(kinds, np.tile(np.arange(len(GAPS) + 1), (3, 1)))


@pytest.mark.parametrize("shift", [-MIDDLE, MIDDLE])
def test_a_later_rating_is_of_the_spells_it_is_close_to_and_of_the_day(shift: int) -> None:
    made, effects = calendar([1, 2], [NOON, NOON])
    then = made.effects(np.array([1]), np.array([NOON + shift]))
    none = made.bounds[-1]
    np.testing.assert_array_equal(then, [[none, *effects[0, 1:]]])


@pytest.mark.parametrize("second", [0, -(2**40), NOON + A_DAY, 2**60])
def test_a_time_without_ratings_has_no_effect(second: int) -> None:
    made, _ = calendar([0, 1, 2], [NOON, NOON + 5, NOON + 10])
    for user in range(3):
        assert (made.effects(np.array([user]), np.array([second])) == made.bounds[-1]).all()


def test_effects_follow_their_conditional_law() -> None:
    index = np.array([[0, 3], [0, 4], [1, 3], [2, 4]])  # two kinds: of three effects, and of two
    errors, precisions = np.array([1.0, -0.5, 2.0, 0.3]), np.array([1.0, 2.0, 4.0, 1.0], np.float32)
    random, draws = np.random.default_rng(0), np.empty((4000, 2))
    for draw in draws:
        moods = TimeEffects(index, np.array([0, 3, 5]))
        moods.values[:5] = [0.2, -0.3, 0.1, 0.5, -0.4]
        moods.draw((errors - moods.of_ratings()).astype(np.float32), precisions, random)
        draw[:] = moods.values[3:5]
    beside = errors - [0.2, 0.2, -0.3, 0.1]  # what the first kind leaves to the second, whose variance is 1
    precision = 1 + np.bincount(index[:, 1] - 3, precisions)
    mean = np.bincount(index[:, 1] - 3, precisions * beside) / precision
    assert np.all(np.abs(draws.mean(axis=0) - mean) < 4 / np.sqrt(precision * len(draws)))
    np.testing.assert_allclose(draws.var(axis=0), 1 / precision, rtol=0.1)


def test_a_kinds_variance_follows_its_conditional_law() -> None:
    random, index = np.random.default_rng(0), np.array([[0], [1]])
    ratios = []
    for _ in range(4000):
        moods = TimeEffects(index, np.array([0, 2]))
        moods.draw(np.array([1.0, -1.0], np.float32), np.ones(2, np.float32), random)
        ratios.append((1 + np.sum(moods.values[:2] ** 2)) / 2 / moods.variances[0])
    assert abs(np.mean(ratios) - 1.5) < 4 * np.sqrt(1.5 / len(ratios))  # Gamma(3/2, rate 1) once scaled


def test_the_errors_that_are_left_lack_the_effects() -> None:
    moods = TimeEffects(np.array([[0, 2], [1, 2]]), np.array([0, 2, 3]))
    errors = np.array([1.0, -2.0], np.float32)
    left = moods.draw(errors, np.ones(2, np.float32), np.random.default_rng(0))
    np.testing.assert_allclose(left + moods.of_ratings(), errors, rtol=1e-5)


DAYS = np.array([-1.0, 0.5, 0.0, 1.5, -0.5])


@pytest.mark.parametrize("likelihood", ["regression", "probit"])
def test_planted_moods_are_foreseen_where_the_time_is_told(likelihood: Any) -> None:
    train, test = by_mood(OWN_MOODS)
    fitted = replace(SMALL, likelihoods=(likelihood,), implicit=False).fit(train)
    told, untold = predict_dataset(fitted, test), fitted.predict(test.user_idx, test.item_idx)
    assert error(told, test) < 0.6 * error(untold, test)


def test_a_planted_effect_of_days_is_recovered_far_from_ones_own_ratings() -> None:
    train, _ = by_mood(np.tile(DAYS, (40, 1)))
    late = NOON + np.arange(5) * A_DAY + 2 * LONG
    pairs = np.zeros(5, np.int32), np.zeros(5, np.int32)
    predicted = replace(SMALL, implicit=False).fit(train).predict_at(*pairs, late)
    np.testing.assert_allclose(predicted - predicted.mean(), DAYS - DAYS.mean(), atol=0.2)


def test_what_is_unknown_of_the_mood_widens_the_interval() -> None:
    train, test = by_mood(OWN_MOODS)
    fitted = replace(SMALL, implicit=False).fit(train)
    told, untold = predict_std_rows(fitted, test), fitted.predict_std(test.user_idx, test.item_idx)
    assert told is not None
    assert np.all(told < untold)
    assert np.mean(np.abs(predict_dataset(fitted, test) - test.ratings) < 1.645 * told) == pytest.approx(0.9, abs=0.05)


def test_untold_it_predicts_as_in_the_users_usual_mood() -> None:
    train, _ = by_mood(OWN_MOODS)
    fitted = replace(SMALL, implicit=False, n_factors=0).fit(train)
    index, own = np.zeros(1, np.int32), train.user_idx == 0
    times = seconds_of(train)[own]
    told = fitted.predict_at(np.zeros(len(times), np.int32), np.zeros(len(times), np.int32), times)
    np.testing.assert_allclose(fitted.predict(index, index), told.mean(), atol=1e-5)


def test_at_a_time_unheard_of_it_predicts_as_if_untold() -> None:
    train, test = by_mood(OWN_MOODS)
    fitted, pairs = replace(SMALL).fit(train), (test.user_idx, test.item_idx)
    told = fitted.predict_at(*pairs, np.full(test.n_ratings, 7))
    np.testing.assert_array_equal(told, fitted.predict(*pairs))


def test_rows_may_come_in_any_order() -> None:
    train, test = by_mood(OWN_MOODS)
    shuffled = np.random.default_rng(0).permutation(train.n_ratings)
    one, other = SMALL.fit(train).state(), replace(SMALL).fit(train.take(shuffled)).state()
    for learned in ("calendar_", "effect_samples_", "usual_samples_", "user_samples_"):
        for mine, yours in zip(one[learned], other[learned], strict=True):
            np.testing.assert_array_equal(mine, yours)
    order = np.arange(test.n_ratings)[::-1]
    np.testing.assert_array_equal(predict_dataset(SMALL, test)[order], predict_dataset(SMALL, test.take(order)))


def test_a_shift_of_all_timestamps_by_days_changes_nothing() -> None:
    train, test = by_mood(OWN_MOODS)
    moved = [later(each, 100 * A_DAY) for each in (train, test)]
    np.testing.assert_array_equal(
        predict_dataset(replace(SMALL).fit(train), test), predict_dataset(replace(SMALL).fit(moved[0]), moved[1])
    )


def test_nobody_known_at_a_time_unheard_of_gets_a_finite_prediction() -> None:
    fitted = replace(SMALL).fit(toy_ratings())
    users, items = (index.ravel() for index in np.indices((12, 10)))
    for second in (0, 2**61, 1_000_000_000):
        assert np.isfinite(fitted.predict_at(users, items, np.full(len(users), second))).all()


def test_nothing_is_predicted_for_no_rows() -> None:
    none = np.zeros(0, np.int32)
    assert replace(SMALL).fit(toy_ratings()).predict_at(none, none, none).shape == (0,)


def test_a_data_set_without_timestamps_is_refused() -> None:
    with pytest.raises(ValueError, match=r"no timestamps in 'toy', and uses_time=true needs them; .* uses_time=false"):
        replace(SMALL).fit(replace(toy_ratings(), timestamps=None))


def test_a_model_that_learned_nothing_of_time_says_so() -> None:
    index = np.zeros(1, np.int32)
    with pytest.raises(RuntimeError, match="BayesMF was fitted without timestamps; set uses_time=true"):
        BayesMF(n_samples=2, n_burn_in=0).fit(toy_ratings()).predict_at(index, index, index)
