"""Cornac's rating predictors at their library's defaults.

Source: Salah, Truong & Lauw (2020), "Cornac: a comparative framework for multimodal recommender systems",
JMLR 21(95).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from recbench import RatingDataset
from recbench.array_types import FloatArray, IntArray
from recbench_peers.peer import PeerModel, positions


@dataclass
class CornacModel(PeerModel):
    """A model of Cornac; a cold user or item gets the terms that are known, at least the mean."""

    module: ClassVar[str] = "cornac"
    made_by: ClassVar[str] = "cornac"
    requires: ClassVar[tuple[str, ...]] = ("recbench_peers.cornac_bridge",)

    def _model(self, models: Any) -> Any:
        raise NotImplementedError

    def _learn(self, train: RatingDataset) -> Any:
        from recbench_peers.cornac_bridge import cornac, fitted

        return fitted(self._model(cornac.models), train, self.known_users_, self.known_items_)

    def _rate(self, user_idx: IntArray, item_idx: IntArray) -> FloatArray:
        from recbench_peers.cornac_bridge import rated

        return rated(self._learned, positions(self.known_users_)[user_idx], positions(self.known_items_)[item_idx])


@dataclass
class CornacMF(CornacModel):
    """Cornac's MF: biased matrix factorization by stochastic gradient descent, in the order of the rows."""

    n_factors: int = 10  # length of a user's and an item's vector
    n_epochs: int = 20  # passes over the ratings
    learning_rate: float = 0.01  # of all parameters
    reg: float = 0.02  # L2 of all parameters, per rating
    seed: int = 0  # with a seed, Cornac runs in one thread

    def _model(self, models: Any) -> Any:
        return models.MF(
            k=self.n_factors,
            max_iter=self.n_epochs,
            learning_rate=self.learning_rate,
            lambda_reg=self.reg,
            seed=self.seed,
        )


@dataclass
class CornacPMF(CornacModel):
    """Cornac's PMF: probabilistic matrix factorization through a sigmoid, by RMSProp."""

    n_factors: int = 5  # length of a user's and an item's vector
    n_epochs: int = 100  # passes over the ratings
    learning_rate: float = 0.001  # of RMSProp
    gamma: float = 0.9  # weight of the past in RMSProp's mean of squares
    reg: float = 0.001  # L2 of all parameters, per rating
    variant: Literal["linear", "non_linear"] = "non_linear"  # through a sigmoid or not
    seed: int = 0

    def _model(self, models: Any) -> Any:
        return models.PMF(
            k=self.n_factors,
            max_iter=self.n_epochs,
            learning_rate=self.learning_rate,
            gamma=self.gamma,
            lambda_reg=self.reg,
            variant=self.variant,
            seed=self.seed,
        )
