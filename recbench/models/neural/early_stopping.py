"""Early stopping on a validation part, training anew on everything, and doing so with several seeds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from recbench.contracts import RatingDataset
from recbench.models.neural.trainer import TrainResult
from recbench.runtime.seeds import derive_seed

# (train, valid, n_epochs, seed) -> where the descent on train ended, stopped by valid unless that is None
DescendOn = Callable[[RatingDataset, RatingDataset | None, int, int], TrainResult]


@dataclass(frozen=True)
class Stopping:
    """How long to train, and on what in the end: the options of that name of `ncf` and `autorec`."""

    n_epochs: int
    patience: int | None
    refit: bool
    n_models: int
    seed: int

    def __post_init__(self) -> None:
        """Refuse to train nothing."""
        if self.n_models < 1:
            raise ValueError(f"n_models is {self.n_models}; it must be at least 1")

    def run(
        self, descend_on: DescendOn, train: RatingDataset, valid: RatingDataset | None
    ) -> tuple[RatingDataset, list[TrainResult]]:
        """What all were trained on in the end, and one descent for each of `n_models` seeds."""
        seeds = [self.seed, *(derive_seed(self.seed, "network", number) for number in range(1, self.n_models))]
        if self.patience is None or valid is None or valid.n_ratings == 0:
            return train, [descend_on(train, None, self.n_epochs, seed) for seed in seeds]
        stopped = [descend_on(train, valid, self.n_epochs, seed) for seed in seeds]
        if not self.refit:
            return train, stopped
        whole = _joined(train, valid)
        return whole, [descend_on(whole, None, each.n_epochs, seed) for each, seed in zip(stopped, seeds, strict=True)]


def _joined(train: RatingDataset, valid: RatingDataset) -> RatingDataset:
    return replace(
        train,
        user_idx=np.concatenate([train.user_idx, valid.user_idx]),
        item_idx=np.concatenate([train.item_idx, valid.item_idx]),
        ratings=np.concatenate([train.ratings, valid.ratings]),
        timestamps=None,
        folds=None,
    )
