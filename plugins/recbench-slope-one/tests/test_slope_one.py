"""Slope One passes every check of a model, and its formula."""

import itertools

import numpy as np
import pytest
from recbench_slope_one import SlopeOne

from recbench.testing import ModelConformance, toy_ratings


@pytest.mark.parametrize("make_model", [SlopeOne])
class TestSlopeOne(ModelConformance): ...


def test_predictions_follow_the_formula() -> None:
    toy = toy_ratings()
    rated = {(u, i): float(r) for u, i, r in zip(toy.user_idx, toy.item_idx, toy.ratings, strict=True)}
    pairs = list(itertools.product(range(toy.n_users), range(toy.n_items)))
    expected = []
    for u, j in pairs:
        total = weight = 0.0
        for i in range(toy.n_items):
            both = [v for v in range(toy.n_users) if (v, i) in rated and (v, j) in rated]
            if i != j and (u, i) in rated and both:
                total += sum(rated[v, j] - rated[v, i] for v in both) + len(both) * rated[u, i]
                weight += len(both)
        own = [r for (v, _), r in rated.items() if v == u]
        expected.append(total / weight if weight else float(np.mean(own or list(rated.values()))))
    users, items = np.array(pairs).T
    assert np.allclose(expected, SlopeOne().fit(toy).predict(users, items), atol=1e-9)


def test_damping_pulls_toward_the_users_mean() -> None:
    toy = toy_ratings()
    users, items = toy.user_idx, toy.item_idx
    means = np.bincount(users, toy.ratings, minlength=12) / np.maximum(np.bincount(users, minlength=12), 1)
    distances = [np.abs(SlopeOne(damping=d).fit(toy).predict(users, items) - means[users]).sum() for d in (0, 10, 1e9)]
    assert distances[0] > distances[1] > distances[2]
    assert distances[2] < 1e-3
