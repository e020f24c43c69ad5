"""The chains of the Bayesian models: kept samples, checkpoints, averages, threads, seeds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from recbench.array_types import FloatArray
from recbench.progress import PrunedError, checkpoint_listener
from recbench.testing.toy import toy_ratings
from tests.models.bayes.test_mf import SMALL, all_pairs


@pytest.mark.parametrize(("n_samples", "n_kept", "expected"), [(30, 10, 10), (7, 10, 7), (10, 4, 4)])
def test_the_number_of_kept_samples_is_at_most_the_number_drawn(n_samples: int, n_kept: int, expected: int) -> None:
    model = replace(SMALL, n_samples=n_samples, n_kept=n_kept).fit(toy_ratings())
    assert model.user_samples_[0].shape == (12, expected, 4)
    assert model.item_samples_[0].shape == (10, expected, 4)


def test_kept_samples_are_evenly_spaced_and_include_the_last() -> None:
    every = replace(SMALL, n_samples=12, n_kept=12).fit(toy_ratings()).user_samples_[0]
    some = replace(SMALL, n_samples=12, n_kept=3).fit(toy_ratings()).user_samples_[0]
    np.testing.assert_array_equal(some, every[:, [3, 7, 11]])


def test_checkpoints_predict_like_a_shorter_run() -> None:
    index = np.zeros(1, np.int32)
    model, offered = replace(SMALL, n_samples=60, n_kept=30), {}

    def judge(step: int, predict: Callable[..., FloatArray]) -> None:
        offered[step] = predict(index, index)

    with checkpoint_listener(model, judge):
        model.fit(toy_ratings())
    assert list(offered) == [20, 40, 60]
    for step, predicted in offered.items():
        shorter = replace(model, n_samples=step, n_kept=step // 2).fit(toy_ratings())
        np.testing.assert_array_equal(predicted, shorter.predict(index, index))


def test_a_checkpoint_can_end_the_fit() -> None:
    def judge(step: int, predict: Callable[..., FloatArray]) -> None:
        raise PrunedError(f"after {step}")

    model = replace(SMALL, n_chains=2)
    with checkpoint_listener(model, judge), pytest.raises(PrunedError, match="after 20"):
        model.fit(toy_ratings())


def test_the_prediction_is_the_mean_over_the_kept_samples() -> None:
    model = replace(SMALL).fit(toy_ratings())
    t, x = model.user_samples_[0][2].astype(np.float64), model.item_samples_[0][5].astype(np.float64)
    by_hand = np.mean(t[:, 0] + x[:, 0] + np.sum(t[:, 1:] * x[:, 1:], axis=1))
    expected = model.global_mean_ + model.scale_ * by_hand
    np.testing.assert_allclose(model.predict(np.array([2]), np.array([5])), expected, rtol=1e-6)


def test_several_chains_are_averaged() -> None:
    both = replace(SMALL, n_chains=2).fit(toy_ratings())
    first = replace(SMALL).fit(toy_ratings())
    np.testing.assert_array_equal(both.user_samples_[0], first.user_samples_[0])
    second = replace(SMALL).fit(toy_ratings())
    second.user_samples_, second.item_samples_ = both.user_samples_[1:], both.item_samples_[1:]
    assert not np.array_equal(all_pairs(first), all_pairs(second))
    np.testing.assert_allclose(all_pairs(both), (all_pairs(first) + all_pairs(second)) / 2, rtol=1e-6)


def test_the_number_of_threads_does_not_change_predictions(monkeypatch: pytest.MonkeyPatch) -> None:
    predicted = []
    for n_threads in ("1", "2"):
        monkeypatch.setenv("NUMBA_NUM_THREADS", n_threads)  # as `threads=...` sets it
        predicted.append(all_pairs(replace(SMALL, n_chains=3).fit(toy_ratings())))
    np.testing.assert_array_equal(predicted[0], predicted[1])


def test_chains_of_consecutive_seeds_differ() -> None:
    one, two = (replace(SMALL, n_chains=3, seed=seed).fit(toy_ratings()) for seed in (1, 2))
    assert not any(np.array_equal(mine, other) for mine in one.user_samples_ for other in two.user_samples_)
