"""Models that each fail one conformance check, and an honest one that passes them all."""

from __future__ import annotations

import gc
import itertools
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from recbench import RatingDataset, RatingModel
from recbench.array_types import BoolArray, FloatArray, IntArray

CALLS = itertools.count()


@dataclass
class Honest(RatingModel):
    """Damped item means: passes every check."""

    damping: float = 1.0

    def fit(self, train: RatingDataset, valid: RatingDataset | None = None) -> Self:
        self.mean_ = float(train.ratings.mean(dtype=np.float64))
        above = np.bincount(train.item_idx, train.ratings - self.mean_, minlength=train.n_items)
        self.item_ = above / (self.damping + np.bincount(train.item_idx, minlength=train.n_items))
        return self

    def predict(self, user_idx: IntArray, item_idx: IntArray) -> FloatArray:
        return np.asarray(self.mean_ + self.item_[item_idx])


@dataclass
class ComputesEarly(Honest):
    def __post_init__(self) -> None:
        self.table = np.zeros(3)


class PredictsUnfitted(RatingModel):
    def fit(self, train: RatingDataset, valid: RatingDataset | None = None) -> Self:
        return self

    def predict(self, user_idx: IntArray, item_idx: IntArray) -> FloatArray:
        return np.full(len(user_idx), 3.0)


PredictsUnfitted.predict = PredictsUnfitted.predict.__wrapped__  # type: ignore[attr-defined, method-assign]


class ReturnsNothing(Honest):
    def fit(self, train: RatingDataset, valid: RatingDataset | None = None) -> Self:
        super().fit(train)
        return None  # type: ignore[return-value]


class NoIdeaOfColdItems(Honest):
    def predict(self, user_idx: IntArray, item_idx: IntArray) -> FloatArray:
        return np.where(self.known_items_[item_idx], super().predict(user_idx, item_idx), np.nan)


class AlwaysOne(Honest):
    def predict(self, user_idx: IntArray, item_idx: IntArray) -> FloatArray:
        return super().predict(user_idx, item_idx) if len(user_idx) else np.zeros(1)


class ZeroIsMissing(Honest):
    def fit(self, train: RatingDataset, valid: RatingDataset | None = None) -> Self:
        rated = train.ratings != 0
        return super().fit(train.take(np.flatnonzero(rated)))


class Unseeded(Honest):
    def fit(self, train: RatingDataset, valid: RatingDataset | None = None) -> Self:
        super().fit(train)
        self.item_ = self.item_ + 0.1 * next(CALLS)
        return self


class Remembers(Honest):
    def fit(self, train: RatingDataset, valid: RatingDataset | None = None) -> Self:
        before = getattr(self, "mean_", None)
        super().fit(train)
        if before is not None:
            self.mean_ = (self.mean_ + before) / 2
        return self


class ChangesTrain(Honest):
    def fit(self, train: RatingDataset, valid: RatingDataset | None = None) -> Self:
        object.__setattr__(train, "ratings", train.ratings[::-1].copy())
        train.__dict__.pop("digest", None)
        return super().fit(train)


class Counts(Honest):
    def predict(self, user_idx: IntArray, item_idx: IntArray) -> FloatArray:
        self.n_calls_ = getattr(self, "n_calls_", 0) + 1
        return super().predict(user_idx, item_idx)


class LooksAtItsNeighbors(Honest):
    def predict(self, user_idx: IntArray, item_idx: IntArray) -> FloatArray:
        return super().predict(user_idx, item_idx) + 0.1 * np.arange(len(user_idx)) / (1 + len(user_idx))


class LastRowCounts(Honest):
    def fit(self, train: RatingDataset, valid: RatingDataset | None = None) -> Self:
        super().fit(train)
        self.mean_ = float(train.ratings[-1]) / 10 + self.mean_
        return self


class NumbersMatter(Honest):
    def predict(self, user_idx: IntArray, item_idx: IntArray) -> FloatArray:
        return super().predict(user_idx, item_idx) + 0.01 * user_idx


class TunesItself(Honest):
    def fit(self, train: RatingDataset, valid: RatingDataset | None = None) -> Self:
        super().fit(train)
        self.damping = 7.0
        return self


class HidesState(Honest):
    def fit(self, train: RatingDataset, valid: RatingDataset | None = None) -> Self:
        super().fit(train)
        self.hidden = 1.0
        return self

    def predict(self, user_idx: IntArray, item_idx: IntArray) -> FloatArray:
        return super().predict(user_idx, item_idx) + getattr(self, "hidden", 0.0)


class SavesLess(Honest):
    def state(self) -> dict[str, Any]:
        return super().state() | {"mean_": 0.0}


class Overconfident(Honest):
    def is_fallback(self, user_idx: IntArray, item_idx: IntArray) -> BoolArray:
        return np.zeros(len(user_idx), bool)


@dataclass
class DeadOption(Honest):
    n_sheep_never_counted: int = 3


class Peeks(Honest):
    def predict(self, user_idx: IntArray, item_idx: IntArray) -> FloatArray:
        for each in gc.get_objects():
            if isinstance(each, RatingDataset) and np.array_equal(each.user_idx, user_idx):
                return each.ratings.astype(np.float64)
        return super().predict(user_idx, item_idx)


class LearnsTheWrongWay(Honest):
    def predict(self, user_idx: IntArray, item_idx: IntArray) -> FloatArray:
        return self.mean_ - 3 * self.item_[item_idx]


class EveryPairOfRatings(Honest):
    def fit(self, train: RatingDataset, valid: RatingDataset | None = None) -> Self:
        for row in range(train.n_ratings):
            for other in range(train.n_ratings // 4_000):  # grows with the cube of the ratings
                np.sin(train.ratings + row + other)
        return super().fit(train)


class WholeTable(Honest):
    def fit(self, train: RatingDataset, valid: RatingDataset | None = None) -> Self:
        table = np.ones((train.n_ratings, train.n_ratings // 4_000, train.n_ratings // 8), np.float16)
        return super().fit(train) if table.all() else self


class KnowsOneMoment(Honest):
    uses_time = True

    def predict_at(self, user_idx: IntArray, item_idx: IntArray, timestamps: IntArray) -> FloatArray:
        return np.where(timestamps > 1_000_000_000, self.predict(user_idx, item_idx), np.nan)


MODELS: dict[str, type[RatingModel]] = {
    "constructor_only_stores_options": ComputesEarly,
    "predict_before_fit_raises": PredictsUnfitted,
    "fit_returns_the_model": ReturnsNothing,
    "every_pair_gets_a_finite_prediction": NoIdeaOfColdItems,
    "empty_input_gives_empty_output": AlwaysOne,
    "zero_is_a_rating": ZeroIsMissing,
    "same_seed_gives_same_predictions": Unseeded,
    "fitting_twice_equals_fitting_once": Remembers,
    "fit_leaves_the_training_set_unchanged": ChangesTrain,
    "predict_does_not_change_the_model": Counts,
    "row_order_does_not_matter": LooksAtItsNeighbors,
    "training_row_order_does_not_matter": LastRowCounts,
    "index_order_does_not_matter": NumbersMatter,
    "fit_does_not_change_options": TunesItself,
    "state_restores_the_model": HidesState,
    "saved_model_predicts_the_same": SavesLess,
    "unknown_pairs_are_marked_as_fallback": Overconfident,
    "options_are_used": DeadOption,
    "predictions_do_not_depend_on_test_ratings": Peeks,
    "every_timestamp_gets_a_finite_prediction": KnowsOneMoment,
    "it_fits_its_training_ratings": LearnsTheWrongWay,
    "time_grows_less_than_quadratically": EveryPairOfRatings,
    "memory_grows_less_than_quadratically": WholeTable,
}
