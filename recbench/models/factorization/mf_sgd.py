"""Matrix factorization by mini-batch gradient descent: what `solver=sgd` of `mf` does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from recbench.array_types import FloatArray, IntArray
from recbench.contracts import RatingDataset
from recbench.models.baselines.means import global_mean
from recbench.models.trainer import Columns, Gather, Params, Tensor, Tensors, Trainer, tensorflow

if TYPE_CHECKING:
    from recbench.models.factorization.mf import MF

START_SCALE = 0.1  # standard deviation of the factors before the first step


@dataclass(frozen=True)
class FactorizationLoss:
    """Half the squared error of p_u · q_i, with or without biases, and the penalties of one rating.

        ½ [(r_ui − b_u − b_i − p_u · q_i)² + w_u |p_u|² + w_i |q_i|² + v_u b_u² + v_i b_i²]

    The weights are columns of the batch; summed over a user's ratings they give the user's penalty.
    """

    biases: bool

    def __call__(self, params: Tensors, batch: Tensors, seed: Tensor) -> Tensor:
        """One loss a row."""
        tf = tensorflow()
        user_factors = tf.gather(params["user_factors"], batch["user"])
        item_factors = tf.gather(params["item_factors"], batch["item"])
        error = batch["target"] - tf.reduce_sum(user_factors * item_factors, axis=1)
        penalty = batch["user_reg"] * tf.reduce_sum(user_factors**2, axis=1)
        penalty += batch["item_reg"] * tf.reduce_sum(item_factors**2, axis=1)
        if self.biases:
            user_bias = tf.gather(params["user_bias"], batch["user"])
            item_bias = tf.gather(params["item_bias"], batch["item"])
            error -= user_bias + item_bias
            penalty += batch["user_bias_reg"] * user_bias**2 + batch["item_bias_reg"] * item_bias**2
        return (error**2 + penalty) / 2.0


def train_sgd(model: MF, train: RatingDataset) -> dict[str, Any]:
    """What `model` learns from `train` by Adam: `global_mean_`, biases and factors, in float64.

    It minimizes the same sum as `als`: a user's penalty reg n_u^ρ |p_u|² is spread over the user's
    n_u ratings. With biases the mean is taken off the ratings first; without, the factors alone
    explain them, mean and all. A user or item without ratings has bias 0 and factors 0.
    """
    mean = global_mean(train)
    descent = Trainer(model.learning_rate, model.batch_size, model.n_epochs, seed=model.seed)
    loss, gather = FactorizationLoss(model.biases), _gatherer(model, train, mean)
    learned = descent.run(_start(model, train), loss, gather, train.n_ratings).params
    arrays = {name: value.astype(np.float64) for name, value in learned.items()}
    for side, index, n in (("user", train.user_idx, train.n_users), ("item", train.item_idx, train.n_items)):
        arrays[f"{side}_factors"][np.bincount(index, minlength=n) == 0] = 0.0
    return {"global_mean_": mean, **{f"{name}_": value for name, value in arrays.items()}}


def _start(model: MF, train: RatingDataset) -> Params:
    """Small random factors, biases of 0."""
    rng = np.random.default_rng(model.seed)
    return {
        "user_factors": rng.normal(0.0, START_SCALE, (train.n_users, model.n_factors)),
        "item_factors": rng.normal(0.0, START_SCALE, (train.n_items, model.n_factors)),
        "user_bias": np.zeros(train.n_users),
        "item_bias": np.zeros(train.n_items),
    }


def _gatherer(model: MF, train: RatingDataset, mean: float) -> Gather:
    def per_rating(penalty: float, exponent: float, index: IntArray) -> FloatArray:
        n_rows = np.maximum(np.bincount(index), 1)
        return (penalty * n_rows ** (exponent - 1.0)).astype(np.float32)

    users, items, offset = train.user_idx, train.item_idx, np.float32(mean if model.biases else 0.0)
    sides = [("user", users), ("item", items)]
    reg = {f"{side}_reg": per_rating(model.reg, model.reg_exponent, index) for side, index in sides}
    reg_bias = {f"{side}_bias_reg": per_rating(model.reg_bias, 0.0, index) for side, index in sides}

    def gather(rows: IntArray) -> Columns:
        index = {"user": users[rows], "item": items[rows]}
        penalties = {name: each[index[name[:4]]] for name, each in (reg | reg_bias).items()}
        return {**index, "target": train.ratings[rows] - offset, **penalties}

    return gather
