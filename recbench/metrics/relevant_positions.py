"""Positions of the relevant candidates: the input of the formulas with binary relevance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recbench.array_types import Float64Array, Int64Array, IntArray
from recbench.metrics.ranking import RankPositions, rank_bounds


@dataclass(frozen=True, eq=False)
class RelevantPositions:
    """The positions of relevant pairs; arrays are (n_relevant_pairs,) unless they say (n_users,)."""

    user: IntArray
    before: Int64Array  # candidates with a higher score
    tied: Int64Array  # candidates with the same score, the pair itself included
    relevant_before: Int64Array  # relevant candidates among `before`
    relevant_tied: Int64Array  # relevant candidates among `tied`
    n_relevant: Int64Array  # (n_users,)
    n_candidates: Int64Array  # (n_users,)

    def ranks_within(self, k: int) -> Int64Array:
        """Count the ranks among the first `k` that each pair and its ties occupy."""
        return np.clip(k - self.before, 0, self.tied)

    def mean_over_users(self, values: Float64Array, divisors: Int64Array | int) -> float:
        """Sum the pairs' values per user, divide by the user's divisor, average over users with a relevant pair."""
        sums = np.bincount(self.user, values, minlength=len(self.n_relevant))
        counted = self.n_relevant > 0
        return mean_or_nan(np.asarray(sums[counted] / np.broadcast_to(divisors, sums.shape)[counted], np.float64))


def relevant_positions(positions: RankPositions, relevant_from: float | None) -> RelevantPositions:
    """Select the pairs rated at least `relevant_from`; None: at least three quarters up the rating scale."""
    chosen = positions.relevant(relevant_from)
    user, before = positions.user[chosen], positions.before[chosen]
    relevant_before, relevant_tied = rank_bounds(user, before)
    n_relevant = np.bincount(user, minlength=len(positions.n_candidates))
    return RelevantPositions(
        user, before, positions.tied[chosen], relevant_before, relevant_tied, n_relevant, positions.n_candidates
    )


def check_cutoff(k: int) -> int:
    """Return the cutoff `k`.

    Raises:
        ValueError: `k` is below 1.
    """
    if k < 1:
        raise ValueError(f"k is {k}; it must be at least 1")
    return k


def mean_or_nan(values: Float64Array) -> float:
    """Average the users' values; NaN without users."""
    return float(np.mean(values)) if len(values) else float("nan")
