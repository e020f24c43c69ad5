"""Neural collaborative filtering: a network judges a pair by what it learned of user and item."""

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
    EMBEDDINGS,
    Network,
    NetworkLoss,
    fill_cold_rows,
    frozen_hyperparameters,
    initial_params,
)
from recbench.models.neural.trainer import Columns, EpochUpdate, Gather, Params, Score, Trainer, TrainResult
from recbench.models.prediction_blocks import predict_in_blocks
from recbench.progress import checkpoint
from recbench.registry.search_space import between, searched

LEAST_BATCH = 1024  # ratings in a mini-batch
MOST_STEPS = 1000  # mini-batches in an epoch, unless batch_size says otherwise

Fusion = Literal["neumf", "gmf", "mlp"]


@dataclass
class NCF(RatingModel):
    """Neural collaborative filtering: embeddings of user and item, joined, through dense layers.

        r_ui ≈ mean + b_u + b_i + g_u · h_i + f([p_u, q_i])
        f = linear ∘ relu(dense) ∘ … ∘ relu(dense)

    The biases start as those of `bias`; `residual=false` leaves them and the mean out. `fusion=gmf`
    leaves out the network f, `fusion=mlp` the product g_u · h_i. Adam minimizes the mean over the ratings of
        (r_ui − r̂_ui)² + reg (|p_u|²/√n_u + |q_i|²/√n_i) + reg_gmf (|g_u − z_u|²/√n_u + |h_i − z_i|²/√n_i)
        + reg_bias (b_u²/n_u + b_i²/n_i)
    plus reg_dense |K − K_start|² for the dense kernels K, n_u and n_i being numbers of ratings. The
    pull is to the start, not to 0: kernels near their start can't grow to undo the embeddings' penalty.

    z_u is what is known of a user from the mere fact of what they rated, whatever the ratings were:
    n_u^-½ Σ y_j over the items j that they rated in train; z_i is n_i^-½ Σ x_v over an item's raters.
    y and x are refitted after every epoch (see `who_rated`); `implicit=false` has z = 0. On a validation
    part cut from the training ratings of MovieLens 100k's u1 the RMSE is .879 with them, .909 without
    at the best penalty for that, reg_gmf=1.2. There the network alone has .913, the product alone .881,
    `bias` .935.

    With `valid`, training stops when it no longer gains there and goes back to the best epoch;
    `refit` then trains as many epochs anew, on `train` and `valid`. A user or item without
    ratings has bias 0 and the mean embedding of the others. The predictions of `n_models` networks,
    each stopped and trained anew by itself, are averaged.

    Sources: He et al. (2017), "Neural collaborative filtering", WWW; Rendle, Krichene, Zhang &
    Anderson (2020), "Neural collaborative filtering vs. matrix factorization revisited", RecSys,
    for why a product stands beside the network; Koren (2008), "Factorization meets the neighborhood",
    KDD, for z_u; Rendle, Zhang & Koren (2019), "On the difficulty of evaluating baselines",
    arXiv:1905.01395, for z_i.
    """

    uses_valid: ClassVar[bool] = True
    requires: ClassVar[tuple[str, ...]] = ("recbench.models.neural.quiet_tensorflow", "scipy.sparse")

    # Defaults: chosen on 10 % cut from the training parts of MovieLens 100k's u1, of latest-small and of 1M.
    n_factors: int = 32  # numbers that tell the network of a user, and of an item
    hidden_layers: tuple[int, ...] = (64, 32)  # widths of the dense layers; none: a linear model
    n_gmf_factors: int = 32  # numbers of a user and an item whose products bypass the network
    fusion: Fusion = "neumf"  # neumf: network and product; mlp: the network alone; gmf: the product alone
    residual: bool = True  # learn what mean and biases leave, and the biases along; false: the ratings themselves
    reg: float = searched(
        10.0, between(1, 50, log=True)
    )  # penalty on the network's squared embeddings, times sqrt(n_ratings)
    reg_gmf: float = searched(2.2, between(0.1, 10, log=True))  # penalty on squared embeddings of the product, likewise
    implicit: bool = True  # pull the product's embeddings to sums over what the user rated, and over who rated the item
    reg_rated: float = 100.0  # penalty on squared y, a rated item's part in what its users are pulled to
    reg_raters: float = 15.0  # penalty on squared x, a rater's part in what the rated items are pulled to
    reg_bias: float = 8.0  # penalty on squared biases, in ratings
    reg_dense: float = 0.1  # penalty on the squared way of the dense kernels from their start, per rating
    dropout: float = searched(0.0, between(0, 0.5))  # share of the joined embedding that a training step leaves out
    learning_rate: float = searched(0.002, between(0.0005, 0.01, log=True))  # step of Adam
    batch_size: int | None = None  # ratings in a mini-batch; null: 1,024, or a thousandth of all where that is more
    n_epochs: int = 80  # passes over the ratings, at most
    patience: int | None = 5  # epochs without gain on the validation part before stopping; null: never stop
    refit: bool = True  # after stopping, train anew on all ratings for the epochs that were best
    n_models: int = 1  # networks whose predictions are averaged: of seed itself and of seeds derived from it
    compiled: bool = True  # an epoch is one XLA program; false where TensorFlow has no XLA
    seed: int = 0  # of starting weights, shuffling and dropout

    def fit(self, train: RatingDataset, valid: RatingDataset | None = None) -> Self:
        """Learn `kernels_`, `offsets_`, embeddings and biases, and `n_epochs_`, how many epochs each model took.

        The first axis of the weights is that of the `n_models` networks.

        Raises:
            ValueError: `train` has no ratings, or an option is out of range.
            FloatingPointError: the weights became infinite.
        """
        self._check_options()
        stopping = Stopping(self.n_epochs, self.patience, self.refit, self.n_models, self.seed)
        whole, learned = stopping.run(self._descend, train, valid)
        self.global_mean_ = self._mean(whole)
        self.user_bias_, self.item_bias_ = (
            np.mean([_bias(each.params, side, n) for each in learned], axis=0)
            for side, n in (("user", whole.n_users), ("item", whole.n_items))
        )
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
        """The networks' mean output, with `residual` on top of the mean and the biases."""
        n_models = len(self.user_embedding_)
        total = sum(
            (predict_in_blocks(self._network(number).judge, user_idx, item_idx) for number in range(n_models)),
            np.zeros(1),
        )
        biases: FloatArray = self.user_bias_[user_idx] + self.item_bias_[item_idx]
        return self.global_mean_ + biases + total / n_models

    def _network(self, number: int) -> Network:
        user, item, user_gmf, item_gmf = (getattr(self, f"{name}_")[number] for name in EMBEDDINGS)
        kernels, offsets = (tuple(layer[number] for layer in layers) for layers in (self.kernels_, self.offsets_))
        return Network(user, item, user_gmf, item_gmf, kernels, offsets)

    def _check_options(self) -> None:
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

    def _descend(self, train: RatingDataset, valid: RatingDataset | None, n_epochs: int, seed: int) -> TrainResult:
        # each step moves all embeddings, so that their number must not grow with the ratings
        batch_size = max(LEAST_BATCH, train.n_ratings // MOST_STEPS) if self.batch_size is None else self.batch_size
        descent = Trainer(self.learning_rate, batch_size, n_epochs, "adam", self.patience, seed, compiled=self.compiled)
        return descent.run(
            self._start(train, seed),
            NetworkLoss(self.dropout > 0),
            self._gatherer(train),
            train.n_ratings,
            None if valid is None else self._scorer(train, valid, seed),
            self._mover(train),
        )

    def _start(self, train: RatingDataset, seed: int) -> Params:
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

    def _mover(self, train: RatingDataset) -> EpochUpdate | None:
        if self.implicit and self.fusion != "mlp":
            return anchor_updater(train, self.reg_gmf, self.reg_rated, self.reg_raters)
        return None

    def _gatherer(self, train: RatingDataset) -> Gather:
        user_share, item_share = (_root_share(index) for index in (train.user_idx, train.item_idx))
        mean = np.float32(self._mean(train))

        def gather(rows: IntArray) -> Columns:
            users, items = train.user_idx[rows], train.item_idx[rows]
            shares = {"user_share": user_share[users], "item_share": item_share[items]}
            return {"user": users, "item": items, "target": train.ratings[rows] - mean, **shares}

        return gather

    def _scorer(self, train: RatingDataset, valid: RatingDataset, seed: int) -> Score:
        """The mean squared error on `valid`, clipped to the scale as the runner does."""
        epochs = count(1)

        def squared_error(params: Params) -> float:
            predict = partial(self._predict_from, params, train)
            if seed == self.seed:  # the epochs of the first network speak for all
                checkpoint(self, next(epochs), predict)
            predicted = np.clip(predict(valid.user_idx, valid.item_idx), *valid.rating_scale)
            return float(np.mean((valid.ratings - predicted) ** 2))

        return squared_error

    def _predict_from(self, params: Params, train: RatingDataset, users: IntArray, items: IntArray) -> FloatArray:
        """What one network would predict with these parameters."""
        user_bias, item_bias = _bias(params, "user", train.n_users), _bias(params, "item", train.n_items)
        network = Network.from_params(fill_cold_rows(params, train))
        return self._mean(train) + user_bias[users] + item_bias[items] + predict_in_blocks(network.judge, users, items)


def _bias(params: Params, side: str, n: int) -> FloatArray:
    """The biases of users, or of items: 0 where the model has none."""
    return params.get(f"{side}_bias", np.zeros(n)).astype(np.float64)


def _root_share(index: IntArray) -> FloatArray:
    """One over the root of the number of rows, by index."""
    return (np.maximum(np.bincount(index), 1) ** -0.5).astype(np.float32)
