"""Bayesian matrix factorization: what it learns, intervals, invariances, options."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest

from recbench.array_types import FloatArray
from recbench.contracts import RatingDataset
from recbench.models.baselines.bias import Bias
from recbench.models.bayes.fm import BayesFM
from recbench.models.bayes.mf import BayesMF
from recbench.registry.options import options_of
from recbench.testing.toy import COLD_ITEM, COLD_USER, toy_ratings
from tests.support.datasets import make_dataset

SMALL = BayesMF(n_factors=3, n_samples=30, n_burn_in=10, n_kept=10)


def planted(seed: int = 0, noise: FloatArray | float = 0.3) -> tuple[RatingDataset, RatingDataset]:
    """Return a training set of 80 % and a test set: user biases, two factors, and noise of a deviation per user."""
    rng = np.random.default_rng(seed)
    users, items = (index.ravel() for index in np.indices((60, 40)))
    truth = rng.normal(size=(60, 2)) @ rng.normal(size=(2, 40)) + rng.normal(size=(60, 1)) + 3
    spread = np.broadcast_to(noise, 60)[users]
    ratings = np.clip(truth[users, items] + spread * rng.normal(size=len(users)), -20, 20)
    whole = make_dataset(users, items, ratings, n_users=60, n_items=40, scale=(-20, 20), name="planted")
    order = rng.permutation(len(users))
    return whole.take(order[480:]), whole.take(order[:480])


def all_pairs(model: BayesFM) -> FloatArray:
    users, items = (index.ravel() for index in np.indices((len(model.known_users_), len(model.known_items_))))
    return model.predict(users, items).reshape(len(model.known_users_), -1)


def rmse(model: BayesFM | Bias, test: RatingDataset) -> float:
    return float(np.sqrt(np.mean((model.predict(test.user_idx, test.item_idx) - test.ratings) ** 2)))


def test_bayes_mf_has_only_the_options_that_matter_to_it() -> None:
    fixed = {"implicit", "side_information", "likelihoods"}
    assert options_of(BayesFM).keys() - options_of(BayesMF).keys() == fixed
    assert options_of(BayesMF).keys() <= options_of(BayesFM).keys()


def test_factors_learn_interactions_that_biases_cannot() -> None:
    train, test = planted()
    model = BayesMF(n_factors=4, n_samples=60).fit(train)
    assert rmse(model, test) < 0.4
    assert rmse(Bias().fit(train), test) > 1.0


def test_ninety_percent_intervals_contain_ninety_percent_of_test_ratings() -> None:
    train, test = planted(noise=np.linspace(0.1, 1.5, 60))
    model = BayesMF(n_factors=4, n_samples=100).fit(train)
    pairs = test.user_idx, test.item_idx
    inside = np.abs(test.ratings - model.predict(*pairs)) < 1.645 * model.predict_std(*pairs)
    assert 0.86 < inside.mean() < 0.94


def test_users_with_noisy_ratings_have_wider_intervals() -> None:
    train, test = planted(noise=np.where(np.arange(60) < 30, 0.1, 1.5))
    std = BayesMF(n_factors=4, n_samples=50).fit(train).predict_std(test.user_idx, test.item_idx)
    assert std[test.user_idx < 30].max() < std[test.user_idx >= 30].min()


def test_common_noise_is_the_same_for_all_users() -> None:
    noise = replace(SMALL, noise="common").fit(toy_ratings()).noise_samples_[0]
    np.testing.assert_array_equal(noise, np.broadcast_to(noise[0], noise.shape))


def test_without_factors_predictions_are_additive() -> None:
    predicted = all_pairs(replace(SMALL, n_factors=0).fit(toy_ratings()))
    swapped = predicted[1, 2] + predicted[4, 7] - predicted[1, 7] - predicted[4, 2]
    np.testing.assert_allclose(swapped, 0.0, atol=1e-6)


def test_without_factors_predictions_are_near_those_of_the_bias_model() -> None:
    train, _ = planted()
    predicted = all_pairs(BayesMF(n_factors=0, n_samples=400, noise="common").fit(train))
    biases = all_pairs_of_bias(Bias(1.0, 1.0).fit(train))
    assert np.abs(predicted - biases).max() < 0.3 * train.ratings.std()


def all_pairs_of_bias(model: Bias) -> FloatArray:
    return model.global_mean_ + model.user_bias_[:, None] + model.item_bias_[None, :]


def test_a_cold_pair_is_predicted_near_the_mean_with_a_wider_interval() -> None:
    train = toy_ratings()
    model = replace(SMALL, n_samples=200, n_kept=200).fit(train)
    cold = np.array([COLD_USER]), np.array([COLD_ITEM])
    assert abs(model.predict(*cold)[0] - train.ratings.mean()) < train.ratings.std()
    known = train.user_idx[:5], train.item_idx[:5]
    assert model.predict_std(*cold)[0] > model.predict_std(*known).max()


def test_the_order_of_the_training_rows_does_not_matter() -> None:
    train = toy_ratings()
    shuffled = train.take(np.random.default_rng(1).permutation(train.n_ratings))
    np.testing.assert_array_equal(all_pairs(replace(SMALL).fit(train)), all_pairs(replace(SMALL).fit(shuffled)))


def test_doubled_ratings_double_the_predictions() -> None:
    train = toy_ratings()
    doubled = replace(train, ratings=train.ratings * 2, rating_scale=(2, 10))
    np.testing.assert_allclose(all_pairs(replace(SMALL).fit(doubled)), 2 * all_pairs(replace(SMALL).fit(train)))


def test_raised_ratings_raise_the_predictions() -> None:
    train = toy_ratings()
    raised = replace(train, ratings=train.ratings + 1, rating_scale=(2, 6))
    one_more = 1 + all_pairs(replace(SMALL).fit(train))
    np.testing.assert_allclose(all_pairs(replace(SMALL).fit(raised)), one_more, atol=1e-5)


@pytest.mark.parametrize("noise", ["user", "common"])
def test_ratings_without_noise_are_learned(noise: Literal["user", "common"]) -> None:
    train, test = planted(noise=0.0)
    model = BayesMF(n_factors=5, n_samples=300, noise=noise).fit(train)
    assert rmse(model, test) < 0.02


@pytest.mark.parametrize("noise", ["user", "common"])
def test_constant_ratings_are_predicted(noise: Literal["user", "common"]) -> None:
    train = toy_ratings()
    constant = replace(train, ratings=np.full(train.n_ratings, 4.0))
    predicted = BayesMF(n_samples=300, noise=noise).fit(constant).predict(constant.user_idx, constant.item_idx)
    np.testing.assert_allclose(predicted, 4.0, atol=0.2)


def test_another_seed_gives_other_samples() -> None:
    assert not np.array_equal(
        all_pairs(replace(SMALL).fit(toy_ratings())), all_pairs(replace(SMALL, seed=1).fit(toy_ratings()))
    )


def test_the_block_size_does_not_change_predictions(monkeypatch: pytest.MonkeyPatch) -> None:
    model = replace(SMALL).fit(toy_ratings())
    at_once = all_pairs(model)
    monkeypatch.setattr("recbench.models.bayes.fm.PAIRS_PER_BLOCK", 7)
    np.testing.assert_array_equal(all_pairs(model), at_once)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_chains": 0}, "n_chains is 0; it must be at least 1"),
        ({"n_samples": 0}, "n_samples is 0; it must be at least 1"),
        ({"n_factors": -1}, "n_factors is -1; it must be at least 0"),
        ({"noise": "loud"}, r"unknown noise 'loud'; choose one of \['user', 'common'\]"),
    ],
)
def test_an_option_out_of_range_is_an_error(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(SMALL, **options).fit(toy_ratings())


def test_an_index_out_of_range_is_an_error() -> None:
    model = replace(SMALL).fit(toy_ratings())
    with pytest.raises(IndexError, match=r"indices from 3 to 12; they must lie in 0 ... 11"):
        model.predict(np.array([3, 12]), np.array([0, 0]))


@pytest.mark.realdata
def test_the_rmse_on_ml_100k_equals_that_of_other_samplers() -> None:
    if "RECBENCH_DATA" not in os.environ:
        pytest.skip("RECBENCH_DATA does not name a folder with ml-100k")
    train, test = fold_one(Path(os.environ["RECBENCH_DATA"]) / "ml-100k")
    assert 0.88 < rmse(BayesMF().fit(train), test) < 0.907


def fold_one(folder: Path) -> tuple[RatingDataset, RatingDataset]:
    parts = [np.loadtxt(folder / f"u1.{part}", dtype=int) for part in ("base", "test")]
    ids = np.arange(943), np.arange(1682)
    train, test = (RatingDataset("u1", p[:, 0] - 1, p[:, 1] - 1, p[:, 2], *ids, (1, 5)) for p in parts)
    return train, test
