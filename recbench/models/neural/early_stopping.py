"""Early stopping on a validation set, refitting on all ratings, and averaging networks of several seeds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from recbench.contracts import RatingDataset
from recbench.models.trainer import TrainResult
from recbench.runtime.seeds import derive_seed

# trains one network: (train, valid, n_epochs, seed) -> its parameters, stopped early by valid unless that is None
TrainNetwork = Callable[[RatingDataset, RatingDataset | None, int, int], TrainResult]


@dataclass(frozen=True)
class Stopping:
    """How long to train each network, and on which ratings: the options of these names of `ncf` and `autorec`."""

    n_epochs: int
    patience: int | None
    refit: bool
    n_models: int
    seed: int

    def __post_init__(self) -> None:
        """Check that there is a network to train."""
        if self.n_models < 1:
            raise ValueError(f"n_models is {self.n_models}; it must be at least 1")

    def run(
        self, train_network: TrainNetwork, train: RatingDataset, valid: RatingDataset | None
    ) -> tuple[RatingDataset, list[TrainResult]]:
        """Return the ratings that all networks were trained on in the end, and each network's result.

        Without `patience` or without ratings in `valid`, each network trains `n_epochs` epochs on `train`. Otherwise
        `valid` stops it early; with `refit` it then trains again, as many epochs, on `train` and `valid`.
        """
        seeds = [self.seed, *(derive_seed(self.seed, "network", number) for number in range(1, self.n_models))]
        if self.patience is None or valid is None or valid.n_ratings == 0:
            return train, [train_network(train, None, self.n_epochs, seed) for seed in seeds]
        stopped = [train_network(train, valid, self.n_epochs, seed) for seed in seeds]
        if not self.refit:
            return train, stopped
        whole = _joined(train, valid)
        refitted = [train_network(whole, None, best.n_epochs, seed) for best, seed in zip(stopped, seeds, strict=True)]
        return whole, refitted


def _joined(train: RatingDataset, valid: RatingDataset) -> RatingDataset:
    """Return the ratings of both."""
    return replace(
        train,
        user_idx=np.concatenate([train.user_idx, valid.user_idx]),
        item_idx=np.concatenate([train.item_idx, valid.item_idx]),
        ratings=np.concatenate([train.ratings, valid.ratings]),
        timestamps=None,
        folds=None,
    )
