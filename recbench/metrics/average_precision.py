"""Average precision, divided by the number of possible hits or by the number of hits in the list.

If scores are equal, both are expectations over all orders of the equal ones, as in `ranking_formulas`.
"""

from __future__ import annotations

import numpy as np

from recbench.array_types import Float64Array, Int64Array
from recbench.metrics.relevant_positions import RelevantPositions, check_cutoff


def divided_by_relevant(found: RelevantPositions, k: int) -> float:
    """Σ_{p≤k} precision(p) relevant(p) / min(k, number of relevant pairs), averaged over users."""
    return found.mean_over_users(_expected(found, _longest(found, k)), np.minimum(k, found.n_relevant))


def divided_by_hits(found: RelevantPositions, k: int) -> float:
    """Σ_{p≤k} precision(p) relevant(p) / number of relevant pairs within k; 0 for a user without one there.

    Of a user's tied pairs, some may rank within k and some beyond. If r of these t rank within, and m of the t are
    relevant, then x of the r are hits with the hypergeometric probability of x; for each x the divisor is known.
    """
    longest = _longest(found, k)
    n_users = len(found.n_relevant)
    inside = found.before + found.tied <= longest
    precisions = _expected(found, longest)[inside]
    sums = np.asarray(np.bincount(found.user[inside], precisions, minlength=n_users), np.float64)
    counts = np.bincount(found.user[inside], minlength=n_users)
    values = sums / np.maximum(counts, 1)
    across = np.flatnonzero((found.before < longest) & ~inside)
    users, first = np.unique(found.user[across], return_index=True)  # the ties across rank k, once per user
    values[users] = _over_divisors(found, across[first], longest, sums[users])
    return float(np.mean(values[found.n_relevant > 0])) if found.n_relevant.any() else float("nan")


def _over_divisors(found: RelevantPositions, rows: Int64Array, longest: int, sums: Float64Array) -> Float64Array:
    """Average, over the possible numbers of hits among the ties, the precisions' sum divided by all hits.

    `rows` are relevant pairs, one from the ties of each user; `sums` are of the hits that rank before them.
    """
    n_tied, n_relevant, hits_before = found.tied[rows], found.relevant_tied[rows], found.relevant_before[rows]
    n_ranks = longest - found.before[rows]
    inverse, later = _over_ranks(found.before[rows], n_ranks, longest)
    total = np.zeros(len(rows))
    for x in range(int(np.minimum(n_relevant, n_ranks).max(initial=0)) + 1):  # hits, all users at once
        slope = (x - 1) / np.maximum(n_ranks - 1, 1)
        here = x / n_ranks * ((hits_before + 1) * inverse + slope * later)
        total += _probability(x, n_ranks, n_relevant, n_tied) * (sums + here) / np.maximum(hits_before + x, 1)
    return total


def _probability(x: int, n_drawn: Int64Array, n_relevant: Int64Array, n_all: Int64Array) -> Float64Array:
    """Probability of x hits among `n_drawn` of `n_all`: C(relevant, x) C(all − relevant, drawn − x) / C(all, drawn)."""
    from scipy.special import gammaln

    def log_choose(n: Int64Array, k: Int64Array | int) -> Float64Array:
        chosen = np.clip(k, 0, n)
        value: Float64Array = gammaln(n + 1) - gammaln(chosen + 1) - gammaln(n - chosen + 1)
        return value

    n_others = n_all - n_relevant
    possible = (x <= n_relevant) & (x <= n_drawn) & (n_drawn - x <= n_others)
    ways = log_choose(n_relevant, x) + log_choose(n_others, n_drawn - x) - log_choose(n_all, n_drawn)
    return np.where(possible, np.exp(ways), 0.0)


def _expected(found: RelevantPositions, longest: int) -> Float64Array:
    """Expected precision at each relevant pair's rank, 0 beyond rank `longest`.

    For a relevant pair among t tied ones of which m are relevant, with b candidates and h relevant ones before them,
    it is 1/t Σ_j (h + 1 + (j − 1) (m − 1) / (t − 1)) / (b + j), j from 1 to the number of tied ranks within k.
    """
    inverse, later = _over_ranks(np.minimum(found.before, longest), found.ranks_within(longest), longest)
    slope = (found.relevant_tied - 1) / np.maximum(found.tied - 1, 1)
    return ((found.relevant_before + 1) * inverse + slope * later) / found.tied


def _over_ranks(before: Int64Array, n_ranks: Int64Array, longest: int) -> tuple[Float64Array, Float64Array]:
    """Σ_j 1 / (b + j) and Σ_j (j − 1) / (b + j), for j from 1 to the number of ranks."""
    harmonic = np.append(0.0, np.cumsum(1 / np.arange(1, longest + 1)))
    inverse = harmonic[before + n_ranks] - harmonic[before]
    return inverse, n_ranks - (before + 1) * inverse


def _longest(found: RelevantPositions, k: int) -> int:
    """Return the cutoff `k`, or the largest number of candidates of a user, whichever is less."""
    return int(min(check_cutoff(k), found.n_candidates.max(initial=1)))
