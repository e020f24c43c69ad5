"""Ranking metrics among the scored items of each user: items that the user did not rate are ignored.

They measure whether ratings are predicted in the right order, which says little about the top of the whole catalog.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from recbench.array_types import FloatArray, IntArray
from recbench.contracts import RatingDataset
from recbench.metrics.metric_from_formula import metric_from_formula
from recbench.metrics.ranking import RankPositions, rank_bounds
from recbench.metrics.ranking_formulas import FORMULAS

WORDS = {"candidates": "the user's rated items", "suffix": "_rated"}


def positions_among_rated(
    ratings: FloatArray, predicted: FloatArray, user_idx: IntArray, train: RatingDataset
) -> RankPositions:
    """Rank each scored pair among all scored pairs of its user; arrays are (n_rows,) each.

    Raises:
        ValueError: there are no rows, or the columns differ in length.
    """
    if not len(ratings) == len(predicted) == len(user_idx) > 0:
        lengths = f"{len(ratings)} ratings, {len(predicted)} predictions and {len(user_idx)} users"
        raise ValueError(f"{lengths}; give equally many, at least one")
    _, user, n_candidates = np.unique(user_idx, return_inverse=True, return_counts=True)
    before, tied = rank_bounds(user, -np.asarray(predicted, np.float64))
    return RankPositions(user, np.asarray(ratings, np.float64), before, tied, n_candidates, train.rating_scale)


AMONG_RATED: Mapping[str, Callable[..., float]] = {
    f"{name}_rated": metric_from_formula(formula, positions_among_rated, f"{name}_rated", WORDS, {})
    for name, formula in FORMULAS.items()
}
