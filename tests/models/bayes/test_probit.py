"""The ordered probit likelihood: levels, latent variables, cutpoints."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from recbench.models.bayes.fm import BayesFM
from recbench.models.bayes.probit import Cutpoints, expected, levels_of
from recbench.testing.toy import toy_ratings
from tests.models.bayes.test_fm import by_genre
from tests.models.bayes.test_mf import all_pairs, rmse
from tests.models.bayes.test_sampler import within

PROBIT = BayesFM(n_factors=3, n_samples=30, n_burn_in=10, n_kept=10, likelihoods=("probit",))


def test_probit_predictions_lie_within_the_levels() -> None:
    predicted = all_pairs(replace(PROBIT).fit(toy_ratings()))
    assert 1 < predicted.min() < 2.5
    assert 4 < predicted.max() < 5


def test_probit_learns_ratings_and_their_deviation() -> None:
    train = by_genre()
    model = replace(PROBIT, n_samples=60).fit(train)
    assert rmse(model, train) < 0.9
    assert 0.5 < model.predict_std(np.array([0]), np.array([0]))[0] < 1.2


def test_probit_on_one_level_predicts_it() -> None:
    train = toy_ratings()
    constant = replace(train, ratings=np.full(train.n_ratings, 4.0))
    np.testing.assert_allclose(all_pairs(replace(PROBIT).fit(constant)), 4.0)


def test_too_many_levels_for_probit_are_an_error() -> None:
    with pytest.raises(ValueError, match="likelihood 'probit' on 51 distinct ratings of 'fine'"):
        levels_of(np.arange(51.0), "fine")


def test_the_expected_rating_of_levels_by_hand() -> None:
    scores, cutpoints = np.array([[0.5], [-1.0]]), np.array([[0.5, 1.5]])
    mean, square = expected(scores, cutpoints, np.array([[1.0], [2.0]]), np.array([1.0, 2.0, 4.0]))
    # P(level) = .5, .341345, .158655 and Φ(.75), Φ(1.25) − Φ(.75), 1 − Φ(1.25)
    np.testing.assert_allclose(mean, [1.817310, 0.773373 + 2 * 0.120978 + 4 * 0.105650], atol=1e-5)
    np.testing.assert_allclose(square, [4.403860, 0.773373 + 4 * 0.120978 + 16 * 0.105650], atol=2e-5)


def test_latent_variables_have_the_mean_of_a_truncated_normal_even_in_the_tails() -> None:
    level = np.repeat([0, 1, 2, 2], 5000)
    predicted = np.repeat([1.0, 0.2, 0.0, -14.0], 5000)
    cut = Cutpoints(level, 3)
    cut.inner = np.array([0.0, 0.5])
    latent = cut.draw_latent(predicted, np.full(len(level), 2.0), np.random.default_rng(0)).reshape(4, 5000)
    for draws, mean in zip(latent, [-0.186608, 0.245971, 0.762568, 0.517201], strict=True):
        within(mean, draws)
    assert latent[0].max() <= 0 <= latent[1].min()
    assert latent[1].max() <= 0.5 <= latent[2:].min()


def test_newton_and_metropolis_steps_find_the_true_cutpoints() -> None:
    rng, truth = np.random.default_rng(0), np.array([-0.8, 0.1, 1.3])
    predicted, roots = rng.normal(size=8000), rng.uniform(0.5, 2, 8000)
    level = np.searchsorted(truth, predicted + rng.normal(size=8000) / roots)
    cut = Cutpoints(level, 4)
    for _ in range(8):
        cut.newton_step(predicted, roots)
    settled, walked = cut.inner.copy(), []
    for _ in range(400):
        cut.metropolis_step(predicted, roots, rng)
        walked.append(cut.inner.copy())
    np.testing.assert_allclose(settled, truth, atol=0.08)
    np.testing.assert_allclose(np.mean(walked, axis=0), settled, atol=0.02)
    assert 40 < len(np.unique(walked, axis=0)) < 300
    _, information = cut._derivatives(predicted, roots)
    deviations = 1 / np.sqrt(np.diag(information))
    np.testing.assert_allclose(np.std(walked, axis=0), deviations, rtol=0.6)


def test_the_slope_in_the_cutpoints_is_the_gradient_of_the_log_likelihood() -> None:
    rng = np.random.default_rng(0)
    predicted, roots, level = rng.normal(size=60), rng.uniform(0.5, 2, 60), np.arange(60) % 3
    cut = Cutpoints(level, 3)
    slope, _ = cut._derivatives(predicted, roots)
    for at in range(2):
        step = 1e-5 * np.eye(2)[at]
        up, down = (cut._log_likelihood(cut.inner + sign * step, predicted, roots) for sign in (1, -1))
        np.testing.assert_allclose(slope[at], (up - down) / 2e-5, rtol=1e-5)
