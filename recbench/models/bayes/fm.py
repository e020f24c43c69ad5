"""The Bayesian factorization machine: a user is also the items that were rated, an item also its raters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recbench.array_types import FloatArray
from recbench.contracts import RatingDataset
from recbench.models.bayes.chain import Likelihood, Ranked
from recbench.models.bayes.kernel_arrays import Features, RatingRows
from recbench.models.bayes.mf import BayesMF
from recbench.models.bayes.sampler import Group, group, identities
from recbench.models.content.item_features import item_features


@dataclass
class BayesFM(BayesMF):
    """Factorization machine of users, items, what users rated and who rated items, by Gibbs sampling.

        r ~ N(mean + Σ_j w_j x_j + Σ_{j<l} x_j x_l v_j · v_l, 1/α_u)

    A pair's features x are the user, the item, the items that the user rated in `train` (each n_u^-½), the
    users who rated the item (each n_i^-½), and with `side_information` the item's genres and years. Users,
    items and each other kind have a prior of their own, as in `BayesMF`, whose options it shares. The model
    is SVD++ "flipped", and with `implicit` off BayesMF. A user or item without ratings is drawn from its
    prior; an item's genres and years serve it all the same.

    With likelihood `probit`, ratings are levels cut out of a normal variable (see `bayes_probit`), and the
    prediction is the mean level.

    Sources: Rendle (2012), "Factorization machines with libFM", ACM TIST 3(3); Rendle, Zhang & Koren (2019),
    "On the difficulty of evaluating baselines", arXiv:1905.01395, for the features.
    """

    implicit: bool = True  # whether a user is also the items rated, and an item also its raters
    side_information: bool = False  # whether an item is also its genres and years; the data set must have them
    likelihoods: tuple[Likelihood, ...] = ("regression",)  # of each chain in turn; probit: ratings are levels

    def _likelihoods(self) -> tuple[Likelihood, ...]:
        return tuple(self.likelihoods[chain % len(self.likelihoods)] for chain in range(self.n_chains))

    def _check_options(self) -> None:
        super()._check_options()
        choices: tuple[Likelihood, ...] = ("regression", "probit")
        if not self.likelihoods or set(self.likelihoods) - set(choices):
            raise ValueError(f"likelihoods are {list(self.likelihoods)!r}; choose at least one of {list(choices)}")

    def _groups(
        self, train: RatingDataset, data: Ranked, random: np.random.Generator
    ) -> tuple[tuple[Group, ...], tuple[Group, ...]]:
        of_users, of_items = [identities(train.n_users)], [identities(train.n_items)]
        if self.implicit:
            of_users.append(_partners(data.by_item, data.by_user))
            of_items.append(_partners(data.by_user, data.by_item))
        if self.side_information:
            of_items.append(_columns(item_features(train)))
        return _drawn(of_users, self.n_factors, random), _drawn(of_items, self.n_factors, random)


def _drawn(kinds: list[Features], n_factors: int, random: np.random.Generator) -> tuple[Group, ...]:
    return tuple(group(features, n_factors, random) for features in kinds)


def _partners(by_partner: RatingRows, by_row: RatingRows) -> Features:
    """Each partner as a feature of the rows rated with it, at n^-½ for a row with n ratings."""
    starts, rows = by_partner
    n_ratings = np.diff(by_row.starts)
    return Features(starts, rows, (n_ratings[rows] ** -0.5).astype(np.float32))


def _columns(table: FloatArray) -> Features:
    """Each column as a feature of the rows where it is not zero."""
    columns, rows = np.nonzero(table.T)
    starts = np.append(0, np.cumsum(np.bincount(columns, minlength=table.shape[1]), dtype=np.int64))
    return Features(starts, rows.astype(np.int32), table[rows, columns].astype(np.float32))
