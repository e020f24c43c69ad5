"""One user's ratings, ranked: what the tests of ranking metrics start from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from recbench.contracts import RatingDataset
from recbench.metrics import GREATER_IS_BETTER
from recbench.metrics.ranking import Ranking

RATED = [
    "ndcg_rated",
    "precision_rated",
    "recall_rated",
    "hit_rate_rated",
    "map_rated",
    "map_hits_rated",
    "mrr_rated",
    "auc_rated",
]
# gains (3, 2, 3, 0, 1, 2) in the order of the prediction
GAINS = np.array([3, 2, 3, 0, 1, 2], np.float32)


def one_user(ratings: Any, scale: tuple[float, float] = (1, 5), users: Any = None, items: Any = None) -> RatingDataset:
    """One user's ratings of items 0, 1, ... unless said otherwise."""
    n = len(ratings)
    users, items = np.zeros(n, int) if users is None else users, np.arange(n) if items is None else items
    return RatingDataset("toy", users, items, ratings, np.arange(6), np.arange(max(12, n)), scale)


def rated_value(
    name: str, ratings: Any, predicted: Any, users: Any = None, scale: Any = (1, 5), **options: Any
) -> float:
    users = np.zeros(len(ratings), int) if users is None else np.asarray(users)
    train = one_user([scale[0]], scale)
    return GREATER_IS_BETTER[name](
        np.asarray(ratings, np.float32), np.asarray(predicted, float), user_idx=users, train=train, **options
    )


def one_ranking(scores: Any, items: Sequence[int], ratings: Sequence[float], seen: Sequence[int] = ()) -> Ranking:
    """One user's ranking: scores of all items, the scored rows, and the items rated in train."""
    matrix = np.asarray(scores, float)[np.newaxis]
    ids = np.arange(1), np.arange(matrix.shape[1])
    scored = RatingDataset("toy", np.zeros(len(items), int), np.array(items), np.array(ratings, float), *ids, (1, 5))
    train = RatingDataset("toy", np.zeros(len(seen), int), np.array(seen, int), np.ones(len(seen)), *ids, (1, 5))
    return Ranking(lambda user_idx: matrix[user_idx], train, scored)


def full_value(function: Callable[..., float], ranking: Ranking, **options: Any) -> float:
    return function(np.zeros(0), np.zeros(0), ranking=ranking, **options)
