"""The effects of the time of a rating in the Bayesian models: of the user's sessions, and of days.

    r_ui at time t ~ N(... + Σ_g s_g(u, t) + d_day(t), 1/α_u)

The effect s of a session is added to one user's ratings, the effect d of a day to everyone's. Ratings of a user that
follow one another within g seconds belong to one session, for each g of `GAPS`: short sessions are pages of items,
long ones evenings. Each kind of effect is normal around 0 with a precision λ ~ Gamma(1/2, rate 1/2). All are learned
from the training set. For a time outside the user's sessions, or a day without ratings, the prediction has the mean
of the effects over the user's training ratings instead.

Source: Koren (2009), "Collaborative filtering with temporal dynamics", KDD, for a user's own effect of a day.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from recbench.array_types import Float32Array, Float64Array, IntArray
from recbench.contracts import RatingDataset

GAPS = (10, 120, 3600)  # seconds; chosen on validation sets cut from the training set of ML-100K
FAR = max(GAPS) + 1  # seconds between ratings that share no session of any kind
A_DAY = 86_400  # seconds


@dataclass(frozen=True, eq=False)
class Calendar:
    """The time effects of a training set, numbered consecutively.

    The sessions come first, those of the smallest gap before the others, then the days; the last number means no
    effect.
    """

    span: IntArray  # (2,) times of the first and the last rating, in seconds since 1970
    instants: IntArray  # (n_instants,) ascending: the keys (`_keys`) of each user's seconds with ratings
    sessions: IntArray  # (n_instants, n_gaps) the effects of each instant
    days: IntArray  # (n_days,) ascending: days with ratings, since 1970, UTC

    @classmethod
    def of(cls, train: RatingDataset) -> Calendar:
        """Find the sessions and days of `train`.

        Raises:
            ValueError: `train` has no timestamps.
        """
        seconds = seconds_of(train)
        span = np.array([seconds.min(), seconds.max()])
        instants = np.unique(_keys(train.user_idx, seconds, span))
        sessions = np.zeros((len(instants), len(GAPS)), np.int64)
        sessions[1:] = np.cumsum(np.diff(instants)[:, None] > np.array(GAPS), axis=0)
        sessions += np.append(0, np.cumsum(sessions[-1] + 1)[:-1])
        return cls(span, instants, sessions.astype(np.int32), np.unique(seconds // A_DAY))

    def arrays(self) -> tuple[IntArray, ...]:
        """Return its arrays, in the order of its fields."""
        return self.span, self.instants, self.sessions, self.days

    @cached_property
    def bounds(self) -> IntArray:
        """Return the first number of each kind of effects, and the number of no effect: (n_gaps + 2,)."""
        ends = self.sessions[-1].astype(np.int64) + 1
        return np.concatenate([[0], ends, [ends[-1] + len(self.days)]])

    def effects(self, user_idx: IntArray, timestamps: IntArray) -> IntArray:
        """Return the numbers of the effects of ratings by these users at these times: (n_ratings, n_gaps + 1)."""
        keys = _keys(user_idx, timestamps, self.span)
        after = np.minimum(np.searchsorted(self.instants, keys), len(self.instants) - 1)
        before = np.maximum(after - 1, 0)
        since = np.abs(keys - self.instants[before])  # seconds
        until = np.abs(self.instants[after] - keys)
        nearest = np.where(until <= since, after, before)
        apart = np.minimum(since, until)
        effects = np.full((len(keys), len(GAPS) + 1), self.bounds[-1])
        effects[:, :-1] = np.where(apart[:, None] <= np.array(GAPS), self.sessions[nearest], self.bounds[-1])
        days = timestamps // A_DAY
        day = np.minimum(np.searchsorted(self.days, days), len(self.days) - 1)
        effects[:, -1] = np.where(self.days[day] == days, self.bounds[-2] + day, self.bounds[-1])
        return effects


class TimeEffects:
    """The current effects of one chain, drawn given the errors of all other terms."""

    def __init__(self, effects: IntArray, bounds: IntArray) -> None:
        """Start with all effects 0; `effects` are the numbers of each rating's, (n_ratings, n_kinds)."""
        self.values: Float64Array = np.zeros(bounds[-1] + 1)  # the last, that of no effect, stays 0
        self._effects = effects
        self._bounds = bounds
        self.variances: Float64Array = np.ones(len(bounds) - 1)  # of each kind's prior

    def draw(self, errors: Float32Array, precisions: Float32Array, random: np.random.Generator) -> Float32Array:
        """Draw every effect and the precision of each kind; return the errors that remain."""
        left = errors.astype(np.float64)
        for kind in reversed(range(len(self.variances))):  # effects of many ratings first: the chain mixes faster
            start, end = self._bounds[kind : kind + 2]
            at = self._effects[:, kind] - start
            values = self.values[start:end]
            left += values[at]
            precision = 1.0 / self.variances[kind] + np.bincount(at, precisions, len(values))
            mean = np.bincount(at, precisions * left, len(values)) / precision
            values[:] = mean + random.standard_normal(len(values)) / np.sqrt(precision)
            self.variances[kind] = 1.0 / random.gamma((1 + len(values)) / 2, 2 / (1 + np.sum(values**2)))
            left -= values[at]
        return left.astype(np.float32)

    def by_kind(self) -> Float64Array:
        """Return the effects of each rating: (n_ratings, n_kinds)."""
        return self.values[self._effects]

    def of_ratings(self) -> Float32Array:
        """Return the sum of the effects of each rating: (n_ratings,)."""
        return np.asarray(self.by_kind().sum(axis=1), np.float32)


def seconds_of(train: RatingDataset) -> IntArray:
    """Return the timestamps of the ratings, in seconds since 1970.

    Raises:
        ValueError: `train` has no timestamps.
    """
    if train.timestamps is None:
        raise ValueError(
            f"no timestamps in {train.name!r}, and uses_time=true needs them; "
            f"choose a dataset that has them, or set uses_time=false"
        )
    return train.timestamps


def _keys(user_idx: IntArray, seconds: IntArray, span: IntArray) -> IntArray:
    """Return one number per user and second; those of different users are more than `FAR` apart."""
    start, end = span[0] - FAR, span[1] + FAR
    return np.asarray(user_idx.astype(np.int64) * (end - start + FAR) + np.clip(seconds, start, end) - start)
