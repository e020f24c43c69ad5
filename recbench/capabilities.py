"""Optional capabilities of a model: it has one if it has the capability's methods, no base class is needed.

`FoldsIn` adds a user without a refit, `KnowsUncertainty` gives standard deviations, `KnowsTime` uses timestamps,
`GivesReasons` explains a prediction. The functions below call a model's capabilities where it has them.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any, Literal, Protocol, Self, TypeVar, runtime_checkable

import numpy as np

from recbench.array_types import FloatArray, IntArray
from recbench.contracts import RatingDataset, RatingModel, Split

Model = TypeVar("Model", bound=RatingModel)

ROUNDING_STEP = 1e-9  # of the largest effect: effects that round to the same multiple of it are equal


class CannotFoldInError(ValueError):
    """Raised by a model that cannot fold in a user with its current options; the message says why."""


@dataclass(frozen=True)
class Reason:
    """One contribution to a predicted rating: of an item or user, by index, or of a feature, by name."""

    kind: Literal["item", "user", "feature"]
    what: int | str  # the index or the name
    effect: float  # its contribution to the prediction, in rating units


@runtime_checkable
class FoldsIn(Protocol):
    """A model that can add a user who was not in the training set, from a few ratings, without a refit."""

    def with_user(self, item_idx: IntArray, ratings: FloatArray) -> Self:
        """Return a model with one more user, whose index is the number of users so far; do not change this one.

        `item_idx` and `ratings` are the new user's, (n_ratings,) each. All that was learned about items and other
        users stays fixed; the new user's parameters are those that the fit would choose given the rest. Without
        ratings, the new user is cold.

        Raises:
            CannotFoldInError: the model's current options rule it out.
        """
        ...


@runtime_checkable
class KnowsUncertainty(Protocol):
    """A model that estimates how uncertain its predictions are."""

    def predict_std(self, user_idx: IntArray, item_idx: IntArray) -> FloatArray:
        """Return the standard deviation of each predicted rating, in rating units: (n_pairs,)."""
        ...


@runtime_checkable
class KnowsTime(Protocol):
    """A model that can use the time of each rating; it gets timestamps only if its option `uses_time` is set.

    A model that is also `KnowsUncertainty` may have a method `predict_std_at` with the parameters of `predict_at`.
    """

    uses_time: bool  # an option of the model

    def predict_at(self, user_idx: IntArray, item_idx: IntArray, timestamps: IntArray) -> FloatArray:
        """Predict the ratings of pairs at these times, in seconds since 1970: (n_pairs,) finite floats."""
        ...


@runtime_checkable
class GivesReasons(Protocol):
    """A model that can explain its predictions."""

    def reasons(self, user: int, item: int) -> list[Reason]:
        """List the contributions to the prediction, the largest effect first.

        The effects add up to the difference that they make: the prediction minus what it would be without them,
        which for most models is the sum of mean and biases.
        """
        ...


@runtime_checkable
class FitsMembers(Protocol):
    """Fits other models inside its own fit, and cuts the validation sets of those that stop early."""

    early_stopping_split: Split | None  # set before each fit of a run; None: fitted directly, without a protocol


def training_sets(
    model: RatingModel, train: RatingDataset, early_stopping_split: Split
) -> tuple[RatingDataset, RatingDataset | None]:
    """Return what the model's `fit` takes: all of `train`, less the validation set of a model with `uses_valid`.

    `early_stopping_split` cuts that validation set from `train`, and those of a model's members.
    """
    if isinstance(model, FitsMembers):
        model.early_stopping_split = early_stopping_split
    if not model.uses_valid:
        return train, None
    ((rows, held_out),) = early_stopping_split(train)
    return train.take(rows), train.take(held_out)


def uses_test_timestamps(model: RatingModel, scored: RatingDataset) -> bool:
    """Return whether the model can use timestamps, its option is set, and these rows have them."""
    return isinstance(model, KnowsTime) and model.uses_time and scored.timestamps is not None


def predict_dataset(model: RatingModel, scored: RatingDataset) -> FloatArray:
    """Predict the rows' ratings from their pairs and, if the model uses them, their timestamps: (n_ratings,)."""
    return predict_when(model, scored.user_idx, scored.item_idx, scored.timestamps)


def predict_when(model: RatingModel, user_idx: IntArray, item_idx: IntArray, timestamps: IntArray | None) -> FloatArray:
    """Predict the ratings of pairs, with `timestamps` if they are given and the model uses them: (n_pairs,)."""
    if timestamps is not None and isinstance(model, KnowsTime) and model.uses_time:
        return model.predict_at(user_idx, item_idx, timestamps)
    return model.predict(user_idx, item_idx)


def predict_std_rows(model: RatingModel, scored: RatingDataset) -> FloatArray | None:
    """Return the standard deviation of each row's prediction, (n_ratings,); None if the model has no such estimate."""
    by_time = uses_test_timestamps(model, scored)
    predict_std = getattr(model, "predict_std_at" if by_time else "predict_std", None)
    if predict_std is None:
        return None
    timestamps = (scored.timestamps,) if by_time else ()
    return np.asarray(predict_std(scored.user_idx, scored.item_idx, *timestamps))


def with_extra_user(model: Model, item_idx: IntArray, **learned: Any) -> Model:
    """Copy the model, replace the learned attributes that are given, and add one user to `known_users_`.

    `item_idx` are the items that the user rated; without any, the user is cold.
    """
    extended = copy.copy(model)
    vars(extended).update(learned)
    extended.known_users_ = np.append(model.known_users_, len(item_idx) > 0)
    return extended


def sorted_reasons(kind: Literal["item", "user", "feature"], what: list[Any], effects: FloatArray) -> list[Reason]:
    """Make reasons of the nonzero effects, the largest first; equal effects keep their order.

    Effects are compared in multiples of `ROUNDING_STEP`, since their last digits depend on the processor.
    """
    steps = np.rint(effects / (ROUNDING_STEP * (np.abs(effects).max(initial=0.0) or 1.0)))
    order = [number for number in np.argsort(-steps, kind="stable").tolist() if steps[number] != 0]
    return [Reason(kind, what[number], float(effects[number])) for number in order]
