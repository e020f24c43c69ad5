"""Average precision, divided by what could have been found or by what was.

Where scores are equal, both are expectations over all orders of the equal ones, as in `places`.
"""

from __future__ import annotations

import numpy as np

from recbench.array_types import Float64Array, Int64Array
from recbench.metrics.ranking_formulas import Hits, at_least_one


def by_relevant(found: Hits, k: int) -> float:
    """Σ_{p≤k} precision(p) relevant(p) / min(k, number of relevant pairs)."""
    return found.average(_expected(found, _longest(found, k)), np.minimum(k, found.n_hits))


def by_hits(found: Hits, k: int) -> float:
    """Σ_{p≤k} precision(p) relevant(p) / number of relevant pairs within k; 0 for a user without one there.

    Of a user's equal scores, some may stand within k and some beyond. If r of these t stand within, and m of the t
    are hits, then x of the r are hits with the hypergeometric probability of x; for each x the divisor is known.
    """
    longest = _longest(found, k)
    n_users = len(found.n_hits)
    inside = found.before + found.tied <= longest
    precisions = _expected(found, longest)[inside]
    sums = np.asarray(np.bincount(found.user[inside], precisions, minlength=n_users), np.float64)
    counts = np.bincount(found.user[inside], minlength=n_users)
    values = sums / np.maximum(counts, 1)
    across = np.flatnonzero((found.before < longest) & ~inside)
    users, first = np.unique(found.user[across], return_index=True)  # the ties across rank k, once a user
    values[users] = _over_divisors(found, across[first], longest, sums[users])
    return float(np.mean(values[found.n_hits > 0])) if found.n_hits.any() else float("nan")


def _over_divisors(found: Hits, rows: Int64Array, longest: int, sums: Float64Array) -> Float64Array:
    """The mean, over the numbers of hits that ties may have within `longest`, of the sums by the divisor they give.

    `rows` are hits, one of each user's ties; `sums` are of what stands before these.
    """
    n_tied, n_hits, hits_before = found.tied[rows], found.hits_tied[rows], found.hits_before[rows]
    n_ranks = longest - found.before[rows]
    inverse, later = _over_ranks(found.before[rows], n_ranks, longest)
    total = np.zeros(len(rows))
    for x in range(int(np.minimum(n_hits, n_ranks).max(initial=0)) + 1):  # over numbers of hits, all users at once
        slope = (x - 1) / np.maximum(n_ranks - 1, 1)
        here = x / n_ranks * ((hits_before + 1) * inverse + slope * later)
        total += _probability(x, n_ranks, n_hits, n_tied) * (sums + here) / np.maximum(hits_before + x, 1)
    return total


def _probability(x: int, n_drawn: Int64Array, n_hits: Int64Array, n_all: Int64Array) -> Float64Array:
    """Of x hits among `n_drawn` of `n_all`: C(hits, x) C(all − hits, drawn − x) / C(all, drawn)."""
    from scipy.special import gammaln

    def log_choose(n: Int64Array, k: Int64Array | int) -> Float64Array:
        chosen = np.clip(k, 0, n)
        value: Float64Array = gammaln(n + 1) - gammaln(chosen + 1) - gammaln(n - chosen + 1)
        return value

    n_others = n_all - n_hits
    possible = (x <= n_hits) & (x <= n_drawn) & (n_drawn - x <= n_others)
    ways = log_choose(n_hits, x) + log_choose(n_others, n_drawn - x) - log_choose(n_all, n_drawn)
    return np.where(possible, np.exp(ways), 0.0)


def _expected(found: Hits, longest: int) -> Float64Array:
    """Each hit's precision at its rank, or 0 beyond `longest`.

    For a hit among t equal ones of which m are hits, with b candidates and h hits before them, the
    expectation is 1/t Σ_j (h + 1 + (j − 1) (m − 1) / (t − 1)) / (b + j), j from 1 to the ranks within k.
    """
    inverse, later = _over_ranks(np.minimum(found.before, longest), found.within(longest), longest)
    slope = (found.hits_tied - 1) / np.maximum(found.tied - 1, 1)
    return ((found.hits_before + 1) * inverse + slope * later) / found.tied


def _over_ranks(before: Int64Array, n_ranks: Int64Array, longest: int) -> tuple[Float64Array, Float64Array]:
    """Σ_j 1 / (b + j) and Σ_j (j − 1) / (b + j), for j from 1 to the number of ranks."""
    harmonic = np.append(0.0, np.cumsum(1 / np.arange(1, longest + 1)))
    inverse = harmonic[before + n_ranks] - harmonic[before]
    return inverse, n_ranks - (before + 1) * inverse


def _longest(found: Hits, k: int) -> int:
    """The rank `k`, or the last one that anybody's candidates have."""
    return int(min(at_least_one(k), found.n_candidates.max(initial=1)))
