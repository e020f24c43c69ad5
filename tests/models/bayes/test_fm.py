"""The Bayesian factorization machine: implicit features, side information, the likelihoods of chains."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recbench.contracts import RatingDataset
from recbench.models.bayes.features import entity_features
from recbench.models.bayes.fm import BayesFM
from recbench.models.bayes.mf import BayesMF
from recbench.models.bayes.sorted_ratings import sort_ratings
from recbench.testing.toy import COLD_ITEM, toy_ratings
from tests.models.bayes.test_mf import all_pairs, fold_one, rmse
from tests.support.datasets import make_dataset

SMALL = BayesFM(n_factors=3, n_samples=30, n_burn_in=10, n_kept=10)


def test_without_implicit_features_the_model_equals_bayes_mf() -> None:
    of_ids = replace(SMALL, implicit=False).fit(toy_ratings())
    factorization = BayesMF(n_factors=3, n_samples=30, n_burn_in=10, n_kept=10).fit(toy_ratings())
    np.testing.assert_array_equal(all_pairs(of_ids), all_pairs(factorization))


def test_implicit_features_are_exactly_the_training_pairs() -> None:
    train = toy_ratings()
    ratings = sort_ratings(train)
    of_users, of_items = entity_features(ratings.by_user, ratings.by_item, implicit=True, item_table=None)
    for kinds, rows, partners in (
        (of_users, train.user_idx, train.item_idx),
        (of_items, train.item_idx, train.user_idx),
    ):
        starts, entries, values = kinds[1]
        pairs = set(zip(np.repeat(np.arange(len(starts) - 1), np.diff(starts)), entries, strict=True))
        assert pairs == set(zip(partners, rows, strict=True))
        np.testing.assert_allclose(values, np.bincount(rows)[entries] ** -0.5, rtol=1e-6)


def test_implicit_features_help_where_users_rate_what_they_like() -> None:
    train, test = by_choice()
    with_implicit = BayesFM(n_factors=2, n_samples=60).fit(train)
    without = BayesMF(n_factors=2, n_samples=60).fit(train)
    assert rmse(with_implicit, test) < 0.95 * rmse(without, test)


def by_choice() -> tuple[RatingDataset, RatingDataset]:
    """Return ratings of 200 users of two kinds: each rates 8 of 40 items, mostly from the half that the kind likes."""
    rng = np.random.default_rng(0)
    kind, half = np.arange(200) % 2, np.arange(40) % 2
    chance = np.where(kind[:, None] == half, 0.9, 0.1)
    rated = np.array([rng.choice(40, 8, replace=False, p=p / p.sum()) for p in chance])
    users, items = np.repeat(np.arange(200), 8), rated.ravel()
    ratings = np.clip(3 + np.where(kind[users] == half[items], 1, -1) + rng.normal(size=len(users)), -5, 11)
    whole = make_dataset(users, items, ratings, n_users=200, n_items=40, scale=(-5, 11), name="by choice")
    order = rng.permutation(len(users))
    return whole.take(order[400:]), whole.take(order[:400])


def test_genres_inform_the_prediction_of_a_cold_item() -> None:
    train = by_genre()
    model = BayesFM(n_factors=1, n_samples=80, implicit=False, side_information=True).fit(train)
    good, bad = model.predict(np.array([0, 0]), np.array([20, 21]))
    assert good > bad + 1


def by_genre() -> RatingDataset:
    """Return 20 rated items, dramas with high and war films with low ratings, and one unrated item of each genre."""
    users, items = (index.ravel() for index in np.indices((30, 20)))
    ratings = np.where(items % 2 == 0, 4.0, 2.0) + np.random.default_rng(0).choice([-1.0, 0.0, 1.0], len(users))
    genres = np.array(["Drama", "War"] * 11, dtype=object)
    return make_dataset(users, items, ratings, n_users=30, n_items=22, item_columns={"genres": genres}, name="by genre")


def test_side_information_without_item_columns_is_an_error() -> None:
    train = replace(toy_ratings(), item_columns=None)
    with pytest.raises(ValueError, match="no genres and no years in 'toy'"):
        replace(SMALL, side_information=True).fit(train)


def test_chains_use_the_likelihoods_in_turn() -> None:
    model = replace(SMALL, n_chains=3, likelihoods=("regression", "probit")).fit(toy_ratings())
    assert [each.shape[1] for each in model.cutpoints_] == [0, len(model.levels_) - 1, 0]


@pytest.mark.parametrize("likelihoods", [(), ("logit",)])
def test_unknown_likelihoods_are_an_error(likelihoods: Any) -> None:
    with pytest.raises(ValueError, match=r"choose at least one of \['regression', 'probit'\]"):
        replace(SMALL, likelihoods=likelihoods).fit(toy_ratings())


def test_cold_items_get_finite_predictions() -> None:
    model = replace(SMALL, n_chains=2, likelihoods=("probit", "regression")).fit(toy_ratings())
    predicted = model.predict(np.arange(12), np.full(12, COLD_ITEM))
    assert np.isfinite(predicted).all()


@pytest.mark.realdata
def test_the_rmse_on_ml_100k_equals_that_of_other_samplers() -> None:
    if "RECBENCH_DATA" not in os.environ:
        pytest.skip("RECBENCH_DATA does not name a folder with ml-100k")
    train, test = fold_one(Path(os.environ["RECBENCH_DATA"]) / "ml-100k")
    assert 0.87 < rmse(BayesFM().fit(train), test) < 0.892
