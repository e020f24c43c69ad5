"""Ranking formulas: each is defined once, here, and used among a user's rated items and over the whole catalog.

`FORMULAS` names them; a formula `f` becomes the metrics `f_rated` (see `among_rated`) and `f` (see `over_catalog`). To
add a ranking metric, write its formula here and add it to `FORMULAS`. In a docstring, {candidates} and {suffix} are
filled in for each of the two metrics.

A candidate is relevant if it is a scored item that the user rated at least `relevant_from`. Where scores are equal,
each value is its expectation over all orders of the equal ones, so that neither the order of rows nor that of items
matters. Values are computed per user and averaged over the users with a relevant candidate.

Source of the expectations: McSherry & Najork (2008), "Computing information retrieval performance
measures efficiently in the presence of tied scores", ECIR.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import numpy as np

from recbench.array_types import Float64Array, Int64Array
from recbench.metrics.average_precision import divided_by_hits, divided_by_relevant
from recbench.metrics.ranking import RankPositions
from recbench.metrics.relevant_positions import check_cutoff, mean_or_nan, relevant_positions

Gain = Literal["binary", "linear", "exponential"]
ValueOfRank = Callable[[Int64Array], Float64Array]


def ndcg(positions: RankPositions, k: int = 10, gain: Gain = "linear", relevant_from: float | None = None) -> float:
    """Normalized discounted cumulative gain of the top k of {candidates}.

        Σ_{p≤k} g / log2(p + 1), over the same sum in the ideal order of all the user's gains

    `gain` sets the gain g of a rating r: `binary` (the default over the catalog), 1 if relevant, else 0; `linear` (the
    default among rated items), r − lowest of the scale; `exponential`, 2^(r − lowest) − 1. Users whose gains are all
    0 are left out. Source: Järvelin & Kekäläinen (2002), ACM TOIS 20(4).
    """
    longest = int(min(check_cutoff(k), positions.n_candidates.max(initial=1)))
    discounts = np.append(0.0, np.cumsum(1 / np.log2(np.arange(2, longest + 2))))  # of the first p ranks
    gains = _gains(positions, gain, relevant_from)
    after = np.minimum(positions.before + positions.tied, longest)
    expected = gains * (discounts[after] - discounts[np.minimum(positions.before, longest)]) / positions.tied
    order = np.lexsort((-gains, positions.user))
    counts = np.bincount(positions.user, minlength=len(positions.n_candidates))
    rank = np.arange(len(order)) - (np.cumsum(counts) - counts)[positions.user[order]]
    best = gains[order] * (discounts[np.minimum(rank + 1, longest)] - discounts[np.minimum(rank, longest)])
    reached = np.bincount(positions.user, expected, minlength=len(counts))
    ideal = np.bincount(positions.user[order], best, minlength=len(counts))
    return mean_or_nan(reached[ideal > 0] / ideal[ideal > 0])


def precision(positions: RankPositions, k: int = 10, relevant_from: float | None = None) -> float:
    """Share of relevant items among the top k of {candidates}: hits / k.

    The divisor is k even if there are fewer candidates. Users without a relevant item are left out.
    """
    found = relevant_positions(positions, relevant_from)
    return found.mean_over_users(found.ranks_within(check_cutoff(k)) / found.tied, k)


def recall(positions: RankPositions, k: int = 10, relevant_from: float | None = None) -> float:
    """Share of the relevant items that are among the top k of {candidates}: hits / relevant.

    Users without a relevant item are left out.
    """
    found = relevant_positions(positions, relevant_from)
    return found.mean_over_users(found.ranks_within(check_cutoff(k)) / found.tied, found.n_relevant)


def hit_rate(positions: RankPositions, k: int = 10, relevant_from: float | None = None) -> float:
    """Share of users with a relevant item among the top k of {candidates}.

    1 if hits ≥ 1, else 0; users without a relevant item are left out
    """
    return _first_hit(positions, k, relevant_from, lambda rank: np.ones(len(rank)))


def mean_average_precision(positions: RankPositions, k: int = 10, relevant_from: float | None = None) -> float:
    """Mean average precision of the top k of {candidates}, divided by the relevant items.

        Σ_{p≤k} precision(p) relevant(p) / min(k, relevant)

    The divisor is the number of hits that are possible; `map_hits{suffix}` divides by the hits in the list.
    Users without a relevant item are left out.
    """
    return divided_by_relevant(relevant_positions(positions, relevant_from), k)


def map_hits(positions: RankPositions, k: int = 10, relevant_from: float | None = None) -> float:
    """Mean average precision of the top k of {candidates}, divided by the hits in the list.

        Σ_{p≤k} precision(p) relevant(p) / Σ_{p≤k} relevant(p)

    It is 0 for a user without a relevant item in the top k, and it rises when a late hit is lost;
    `map{suffix}` divides by the number of hits that are possible. Users without a relevant item are left out.
    """
    return divided_by_hits(relevant_positions(positions, relevant_from), k)


def mrr(positions: RankPositions, k: int | None = None, relevant_from: float | None = None) -> float:
    """Mean of 1 / rank of the first relevant item in {candidates}.

    With a cutoff k, it is 0 for a user whose first relevant item ranks below k.
    Users without a relevant item are left out.
    """
    return _first_hit(positions, k, relevant_from, lambda rank: 1 / rank)


def auc(positions: RankPositions, relevant_from: float | None = None) -> float:
    """Share of correctly ordered pairs of a relevant and another item in {candidates}.

        P(the relevant item scores higher) + ½ P(the scores are equal), averaged over users

    Users without a relevant item, or without another one, are left out.
    """
    found = relevant_positions(positions, relevant_from)
    n_others = found.n_candidates - found.n_relevant
    higher = found.before - found.relevant_before
    same = found.tied - found.relevant_tied
    counted = (n_others > 0) & (found.n_relevant > 0)
    shares = 1 - (higher + same / 2) / np.maximum(n_others, 1)[found.user]
    sums = np.bincount(found.user, shares, minlength=len(found.n_relevant))
    return mean_or_nan(sums[counted] / found.n_relevant[counted])


FORMULAS: Mapping[str, Callable[..., float]] = {
    "ndcg": ndcg,
    "precision": precision,
    "recall": recall,
    "hit_rate": hit_rate,
    "map": mean_average_precision,
    "map_hits": map_hits,
    "mrr": mrr,
    "auc": auc,
}


def _gains(positions: RankPositions, gain: Gain, relevant_from: float | None) -> Float64Array:
    if gain == "binary":
        return positions.relevant(relevant_from).astype(np.float64)
    if gain not in ("linear", "exponential"):
        raise ValueError(f"unknown gain {gain!r}; choose one of ['binary', 'linear', 'exponential']")
    above = positions.ratings - positions.rating_scale[0]
    return above if gain == "linear" else np.exp2(above) - 1


def _first_hit(positions: RankPositions, k: int | None, relevant_from: float | None, value: ValueOfRank) -> float:
    """Average `value(rank)` of each user's first relevant candidate, 0 beyond rank `k`.

    Of t tied candidates of which m are relevant, the first relevant one is the j-th with the probability
    m / (t − j + 1), given that none of the j − 1 before it is relevant.
    """
    found = relevant_positions(positions, relevant_from)
    longest = check_cutoff(k) if k is not None else int(found.n_candidates.max(initial=1))
    leading = np.flatnonzero(found.relevant_before == 0)
    _, first = np.unique(found.user[leading], return_index=True)
    rows = leading[first]
    before, tied, n_relevant = found.before[rows], found.tied[rows], found.relevant_tied[rows]
    total, no_hit_yet = np.zeros(len(rows)), np.ones(len(rows))
    active = np.flatnonzero(before < longest)
    j = 0
    while len(active):  # over ranks within ties, all users at once
        j += 1
        here = n_relevant[active] / (tied[active] - j + 1)
        total[active] += no_hit_yet[active] * here * value(before[active] + j)
        no_hit_yet[active] *= 1 - here
        active = active[(j < tied[active] - n_relevant[active] + 1) & (before[active] + j < longest)]
    return mean_or_nan(total)
