"""myFM's Bayesian factorization machines, Gibbs-sampled.

myFM has no default rank: 10, and twice its default of 100 iterations, are this plugin's choice. Implicit features
are made of train alone.
Source: Ohtsuki (2020), myFM; Rendle, Zhang & Koren (2019), "On the difficulty of evaluating baselines".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from recbench import RatingDataset
from recbench.array_types import FloatArray, IntArray
from recbench_peers.peer import PeerModel


@dataclass
class MyFMModel(PeerModel):
    """A Gibbs-sampled factorization machine on one-hot users and items.

    A cold user or item has no feature, and so no part in the prediction.
    """

    n_factors: int = 10  # rank of the interactions
    n_samples: int = 200  # Gibbs iterations; all but the first five are averaged
    seed: int = 0
    module: ClassVar[str] = "myfm"
    made_by: ClassVar[str] = "myfm"
    requires: ClassVar[tuple[str, ...]] = ("recbench_peers.myfm_bridge",)
    implicit_sides: ClassVar[str]  # who has implicit features: nobody (""), "user" or "both"

    def _learn(self, train: RatingDataset) -> Any:
        from recbench_peers.myfm_bridge import blocks, fitted

        parts = blocks(train, self.known_users_, self.known_items_, self.implicit_sides)
        return fitted(parts, train, self.n_factors, self.n_samples, self.seed), parts

    def _rate(self, user_idx: IntArray, item_idx: IntArray) -> FloatArray:
        from recbench_peers.myfm_bridge import rated

        machine, parts = self._learned
        return rated(machine, parts, user_idx, item_idx)


@dataclass
class MyFMMF(MyFMModel):
    """myFM on ids alone: Bayesian matrix factorization with biases."""

    implicit_sides: ClassVar[str] = ""


@dataclass
class MyFMSVDpp(MyFMModel):
    """myFM as Bayesian SVD++: to user and item the items that the user rated."""

    implicit_sides: ClassVar[str] = "user"


@dataclass
class MyFMFlippedSVDpp(MyFMModel):
    """myFM as Bayesian SVD++ flipped: besides, the users that rated the item."""

    implicit_sides: ClassVar[str] = "both"
