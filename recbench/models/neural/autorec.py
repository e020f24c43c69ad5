"""AutoRec: an autoencoder reconstructs an item's ratings, including missing ones.

    r_ui ≈ mean + b_u + b_i + (h_i W + b)_u
    h_i  = sigmoid(Σ_v (e_vi V_v + implicit n_i^-½ U_v) + c),   v over the n_i users who rated i
    e_vi = r_vi − mean − b_v − b_i

`autorec_network` has the autoencoder and its loss.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import ClassVar, Literal, Self, get_args

import numpy as np

from recbench.array_types import FloatArray, IntArray
from recbench.contracts import RatingDataset, RatingModel
from recbench.models.baselines.bias import Bias
from recbench.models.neural.autorec_network import AutoencoderLoss, Rows, codes, frozen_hyperparameters, initial_params
from recbench.models.neural.early_stopping import Stopping
from recbench.models.prediction_blocks import pairwise_products
from recbench.models.trainer import Params, Score, Trainer, TrainResult
from recbench.progress import checkpoint
from recbench.registry.search_space import between, searched

CHUNK_BYTES = 1 << 25  # size of the dense rows of the rating matrix in memory at a time: 32 MB

Side = Literal["item", "user"]


@dataclass
class AutoRec(RatingModel):
    """AutoRec: an autoencoder of items, each given by its ratings, or of users, each given by theirs.

        r_ui ≈ mean + b_u + b_i + (h_i W + b)_u
        h_i  = sigmoid(Σ_v (e_vi V_v + implicit n_i^-½ U_v) + c),   v over the n_i users who rated i
        e_vi = r_vi − mean − b_v − b_i

    With `side=user`, the roles of users and items are exchanged. The biases are those of `bias`. Adam minimizes
    Σ (r_ui − r̂_ui)² + reg √n (|W|² + |V|²) + reg_implicit |U|² over the n ratings; a training step drops a share
    `dropout` of the input. U, which depends on who rated but not on the ratings, is an addition to the original,
    as in SVD++; `implicit=0` removes it.

    With `valid`, training stops when the error there no longer falls, and goes back to the best epoch; `refit` then
    trains again for as many epochs, on `train` and `valid`. The prediction for a user or item without training rows
    consists of the mean and the biases only.

    Sources: Sedhain, Menon, Sanner & Xie (2015), "AutoRec: autoencoders meet collaborative filtering",
    WWW; Koren (2008), "Factorization meets the neighborhood", KDD, for U.
    """

    uses_valid: ClassVar[bool] = True
    requires: ClassVar[tuple[str, ...]] = ("tensorflow",)

    # defaults: chosen on validation sets, 10 % of the training sets of MovieLens 100k's u1, latest-small and 1M
    side: Side = "item"  # what a row of the autoencoder is: item or user
    n_hidden: int = searched(300, between(50, 600, log=True))  # width of the hidden layer
    implicit: float = 15.0  # weight of who rated an item, relative to their ratings; 0: ratings only
    reg: float = searched(0.11, between(0.01, 1, log=True))  # penalty on squared weights of ratings, × √n_ratings
    reg_implicit: float = 30.0  # penalty on the squared weights of who rated
    dropout: float = searched(0.3, between(0, 0.7))  # share of a row's ratings dropped in a training step
    learning_rate: float = 0.001  # of Adam
    batch_size: int = 128  # rows per mini-batch
    n_epochs: int = 100  # maximum number of passes over the rows
    patience: int | None = 5  # epochs without a gain on the validation set before stopping; null: never stop
    refit: bool = True  # after stopping, train again on all ratings for the best number of epochs
    n_models: int = 1  # autoencoders whose predictions are averaged: of seed itself and of seeds derived from it
    compiled: bool = True  # run a chunk of rows as one XLA program; false where TensorFlow has no XLA
    seed: int = 0  # seed of initial weights, shuffling and dropout

    def fit(self, train: RatingDataset, valid: RatingDataset | None = None) -> Self:
        """Learn the biases, `user_factors_`, `item_factors_`, and `n_epochs_` (n_models,), each model's epochs.

        The factors, (n_users, n_models (n_hidden + 1)) and the same for items, are h of one side and W of the other,
        with a last column for the offset b; those of all models are concatenated, scaled so that the product of a
        user's and an item's factors is the average over the models.

        Raises:
            ValueError: `train` has no ratings, or an option is out of range.
            FloatingPointError: the weights diverged.
        """
        if self.side not in get_args(Side):
            raise ValueError(f"unknown side {self.side!r}; choose one of {list(get_args(Side))}")
        if not 0.0 <= self.dropout < 1.0:
            raise ValueError(f"dropout is {self.dropout}; it must be at least 0 and below 1")
        stopping = Stopping(self.n_epochs, self.patience, self.refit, self.n_models, self.seed)
        whole, learned = stopping.run(self._train_autoencoder, train, valid)
        self.n_epochs_ = np.array([each.n_epochs for each in learned])
        bias = Bias().fit(whole)
        self.global_mean_ = bias.global_mean_
        self.user_bias_ = bias.user_bias_
        self.item_bias_ = bias.item_bias_
        rows = self._rows(whole, bias)
        factors = [self._factors(each.params, rows, whole) for each in learned]
        self.user_factors_ = np.hstack([of_users for of_users, _ in factors]) / np.sqrt(self.n_models)
        self.item_factors_ = np.hstack([of_items for _, of_items in factors]) / np.sqrt(self.n_models)
        return self

    def predict(self, user_idx: IntArray, item_idx: IntArray) -> FloatArray:
        """Return the mean, the biases and the autoencoder's reconstruction, added up."""
        biases = self.global_mean_ + self.user_bias_[user_idx] + self.item_bias_[item_idx]
        return biases + pairwise_products(self.user_factors_, user_idx, self.item_factors_, item_idx)

    def _train_autoencoder(
        self, train: RatingDataset, valid: RatingDataset | None, n_epochs: int, seed: int
    ) -> TrainResult:
        """Train one autoencoder; `valid` stops it early."""
        bias = Bias().fit(train)
        rows = self._rows(train, bias)
        trainer = Trainer(
            self.learning_rate,
            self.batch_size,
            n_epochs,
            patience=self.patience,
            seed=seed,
            compiled=self.compiled,
            chunk_size=_chunk_size(rows),
        )
        initial = initial_params(rows.n_columns, self.n_hidden, implicit=self.implicit > 0, seed=seed)
        n_rows = len(rows.numbers)
        initial |= frozen_hyperparameters(
            reg=self.reg * train.n_ratings**0.5 / n_rows,
            reg_implicit=self.reg_implicit / n_rows,
            implicit=self.implicit,
            dropout=self.dropout,
        )
        loss = AutoencoderLoss(self.implicit > 0, self.dropout > 0)
        score = None if valid is None else self._validation_error(rows, bias, train, valid, seed)
        return trainer.run(initial, loss, rows.gather, n_rows, score)

    def _rows(self, train: RatingDataset, bias: Bias) -> Rows:
        """Return the residuals of the biases, by item or by user."""
        if self.side == "item":
            return Rows.of(train.item_idx, train.user_idx, bias.residuals(train), train.n_users)
        return Rows.of(train.user_idx, train.item_idx, bias.residuals(train), train.n_items)

    def _factors(self, params: Params, rows: Rows, train: RatingDataset) -> tuple[FloatArray, FloatArray]:
        """Return the factors of users and of items; 0 for those without a row in `train`."""
        of_rows = np.zeros((train.n_items if self.side == "item" else train.n_users, self.n_hidden + 1))
        of_rows[rows.numbers, :-1] = codes(params, rows, self.implicit, _chunk_size(rows))
        of_rows[rows.numbers, -1] = 1.0
        of_columns = np.column_stack([params["decoder"].T, params["decoder_offset"]]).astype(np.float64)
        of_columns[np.bincount(rows.columns, minlength=rows.n_columns) == 0] = 0.0
        return (of_columns, of_rows) if self.side == "item" else (of_rows, of_columns)

    def _validation_error(self, rows: Rows, bias: Bias, train: RatingDataset, valid: RatingDataset, seed: int) -> Score:
        """Return a function that computes the mean squared error on `valid`, clipped as the runner clips."""
        epochs = count(1)

        def squared_error(params: Params) -> float:
            of_users, of_items = self._factors(params, rows, train)

            def predict(users: IntArray, items: IntArray) -> FloatArray:
                return bias.predict(users, items) + pairwise_products(of_users, users, of_items, items)

            if seed == self.seed:  # a search judges the model by its first autoencoder
                checkpoint(self, next(epochs), predict)
            predicted = np.clip(predict(valid.user_idx, valid.item_idx), *valid.rating_scale)
            return float(np.mean((valid.ratings - predicted) ** 2))

        return squared_error


def _chunk_size(rows: Rows) -> int:
    """Return how many dense rows fit into `CHUNK_BYTES`."""
    return max(1, CHUNK_BYTES // (4 * rows.n_columns))
