"""Rows: records -> the lines of a table."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from statistics import fmean
from typing import Any

from recbench.results.first_metric import first_score, loss
from recbench.results.records import Record, Score
from recbench.results.significance import Difference


class Flag(Enum):
    """A fact that a reader should know about a row; the value is its note in the table."""

    USES_TEST_TIMESTAMPS = "uses test timestamps"  # so it is not comparable with rows that do not
    CACHED = "cached"  # every result behind the row was in the store already
    BASELINE = "baseline"  # added to compare with, not a candidate
    DOES_NOT_BEAT_BIAS = "does not beat bias"


@dataclass(frozen=True)
class Row:
    """One line of a table: a candidate on one split of one dataset, averaged over its seeds."""

    record: Record  # of the first seed
    options: dict[str, Any]  # those that were set, or differ between rows of the same model
    scores: dict[str, Score] = field(
        default_factory=dict
    )  # on the test set; empty if it was not opened for this candidate
    valid: Score | None = None  # the first metric on the validation set, if candidates were chosen by it
    n_seeds: int = 1
    fit_seconds: float | None = None
    predict_seconds: float | None = None
    peak_memory_mb: float | None = None
    flags: frozenset[Flag] = frozenset()
    n_opened_test: int = 0  # candidates of its model that were scored on the test set
    is_best: bool = False  # of the rows that were compared with each other
    vs_best: Difference | None = None  # of its RMSE to the best row's, over the same test ratings
    tied_with_best: bool = False  # not the best, but not significantly worse
    p_value_folds: float | None = None  # of no difference to the best row, from the folds' differences, Holm-adjusted
    n_equivalent_candidates: int = 0  # of its model: not significantly worse on validation than the one chosen

    @property
    def ok(self) -> bool:
        """Return whether the row has scores."""
        return self.record.outcome.status == "ok"

    @property
    def failed(self) -> bool:
        """Whether there was an error; a candidate that a search stopped early has no scores, but did not fail."""
        return self.record.outcome.status not in ("ok", "pruned")

    @property
    def is_baseline(self) -> bool:
        """Whether the row was added to compare with, and is not a candidate."""
        return Flag.BASELINE in self.flags

    @property
    def notes(self) -> tuple[str, ...]:
        """Return the row's notes, which the last column shows."""
        if not self.ok:
            return (f"{self.record.outcome.status}: {self.record.outcome.cause}",)
        seeds = [f"mean of {self.n_seeds} seeds"] if self.n_seeds > 1 else []
        opened = [f"1 of {self.n_opened_test} candidates scored on test"] if self.n_opened_test > 1 else []
        return (*seeds, *(flag.value for flag in Flag if flag in self.flags), *opened)

    def label(self) -> str:
        """Return the options as they are typed on the command line."""
        return " ".join(f"{name}={_typed(value)}" for name, value in self.options.items())


def rows_of(records: Sequence[Record], is_baseline: Callable[[Record], bool] = lambda _: False) -> list[Row]:
    """Return the rows, best first within each dataset and split, with failed ones last.

    Records that differ only in the seed become one row: the mean over the seeds and, for two or more,
    their standard deviation. A candidate's validation and test records share a row. A
    baseline is flagged, and so is a row worse than the `bias` baseline. Scores are
    compared after rounding by `round_score`; rows with equal test and validation scores are in the order
    of their model's name, then of their options' values.
    """
    candidates: dict[tuple[str, ...], list[Record]] = defaultdict(list)
    for number, record in enumerate(records):
        alone = "" if record.outcome.status == "ok" else str(number)
        candidates[(*comparison_key(record), record.job.model, _unseeded(record), alone)].append(record)
    varying = _varying_options(records)
    rows = [_row(group, varying[(*comparison_key(group[0]), group[0].job.model)]) for group in candidates.values()]
    rows = [
        replace(row, flags=row.flags | {Flag.BASELINE}) if row.ok and is_baseline(row.record) else row
        for row in sorted(rows, key=_rank)
    ]
    bias = {
        comparison_key(row.record): loss(first_score(row.scores))
        for row in rows
        if row.is_baseline and row.record.job.kind == "bias"
    }
    opened = openings(rows)
    return [_flagged(row, bias.get(comparison_key(row.record)), opened) for row in rows]


def openings(rows: Sequence[Row]) -> Counter[tuple[str, ...]]:
    """Count the candidates of each dataset, split and model that were scored on the test set."""
    return Counter(
        (*comparison_key(row.record), row.record.job.model) for row in rows if row.scores and not row.is_baseline
    )


def _row(group: list[Record], varying: set[str]) -> Row:
    tested = _latest_per_seed(group, "test")
    validated = _latest_per_seed(group, "valid")
    records = tested or validated
    first = records[0]
    names = varying | set(first.job.user_options)
    options = {name: value for name, value in _options(first).items() if name in names and name != "seed"}
    if first.outcome.status != "ok":
        return Row(first, options)
    flags = {Flag.USES_TEST_TIMESTAMPS} if first.outcome.uses_time else set()
    if all(record.provenance.cached for record in group):
        flags.add(Flag.CACHED)
    return Row(
        record=first,
        options=options,
        scores=_averaged(tested),
        valid=first_score(_averaged(validated)),
        n_seeds=len(records),
        fit_seconds=_mean([record.outcome.fit_seconds for record in records]),
        predict_seconds=_mean([record.outcome.predict_seconds for record in records]),
        peak_memory_mb=_mean([record.outcome.peak_memory_mb for record in records]),
        flags=frozenset(flags),
    )


def _mean(values: Sequence[float | None]) -> float | None:
    """Return the mean; None if a value is missing."""
    known = [value for value in values if value is not None]
    return fmean(known) if len(known) == len(values) else None


def _latest_per_seed(group: Sequence[Record], part: str) -> list[Record]:
    """Return the latest record of each seed: a repeated run, after an edit for example, is not a replicate."""
    in_time = sorted(
        (record for record in group if record.job.scored_on == part), key=lambda record: record.provenance.created
    )
    return list({record.job.seed: record for record in in_time}.values())


def _averaged(records: Sequence[Record]) -> dict[str, Score]:
    """Return the scores of one record, or the averages over several seeds."""
    if len(records) < 2:
        return dict(records[0].outcome.scores) if records else {}
    return {
        name: Score.over(
            [each.outcome.scores[name].mean for each in records], greater_is_better=score.greater_is_better
        )
        for name, score in records[0].outcome.scores.items()
    }


def _options(record: Record) -> Mapping[str, Any]:
    """Return the options; if folds have their own, all values of an option: 8/16."""
    options = record.job.options
    values = {name: list(dict.fromkeys(_typed(each[name]) for each in record.job.fold_options)) for name in options}
    return {name: options[name] if len(seen) == 1 else "/".join(seen) for name, seen in values.items()}


def _flagged(row: Row, bias: float | None, opened: Counter[tuple[str, ...]]) -> Row:
    """Return the row with the flags that depend on other rows; `bias` is that baseline's first metric."""
    if row.is_baseline or not row.scores:
        return row
    flags = row.flags
    if bias is not None and loss(first_score(row.scores)) > bias:
        flags |= {Flag.DOES_NOT_BEAT_BIAS}
    return replace(row, flags=flags, n_opened_test=opened[(*comparison_key(row.record), row.record.job.model)])


def _varying_options(records: Sequence[Record]) -> dict[tuple[str, ...], set[str]]:
    """Return by dataset, split and model the options that have more than one value."""
    values: dict[tuple[str, ...], dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for record in records:
        for name, value in record.job.options.items():
            values[(*comparison_key(record), record.job.model)][name].add(json.dumps(value))
    return defaultdict(set, {key: {n for n, seen in by.items() if len(seen) > 1} for key, by in values.items()})


def comparison_key(record: Record) -> tuple[str, str, str]:
    """Return what rows must share to be compared: the dataset's name, the split and the dataset's digest."""
    return record.job.dataset, record.job.split, record.provenance.data.get("digest", "")


def _unseeded(record: Record) -> str:
    return json.dumps(
        [{name: value for name, value in node.items() if name != "seed"} for node in record.job.fold_options],
        sort_keys=True,
    )


def _rank(row: Row) -> tuple[Any, ...]:
    record = row.record
    options = [_ordered(value) for _, value in sorted(record.job.options.items())]
    scores = loss(first_score(row.scores)), loss(row.valid)
    return (not row.ok, record.job.dataset, record.job.split, *scores, record.job.model, options)


def _ordered(value: Any) -> tuple[bool, float, str]:
    """A key that sorts numbers by their size, before everything else by its text."""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return not is_number, float(value) if is_number else 0.0, _typed(value)


def _typed(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).strip('"')
