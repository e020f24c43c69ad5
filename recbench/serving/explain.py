"""Predictions and their reasons, as a table and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from recbench.array_types import IntArray
from recbench.capabilities import GivesReasons, Reason
from recbench.results.tables import aligned
from recbench.serving.loaded_model import LoadedModel

N_REASONS = 3  # of a prediction, in JSON
N_REASONS_IN_TABLE = 2  # fewer, so that lines stay short
MIN_EFFECT = 0.005  # of a reason, in rating units: less is 0.00 in a table


@dataclass(frozen=True)
class PredictionView:
    """One predicted rating, with what explains it."""

    user: Any  # outside id; None: a new user
    item: Any  # outside id
    title: str
    rating: float  # within the scale
    std: float | None = None
    because: tuple[dict[str, Any], ...] = ()
    note: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the fields that are set, by name."""
        fields = {"user": self.user, "item": self.item, "title": self.title, "rating": round(self.rating, 4)}
        fields |= {"std": round(self.std, 4)} if self.std is not None else {}
        fields |= {"because": list(self.because)} if self.because else {}
        return fields | ({"note": self.note} if self.note else {})


def predictions(model: LoadedModel, user: int, items: IntArray) -> list[PredictionView]:
    """Return the user's predicted ratings of these items, with deviations and reasons where the model has them."""
    users = np.full(len(items), user, np.int32)
    ratings = model.clipped(model.predict(users, items))
    std = model.std(users, items)
    known = model.catalog
    return [
        PredictionView(
            known.user_ids[user].item() if user < known.n_users else None,
            known.item_ids[item].item() if item < known.n_items else None,
            known.title(item),
            float(ratings[number]),
            None if std is None else float(std[number]),
            tuple(_because(model, user, item)),
        )
        for number, item in enumerate(items.tolist())
    ]


def as_lines(views: Sequence[PredictionView], *, numbered: bool = False) -> list[str]:
    """Return a table without empty columns."""
    columns: dict[str, list[str]] = {
        "": [f"{number}" if numbered else "" for number in range(1, len(views) + 1)],
        "item": ["?" if each.item is None else str(each.item) for each in views],
        "title": [each.title for each in views],
        "rating": [f"{each.rating:.2f}" for each in views],
        "±": ["" if each.std is None else f"{each.std:.2f}" for each in views],
        "because": ["; ".join(map(_in_words, each.because[:N_REASONS_IN_TABLE])) for each in views],
        "note": [each.note for each in views],
    }
    shown = {name: cells for name, cells in columns.items() if any(cells)}
    return aligned([list(shown), *map(list, zip(*shown.values(), strict=True))])


def _because(model: LoadedModel, user: int, item: int) -> list[dict[str, Any]]:
    """Return the reasons for the item, the strongest first, with ids and titles in place of indices."""
    if not isinstance(model.model, GivesReasons):
        return []
    found = [reason for reason in model.model.reasons(user, item) if reason.effect >= MIN_EFFECT]
    return [_outside(model, user, item, reason) for reason in found[:N_REASONS]]


def _outside(model: LoadedModel, user: int, item: int, reason: Reason) -> dict[str, Any]:
    effect: dict[str, Any] = {"effect": round(reason.effect, 4)}
    if reason.kind == "feature":
        return {"feature": reason.what} | effect
    other = int(reason.what)
    known = model.catalog
    if reason.kind == "item":
        title = known.title(other)
        return {"item": known.item_ids[other].item(), "title": title} | effect | _rating(model, user, other)
    return {"user": known.user_ids[other].item()} | effect | _rating(model, other, item)


def _rating(model: LoadedModel, user: int, item: int) -> dict[str, float]:
    items, ratings = model.ratings_of(user)
    at = int(np.searchsorted(items, item))
    return {"rating": float(ratings[at])} if at < len(items) and items[at] == item else {}


def _in_words(reason: dict[str, Any]) -> str:
    rated = f" {reason['rating']:g}" if "rating" in reason else ""
    if "feature" in reason:
        return f"{reason['feature']} {reason['effect']:+.2f}"
    if "item" in reason:
        return f"{reason['title'] or reason['item']} rated{rated}"
    return f"user {reason['user']} gave{rated}"
