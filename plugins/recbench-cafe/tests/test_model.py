"""The network passes every check of a model and learns more than the biases."""

import numpy as np
import pytest
from recbench_cafe.dataset import load_cafes
from recbench_cafe.model import CafeNet

from recbench import ModelConformance, RatingDataset


@pytest.mark.parametrize("make_model", [lambda: CafeNet(n_epochs=3)])
class TestCafeNet(ModelConformance): ...


def parts() -> tuple[RatingDataset, RatingDataset, RatingDataset]:
    """Return a training, a validation and a test set."""
    cafes = load_cafes()
    rows = np.random.default_rng(0).permutation(cafes.n_ratings)
    return cafes.take(rows[160:]), cafes.take(rows[:60]), cafes.take(rows[60:160])


def error(model: CafeNet, dataset: RatingDataset) -> float:
    return float(np.sqrt(np.mean((model.predict(dataset.user_idx, dataset.item_idx) - dataset.ratings) ** 2)))


def test_the_network_improves_on_the_biases() -> None:
    train, valid, test = parts()
    only_biases = CafeNet(learning_rate=0.0, n_epochs=1).fit(train, valid)
    assert error(CafeNet().fit(train, valid), test) < 0.98 * error(only_biases, test)


def test_a_network_that_learns_nothing_predicts_the_biases() -> None:
    train, valid, test = parts()
    model = CafeNet(learning_rate=0.0, n_epochs=1).fit(train, valid)
    biases = model.mean_ + model.user_bias_[test.user_idx] + model.item_bias_[test.item_idx]
    # the product of the small initial embeddings is all that it adds
    np.testing.assert_allclose(model.predict(test.user_idx, test.item_idx), biases, atol=0.03)


def test_a_guests_bias_is_a_damped_mean() -> None:
    train, valid, _ = parts()
    model = CafeNet(learning_rate=0.0, n_epochs=1).fit(train, valid)
    rows = train.user_idx == train.user_idx[0]
    left = train.ratings[rows].astype(np.float64) - model.mean_ - model.item_bias_[train.item_idx[rows]]
    assert model.user_bias_[train.user_idx[0]] == pytest.approx(left.sum() / (5 + rows.sum()), abs=1e-6)
