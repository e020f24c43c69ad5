"""Ratings of users who rate what they like, and SVD++ on them."""

from __future__ import annotations

import numpy as np

from recbench import RatingDataset
from recbench.array_types import FloatArray
from recbench.contracts import RatingModel
from recbench.models.factorization.svdpp import SVDpp
from tests.support.datasets import make_dataset

KOREN = SVDpp(solver="sgd", implicit="user", n_factors=3, reg=0.02, reg_bias=0.01, n_epochs=4, n_starts=1)


def tastes(seed: int = 0, n_users: int = 60, n_items: int = 40) -> tuple[RatingDataset, RatingDataset]:
    """Return training and test sets of ratings from biases, two factors and noise of 0.2.

    Users rate what they like; user 7 and item 5 have no training rows.
    """
    rng = np.random.default_rng(seed)
    factors = rng.normal(0, 1, (n_users, 2)) @ rng.normal(0, 1, (2, n_items))
    full = 3.0 + rng.normal(0, 0.5, (n_users, 1)) + rng.normal(0, 0.5, n_items) + factors
    full += rng.normal(0, 0.2, full.shape)
    users, items = np.nonzero(rng.random(full.shape) < 1 / (1 + np.exp(0.5 - 1.5 * factors)))
    scale = (float(full.min()) - 1, float(full.max()) + 1)
    whole = make_dataset(users, items, full[users, items], n_users=n_users, n_items=n_items, scale=scale)
    train = (rng.random(len(users)) < 0.6) & (users != 7) & (items != 5)
    return whole.take(np.flatnonzero(train)), whole.take(np.flatnonzero(~train))


def predictions_of(model: RatingModel, train: RatingDataset) -> FloatArray:
    """Fit the model and return its predictions for all pairs, (n_users · n_items,)."""
    users, items = np.indices((train.n_users, train.n_items))
    return model.fit(train).predict(users.ravel(), items.ravel())


def rmse_of(model: RatingModel, train: RatingDataset, test: RatingDataset) -> float:
    """Fit the model on `train` and return its RMSE on `test`."""
    errors = model.fit(train).predict(test.user_idx, test.item_idx) - test.ratings
    return float(np.sqrt(np.mean(errors**2)))
