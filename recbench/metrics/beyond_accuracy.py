"""Coverage, novelty and inequality of recommendations, whether or not they are relevant.

All are of the top k of the catalog for each user with a scored row, without the items that the user rated in the
training set. Ties are broken by one shuffled order of the items (see `ranking`).
"""

from __future__ import annotations

import numpy as np

from recbench.array_types import FloatArray, Int64Array
from recbench.metrics.ranking import Ranking
from recbench.metrics.relevant_positions import check_cutoff


def coverage(_ratings: FloatArray, _predicted: FloatArray, ranking: Ranking, k: int = 10) -> float:
    """Share of the catalog that is in any user's top k: |∪_u top_k(u)| / n_items."""
    return float(np.mean(_counts(ranking, k) > 0))


def novelty(_ratings: FloatArray, _predicted: FloatArray, ranking: Ranking, k: int = 10) -> float:
    """Mean surprise of the top k: −log2 of the share of users who rated the item in the training set.

    An item without ratings counts as rated by 1 of n_users + 1 users. NaN if nothing is recommended.
    Source: Vargas & Castells (2011), "Rank and relevance in novelty and diversity metrics", RecSys.
    """
    counts, train = _counts(ranking, k), ranking.train
    n_users = len(np.unique(train.user_idx))
    n_raters = np.bincount(train.item_idx, minlength=train.n_items)
    shares = np.where(n_raters > 0, n_raters / max(n_users, 1), 1 / (n_users + 1))
    return float(counts @ -np.log2(shares) / counts.sum()) if counts.any() else float("nan")


def gini(_ratings: FloatArray, _predicted: FloatArray, ranking: Ranking, k: int = 10) -> float:
    """Gini coefficient of how often items are in a top k: 0 if all equally often, near 1 if only a few are.

        Σ_j (2j − n − 1) c_(j) / (n Σ c),   c_(j) the ascending counts of all n items, including those never shown

    NaN if nothing is recommended.
    """
    return gini_of(_counts(ranking, k))


def gini_of(counts: Int64Array) -> float:
    """Return the Gini coefficient of the counts; NaN if all are 0.

    >>> gini_of(np.array([1, 2, 3, 4])), gini_of(np.array([0, 0, 0, 4]))
    (0.25, 0.75)
    """
    n = len(counts)
    weights = 2 * np.arange(1, n + 1) - n - 1
    return float(weights @ np.sort(counts) / (n * counts.sum())) if counts.any() else float("nan")


def _counts(ranking: Ranking, k: int) -> Int64Array:
    """Count the users that each item is recommended to: (n_items,)."""
    top = ranking.top(check_cutoff(k))
    return np.bincount(top[top >= 0], minlength=ranking.train.n_items)
