"""Significance of a comparison: worked cases, properties, and the coverage of the intervals."""

from __future__ import annotations

import math
import re
from dataclasses import astuple
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recbench.metrics import rmse
from recbench.results.significance import Difference, corrected_t, paired_bootstrap
from tests.support.predictions import Comparison, simulated, some

FOLDS = (0.010, 0.012, 0.008, 0.011, 0.009)
T_975 = 2.7764451  # of four degrees of freedom, from a table
GRID = st.integers(-20, 20).map(lambda quarters: quarters / 4)
ROWS = st.lists(st.tuples(GRID, GRID, GRID, st.integers(0, 12)), min_size=1, max_size=40)


def columns(rows: list[tuple[float, float, float, int]]) -> Comparison:
    ratings, a, b, users = (np.array(column) for column in zip(*rows, strict=True))
    return ratings, a, b, users


def fast(rows: Comparison, **options: Any) -> Difference:
    return paired_bootstrap(*rows, n_resamples=200, **options)


def swapped(rows: Comparison) -> Comparison:
    ratings, a, b, users = rows
    return ratings, b, a, users


@some
@given(ROWS)
def test_a_model_does_not_differ_from_itself(rows: list[tuple[float, float, float, int]]) -> None:
    ratings, a, _, users = columns(rows)
    assert fast((ratings, a, a, users)) == Difference(0, 0, 0, 1)


@some
@given(ROWS)
def test_the_difference_is_that_of_the_pooled_rmse(rows: list[tuple[float, float, float, int]]) -> None:
    ratings, a, b, users = columns(rows)
    expected = rmse(ratings, a) - rmse(ratings, b)
    assert fast((ratings, a, b, users)).difference == pytest.approx(expected, abs=1e-12)


@some
@given(ROWS)
def test_swapping_the_models_mirrors_difference_and_interval(rows: list[tuple[float, float, float, int]]) -> None:
    there, back = fast(columns(rows)), fast(swapped(columns(rows)))
    mirrored = (-back.difference, -back.high, -back.low, back.p_value)
    assert astuple(there) == pytest.approx(mirrored, abs=1e-12)


@some
@given(ROWS, st.randoms(use_true_random=False))
def test_row_order_does_not_matter(rows: list[tuple[float, float, float, int]], random: Any) -> None:
    shuffled = list(rows)
    random.shuffle(shuffled)
    assert astuple(fast(columns(shuffled))) == pytest.approx(astuple(fast(columns(rows))), abs=1e-12)


@some
@given(ROWS)
def test_copies_of_all_rows_add_no_certainty(rows: list[tuple[float, float, float, int]]) -> None:
    assert astuple(fast(columns(rows * 3))) == pytest.approx(astuple(fast(columns(rows))), abs=1e-12)


@some
@given(ROWS)
def test_a_p_value_below_5_percent_means_an_interval_without_0(rows: list[tuple[float, float, float, int]]) -> None:
    found = fast(columns(rows))
    assert found.low <= found.high
    assert found.p_value >= 0.05 or found.low > 0 or found.high < 0


def test_the_numbering_of_users_does_not_matter() -> None:
    ratings, a, b, users = simulated(0)
    assert fast((ratings, a, b, users)) == fast((ratings, a, b, 10**6 + 7 * users))


def test_the_same_seed_gives_the_same_interval_and_another_seed_another() -> None:
    rows = simulated(0)
    assert fast(rows, seed=3) == fast(rows, seed=3)
    assert fast(rows, seed=3) != fast(rows, seed=4)


def test_two_users_give_the_three_possible_resamples() -> None:
    # both twice the first: 3 - 1; one each: sqrt(5) - sqrt(2.5); twice the second: 1 - 2, with chance 1/4
    found = paired_bootstrap(np.zeros(2), np.array([3.0, 1.0]), np.array([1.0, 2.0]), np.array([0, 1]))
    assert (found.low, found.high) == pytest.approx((-1, 2), abs=1e-12)
    assert found.difference == pytest.approx(math.sqrt(5) - math.sqrt(2.5), abs=1e-12)
    assert found.p_value == pytest.approx(0.5, abs=0.05)


def test_lower_confidence_gives_a_narrower_interval() -> None:
    wide, narrow = (fast(simulated(0), confidence=confidence) for confidence in (0.95, 0.5))
    assert wide.low < narrow.low < narrow.high < wide.high


def test_with_one_rating_per_user_the_interval_is_that_of_resampling_ratings() -> None:
    ratings, a, b, _ = simulated(1)
    rng = np.random.default_rng(7)
    draws = rng.integers(len(ratings), size=(4000, len(ratings)))
    naive = [rmse(ratings[rows], a[rows]) - rmse(ratings[rows], b[rows]) for rows in draws]
    found = paired_bootstrap(ratings, a, b, np.arange(len(ratings)), n_resamples=4000)
    assert (found.low, found.high) == pytest.approx(np.quantile(naive, [0.025, 0.975]), abs=0.01)


def test_errors_correlated_within_users_widen_the_interval() -> None:
    ratings, a, b, users = simulated(2)
    by_user, by_row = (fast((ratings, a, b, index)) for index in (users, np.arange(len(users))))
    assert by_user.high - by_user.low > 1.3 * (by_row.high - by_row.low)


def test_the_interval_covers_the_known_difference_in_95_of_100_samples() -> None:
    known = -0.1 * math.sqrt(2)
    found = [fast(simulated(seed, n_users=150)) for seed in range(400)]
    covered = np.mean([each.low <= known <= each.high for each in found])
    assert 0.90 <= covered <= 0.97  # 0.93 in the long run with 200 resamples, and 2.5 standard errors


def test_equally_good_models_differ_significantly_in_5_of_100_samples() -> None:
    found = [fast(simulated(seed, n_users=150, better_by=0.0)) for seed in range(400)]
    assert 0.02 <= np.mean([each.p_value < 0.05 for each in found]) <= 0.09


def test_the_smallest_p_value_depends_on_the_number_of_resamples() -> None:
    ratings, _, b, users = simulated(0)
    assert fast((ratings, ratings, b, users)).p_value == pytest.approx(2 / 201)


@pytest.mark.parametrize(("n_users", "p_value"), [(2, 0.5), (5, 0.0625), (6, 0.03125)])
def test_the_p_value_of_few_users_is_at_least_that_of_a_sign_test(n_users: int, p_value: float) -> None:
    users = np.arange(n_users)
    found = paired_bootstrap(np.zeros(n_users), np.ones(n_users), np.zeros(n_users), users)
    assert found.p_value == p_value


def test_a_single_user_gives_an_infinite_interval() -> None:
    found = fast((np.zeros(3), np.ones(3), np.zeros(3), np.zeros(3, int)))
    assert found == Difference(1, -math.inf, math.inf, 1)


def test_resampling_in_blocks_gives_the_same_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = fast(simulated(0))
    monkeypatch.setattr("recbench.results.significance.BLOCK", 1)
    apart = fast(simulated(0))
    assert astuple(apart) == pytest.approx(astuple(whole), abs=0.05)
    assert apart.difference == whole.difference


@pytest.mark.parametrize(
    ("rows", "options", "message"),
    [
        ((2, 2, 2, 3), {}, "ratings, user_idx and predictions of lengths [2, 3]; pass equally many, at least one"),
        ((0, 0, 0, 0), {}, "ratings, user_idx and predictions of lengths [0]; pass equally many, at least one"),
        ((2, 2, 2, 2), {"n_resamples": 0}, "n_resamples is 0; it must be at least 1"),
        ((2, 2, 2, 2), {"confidence": 95.0}, "confidence is 95.0; it must be between 0 and 1, 0.95 for example"),
    ],
)
def test_invalid_arguments_are_rejected(rows: tuple[int, int, int, int], options: dict[str, Any], message: str) -> None:
    *values, n_users = rows
    ratings, a, b = (np.ones(n) for n in values)
    with pytest.raises(ValueError, match=re.escape(message)):
        paired_bootstrap(ratings, a, b, np.zeros(n_users, int), **options)


def test_a_prediction_that_is_not_finite_is_rejected() -> None:
    with pytest.raises(ValueError, match="ratings or predictions are not finite"):
        paired_bootstrap(np.zeros(2), np.array([1.0, np.nan]), np.zeros(2), np.arange(2))


def test_corrected_t_of_the_worked_example() -> None:
    found = corrected_t(FOLDS, 80_000, 20_000)
    margin = (found.high - found.low) / 2
    assert found.difference == pytest.approx(0.010)
    assert margin == pytest.approx(0.002945, abs=5e-7)
    assert T_975 * found.difference / margin == pytest.approx(9.428090, abs=5e-6)
    assert found.p_value == pytest.approx(0.000706, abs=5e-7)


def test_without_the_correction_it_is_the_plain_paired_t() -> None:
    found = corrected_t(FOLDS, 10**15, 1)
    margin = (found.high - found.low) / 2
    assert margin == pytest.approx(0.001963, abs=5e-7)
    assert T_975 * found.difference / margin == pytest.approx(14.142136, abs=5e-6)
    assert found.p_value == pytest.approx(0.000145, abs=5e-7)


def test_corrected_t_accepts_the_sizes_of_one_fold_or_of_all() -> None:
    assert corrected_t(FOLDS, 80, 20) == corrected_t(FOLDS, 400, 100)


def test_corrected_t_is_antisymmetric() -> None:
    there, back = corrected_t(FOLDS, 4, 1), corrected_t([-each for each in FOLDS], 4, 1)
    assert astuple(there) == pytest.approx((-back.difference, -back.high, -back.low, back.p_value), rel=1e-12)


@pytest.mark.parametrize(("each", "p_value"), [(0.0, 1.0), (0.25, 0.0)])
def test_equal_differences_in_all_folds_give_an_interval_of_width_0(each: float, p_value: float) -> None:
    assert corrected_t([each, each], 4, 1) == Difference(each, each, each, p_value)


@pytest.mark.parametrize("folds", [(), (0.01,), (0.01, math.nan)])
def test_corrected_t_rejects_fewer_than_two_folds(folds: tuple[float, ...]) -> None:
    with pytest.raises(
        ValueError, match=r"differences of folds \[.*\]; pass a finite number per fold, for at least two folds"
    ):
        corrected_t(folds, 4, 1)


@pytest.mark.parametrize(("n_train", "n_test"), [(0, 1), (4, 0)])
def test_corrected_t_rejects_empty_folds(n_train: int, n_test: int) -> None:
    with pytest.raises(ValueError, match=f"folds of {n_train} training and {n_test} test ratings"):
        corrected_t(FOLDS, n_train, n_test)
