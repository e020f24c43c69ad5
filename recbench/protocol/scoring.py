"""What a metric may ask for beside ratings and predictions: made once a fold, and only when asked for."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from recbench.array_types import FloatArray, IntArray
from recbench.contracts import Metric, RatingDataset
from recbench.metrics.ranking import Ranking
from recbench.protocol.clipping import check_finite
from recbench.protocol.handle import ModelHandle

PAIRS_AT_ONCE = 2**17  # that a model predicts in one call: it may hold its factors of each in memory


class Scoring:
    """One fold's scored part and the fitted model behind the predictions, if it is still there."""

    def __init__(self, train: RatingDataset, scored: RatingDataset, model: ModelHandle | None) -> None:
        """Note them; nothing is computed yet."""
        self.train = train
        self.user_idx, self.item_idx = scored.user_idx, scored.item_idx
        self._scored, self._model = scored, model

    def score(self, metric: Metric, predicted: FloatArray) -> float:
        """The metric's value, given what it names."""
        extras: dict[str, Any] = {name: getattr(self, name) for name in metric.needs()}
        return metric(self._scored.ratings, predicted, **extras)

    def scorer(self, user_idx: IntArray) -> FloatArray:
        """The model's ratings of all items, not clipped: (n_users, n_items).

        Raises:
            ValueError: the model is gone, or a rating is not finite.
        """
        model, n_items = self._fitted(), self.train.n_items
        scores = np.empty((len(user_idx), n_items))
        # all users by some items: what a model works out for each user, or each item, it works out a few times only
        width = max(1, PAIRS_AT_ONCE // max(1, len(user_idx)))
        for start in range(0, n_items, width):
            some = np.arange(start, min(start + width, n_items), dtype=np.int32)
            users, items = np.repeat(user_idx, len(some)), np.tile(some, len(user_idx))
            values = check_finite(model.predict_pairs(users, items), users, items, f"model {model.name} gave")
            scores[:, some] = values.reshape(len(user_idx), len(some))
        return scores

    @cached_property
    def ranking(self) -> Ranking:
        """How the model orders the catalog for the scored users; all metrics share it."""
        return Ranking(self.scorer, self.train, self._scored)

    @cached_property
    def std(self) -> FloatArray | None:
        """The standard deviation that the model gives each scored rating; None if it knows none.

        Raises:
            ValueError: the model is gone, or a deviation is not finite.
        """
        model = self._fitted()
        std = model.std(self._scored)
        return None if std is None else check_finite(std, self.user_idx, self.item_idx, f"model {model.name} gave")

    def _fitted(self) -> ModelHandle:
        if self._model is None:
            raise ValueError("the scores of all items need the fitted model; run the job again: resume=false")
        return self._model
