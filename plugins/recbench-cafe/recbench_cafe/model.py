"""A Keras model in recbench: imported late, seeded, stopped early, its weights stored as plain arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from recbench import FloatArray, IntArray, RatingDataset, RatingModel, between, hookimpl, searched

N_PASSES = 10  # over the biases: cafes, then guests
DAMPING = (5.0, 2.0)  # of a guest's and of a cafe's bias, in ratings


@dataclass
class CafeNet(RatingModel):
    """Embeddings of a guest and a cafe, multiplied and through a dense layer, on top of the biases.

        r_ui ≈ mean + b_u + b_i + p_u · q_i + w · relu(A [p_u, q_i] + a)

    The biases are damped means, as in recbench's `bias`; the network learns the residuals. A user or an item
    without ratings has bias 0 and the mean embedding of the others.
    """

    uses_valid: ClassVar[bool] = True  # `fit` gets an early-stopping set
    requires: ClassVar[tuple[str, ...]] = ("tensorflow",)  # imported, quietly, before the clock starts

    n_factors: int = searched(8, between(2, 32, log=True))  # length of a user's and an item's embedding
    n_hidden: int = 16  # units of the dense layer
    weight_decay: float = searched(0.1, between(0.01, 1, log=True))  # share of a weight that a step of size 1 removes
    learning_rate: float = searched(0.005, between(0.0005, 0.05, log=True))  # step size of Adam
    n_epochs: int = 40  # at most
    patience: int = 3  # epochs without a gain on the validation set before stopping
    seed: int = 0  # of initial weights and shuffling

    def fit(self, train: RatingDataset, valid: RatingDataset | None = None) -> Self:
        """Learn the biases, the embeddings and the dense layers."""
        keras = _keras()
        keras.utils.set_random_seed(self.seed)
        self.mean_ = float(train.ratings.mean(dtype=np.float64))
        self.user_bias_, self.item_bias_ = _biases(train, self.mean_)
        network = self._network(train.n_users, train.n_items)
        network.compile(keras.optimizers.AdamW(self.learning_rate, weight_decay=self.weight_decay), "mse")
        stop = keras.callbacks.EarlyStopping(patience=self.patience, restore_best_weights=True)
        network.fit(
            [train.user_idx, train.item_idx],
            self._residuals(train),
            batch_size=64,
            epochs=self.n_epochs,
            verbose=0,
            validation_data=None if valid is None else ([valid.user_idx, valid.item_idx], self._residuals(valid)),
            callbacks=[] if valid is None else [stop],
        )
        users, items, *dense = network.get_weights()
        self.users_ = _with_mean(users, np.bincount(train.user_idx, minlength=train.n_users))
        self.items_ = _with_mean(items, np.bincount(train.item_idx, minlength=train.n_items))
        self.dense_ = tuple(dense)
        return self

    def predict(self, user_idx: IntArray, item_idx: IntArray) -> FloatArray:
        """Compute the formula in NumPy, so that the model's state is arrays, without Keras."""
        kernel, offset, weights = self.dense_
        users, items = self.users_[user_idx], self.items_[item_idx]
        hidden = np.maximum(np.concatenate([users, items], axis=1) @ kernel + offset, 0)
        learned = (users * items).sum(axis=1) + (hidden * weights[:, 0]).sum(axis=1)
        return np.asarray(self.mean_ + self.user_bias_[user_idx] + self.item_bias_[item_idx] + learned)

    def _residuals(self, rows: RatingDataset) -> FloatArray:
        """Return r_ui − mean − b_u − b_i of each row: (n_ratings,)."""
        predicted = self.mean_ + self.user_bias_[rows.user_idx] + self.item_bias_[rows.item_idx]
        return np.asarray(rows.ratings - predicted)

    def _network(self, n_users: int, n_items: int) -> Any:
        keras = _keras()
        layers = keras.layers
        user, item = (keras.Input((), dtype="int32") for _ in range(2))
        embedded = [layers.Embedding(n, self.n_factors)(each) for n, each in ((n_users, user), (n_items, item))]
        hidden = layers.Dense(self.n_hidden, "relu")(layers.Concatenate()(embedded))
        # zeros, so that the untrained layer adds nothing to the biases
        dense = layers.Dense(1, use_bias=False, kernel_initializer="zeros")(hidden)
        return keras.Model([user, item], layers.Add()([layers.Dot(1)(embedded), dense]))


def _biases(train: RatingDataset, mean: float) -> tuple[FloatArray, FloatArray]:
    """Return the damped mean deviations of users (n_users,) and of items (n_items,), each less the other's."""
    users = train.user_idx
    items = train.item_idx
    above_mean = train.ratings - np.float64(mean)
    n_of_user = DAMPING[0] + np.bincount(users, minlength=train.n_users)
    n_of_item = DAMPING[1] + np.bincount(items, minlength=train.n_items)
    user_bias = np.zeros(train.n_users)
    for _ in range(N_PASSES):
        item_bias = np.bincount(items, above_mean - user_bias[users], train.n_items) / n_of_item
        user_bias = np.bincount(users, above_mean - item_bias[items], train.n_users) / n_of_user
    return user_bias, item_bias


def _keras() -> Any:
    """Return Keras, imported when it is needed for the first time."""
    import tensorflow as tf

    tf.get_logger().setLevel("ERROR")  # it warns if many networks are fitted in one process
    return tf.keras


def _with_mean(embedding: FloatArray, n_rows: IntArray) -> FloatArray:
    """Replace the rows of users or items without ratings by the mean of the others."""
    known = n_rows > 0
    return np.where(known[:, None], embedding, embedding[known].mean(axis=0))


@hookimpl
def register_models() -> Mapping[str, Callable[..., RatingModel]]:
    """`model=cafe_net`."""
    return {"cafe_net": CafeNet}
