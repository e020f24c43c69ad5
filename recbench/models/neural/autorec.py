"""AutoRec: an autoencoder gives back the ratings of an item, and with them those that are missing."""

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
from recbench.models.neural.trainer import Params, Score, Trainer, TrainResult
from recbench.models.prediction_blocks import pairwise_products
from recbench.progress import checkpoint
from recbench.registry.search_space import between, searched

CHUNK_BYTES = 1 << 25  # dense rows of the rating matrix at a time

Side = Literal["item", "user"]


@dataclass
class AutoRec(RatingModel):
    """AutoRec: an autoencoder of items, each the ratings that users gave it, or of users likewise.

        r_ui ≈ mean + b_u + b_i + (h_i W + b)_u
        h_i  = sigmoid(Σ_v (e_vi V_v + implicit n_i^-½ U_v) + c),   v over the n_i users who rated i
        e_vi = r_vi − mean − b_v − b_i

    The biases are those of `bias`. Adam minimizes Σ (r_ui − r̂_ui)² + reg √n (|W|² + |V|²) + reg_implicit |U|²
    over the n ratings; a training step leaves out a share `dropout` of what goes in. U, which knows
    who rated but not how, is an addition to the original, as in SVD++; `implicit=0` takes it away.

    With `valid`, training stops when it no longer gains there and goes back to the best epoch;
    `refit` then trains as many epochs anew, on `train` and `valid`. Where the item or the user has no
    training row the prediction is that of the biases alone.

    Sources: Sedhain, Menon, Sanner & Xie (2015), "AutoRec: autoencoders meet collaborative filtering",
    WWW; Koren (2008), "Factorization meets the neighborhood", KDD, for the part of who rated.
    """

    uses_valid: ClassVar[bool] = True
    requires: ClassVar[tuple[str, ...]] = ("recbench.models.neural.quiet_tensorflow",)

    # Defaults: chosen on 10 % cut from the training parts of MovieLens 100k's u1, of latest-small and of 1M.
    side: Side = "item"  # what a row of the autoencoder is: item or user
    n_hidden: int = searched(300, between(50, 600, log=True))  # width of the hidden layer
    implicit: float = 15.0  # weight of who rated, beside how they rated; 0: ratings alone
    reg: float = searched(
        0.11, between(0.01, 1, log=True)
    )  # penalty on the ratings' squared weights, times sqrt(n_ratings)
    reg_implicit: float = 30.0  # penalty on the squared weights of who rated
    dropout: float = searched(0.3, between(0, 0.7))  # share of a row's ratings that a training step leaves out
    learning_rate: float = 0.001  # step of Adam
    batch_size: int = 128  # rows in a mini-batch
    n_epochs: int = 100  # passes over the rows, at most
    patience: int | None = 5  # epochs without gain on the validation part before stopping; null: never stop
    refit: bool = True  # after stopping, train anew on all ratings for the epochs that were best
    n_models: int = 1  # autoencoders whose predictions are averaged: of seed itself and of seeds derived from it
    compiled: bool = True  # a chunk of rows is one XLA program; false where TensorFlow has no XLA
    seed: int = 0  # of starting weights, shuffling and dropout

    def fit(self, train: RatingDataset, valid: RatingDataset | None = None) -> Self:
        """Learn biases, `user_factors_`, `item_factors_` and `n_epochs_`, how many epochs each model took.

        The factors are a row's code and its partner's decoder weights, with a last column for the
        offset; those of all models stand side by side, scaled so that their product is the average.

        Raises:
            ValueError: `train` has no ratings, or an option is out of range.
            FloatingPointError: the weights became infinite.
        """
        if self.side not in get_args(Side):
            raise ValueError(f"unknown side {self.side!r}; choose one of {list(get_args(Side))}")
        if not 0.0 <= self.dropout < 1.0:
            raise ValueError(f"dropout is {self.dropout}; it must be at least 0 and below 1")
        stopping = Stopping(self.n_epochs, self.patience, self.refit, self.n_models, self.seed)
        whole, learned = stopping.run(self._descend, train, valid)
        self.n_epochs_ = np.array([each.n_epochs for each in learned])
        bias = Bias().fit(whole)
        self.global_mean_, self.user_bias_, self.item_bias_ = bias.global_mean_, bias.user_bias_, bias.item_bias_
        rows = self._rows(whole, bias)
        factors = [self._factors(each.params, rows, whole) for each in learned]
        self.user_factors_, self.item_factors_ = (
            np.hstack([of_model[side] for of_model in factors]) / np.sqrt(self.n_models) for side in (0, 1)
        )
        return self

    def predict(self, user_idx: IntArray, item_idx: IntArray) -> FloatArray:
        """Mean, biases, and what the autoencoder gives back."""
        biases = self.global_mean_ + self.user_bias_[user_idx] + self.item_bias_[item_idx]
        return biases + pairwise_products(self.user_factors_, user_idx, self.item_factors_, item_idx)

    def _descend(self, train: RatingDataset, valid: RatingDataset | None, n_epochs: int, seed: int) -> TrainResult:
        bias = Bias().fit(train)
        rows = self._rows(train, bias)
        descent = Trainer(
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
        score = None if valid is None else self._scorer(rows, bias, train, valid, seed)
        return descent.run(initial, loss, rows.gather, n_rows, score)

    def _rows(self, train: RatingDataset, bias: Bias) -> Rows:
        """What the biases leave, by item or by user."""
        if self.side == "item":
            return Rows.of(train.item_idx, train.user_idx, bias.residuals(train), train.n_users)
        return Rows.of(train.user_idx, train.item_idx, bias.residuals(train), train.n_items)

    def _factors(self, params: Params, rows: Rows, train: RatingDataset) -> tuple[FloatArray, FloatArray]:
        """Factors of users and of items; zeros for those without a row in `train`."""
        of_rows = np.zeros((train.n_items if self.side == "item" else train.n_users, self.n_hidden + 1))
        of_rows[rows.numbers, :-1] = codes(params, rows, self.implicit, _chunk_size(rows))
        of_rows[rows.numbers, -1] = 1.0
        of_columns = np.column_stack([params["decoder"].T, params["decoder_offset"]]).astype(np.float64)
        of_columns[np.bincount(rows.columns, minlength=rows.n_columns) == 0] = 0.0
        return (of_columns, of_rows) if self.side == "item" else (of_rows, of_columns)

    def _scorer(self, rows: Rows, bias: Bias, train: RatingDataset, valid: RatingDataset, seed: int) -> Score:
        """The mean squared error on `valid`, clipped to the scale as the runner does."""
        epochs = count(1)

        def squared_error(params: Params) -> float:
            of_users, of_items = self._factors(params, rows, train)

            def predict(users: IntArray, items: IntArray) -> FloatArray:
                return bias.predict(users, items) + pairwise_products(of_users, users, of_items, items)

            if seed == self.seed:  # the epochs of the first autoencoder speak for all
                checkpoint(self, next(epochs), predict)
            predicted = np.clip(predict(valid.user_idx, valid.item_idx), *valid.rating_scale)
            return float(np.mean((valid.ratings - predicted) ** 2))

        return squared_error


def _chunk_size(rows: Rows) -> int:
    return max(1, CHUNK_BYTES // (4 * rows.n_columns))
