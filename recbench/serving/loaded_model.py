"""A saved model that is loaded, checked and ready to predict, with its catalog."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from recbench.array_types import FloatArray, IntArray
from recbench.capabilities import CannotFoldInError, FoldsIn, KnowsUncertainty
from recbench.contracts import RatingModel
from recbench.protocol.scoring import PAIRS_AT_ONCE
from recbench.registry.registry import installed
from recbench.serving.catalog import Catalog
from recbench.serving.model_folder import load as load_model
from recbench.serving.model_folder import load_beside, read_about
from recbench.serving.model_versions import check_versions
from recbench.usage import InputError, UsageError

PairFunction = Callable[[IntArray, IntArray], FloatArray]


@dataclass(frozen=True, eq=False)
class LoadedModel:
    """A fitted model with its registered name and its catalog of users and items."""

    kind: str
    model: RatingModel
    catalog: Catalog
    new_user: tuple[IntArray, FloatArray] | None = None  # items and ratings of a folded-in user, after the last one

    def predict(self, user_idx: IntArray, item_idx: IntArray) -> FloatArray:
        """Return the predictions without clipping, so that those above the scale still have an order."""
        return _in_blocks(self.model.predict, user_idx, item_idx)

    def std(self, user_idx: IntArray, item_idx: IntArray) -> FloatArray | None:
        """Return the standard deviation of each prediction; None if the model has none."""
        if not isinstance(self.model, KnowsUncertainty):
            return None
        return _in_blocks(self.model.predict_std, user_idx, item_idx)

    def clipped(self, ratings: FloatArray) -> FloatArray:
        """Return the ratings, clipped to the rating scale."""
        return ratings.clip(*self.catalog.rating_scale)

    def ratings_of(self, user: int) -> tuple[IntArray, FloatArray]:
        """Return the items that the user rated, ascending, and the ratings."""
        if self.new_user is not None and user == self.new_user_idx:
            return self.new_user
        return self.catalog.ratings_of(user)

    @property
    def new_user_idx(self) -> int:
        """Index of the folded-in user."""
        return len(self.model.known_users_) - 1

    def with_new_user(self, item_idx: IntArray, ratings: FloatArray) -> LoadedModel:
        """Return the same model with one more user, folded in without a refit.

        Raises:
            UsageError: the model does not support fold-in.
        """
        try:
            if not isinstance(self.model, FoldsIn):
                raise CannotFoldInError(f"train one of these: {', '.join(_that_fold_in())}")
            model = self.model.with_user(item_idx, ratings)
        except CannotFoldInError as error:
            raise UsageError(f"model {self.kind!r} can't fold in a new user", str(error)) from error
        order = np.argsort(item_idx)
        return replace(self, model=model, new_user=(item_idx[order], ratings[order]))


def load(folder: Path) -> LoadedModel:
    """Load the model that `recbench train` saved to the folder.

    Raises:
        UsageError: the folder has no model, it is damaged, or another version saved it.
        UnknownNameError: no installed plugin registers the model's name.
    """
    registry = installed()
    try:
        text = read_about(folder)
        check_versions(folder, text["kind"], text["about"].get("versions", {}))
        model = load_model(folder, lambda kind: registry.find("model", kind).factory)
        return LoadedModel(text["kind"], model, _catalog(folder))
    except InputError:
        raise
    except (OSError, ValueError) as error:
        raise UsageError(str(error)) from error


def _in_blocks(predict: PairFunction, user_idx: IntArray, item_idx: IntArray) -> FloatArray:
    values = np.empty(len(user_idx))
    for start in range(0, len(user_idx), PAIRS_AT_ONCE):
        block = slice(start, start + PAIRS_AT_ONCE)
        values[block] = predict(user_idx[block], item_idx[block])
    return values


def _catalog(folder: Path) -> Catalog:
    try:
        return Catalog.from_arrays(load_beside(folder))
    except KeyError as error:
        raise UsageError(f"the model in {folder} has no catalog ({error} is missing)", "save it by train") from error


def _that_fold_in() -> list[str]:
    return [name for name, entry in installed().entries["model"].items() if hasattr(entry.factory, "with_user")]
