"""The network of `ncf`: its weights and how it judges pairs, in NumPy; its loss, in TensorFlow."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple, Self

import numpy as np

from recbench.array_types import FloatArray, IntArray
from recbench.contracts import RatingDataset
from recbench.models.neural.trainer import FROZEN, Params, Tensor, Tensors, tensorflow

# embeddings start uniform within ± these: the first two as in Keras, the others so wide that they gain from the outset
START_SCALES = (0.05, 0.05, 0.3, 0.3)
BIASES = ("user_bias", "item_bias")
EMBEDDINGS = ("user_embedding", "item_embedding", "user_gmf", "item_gmf")


class Network(NamedTuple):
    """Embeddings joined through dense layers, plus the product of a second pair of embeddings.

    f([p_u, q_i]) + g_u · h_i,   f = linear ∘ relu(dense) ∘ … ∘ relu(dense)

    Without `kernels` there is no f; embeddings 0 wide have no product.
    """

    user_embedding: FloatArray  # p: (n_users, n_factors)
    item_embedding: FloatArray  # q: (n_items, n_factors)
    user_gmf: FloatArray  # g: (n_users, n_gmf_factors)
    item_gmf: FloatArray  # h: (n_items, n_gmf_factors)
    kernels: tuple[FloatArray, ...]  # (width before, width) each; the last is 1 wide
    offsets: tuple[FloatArray, ...]  # (width,) each

    @classmethod
    def from_params(cls, params: Params) -> Self:
        """The network with these weights, as `initial_params` names them."""
        layers = range(_n_layers(params))
        kernels, offsets = (tuple(params[f"{kind}_{layer}"] for layer in layers) for kind in ("kernel", "offset"))
        user_embedding, item_embedding, user_gmf, item_gmf = (params[name] for name in EMBEDDINGS)
        return cls(user_embedding, item_embedding, user_gmf, item_gmf, kernels, offsets)

    def judge(self, user_idx: IntArray, item_idx: IntArray) -> FloatArray:
        """The output for each pair: a rating, or what to add to one."""
        product: FloatArray = np.einsum("nf,nf->n", self.user_gmf[user_idx], self.item_gmf[item_idx])
        if not self.kernels:
            return product
        layer = np.concatenate([self.user_embedding[user_idx], self.item_embedding[item_idx]], axis=1)
        for kernel, offset in zip(self.kernels[:-1], self.offsets[:-1], strict=True):
            layer = np.maximum(layer @ kernel + offset, 0.0)
        return product + (layer @ self.kernels[-1] + self.offsets[-1])[:, 0]


@dataclass(frozen=True)
class NetworkLoss:
    """The squared error plus the penalties of one rating (see `NCF`), as `frozen_hyperparameters` names them."""

    drops: bool  # whether some of the joined embedding is left out

    def __call__(self, params: Tensors, batch: Tensors, seed: Tensor) -> Tensor:
        """One loss a row."""
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
    """What `NCF` penalizes; `rows` are the batch's biases and embeddings."""
    tf = tensorflow()
    penalty = 0.0
    for name, values in rows.items():
        reg, share = params[FROZEN + "reg" + name.removeprefix(_side(name))], batch[f"{_side(name)}_share"]
        if name in BIASES:
            penalty += reg * (share * values) ** 2
        else:
            off = values - tf.gather(params[FROZEN + name], batch[_side(name)]) if FROZEN + name in params else values
            penalty += reg * share * tf.reduce_sum(off**2, axis=1)
    for number in range(_n_layers(params)):
        off = params[f"kernel_{number}"] - params[f"{FROZEN}kernel_{number}"]
        penalty += params[f"{FROZEN}reg_dense"] * tf.reduce_sum(off**2)
    return penalty


def _side(name: str) -> str:
    return name.partition("_")[0]


def _drop(layer: Tensor, share: Tensor, seed: Tensor) -> Tensor:
    tf = tensorflow()
    kept = tf.random.stateless_uniform(layer.shape, seed) >= share
    return tf.where(kept, layer / (1.0 - share), 0.0)


def frozen_hyperparameters(*, reg: float, reg_gmf: float, reg_bias: float, reg_dense: float, dropout: float) -> Params:
    """The loss's penalties and its share of dropout, held: other values need no other program."""
    penalties = {"embedding": reg, "gmf": reg_gmf, "bias": reg_bias, "dense": reg_dense}
    held = {f"{FROZEN}reg_{of}": np.array(penalty) for of, penalty in penalties.items()}
    return {**held, f"{FROZEN}dropout": np.array(dropout)}


def initial_params(n_users: int, n_items: int, widths: tuple[int, ...], n_gmf_factors: int, seed: int) -> Params:
    """Random weights: small embeddings, Glorot-uniform kernels, offsets of 0.

    `widths` are those of one embedding and of the hidden layers; none: no network. `held_kernel_…` is the kernel's
    copy that the loss pulls it back to; nothing moves it.
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
    """The weights in float64; whoever has no row in `train` gets the mean embedding of those who have."""
    arrays: Params = {name: value.astype(np.float64) for name, value in params.items()}
    for name in EMBEDDINGS:
        index = train.user_idx if name.startswith("user") else train.item_idx
        known = np.bincount(index, minlength=len(arrays[name])) > 0
        arrays[name][~known] = arrays[name][known].mean(axis=0)
    return arrays


def _n_layers(params: Params | Tensors) -> int:
    return sum(name.startswith("kernel_") for name in params)
