"""myFM's Bayesian factorization machines, Gibbs-sampled.

myFM has no default rank; this plugin uses 10, and 200 iterations, twice myFM's default. Implicit features come from
the training set only.
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

    A cold user or item has no feature and does not contribute to the prediction.
    """

    n_factors: int = 10  # rank of the interactions
    n_samples: int = 200  # Gibbs iterations; all but the first five are averaged
    seed: int = 0
    module: ClassVar[str] = "myfm"
    made_by: ClassVar[str] = "myfm"
    requires: ClassVar[tuple[str, ...]] = ("recbench_peers.myfm_bridge",)
    implicit_sides: ClassVar[str]  # who has implicit features: nobody (""), users ("user"), or users and items ("both")

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
    """myFM as Bayesian SVD++: user, item and the items that the user rated."""

    implicit_sides: ClassVar[str] = "user"


@dataclass
class MyFMFlippedSVDpp(MyFMModel):
    """myFM as Bayesian SVD++ flipped: also the users that rated the item."""

    implicit_sides: ClassVar[str] = "both"
