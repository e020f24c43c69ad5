"""Predictions and their reasons in words, and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from recbench.array_types import IntArray
from recbench.capabilities import GivesReasons, Reason
from recbench.results.tables import aligned
from recbench.serving.loaded_model import LoadedModel

N_REASONS, N_IN_WORDS = 3, 2  # that are told of a prediction; in a table, where lines should stay short
LEAST_EFFECT = 0.005  # that a reason must have, in rating units: less is 0.00 in a table


@dataclass(frozen=True)
class PredictionView:
    """One predicted rating with all that is known of it."""

    user: Any  # outside id; None: a newcomer
    item: Any  # outside id
    title: str
    rating: float  # within the scale
    std: float | None = None
    because: tuple[dict[str, Any], ...] = ()
    note: str = ""

    def as_json(self) -> dict[str, Any]:
        """What there is, by name."""
        told = {"user": self.user, "item": self.item, "title": self.title, "rating": round(self.rating, 4)}
        told |= {"std": round(self.std, 4)} if self.std is not None else {}
        told |= {"because": list(self.because)} if self.because else {}
        return told | ({"note": self.note} if self.note else {})


def told_of(served: LoadedModel, user: int, items: IntArray) -> list[PredictionView]:
    """What is known of the user's ratings of these items."""
    users = np.full(len(items), user, np.int32)
    ratings, std = served.clipped(served.predict(users, items)), served.std(users, items)
    known = served.catalog
    return [
        PredictionView(
            known.user_ids[user].item() if user < known.n_users else None,
            known.item_ids[item].item() if item < known.n_items else None,
            known.title(item),
            float(ratings[number]),
            None if std is None else float(std[number]),
            tuple(_because(served, user, item)),
        )
        for number, item in enumerate(items.tolist())
    ]


def as_lines(told: Sequence[PredictionView], *, numbered: bool = False) -> list[str]:
    """A table: columns in which nothing would stand are left out."""
    columns: dict[str, list[str]] = {
        "": [f"{number}" if numbered else "" for number in range(1, len(told) + 1)],
        "item": ["?" if each.item is None else str(each.item) for each in told],
        "title": [each.title for each in told],
        "rating": [f"{each.rating:.2f}" for each in told],
        "±": ["" if each.std is None else f"{each.std:.2f}" for each in told],
        "because": ["; ".join(map(_in_words, each.because[:N_IN_WORDS])) for each in told],
        "note": [each.note for each in told],
    }
    shown = {name: cells for name, cells in columns.items() if any(cells)}
    return aligned([list(shown), *map(list, zip(*shown.values(), strict=True))])


def _because(served: LoadedModel, user: int, item: int) -> list[dict[str, Any]]:
    """The reasons that speak for the item, strongest first, with ids and titles in place of indices."""
    if not isinstance(served.model, GivesReasons):
        return []
    found = [reason for reason in served.model.reasons(user, item) if reason.effect >= LEAST_EFFECT]
    return [_outside(served, user, item, reason) for reason in found[:N_REASONS]]


def _outside(served: LoadedModel, user: int, item: int, reason: Reason) -> dict[str, Any]:
    told: dict[str, Any] = {"effect": round(reason.effect, 4)}
    if reason.kind == "feature":
        return {"feature": reason.what} | told
    other, known = int(reason.what), served.catalog
    if reason.kind == "item":
        return {"item": known.item_ids[other].item(), "title": known.title(other)} | told | _rating(served, user, other)
    return {"user": known.user_ids[other].item()} | told | _rating(served, other, item)


def _rating(served: LoadedModel, user: int, item: int) -> dict[str, float]:
    items, ratings = served.ratings_of(user)
    at = int(np.searchsorted(items, item))
    return {"rating": float(ratings[at])} if at < len(items) and items[at] == item else {}


def _in_words(reason: dict[str, Any]) -> str:
    rated = f" {reason['rating']:g}" if "rating" in reason else ""
    if "feature" in reason:
        return f"{reason['feature']} {reason['effect']:+.2f}"
    if "item" in reason:
        return f"{reason['title'] or reason['item']} rated{rated}"
    return f"user {reason['user']} gave{rated}"
