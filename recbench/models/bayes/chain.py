"""One chain of the Gibbs sampler: from ratings to kept samples."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from recbench.array_types import FloatArray, IntArray
from recbench.contracts import RatingDataset
from recbench.models.baselines.means import global_mean
from recbench.models.bayes.kernel_arrays import RatingRows
from recbench.models.bayes.probit import Cutpoints, levels_of
from recbench.models.bayes.sampler import Block, Group, Noise, draw_precisions
from recbench.models.bayes.samples import PosteriorSamples
from recbench.models.bayes.time_effects import Calendar, TimeEffects, seconds_of

Likelihood = Literal["regression", "probit"]
MakeGroups = Callable[["Ranked", np.random.Generator], tuple[tuple[Group, ...], tuple[Group, ...]]]


@dataclass(frozen=True, eq=False)
class Ranked:
    """The ratings of `train`, sorted by user and by item; their order in `train` leaves no trace."""

    user_idx: IntArray  # (n_ratings,) ascending; all columns are in this order
    by_user: RatingRows
    by_item: RatingRows
    link: IntArray  # (n_ratings,) where each rating of `by_item` stands in `by_user`
    ratings: FloatArray
    mean: float
    scale: float  # standard deviation of the ratings
    name: str
    calendar: Calendar | None  # if ratings depend on when they were given
    effects: IntArray  # (n_ratings, n_kinds) of the calendar


def ranked(train: RatingDataset, *, by_time: bool = False) -> Ranked:
    """Sort the ratings; `by_time` tells when they were given.

    Raises:
        ValueError: `train` has no ratings, or no timestamps that `by_time` could tell.
    """
    global_mean(train)
    calendar = Calendar.of(train) if by_time else None
    effects = calendar.effects(train.user_idx, seconds_of(train)) if calendar else np.zeros((train.n_ratings, 0), int)
    order = np.lexsort((train.item_idx, train.user_idx))
    users, items, ratings = train.user_idx[order], train.item_idx[order], train.ratings[order].astype(np.float64)
    link = np.argsort(items, kind="stable")
    by_user, by_item = _rows(users, train.n_users, items), _rows(items, train.n_items, users[link])
    mean, scale = float(ratings.mean()), float(ratings.std()) or 1.0
    return Ranked(users, by_user, by_item, link, ratings, mean, scale, train.name, calendar, effects[order])


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
        self._counts = np.diff(data.by_user.starts)
        self._precisions = np.ones(len(self._counts))
        self._targets = ((data.ratings - data.mean) / data.scale).astype(np.float32)
        self._errors = np.empty_like(self._targets)
        self._cutpoints = None
        n_cutpoints = 0
        if likelihood == "probit":
            levels, level = levels_of(data.ratings, data.name)
            self._cutpoints, n_cutpoints = Cutpoints(level, len(levels)), len(levels) - 1
        self._moods = TimeEffects(data.effects, data.calendar.bounds) if data.calendar else None
        n_effects, n_kinds = (len(self._moods.values), data.effects.shape[1]) if self._moods else (0, 0)
        (n_users, width), n_items = self._users.vectors.shape, len(self._items.vectors)
        self.kept = PosteriorSamples.room(
            (n_users, n_items), width, n_kept, n_cutpoints=n_cutpoints, n_effects=n_effects, n_kinds=n_kinds
        )

    def sweep(self, *, settling: bool) -> None:
        """Draw everything once; in the burn-in, the probit's cutpoints settle."""
        self._residuals()
        if self._cutpoints is not None:
            self._draw_targets(self._cutpoints, settling=settling)
        squares = np.bincount(self._data.user_idx, np.square(self._errors), len(self._counts)).astype(np.float64)
        center = None if self._cutpoints is None else 1.0  # the latent variable's scale is a convention
        self._precisions = draw_precisions(squares, self._counts, self._precisions, self._noise, center, self._random)
        precisions = self._precisions.astype(np.float32)[self._data.user_idx]
        if self._moods is not None:
            self._errors = self._moods.draw(self._errors, precisions, self._random)
        self._users.draw(self._items, self._errors, precisions, self._random)
        self._residuals()
        link = self._data.link
        self._items.draw(self._users, self._errors[link], precisions[link], self._random)

    def keep(self, at: int) -> None:
        """Keep where the chain stands as its sample number `at`."""
        kept = self.kept
        kept.users[:, at], kept.items[:, at] = self._users.vectors, self._items.vectors
        kept.noise[:, at] = 1.0 / np.sqrt(self._precisions)
        if self._cutpoints is not None:
            kept.cutpoints[at] = self._cutpoints.inner
        if self._moods is not None:
            kept.effects[:, at], kept.variances[:, at] = self._moods.values, self._moods.variances
            for kind, usual in zip(self._moods.by_kind().T, kept.usual, strict=True):
                total = np.bincount(self._data.user_idx, kind, len(self._counts))
                usual[:, at] = total / np.maximum(self._counts, 1)
            kept.users[:, at, 0] += kept.usual[:, :, at].sum(axis=0)

    def _residuals(self) -> None:
        from recbench.models.bayes.kernels import residuals

        residuals(self._data.by_user, self._targets, self._users.vectors, self._items.vectors, self._errors)
        if self._moods is not None:
            self._errors -= self._moods.of_ratings()

    def _draw_targets(self, cutpoints: Cutpoints, *, settling: bool) -> None:
        predicted = self._targets.astype(np.float64) - self._errors
        roots = np.sqrt(self._precisions)[self._data.user_idx]
        if settling:
            cutpoints.settle(predicted, roots)
        else:
            cutpoints.walk(predicted, roots, self._random)
        latent = cutpoints.latent(predicted, roots, self._random)
        self._targets, self._errors = latent.astype(np.float32), (latent - predicted).astype(np.float32)


def _rows(index: IntArray, n: int, others: IntArray) -> RatingRows:
    """Where the ratings of each of `n` rows start, in ascending order of rows, and whom each is of."""
    starts = np.append(0, np.cumsum(np.bincount(index, minlength=n), dtype=np.int64))
    return RatingRows(starts, np.asarray(others, np.int32))
