"""Tables: records -> rows -> terminal, Markdown, CSV. Nothing here prints."""

from __future__ import annotations

import csv
import io
import json
import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any

from recbench.records import Record, Score

ABSENT = "–"


@dataclass(frozen=True)
class Row:
    """One line: a candidate on one split of one data set, its seeds averaged."""

    record: Record  # of the first seed
    options: dict[str, Any]  # those that were set, or differ between rows of the same model
    scores: dict[str, Score] = field(default_factory=dict)
    n_seeds: int = 1
    fit_seconds: float | None = None
    predict_seconds: float | None = None
    peak_memory_mb: float | None = None
    notes: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether there are scores."""
        return self.record.status == "ok"

    def label(self) -> str:
        """The options as they would be typed."""
        return " ".join(f"{name}={_typed(value)}" for name, value in self.options.items())


def rows_of(records: Sequence[Record], is_floor: Callable[[Record], bool] = lambda _: False) -> list[Row]:
    """The rows, best first within each data set and split, all that failed last.

    Records that differ in nothing but the seed become one row: the mean over the seeds and, from
    two on, their standard deviation. A floor is noted as one, and so is a row worse than the
    `bias` floor.
    """
    candidates: dict[tuple[str, ...], list[Record]] = defaultdict(list)
    for number, record in enumerate(records):
        alone = "" if record.status == "ok" else str(number)
        candidates[(*_place(record), record.part, record.model, _unseeded(record), alone)].append(record)
    varying = _varying_options(records)
    rows = [_row(group, varying[(*_place(group[0]), group[0].model)]) for group in candidates.values()]
    rows.sort(key=_rank)
    floors = [row for row in rows if row.ok and row.record.kind == "bias" and is_floor(row.record)]
    bias = {(*_place(row.record), row.record.part): _primary(row) for row in floors}
    return [_noted(row, bias.get((*_place(row.record), row.record.part)), is_floor) for row in rows]


def as_text(rows: Sequence[Row]) -> str:
    """The table for a terminal: a header line a data set and split, aligned columns."""
    head, *body = _cells(rows)
    width = [max(len(line[column]) for line in (head, *body)) for column in range(len(head))]
    numeric = [name not in ("dataset", "split", "model", "options", "") for name in head]
    lines = [
        "  ".join(
            cell.rjust(n) if right else cell.ljust(n) for cell, n, right in zip(line, width, numeric, strict=True)
        )
        for line in (head, *body)
    ]
    return "\n".join([*headers(rows), *(line.rstrip() for line in lines)])


def as_markdown(rows: Sequence[Row]) -> str:
    """The same table in Markdown, with what is worth knowing below it."""
    head, *body = [[cell.replace("|", "\\|") for cell in line] for line in _cells(rows)]
    ruler = ["---" if name in ("dataset", "split", "model", "options", "") else "---:" for name in head]
    table = "\n".join(f"| {' | '.join(line)} |" for line in (head, ruler, *body))
    return "\n\n".join(["  \n".join(headers(rows)), table, *footnotes(rows)]) + "\n"


def as_csv(rows: Sequence[Row]) -> str:
    """The table for a program: every digit, options as JSON, empty where there is no value."""
    metrics = _metrics(rows)
    columns = ["fit_seconds", "predict_seconds", "peak_memory_mb"]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["dataset", "split", "model", "options", *metrics, *columns, "fallback_share", "status", "cause"])
    for row in rows:
        scores = [row.scores[metric].mean if metric in row.scores else None for metric in metrics]
        costs = [getattr(row, column) for column in columns]
        record = row.record
        names = [record.dataset, record.split, record.model, json.dumps(row.options, ensure_ascii=False)]
        writer.writerow([*names, *scores, *costs, record.fallback_share, record.status, record.cause])
    return text.getvalue()


def headers(rows: Sequence[Row]) -> list[str]:
    """What was scored, a line each data set and split."""
    lines = {}
    for record in (row.record for row in rows if row.ok):
        size = (
            f"{record.data['n_users']:,} users × {record.data['n_items']:,} items, {record.data['n_ratings']:,} ratings"
        )
        tested = f"{record.n_test:,} {record.part} rows, {record.cold_share:.1%} cold"
        lines[_place(record)] = f"{record.dataset} · {size} · {record.split} · {tested}"
    return list(lines.values())


def footnotes(rows: Sequence[Row]) -> list[str]:
    """What a reader must know to trust the table."""
    notes = []
    opened: dict[tuple[str, ...], int] = defaultdict(int)
    for row in rows:
        if row.ok and row.record.part == "test":
            opened[(*_place(row.record), row.record.model)] += 1
    for (*_, model), times in opened.items():
        if times > 1:
            notes.append(f"test opened {times} times for {model}: picking its best row here would be tuning on test")
    if any("worse than bias" in row.notes for row in rows):
        notes.append("worse than bias: a model that adds nothing to two averages and a damping")
    return notes


def _row(group: list[Record], varying: set[str]) -> Row:
    first = group[0]
    names = varying | set(first.changed)
    options = {name: value for name, value in first.options.items() if name in names and name != "seed"}
    if first.status != "ok":
        return Row(first, options, notes=(f"{first.status}: {first.cause}",))
    scores = dict(first.scores)
    if len(group) > 1:
        scores = {
            name: Score.over([each.scores[name].mean for each in group], greater_is_better=score.greater_is_better)
            for name, score in first.scores.items()
        }
    costs = {
        name: fmean(values) if all(value is not None for value in values) else None
        for name in ("fit_seconds", "predict_seconds", "peak_memory_mb")
        for values in [[getattr(record, name) for record in group]]
    }
    notes = (f"mean of {len(group)} seeds",) if len(group) > 1 else ()
    return Row(first, options, scores, len(group), **costs, notes=notes)


def _noted(row: Row, bias: float | None, is_floor: Callable[[Record], bool]) -> Row:
    notes = list(row.notes)
    if row.ok and is_floor(row.record):
        notes.append("floor")
    elif row.ok and bias is not None and _primary(row) > bias:
        notes.append("worse than bias")
    return Row(**{**vars(row), "notes": tuple(notes)})


def _cells(rows: Sequence[Row]) -> list[list[str]]:
    """Head and body as text; a column in which nothing would stand is left out."""
    columns: dict[str, list[str]] = {}
    if len({row.record.dataset for row in rows}) > 1:
        columns["dataset"] = [row.record.dataset for row in rows]
    if len({row.record.split for row in rows}) > 1:
        columns["split"] = [row.record.split for row in rows]
    columns["model"] = [row.record.model for row in rows]
    if any(row.options for row in rows):
        columns["options"] = [row.label() for row in rows]
    for metric in _metrics(rows):
        columns[metric.upper()] = [_score(row.scores.get(metric)) for row in rows]
    columns["fallback"] = [_number(row.record.fallback_share, ".1%") for row in rows]
    columns["fit s"] = [_number(row.fit_seconds, ".2f") for row in rows]
    columns["predict s"] = [_number(row.predict_seconds, ".2f") for row in rows]
    columns["memory MB"] = [_number(row.peak_memory_mb, ".0f") for row in rows]
    columns[""] = [", ".join(row.notes) for row in rows]
    if not any(columns[""]):
        del columns[""]
    return [list(columns), *map(list, zip(*columns.values(), strict=True))]


def _varying_options(records: Sequence[Record]) -> dict[tuple[str, ...], set[str]]:
    """By data set, split and model: the options that do not have one value in all records."""
    values: dict[tuple[str, ...], dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for record in records:
        for name, value in record.options.items():
            values[(*_place(record), record.model)][name].add(json.dumps(value))
    return defaultdict(set, {key: {n for n, seen in by.items() if len(seen) > 1} for key, by in values.items()})


def _place(record: Record) -> tuple[str, str, str]:
    return record.dataset, record.split, record.data.get("digest", "")


def _unseeded(record: Record) -> str:
    return json.dumps({name: value for name, value in record.options.items() if name != "seed"}, sort_keys=True)


def _rank(row: Row) -> tuple[Any, ...]:
    return (not row.ok, *_place(row.record)[:2], _primary(row))


def _primary(row: Row) -> float:
    """The first metric, the lower the better; infinity if there is none."""
    score = next(iter(row.scores.values()), None)
    if score is None or math.isnan(score.mean):
        return math.inf
    return -score.mean if score.greater_is_better else score.mean


def _metrics(rows: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(metric for row in rows for metric in row.scores))


def _score(score: Score | None) -> str:
    if score is None:
        return ABSENT
    return f"{score.mean:.4f} ± {score.std:.4f}" if len(score.folds) > 1 else f"{score.mean:.4f}"


def _number(value: float | None, spec: str) -> str:
    return ABSENT if value is None else format(value, spec)


def _typed(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).strip('"')
