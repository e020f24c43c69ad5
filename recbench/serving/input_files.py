"""The files that `predict` and `recommend` read: pairs, and a new user's ratings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from recbench.array_types import FloatArray, IntArray
from recbench.datasets.tabular.columns import AUTO, ColumnError, find_columns, open_table
from recbench.datasets.tabular.compressed import file_source
from recbench.serving.catalog import Catalog
from recbench.usage import UsageError

N_NAMED = 5  # ids that a message lists


def read_pairs(path: Path) -> tuple[list[str], list[str]]:
    """Read the ids of users and items from a delimited text with a header line.

    Raises:
        UsageError: the file does not exist or does not hold pairs.
    """
    ids, _ = _read(path, ["user", "item"], [], "a user and an item")
    return ids[0], ids[1]


def read_ratings(path: Path, known: Catalog) -> tuple[IntArray, FloatArray, list[str]]:
    """Read a new user's ratings: item indices, ratings, and the ids of unknown items, which are left out.

    Raises:
        UsageError: the file does not exist, or does not hold one rating per item, of known items, on the scale.
    """
    (ids,), ratings = _read(path, ["item"], ["rating"], "an item and a rating")
    items = known.items(ids)
    unknown = [name for name, item in zip(ids, items.tolist(), strict=True) if item == known.n_items]
    if len(unknown) == len(ids):
        problem = f"{path} has no item that the model knows: {_some(unknown)}"
        raise UsageError(problem, f"give ids like {_like(known)}")
    low, high = known.rating_scale
    wrong = np.flatnonzero(~((ratings >= low) & (ratings <= high)))
    if len(wrong):
        first = f"{ratings[wrong[0]]:g} for item {ids[wrong[0]]!r}"
        problem = f"{path} has {len(wrong)} ratings outside the scale {low:g} to {high:g}, first {first}"
        raise UsageError(problem, "correct or remove them")
    rated, counts = np.unique(items[items < known.n_items], return_counts=True)
    if (counts > 1).any():
        twice = str(known.item_ids[rated[counts > 1][0]])
        raise UsageError(f"{path} rates item {twice!r} {counts.max()} times", "keep one rating per item")
    kept = items < known.n_items
    return items[kept], ratings[kept].astype(np.float32), unknown


def left_out(unknown: Sequence[str], path: Path) -> str:
    """Return the note that some items of the file are unknown."""
    return f"left out of {path}, because the model does not know them: {_some(unknown)}"


def _read(path: Path, roles: list[str], numbers: list[str], needed: str) -> tuple[list[list[str]], FloatArray]:
    try:
        table = open_table(file_source(path, needed), AUTO, None, "utf-8", needed)
        columns = find_columns(table.source.label, table.columns, dict.fromkeys(roles + numbers, AUTO))
        labels, values = table.read([columns[role] for role in roles], [columns[number] for number in numbers])
    except ColumnError as error:  # its advice names options of `ratings_file`, which commands do not have
        raise UsageError(error.problem, "write a header line like user,item,rating") from error
    except (OSError, ValueError) as error:
        raise UsageError(str(error)) from error
    texts = [np.array(distinct, object)[codes].tolist() for distinct, codes in (labels[columns[r]] for r in roles)]
    return texts, values[columns[numbers[0]]] if numbers else np.zeros(0)


def _some(ids: Sequence[str]) -> str:
    return ", ".join(map(repr, ids[:N_NAMED])) + (", ..." if len(ids) > N_NAMED else "")


def _like(known: Catalog) -> str:
    return ", ".join(map(str, known.item_ids[:3].tolist()))
