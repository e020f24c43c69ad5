"""What a model may be able to do beyond predicting: each ability is a method that it has or has not."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any, Literal, Protocol, Self, TypeVar, runtime_checkable

import numpy as np

from recbench.array_types import FloatArray, IntArray
from recbench.contracts import RatingDataset, RatingModel

Model = TypeVar("Model", bound=RatingModel)


class CannotFoldInError(ValueError):
    """A model that can't take in one more person as it is; the text says why."""


@dataclass(frozen=True)
class Reason:
    """One thing that moved a predicted rating: an item or user, by index, or a feature, by name."""

    kind: Literal["item", "user", "feature"]
    what: int | str
    effect: float  # what it adds to the prediction, in rating units


@runtime_checkable
class FoldsIn(Protocol):
    """Takes in a person who was not there at the fit, from a few ratings of theirs, without a refit."""

    def with_user(self, item_idx: IntArray, ratings: FloatArray) -> Self:
        """A model that knows one more user, after the last one; this one stays as it is.

        What was learned of items and of the other users is kept; the new user gets what the fit would
        have given with all that fixed. Without ratings, it is a cold user.

        Raises:
            CannotFoldInError: with the options that the model has it can't.
        """
        ...


@runtime_checkable
class KnowsUncertainty(Protocol):
    """Knows how sure it is of a rating."""

    def predict_std(self, user_idx: IntArray, item_idx: IntArray) -> FloatArray:
        """Standard deviation of each predicted rating."""
        ...


@runtime_checkable
class KnowsTime(Protocol):
    """Knows what it matters when a rating is given; it is told so only where its option `uses_time` is set.

    A model that is also `KnowsUncertainty` may have `predict_std_at`, with the same parameters.
    """

    uses_time: bool

    def predict_at(self, user_idx: IntArray, item_idx: IntArray, timestamps: IntArray) -> FloatArray:
        """What `predict` gives, of ratings given at these times, in seconds since 1970."""
        ...


@runtime_checkable
class GivesReasons(Protocol):
    """Knows why it predicts what it predicts."""

    def reasons(self, user: int, item: int) -> list[Reason]:
        """What the prediction is made of beside the biases, the largest effect first.

        The effects add up to the prediction less what it would be without any of them.
        """
        ...


def uses_test_timestamps(model: RatingModel, scored: RatingDataset) -> bool:
    """Whether the model is told when each of these ratings was given."""
    return isinstance(model, KnowsTime) and model.uses_time and scored.timestamps is not None


def predict_dataset(model: RatingModel, scored: RatingDataset) -> FloatArray:
    """What the model predicts for the rows, whose ratings it is not shown."""
    return predict_when(model, scored.user_idx, scored.item_idx, scored.timestamps)


def predict_when(model: RatingModel, user_idx: IntArray, item_idx: IntArray, timestamps: IntArray | None) -> FloatArray:
    """What the model predicts, told the times if there are any and it uses them."""
    if timestamps is not None and isinstance(model, KnowsTime) and model.uses_time:
        return model.predict_at(user_idx, item_idx, timestamps)
    return model.predict(user_idx, item_idx)


def predict_std_rows(model: RatingModel, scored: RatingDataset) -> FloatArray | None:
    """The standard deviation that the model gives each of the rows' ratings; None if it knows none."""
    by_time = uses_test_timestamps(model, scored)
    predict_std = getattr(model, "predict_std_at" if by_time else "predict_std", None)
    if predict_std is None:
        return None
    told = (scored.timestamps,) if by_time else ()
    return np.asarray(predict_std(scored.user_idx, scored.item_idx, *told))


def with_extra_user(model: Model, item_idx: IntArray, **learned: Any) -> Model:
    """A copy of the model with this learned state in place of its own, and one more known user.

    `item_idx` are the items that the user rated: without any, the user is a cold one.
    """
    more = copy.copy(model)
    vars(more).update(learned)
    more.known_users_ = np.append(model.known_users_, len(item_idx) > 0)
    return more


def sorted_reasons(kind: Literal["item", "user", "feature"], what: list[Any], effects: FloatArray) -> list[Reason]:
    """The reasons that have an effect, the largest first, of equal ones in the order given."""
    order = [number for number in np.argsort(-effects, kind="stable").tolist() if effects[number] != 0]
    return [Reason(kind, what[number], float(effects[number])) for number in order]
