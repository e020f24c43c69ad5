"""Fixtures for all tests."""

from __future__ import annotations

import pytest

from recbench.contracts import RatingDataset
from recbench.datasets.synthetic import make_synthetic
from recbench.testing import toy_ratings


@pytest.fixture(scope="session")
def toy() -> RatingDataset:
    """The toy ratings of the conformance kits: 12 users, 10 items, one of each cold."""
    return toy_ratings()


@pytest.fixture(scope="session")
def small_synthetic() -> RatingDataset:
    """900 synthetic ratings by 60 users on 40 items."""
    return make_synthetic(n_users=60, n_items=40, n_ratings=900)
