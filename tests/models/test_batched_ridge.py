"""The batched ridge regressions: each equals its own solution, in batches of bounded size."""

from __future__ import annotations

import numpy as np
import pytest

from recbench.array_types import IntArray
from recbench.models import batched_ridge
from recbench.models.batched_ridge import padded_batches, ridge


def _pairs() -> tuple[IntArray, IntArray]:
    """Return which of 60 users rated which of 40 items: some few, some many, user 7 none."""
    rng = np.random.default_rng(0)
    share = rng.uniform(0.1, 0.9, (60, 1))
    share[7] = 0.0
    users, items = np.nonzero(rng.random((60, 40)) < share)
    return users, items


def test_every_entity_gets_its_own_ridge_solution() -> None:
    users, items = _pairs()
    rng = np.random.default_rng(1)
    ratings = rng.normal(size=len(users))
    features, penalty = rng.normal(size=(40, 12)), rng.uniform(0.5, 2.0, (60, 12))
    expected = np.zeros(penalty.shape)
    for user in np.unique(users):
        rows = users == user
        x, y = features[items[rows]], ratings[rows]
        expected[user] = np.linalg.solve(x.T @ x + np.diag(penalty[user]), x.T @ y)
    batches = padded_batches(users, items, 40, 12)
    counts = np.bincount(users)
    assert counts[counts > 0].min() < 12 < counts.max()
    np.testing.assert_allclose(ridge(batches, features, ratings, penalty), expected, atol=1e-12)


def test_without_penalty_the_shortest_solution_is_returned() -> None:
    batches = padded_batches(np.array([0]), np.array([0]), 1, 2)
    solved = ridge(batches, np.array([[3.0, 4.0]]), np.array([10.0]), np.zeros((1, 2)))
    np.testing.assert_allclose(solved, [[1.2, 1.6]])


def test_a_batch_holds_no_more_floats_than_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batched_ridge, "BATCH_FLOATS", 2_000)
    users, items = _pairs()
    batches = padded_batches(users, items, 40, 20)
    assert sum(len(batch.entities) for batch in batches) == len(np.unique(users))
    assert max(len(batch.entities) * max(batch.rows.shape[1], 20) * 20 for batch in batches) <= 2_000


def test_single_precision_gives_nearly_the_same_coefficients(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    users, items = rng.integers(30, size=900), rng.integers(20, size=900)
    features, targets, penalty = rng.normal(size=(20, 5)), rng.normal(size=900), np.full((30, 5), 3.0)
    batches = batched_ridge.padded_batches(users, items, 20, 5)
    double = batched_ridge.ridge(batches, features, targets, penalty)
    monkeypatch.setattr(batched_ridge, "MANY_RATINGS", 900)
    single = batched_ridge.ridge(batches, features, targets, penalty)
    assert 0 < np.abs(single - double).max() < 1e-5
