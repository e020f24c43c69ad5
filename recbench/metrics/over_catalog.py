"""Top-n metrics over the whole catalog: candidates are all items that the user has not rated in the training set.

They use the model's scores of all items and never a sample, which would rank models differently (Krichene & Rendle
2020, "On sampled metrics for item recommendation", KDD).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from recbench.array_types import FloatArray
from recbench.metrics.metric_from_formula import metric_from_formula
from recbench.metrics.ranking import Ranking, RankPositions
from recbench.metrics.ranking_formulas import FORMULAS
from recbench.metrics.relevant_positions import relevant_positions

WORDS = {"candidates": "the catalog", "suffix": ""}
DEFAULTS = {"gain": "binary"}  # most candidates have no rating that a graded gain could be taken from


def positions_in_catalog(_ratings: FloatArray, _predicted: FloatArray, ranking: Ranking) -> RankPositions:
    """Return the positions of the scored pairs among all candidates of their user."""
    return ranking.positions


def ranked_users(
    _ratings: FloatArray, _predicted: FloatArray, ranking: Ranking, relevant_from: float | None = None
) -> float:
    """Number of users that the catalog metrics average over: those with a relevant item.

    An item is relevant if the user rated it at least `relevant_from`, by default three quarters up the rating scale.
    """
    return float(np.count_nonzero(relevant_positions(ranking.positions, relevant_from).n_relevant))


OVER_CATALOG: Mapping[str, Callable[..., float]] = {
    **{
        name: metric_from_formula(formula, positions_in_catalog, name, WORDS, DEFAULTS)
        for name, formula in FORMULAS.items()
    },
    "ranked_users": ranked_users,
}
