"""LensKit's rating predictors at their library's defaults; LensKit needs Python 3.12.5 or newer.

Source: Ekstrand (2020), "LensKit for Python: next-generation software for recommender systems experiments", CIKM.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from recbench import RatingDataset
from recbench.array_types import FloatArray, IntArray
from recbench_peers.peer import PeerModel


@dataclass
class LensKitModel(PeerModel):
    """A scorer of LensKit; pairs that it cannot score get LensKit's biases."""

    module: ClassVar[str] = "lenskit"
    made_by: ClassVar[str] = "lenskit"
    requires: ClassVar[tuple[str, ...]] = ("recbench_peers.lenskit_bridge",)

    def _scorer(self, lenskit: Any) -> Any:
        raise NotImplementedError

    def _learn(self, train: RatingDataset) -> Any:
        from recbench_peers.lenskit_bridge import fitted, lenskit

        return fitted(self._scorer(lenskit), train, getattr(self, "seed", 0))

    def _rate(self, user_idx: IntArray, item_idx: IntArray) -> FloatArray:
        from recbench_peers.lenskit_bridge import rated

        return rated(self._learned, user_idx, item_idx)


@dataclass
class LensKitBias(LensKitModel):
    """LensKit's BiasScorer: item biases, then user biases."""

    damping: float = 0.0  # of both biases, in ratings

    def _scorer(self, lenskit: Any) -> Any:
        return lenskit.basic.BiasScorer(damping=self.damping)


@dataclass
class LensKitItemKNN(LensKitModel):
    """LensKit's ItemKNNScorer: cosine of mean-centered items."""

    n_neighbors: int = 20  # at most

    def _scorer(self, lenskit: Any) -> Any:
        return lenskit.knn.ItemKNNScorer(max_nbrs=self.n_neighbors)


@dataclass
class LensKitUserKNN(LensKitModel):
    """LensKit's UserKNNScorer: cosine of mean-centered users."""

    n_neighbors: int = 20  # at most

    def _scorer(self, lenskit: Any) -> Any:
        return lenskit.knn.UserKNNScorer(max_nbrs=self.n_neighbors)


@dataclass
class LensKitBiasedMF(LensKitModel):
    """LensKit's BiasedMFScorer: matrix factorization on bias residuals by alternating least squares."""

    n_factors: int = 64  # length of a user's and an item's vector
    n_epochs: int = 10  # user-then-item passes
    reg: float = 0.1  # L2 of the vectors
    damping: float = 5.0  # of the biases, in ratings
    seed: int = 0

    def _scorer(self, lenskit: Any) -> Any:
        return lenskit.als.BiasedMFScorer(
            embedding_size=self.n_factors, epochs=self.n_epochs, regularization=self.reg, damping=self.damping
        )
