"""The network of `ncf`: its weights and how it judges pairs, in NumPy; its loss, in TensorFlow."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple, Self

import numpy as np

from recbench.contracts import FloatArray, IntArray, RatingDataset
from recbench.models.descent import Params, Tensor, Tensors, tensorflow

START_SCALE = 0.05  # embeddings start uniform within ± this, as in Keras
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
        """The network with these weights, as `start` names them."""
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
    """The squared error of a network, and the penalties of one rating (see `NCF`)."""

    reg: float
    reg_gmf: float
    reg_dense: float
    dropout: float

    def __call__(self, params: Tensors, batch: Tensors, seed: Tensor) -> Tensor:
        """One loss a row."""
        tf = tensorflow()
        user, item, user_gmf, item_gmf = (tf.gather(params[name], batch[name.partition("_")[0]]) for name in EMBEDDINGS)
        output = tf.reduce_sum(user_gmf * item_gmf, axis=1)
        n_layers = _n_layers(params)
        if n_layers:
            output += self._through_layers(params, tf.concat([user, item], axis=1), seed)
        loss = (batch["target"] - output) ** 2
        for reg, of_user, of_item in ((self.reg, user, item), (self.reg_gmf, user_gmf, item_gmf)):
            loss += reg * batch["user_share"] * tf.reduce_sum(of_user**2, axis=1)
            loss += reg * batch["item_share"] * tf.reduce_sum(of_item**2, axis=1)
        for number in range(n_layers):
            anchor = tf.stop_gradient(params[f"anchor_{number}"])
            loss += self.reg_dense * tf.reduce_sum((params[f"kernel_{number}"] - anchor) ** 2)
        return loss

    def _through_layers(self, params: Tensors, layer: Tensor, seed: Tensor) -> Tensor:
        tf = tensorflow()
        layer = self._drop(layer, seed)
        last = _n_layers(params) - 1
        for number in range(last + 1):
            layer = layer @ params[f"kernel_{number}"] + params[f"offset_{number}"]
            layer = tf.nn.relu(layer) if number < last else layer
        return layer[:, 0]

    def _drop(self, layer: Tensor, seed: Tensor) -> Tensor:
        if self.dropout == 0.0:
            return layer
        tf = tensorflow()
        kept = tf.random.stateless_uniform(layer.shape, seed) >= self.dropout
        return tf.where(kept, layer / (1.0 - self.dropout), 0.0)


def start(n_users: int, n_items: int, widths: tuple[int, ...], n_gmf_factors: int, seed: int) -> Params:
    """Random weights: small embeddings, Glorot-uniform kernels, offsets of 0.

    `widths` are those of one embedding and of the hidden layers; none: no network. `anchor_…` is the kernel's copy
    that the loss pulls it back to; nothing moves it.
    """
    rng = np.random.default_rng(seed)
    n_factors = widths[0] if widths else 0
    shapes = [(n, width) for width in (n_factors, n_gmf_factors) for n in (n_users, n_items)]
    params: Params = {
        name: rng.uniform(-START_SCALE, START_SCALE, shape) for name, shape in zip(EMBEDDINGS, shapes, strict=True)
    }
    for number, layer in enumerate(pairwise((2 * n_factors, *widths[1:], 1) if widths else ())):
        limit = np.sqrt(6.0 / sum(layer))
        kernel = rng.uniform(-limit, limit, layer)
        params |= {f"kernel_{number}": kernel, f"anchor_{number}": kernel, f"offset_{number}": np.zeros(layer[1])}
    return params


def settled(params: Params, train: RatingDataset) -> Params:
    """The weights in float64; whoever has no row in `train` gets the mean embedding of those who have."""
    arrays: Params = {name: value.astype(np.float64) for name, value in params.items()}
    for name in EMBEDDINGS:
        index = train.user_idx if name.startswith("user") else train.item_idx
        known = np.bincount(index, minlength=len(arrays[name])) > 0
        arrays[name][~known] = arrays[name][known].mean(axis=0)
    return arrays


def _n_layers(params: Params | Tensors) -> int:
    return sum(name.startswith("kernel_") for name in params)
