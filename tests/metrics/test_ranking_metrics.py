"""Ranking metrics: worked cases, and a plain oracle that tries every order of equal scores."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations, permutations, product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recbench.metrics.concordance import fcp
from recbench.metrics.over_catalog import OVER_CATALOG
from tests.support.ranked import GAINS, RATED, WITH_CUTOFF, full_value, one_ranking, rated_value

some = settings(deadline=None, max_examples=60)


@pytest.mark.parametrize(
    ("gain", "k", "expected"),
    [("linear", 6, 0.960808), ("linear", 3, 0.977781), ("exponential", 6, 0.948811), ("exponential", 3, 0.959454)],
)
def test_ndcg_of_the_worked_gains(gain: str, k: int, expected: float) -> None:
    value = rated_value("ndcg_rated", GAINS, -np.arange(6), scale=(0, 3), k=k, gain=gain)
    assert value == pytest.approx(expected, abs=5e-7)


@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        ("precision", {"k": 5}, 0.4),
        ("precision", {"k": 10}, 0.3),
        ("recall", {"k": 5}, 0.5),
        ("recall", {"k": 10}, 0.75),
        ("map", {"k": 10}, 0.541667),
        ("map_hits", {"k": 10}, 0.722222),
        ("map_hits", {"k": 5}, 5 / 6),
        ("mrr", {}, 1.0),
        ("ndcg", {"k": 10}, 0.724626),
        ("hit_rate", {"k": 10}, 1.0),
    ],
)
def test_hits_at_ranks_1_3_and_6_of_10_with_4_relevant(name: str, options: dict[str, int], expected: float) -> None:
    ranking = one_ranking(-np.arange(12), items=[0, 2, 5, 11, 1], ratings=[4, 5, 4, 5, 3])
    assert full_value(OVER_CATALOG[name], ranking, **options) == pytest.approx(expected, abs=5e-7)


def test_auc_of_the_worked_scores() -> None:
    assert rated_value("auc_rated", [5, 1, 5, 1], [0.9, 0.8, 0.8, 0.3]) == pytest.approx(0.875)


def test_fcp_pools_the_pairs_of_all_users() -> None:
    ratings, predicted = np.array([5, 3, 4, 1, 2, 4, 2]), np.array([4.5, 3.5, 4, 2, 1, 3.9, 3.1])
    users = np.array([0, 0, 0, 1, 1, 7, 7])
    assert fcp(ratings[:5], predicted[:5], users[:5]) == 0.75
    assert fcp(ratings, predicted, users) == 0.8


def test_fcp_of_equal_predictions_is_zero() -> None:
    assert fcp(np.array([1.0, 2, 3]), np.ones(3), np.zeros(3, int)) == 0.0


def test_fcp_without_two_different_ratings_is_not_a_number() -> None:
    assert math.isnan(fcp(np.array([3.0, 3, 1]), np.array([1.0, 2, 3]), np.array([0, 0, 1])))


@some
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(-5, 5), st.integers(-3, 3)), min_size=2, max_size=25))
def test_fcp_equals_counting_pair_by_pair(rows: list[tuple[int, int, int]]) -> None:
    users, ratings, predicted = np.array(rows).T
    concordant = discordant = 0
    for (u, r, p), (v, s, q) in combinations(rows, 2):
        if u == v and r != s:
            concordant += (r > s and p > q) or (r < s and p < q)
            discordant += (r > s and p <= q) or (r < s and p >= q)
    expected = concordant / (concordant + discordant) if concordant + discordant else math.nan
    assert fcp(ratings / 2, predicted / 4, users) == pytest.approx(expected, nan_ok=True)


# the oracle


def _orders(scores: Sequence[float]) -> list[tuple[int, ...]]:
    """Every order of the candidates, highest score first, that equal scores allow."""
    values = sorted(set(scores), reverse=True)
    groups = [[i for i, score in enumerate(scores) if score == value] for value in values]
    return [sum(parts, ()) for parts in product(*(permutations(group) for group in groups))]


def _plain(name: str, order: Sequence[int], relevant: set[int], gains: Sequence[float], k: int) -> float:
    """The metric of one order, by its definition."""
    ranks = [rank for rank, item in enumerate(order, start=1) if item in relevant]
    within = [rank for rank in ranks if rank <= k]
    if name == "precision":
        return len(within) / k
    if name == "recall":
        return len(within) / len(relevant)
    if name == "hit_rate":
        return float(bool(within))
    if name == "mrr":
        return 1 / within[0] if within else 0.0
    if name in ("map", "map_hits"):
        divisor = min(k, len(relevant)) if name == "map" else max(len(within), 1)
        return sum((number + 1) / rank for number, rank in enumerate(within)) / divisor
    if name == "auc":
        others = [rank for rank, item in enumerate(order, start=1) if item not in relevant]
        return sum(rank < other for rank in ranks for other in others) / (len(ranks) * len(others))
    gained = sum(gains[item] / math.log2(rank + 1) for rank, item in enumerate(order[:k], start=1))
    best = sorted(gains, reverse=True)[:k]
    return gained / sum(gain / math.log2(rank + 1) for rank, gain in enumerate(best, start=1))


def _expected(name: str, rows: Sequence[tuple[int, int | None]], k: int, *, graded: bool) -> float | None:
    """The mean over all orders that equal scores allow; None if the user does not count."""
    scores, ratings = [score for score, _ in rows], [rating for _, rating in rows]
    relevant = {i for i, rating in enumerate(ratings) if rating is not None and rating >= 4}
    gains = [0.0 if r is None else r - 1 if graded else float(r >= 4) for r in ratings]
    if (not any(gains)) if name == "ndcg" else not relevant or (name == "auc" and len(relevant) == len(scores)):
        return None
    values = [_plain(name, order, relevant, gains, k) for order in _orders(scores)]
    return sum(values) / len(values)


def _mean(values: Sequence[float | None]) -> float:
    counted = [value for value in values if value is not None]
    return sum(counted) / len(counted) if counted else math.nan


def _options(name: str, k: int) -> dict[str, int]:
    return {"k": k} if f"{name.removesuffix('_rated')}_rated" in WITH_CUTOFF else {}


USERS = st.lists(
    st.lists(st.tuples(st.integers(0, 2), st.integers(1, 5)), min_size=1, max_size=6), min_size=1, max_size=3
)


@some
@given(USERS, st.integers(1, 7), st.randoms(use_true_random=False))
@pytest.mark.parametrize("name", RATED)
def test_among_rated_rows_a_metric_is_the_mean_over_all_orders_of_equal_predictions(
    name: str, users: list[list[tuple[int, int | None]]], k: int, random: Any
) -> None:
    kind = name.removesuffix("_rated")
    expected = [_expected(kind, rows, k, graded=True) for rows in users]
    table = [(number, score, rating) for number, rows in enumerate(users) for score, rating in rows]
    random.shuffle(table)
    user_idx, predicted, ratings = np.array(table).T
    value = rated_value(name, ratings, predicted, user_idx, **_options(name, k))
    assert value == pytest.approx(_mean(expected), nan_ok=True)


CATALOG = st.lists(
    st.tuples(st.integers(0, 2), st.one_of(st.none(), st.integers(1, 5)), st.booleans()), min_size=2, max_size=6
)


@some
@given(CATALOG, st.integers(1, 7))
@pytest.mark.parametrize("name", [name.removesuffix("_rated") for name in RATED])
def test_in_the_catalog_a_metric_is_the_mean_over_all_orders_of_equal_scores(
    name: str, items: list[tuple[int, int | None, bool]], k: int
) -> None:
    candidates = [(score, rating) for score, rating, seen in items if not seen]
    scored = {i: rating for i, (_, rating, _) in enumerate(items) if rating is not None}
    if not candidates or not scored:
        return
    seen = [i for i, (_, _, was_seen) in enumerate(items) if was_seen]
    ranking = one_ranking([score for score, _, _ in items], list(scored), list(scored.values()), seen)
    expected = _expected(name, candidates, k, graded=False)
    value = full_value(OVER_CATALOG[name], ranking, **_options(name, k))
    assert value == pytest.approx(_mean([expected]), nan_ok=True)
