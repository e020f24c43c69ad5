"""A saved model, ready to be asked: loaded and checked, with its catalog."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from recbench.array_types import FloatArray, IntArray
from recbench.capabilities import CannotFoldInError, FoldsIn, KnowsUncertainty
from recbench.contracts import RatingModel
from recbench.protocol.scoring import PAIRS_AT_ONCE
from recbench.registry.registry import installed
from recbench.serving.catalog import Catalog
from recbench.serving.model_folder import load as load_model
from recbench.serving.model_folder import load_beside, read_about
from recbench.usage import InputError, UsageError


@dataclass(frozen=True, eq=False)
class LoadedModel:
    """A fitted model under its registered name, with what is known of users and items."""

    kind: str
    model: RatingModel
    catalog: Catalog
    newcomer: tuple[IntArray, FloatArray] | None = None  # a person's items and ratings, after the last user

    def predict(self, user_idx: IntArray, item_idx: IntArray) -> FloatArray:
        """The ratings as the model has them, not clipped: two above the scale are still better and worse."""
        return self._in_blocks(self.model.predict, user_idx, item_idx)

    def std(self, user_idx: IntArray, item_idx: IntArray) -> FloatArray | None:
        """Standard deviation of each rating; None if the model knows none."""
        if not isinstance(self.model, KnowsUncertainty):
            return None
        return self._in_blocks(self.model.predict_std, user_idx, item_idx)

    def clipped(self, ratings: FloatArray) -> FloatArray:
        """The ratings within the scale."""
        return ratings.clip(*self.catalog.rating_scale)

    def ratings_of(self, user: int) -> tuple[IntArray, FloatArray]:
        """What the user rated: items, ascending, and ratings."""
        if self.newcomer is not None and user == self.newcomer_idx:
            return self.newcomer
        return self.catalog.ratings_of(user)

    @property
    def newcomer_idx(self) -> int:
        """Index of the person who was taken in."""
        return len(self.model.known_users_) - 1

    def with_newcomer(self, item_idx: IntArray, ratings: FloatArray) -> LoadedModel:
        """The same with one more person, taken in without a refit.

        Raises:
            UsageError: the model can't do that.
        """
        try:
            if not isinstance(self.model, FoldsIn):
                raise CannotFoldInError(f"train one of these: {', '.join(_that_fold_in())}")
            model = self.model.with_user(item_idx, ratings)
        except CannotFoldInError as error:
            raise UsageError(f"model {self.kind!r} can't take in a person it was not trained with; {error}") from error
        order = np.argsort(item_idx)
        return replace(self, model=model, newcomer=(item_idx[order], ratings[order]))

    def _in_blocks(self, ask: Any, user_idx: IntArray, item_idx: IntArray) -> FloatArray:
        answers = np.empty(len(user_idx))
        for start in range(0, len(user_idx), PAIRS_AT_ONCE):
            some = slice(start, start + PAIRS_AT_ONCE)
            answers[some] = ask(user_idx[some], item_idx[some])
        return answers


def load(folder: Path) -> LoadedModel:
    """The model that `recbench train` left in the folder.

    Raises:
        UsageError: there is none, it is damaged, or it is of another version or an unknown kind.
        LookupError: no plugin registers its kind.
    """
    registry = installed()
    try:
        text = read_about(folder)
        _check_versions(folder, text["kind"], text["about"].get("versions", {}))
        model = load_model(folder, lambda kind: registry.find("model", kind).factory)
        return LoadedModel(text["kind"], model, _catalog(folder))
    except InputError:
        raise
    except (OSError, ValueError) as error:
        raise UsageError(str(error)) from error


def versions_of(kind: str) -> dict[str, str]:
    """What a saved model depends on: recbench and the distribution that brings the model."""
    entry = installed().find("model", kind)
    return {"recbench": version("recbench"), entry.distribution: entry.version}


def _check_versions(folder: Path, kind: str, then: Mapping[str, str]) -> None:
    for name, now in versions_of(kind).items():
        if then.get(name) != now:
            raise UsageError(
                f"the model in {folder} was saved with {name} {then.get(name, 'of no known version')}, and {now} is "
                f"installed; train it again, or install what it was saved with"
            )


def _catalog(folder: Path) -> Catalog:
    try:
        return Catalog.from_arrays(load_beside(folder))
    except KeyError as error:
        raise ValueError(f"the model in {folder} has no catalog ({error} is missing); save it by train") from error


def _that_fold_in() -> list[str]:
    return [name for name, entry in installed().entries["model"].items() if hasattr(entry.factory, "with_user")]
