"""The autoencoder of `autorec`: its input rows, weights, loss and codes.

    h_i = sigmoid(Σ_v (e_vi V_v + implicit n_i^-½ U_v) + c),   output h_i W + b

The parameters are `encoder` (V), `rated` (U), `encoder_offset` (c), `decoder` (W) and `decoder_offset` (b).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recbench.array_types import FloatArray, IntArray
from recbench.models.trainer import FROZEN, Columns, Params, Tensor, Tensors, tensorflow


@dataclass(frozen=True)
class Rows:
    """The rows of a rating matrix that hold ratings, stored sparse and gathered dense, with NaN for missing ratings."""

    numbers: IntArray  # (n_rows,) their numbers in the whole matrix
    starts: IntArray  # (n_rows + 1,) where the ratings of each row start in `columns` and `values`
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
        """Return `row`, these rows (positions in `numbers`) dense, and `root_share`, n^-½ for a row with n ratings."""
        counts = self.starts[rows + 1] - self.starts[rows]
        dense = np.full((len(rows), self.n_columns), np.nan, np.float32)
        within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        entries = np.repeat(self.starts[rows], counts) + within
        dense[np.repeat(np.arange(len(rows)), counts), self.columns[entries]] = self.values[entries]
        return {"row": dense, "root_share": (counts**-0.5).astype(np.float32)}


@dataclass(frozen=True)
class AutoencoderLoss:
    """The squared error of a row's reconstructed ratings plus its share of the penalties (see `AutoRec`)."""

    implicit: bool  # whether there is a U
    drops: bool  # whether there is dropout of a row's ratings

    def __call__(self, params: Tensors, batch: Tensors, seed: Tensor) -> Tensor:
        """Return one loss per row of the batch: (batch_size,)."""
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
    """Return the loss's numbers as frozen parameters, so that all values share one program; `reg` is per row."""
    values = {"reg": reg, "reg_implicit": reg_implicit, "implicit": implicit, "dropout": dropout}
    return {FROZEN + name: np.array(value) for name, value in values.items()}


def initial_params(n_columns: int, n_hidden: int, *, implicit: bool, seed: int) -> Params:
    """Return random weights: Glorot-uniform encoder and decoder, everything else 0."""
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
    """Return h of each row, computed `block` rows at a time: (n_rows, n_hidden) float32."""
    n_rows = len(rows.numbers)
    coded = np.empty((n_rows, len(params["encoder_offset"])), np.float32)
    for first in range(0, n_rows, block):
        some = np.arange(first, min(first + block, n_rows))
        batch = rows.gather(some)
        rated = np.isfinite(batch["row"])
        hidden = np.where(rated, batch["row"], np.float32(0.0)) @ params["encoder"] + params["encoder_offset"]
        if implicit > 0.0:
            hidden += implicit * batch["root_share"][:, None] * (rated.astype(np.float32) @ params["rated"])
        coded[some] = 0.5 + 0.5 * np.tanh(0.5 * hidden)  # the logistic function in a form that cannot overflow
    return coded
