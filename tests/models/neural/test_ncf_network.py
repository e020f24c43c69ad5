"""The network of `ncf`: its output, loss and anchors by hand, its training steps by Keras."""

from __future__ import annotations

import numpy as np
import pytest

from recbench.contracts import RatingDataset
from recbench.models.neural.ncf_implicit import anchor_updater, initial_anchors
from recbench.models.neural.ncf_network import Network, NetworkLoss, _drop, frozen_hyperparameters, initial_params
from recbench.models.trainer import FROZEN, Params, Trainer, tensorflow
from tests.support.datasets import make_dataset

N_USERS, N_ITEMS = 8, 6  # the last of each is cold


def toy(seed: int = 0) -> RatingDataset:
    """Return a random rating of -1, 0 or 1 for each pair of a known user and a known item."""
    users, items = (index.ravel() for index in np.indices((N_USERS - 1, N_ITEMS - 1)))
    ratings = np.random.default_rng(seed).integers(-1, 2, len(users)).astype(np.float32)
    return make_dataset(users, items, ratings, n_users=N_USERS, n_items=N_ITEMS, scale=(-1, 1))


def test_the_output_for_a_pair_by_hand() -> None:
    network = Network(
        user_embedding=np.array([[1.0]]),
        item_embedding=np.array([[-2.0]]),
        user_gmf=np.array([[0.5, 1.0]]),
        item_gmf=np.array([[2.0, -1.0]]),
        kernels=(np.array([[1.0, -1.0], [0.0, 3.0]]), np.array([[2.0], [5.0]])),
        offsets=(np.array([0.5, 0.0]), np.array([0.25])),
    )
    # hidden: relu(1 + 0.5) = 1.5 and relu(-1 - 6) = 0; output: 3 + 0.25; product: 1 - 1
    assert network.forward(np.array([0]), np.array([0])) == pytest.approx(3.25)


def test_loss_is_the_squared_error_plus_the_penalties() -> None:
    params = initial_params(3, 2, (4, 5), n_gmf_factors=2, seed=1)
    params |= frozen_hyperparameters(reg=0.3, reg_gmf=0.7, reg_bias=0.9, reg_dense=2.0, dropout=0.0)
    params |= {"user_bias": np.array([0.5, 9.0, -0.25]), "item_bias": np.array([1.0, -0.5])}
    params |= {f"{FROZEN}user_gmf": np.full((3, 2), 0.2), f"{FROZEN}item_gmf": np.full((2, 2), -0.1)}
    params["kernel_1"] = params["kernel_1"] + 0.1
    user, item = np.array([0, 2, 2], np.int32), np.array([1, 1, 0], np.int32)
    target, share = np.array([1.0, -1.0, 0.5], np.float32), np.full(3, 0.5, np.float32)
    batch = {"user": user, "item": item, "target": target, "user_share": share, "item_share": 2 * share}
    tf = tensorflow()
    tensors = {name: tf.constant(value, tf.float32) for name, value in params.items()}
    loss = NetworkLoss(drops=False)(tensors, batch, None)
    biases = params["user_bias"][user], params["item_bias"][item]
    expected = (target - sum(biases) - Network.from_params(params).forward(user, item)) ** 2 + 2.0 * 5 * 0.1**2
    expected += 0.9 * (0.5**2 * biases[0] ** 2 + 1.0**2 * biases[1] ** 2)
    for reg, kind, point in ((0.3, "embedding", (0.0, 0.0)), (0.7, "gmf", (0.2, -0.1))):
        expected += reg * 0.5 * ((params[f"user_{kind}"][user] - point[0]) ** 2).sum(axis=1)
        expected += reg * 1.0 * ((params[f"item_{kind}"][item] - point[1]) ** 2).sum(axis=1)
    np.testing.assert_allclose(loss, expected, rtol=1e-5)


def test_anchors_are_sums_over_rated_items_and_over_raters() -> None:
    # user 0 rated all three items, user 1 the last one, user 2 nothing
    train = make_dataset(
        np.array([0, 0, 0, 1]), np.array([0, 1, 2, 2]), np.zeros(4), n_users=3, n_items=3, scale=(-1.0, 1.0)
    )
    rng = np.random.default_rng(0)
    params = initial_anchors(train, 2) | {
        name: rng.normal(size=(3, 2)).astype(np.float32) for name in ("user_gmf", "item_gmf")
    }
    moved = anchor_updater(train, reg_gmf=2.0, reg_rated=3.0, reg_raters=5.0)(params)
    shares = np.array([[3**-0.5] * 3, [0, 0, 1.0], [0, 0, 0]])
    weights = 2.0 * np.diag([3**0.5, 1.0, 1.0])
    y = np.linalg.solve(shares.T @ weights @ shares + 3.0 * np.eye(3), shares.T @ weights @ params["user_gmf"])
    np.testing.assert_allclose(moved[f"{FROZEN}rated"], y, atol=1e-3)
    np.testing.assert_allclose(moved[f"{FROZEN}user_gmf"], shares @ y, atol=1e-3)
    np.testing.assert_allclose(moved["user_gmf"] - params["user_gmf"], shares @ y / 2, atol=1e-3)  # half as far
    assert np.abs(moved[f"{FROZEN}item_gmf"]).max() > 0.01


def test_dropout_sets_its_share_to_zero_and_keeps_the_mean() -> None:
    tf = tensorflow()
    dropped = _drop(tf.ones((200, 200)), 0.25, tf.constant([1, 2])).numpy()
    assert sorted(np.unique(dropped)) == pytest.approx([0.0, 1 / 0.75])
    assert dropped.mean() == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_a_training_step_equals_that_of_keras(optimizer: str) -> None:
    keras = tensorflow().keras
    # Keras' Adam squares the repeated gradients of an embedding before summing them, so each id occurs once for Adam
    train = toy().take(np.arange(35) if optimizer == "sgd" else np.arange(5) * 6)
    params = initial_params(N_USERS, N_ITEMS, (5, 7, 3), n_gmf_factors=0, seed=2)
    user, item = keras.Input((), dtype="int32"), keras.Input((), dtype="int32")
    layers = [keras.layers.Embedding(N_USERS, 5), keras.layers.Embedding(N_ITEMS, 5)]
    hidden = keras.layers.Concatenate()([layers[0](user), layers[1](item)])
    for width, activation in ((7, "relu"), (3, "relu"), (1, None)):
        layers.append(keras.layers.Dense(width, activation=activation))
        hidden = layers[-1](hidden)
    model = keras.Model([user, item], hidden)
    names = [["user_embedding"], ["item_embedding"], *([f"kernel_{n}", f"offset_{n}"] for n in range(3))]
    for layer, of_layer in zip(layers, names, strict=True):
        layer.set_weights([params[name] for name in of_layer])
    model.compile({"sgd": keras.optimizers.SGD, "adam": keras.optimizers.Adam}[optimizer](0.01), "mse")
    model.train_on_batch([train.user_idx, train.item_idx], train.ratings)
    ours = one_step(params, train, optimizer)
    for layer, of_layer in zip(layers, names, strict=True):
        for value, name in zip(layer.get_weights(), of_layer, strict=True):
            np.testing.assert_allclose(ours[name], value, atol=1e-5, err_msg=name)


def one_step(params: Params, train: RatingDataset, optimizer: str) -> Params:
    share = np.zeros(train.n_ratings, np.float32)
    columns = {"user": train.user_idx, "item": train.item_idx, "target": train.ratings}
    columns |= {"user_share": share, "item_share": share}
    trainer = Trainer(0.01, train.n_ratings, 1, optimizer)
    params = params | frozen_hyperparameters(reg=0.0, reg_gmf=0.0, reg_bias=0.0, reg_dense=0.0, dropout=0.0)
    return trainer.run(
        params,
        NetworkLoss(drops=False),
        lambda rows: {name: each[rows] for name, each in columns.items()},
        train.n_ratings,
    ).params
