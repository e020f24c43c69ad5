"""When ratings were given, and what that adds to them in the Bayesian models.

    r_ui at time t ~ N(... + Σ_g s_g(u, t) + d_day(t), 1/α_u)

A spell's effect s moves one user's ratings, a day's effect d everyone's. Ratings of a user that follow one another
within g seconds are of one spell, for each g of `GAPS`: a short spell is a page of items, a long one an evening.
Each kind of effect is normal around 0 with a precision λ ~ Gamma(1/2, rate 1/2). All are learned from `train`; for a
time when the user rated nothing there, or a day when nobody did, stands the mean over what the user rated.

Source: Koren (2009), "Collaborative filtering with temporal dynamics", KDD, for a user's own effect of a day.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from recbench.array_types import Float32Array, Float64Array, IntArray
from recbench.contracts import RatingDataset

GAPS = (10, 120, 3600)  # seconds; chosen on validation parts cut from the training rows of ML-100K
FAR = max(GAPS) + 1  # seconds between ratings that share no spell
A_DAY = 86_400  # seconds


@dataclass(frozen=True, eq=False)
class Calendar:
    """The effects of `train`, numbered through: the sessions, the shortest kind first, then the days, then none."""

    span: IntArray  # (2,) seconds of the first rating and of the last
    instants: IntArray  # (n_instants,) ascending: each user's seconds with ratings, as `_keys` has them
    sessions: IntArray  # (n_instants, n_gaps) the effects of each instant
    days: IntArray  # (n_days,) ascending, since 1970 in Greenwich

    @classmethod
    def of(cls, train: RatingDataset) -> Calendar:
        """The sessions and days of `train`.

        Raises:
            ValueError: it has no timestamps.
        """
        seconds = seconds_of(train)
        span = np.array([seconds.min(), seconds.max()])
        instants = np.unique(_keys(train.user_idx, seconds, span))
        sessions = np.zeros((len(instants), len(GAPS)), np.int64)
        sessions[1:] = np.cumsum(np.diff(instants)[:, None] > np.array(GAPS), axis=0)
        sessions += np.append(0, np.cumsum(sessions[-1] + 1)[:-1])
        return cls(span, instants, sessions.astype(np.int32), np.unique(seconds // A_DAY))

    def arrays(self) -> tuple[IntArray, ...]:
        """What it is made of, in the order of its fields."""
        return self.span, self.instants, self.sessions, self.days

    @cached_property
    def bounds(self) -> IntArray:
        """Where each kind of effects begins, and where the last ends: (n_gaps + 2,)."""
        ends = self.sessions[-1].astype(np.int64) + 1
        return np.concatenate([[0], ends, [ends[-1] + len(self.days)]])

    def effects(self, user_idx: IntArray, timestamps: IntArray) -> IntArray:
        """Which effects a rating has that the user gives at that time: (n_ratings, n_gaps + 1)."""
        keys = _keys(user_idx, timestamps, self.span)
        after = np.minimum(np.searchsorted(self.instants, keys), len(self.instants) - 1)
        before = np.maximum(after - 1, 0)
        since, until = np.abs(keys - self.instants[before]), np.abs(self.instants[after] - keys)
        nearest, apart = np.where(until <= since, after, before), np.minimum(since, until)
        effects = np.full((len(keys), len(GAPS) + 1), self.bounds[-1])
        effects[:, :-1] = np.where(apart[:, None] <= np.array(GAPS), self.sessions[nearest], self.bounds[-1])
        days = timestamps // A_DAY
        day = np.minimum(np.searchsorted(self.days, days), len(self.days) - 1)
        effects[:, -1] = np.where(self.days[day] == days, self.bounds[-2] + day, self.bounds[-1])
        return effects


class TimeEffects:
    """The effects in one chain: what they are now, given the errors that all else leaves."""

    def __init__(self, effects: IntArray, bounds: IntArray) -> None:
        """Start at none; `effects` are those of each rating, (n_ratings, n_kinds)."""
        self.values: Float64Array = np.zeros(bounds[-1] + 1)  # the last, which is none, stays 0
        self._effects, self._bounds = effects, bounds
        self.variances: Float64Array = np.ones(len(bounds) - 1)  # of each kind's prior

    def draw(self, errors: Float32Array, precisions: Float32Array, random: np.random.Generator) -> Float32Array:
        """Draw every effect and its kind's precision; returns the errors that are left."""
        left = errors.astype(np.float64)
        for kind in reversed(range(len(self.variances))):  # what many ratings share first: it explains them in one step
            start, end = self._bounds[kind], self._bounds[kind + 1]
            at, values = self._effects[:, kind] - start, self.values[start:end]
            left += values[at]
            known = 1.0 / self.variances[kind] + np.bincount(at, precisions, len(values))
            mean = np.bincount(at, precisions * left, len(values)) / known
            values[:] = mean + random.standard_normal(len(values)) / np.sqrt(known)
            self.variances[kind] = 1.0 / random.gamma((1 + len(values)) / 2, 2 / (1 + np.sum(values**2)))
            left -= values[at]
        return left.astype(np.float32)

    def by_kind(self) -> Float64Array:
        """Each rating's effects, (n_ratings, n_kinds)."""
        return self.values[self._effects]

    def of_ratings(self) -> Float32Array:
        """The sum of each rating's effects."""
        return np.asarray(self.by_kind().sum(axis=1), np.float32)


def seconds_of(train: RatingDataset) -> IntArray:
    """When each rating was given.

    Raises:
        ValueError: nobody knows.
    """
    if train.timestamps is None:
        raise ValueError(
            f"no timestamps in {train.name!r}, and uses_time=true needs them; "
            f"choose a data set that has them, or set uses_time=false"
        )
    return train.timestamps


def _keys(user_idx: IntArray, seconds: IntArray, span: IntArray) -> IntArray:
    """One number for user and second, in which the seconds of different users are far apart."""
    start, end = span[0] - FAR, span[1] + FAR
    return np.asarray(user_idx.astype(np.int64) * (end - start + FAR) + np.clip(seconds, start, end) - start)
