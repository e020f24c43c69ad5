"""The autoencoder of `autorec`: its rows, built a few at a time, its weights, its loss and its codes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recbench.array_types import FloatArray, IntArray
from recbench.models.neural.trainer import FROZEN, Columns, Params, Tensor, Tensors, tensorflow


@dataclass(frozen=True)
class Rows:
    """The rows of a rating matrix that hold ratings, dense when asked for: NaN is what nobody rated."""

    numbers: IntArray  # (n_rows,) which rows of the whole matrix these are
    starts: IntArray  # (n_rows + 1,) where each one's ratings start in `columns` and `values`
    columns: IntArray  # (n_ratings,) sorted by row
    values: FloatArray  # (n_ratings,) float32
    n_columns: int

    @classmethod
    def of(cls, rows: IntArray, columns: IntArray, values: FloatArray, n_columns: int) -> Rows:
        """Sort the entries by row."""
        order = np.lexsort((columns, rows))
        numbers, counts = np.unique(rows, return_counts=True)
        starts = np.concatenate([[0], np.cumsum(counts)])
        return cls(numbers, starts, columns[order], values[order].astype(np.float32), n_columns)

    def gather(self, rows: IntArray) -> Columns:
        """These rows (positions in `numbers`), dense, and one over the root of their number of ratings."""
        counts = self.starts[rows + 1] - self.starts[rows]
        dense = np.full((len(rows), self.n_columns), np.nan, np.float32)
        within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        entries = np.repeat(self.starts[rows], counts) + within
        dense[np.repeat(np.arange(len(rows)), counts), self.columns[entries]] = self.values[entries]
        return {"row": dense, "root_share": (counts**-0.5).astype(np.float32)}


@dataclass(frozen=True)
class AutoencoderLoss:
    """The squared error of a row's reconstructed ratings, plus the penalties that `frozen_hyperparameters` names.

    The formula is in `AutoRec`.
    """

    implicit: bool  # whether who rated counts
    drops: bool  # whether some of a row's ratings are left out

    def __call__(self, params: Tensors, batch: Tensors, seed: Tensor) -> Tensor:
        """One loss a row."""
        tf = tensorflow()
        rated = tf.math.is_finite(batch["row"])
        values = tf.where(rated, batch["row"], 0.0)
        kept = tf.cast(rated, tf.float32)
        if self.drops:
            dropout = params[f"{FROZEN}dropout"]
            drawn = tf.random.stateless_uniform(kept.shape, seed) >= dropout
            kept = tf.where(drawn, kept / (1.0 - dropout), 0.0)
        hidden = (values * kept) @ params["encoder"] + params["encoder_offset"]
        if self.implicit:
            hidden += params[f"{FROZEN}implicit"] * batch["root_share"][:, None] * (kept @ params["rated"])
        output = tf.sigmoid(hidden) @ params["decoder"] + params["decoder_offset"]
        error = tf.reduce_sum(tf.where(rated, values - output, 0.0) ** 2, axis=1)
        squares = tf.reduce_sum(params["encoder"] ** 2) + tf.reduce_sum(params["decoder"] ** 2)
        penalty = params[f"{FROZEN}reg"] * squares
        if self.implicit:
            penalty += params[f"{FROZEN}reg_implicit"] * tf.reduce_sum(params["rated"] ** 2)
        return error + penalty


def frozen_hyperparameters(*, reg: float, reg_implicit: float, implicit: float, dropout: float) -> Params:
    """The loss's numbers, held: other values need no other program. Both penalties are a row's share."""
    values = {"reg": reg, "reg_implicit": reg_implicit, "implicit": implicit, "dropout": dropout}
    return {FROZEN + name: np.array(value) for name, value in values.items()}


def initial_params(n_columns: int, n_hidden: int, *, implicit: bool, seed: int) -> Params:
    """Random weights: Glorot-uniform encoder and decoder, everything else 0."""
    rng = np.random.default_rng(seed)
    limit = np.sqrt(6.0 / (n_columns + n_hidden))
    params: Params = {
        "encoder": rng.uniform(-limit, limit, (n_columns, n_hidden)),
        "encoder_offset": np.zeros(n_hidden),
        "decoder": rng.uniform(-limit, limit, (n_hidden, n_columns)),
        "decoder_offset": np.zeros(n_columns),
    }
    return params | ({"rated": np.zeros((n_columns, n_hidden))} if implicit else {})


def codes(params: Params, rows: Rows, implicit: float, block: int) -> FloatArray:
    """What the hidden layer makes of each row, `block` rows at a time: (n_rows, n_hidden) float32."""
    n_rows = len(rows.numbers)
    coded = np.empty((n_rows, len(params["encoder_offset"])), np.float32)
    for first in range(0, n_rows, block):
        some = np.arange(first, min(first + block, n_rows))
        batch = rows.gather(some)
        rated = np.isfinite(batch["row"])
        hidden = np.where(rated, batch["row"], np.float32(0.0)) @ params["encoder"] + params["encoder_offset"]
        if implicit > 0.0:
            hidden += implicit * batch["root_share"][:, None] * (rated.astype(np.float32) @ params["rated"])
        coded[some] = 0.5 + 0.5 * np.tanh(0.5 * hidden)  # the logistic function, which can't overflow so
    return coded
