"""Ranking formulas over places; those of the catalog and those among rated items share them.

Where scores are equal, each value is its expectation over all orders of the equal ones: neither the order
of rows nor that of items has a part in it. Per user, then averaged over the users with a relevant pair.

Source of the expectations: McSherry & Najork (2008), "Computing information retrieval performance
measures efficiently in the presence of tied scores", ECIR.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from recbench.array_types import Float64Array, Int64Array, IntArray
from recbench.metrics.ranking import RankPositions, rank_bounds

Gain = Literal["binary", "linear", "exponential"]


@dataclass(frozen=True, eq=False)
class Hits:
    """The relevant pairs alone; arrays are (n_hits,) but for those of users."""

    user: IntArray
    before: Int64Array  # candidates with a higher score
    tied: Int64Array  # candidates with the same score, the pair included
    hits_before: Int64Array  # of `before`, those that are relevant
    hits_tied: Int64Array  # of `tied`
    n_hits: Int64Array  # (n_users,)
    n_candidates: Int64Array  # (n_users,)

    def within(self, k: int) -> Int64Array:
        """How many of the ranks that each pair's ties stand at are among the first `k`."""
        return np.clip(k - self.before, 0, self.tied)

    def average(self, values: Float64Array, norm: Int64Array | int) -> float:
        """Sum the pairs' values by user, divide by the user's norm, and average over users with a hit."""
        sums = np.bincount(self.user, values, minlength=len(self.n_hits))
        having = self.n_hits > 0
        return _mean(np.asarray(sums[having] / np.broadcast_to(norm, sums.shape)[having], np.float64))


def hits(places: RankPositions, relevant_from: float | None) -> Hits:
    """The relevant pairs of all places."""
    chosen = places.relevant(relevant_from)
    user, before = places.user[chosen], places.before[chosen]
    hits_before, hits_tied = rank_bounds(user, before)
    n_hits = np.bincount(user, minlength=len(places.n_candidates))
    return Hits(user, before, places.tied[chosen], hits_before, hits_tied, n_hits, places.n_candidates)


def precision_at(found: Hits, k: int) -> float:
    """Σ_hits P(rank ≤ k) / k, the divisor k for short lists too."""
    return found.average(found.within(at_least_one(k)) / found.tied, k)


def recall_at(found: Hits, k: int) -> float:
    """Σ_hits P(rank ≤ k) / number of relevant pairs."""
    return found.average(found.within(at_least_one(k)) / found.tied, found.n_hits)


def auc_of(found: Hits) -> float:
    """P(a relevant candidate scores above another one) + ½ P(the same)."""
    n_others = found.n_candidates - found.n_hits
    higher = found.before - found.hits_before
    same = found.tied - found.hits_tied
    both = (n_others > 0) & (found.n_hits > 0)
    shares = 1 - (higher + same / 2) / np.maximum(n_others, 1)[found.user]
    sums = np.bincount(found.user, shares, minlength=len(found.n_hits))
    return _mean(sums[both] / found.n_hits[both])


def first_hit(found: Hits, k: int | None, value: Callable[[Int64Array], Float64Array]) -> float:
    """The mean `value(rank)` of the user's first relevant candidate; 0 beyond rank `k`.

    Of t equal candidates, m of them relevant, the first relevant one stands j-th with the probability
    m / (t − j + 1), if none stood before.
    """
    limit = at_least_one(k) if k is not None else int(found.n_candidates.max(initial=1))
    leading = np.flatnonzero(found.hits_before == 0)
    _, first = np.unique(found.user[leading], return_index=True)
    rows = leading[first]
    before, tied, n_tied = found.before[rows], found.tied[rows], found.hits_tied[rows]
    total, left = np.zeros(len(rows)), np.ones(len(rows))
    active = np.flatnonzero(before < limit)
    j = 0
    while len(active):  # over ranks within ties, all users at once
        j += 1
        here = n_tied[active] / (tied[active] - j + 1)
        total[active] += left[active] * here * value(before[active] + j)
        left[active] *= 1 - here
        active = active[(j < tied[active] - n_tied[active] + 1) & (before[active] + j < limit)]
    return _mean(total)


def reciprocal(rank: Int64Array) -> Float64Array:
    """1 / rank."""
    return 1 / rank


def always(rank: Int64Array) -> Float64Array:
    """1 at any rank."""
    return np.ones(len(rank))


def ndcg_at(places: RankPositions, k: int, gain: Gain, relevant_from: float | None) -> float:
    """Σ_{p≤k} g / log2(p + 1) over the same sum in the ideal order of all the user's gains.

    The gain g of a rating is, by `gain`: `binary`, 1 if relevant; `linear`, r − lowest of the scale;
    `exponential`, 2^(r − lowest) − 1. Users whose gains are all 0 are left out.
    """
    longest = int(min(at_least_one(k), places.n_candidates.max(initial=1)))
    discounts = np.append(0.0, np.cumsum(1 / np.log2(np.arange(2, longest + 2))))  # of the first p ranks
    gains = _gains(places, gain, relevant_from)
    after = np.minimum(places.before + places.tied, longest)
    expected = gains * (discounts[after] - discounts[np.minimum(places.before, longest)]) / places.tied
    order = np.lexsort((-gains, places.user))
    counts = np.bincount(places.user, minlength=len(places.n_candidates))
    rank = np.arange(len(order)) - (np.cumsum(counts) - counts)[places.user[order]]
    best = gains[order] * (discounts[np.minimum(rank + 1, longest)] - discounts[np.minimum(rank, longest)])
    reached, ideal = (
        np.bincount(user, values, minlength=len(counts))
        for user, values in ((places.user, expected), (places.user[order], best))
    )
    return _mean(reached[ideal > 0] / ideal[ideal > 0])


def at_least_one(k: int) -> int:
    """The rank itself.

    Raises:
        ValueError: it is no rank.
    """
    if k < 1:
        raise ValueError(f"k is {k}; it must be at least 1")
    return k


def _gains(places: RankPositions, gain: Gain, relevant_from: float | None) -> Float64Array:
    if gain == "binary":
        return places.relevant(relevant_from).astype(np.float64)
    if gain not in ("linear", "exponential"):
        raise ValueError(f"unknown gain {gain!r}; choose one of ['binary', 'linear', 'exponential']")
    above = places.ratings - places.rating_scale[0]
    return above if gain == "linear" else np.exp2(above) - 1


def _mean(values: Float64Array) -> float:
    return float(np.mean(values)) if len(values) else float("nan")
