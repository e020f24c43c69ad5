"""Neural collaborative filtering: a network scores a (user, item) pair from their embeddings.

    r_ui ≈ mean + b_u + b_i + g_u · h_i + f([p_u, q_i]),   f = linear ∘ relu(dense) ∘ … ∘ relu(dense)

`ncf_network` has the network and its loss, `ncf_implicit` the points that its embeddings are regularized toward.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import ClassVar, Literal, Self, get_args

import numpy as np

from recbench.array_types import FloatArray, IntArray
from recbench.contracts import RatingDataset, RatingModel
from recbench.models.baselines.bias import Bias
from recbench.models.baselines.means import global_mean
from recbench.models.neural.early_stopping import Stopping
from recbench.models.neural.ncf_implicit import anchor_updater, initial_anchors
from recbench.models.neural.ncf_network import (
    Network,
    NetworkLoss,
    fill_cold_rows,
    frozen_hyperparameters,
    initial_params,
    rating_gatherer,
)
from recbench.models.prediction_blocks import predict_in_blocks
from recbench.models.trainer import EpochUpdate, Params, Score, Trainer, TrainResult
from recbench.progress import checkpoint
from recbench.registry.search_space import between, searched

LEAST_BATCH = 1024  # ratings per mini-batch: smaller ones cost more time than they gain accuracy
MOST_STEPS = 1000  # mini-batches per epoch: each updates all embeddings, so that more ratings need larger batches

Fusion = Literal["neumf", "gmf", "mlp"]


@dataclass
class NCF(RatingModel):
    """Neural collaborative filtering: joined embeddings of user and item through dense layers, plus a product.

        r_ui ≈ mean + b_u + b_i + g_u · h_i + f([p_u, q_i])
        f = linear ∘ relu(dense) ∘ … ∘ relu(dense)

    The biases start at those of `bias`; `residual=false` leaves out the mean and the biases. `fusion=gmf`
    leaves out the network f, `fusion=mlp` the product g_u · h_i. Adam minimizes the mean over the ratings of
        (r_ui − r̂_ui)² + reg (|p_u|²/√n_u + |q_i|²/√n_i) + reg_gmf (|g_u − z_u|²/√n_u + |h_i − z_i|²/√n_i)
        + reg_bias (b_u²/n_u + b_i²/n_i)
    plus reg_dense |K − K_start|² for the dense kernels K; n_u and n_i are numbers of ratings. The kernels are
    regularized toward their start instead of 0, so that they cannot grow to undo the embeddings' penalty.

    z_u depends on which items a user rated, not on the ratings: it is n_u^-½ Σ y_j over the items j rated in
    the training set; z_i is n_i^-½ Σ x_v over an item's raters. y and x are refitted after every epoch (see
    `ncf_implicit`); with `implicit=false`, z = 0. On a validation set cut from the training set of MovieLens
    100k's u1, the RMSE is .879 with them, and .909 without at the best penalty for that, reg_gmf=1.2. There
    the network alone has .913, the product alone .881, `bias` .935.

    With `valid`, training stops when the error there no longer falls, and goes back to the best epoch;
    `refit` then trains again for as many epochs, on `train` and `valid`. A user or item without ratings has
    bias 0 and the mean embedding of the others. The predictions of `n_models` networks, each stopped and
    refitted separately, are averaged.

    Sources: He et al. (2017), "Neural collaborative filtering", WWW; Rendle, Krichene, Zhang &
    Anderson (2020), "Neural collaborative filtering vs. matrix factorization revisited", RecSys,
    for adding a product to the network; Koren (2008), "Factorization meets the neighborhood",
    KDD, for z_u; Rendle, Zhang & Koren (2019), "On the difficulty of evaluating baselines",
    arXiv:1905.01395, for z_i.
    """

    uses_valid: ClassVar[bool] = True
    requires: ClassVar[tuple[str, ...]] = ("tensorflow", "scipy.sparse")

    # defaults: chosen on validation sets, 10 % of the training sets of MovieLens 100k's u1, latest-small and 1M
    n_factors: int = 32  # width of the network's embeddings of users and items
    hidden_layers: tuple[int, ...] = (64, 32)  # widths of the dense layers; none: a linear model
    n_gmf_factors: int = 32  # width of the product's embeddings, which bypass the network
    fusion: Fusion = "neumf"  # neumf: network and product; mlp: the network only; gmf: the product only
    residual: bool = True  # add the mean and the biases to the output; false: network and product only
    reg: float = searched(10.0, between(1, 50, log=True))  # penalty on the network's squared embeddings, × √n_ratings
    reg_gmf: float = searched(2.2, between(0.1, 10, log=True))  # the same for the product's embeddings, toward z
    implicit: bool = True  # regularize the product's embeddings toward sums z over rated items, or over raters
    reg_rated: float = 100.0  # penalty on squared y, an item's term in the z of the users who rated it
    reg_raters: float = 15.0  # penalty on squared x, a user's term in the z of the items rated
    reg_bias: float = 8.0  # penalty on squared biases, in ratings
    reg_dense: float = 0.1  # penalty on the dense kernels' squared distance from their start, per rating
    dropout: float = searched(0.0, between(0, 0.5))  # share of the joined embedding dropped in a training step
    learning_rate: float = searched(0.002, between(0.0005, 0.01, log=True))  # of Adam
    batch_size: int | None = None  # ratings per mini-batch; null: 1,024, or a thousandth of all if that is more
    n_epochs: int = 80  # maximum number of passes over the ratings
    patience: int | None = 5  # epochs without a gain on the validation set before stopping; null: never stop
    refit: bool = True  # after stopping, train again on all ratings for the best number of epochs
    n_models: int = 1  # networks whose predictions are averaged: of seed itself and of seeds derived from it
    compiled: bool = True  # run an epoch as one XLA program; false where TensorFlow has no XLA
    seed: int = 0  # seed of initial weights, shuffling and dropout

    def fit(self, train: RatingDataset, valid: RatingDataset | None = None) -> Self:
        """Learn `kernels_`, `offsets_`, embeddings, biases, and `n_epochs_` (n_models,), the epochs of each network.

        The first axis of embeddings, kernels and offsets is that of the `n_models` networks.

        Raises:
            ValueError: `train` has no ratings, or an option is out of range.
            FloatingPointError: the weights diverged.
        """
        self._check_options()
        stopping = Stopping(self.n_epochs, self.patience, self.refit, self.n_models, self.seed)
        whole, learned = stopping.run(self._train_network, train, valid)
        self.global_mean_ = self._mean(whole)
        self.user_bias_ = np.mean([_bias(each.params, "user", whole.n_users) for each in learned], axis=0)
        self.item_bias_ = np.mean([_bias(each.params, "item", whole.n_items) for each in learned], axis=0)
        self.n_epochs_ = np.array([each.n_epochs for each in learned])
        networks = [Network.from_params(fill_cold_rows(each.params, whole)) for each in learned]
        self.user_embedding_ = np.stack([each.user_embedding for each in networks])
        self.item_embedding_ = np.stack([each.item_embedding for each in networks])
        self.user_gmf_ = np.stack([each.user_gmf for each in networks])
        self.item_gmf_ = np.stack([each.item_gmf for each in networks])
        self.kernels_ = tuple(np.stack(layer) for layer in zip(*(each.kernels for each in networks), strict=True))
        self.offsets_ = tuple(np.stack(layer) for layer in zip(*(each.offsets for each in networks), strict=True))
        return self

    def predict(self, user_idx: IntArray, item_idx: IntArray) -> FloatArray:
        """Return the networks' mean output, plus the mean and the biases with `residual`."""
        biases: FloatArray = self.user_bias_[user_idx] + self.item_bias_[item_idx]
        total = np.zeros(len(user_idx))
        for number in range(len(self.user_embedding_)):
            total += predict_in_blocks(self._network(number).forward, user_idx, item_idx)
        return self.global_mean_ + biases + total / len(self.user_embedding_)

    def _network(self, number: int) -> Network:
        return Network(
            self.user_embedding_[number],
            self.item_embedding_[number],
            self.user_gmf_[number],
            self.item_gmf_[number],
            tuple(layer[number] for layer in self.kernels_),
            tuple(layer[number] for layer in self.offsets_),
        )

    def _check_options(self) -> None:
        """Check that options which the command line does not check have values that make sense."""
        if self.fusion not in get_args(Fusion):
            raise ValueError(f"unknown fusion {self.fusion!r}; choose one of {list(get_args(Fusion))}")
        if not 0.0 <= self.dropout < 1.0:
            raise ValueError(f"dropout is {self.dropout}; it must be at least 0 and below 1")
        if low := [name for name in ("n_factors", "n_gmf_factors") if getattr(self, name) < 1]:
            raise ValueError(
                f"{low[0]} is {getattr(self, low[0])}; it must be at least 1, or choose a fusion without it"
            )

    def _mean(self, train: RatingDataset) -> float:
        return global_mean(train) if self.residual else 0.0

    def _train_network(
        self, train: RatingDataset, valid: RatingDataset | None, n_epochs: int, seed: int
    ) -> TrainResult:
        """Train one network; `valid` stops it early."""
        batch_size = max(LEAST_BATCH, train.n_ratings // MOST_STEPS) if self.batch_size is None else self.batch_size
        trainer = Trainer(self.learning_rate, batch_size, n_epochs, "adam", self.patience, seed, compiled=self.compiled)
        return trainer.run(
            self._initial_params(train, seed),
            NetworkLoss(self.dropout > 0),
            rating_gatherer(train, self._mean(train)),
            train.n_ratings,
            None if valid is None else self._validation_error(train, valid, seed),
            self._anchor_updater(train),
        )

    def _initial_params(self, train: RatingDataset, seed: int) -> Params:
        widths = () if self.fusion == "gmf" else (self.n_factors, *self.hidden_layers)
        n_gmf_factors = 0 if self.fusion == "mlp" else self.n_gmf_factors
        params = initial_params(train.n_users, train.n_items, widths, n_gmf_factors, seed)
        params |= frozen_hyperparameters(
            reg=self.reg,
            reg_gmf=self.reg_gmf,
            reg_bias=self.reg_bias,
            reg_dense=self.reg_dense,
            dropout=self.dropout,
        )
        if self.implicit and n_gmf_factors:
            params |= initial_anchors(train, n_gmf_factors)
        if self.residual:
            bias = Bias().fit(train)
            params |= {"user_bias": bias.user_bias_, "item_bias": bias.item_bias_}
        return params

    def _anchor_updater(self, train: RatingDataset) -> EpochUpdate | None:
        if self.implicit and self.fusion != "mlp":
            return anchor_updater(train, self.reg_gmf, self.reg_rated, self.reg_raters)
        return None

    def _validation_error(self, train: RatingDataset, valid: RatingDataset, seed: int) -> Score:
        """Return a function that computes the mean squared error on `valid`, clipped as the runner clips."""
        epochs = count(1)

        def squared_error(params: Params) -> float:
            predict = partial(self._predict_from, params, train)
            if seed == self.seed:  # a search judges the model by its first network
                checkpoint(self, next(epochs), predict)
            predicted = np.clip(predict(valid.user_idx, valid.item_idx), *valid.rating_scale)
            return float(np.mean((valid.ratings - predicted) ** 2))

        return squared_error

    def _predict_from(self, params: Params, train: RatingDataset, users: IntArray, items: IntArray) -> FloatArray:
        """Predict with one network of these parameters."""
        user_bias = _bias(params, "user", train.n_users)
        item_bias = _bias(params, "item", train.n_items)
        network = Network.from_params(fill_cold_rows(params, train))
        return (
            self._mean(train) + user_bias[users] + item_bias[items] + predict_in_blocks(network.forward, users, items)
        )


def _bias(params: Params, side: str, n: int) -> FloatArray:
    """Return the biases of users, or of items: 0 if the model has none."""
    return params.get(f"{side}_bias", np.zeros(n)).astype(np.float64)
