"""Comparing the rows of a table with the best one, on the very rows that all of them predicted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from recbench import jobs, runner
from recbench.contracts import FloatArray, IntArray, RatingDataset
from recbench.records import Record
from recbench.rows import Row
from recbench.statistics import compare_with_best, letters
from recbench.store import Store

MAX_ROWS = 100  # compared with the best: beyond, a table is no place to look for ties


def compared(rows: Sequence[Row], store: Store) -> list[Row]:
    """The rows, those scored on the same test rows compared with the one of lowest RMSE among them.

    A row stays as it is where its predictions are not kept. Of several seeds the first stands for all.
    """
    groups: dict[tuple[str, str], list[int]] = defaultdict(list)
    predictions: dict[int, FloatArray] = {}
    for number, row in enumerate(rows):
        kept = store.predictions(row.record.key) if row.scores else None
        if kept is not None:
            predictions[number] = np.concatenate(kept)
            groups[(row.record.data["digest"], row.record.split_digest)].append(number)
    told = list(rows)
    for group in groups.values():
        if len(group) > 1:
            _compare(told, group[:MAX_ROWS], predictions)
    return told


def halves_behind(record: Record) -> list[tuple[RatingDataset, RatingDataset]]:
    """What each fold of the record's job trained on and what it scored.

    Raises:
        LookupError, ValueError, OSError: the ratings are not to be had, or not the same any more.
    """
    job = jobs.Job(record.config, record.model, part=record.part)
    parts = jobs.prepare(job)
    if (parts.dataset.digest, runner.split_digest(parts.folds)) != (record.data["digest"], record.split_digest):
        raise ValueError("they have changed since")
    return jobs.halves(job, parts)


def scored_rows(record: Record) -> tuple[FloatArray, IntArray]:
    """Ratings and users of the rows that the record's job was scored on, fold after fold.

    Raises:
        LookupError, ValueError, OSError: as for `halves_behind`.
    """
    scored = [scored for _, scored in halves_behind(record)]
    return np.concatenate([each.ratings for each in scored]), np.concatenate([each.user_idx for each in scored])


def _compare(rows: list[Row], group: list[int], predictions: dict[int, FloatArray]) -> None:
    """Fill in the gap and the letter of these rows."""
    try:
        ratings, users = scored_rows(rows[group[0]].record)
    except (LookupError, ValueError, OSError):
        return  # the ratings are gone or have changed: the scores stand, the rows can't be compared any more
    errors = {number: float(np.mean((ratings - predictions[number]) ** 2)) for number in group}
    best_first = sorted(group, key=lambda number: errors[number])
    gaps = compare_with_best(ratings, [predictions[number] for number in best_first], users)
    for number, gap, letter in zip(best_first, gaps, letters(gaps), strict=True):
        rows[number] = replace(rows[number], gap=gap, letter=letter)
