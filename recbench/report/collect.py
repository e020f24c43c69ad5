"""The contents of the report for each dataset and split, collected from the records of a sweep and the store."""

from __future__ import annotations

import json
import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from recbench.array_types import FloatArray
from recbench.jobs.comparison import add_comparisons
from recbench.jobs.stored_results import load_scored_folds, stored_results
from recbench.protocol.folds import FoldData
from recbench.results.breakdown import BreakdownRow, pooled_breakdown
from recbench.results.first_metric import first_metric, round_score
from recbench.results.records import Record
from recbench.results.rows import Row, comparison_key, rows_of
from recbench.results.search_trial import searched_ranges
from recbench.results.store import Store
from recbench.tuning.baselines import is_baseline

MAX_BROKEN_DOWN = 6  # rows besides the bias baseline: more columns than that are hard to read


@dataclass(frozen=True)
class Candidate:
    """A candidate that was scored on the validation set."""

    options: Mapping[str, Any]  # without the seed
    score: float  # on the validation set, averaged over seeds


@dataclass(frozen=True)
class Search:
    """The candidates of one model, in the order in which they ran."""

    model: str
    metric: str
    greater_is_better: bool
    candidates: Sequence[Candidate]
    ranges: Mapping[str, Sequence[Any]]  # low, high, whether on a log scale; of the options that were searched

    @property
    def best(self) -> int:
        """Return the position of the candidate that scored best, the first of equal ones."""
        scores = [round_score(each.score if self.greater_is_better else -each.score) for each in self.candidates]
        return scores.index(max(scores))

    @property
    def varied(self) -> list[str]:
        """Return the options that had more than one value."""
        names = dict.fromkeys(name for each in self.candidates for name in each.options)
        return [name for name in names if len({json.dumps(each.options.get(name)) for each in self.candidates}) > 1]


@dataclass(frozen=True)
class Comparison:
    """Everything about one split of one dataset."""

    records: Sequence[Record]
    rows: Sequence[Row]  # of these; best first, those that failed last
    searches: Sequence[Search]
    breakdowns: Mapping[str, Sequence[BreakdownRow]]  # by the row's name: of the best rows, then of the bias baseline
    missing: str  # why there are no intervals and no breakdown; empty if there are


def comparisons(records: Sequence[Record], store: Store) -> list[Comparison]:
    """Return one comparison per dataset and split."""
    rows = rows_of(records, is_baseline)
    known = list(dict.fromkeys(comparison_key(row.record) for row in rows if row.ok))
    groups: dict[tuple[str, ...], list[Row]] = defaultdict(list)
    for row in rows:
        # a job that failed early does not know its dataset's own name
        stray = comparison_key(row.record) not in known and len(known) == 1
        groups[known[0] if stray else comparison_key(row.record)].append(row)
    return [
        _comparison(group, [each for each in records if comparison_key(each) == where], store)
        for where, group in groups.items()
    ]


def names_of(rows: Sequence[Row]) -> list[str]:
    """Return the rows' names: the model, with its options if it has several rows."""
    times = Counter(row.record.job.model for row in rows)
    return [
        row.record.job.model if times[row.record.job.model] == 1 else f"{row.record.job.model} {row.label()}".strip()
        for row in rows
    ]


def _comparison(rows: list[Row], records: Sequence[Record], store: Store) -> Comparison:
    tested = [row for row in rows if row.scores]
    kept = {
        name: store.predictions(row.record.provenance.key) for name, row in zip(names_of(tested), tested, strict=True)
    }
    searches = _searches(records)
    if not any(kept.values()):
        return Comparison(records, rows, searches, {}, "no predictions are in the store" if tested else "")
    try:
        folds = load_scored_folds(next(row.record for row in tested))
    except (LookupError, ValueError, OSError) as error:  # without the ratings the records still make a table
        return Comparison(records, rows, searches, {}, f"the ratings can't be read again: {error}")
    models = [name for name, row in zip(kept, tested, strict=True) if not row.is_baseline][:MAX_BROKEN_DOWN]
    bias = [name for name, row in zip(kept, tested, strict=True) if row.is_baseline and row.record.job.kind == "bias"]
    breakdowns = {name: _breakdown(folds, predicted) for name in models + bias if (predicted := kept[name]) is not None}
    return Comparison(records, add_comparisons(rows, stored_results(records, store)), searches, breakdowns, "")


def _breakdown(folds: Sequence[FoldData], predictions: Sequence[FloatArray]) -> list[BreakdownRow]:
    return pooled_breakdown([(*fold, predicted) for fold, predicted in zip(folds, predictions, strict=True)])


def _searches(records: Sequence[Record]) -> list[Search]:
    """Return the models that had more than one candidate."""
    models: dict[str, dict[str, list[Record]]] = defaultdict(lambda: defaultdict(list))
    for record in records:
        if record.outcome.status == "ok" and record.job.scored_on == "valid":
            models[record.job.model][json.dumps(_unseeded(record), sort_keys=True)].append(record)
    searches = [_search(model, list(groups.values())) for model, groups in models.items()]
    return [search for search in searches if len(search.candidates) > 1]


def _search(model: str, groups: Sequence[Sequence[Record]]) -> Search:
    first = groups[0][0]
    metric, score = first_metric(first.outcome.scores)
    candidates = [
        Candidate(_unseeded(group[0]), fmean(record.outcome.scores[metric].mean for record in group))
        for group in groups
    ]
    candidates = [each for each in candidates if math.isfinite(each.score)]
    ranges = searched_ranges(first.job.config)
    return Search(model, metric, score.greater_is_better, candidates, ranges)


def _unseeded(record: Record) -> dict[str, Any]:
    return {name: value for name, value in record.job.options.items() if name != "seed"}
