"""Surprise's rating predictors at their library's defaults.

Source: Hug (2020), "Surprise: a Python library for recommender systems", JOSS 5(52):2174.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from recbench import RatingDataset
from recbench.array_types import FloatArray, IntArray
from recbench_peers.peer import PeerModel

Centering = Literal["none", "mean", "zscore", "baseline"]
Similarity = Literal["cosine", "msd", "pearson", "pearson_baseline"]
KNN_CLASSES = {"none": "KNNBasic", "mean": "KNNWithMeans", "zscore": "KNNWithZScore", "baseline": "KNNBaseline"}


@dataclass
class SurpriseModel(PeerModel):
    """A model of Surprise; a cold user or item gets the terms that are known, at least the mean."""

    module: ClassVar[str] = "surprise"
    made_by: ClassVar[str] = "scikit-surprise"
    requires: ClassVar[tuple[str, ...]] = ("recbench_peers.surprise_bridge",)

    def _algorithm(self, surprise: Any) -> Any:
        raise NotImplementedError

    def _learn(self, train: RatingDataset) -> Any:
        from recbench_peers.surprise_bridge import fitted, surprise

        return fitted(self._algorithm(surprise), train, self.known_users_, self.known_items_)

    def _rate(self, user_idx: IntArray, item_idx: IntArray) -> FloatArray:
        from recbench_peers.surprise_bridge import rated

        return rated(self._learned, user_idx, item_idx)


@dataclass
class SurpriseBaseline(SurpriseModel):
    """Surprise's BaselineOnly: user and item biases by alternating least squares."""

    reg_user: float = 15.0  # damping of a user's bias, in ratings
    reg_item: float = 10.0  # damping of an item's bias, in ratings
    n_epochs: int = 10  # item-then-user passes

    def _algorithm(self, surprise: Any) -> Any:
        options = {"method": "als", "reg_u": self.reg_user, "reg_i": self.reg_item, "n_epochs": self.n_epochs}
        return surprise.BaselineOnly(bsl_options=options, verbose=False)


@dataclass
class SurpriseKNN(SurpriseModel):
    """Surprise's k-NN, by default KNNBaseline with pearson_baseline, as Surprise's manual recommends."""

    similarity: Similarity = "pearson_baseline"  # between users, or between items
    centering: Centering = "baseline"  # subtracted from ratings: KNNBasic, WithMeans, WithZScore, Baseline
    n_neighbors: int = 40  # at most
    min_support: int = 1  # common ratings below which a similarity is 0
    user_based: ClassVar[bool]

    def _algorithm(self, surprise: Any) -> Any:
        similarity = {"name": self.similarity, "user_based": self.user_based, "min_support": self.min_support}
        make = getattr(surprise, KNN_CLASSES[self.centering])
        return make(k=self.n_neighbors, sim_options=similarity, verbose=False)


@dataclass
class SurpriseUserKNN(SurpriseKNN):
    """Surprise's user-based k-NN; it holds a dense n_users × n_users matrix."""

    user_based: ClassVar[bool] = True


@dataclass
class SurpriseItemKNN(SurpriseKNN):
    """Surprise's item-based k-NN; it holds a dense n_items × n_items matrix."""

    user_based: ClassVar[bool] = False


@dataclass
class SurpriseSlopeOne(SurpriseModel):
    """Surprise's SlopeOne."""

    def _algorithm(self, surprise: Any) -> Any:
        return surprise.SlopeOne()


@dataclass
class SurpriseDescent(SurpriseModel):
    """A model of Surprise that is trained by stochastic gradient descent, rating by rating."""

    n_factors: int = 100  # length of a user's and an item's vector
    n_epochs: int = 20  # passes over the ratings
    learning_rate: float = 0.005  # of all parameters
    reg: float = 0.02  # L2 of all parameters, per rating
    seed: int = 0

    def _descent(self) -> dict[str, Any]:
        return {
            "n_factors": self.n_factors,
            "n_epochs": self.n_epochs,
            "lr_all": self.learning_rate,
            "reg_all": self.reg,
            "random_state": self.seed,
        }


@dataclass
class SurpriseSVD(SurpriseDescent):
    """Surprise's SVD: biased matrix factorization."""

    def _algorithm(self, surprise: Any) -> Any:
        return surprise.SVD(**self._descent())


@dataclass
class SurpriseSVDpp(SurpriseDescent):
    """Surprise's SVDpp: SVD with implicit feedback: which items the user rated."""

    n_factors: int = 20  # length of a user's and an item's vector
    learning_rate: float = 0.007  # of all parameters

    def _algorithm(self, surprise: Any) -> Any:
        return surprise.SVDpp(**self._descent())
