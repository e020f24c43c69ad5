"""The network keeps every law of a model, and learns what there is to learn."""

import numpy as np
import pytest
from recbench_cafe.dataset import load_cafes
from recbench_cafe.model import CafeNet

from recbench.testing import ModelConformance


@pytest.mark.parametrize("make_model", [lambda: CafeNet(n_epochs=3)])
class TestCafeNet(ModelConformance): ...


def test_it_learns_what_guests_like() -> None:
    cafes = load_cafes()
    rows = np.random.default_rng(0).permutation(cafes.n_ratings)
    valid, train = cafes.take(rows[:60]), cafes.take(rows[60:])
    predicted = CafeNet().fit(train, valid).predict(train.user_idx, train.item_idx)
    assert np.sqrt(np.mean((predicted - train.ratings) ** 2)) < 0.85 * train.ratings.std()
