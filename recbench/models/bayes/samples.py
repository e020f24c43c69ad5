"""The posterior samples of one chain, and the predictions that they give.

    score = c_u + d_i + a_u · b_i + Σ_k (s_k − s̄_uk)    in each sample, in units of the ratings' standard deviation

c_u, which is stored with the mean s̄_uk of user u's time effects of each kind k in it, is left as it is where the time
of a rating is not known. The moments of a rating are averages over the samples:

    regression:  E r = mean + scale · score,   E r² = (E r)² + (scale · deviation)²
    probit:      those of the levels that the cutpoints give (`probit.expected`)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from recbench.array_types import BoolArray, Float32Array, FloatArray, Int32Array, IntArray
from recbench.models.bayes.probit import expected

Likelihood = Literal["regression", "probit"]


class RatingUnits(NamedTuple):
    """What turns scores into ratings."""

    mean: float  # of the training ratings
    scale: float  # their standard deviation
    levels: FloatArray  # (n_levels,) the distinct ratings, ascending; empty without a probit chain


@dataclass(frozen=True, eq=False)
class PosteriorSamples:
    """Samples, in units of the ratings' standard deviation; the last four arrays are empty where they don't apply."""

    users: Float32Array  # (n_users, n_kept, 1 + n_factors), the bias first
    items: Float32Array  # (n_items, n_kept, 1 + n_factors)
    noise: Float32Array  # (n_users, n_kept) standard deviation
    cutpoints: FloatArray  # (n_kept, n_levels - 1) of the probit
    effects: Float32Array  # (n_effects + 1, n_kept) of times; the last is 0, that of an unknown time
    variances: Float32Array  # (n_kinds, n_kept) of each kind of time effects
    user_effects: Float32Array  # (n_kinds, n_users, n_kept) means over each user's ratings, contained in the bias

    @classmethod
    def empty(
        cls, n_users: int, n_items: int, n_kept: int, n_factors: int, *, n_cutpoints: int, n_effects: int, n_kinds: int
    ) -> PosteriorSamples:
        """Return uninitialized arrays for `n_kept` samples."""
        return cls(
            np.empty((n_users, n_kept, 1 + n_factors), np.float32),
            np.empty((n_items, n_kept, 1 + n_factors), np.float32),
            np.empty((n_users, n_kept), np.float32),
            np.empty((n_kept, n_cutpoints)),
            np.empty((n_effects, n_kept), np.float32),
            np.empty((n_kinds, n_kept), np.float32),
            np.empty((n_kinds, n_users, n_kept), np.float32),
        )

    def first(self, n: int) -> PosteriorSamples:
        """Return the first `n` samples."""
        return PosteriorSamples(
            np.ascontiguousarray(self.users[:, :n]),  # as the kernel takes them
            np.ascontiguousarray(self.items[:, :n]),
            self.noise[:, :n],
            self.cutpoints[:n],
            self.effects[:, :n],
            self.variances[:, :n],
            self.user_effects[:, :, :n],
        )

    def scores(self, user_idx: Int32Array, item_idx: Int32Array, effects: IntArray | None) -> Float32Array:
        """Return the score of each pair in each sample: (n_pairs, n_kept).

        `effects` (n_pairs, n_kinds) are the time effects of each pair; None if no time is known.
        """
        from recbench.models.bayes.kernels import score

        scores: Float32Array = np.empty((len(user_idx), self.users.shape[1]), np.float32)
        score(self.users, self.items, user_idx, item_idx, scores)
        if effects is not None:
            for of_kind, usual in zip(effects.T, self.user_effects, strict=True):
                known = np.flatnonzero(of_kind < len(self.effects) - 1)
                scores[known] += self.effects[of_kind[known]] - usual[user_idx[known]]
        return scores

    def deviations(self, user_idx: Int32Array, effects: IntArray | None) -> Float32Array:
        """Return the standard deviation of each rating around its score: (n_pairs, n_kept).

        It is the user's noise and, where a time effect is unknown, the variance of its kind.
        """
        noise = self.noise[user_idx]
        if not len(self.variances):
            return noise
        unknown: BoolArray = np.ones((len(user_idx), len(self.variances)), bool)
        if effects is not None:
            unknown = effects == len(self.effects) - 1
        return np.sqrt(noise**2 + unknown @ self.variances)


def rating_moments(
    samples: PosteriorSamples,
    likelihood: Likelihood,
    units: RatingUnits,
    user_idx: Int32Array,
    item_idx: Int32Array,
    effects: IntArray | None = None,
) -> FloatArray:
    """Return the mean rating and the mean squared rating of each pair over one chain's samples: (n_pairs, 2)."""
    scores = samples.scores(user_idx, item_idx, effects)
    deviations = samples.deviations(user_idx, effects)
    if likelihood == "probit":
        return np.column_stack(expected(scores, samples.cutpoints, deviations, units.levels))
    ratings = units.mean + units.scale * scores.astype(np.float64)
    squares = ratings**2 + (units.scale * deviations) ** 2
    return np.column_stack([ratings.mean(axis=1), squares.mean(axis=1)])


def checked_index(index: IntArray, n: int) -> Int32Array:
    """Return the index as an array that the compiled kernels take; they do not check its range.

    Raises:
        IndexError: a value is not in 0 … n − 1.
    """
    if len(index) and not 0 <= index.min() <= index.max() < n:
        raise IndexError(f"indices from {index.min()} to {index.max()}; they must lie in 0 ... {n - 1}")
    return np.ascontiguousarray(index, np.int32)
