"""The batched ridge regressions: each equals its own solution, in blocks of bounded size."""

from __future__ import annotations

import numpy as np
import pytest

from recbench.array_types import IntArray
from recbench.models import batched_ridge as als
from recbench.models.batched_ridge import blocks, ridge


def _pairs() -> tuple[IntArray, IntArray]:
    """Which of 60 users rated which of 40 items: some users few, some many, number 7 none."""
    rng = np.random.default_rng(0)
    share = rng.uniform(0.1, 0.9, (60, 1))
    share[7] = 0.0
    users, items = np.nonzero(rng.random((60, 40)) < share)
    return users, items


def test_every_entity_gets_its_own_ridge_solution_whatever_its_number_of_ratings() -> None:
    users, items = _pairs()
    rng = np.random.default_rng(1)
    ratings = rng.normal(size=len(users))
    features, penalty = rng.normal(size=(40, 12)), rng.uniform(0.5, 2.0, (60, 12))
    expected = np.zeros(penalty.shape)
    for user in np.unique(users):
        rows = users == user
        x, y = features[items[rows]], ratings[rows]
        expected[user] = np.linalg.solve(x.T @ x + np.diag(penalty[user]), x.T @ y)
    grouped = blocks(users, items, 40, 12)
    counts = np.bincount(users)
    assert counts[counts > 0].min() < 12 < counts.max()
    np.testing.assert_allclose(ridge(grouped, features, ratings, penalty), expected, atol=1e-12)


def test_without_penalty_the_shortest_of_many_solutions_is_taken() -> None:
    grouped = blocks(np.array([0]), np.array([0]), 1, 2)
    solved = ridge(grouped, np.array([[3.0, 4.0]]), np.array([10.0]), np.zeros((1, 2)))
    np.testing.assert_allclose(solved, [[1.2, 1.6]])


def test_a_block_holds_no_more_floats_than_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(als, "BLOCK_FLOATS", 2_000)
    users, items = _pairs()
    grouped = blocks(users, items, 40, 20)
    assert sum(len(block.entities) for block in grouped) == len(np.unique(users))
    assert max(len(block.entities) * max(block.rows.shape[1], 20) * 20 for block in grouped) <= 2_000


def test_many_ratings_are_solved_in_single_precision_to_the_same_coefficients(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    users, items = rng.integers(30, size=900), rng.integers(20, size=900)
    features, targets, penalty = rng.normal(size=(20, 5)), rng.normal(size=900), np.full((30, 5), 3.0)
    grouped = als.blocks(users, items, 20, 5)
    double = als.ridge(grouped, features, targets, penalty)
    monkeypatch.setattr(als, "MANY_RATINGS", 900)
    single = als.ridge(grouped, features, targets, penalty)
    assert 0 < np.abs(single - double).max() < 1e-5
