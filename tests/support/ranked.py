"""One user's ratings and rankings, for the tests of ranking metrics."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from inspect import signature
from typing import Any

import numpy as np

from recbench.contracts import RatingDataset
from recbench.metrics.among_rated import AMONG_RATED
from recbench.metrics.ranking import Ranking
from tests.support.datasets import make_dataset

RATED = list(AMONG_RATED)
WITH_CUTOFF = [name for name, metric in AMONG_RATED.items() if "k" in signature(metric).parameters]
# gains (3, 2, 3, 0, 1, 2) in the order of the prediction
GAINS = np.array([3, 2, 3, 0, 1, 2], np.float32)


def one_user(ratings: Any, scale: tuple[float, float] = (1, 5), users: Any = None, items: Any = None) -> RatingDataset:
    """Return one user's ratings of items 0, 1, ..., unless `users` or `items` are given."""
    n = len(ratings)
    users, items = np.zeros(n, int) if users is None else users, np.arange(n) if items is None else items
    return make_dataset(users, items, ratings, n_users=6, n_items=max(12, n), scale=scale)


def rated_value(
    name: str, ratings: Any, predicted: Any, users: Any = None, scale: Any = (1, 5), **options: Any
) -> float:
    users = np.zeros(len(ratings), int) if users is None else np.asarray(users)
    train = one_user([scale[0]], scale)
    return AMONG_RATED[name](
        np.asarray(ratings, np.float32), np.asarray(predicted, float), user_idx=users, train=train, **options
    )


def one_ranking(scores: Any, items: Sequence[int], ratings: Sequence[float], seen: Sequence[int] = ()) -> Ranking:
    """Return one user's ranking from the scores of all items, the scored rows, and the items rated in training."""
    matrix = np.asarray(scores, float)[np.newaxis]
    n_items = matrix.shape[1]
    scored = make_dataset([0] * len(items), items, ratings, n_users=1, n_items=n_items)
    train = make_dataset([0] * len(seen), seen, n_users=1, n_items=n_items)
    return Ranking(lambda user_idx: matrix[user_idx], train, scored)


def full_value(function: Callable[..., float], ranking: Ranking, **options: Any) -> float:
    return function(np.zeros(0), np.zeros(0), ranking=ranking, **options)
