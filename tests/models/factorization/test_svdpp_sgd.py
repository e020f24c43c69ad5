"""SVD++ by gradient descent: worked steps, and all steps in their plain form."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from recbench import RatingDataset
from recbench.array_types import FloatArray
from recbench.models.baselines.means import global_mean
from recbench.models.factorization.svdpp import SVDpp
from tests.support.tastes import KOREN, predictions_of, tastes


def _koren(train: RatingDataset, model: SVDpp) -> FloatArray:
    """Return every pair's prediction by Koren's steps as published: all y_j are updated after each rating."""
    rng = np.random.default_rng(model.seed)
    width = 1 + model.n_factors
    p, q = rng.normal(0, 0.1, (train.n_users, width)), rng.normal(0, 0.1, (train.n_items, width))
    p, q, y = p[:, 1:], q[:, 1:], np.zeros((train.n_items, model.n_factors))
    b_user, b_item = np.zeros(train.n_users), np.zeros(train.n_items)
    p[7] = q[5] = 0.0
    rated = [np.sort(train.item_idx[train.user_idx == user]) for user in range(train.n_users)]
    rating = {(u, i): r for u, i, r in zip(train.user_idx, train.item_idx, train.ratings, strict=True)}
    rate, mean = model.learning_rate, global_mean(train)
    for _ in range(model.n_epochs):
        for u in rng.permutation(train.n_users):
            for i in rated[u]:
                share = len(rated[u]) ** -0.5
                whole, item = p[u] + share * y[rated[u]].sum(axis=0), q[i].copy()
                error = rating[u, i] - mean - b_user[u] - b_item[i] - whole @ item
                b_user[u] += rate * (error - model.reg_bias * b_user[u])
                b_item[i] += rate * (error - model.reg_bias * b_item[i])
                p[u] += rate * (error * item - model.reg * p[u])
                q[i] += rate * (error * whole - model.reg * q[i])
                y[rated[u]] += rate * (error * share * item - model.reg * y[rated[u]])
    implied = np.array([y[items].sum(axis=0) / np.sqrt(max(len(items), 1)) for items in rated])
    predicted: FloatArray = mean + b_user[:, None] + b_item + (p + implied) @ q.T
    return predicted.ravel()


def test_a_step_equals_the_worked_one() -> None:
    from recbench.models.factorization.svdpp_sgd import Rates, step

    p, q, y = np.array([0.1, 0.1, -0.3]), np.array([-0.2, 0.2, 0.4]), np.array([[0.05, 0.1], [-0.1, 0.2]])
    z, gained = np.append(0.0, y.sum(axis=0) / np.sqrt(2)), np.zeros(3)
    step(p, z, q, gained, 4.0 - 3.0, Rates(0.005, 0.02, 0.02))
    assert q[1:] == pytest.approx((0.200343, 0.399467), abs=1e-6)
    first = (1 - 0.005 * 0.02) * y[0] + gained[1:] / np.sqrt(2)
    assert first == pytest.approx((0.050789, 0.101577), abs=1e-6)
    stepped = 0.005 * (1.122218 - 0.02 * np.array([0.1, -0.2]))
    assert (p[0], q[0]) == pytest.approx((0.1 + stepped[0], -0.2 + stepped[1]), abs=1e-6)


def test_a_step_without_implicit_part_equals_the_worked_one() -> None:
    from recbench.models.factorization.svdpp_sgd import Rates, step

    p, q = np.array([0.1, 0.1, -0.3]), np.array([-0.2, 0.2, 0.4])
    step(p, np.zeros(3), q, np.zeros(3), 4.0 - 3.0, Rates(0.005, 0.02, 0.02))
    assert p == pytest.approx((0.105990, 0.101190, -0.297570), abs=1e-6)
    assert q == pytest.approx((-0.193980, 0.200580, 0.398160), abs=1e-6)


def test_steps_user_by_user_equal_the_published_ones() -> None:
    train, _ = tastes()
    np.testing.assert_allclose(predictions_of(replace(KOREN), train), _koren(train, KOREN), atol=1e-10)
