"""Neural collaborative filtering: a network judges a pair by what it learned of user and item."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np

from recbench.contracts import FloatArray, IntArray, RatingDataset, RatingModel
from recbench.models.bias import Bias
from recbench.models.descent import Columns, Descent, Params
from recbench.models.network import Network, NetworkLoss, settled, start

BLOCK = 4096  # pairs judged at a time, to bound the memory


@dataclass
class NCF(RatingModel):
    """Neural collaborative filtering: embeddings of user and item, joined, through dense layers.

        r_ui ≈ mean + b_u + b_i + g_u · h_i + f([p_u, q_i])
        f = linear ∘ relu(dense) ∘ … ∘ relu(dense)

    The biases are those of `bias`; `residual=false` leaves them and the mean out, `n_gmf_factors=0`
    the product. Adam minimizes the mean over the ratings of
        (r_ui − r̂_ui)² + reg (|p_u|²/√n_u + |q_i|²/√n_i) + reg_gmf (|g_u|²/√n_u + |h_i|²/√n_i)
    plus reg_dense |K − K_start|² for the dense kernels K, n_u and n_i being numbers of ratings. The
    pull is to the start, not to 0: kernels near their start can't grow to undo the embeddings'
    penalty. On MovieLens, of 100,000 ratings or of a million, the product does the work: the default
    penalties leave next to nothing of the network, and settings that leave more of it predict worse.

    With `valid`, training stops when it no longer gains there and goes back to the best epoch;
    `refit` then trains as many epochs anew, on `train` and `valid`. A user or item without
    ratings has bias 0 and the mean embedding of the others.

    Sources: He et al. (2017), "Neural collaborative filtering", WWW; Rendle, Krichene, Zhang &
    Anderson (2020), "Neural collaborative filtering vs. matrix factorization revisited", RecSys,
    for why a product stands beside the network.
    """

    uses_valid: ClassVar[bool] = True
    requires: ClassVar[tuple[str, ...]] = ("recbench.models.quiet_tensorflow",)

    # Defaults: chosen on 10 % cut from the training parts of MovieLens 100k's u1 and of latest-small.
    n_factors: int = 32  # numbers that tell the network of a user, and of an item
    hidden_layers: tuple[int, ...] = (64, 32)  # widths of the dense layers; none: a linear model
    n_gmf_factors: int = 64  # numbers of a user and an item whose products bypass the network; 0: no product
    residual: bool = True  # learn what the bias model leaves; false: the ratings themselves
    reg: float = 10.0  # penalty on squared embeddings of the network, times the root of the number of ratings
    reg_gmf: float = 1.2  # penalty on squared embeddings of the product, likewise
    reg_dense: float = 0.1  # penalty on the squared way of the dense kernels from their start, per rating
    dropout: float = 0.0  # share of the joined embedding that a training step leaves out
    learning_rate: float = 0.002  # step of Adam
    batch_size: int = 1024  # ratings in a mini-batch
    n_epochs: int = 60  # passes over the ratings, at most
    patience: int | None = 5  # epochs without gain on the validation part before stopping; null: never stop
    refit: bool = True  # after stopping, train anew on all ratings for the epochs that were best
    compiled: bool = True  # an epoch is one XLA program; false where TensorFlow has no XLA
    seed: int = 0  # of starting weights, shuffling and dropout

    def fit(self, train: RatingDataset, valid: RatingDataset | None = None) -> Self:
        """Learn `kernels_`, `offsets_`, embeddings and biases, and `n_epochs_`, after how many epochs.

        Raises:
            ValueError: `train` has no ratings, or an option is out of range.
            FloatingPointError: the weights became infinite.
        """
        if not 0.0 <= self.dropout < 1.0:
            raise ValueError(f"dropout is {self.dropout}; it must be at least 0 and below 1")
        if self.patience is None or valid is None or valid.n_ratings == 0:
            return self._descend(train, None, self.n_epochs)
        self._descend(train, valid, self.n_epochs)
        return self._descend(_joined(train, valid), None, self.n_epochs_) if self.refit else self

    def predict(self, user_idx: IntArray, item_idx: IntArray) -> FloatArray:
        """The network's output, with `residual` on top of the mean and the biases."""
        embeddings = self.user_embedding_, self.item_embedding_, self.user_gmf_, self.item_gmf_
        network = Network(*embeddings, self.kernels_, self.offsets_)
        return self._biases(user_idx, item_idx) + _judge(network, user_idx, item_idx)

    def _biases(self, user_idx: IntArray, item_idx: IntArray) -> FloatArray:
        return self.global_mean_ + self.user_bias_[user_idx] + self.item_bias_[item_idx]

    def _descend(self, train: RatingDataset, valid: RatingDataset | None, n_epochs: int) -> Self:
        """Train from the start on `train`, stopping early by `valid`, and keep what was learned."""
        self._learn_biases(train)
        widths = (self.n_factors, *self.hidden_layers)
        initial = start(train.n_users, train.n_items, widths, self.n_gmf_factors, self.seed)
        loss = NetworkLoss(self.reg, self.reg_gmf, self.reg_dense, self.dropout)
        score = None if valid is None else self._scorer(train, valid)
        descent = Descent(
            self.learning_rate, self.batch_size, n_epochs, "adam", self.patience, self.seed, compiled=self.compiled
        )
        learned = descent.run(initial, loss, self._columns(train), score)
        self.n_epochs_ = learned.n_epochs
        network = Network.from_params(settled(learned.params, train))
        self.user_embedding_, self.item_embedding_, self.user_gmf_, self.item_gmf_ = network[:4]
        self.kernels_, self.offsets_ = network.kernels, network.offsets
        return self

    def _learn_biases(self, train: RatingDataset) -> None:
        bias = Bias().fit(train)
        self.global_mean_ = bias.global_mean_ * self.residual
        self.user_bias_ = bias.user_bias_ * self.residual
        self.item_bias_ = bias.item_bias_ * self.residual

    def _columns(self, train: RatingDataset) -> Columns:
        users, items = train.user_idx, train.item_idx
        return {
            "user": users,
            "item": items,
            "target": (train.ratings - self._biases(users, items)).astype(np.float32),
            "user_share": (np.bincount(users)[users] ** -0.5).astype(np.float32),
            "item_share": (np.bincount(items)[items] ** -0.5).astype(np.float32),
        }

    def _scorer(self, train: RatingDataset, valid: RatingDataset) -> Callable[[Params], float]:
        """The mean squared error on `valid`, clipped to the scale as the runner does."""
        biases = self._biases(valid.user_idx, valid.item_idx)

        def squared_error(params: Params) -> float:
            network = Network.from_params(settled(params, train))
            predicted = np.clip(biases + _judge(network, valid.user_idx, valid.item_idx), *valid.rating_scale)
            return float(np.mean((valid.ratings - predicted) ** 2))

        return squared_error


def _judge(network: Network, user_idx: IntArray, item_idx: IntArray) -> FloatArray:
    blocks = [slice(first, first + BLOCK) for first in range(0, len(user_idx), BLOCK)]
    return np.concatenate([np.zeros(0), *(network.judge(user_idx[block], item_idx[block]) for block in blocks)])


def _joined(train: RatingDataset, valid: RatingDataset) -> RatingDataset:
    return replace(
        train,
        user_idx=np.concatenate([train.user_idx, valid.user_idx]),
        item_idx=np.concatenate([train.item_idx, valid.item_idx]),
        ratings=np.concatenate([train.ratings, valid.ratings]),
        timestamps=None,
        folds=None,
    )
