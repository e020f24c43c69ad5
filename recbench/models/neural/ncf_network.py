"""The network of `ncf`: its weights and outputs, in NumPy; its loss, in TensorFlow.

    output = g_u · h_i + f([p_u, q_i]),   f = linear ∘ relu(dense) ∘ … ∘ relu(dense)
    loss   = (r_ui − mean − b_u − b_i − output)² + the penalties that `NCF` names

Parameters are named `user_bias`, `item_bias`, `user_embedding` (p), `item_embedding` (q), `user_gmf` (g), `item_gmf`
(h), and for each dense layer `kernel_0`, `offset_0`, … A `frozen_` parameter is read by the loss and not trained: the
penalties, the dropout, the initial kernels, and the points that g and h are regularized toward.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple, Self

import numpy as np

from recbench.array_types import FloatArray, IntArray
from recbench.contracts import RatingDataset
from recbench.models.trainer import FROZEN, Columns, Gather, Params, Tensor, Tensors, tensorflow

# p, q, g and h start uniform within ± these: p and q as in Keras; g and h so wide that g · h learns from the start
START_SCALES = (0.05, 0.05, 0.3, 0.3)
BIASES = ("user_bias", "item_bias")
EMBEDDINGS = ("user_embedding", "item_embedding", "user_gmf", "item_gmf")


class Network(NamedTuple):
    """The weights of one network. Without `kernels` there is no f; g and h of width 0 have no product."""

    user_embedding: FloatArray  # p: (n_users, n_factors)
    item_embedding: FloatArray  # q: (n_items, n_factors)
    user_gmf: FloatArray  # g: (n_users, n_gmf_factors)
    item_gmf: FloatArray  # h: (n_items, n_gmf_factors)
    kernels: tuple[FloatArray, ...]  # (width before, width) each; the last is 1 wide
    offsets: tuple[FloatArray, ...]  # (width,) each

    @classmethod
    def from_params(cls, params: Params) -> Self:
        """Return the network with these weights, as `initial_params` names them."""
        layers = range(_n_layers(params))
        return cls(
            params["user_embedding"],
            params["item_embedding"],
            params["user_gmf"],
            params["item_gmf"],
            tuple(params[f"kernel_{layer}"] for layer in layers),
            tuple(params[f"offset_{layer}"] for layer in layers),
        )

    def forward(self, user_idx: IntArray, item_idx: IntArray) -> FloatArray:
        """Return the output for each pair, to be added to the mean and the biases: (n_pairs,)."""
        product: FloatArray = np.einsum("nf,nf->n", self.user_gmf[user_idx], self.item_gmf[item_idx])
        if not self.kernels:
            return product
        layer = np.concatenate([self.user_embedding[user_idx], self.item_embedding[item_idx]], axis=1)
        for kernel, offset in zip(self.kernels[:-1], self.offsets[:-1], strict=True):
            layer = np.maximum(layer @ kernel + offset, 0.0)
        return product + (layer @ self.kernels[-1] + self.offsets[-1])[:, 0]


@dataclass(frozen=True)
class NetworkLoss:
    """The squared error of a rating plus its share of the penalties: the formula is in `NCF`."""

    drops: bool  # whether there is dropout of the joined embedding

    def __call__(self, params: Tensors, batch: Tensors, seed: Tensor) -> Tensor:
        """Return one loss per row of the batch: (batch_size,)."""
        tf = tensorflow()
        names = [name for name in (*BIASES, *EMBEDDINGS) if name in params]
        rows = {name: tf.gather(params[name], batch[_side(name)]) for name in names}
        output = tf.reduce_sum(rows["user_gmf"] * rows["item_gmf"], axis=1)
        if _n_layers(params):
            joined = tf.concat([rows["user_embedding"], rows["item_embedding"]], axis=1)
            output += self._through_layers(params, joined, seed)
        for name in BIASES:
            output += rows.get(name, 0.0)
        return (batch["target"] - output) ** 2 + _penalty(params, batch, rows)

    def _through_layers(self, params: Tensors, layer: Tensor, seed: Tensor) -> Tensor:
        tf = tensorflow()
        layer = _drop(layer, params[f"{FROZEN}dropout"], seed) if self.drops else layer
        last = _n_layers(params) - 1
        for number in range(last + 1):
            layer = layer @ params[f"kernel_{number}"] + params[f"offset_{number}"]
            layer = tf.nn.relu(layer) if number < last else layer
        return layer[:, 0]


def _penalty(params: Tensors, batch: Tensors, rows: Tensors) -> Tensor:
    """Return the penalty of each rating; `rows` are the biases and embeddings of the batch's users and items."""
    tf = tensorflow()
    penalty = 0.0
    for name, values in rows.items():
        reg, share = params[FROZEN + "reg" + name.removeprefix(_side(name))], batch[f"{_side(name)}_share"]
        if name in BIASES:
            penalty += reg * (share * values) ** 2
        else:
            anchor = tf.gather(params[FROZEN + name], batch[_side(name)]) if FROZEN + name in params else 0.0
            penalty += reg * share * tf.reduce_sum((values - anchor) ** 2, axis=1)
    for number in range(_n_layers(params)):
        moved = params[f"kernel_{number}"] - params[f"{FROZEN}kernel_{number}"]
        penalty += params[f"{FROZEN}reg_dense"] * tf.reduce_sum(moved**2)
    return penalty


def _side(name: str) -> str:
    """Return `user` or `item`, with which the name begins."""
    return name.partition("_")[0]


def _drop(layer: Tensor, share: Tensor, seed: Tensor) -> Tensor:
    """Set a random share of the values to 0 and scale the others up, so that the mean stays."""
    tf = tensorflow()
    kept = tf.random.stateless_uniform(layer.shape, seed) >= share
    return tf.where(kept, layer / (1.0 - share), 0.0)


def frozen_hyperparameters(*, reg: float, reg_gmf: float, reg_bias: float, reg_dense: float, dropout: float) -> Params:
    """Return the loss's penalties and dropout as frozen parameters, so that all values share one compiled program."""
    penalties = {"embedding": reg, "gmf": reg_gmf, "bias": reg_bias, "dense": reg_dense}
    frozen = {f"{FROZEN}reg_{of}": np.array(penalty) for of, penalty in penalties.items()}
    return {**frozen, f"{FROZEN}dropout": np.array(dropout)}


def initial_params(n_users: int, n_items: int, widths: tuple[int, ...], n_gmf_factors: int, seed: int) -> Params:
    """Return random weights: uniform embeddings, Glorot-uniform kernels, offsets of 0.

    `widths` are those of p and q and of the hidden layers; empty: no network f. `frozen_kernel_…` are copies of the
    kernels, toward which the loss regularizes them.
    """
    rng = np.random.default_rng(seed)
    n_factors = widths[0] if widths else 0
    shapes = [(n, width) for width in (n_factors, n_gmf_factors) for n in (n_users, n_items)]
    params: Params = {
        name: rng.uniform(-scale, scale, shape)
        for name, scale, shape in zip(EMBEDDINGS, START_SCALES, shapes, strict=True)
    }
    for number, layer in enumerate(pairwise((2 * n_factors, *widths[1:], 1) if widths else ())):
        limit = np.sqrt(6.0 / sum(layer))
        kernel = rng.uniform(-limit, limit, layer)
        params |= {
            f"kernel_{number}": kernel,
            f"{FROZEN}kernel_{number}": kernel,
            f"offset_{number}": np.zeros(layer[1]),
        }
    return params


def fill_cold_rows(params: Params, train: RatingDataset) -> Params:
    """Return the weights in float64, with the mean embedding for each user or item without a row in `train`."""
    arrays: Params = {name: value.astype(np.float64) for name, value in params.items()}
    for name in EMBEDDINGS:
        index = train.user_idx if name.startswith("user") else train.item_idx
        known = np.bincount(index, minlength=len(arrays[name])) > 0
        arrays[name][~known] = arrays[name][known].mean(axis=0)
    return arrays


def _n_layers(params: Params | Tensors) -> int:
    return sum(name.startswith("kernel_") for name in params)


def rating_gatherer(train: RatingDataset, mean: float) -> Gather:
    """Return a function that gathers the columns of some ratings, as `NetworkLoss` takes them.

    They are `user`, `item`, `target` (the rating less `mean`), and `user_share`, `item_share`: n^-½ for a user or
    item with n ratings.
    """
    user_share = _root_share(train.user_idx)
    item_share = _root_share(train.item_idx)
    offset = np.float32(mean)

    def gather(rows: IntArray) -> Columns:
        users = train.user_idx[rows]
        items = train.item_idx[rows]
        shares = {"user_share": user_share[users], "item_share": item_share[items]}
        return {"user": users, "item": items, "target": train.ratings[rows] - offset, **shares}

    return gather


def _root_share(index: IntArray) -> FloatArray:
    """Return n^-½ for each index that occurs n times, and 1 for those that do not."""
    return (np.maximum(np.bincount(index), 1) ** -0.5).astype(np.float32)
