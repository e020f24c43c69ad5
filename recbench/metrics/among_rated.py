"""Ranking metrics among the scored rows of each user: what is not rated has no part in them.

They say whether ratings are predicted in the right order, which is not whether the top of the catalog is right.
A row is relevant if it is rated at least `relevant_from`. Rows of equal prediction count as their expectation over all
orders, and each value is the mean over users. `places` has the formulas.
"""

from __future__ import annotations

from recbench.array_types import FloatArray, IntArray
from recbench.contracts import RatingDataset
from recbench.metrics.average_precision import by_hits, by_relevant
from recbench.metrics.ranking import places_among_rated
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


def ndcg_rated(
    ratings: FloatArray,
    predicted: FloatArray,
    user_idx: IntArray,
    train: RatingDataset,
    k: int = 10,
    gain: Gain = "linear",
    relevant_from: float | None = None,
) -> float:
    """Normalized discounted cumulative gain of the first k of the rated.

        Σ_{p≤k} g / log2(p + 1), over the same sum in the ideal order of all the user's scored rows

    g is how far the rating lies above the lowest of the scale. Users who gave nothing but the lowest are left out.
    Source: Järvelin & Kekäläinen (2002), ACM TOIS 20(4).
    """
    places = places_among_rated(ratings, predicted, user_idx, train.rating_scale)
    return ndcg_at(places, k, gain, relevant_from)


def precision_rated(
    ratings: FloatArray,
    predicted: FloatArray,
    user_idx: IntArray,
    train: RatingDataset,
    k: int = 10,
    relevant_from: float | None = None,
) -> float:
    """Share of relevant items among the first k of the rated: hits / k, for short lists too.

    Relevant is a rating at least three quarters up the scale, 4 of 1 to 5; users without one are left out.
    """
    places = places_among_rated(ratings, predicted, user_idx, train.rating_scale)
    return precision_at(hits(places, relevant_from), k)


def recall_rated(
    ratings: FloatArray,
    predicted: FloatArray,
    user_idx: IntArray,
    train: RatingDataset,
    k: int = 10,
    relevant_from: float | None = None,
) -> float:
    """Share of all relevant items that are among the first k of the rated: hits / relevant.

    Relevant is a rating at least three quarters up the scale, 4 of 1 to 5; users without one are left out.
    """
    places = places_among_rated(ratings, predicted, user_idx, train.rating_scale)
    return recall_at(hits(places, relevant_from), k)


def hit_rate_rated(
    ratings: FloatArray,
    predicted: FloatArray,
    user_idx: IntArray,
    train: RatingDataset,
    k: int = 10,
    relevant_from: float | None = None,
) -> float:
    """Share of users with a relevant item among the first k of the rated.

    Relevant is a rating at least three quarters up the scale, 4 of 1 to 5; users without one are left out.
    """
    places = places_among_rated(ratings, predicted, user_idx, train.rating_scale)
    return first_hit(hits(places, relevant_from), k, always)


def map_rated(
    ratings: FloatArray,
    predicted: FloatArray,
    user_idx: IntArray,
    train: RatingDataset,
    k: int = 10,
    relevant_from: float | None = None,
) -> float:
    """Mean average precision of the first k of the rated.

        Σ_{p≤k} precision(p) relevant(p) / min(k, relevant)

    The divisor is what could have been found; `map_hits_rated` has what was.
    Relevant is a rating at least three quarters up the scale, 4 of 1 to 5; users without one are left out.
    """
    places = places_among_rated(ratings, predicted, user_idx, train.rating_scale)
    return by_relevant(hits(places, relevant_from), k)


def map_hits_rated(
    ratings: FloatArray,
    predicted: FloatArray,
    user_idx: IntArray,
    train: RatingDataset,
    k: int = 10,
    relevant_from: float | None = None,
) -> float:
    """Mean average precision of the first k of the rated, divided by the hits in it.

        Σ_{p≤k} precision(p) relevant(p) / Σ_{p≤k} relevant(p)

    It is 0 for a user without a relevant item among the first k, and it rises when a late hit is lost;
    `map_rated` divides by what could have been found.
    Relevant is a rating at least three quarters up the scale, 4 of 1 to 5; users without one are left out.
    """
    places = places_among_rated(ratings, predicted, user_idx, train.rating_scale)
    return by_hits(hits(places, relevant_from), k)


def mrr_rated(
    ratings: FloatArray,
    predicted: FloatArray,
    user_idx: IntArray,
    train: RatingDataset,
    k: int | None = None,
    relevant_from: float | None = None,
) -> float:
    """Mean of 1 / rank of the first relevant item of the rated.

    With a cut k, it is 0 where that stands beyond.
    Relevant is a rating at least three quarters up the scale, 4 of 1 to 5; users without one are left out.
    """
    places = places_among_rated(ratings, predicted, user_idx, train.rating_scale)
    return first_hit(hits(places, relevant_from), k, reciprocal)


def auc_rated(
    ratings: FloatArray,
    predicted: FloatArray,
    user_idx: IntArray,
    train: RatingDataset,
    relevant_from: float | None = None,
) -> float:
    """Share of pairs of a relevant and another item of the rated that are in order.

    Equal scores are half in order. Shares are averaged over users.
    Relevant is a rating at least three quarters up the scale, 4 of 1 to 5; users without one are left out.
    """
    places = places_among_rated(ratings, predicted, user_idx, train.rating_scale)
    return auc_of(hits(places, relevant_from))
