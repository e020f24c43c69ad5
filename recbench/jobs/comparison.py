"""Comparison of a table's rows with the best row, on the test ratings that all of them predicted."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from recbench.array_types import FloatArray
from recbench.jobs.stored_results import Result
from recbench.metrics import rmse
from recbench.protocol.folds import FoldData
from recbench.results.first_metric import round_score
from recbench.results.rows import Row, comparison_key
from recbench.results.significance import Difference, compare_with_best, corrected_t, holm, mark_ties

MAX_ROWS = 100  # rows that are compared with the best; ties are of no use in a longer table


class _Ranked(NamedTuple):
    """How one result compares with the best of several."""

    number: int  # position among the results passed
    vs_best: Difference
    tied: bool
    p_value_folds: float | None  # Holm-adjusted; None for the best and for a single fold


def add_comparisons(rows: Sequence[Row], results: Sequence[Result]) -> list[Row]:
    """Return the rows, each compared with the row of lowest RMSE on the same test ratings.

    `results` are those behind the rows; their validation scores give the number of equivalent candidates. A row
    without predictions is not compared. Of several seeds, the first one is compared. Of rows with an equally low
    RMSE, the first one is the best; the others are tied with it.
    """
    compared = list(rows)
    # by identity: two model objects may have equal records but different predictions
    result_of = {id(result.record): result for result in results}
    groups: dict[tuple[str, str], list[int]] = defaultdict(list)
    for number, row in enumerate(rows):
        if row.scores and id(row.record) in result_of:
            groups[(row.record.provenance.data["digest"], row.record.provenance.split_digest)].append(number)
    for group in groups.values():
        ranked = rank_against_best([result_of[id(rows[number].record)] for number in group])
        for rank, each in enumerate(ranked):
            number = group[each.number]
            compared[number] = replace(
                compared[number],
                is_best=rank == 0,
                vs_best=each.vs_best,
                tied_with_best=each.tied,
                p_value_folds=each.p_value_folds,
            )
    ties = count_ties(results)
    return [
        replace(row, n_equivalent_candidates=ties[(*comparison_key(row.record), row.record.job.model)])
        if row.scores and not row.is_baseline
        else row
        for row in compared
    ]


def count_ties(results: Sequence[Result]) -> Counter[tuple[str, ...]]:
    """Return, by dataset, split and model, how many candidates are not significantly worse than the best one.

    Candidates are compared on their validation sets; the best one itself does not count.
    """
    groups: dict[tuple[str, ...], list[Result]] = defaultdict(list)
    for result in results:
        record = result.record
        if record.job.scored_on == "valid" and record.outcome.status == "ok":
            groups[(*comparison_key(record), record.job.model)].append(result)
    ties: Counter[tuple[str, ...]] = Counter()
    for key, candidates in groups.items():
        of_one_seed = [each for each in candidates if each.record.job.seed == candidates[0].record.job.seed]
        ties[key] = sum(each.tied for each in rank_against_best(of_one_seed))
    return ties


def rank_against_best(results: Sequence[Result]) -> list[_Ranked]:
    """Return how the results with predictions compare with the best of them, best first.

    All must have been scored on the same rows; those with equal RMSE keep their order. The list is empty if fewer
    than two have predictions, or the ratings are not available.
    """
    known = {number: folds for number, each in enumerate(results) if (folds := each.predictions()) is not None}
    known = dict(list(known.items())[:MAX_ROWS])
    if len(known) < 2:
        return []
    try:
        data = results[next(iter(known))].folds()
    except (LookupError, ValueError, OSError):
        return []  # the scores remain valid, but the rows can no longer be compared
    ratings = np.concatenate([fold.scored.ratings for fold in data])
    users = np.concatenate([fold.scored.user_idx for fold in data])
    errors = {number: round_score(rmse(ratings, np.concatenate(folds))) for number, folds in known.items()}
    order = sorted(known, key=lambda number: errors[number])
    differences = compare_with_best(ratings, [np.concatenate(known[number]) for number in order], users)
    p_values = _over_folds([known[number] for number in order], data)
    return [_Ranked(*each) for each in zip(order, differences, mark_ties(differences), p_values, strict=True)]


def _over_folds(predictions: Sequence[Sequence[FloatArray]], data: Sequence[FoldData]) -> list[float | None]:
    """Return the Holm-adjusted p-value of each result's difference to the first over the folds; None for one fold."""
    if len(data) < 2:
        return [None] * len(predictions)
    scores = np.array(
        [
            [rmse(fold.scored.ratings, predicted) for fold, predicted in zip(data, folds, strict=True)]
            for folds in predictions
        ]
    )
    n_train = sum(fold.train.n_ratings for fold in data)
    n_scored = sum(fold.scored.n_ratings for fold in data)
    p_values = [corrected_t(row - scores[0], n_train, n_scored).p_value for row in scores[1:]]
    return [None, *holm(p_values).tolist()]
