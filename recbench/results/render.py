"""Tables: rows -> terminal, Markdown, CSV. Nothing here prints."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Sequence

from recbench.results.records import Score
from recbench.results.rows import Flag, Row, comparison_key, openings
from recbench.results.tuning_warnings import tuning_warnings

ABSENT = "–"


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
    valid = [f"valid_{metrics[0]}"] if any(row.valid for row in rows) else []
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    ending = ["fallback_share", "status", "cause"]
    gaps = ["difference", "low", "high", "p_value"] if any(row.vs_best for row in rows) else []
    folds = ["p_folds"] if any(row.p_value_folds is not None for row in rows) else []
    writer.writerow(["dataset", "split", "model", "options", *metrics, *columns, *ending, *valid, *gaps, *folds])
    for row in rows:
        scores = [_mean(row.scores.get(metric)) for metric in metrics]
        costs = [getattr(row, column) for column in columns]
        record = row.record
        names = [record.dataset, record.split, record.model, json.dumps(row.options, ensure_ascii=False)]
        validated = [row.valid.mean if row.valid else None for _ in valid]
        gap = [getattr(row.vs_best, name, None) for name in gaps]
        writer.writerow(
            [
                *names,
                *scores,
                *costs,
                record.fallback_share,
                record.status,
                record.cause,
                *validated,
                *gap,
                *(row.p_value_folds for _ in folds),
            ]
        )
    return text.getvalue()


def headers(rows: Sequence[Row]) -> list[str]:
    """What was scored, a line each data set and split."""
    lines = {}
    for record in sorted((row.record for row in rows if row.ok), key=lambda record: record.part, reverse=True):
        size = (
            f"{record.data['n_users']:,} users × {record.data['n_items']:,} items, {record.data['n_ratings']:,} ratings"
        )
        tested = f"{record.n_test:,} {record.part} rows, {record.cold_share:.1%} cold"
        lines[comparison_key(record)] = f"{record.dataset} · {size} · {record.split} · {tested}"
    return list(lines.values())


def footnotes(rows: Sequence[Row]) -> list[str]:
    """What a reader must know to trust the table."""
    notes = []
    for (*_, model), times in openings(rows).items():
        if times > 1:
            notes.append(
                f"test set opened {times} times for {model}: choosing its best row here would be tuning on the test set"
            )
    if any(row.tied_with_best for row in rows):
        notes.append(
            "a: not significantly worse than the best row (paired bootstrap over users, Holm-adjusted p ≥ 0.05)"
        )
    if any(row.p_value_folds is not None for row in rows):
        notes.append("p over folds: of no difference to the best row, by the corrected resampled t-test, Holm-adjusted")
    if any(Flag.DOES_NOT_BEAT_BIAS in row.flags for row in rows):
        notes.append(f"{Flag.DOES_NOT_BEAT_BIAS.value}: worse than the baseline of user and item biases")
    return notes + tuning_warnings(rows)


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of cells, each column as wide as its widest."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))] if rows else []
    return [("  " + "  ".join(cell.ljust(n) for cell, n in zip(row, widths, strict=True))).rstrip() for row in rows]


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
    if any(row.valid for row in rows):
        columns[f"valid {_metrics(rows)[0].upper()}"] = [_score(row.valid) for row in rows]
    for metric in _metrics(rows):
        columns[metric.upper()] = [_score(row.scores.get(metric)) for row in rows]
    if any(row.vs_best for row in rows):
        columns["to the best, 95 %"] = [_gap(row) for row in rows]
    if any(row.p_value_folds is not None for row in rows):
        columns["p over folds"] = [_number(row.p_value_folds, ".3f") for row in rows]
    columns["fallback"] = [_number(row.record.fallback_share, ".1%") for row in rows]
    columns["fit s"] = [_number(row.fit_seconds, ".2f") for row in rows]
    columns["predict s"] = [_number(row.predict_seconds, ".2f") for row in rows]
    columns["memory MB"] = [_number(row.peak_memory_mb, ".0f") for row in rows]
    columns[""] = [", ".join(row.notes) for row in rows]
    if not any(columns[""]):
        del columns[""]
    return [list(columns), *map(list, zip(*columns.values(), strict=True))]


def _metrics(rows: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(metric for row in rows for metric in row.record.scores))


def _mean(score: Score | None) -> float | None:
    return None if score is None or math.isnan(score.mean) else score.mean


def _score(score: Score | None) -> str:
    if score is None or math.isnan(score.mean):
        return ABSENT
    return f"{score.mean:.4f} ± {score.std:.4f}" if len(score.folds) > 1 else f"{score.mean:.4f}"


def _gap(row: Row) -> str:
    """The difference to the best row and its interval; `=` where they can't be told apart."""
    if row.vs_best is None:
        return ABSENT
    if row.is_best:
        return "best"
    told = f"{row.vs_best.difference:+.4f} [{row.vs_best.low:+.4f}, {row.vs_best.high:+.4f}]"
    return f"{told} {'a' if row.tied_with_best else ' '}"


def _number(value: float | None, spec: str) -> str:
    return ABSENT if value is None else format(value, spec)
