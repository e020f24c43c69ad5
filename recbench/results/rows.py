"""Rows: records -> what one line of a table says."""

from __future__ import annotations

import json
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import fmean
from typing import Any

from recbench.results.records import Record, Score
from recbench.results.significance import Difference


@dataclass(frozen=True)
class Row:
    """One line: a candidate on one split of one data set, its seeds averaged."""

    record: Record  # of the first seed
    options: dict[str, Any]  # those that were set, or differ between rows of the same model
    scores: dict[str, Score] = field(default_factory=dict)  # on the test part; empty where it stayed sealed
    valid: Score | None = None  # the first metric on the validation part, where that chose
    n_seeds: int = 1
    fit_seconds: float | None = None
    predict_seconds: float | None = None
    peak_memory_mb: float | None = None
    notes: tuple[str, ...] = ()
    floor: bool = False  # there to be beaten; not somebody's candidate
    is_best: bool = False  # of the rows that were compared with each other
    gap: Difference | None = None  # of its RMSE to the best row's, over the same test rows
    letter: str = ""  # "a" if it can't be told from the best
    p_folds: float | None = None  # of no difference to the best row, from the folds' differences, Holm-adjusted
    n_tied: int = 0  # other candidates of its model that validation can't tell from the one that was chosen

    @property
    def ok(self) -> bool:
        """Whether there are scores."""
        return self.record.status == "ok"

    @property
    def failed(self) -> bool:
        """Whether something went wrong; a candidate that a search stopped has no scores, but did not fail."""
        return self.record.status not in ("ok", "pruned")

    def label(self) -> str:
        """The options as they would be typed."""
        return " ".join(f"{name}={_typed(value)}" for name, value in self.options.items())


def rows_of(records: Sequence[Record], is_floor: Callable[[Record], bool] = lambda _: False) -> list[Row]:
    """The rows, best first within each data set and split, all that failed last.

    Records that differ in nothing but the seed become one row: the mean over the seeds and, from
    two on, their standard deviation. A candidate's validation and test records share a row. A
    floor is noted as one, and so is a row worse than the `bias` floor. Rows with equal scores are
    in the order of their model's name, then of their options' values.
    """
    candidates: dict[tuple[str, ...], list[Record]] = defaultdict(list)
    for number, record in enumerate(records):
        alone = "" if record.status == "ok" else str(number)
        candidates[(*comparison_key(record), record.model, _unseeded(record), alone)].append(record)
    varying = _varying_options(records)
    rows = [_row(group, varying[(*comparison_key(group[0]), group[0].model)]) for group in candidates.values()]
    rows = [replace(row, floor=row.ok and is_floor(row.record)) for row in sorted(rows, key=_rank)]
    bias = {
        comparison_key(row.record): _lower_is_better(_first(row))
        for row in rows
        if row.floor and row.record.kind == "bias"
    }
    opened = openings(rows)
    return [_noted(row, bias.get(comparison_key(row.record)), opened) for row in rows]


def openings(rows: Sequence[Row]) -> Counter[tuple[str, ...]]:
    """How many candidates of each data set, split and model were scored on the test part."""
    return Counter((*comparison_key(row.record), row.record.model) for row in rows if row.scores and not row.floor)


def _row(group: list[Record], varying: set[str]) -> Row:
    tested, validated = _one_a_seed(group, "test"), _one_a_seed(group, "valid")
    records = tested or validated
    first = records[0]
    names = varying | set(first.changed)
    options = {name: value for name, value in _options(first).items() if name in names and name != "seed"}
    if first.status != "ok":
        return Row(first, options, notes=(f"{first.status}: {first.cause}",))
    costs: dict[str, Any] = {
        name: fmean(values) if all(value is not None for value in values) else None
        for name in ("fit_seconds", "predict_seconds", "peak_memory_mb")
        for values in [[getattr(record, name) for record in records]]
    }
    notes = [f"mean of {len(records)} seeds"] if len(records) > 1 else []
    notes += ["told when each rating was given"] if first.uses_time else []
    notes += ["cached"] if all(record.cached for record in group) else []
    valid = next(iter(_averaged(validated).values()), None)
    return Row(first, options, _averaged(tested), valid, len(records), **costs, notes=tuple(notes))


def _one_a_seed(group: Sequence[Record], part: str) -> list[Record]:
    """The latest record of each seed: a run made again, after an edit say, is no replicate."""
    in_time = sorted((record for record in group if record.part == part), key=lambda record: record.created)
    return list({record.seed: record for record in in_time}.values())


def _averaged(records: Sequence[Record]) -> dict[str, Score]:
    """The scores of one record, or those of several seeds averaged."""
    if len(records) < 2:
        return dict(records[0].scores) if records else {}
    return {
        name: Score.over([each.scores[name].mean for each in records], greater_is_better=score.greater_is_better)
        for name, score in records[0].scores.items()
    }


def _options(record: Record) -> Mapping[str, Any]:
    """The options; where folds have their own, the values that occur: 8/16."""
    if not record.by_fold:
        return record.options
    values = {name: list(dict.fromkeys(_typed(each[name]) for each in record.by_fold)) for name in record.options}
    return {name: record.options[name] if len(seen) == 1 else "/".join(seen) for name, seen in values.items()}


def _noted(row: Row, bias: float | None, opened: Counter[tuple[str, ...]]) -> Row:
    notes = list(row.notes)
    if row.floor:
        notes.append("floor")
    elif row.scores and bias is not None and _lower_is_better(_first(row)) > bias:
        notes.append("worse than bias")
    if not row.floor and (times := opened[(*comparison_key(row.record), row.record.model)]) > 1 and row.scores:
        notes.append(f"1 of {times} that opened test")
    return replace(row, notes=tuple(notes))


def _varying_options(records: Sequence[Record]) -> dict[tuple[str, ...], set[str]]:
    """By data set, split and model: the options that do not have one value in all records."""
    values: dict[tuple[str, ...], dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for record in records:
        for name, value in record.options.items():
            values[(*comparison_key(record), record.model)][name].add(json.dumps(value))
    return defaultdict(set, {key: {n for n, seen in by.items() if len(seen) > 1} for key, by in values.items()})


def comparison_key(record: Record) -> tuple[str, str, str]:
    """Where the record stands: the data set's name, the split and the content."""
    return record.dataset, record.split, record.data.get("digest", "")


def _unseeded(record: Record) -> str:
    nodes = record.by_fold or [record.options]
    return json.dumps(
        [{name: value for name, value in node.items() if name != "seed"} for node in nodes], sort_keys=True
    )


def _rank(row: Row) -> tuple[Any, ...]:
    record = row.record
    options = [_ordered(value) for _, value in sorted(record.options.items())]
    scores = _lower_is_better(_first(row)), _lower_is_better(row.valid)
    return (not row.ok, record.dataset, record.split, *scores, record.model, options)


def _ordered(value: Any) -> tuple[bool, float, str]:
    """A key that sorts numbers by their size, before everything else by its text."""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return not is_number, float(value) if is_number else 0.0, _typed(value)


def _first(row: Row) -> Score | None:
    return next(iter(row.scores.values()), None)


def _lower_is_better(score: Score | None) -> float:
    """A score turned so that lower is better; infinity if there is none."""
    if score is None or math.isnan(score.mean):
        return math.inf
    return -score.mean if score.greater_is_better else score.mean


def _typed(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).strip('"')
