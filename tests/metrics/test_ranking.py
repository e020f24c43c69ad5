"""Rankings of the whole catalog, and what is read off their tops."""

from __future__ import annotations

import math
import tracemalloc
from typing import Any

import numpy as np
import pytest

from recbench.array_types import FloatArray, IntArray
from recbench.contracts import RatingDataset
from recbench.metrics import ranking as ranking_module
from recbench.metrics.beyond_accuracy import coverage, gini, gini_of, novelty
from recbench.metrics.over_catalog import OVER_CATALOG
from recbench.metrics.ranking import Ranking
from tests.support.datasets import make_dataset

NOTHING = np.zeros(0)
ndcg, precision = OVER_CATALOG["ndcg"], OVER_CATALOG["precision"]


def _part(users: Any, items: Any, ratings: Any, n_users: int, n_items: int) -> RatingDataset:
    return make_dataset(users, items, ratings, n_users=n_users, n_items=n_items)


class _Counting:
    """Scores from a table, and how many users it was asked for at a time."""

    def __init__(self, table: Any) -> None:
        self.table: FloatArray = np.asarray(table, np.float64)
        self.asked: list[int] = []

    def __call__(self, user_idx: IntArray) -> FloatArray:
        self.asked.append(len(user_idx))
        return self.table[user_idx]


def _random(n_users: int = 30, n_items: int = 25, n_levels: int = 6) -> tuple[_Counting, RatingDataset, RatingDataset]:
    """A scorer with many equal scores, a train and a scored part; user 3 has no scored row."""
    rng = np.random.default_rng(5)
    pairs = rng.permutation(n_users * n_items)[:300]
    users, items = np.divmod(pairs, n_items)
    ratings = rng.integers(1, 6, 300)
    scored = (np.arange(300) < 100) & (users != 3)
    parts = [_part(users[rows], items[rows], ratings[rows], n_users, n_items) for rows in (~scored, scored)]
    return _Counting(rng.integers(0, n_levels, (n_users, n_items)) - n_levels / 2), parts[0], parts[1]


def _first(scorer: _Counting, train: RatingDataset, user: int, shuffled: list[int], k: int) -> list[int]:
    """A user's top, sorted in plain Python."""
    seen = set(train.item_idx[train.user_idx == user].tolist())
    candidates = [item for item in shuffled if item not in seen]
    candidates.sort(key=lambda item: -scorer.table[user, item])  # stable: equal ones stay as shuffled
    return [*candidates[:k], *[-1] * (k - len(candidates))]


@pytest.mark.parametrize("k", [1, 4, 25])
def test_the_top_is_what_sorting_all_candidates_gives(k: int) -> None:
    scorer, train, scored = _random()
    # with equal scores throughout, the top is the shuffled catalog
    alone = _part([0], [0], [3], 1, 25)
    shuffled = Ranking(_Counting(np.zeros((1, 25))), alone.take(NOTHING.astype(int)), alone).top(25)[0].tolist()
    ranking = Ranking(scorer, train, scored)
    expected = [_first(scorer, train, user, shuffled, k) for user in ranking.users]
    assert ranking.top(k).tolist() == expected


def test_items_rated_in_train_are_no_candidates() -> None:
    scorer, train, scored = _random()
    ranking = Ranking(scorer, train, scored)
    seen = set(zip(train.user_idx.tolist(), train.item_idx.tolist(), strict=True))
    shown = {
        (user, item) for user, top in zip(ranking.users.tolist(), ranking.top(25).tolist(), strict=True) for item in top
    }
    assert not seen & shown


def test_users_without_a_scored_row_are_not_ranked() -> None:
    assert 3 not in Ranking(*_random()).users


def test_positions_count_candidates_with_higher_and_equal_scores() -> None:
    scorer, train, scored = _random()
    places = Ranking(scorer, train, scored).positions
    found = sorted(
        zip(places.user.tolist(), places.ratings.tolist(), places.before.tolist(), places.tied.tolist(), strict=True)
    )
    users = np.unique(scored.user_idx)
    expected = []
    for user, item, rating in zip(scored.user_idx, scored.item_idx, scored.ratings, strict=True):
        scores = np.delete(scorer.table[user], train.item_idx[train.user_idx == user])
        own = scorer.table[user, item]
        counts = int((scores > own).sum()), int((scores == own).sum())
        expected.append((int(np.searchsorted(users, user)), float(rating), *counts))
    assert found == sorted(expected)


def test_the_catalog_is_scored_once_for_all_metrics() -> None:
    scorer, train, scored = _random()
    ranking = Ranking(scorer, train, scored)
    for metric in (ndcg, precision, coverage, novelty, gini):
        metric(NOTHING, NOTHING, ranking=ranking, k=10)
    assert scorer.asked == [29]


def test_nothing_is_scored_before_a_metric_asks() -> None:
    scorer, train, scored = _random()
    Ranking(scorer, train, scored)
    assert scorer.asked == []


def test_blocks_of_users_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    scorer, train, scored = _random()
    whole = Ranking(scorer, train, scored)
    monkeypatch.setattr(ranking_module, "BLOCK_BYTES", 8 * 25 * 4)
    blocks = Ranking(scorer, train, scored)
    np.testing.assert_array_equal(whole.top(10), blocks.top(10))
    for name in ("user", "ratings", "before", "tied", "n_candidates"):
        np.testing.assert_array_equal(getattr(whole.positions, name), getattr(blocks.positions, name))
    assert max(scorer.asked[1:]) == 4


def test_memory_is_that_of_a_block_and_not_of_users_times_items(monkeypatch: pytest.MonkeyPatch) -> None:
    n_users, n_items = 500, 4000  # all scores: 16 MB
    monkeypatch.setattr(ranking_module, "BLOCK_BYTES", 2**18)
    scored = _part(np.arange(n_users), np.zeros(n_users, int), np.full(n_users, 5), n_users, n_items)
    train = _part([0], [1], [5], n_users, n_items)
    ranking = Ranking(lambda users: users[:, np.newaxis] * np.arange(n_items) % 997.0, train, scored)
    tracemalloc.start()
    precision(NOTHING, NOTHING, ranking)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4e6


def test_ties_are_not_broken_by_item_index() -> None:
    ranking = Ranking(_Counting(np.zeros((2, 50))), _part([0], [0], [3], 2, 50), _part([0, 1], [1, 1], [5, 5], 2, 50))
    top = ranking.top(50)[1].tolist()
    assert sorted(top) == list(range(50))
    assert top not in (sorted(top), sorted(top, reverse=True))
    assert [item for item in top if item != 0] == ranking.top(50)[0, :49].tolist()


def test_longer_list_than_the_stored_one_is_recomputed() -> None:
    scores = np.arange(300.0)[np.newaxis]
    ranking = Ranking(_Counting(scores), _part([0], [299], [3], 1, 300), _part([0], [5], [5], 1, 300))
    assert ranking.top(10).tolist() == [list(range(298, 288, -1))]
    assert ranking.top(250).shape == (1, 250)
    assert ranking.top(250)[0, -1] == 49


def test_row_order_changes_nothing() -> None:
    scorer, train, scored = _random()
    order = np.random.default_rng(1).permutation(scored.n_ratings)
    back = np.arange(train.n_ratings)[::-1]
    values = [
        ndcg(NOTHING, NOTHING, Ranking(scorer, *parts))
        for parts in ((train, scored), (train.take(back), scored.take(order)))
    ]
    assert values[0] == pytest.approx(values[1], abs=1e-12)


def test_scores_that_differ_only_by_rounding_are_tied() -> None:
    alone = _part([0], [0], [5], 1, 50)
    scores = np.full((1, 50), 3.7)
    off = scores + np.random.default_rng(2).normal(scale=1e-14, size=scores.shape)
    rankings = [Ranking(_Counting(each), alone.take(NOTHING.astype(int)), alone) for each in (scores, off)]
    assert rankings[1].positions.tied.tolist() == [50]
    assert rankings[1].top(50).tolist() == rankings[0].top(50).tolist()


def test_scores_a_millionth_apart_are_not_tied() -> None:
    alone = _part([0], [0], [5], 1, 2)
    positions = Ranking(_Counting([[3.7, 3.700001]]), alone.take(NOTHING.astype(int)), alone).positions
    assert (positions.before.tolist(), positions.tied.tolist()) == ([1], [1])


def test_equal_scores_favor_no_item() -> None:
    users, items = np.repeat(np.arange(200), 2), np.tile([0, 1], 200)
    train = _part([0], [19], [3], 200, 20)
    value = precision(
        NOTHING, NOTHING, Ranking(_Counting(np.zeros((200, 20))), train, _part(users, items, [5] * 400, 200, 20)), k=5
    )
    # two relevant of 20 candidates, or of 19 for the first user
    assert value == pytest.approx((199 * 2 / 20 + 2 / 19) / 200)


def test_scored_pair_of_the_training_set_has_no_position() -> None:
    train, scored = _part([0], [0], [5], 1, 3), _part([0, 0], [0, 1], [5, 5], 1, 3)
    places = Ranking(_Counting([[3, 2, 1]]), train, scored).positions
    assert (places.before.tolist(), places.tied.tolist(), places.n_candidates.tolist()) == ([0], [1], [2])


def test_pair_scored_twice_has_one_position_with_the_higher_rating() -> None:
    scored = _part([0, 0, 0], [1, 1, 2], [2, 5, 1], 1, 3)
    places = Ranking(_Counting([[3, 2, 1]]), _part([0], [0], [5], 1, 3), scored).positions
    assert places.ratings.tolist() == [5.0, 1.0]


def test_ranking_leaves_the_scores_of_the_model_alone() -> None:
    table = np.array([[3.0, 2, 1]])
    ranking = Ranking(lambda _: table, _part([0], [0], [5], 1, 3), _part([0], [1], [5], 1, 3))
    assert ranking.top(1).tolist() == [[1]]
    assert table.tolist() == [[3, 2, 1]]


# lists


def _two_users() -> Ranking:
    """Tops of 2: items 0 and 1 for user 0, items 1 and 2 for user 1, out of 4; item 3 is unknown in train."""
    train = _part([0, 1, 2, 2, 2], [2, 0, 0, 1, 2], [3] * 5, 4, 4)
    scores = [[4, 3, 2, 1], [4, 3, 2, 1], [0, 0, 0, 0], [0, 0, 0, 0]]
    return Ranking(_Counting(scores), train, _part([0, 1], [3, 3], [5, 5], 4, 4))


def test_coverage_is_the_share_of_items_in_any_top_list() -> None:
    assert coverage(NOTHING, NOTHING, _two_users(), k=2) == 0.75
    assert coverage(NOTHING, NOTHING, _two_users(), k=1) == 0.5


def test_novelty_is_the_mean_surprise_of_the_top_items() -> None:
    # raters of 0, 1, 2: 2, 1, 2 of 3; shown: 0, 1 and 1, 2
    expected = -(math.log2(2 / 3) + 2 * math.log2(1 / 3) + math.log2(2 / 3)) / 4
    assert novelty(NOTHING, NOTHING, _two_users(), k=2) == pytest.approx(expected)


def test_unrated_item_counts_as_rated_by_one_extra_user() -> None:
    ranking = Ranking(_Counting([[1, 2]]), _part([0], [0], [3], 1, 2), _part([0], [1], [5], 1, 2))
    assert novelty(NOTHING, NOTHING, ranking, k=1) == pytest.approx(1.0)


def test_gini_is_over_all_items_those_never_shown_included() -> None:
    assert gini(NOTHING, NOTHING, _two_users(), k=2) == pytest.approx(gini_of(np.array([1, 2, 1, 0])))


def test_gini_of_the_worked_counts() -> None:
    assert [gini_of(np.array(counts)) for counts in ([1, 2, 3, 4], [0, 0, 0, 4], [2, 2])] == [0.25, 0.75, 0.0]


def test_gini_of_nothing_shown_is_not_a_number() -> None:
    assert math.isnan(gini_of(np.zeros(3, np.int64)))
