"""Top-n metrics over the whole catalog: candidates are all items that the user has not rated in train.

They judge the model's scores of all items and never a sample, by which models come out in another order
(Krichene & Rendle 2020, "On sampled metrics for item recommendation", KDD). A candidate is relevant if it is a scored
row's item and rated at least `relevant_from`. Items of equal score count as their expectation over all orders, and
each value is the mean over users. `places` has the formulas.
"""

from __future__ import annotations

import numpy as np

from recbench.array_types import FloatArray
from recbench.metrics.average_precision import by_hits, by_relevant
from recbench.metrics.ranking import Ranking
from recbench.metrics.ranking_formulas import (
    Gain,
    always,
    auc_of,
    first_hit,
    hits,
    ndcg_at,
    precision_at,
    recall_at,
    reciprocal,
)


def ndcg(
    _ratings: FloatArray,
    _predicted: FloatArray,
    ranking: Ranking,
    k: int = 10,
    gain: Gain = "binary",
    relevant_from: float | None = None,
) -> float:
    """Normalized discounted cumulative gain of the first k of the catalog.

        Σ_{p≤k} g / log2(p + 1), over the same sum in the ideal order

    g is 1 for a relevant item, else 0. Relevant is a rating at least three quarters up the scale, 4 of 1 to 5; users
    without one are left out. Source: Järvelin & Kekäläinen (2002), ACM TOIS 20(4).
    """
    return ndcg_at(ranking.places, k, gain, relevant_from)


def precision(
    _ratings: FloatArray, _predicted: FloatArray, ranking: Ranking, k: int = 10, relevant_from: float | None = None
) -> float:
    """Share of relevant items among the first k of the catalog: hits / k, for short lists too.

    Relevant is a rating at least three quarters up the scale, 4 of 1 to 5; users without one are left out.
    """
    return precision_at(hits(ranking.places, relevant_from), k)


def recall(
    _ratings: FloatArray, _predicted: FloatArray, ranking: Ranking, k: int = 10, relevant_from: float | None = None
) -> float:
    """Share of all relevant items that are among the first k of the catalog: hits / relevant.

    Relevant is a rating at least three quarters up the scale, 4 of 1 to 5; users without one are left out.
    """
    return recall_at(hits(ranking.places, relevant_from), k)


def hit_rate(
    _ratings: FloatArray, _predicted: FloatArray, ranking: Ranking, k: int = 10, relevant_from: float | None = None
) -> float:
    """Share of users with a relevant item among the first k of the catalog.

    Relevant is a rating at least three quarters up the scale, 4 of 1 to 5; users without one are left out.
    """
    return first_hit(hits(ranking.places, relevant_from), k, always)


def mean_average_precision(
    _ratings: FloatArray, _predicted: FloatArray, ranking: Ranking, k: int = 10, relevant_from: float | None = None
) -> float:
    """Mean average precision of the first k of the catalog.

        Σ_{p≤k} precision(p) relevant(p) / min(k, relevant)

    The divisor is what could have been found; `map_hits` has what was.
    Relevant is a rating at least three quarters up the scale, 4 of 1 to 5; users without one are left out.
    """
    return by_relevant(hits(ranking.places, relevant_from), k)


def map_hits(
    _ratings: FloatArray, _predicted: FloatArray, ranking: Ranking, k: int = 10, relevant_from: float | None = None
) -> float:
    """Mean average precision of the first k of the catalog, divided by the hits in it.

        Σ_{p≤k} precision(p) relevant(p) / Σ_{p≤k} relevant(p)

    It is 0 for a user without a relevant item among the first k, and it rises when a late hit is lost;
    `map` divides by what could have been found.
    Relevant is a rating at least three quarters up the scale, 4 of 1 to 5; users without one are left out.
    """
    return by_hits(hits(ranking.places, relevant_from), k)


def mrr(
    _ratings: FloatArray,
    _predicted: FloatArray,
    ranking: Ranking,
    k: int | None = None,
    relevant_from: float | None = None,
) -> float:
    """Mean of 1 / rank of the first relevant item of the catalog.

    With a cut k, it is 0 where that stands beyond.
    Relevant is a rating at least three quarters up the scale, 4 of 1 to 5; users without one are left out.
    """
    return first_hit(hits(ranking.places, relevant_from), k, reciprocal)


def ranked_users(
    _ratings: FloatArray, _predicted: FloatArray, ranking: Ranking, relevant_from: float | None = None
) -> float:
    """How many users the metrics of the catalog are means over: those with a relevant item.

    Relevant is a rating at least three quarters up the scale, 4 of 1 to 5.
    """
    return float(np.count_nonzero(hits(ranking.places, relevant_from).n_hits))


def auc(_ratings: FloatArray, _predicted: FloatArray, ranking: Ranking, relevant_from: float | None = None) -> float:
    """Share of pairs of a relevant and another item of the catalog that are in order.

    Equal scores are half in order. Shares are averaged over users.
    Relevant is a rating at least three quarters up the scale, 4 of 1 to 5; users without one are left out.
    """
    return auc_of(hits(ranking.places, relevant_from))
