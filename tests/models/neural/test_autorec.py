"""AutoRec: rows, codes and loss by hand, both sides, early stopping, cold pairs, averages."""

from __future__ import annotations

import os
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from recbench.array_types import FloatArray
from recbench.contracts import RatingDataset
from recbench.models.baselines.bias import Bias
from recbench.models.neural.autorec import AutoRec
from recbench.models.neural.autorec_network import AutoencoderLoss, Rows, codes, frozen_hyperparameters, initial_params
from recbench.models.trainer import tensorflow
from recbench.progress import checkpoint_listener
from recbench.runtime.seeds import derive_seed
from tests.support.datasets import make_dataset

N_USERS, N_ITEMS = 12, 9  # the last of each is cold
SMALL = AutoRec(n_hidden=6, reg=0.01, dropout=0.2, learning_rate=0.02, batch_size=4, n_epochs=30)


def toy(seed: int = 0) -> RatingDataset:
    """Return ratings a_u c_i plus noise for two thirds of the pairs: biases cannot predict them."""
    rng = np.random.default_rng(seed)
    table = np.outer(np.sin(np.arange(N_USERS - 1)), np.cos(np.arange(N_ITEMS - 1)))
    users, items = np.nonzero(np.add.outer(np.arange(N_USERS - 1), np.arange(N_ITEMS - 1)) % 3)
    ratings = np.clip(table[users, items] + rng.normal(0, 0.1, len(users)), -1, 1)
    return make_dataset(users, items, ratings, n_users=N_USERS, n_items=N_ITEMS, scale=(-1, 1))


def all_pairs(model: AutoRec) -> FloatArray:
    users, items = (index.ravel() for index in np.indices((N_USERS, N_ITEMS)))
    return model.predict(users, items).reshape(N_USERS, N_ITEMS)


def fitted(model: AutoRec, train: RatingDataset | None = None, valid: RatingDataset | None = None) -> AutoRec:
    return replace(model).fit(train or toy(), valid)


def error(model: AutoRec | Bias, train: RatingDataset) -> float:
    return float(np.std(model.predict(train.user_idx, train.item_idx) - train.ratings))


@pytest.fixture(scope="module")
def small() -> AutoRec:
    return fitted(SMALL)


@pytest.fixture
def rows() -> Rows:
    """Row 4: 0.5 and 0 in columns 0 and 2; row 7: -1 in column 1."""
    return Rows.of(np.array([7, 4, 4]), np.array([1, 2, 0]), np.array([-1.0, 0.0, 0.5]), n_columns=3)


def test_rows_are_dense_with_nan_for_missing_ratings(rows: Rows) -> None:
    batch = rows.gather(np.array([1, 0, 1]))
    expected = [[np.nan, -1.0, np.nan], [0.5, np.nan, 0.0], [np.nan, -1.0, np.nan]]
    np.testing.assert_array_equal(batch["row"], expected)
    np.testing.assert_allclose(batch["root_share"], [1.0, 2**-0.5, 1.0])
    np.testing.assert_array_equal(rows.numbers, [4, 7])


def test_codes_by_hand(rows: Rows) -> None:
    params = {
        "encoder": np.array([[2.0], [1.0], [9.0]]),
        "encoder_offset": np.array([0.25]),
        "rated": np.array([[1.0], [0.5], [3.0]]),
    }
    # row 4: 0.5 * 2 + 0 * 9 + 0.25 + 3 (1 + 3) / √2; row 7: -1 + 0.25 + 3 * 0.5
    expected = 1 / (1 + np.exp(-np.array([[1.25 + 12 / np.sqrt(2)], [0.75]])))
    np.testing.assert_allclose(codes(params, rows, implicit=3.0, block=1), expected, rtol=1e-5)


def test_loss_is_the_squared_error_of_observed_ratings_plus_the_penalties(rows: Rows) -> None:
    tf = tensorflow()
    params = initial_params(3, 4, implicit=True, seed=1)
    params |= frozen_hyperparameters(reg=0.3, reg_implicit=0.7, implicit=2.0, dropout=0.0)
    params["rated"] = params["encoder"] / 3
    batch = {name: tf.constant(value) for name, value in rows.gather(np.arange(2)).items()}
    tensors = {name: tf.constant(value, tf.float32) for name, value in params.items()}
    loss = AutoencoderLoss(implicit=True, drops=False)(tensors, batch, None)
    output = codes(params, rows, 2.0, block=2) @ params["decoder"]
    reg = {"encoder": 0.3, "rated": 0.7, "decoder": 0.3}
    penalty = sum(weight * (params[name] ** 2).sum() for name, weight in reg.items())
    errors = [(0.5 - output[0, 0]) ** 2 + output[0, 2] ** 2, (-1 - output[1, 1]) ** 2]
    np.testing.assert_allclose(loss, np.array(errors) + penalty, rtol=1e-5)


def test_large_inputs_do_not_overflow_the_codes(rows: Rows) -> None:
    params = {"encoder": np.full((3, 2), -1e6, np.float32), "encoder_offset": np.zeros(2, np.float32)}
    np.testing.assert_allclose(codes(params, rows, implicit=0.0, block=2), [[0.0, 0.0], [1.0, 1.0]])


@pytest.mark.parametrize("side", ["item", "user"])
def test_the_model_learns_interactions_that_biases_cannot(side: str) -> None:
    model = fitted(replace(SMALL, side=side, n_hidden=16, reg=1e-4, dropout=0.0, n_epochs=300))  # type: ignore[arg-type]
    assert error(model, toy()) < 0.3 * error(Bias().fit(toy()), toy())


def test_the_user_side_is_the_item_side_of_the_transposed_data() -> None:
    train = toy()
    transposed = replace(
        train, user_idx=train.item_idx, item_idx=train.user_idx, user_ids=train.item_ids, item_ids=train.user_ids
    )
    by_user, by_item = Bias(2.0, 2.0).fit(train), Bias(2.0, 2.0).fit(transposed)
    model = replace(SMALL, side="user")
    rows, transposed_rows = model._rows(train, by_user), SMALL._rows(transposed, by_item)
    np.testing.assert_array_equal(rows.columns, transposed_rows.columns)
    np.testing.assert_allclose(
        rows.values, transposed_rows.values, atol=1e-3
    )  # the last half steps of their biases differ


def test_strong_penalties_give_the_bias_model() -> None:
    model = fitted(replace(SMALL, reg=1e6, reg_implicit=1e6, n_epochs=300))
    bias = Bias().fit(toy())
    assert np.abs(model.user_factors_[:, :-1] @ model.item_factors_[:, :-1].T).max() < 0.02
    assert error(model, toy()) == pytest.approx(error(bias, toy()), rel=0.1)


def test_pairs_of_a_cold_user_or_item_get_the_biases_only(small: AutoRec) -> None:
    users, items = (index.ravel() for index in np.indices((N_USERS, N_ITEMS)))
    biases = Bias().fit(toy()).predict(users, items).reshape(N_USERS, N_ITEMS)
    np.testing.assert_allclose(all_pairs(small)[-1], biases[-1])
    np.testing.assert_allclose(all_pairs(small)[:, -1], biases[:, -1])
    assert np.abs(all_pairs(small) - biases)[:-1, :-1].min() > 0


def test_implicit_changes_the_predictions() -> None:
    assert not np.allclose(all_pairs(fitted(replace(SMALL, implicit=0.0))), all_pairs(fitted(SMALL)), atol=1e-3)


def test_same_seed_gives_the_same_predictions(small: AutoRec) -> None:
    np.testing.assert_array_equal(all_pairs(fitted(SMALL)), all_pairs(small))


def test_order_of_the_rows_does_not_matter(small: AutoRec) -> None:
    train = toy()
    shuffled = train.take(np.random.default_rng(1).permutation(train.n_ratings))
    np.testing.assert_allclose(all_pairs(fitted(SMALL, shuffled)), all_pairs(small), atol=1e-4)


def test_several_models_are_averaged(small: AutoRec) -> None:
    both = fitted(replace(SMALL, n_models=2))
    other = fitted(replace(SMALL, seed=derive_seed(0, "network", 1)))
    np.testing.assert_allclose(all_pairs(both), (all_pairs(small) + all_pairs(other)) / 2, atol=1e-6)


def test_early_stopping_returns_the_best_epoch_on_the_validation_set() -> None:
    train = toy()
    shuffled = np.random.default_rng(0).permutation(train.ratings)
    valid = replace(train, ratings=shuffled)  # memorizing the training set increases the error
    eager = replace(SMALL, reg=1e-4, n_epochs=60, patience=60, refit=False)
    stopped = fitted(eager, train, valid)
    again = fitted(replace(eager, n_epochs=int(stopped.n_epochs_[0])), train)
    assert 1 <= stopped.n_epochs_[0] < 60
    np.testing.assert_array_equal(all_pairs(stopped), all_pairs(again))


def test_refit_trains_on_the_validation_set_too() -> None:
    whole = toy()
    train, valid = whole.take(np.arange(45)), whole.take(np.arange(45, whole.n_ratings))
    refitted = fitted(replace(SMALL, patience=3), train, valid)
    expected = fitted(replace(SMALL, n_epochs=int(refitted.n_epochs_[0])), whole)
    np.testing.assert_allclose(all_pairs(refitted), all_pairs(expected), atol=1e-5)


def test_the_chunk_size_does_not_change_predictions(small: AutoRec, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recbench.models.neural.autorec.CHUNK_BYTES", 4 * N_USERS * 4)  # four rows: one batch
    np.testing.assert_allclose(all_pairs(fitted(SMALL)), all_pairs(small), atol=1e-5)


def test_no_pairs_give_no_predictions(small: AutoRec) -> None:
    assert small.predict(np.zeros(0, np.int32), np.zeros(0, np.int32)).shape == (0,)


def test_restored_state_predicts_the_same(small: AutoRec) -> None:
    options = {field.name: getattr(small, field.name) for field in fields(small)}
    np.testing.assert_array_equal(all_pairs(AutoRec.from_state(options, small.state())), all_pairs(small))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"side": "items"}, r"unknown side 'items'; choose one of \['item', 'user'\]"),
        ({"dropout": 1.0}, r"dropout is 1\.0; it must be at least 0 and below 1"),
        ({"n_models": 0}, "n_models is 0; it must be at least 1"),
    ],
)
def test_an_option_out_of_range_is_an_error(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fitted(replace(SMALL, **wrong))  # type: ignore[arg-type]


@pytest.mark.realdata
@pytest.mark.skipif("RECBENCH_DATA" not in os.environ, reason="RECBENCH_DATA does not name the folder of real files")
def test_the_rmse_on_ml_100k_is_below_the_bias_model_and_shows_no_leak() -> None:
    folder = Path(os.environ["RECBENCH_DATA"]) / "ml-100k"
    parts = []
    for part in ("base", "test"):
        users, items, ratings, _ = np.loadtxt(folder / f"u1.{part}", dtype=np.int64).T
        parts.append(make_dataset(users - 1, items - 1, ratings, n_users=943, n_items=1682, name="u1"))
    base, test = parts
    shuffled = np.random.default_rng(0).permutation(base.n_ratings)
    model = AutoRec().fit(base.take(shuffled[8000:]), base.take(shuffled[:8000]))
    predicted = np.clip(model.predict(test.user_idx, test.item_idx), 1, 5)
    assert 0.88 < np.sqrt(np.mean((test.ratings - predicted) ** 2)) < 0.91  # bias: 0.953


def test_checkpoints_predict_with_the_parameters_of_their_epoch() -> None:
    offered: list[tuple[int, FloatArray]] = []
    model = replace(SMALL, n_epochs=4, patience=4, refit=False, n_models=2)
    train, valid = toy(), toy(seed=5)
    with checkpoint_listener(
        model, lambda step, predict: offered.append((step, predict(train.user_idx, train.item_idx)))
    ):
        model.fit(train, valid)
    assert [step for step, _ in offered] == [1, 2, 3, 4]
    first = fitted(replace(model, n_models=1), train, valid)
    best = dict(offered)[int(first.n_epochs_[0])]
    np.testing.assert_allclose(best, first.predict(train.user_idx, train.item_idx), atol=1e-6)
