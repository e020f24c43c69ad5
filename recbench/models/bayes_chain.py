"""One chain of the Gibbs sampler: from ratings to kept samples."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from recbench.contracts import FloatArray, IntArray, RatingDataset
from recbench.models.bayes_probit import Cutpoints, levels_of
from recbench.models.bayes_sampler import Block, Group, Noise, draw_precisions
from recbench.models.means import global_mean

if TYPE_CHECKING:
    from recbench.models.bayes_kernels import Floats, Ratings

Likelihood = Literal["regression", "probit"]
MakeGroups = Callable[["Ranked", np.random.Generator], tuple[tuple[Group, ...], tuple[Group, ...]]]


@dataclass(frozen=True, eq=False)
class Ranked:
    """The ratings of `train`, sorted by user and by item; their order in `train` leaves no trace."""

    user_idx: IntArray  # (n_ratings,) ascending; all columns are in this order
    by_user: Ratings
    by_item: Ratings
    link: IntArray  # (n_ratings,) where each rating of `by_item` stands in `by_user`
    ratings: FloatArray
    mean: float
    scale: float  # standard deviation of the ratings
    name: str


def ranked(train: RatingDataset) -> Ranked:
    """Sort the ratings.

    Raises:
        ValueError: `train` has no ratings.
    """
    global_mean(train)
    order = np.lexsort((train.item_idx, train.user_idx))
    users, items, ratings = train.user_idx[order], train.item_idx[order], train.ratings[order].astype(np.float64)
    link = np.argsort(items, kind="stable")
    by_user, by_item = _rows(users, train.n_users, items), _rows(items, train.n_items, users[link])
    return Ranked(
        users, by_user, by_item, link, ratings, float(ratings.mean()), float(ratings.std()) or 1.0, train.name
    )


class Chain:
    """Where one chain stands, and what it has kept."""

    def __init__(
        self, data: Ranked, make_groups: MakeGroups, likelihood: Likelihood, noise: Noise, n_kept: int, seed: list[int]
    ) -> None:
        """Start near zero; nothing is kept yet."""
        self._random = np.random.default_rng(seed)
        self._data, self._noise = data, noise
        of_users, of_items = make_groups(data, self._random)
        self._users, self._items = Block(data.by_user, of_users), Block(data.by_item, of_items)
        n_users, n_items, width = len(self._users.vectors), len(self._items.vectors), self._users.vectors.shape[1]
        self._counts = np.diff(data.by_user[0])
        self._precisions = np.ones(n_users)
        self._targets = ((data.ratings - data.mean) / data.scale).astype(np.float32)
        self._errors = np.empty_like(self._targets)
        self._cutpoints = None
        if likelihood == "probit":
            levels, level = levels_of(data.ratings, data.name)
            self._cutpoints = Cutpoints(level, len(levels))
        self.user_samples: Floats = np.empty((n_users, n_kept, width), np.float32)
        self.item_samples: Floats = np.empty((n_items, n_kept, width), np.float32)
        self.noise_samples: Floats = np.empty((n_users, n_kept), np.float32)  # standard deviation
        self.cutpoint_samples: FloatArray = np.empty((n_kept, 0 if self._cutpoints is None else len(levels) - 1))

    def sweep(self, *, settling: bool) -> None:
        """Draw everything once; in the burn-in, the probit's cutpoints settle."""
        self._residuals()
        if self._cutpoints is not None:
            self._draw_targets(self._cutpoints, settling=settling)
        squares = np.bincount(self._data.user_idx, np.square(self._errors), len(self._counts)).astype(np.float64)
        centre = None if self._cutpoints is None else 1.0  # the latent variable's scale is a convention
        self._precisions = draw_precisions(squares, self._counts, self._precisions, self._noise, centre, self._random)
        precisions = self._precisions.astype(np.float32)[self._data.user_idx]
        self._users.draw(self._items, self._errors, precisions, self._random)
        self._residuals()
        link = self._data.link
        self._items.draw(self._users, self._errors[link], precisions[link], self._random)

    def keep(self, at: int) -> None:
        """Keep where the chain stands as its sample number `at`."""
        self.user_samples[:, at], self.item_samples[:, at] = self._users.vectors, self._items.vectors
        self.noise_samples[:, at] = 1.0 / np.sqrt(self._precisions)
        if self._cutpoints is not None:
            self.cutpoint_samples[at] = self._cutpoints.inner

    def _residuals(self) -> None:
        from recbench.models.bayes_kernels import residuals

        residuals(self._data.by_user, self._targets, self._users.vectors, self._items.vectors, self._errors)

    def _draw_targets(self, cutpoints: Cutpoints, *, settling: bool) -> None:
        predicted = self._targets.astype(np.float64) - self._errors
        roots = np.sqrt(self._precisions)[self._data.user_idx]
        if settling:
            cutpoints.settle(predicted, roots)
        else:
            cutpoints.walk(predicted, roots, self._random)
        latent = cutpoints.latent(predicted, roots, self._random)
        self._targets, self._errors = latent.astype(np.float32), (latent - predicted).astype(np.float32)


def _rows(index: IntArray, n: int, others: IntArray) -> Ratings:
    """Where the ratings of each of `n` rows start, in ascending order of rows, and whom each is of."""
    starts = np.append(0, np.cumsum(np.bincount(index, minlength=n), dtype=np.int64))
    return starts, np.asarray(others, np.int32)
