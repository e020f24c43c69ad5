"""Scoring of one fold: what metrics may ask for besides ratings and predictions, made once per fold on demand."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from recbench.array_types import FloatArray, IntArray
from recbench.contracts import Metric, RatingDataset
from recbench.metrics.ranking import Ranking
from recbench.protocol.clipping import check_finite
from recbench.protocol.handle import ModelHandle

PAIRS_AT_ONCE = 2**17  # pairs that a model predicts in one call: it may hold the factors of each in memory


class Scoring:
    """One fold's scored set and the fitted model behind the predictions, if it is still available."""

    def __init__(self, train: RatingDataset, scored: RatingDataset, model: ModelHandle | None) -> None:
        """Store the sets and the model; nothing is computed yet."""
        self.train = train
        self.user_idx, self.item_idx = scored.user_idx, scored.item_idx
        self._scored, self._model = scored, model

    def score(self, metric: Metric, predicted: FloatArray) -> float:
        """Return the metric's value, passing it the arguments that it names."""
        extras: dict[str, Any] = {name: getattr(self, name) for name in metric.needs()}
        return metric(self._scored.ratings, predicted, **extras)

    def scorer(self, user_idx: IntArray) -> FloatArray:
        """Return the model's predicted ratings of all items, not clipped: (n_users, n_items).

        Raises:
            ValueError: the fitted model is not available, or a rating is not finite.
        """
        model, n_items = self._fitted(), self.train.n_items
        scores = np.empty((len(user_idx), n_items))
        # all users by a block of items, so that a model computes what it needs per user or item only a few times
        width = max(1, PAIRS_AT_ONCE // max(1, len(user_idx)))
        for start in range(0, n_items, width):
            block = np.arange(start, min(start + width, n_items), dtype=np.int32)
            users, items = np.repeat(user_idx, len(block)), np.tile(block, len(user_idx))
            values = check_finite(model.predict_pairs(users, items), users, items, f"model {model.name} gave")
            scores[:, block] = values.reshape(len(user_idx), len(block))
        return scores

    @cached_property
    def ranking(self) -> Ranking:
        """The model's ranking of the catalog for the scored users, which all metrics share."""
        return Ranking(self.scorer, self.train, self._scored)

    @cached_property
    def std(self) -> FloatArray | None:
        """The standard deviation of each scored rating; None if the model does not predict it.

        Raises:
            ValueError: the fitted model is not available, or a deviation is not finite.
        """
        model = self._fitted()
        std = model.std(self._scored)
        return None if std is None else check_finite(std, self.user_idx, self.item_idx, f"model {model.name} gave")

    def _fitted(self) -> ModelHandle:
        if self._model is None:
            raise ValueError("the scores of all items need the fitted model; run the job again: resume=false")
        return self._model
