"""A dataset with a file of its own, read from inside the package."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from importlib.resources import files

import numpy as np

from recbench import RatingDataset, hookimpl


def load_cafes(
    min_ratings: int = 1,  # cafes with fewer ratings are left out
) -> RatingDataset:
    """Invented ratings of cafes, whole stars from 1 to 5; items have the cafe's name and what it serves.

    Raises:
        ValueError: no cafe has `min_ratings` ratings.
    """
    text = files("recbench_cafe").joinpath("ratings.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    counts: dict[str, int] = {}
    for row in rows:
        counts[row["cafe"]] = counts.get(row["cafe"], 0) + 1
    rows = [row for row in rows if counts[row["cafe"]] >= min_ratings]
    if not rows:
        raise ValueError(f"no cafe has {min_ratings} ratings; set min_ratings to {max(counts.values())} or less")
    guests, user_idx = np.unique([row["guest"] for row in rows], return_inverse=True)
    cafes, item_idx = np.unique([row["cafe"] for row in rows], return_inverse=True)
    serves = {row["cafe"]: row["serves"] for row in rows}
    return RatingDataset(
        "cafes",
        user_idx,
        item_idx,
        np.array([float(row["stars"]) for row in rows]),
        guests,
        cafes,
        (1, 5),
        np.array([int(row["time"]) for row in rows]),
        {"title": cafes, "genres": np.array([serves[cafe] for cafe in cafes.tolist()])},
    )


@hookimpl
def register_datasets() -> Mapping[str, Callable[..., RatingDataset]]:
    """`dataset=cafes`."""
    return {"cafes": load_cafes}
