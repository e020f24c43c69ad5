"""Stored results: a record, its predictions and the ratings that they predict, each loaded on demand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from recbench.array_types import FloatArray, IntArray
from recbench.config.job_config import JobConfig
from recbench.jobs.job import Job
from recbench.jobs.preparation import load_folds, prepare
from recbench.protocol.folds import FoldData
from recbench.results.records import Record
from recbench.results.store import Store


@dataclass(frozen=True, eq=False)
class Result:
    """A record, and what a comparison needs of it, loaded on demand."""

    record: Record
    predictions: Callable[[], Sequence[FloatArray] | None]  # one array per fold; None: not stored
    folds: Callable[[], Sequence[FoldData]]  # raises LookupError, ValueError or OSError if there are no ratings


def stored_results(records: Sequence[Record], store: Store) -> list[Result]:
    """Return the results of these records: predictions from the store, ratings from their datasets."""
    return [stored_result(record, store) for record in records]


def stored_result(record: Record, store: Store) -> Result:
    """Return the result of this record: predictions from the store, ratings from its dataset."""
    return Result(record, partial(store.predictions, record.provenance.key), partial(load_scored_folds, record))


def load_scored_folds(record: Record) -> list[FoldData]:
    """Return the training set and the scored set of each fold of the record's job.

    Raises:
        LookupError, ValueError, OSError: the ratings are not available, or have changed.
    """
    job = Job(JobConfig.from_plain(record.job.config), record.job.model, scored_on=record.job.scored_on)
    parts = prepare(job)
    provenance = record.provenance
    if (parts.dataset.digest, parts.split_digest) != (provenance.data["digest"], provenance.split_digest):
        raise ValueError("the dataset or its split has changed since the job ran")
    return [load() for load in load_folds(job, parts)]


def scored_rows(record: Record) -> tuple[FloatArray, IntArray]:
    """Return the ratings and the users of the rows that the record's job was scored on, concatenated over the folds.

    Raises:
        LookupError, ValueError, OSError: the ratings are not available, or have changed.
    """
    scored = [fold.scored for fold in load_scored_folds(record)]
    return np.concatenate([each.ratings for each in scored]), np.concatenate([each.user_idx for each in scored])
