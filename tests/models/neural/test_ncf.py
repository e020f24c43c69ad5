"""Neural collaborative filtering: memorizing, penalties, early stopping, cold pairs, averages, variants."""

from __future__ import annotations

import os
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from omegaconf import OmegaConf

from recbench.array_types import FloatArray
from recbench.contracts import RatingDataset
from recbench.models.baselines.bias import Bias
from recbench.models.neural import ncf
from recbench.models.neural.ncf import NCF
from recbench.progress import checkpoint_listener
from recbench.runtime.seeds import derive_seed
from tests.support.datasets import make_dataset

N_USERS, N_ITEMS = 8, 6  # the last of each is cold
CLASSIC = Path(__file__).parents[3] / "conf" / "model" / "ncf_classic.yaml"

PLAIN = NCF(
    n_factors=4, hidden_layers=(32, 16), fusion="mlp", residual=False, reg=0.0, reg_gmf=0.0, reg_dense=0.0,
    learning_rate=0.01, batch_size=8, n_epochs=200, patience=None, refit=False,
)  # fmt: skip
SMALL = NCF(n_factors=4, hidden_layers=(8,), n_gmf_factors=3, reg=0.1, reg_gmf=0.1, batch_size=8, n_epochs=20)


def toy(seed: int = 0) -> RatingDataset:
    """Return a random rating of -1, 0 or 1 for each pair of a known user and a known item."""
    users, items = (index.ravel() for index in np.indices((N_USERS - 1, N_ITEMS - 1)))
    ratings = np.random.default_rng(seed).integers(-1, 2, len(users)).astype(np.float32)
    return make_dataset(users, items, ratings, n_users=N_USERS, n_items=N_ITEMS, scale=(-1, 1))


def all_pairs(model: NCF) -> FloatArray:
    users, items = (index.ravel() for index in np.indices((N_USERS, N_ITEMS)))
    return model.predict(users, items).reshape(N_USERS, N_ITEMS)


def fitted(model: NCF, valid: RatingDataset | None = None) -> NCF:
    return replace(model).fit(toy(), valid)


@pytest.fixture(scope="module")
def small() -> NCF:
    return fitted(SMALL)


def test_the_network_can_memorize_the_toy_ratings() -> None:
    train = toy()
    model = fitted(PLAIN)
    assert np.abs(model.predict(train.user_idx, train.item_idx) - train.ratings).max() < 0.1


def test_implicit_anchors_help_where_users_rate_what_they_like() -> None:
    """One kind of users mostly rates items of the first half, the other kind those of the second half."""
    rng = np.random.default_rng(1)
    kind, half = np.repeat([0, 1], 20), np.repeat([0, 1], 10)
    users, items = np.nonzero(rng.random((40, 20)) < np.where(kind[:, None] == half, 0.8, 0.3))
    ratings = np.where(kind[users] == half[items], 0.5, -0.5).astype(np.float32)
    ids = np.arange(40), np.arange(20)
    train = RatingDataset("kinds", users, items, ratings, *ids, rating_scale=(-1.0, 1.0))
    model = NCF(fusion="gmf", n_gmf_factors=4, reg_rated=1.0, reg_raters=1.0, n_epochs=150, learning_rate=0.02)
    learned = [replace(model, implicit=implicit).fit(train).predict(users, items) for implicit in (True, False)]
    errors = [np.std(predicted - ratings) for predicted in learned]
    assert errors[0] < 0.8 * errors[1]


def test_without_hidden_layers_and_product_the_model_is_additive() -> None:
    table = all_pairs(fitted(replace(PLAIN, hidden_layers=(), n_epochs=20)))
    np.testing.assert_allclose(table[:, :1] + table[:1, :], table + table[0, 0], atol=1e-9)
    assert np.ptp(table) > 0.1


def test_same_seed_gives_the_same_predictions(small: NCF) -> None:
    np.testing.assert_array_equal(all_pairs(fitted(SMALL)), all_pairs(small))


def test_another_seed_gives_other_predictions(small: NCF) -> None:
    assert np.abs(all_pairs(fitted(replace(SMALL, seed=1))) - all_pairs(small)).max() > 1e-3


def test_cold_pairs_get_finite_predictions(small: NCF) -> None:
    assert np.isfinite(all_pairs(small)).all()


def test_cold_user_gets_the_mean_embedding(small: NCF) -> None:
    np.testing.assert_allclose(small.user_embedding_[0, -1], small.user_embedding_[0, :-1].mean(axis=0))
    np.testing.assert_allclose(small.item_gmf_[0, -1], small.item_gmf_[0, :-1].mean(axis=0))


def test_a_residual_model_without_training_equals_the_bias_model() -> None:
    model = fitted(replace(SMALL, learning_rate=0.0, n_epochs=1, hidden_layers=()))
    bias = Bias().fit(toy())
    users, items = toy().user_idx, toy().item_idx
    # its small initial weights are the only difference
    np.testing.assert_allclose(model.predict(users, items), bias.predict(users, items), atol=0.2)
    np.testing.assert_allclose(model.user_bias_, bias.user_bias_, rtol=1e-6)


def test_strong_penalties_give_the_bias_model() -> None:
    strong = replace(SMALL, reg=1e3, reg_gmf=1e3, reg_rated=1e6, reg_raters=1e6, learning_rate=0.01)
    model = fitted(replace(strong, batch_size=64, n_epochs=200))  # one batch: no noise
    bias = Bias(reg_user=SMALL.reg_bias, reg_item=SMALL.reg_bias, n_epochs=100).fit(toy())
    users, items = toy().user_idx, toy().item_idx
    difference = model.predict(users, items) - bias.predict(users, items)
    assert np.std(difference) < 0.002


def test_predictions_of_many_pairs_equal_those_of_few(small: NCF) -> None:
    rng = np.random.default_rng(0)
    users, items = rng.integers(0, N_USERS, 9000), rng.integers(0, N_ITEMS, 9000)
    np.testing.assert_allclose(small.predict(users, items), all_pairs(small)[users, items], rtol=1e-12)


def test_no_pairs_give_no_predictions(small: NCF) -> None:
    assert small.predict(np.zeros(0, np.int32), np.zeros(0, np.int32)).shape == (0,)


def test_early_stopping_returns_the_best_epoch_on_the_validation_set() -> None:
    valid = toy(seed=5)  # other ratings of the same pairs: memorizing the training set increases the error
    memorizing = replace(PLAIN, n_epochs=60, patience=60)
    stopped = fitted(memorizing, valid)
    again = fitted(replace(memorizing, n_epochs=int(stopped.n_epochs_[0])))
    assert 1 <= stopped.n_epochs_[0] < 60
    np.testing.assert_array_equal(all_pairs(stopped), all_pairs(again))


def test_refit_trains_on_the_validation_set_too() -> None:
    whole = toy()
    train, valid = whole.take(np.arange(30)), whole.take(np.arange(30, 35))
    refitted = replace(SMALL, patience=3, refit=True).fit(train, valid)
    expected = replace(SMALL, n_epochs=int(refitted.n_epochs_[0])).fit(whole)
    np.testing.assert_allclose(all_pairs(refitted), all_pairs(expected), atol=1e-6)


def test_without_patience_the_validation_set_is_not_used() -> None:
    model = replace(SMALL, patience=None)
    np.testing.assert_array_equal(all_pairs(fitted(model, toy(seed=5))), all_pairs(fitted(model)))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"dropout": 1.0}, r"dropout is 1\.0; it must be at least 0 and below 1"),
        ({"fusion": "gfm"}, r"unknown fusion 'gfm'; choose one of \['neumf', 'gmf', 'mlp'\]"),
        ({"n_gmf_factors": 0}, "n_gmf_factors is 0; it must be at least 1, or choose a fusion without it"),
        ({"n_models": 0}, "n_models is 0; it must be at least 1"),
    ],
)
def test_an_option_out_of_range_is_an_error(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fitted(replace(SMALL, **wrong))


def test_several_networks_are_averaged(small: NCF) -> None:
    both = fitted(replace(SMALL, n_models=2))
    other = fitted(replace(SMALL, seed=derive_seed(0, "network", 1)))
    np.testing.assert_allclose(all_pairs(both), (all_pairs(small) + all_pairs(other)) / 2, atol=1e-12)


def test_fusion_gmf_has_no_network_and_predictions_of_low_rank() -> None:
    model = fitted(replace(SMALL, fusion="gmf", residual=False))
    assert (model.kernels_, model.user_embedding_.size) == ((), 0)
    assert np.linalg.matrix_rank(all_pairs(model)) == SMALL.n_gmf_factors


def test_fusion_mlp_has_no_product() -> None:
    model = fitted(replace(SMALL, fusion="mlp"))
    assert (model.user_gmf_.size, len(model.kernels_)) == (0, 2)


def test_the_order_of_item_ids_does_not_matter() -> None:
    train, turned = toy(), np.append(np.arange(N_ITEMS - 1)[::-1], N_ITEMS - 1)
    strong = replace(SMALL, reg=10.0, reg_gmf=10.0, n_epochs=100, learning_rate=0.01)  # one optimum, whatever the start
    mirrored = replace(strong).fit(replace(train, item_idx=turned[train.item_idx]))
    np.testing.assert_allclose(all_pairs(mirrored)[:, turned], all_pairs(fitted(strong)), atol=0.05)


def test_validation_ratings_affect_only_the_number_of_epochs() -> None:
    model = replace(SMALL, n_epochs=1, refit=False)  # one epoch: nothing to choose
    np.testing.assert_array_equal(all_pairs(fitted(model, toy(seed=5))), all_pairs(fitted(model, toy(seed=6))))


def test_the_state_is_arrays_that_predict_without_tensorflow(small: NCF) -> None:
    state = small.state()
    arrays = [x for value in state.values() for x in (value if isinstance(value, tuple) else (value,))]
    assert all(isinstance(x, np.ndarray | int | float) for x in arrays)
    restored = NCF.from_state({field.name: getattr(small, field.name) for field in fields(small)}, state)
    np.testing.assert_array_equal(all_pairs(restored), all_pairs(small))


def test_the_classic_variant_has_the_textbook_settings() -> None:
    options: dict[str, Any] = dict(OmegaConf.to_container(OmegaConf.load(CLASSIC)))  # type: ignore[arg-type]
    assert options.pop("defaults") == ["ncf", "_self_"]
    assert options.pop("hidden_layers") == [128, 64]
    model = NCF(**options)
    assert (model.n_factors, model.fusion, model.residual) == (50, "mlp", False)
    assert (model.batch_size, model.n_epochs, model.patience, model.refit) == (64, 10, None, False)
    assert (model.learning_rate, model.dropout, model.reg, model.reg_dense) == (0.001, 0.0, 0.0, 0.0)


@pytest.mark.realdata
@pytest.mark.skipif("RECBENCH_DATA" not in os.environ, reason="RECBENCH_DATA does not name the folder of real files")
def test_the_rmse_on_ml_100k_is_below_the_bias_model_and_shows_no_leak() -> None:
    folder = Path(os.environ["RECBENCH_DATA"]) / "ml-100k"
    parts = []
    for part in ("base", "test"):
        users, items, ratings, _ = np.loadtxt(folder / f"u1.{part}", dtype=np.int64).T
        parts.append(make_dataset(users - 1, items - 1, ratings, n_users=943, n_items=1682, name="u1"))
    base, test = parts
    rows = np.random.default_rng(0).permutation(base.n_ratings)
    model = NCF().fit(base.take(rows[8000:]), base.take(rows[:8000]))
    predicted = np.clip(model.predict(test.user_idx, test.item_idx), 1, 5)
    assert 0.88 < np.sqrt(np.mean((test.ratings - predicted) ** 2)) < 0.90  # bias: 0.953


def test_the_default_batch_size_grows_with_the_ratings(monkeypatch: pytest.MonkeyPatch) -> None:
    train, pair = toy(), (np.array([0, 3]), np.array([1, 2]))

    def predicted(batch_size: int | None) -> FloatArray:
        return replace(SMALL, batch_size=batch_size).fit(train).predict(*pair)

    assert np.array_equal(predicted(None), predicted(1024))  # few ratings: the least batch
    monkeypatch.setattr(ncf, "LEAST_BATCH", 2)
    monkeypatch.setattr(ncf, "MOST_STEPS", 4)
    assert np.array_equal(predicted(None), predicted(train.n_ratings // 4))
    assert not np.array_equal(predicted(None), predicted(1024))


def test_checkpoints_predict_with_the_parameters_of_their_epoch() -> None:
    offered: list[tuple[int, FloatArray]] = []
    model = replace(SMALL, n_epochs=4, patience=4, refit=False, n_models=2)
    train, valid = toy(), toy(seed=5)
    with checkpoint_listener(
        model, lambda step, predict: offered.append((step, predict(train.user_idx, train.item_idx)))
    ):
        model.fit(train, valid)
    assert [step for step, _ in offered] == [1, 2, 3, 4]
    first = fitted(replace(model, n_models=1), valid)
    best = dict(offered)[int(first.n_epochs_[0])]
    np.testing.assert_allclose(best, first.predict(train.user_idx, train.item_idx), atol=1e-6)
