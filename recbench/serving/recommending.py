"""Recommend items that a user has not rated and that have the highest predicted ratings."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from recbench.array_types import BoolArray, FloatArray, IntArray
from recbench.metrics.ranking import in_rounding_steps
from recbench.progress import track
from recbench.protocol.scoring import PAIRS_AT_ONCE
from recbench.runtime.atomic import write_text
from recbench.serving.explain import PredictionView, predictions
from recbench.serving.input_files import left_out, read_ratings
from recbench.serving.loaded_model import LoadedModel
from recbench.usage import UsageError, relative

MIN_RATINGS = 10  # of a recommended item: items with few ratings top the lists of models with little damping
SCORES_AT_ONCE = 2**21  # users x items, float64: 16 MB


@dataclass(frozen=True)
class Recommendations:
    """The recommended items of one user, best first."""

    title: str  # for whom, and among which items
    items: list[PredictionView]
    notes: list[str]  # what was left out


def for_user(model: LoadedModel, user_id: str, n: int, min_ratings: int) -> Recommendations:
    """Recommend at most `n` items, each with `min_ratings` ratings or more, to a user of the training set.

    Raises:
        UsageError: the model does not know the user.
    """
    user = int(model.catalog.users([user_id])[0])
    if user == model.catalog.n_users:
        known = ", ".join(map(str, model.catalog.user_ids[:3].tolist()))
        problem = f"unknown user {user_id!r} (ids look like {known})"
        raise UsageError(problem, "for a new user pass --ratings FILE.csv")
    return _recommendations(model, user, f"user {user_id}", n, min_ratings)


def for_new_user(model: LoadedModel, ratings_file: Path, n: int, min_ratings: int) -> Recommendations:
    """Recommend at most `n` items, each with `min_ratings` ratings or more, to a new user with these ratings.

    Raises:
        UsageError: the file is not valid, or the model can't fold in a user.
    """
    items, ratings, unknown = read_ratings(ratings_file, model.catalog)
    extended = model.with_new_user(items, ratings)
    notes = [left_out(unknown, ratings_file)] if unknown else []
    return _recommendations(extended, extended.new_user_idx, f"the user of {ratings_file}", n, min_ratings, notes)


def write_for_all(model: LoadedModel, n: int, min_ratings: int, output: Path) -> str:
    """Write at most `n` items for each user of the training set to a CSV file; return a summary."""
    known = model.catalog
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["user", "rank", "item", "title", "rating"])
    users = np.arange(known.n_users, dtype=np.int32)
    allowed = known.n_ratings_of_item >= min_ratings
    for user, items in zip(users.tolist(), top(model, users, n, allowed), strict=True):
        ratings = model.clipped(model.predict(np.full(len(items), user, np.int32), items))
        rows: list[list[Any]] = [
            [known.user_ids[user], rank, known.item_ids[item], known.title(item), f"{rating:.4f}"]
            for rank, (item, rating) in enumerate(zip(items.tolist(), ratings.tolist(), strict=True), start=1)
        ]
        table.writerows(rows)
    write_text(output, text.getvalue())
    return f"{n} recommendations for each of {known.n_users:,} users in {relative(output)}"


def top(model: LoadedModel, users: IntArray, n: int, allowed: BoolArray) -> Iterator[IntArray]:
    """Yield for each user the best `n` items that are `allowed` and not rated, best first.

    Of predictions that are equal up to rounding errors, the item with more ratings goes first, then the lower index.
    """
    n_ratings = model.catalog.n_ratings_of_item
    at_once = max(1, SCORES_AT_ONCE // max(1, model.catalog.n_items))
    starts = range(0, len(users), at_once)
    for start in track(starts, "users") if len(starts) > 1 else starts:
        block = users[start : start + at_once]
        rounded = in_rounding_steps(_scores(model, block), model.catalog.rating_scale)
        for user, scores in zip(block.tolist(), rounded, strict=True):
            candidates = allowed.copy()
            candidates[model.ratings_of(user)[0]] = False
            items = np.flatnonzero(candidates)
            if len(items) > n:
                least = np.partition(scores[items], -n)[-n]
                items = items[scores[items] >= least]
            yield items[np.lexsort((items, -n_ratings[items], -scores[items]))][:n]


def _scores(model: LoadedModel, users: IntArray) -> FloatArray:
    """Return the users' predicted ratings of all items: (n_users, n_items)."""
    n_items = model.catalog.n_items
    scores = np.empty((len(users), n_items))
    # all users by some items, so that a model does its work per user, or per item, only a few times
    width = max(1, PAIRS_AT_ONCE // len(users))
    for start in range(0, n_items, width):
        some = np.arange(start, min(start + width, n_items), dtype=np.int32)
        pairs = np.repeat(users, len(some)), np.tile(some, len(users))
        scores[:, some] = model.predict(*pairs).reshape(len(users), len(some))
    return scores


def _recommendations(
    model: LoadedModel, user: int, whom: str, n: int, min_ratings: int, notes: Sequence[str] = ()
) -> Recommendations:
    allowed = model.catalog.n_ratings_of_item >= min_ratings
    (items,) = top(model, np.array([user], np.int32), n, allowed)
    n_rated = len(model.ratings_of(user)[0])
    among = f"{np.count_nonzero(allowed):,} items with ≥ {min_ratings} ratings, excluding {n_rated} already rated"
    return Recommendations(f"{model.kind} for {whom}, among {among}", predictions(model, user, items), list(notes))
