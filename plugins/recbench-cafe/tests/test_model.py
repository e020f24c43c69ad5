"""The network keeps every law of a model, and learns what there is to learn."""

import numpy as np
import pytest
from recbench_cafe.dataset import load_cafes
from recbench_cafe.model import CafeNet

from recbench import RatingDataset
from recbench.models.baselines.bias import Bias
from recbench.testing import ModelConformance


@pytest.mark.parametrize("make_model", [lambda: CafeNet(n_epochs=3)])
class TestCafeNet(ModelConformance): ...


def parts() -> tuple[RatingDataset, RatingDataset, RatingDataset]:
    """A part to train on, one to stop by and one to test on."""
    cafes = load_cafes()
    rows = np.random.default_rng(0).permutation(cafes.n_ratings)
    return cafes.take(rows[160:]), cafes.take(rows[:60]), cafes.take(rows[60:160])


def error(model: CafeNet | Bias, dataset: RatingDataset) -> float:
    return float(np.sqrt(np.mean((model.predict(dataset.user_idx, dataset.item_idx) - dataset.ratings) ** 2)))


def test_it_learns_what_guests_like_beyond_the_biases() -> None:
    train, valid, test = parts()
    assert error(CafeNet().fit(train, valid), test) < 0.98 * error(Bias().fit(train), test)


def test_a_network_that_learns_nothing_leaves_the_biases() -> None:
    train, valid, test = parts()
    still = CafeNet(learning_rate=0.0, n_epochs=1).fit(train, valid)
    predicted = still.predict(test.user_idx, test.item_idx)
    # the product of the small embeddings that it starts with is all that it adds
    np.testing.assert_allclose(predicted, Bias().fit(train).predict(test.user_idx, test.item_idx), atol=0.03)
