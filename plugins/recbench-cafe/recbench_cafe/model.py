"""A Keras model in recbench: imported late, seeded, stopped early, its weights kept as plain arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from recbench import RatingDataset, RatingModel, between, hookimpl, searched
from recbench.contracts import FloatArray, IntArray


@dataclass
class CafeNet(RatingModel):
    """Embeddings through one dense layer, on top of the mean: r_ui ≈ mean + w · relu(A [p_u, q_i] + b).

    A user or an item without ratings has the mean embedding of the others.
    """

    uses_valid: ClassVar[bool] = True  # the runner hands `fit` a part of train to stop by
    requires: ClassVar[tuple[str, ...]] = ("tensorflow",)  # imported before the clock starts

    n_factors: int = searched(4, between(2, 32, log=True))  # numbers that tell of a user, and of an item
    n_hidden: int = 8  # units of the dense layer
    learning_rate: float = searched(0.02, between(0.002, 0.1, log=True))  # step of Adam
    n_epochs: int = 30  # passes over the ratings, at most
    patience: int = 3  # epochs without gain on the validation part before stopping
    seed: int = 0  # of weights and shuffling

    def fit(self, train: RatingDataset, valid: RatingDataset | None = None) -> Self:
        """Learn the embeddings and the dense layers."""
        import keras

        keras.utils.set_random_seed(self.seed)
        self.mean_ = float(train.ratings.mean(dtype=np.float64))
        network = self._network(train.n_users, train.n_items)
        network.compile(keras.optimizers.Adam(self.learning_rate), "mse")
        stop = keras.callbacks.EarlyStopping(patience=self.patience, restore_best_weights=True)
        network.fit(
            [train.user_idx, train.item_idx],
            train.ratings - np.float32(self.mean_),
            batch_size=64,
            epochs=self.n_epochs,
            verbose=0,
            validation_data=None if valid is None else ([valid.user_idx, valid.item_idx], valid.ratings - self.mean_),
            callbacks=[] if valid is None else [stop],
        )
        users, items, *dense = network.get_weights()
        self.users_ = _with_mean(users, np.bincount(train.user_idx, minlength=train.n_users))
        self.items_ = _with_mean(items, np.bincount(train.item_idx, minlength=train.n_items))
        self.dense_ = tuple(dense)
        return self

    def predict(self, user_idx: IntArray, item_idx: IntArray) -> FloatArray:
        """The network's output, in NumPy: what is kept is arrays, and nothing of Keras."""
        kernel, offset, weights, bias = self.dense_
        joined = np.concatenate([self.users_[user_idx], self.items_[item_idx]], axis=1)
        hidden = np.maximum(joined @ kernel + offset, 0)
        return np.asarray(self.mean_ + (hidden * weights[:, 0]).sum(axis=1) + bias[0], np.float64)

    def _network(self, n_users: int, n_items: int) -> Any:
        import keras

        user, item = (keras.Input((), dtype="int32") for _ in range(2))
        embedded = [keras.layers.Embedding(n, self.n_factors)(each) for n, each in ((n_users, user), (n_items, item))]
        hidden = keras.layers.Dense(self.n_hidden, "relu")(keras.layers.Concatenate()(embedded))
        return keras.Model([user, item], keras.layers.Dense(1)(hidden))


def _with_mean(embedding: FloatArray, n_rows: IntArray) -> FloatArray:
    """The embedding, rows without ratings replaced by the mean of the others."""
    known = n_rows > 0
    return np.where(known[:, None], embedding, embedding[known].mean(axis=0))


@hookimpl
def register_models() -> Mapping[str, Callable[..., RatingModel]]:
    """`model=cafe_net`."""
    return {"cafe_net": CafeNet}
