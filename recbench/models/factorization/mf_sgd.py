"""Matrix factorization by mini-batch gradient descent (Adam), in TensorFlow: the solver `sgd` of `mf`.

It minimizes the same sum as alternating least squares: a user's penalty reg n_u^ρ |p_u|² is spread
over the user's n_u ratings, so that each rating has the loss of `FactorizationLoss`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from recbench.array_types import FloatArray, IntArray
from recbench.contracts import RatingDataset
from recbench.models.factorization.penalty import Penalty
from recbench.models.trainer import Columns, Gather, Params, Tensor, Tensors, Trainer, tensorflow

START_SCALE = 0.1  # standard deviation of the factors before the first step


class Factorization(NamedTuple):
    """Biases and factors, in float64; 0 for factors of users and items without ratings."""

    user_bias: FloatArray  # (n_users,)
    item_bias: FloatArray  # (n_items,)
    user_factors: FloatArray  # (n_users, n_factors)
    item_factors: FloatArray  # (n_items, n_factors)


@dataclass(frozen=True)
class FactorizationLoss:
    """Half the squared error of p_u · q_i, with or without biases, and the penalties of one rating.

        ½ [(r_ui − b_u − b_i − p_u · q_i)² + w_u |p_u|² + w_i |q_i|² + v_u b_u² + v_i b_i²]

    The weights are columns of the batch; summed over a user's ratings they give the user's penalty.
    """

    biases: bool

    def __call__(self, params: Tensors, batch: Tensors, seed: Tensor) -> Tensor:
        """Return the loss of each row of the batch, (batch_size,)."""
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


def train_sgd(
    train: RatingDataset, targets: FloatArray, n_factors: int, penalty: Penalty, trainer: Trainer, *, biases: bool
) -> Factorization:
    """Fit biases and factors to `targets` (n_ratings,), float32: the ratings, less the mean where there are biases."""
    start = _initial_params(train, n_factors, np.random.default_rng(trainer.seed))
    gather = _gatherer(train, targets, penalty)
    learned = trainer.run(start, FactorizationLoss(biases), gather, train.n_ratings).params
    arrays = {name: value.astype(np.float64) for name, value in learned.items()}
    arrays["user_factors"][np.bincount(train.user_idx, minlength=train.n_users) == 0] = 0.0
    arrays["item_factors"][np.bincount(train.item_idx, minlength=train.n_items) == 0] = 0.0
    return Factorization(**arrays)


def _initial_params(train: RatingDataset, n_factors: int, random: np.random.Generator) -> Params:
    """Return small random factors and biases of 0."""
    return {
        "user_factors": random.normal(0.0, START_SCALE, (train.n_users, n_factors)),
        "item_factors": random.normal(0.0, START_SCALE, (train.n_items, n_factors)),
        "user_bias": np.zeros(train.n_users),
        "item_bias": np.zeros(train.n_items),
    }


def _gatherer(train: RatingDataset, targets: FloatArray, penalty: Penalty) -> Gather:
    """Return the function that gathers the columns of `FactorizationLoss` for some training rows."""
    users, items = train.user_idx, train.item_idx
    user_reg = _per_rating(penalty.reg, penalty.exponent, users)
    item_reg = _per_rating(penalty.reg, penalty.exponent, items)
    user_bias_reg = _per_rating(penalty.reg_bias, 0.0, users)
    item_bias_reg = _per_rating(penalty.reg_bias, 0.0, items)

    def gather(rows: IntArray) -> Columns:
        user, item = users[rows], items[rows]
        return {
            "user": user,
            "item": item,
            "target": targets[rows],
            "user_reg": user_reg[user],
            "item_reg": item_reg[item],
            "user_bias_reg": user_bias_reg[user],
            "item_bias_reg": item_bias_reg[item],
        }

    return gather


def _per_rating(reg: float, exponent: float, index: IntArray) -> FloatArray:
    """Return reg n^exponent / n for entities with n ratings, (n_entities,), in float32."""
    n_ratings = np.maximum(np.bincount(index), 1)
    return (reg * n_ratings ** (exponent - 1.0)).astype(np.float32)
