"""Comparing the rows of a table with the best one, on the very rows that all of them predicted."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from recbench.array_types import FloatArray, IntArray
from recbench.contracts import RatingDataset
from recbench.jobs.job import Job
from recbench.jobs.preparation import load_folds, prepare
from recbench.metrics import rmse
from recbench.protocol.folds import FoldData
from recbench.results.first_metric import round_score
from recbench.results.records import Record
from recbench.results.rows import Row, comparison_key
from recbench.results.significance import Difference, compare_with_best, corrected_t, holm, mark_ties
from recbench.results.store import Store

MAX_ROWS = 100  # compared with the best: beyond, a table is no place to look for ties

Halves = list[FoldData]  # what each fold trained on and what it scored


class PredictionSource(Protocol):
    """Who has the predictions behind a record, and the rows that they are of."""

    def predictions(self, record: Record) -> Sequence[FloatArray] | None:
        """An array a fold; None if there are none."""

    def halves(self, record: Record) -> Halves:
        """What each fold trained on and what it scored.

        Raises:
            LookupError, ValueError, OSError: the ratings are not to be had.
        """


@dataclass
class StoredPredictions:
    """The store and the ratings on disk."""

    store: Store

    def predictions(self, record: Record) -> Sequence[FloatArray] | None:
        """Those in the store."""
        return self.store.predictions(record.provenance.key)

    def halves(self, record: Record) -> Halves:
        """Those that the record's configuration names."""
        return halves_behind(record)


def add_comparisons(rows: Sequence[Row], records: Sequence[Record], kept: Store | PredictionSource) -> list[Row]:
    """The rows, those scored on the same test rows compared with the one of lowest RMSE among them.

    `records` are those behind the rows; their validation scores tell how sure a model's choice was.
    A row stays as it is where its predictions are not kept. Of several seeds the first stands for all.
    Of rows with an equally low RMSE the first one is the best; the others are tied with it.
    """
    keeper = StoredPredictions(kept) if isinstance(kept, Store) else kept
    told = list(rows)
    groups: dict[tuple[str, str], list[int]] = defaultdict(list)
    for number, row in enumerate(rows):
        if row.scores:
            groups[(row.record.provenance.data["digest"], row.record.provenance.split_digest)].append(number)
    for group in groups.values():
        ranked = _rank_against_best([rows[number].record for number in group], keeper)
        for rank, (place_in_group, vs_best, tied, p_value) in enumerate(ranked):
            number = group[place_in_group]
            told[number] = replace(
                told[number], is_best=rank == 0, vs_best=vs_best, tied_with_best=tied, p_value_folds=p_value
            )
    ties = _count_ties(records, keeper)
    return [
        replace(row, n_equivalent_candidates=ties[(*comparison_key(row.record), row.record.job.model)])
        if row.scores and not row.is_baseline
        else row
        for row in told
    ]


def halves_behind(record: Record) -> Halves:
    """What each fold of the record's job trained on and what it scored.

    Raises:
        LookupError, ValueError, OSError: the ratings are not to be had, or not the same any more.
    """
    job = Job(record.job.config, record.job.model, scored_on=record.job.scored_on)
    parts = prepare(job)
    if (parts.dataset.digest, parts.split_digest) != (
        record.provenance.data["digest"],
        record.provenance.split_digest,
    ):
        raise ValueError("they have changed since")
    return [load() for load in load_folds(job, parts)]


def scored_rows(record: Record) -> tuple[FloatArray, IntArray]:
    """Ratings and users of the rows that the record's job was scored on, fold after fold.

    Raises:
        LookupError, ValueError, OSError: as for `halves_behind`.
    """
    scored = [scored for _, scored in halves_behind(record)]
    return np.concatenate([each.ratings for each in scored]), np.concatenate([each.user_idx for each in scored])


def _count_ties(records: Sequence[Record], keeper: PredictionSource) -> Counter[tuple[str, ...]]:
    """By data set, split and model: how many candidates validation can't tell from the best one."""
    groups: dict[tuple[str, ...], list[Record]] = defaultdict(list)
    for record in records:
        if record.job.scored_on == "valid" and record.outcome.status == "ok":
            groups[(*comparison_key(record), record.job.model)].append(record)
    ties: Counter[tuple[str, ...]] = Counter()
    for key, candidates in groups.items():
        of_one_seed = [each for each in candidates if each.job.seed == candidates[0].job.seed]
        ties[key] = sum(tied for _, _, tied, _ in _rank_against_best(of_one_seed, keeper))
    return ties


def _rank_against_best(
    records: Sequence[Record], keeper: PredictionSource
) -> list[tuple[int, Difference, bool, float | None]]:
    """Return (number, difference, tied, p-value over folds) of each record with stored predictions, best first.

    All were scored on the same rows; those with equal RMSE keep their order. Nothing where fewer than two can be
    compared, or the ratings are gone.
    """
    kept = {number: folds for number, each in enumerate(records) if (folds := keeper.predictions(each)) is not None}
    kept = dict(list(kept.items())[:MAX_ROWS])
    if len(kept) < 2:
        return []
    try:
        halves = keeper.halves(records[next(iter(kept))])
    except (LookupError, ValueError, OSError):
        return []  # the ratings are gone or have changed: the scores stand, the rows can't be compared any more
    scored = [each for _, each in halves]
    ratings = np.concatenate([each.ratings for each in scored])
    errors = {number: round_score(rmse(ratings, np.concatenate(folds))) for number, folds in kept.items()}
    order = sorted(kept, key=lambda number: errors[number])
    gaps = compare_with_best(
        ratings, [np.concatenate(kept[number]) for number in order], np.concatenate([each.user_idx for each in scored])
    )
    p_values = _over_folds([kept[number] for number in order], halves)
    return list(zip(order, gaps, mark_ties(gaps), p_values, strict=True))


def _over_folds(
    predictions: Sequence[Sequence[FloatArray]], halves: Sequence[tuple[RatingDataset, RatingDataset]]
) -> list[float | None]:
    """The Holm-adjusted p-value of each row's difference to the first, fold by fold; None for a single fold."""
    if len(halves) < 2:
        return [None] * len(predictions)
    scores = np.array(
        [[rmse(scored.ratings, fold) for (_, scored), fold in zip(halves, folds, strict=True)] for folds in predictions]
    )
    sizes = [sum(half[part].n_ratings for half in halves) for part in (0, 1)]
    p_values = [corrected_t(row - scores[0], *sizes).p_value for row in scores[1:]]
    return [None, *holm(p_values).tolist()]
