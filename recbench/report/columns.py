"""Cells: rows -> the columns of a table that can be sorted."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from recbench.results.breakdown import BreakdownRow
from recbench.results.records import Score
from recbench.results.render import ABSENT
from recbench.results.rows import Row

P_FOLDS = "of no difference to the best row: corrected resampled t-test over the folds' differences, after Holm"


@dataclass(frozen=True)
class Cell:
    """What stands in a cell, and what it is sorted by."""

    text: str
    value: float | str | None = None  # None: below all others, whichever way they are sorted
    more: str = ""  # in smaller letters
    marks: Sequence[str] = ()
    best: bool = False  # in its line


@dataclass(frozen=True)
class Column:
    """One column, head and body."""

    head: str
    cells: Sequence[Cell]
    numeric: bool = True
    meaning: str = ""


def columns(rows: Sequence[Row]) -> list[Column]:
    """The table of these rows; a column in which nothing would stand is left out."""
    metrics = list(dict.fromkeys(metric for row in rows for metric in row.record.scores))
    made = [Column("model", [Cell(row.record.model, row.record.model, row.label()) for row in rows], numeric=False)]
    if any(row.valid for row in rows):
        cells = [_score(row.valid) for row in rows]
        made.append(Column(f"valid {metrics[0].upper()}", cells, meaning="on a part cut from train, to choose by"))
    shown = metrics if any(row.scores for row in rows) else []
    made += [
        Column(each.upper(), [_score(row.scores.get(each)) for row in rows], meaning="on the test part")
        for each in shown
    ]
    if any(row.vs_best for row in rows):
        gaps = [Column("to the best", [_gap(row) for row in rows], meaning="difference of RMSE and its 95 % interval")]
        if any(row.p_value_folds is not None for row in rows):
            gaps.append(_number(rows, "p over folds", lambda row: row.p_value_folds, ".3f", P_FOLDS))
        after_first = len(made) - len(shown[1:])
        made[after_first:after_first] = gaps
    made += [_number(rows, *spec) for spec in NUMBERS]
    if any(row.notes for row in rows):
        made.append(Column("notes", [Cell("", ", ".join(row.notes), marks=row.notes) for row in rows], numeric=False))
    return made


def breakdown_columns(what: str, labels: Sequence[str], parts: Mapping[str, Sequence[BreakdownRow]]) -> list[Column]:
    """One group of the breakdown: a line each part of the test rows, a column each row of the comparison."""
    first = {each.label: each for each in next(iter(parts.values())) if each.group == what}
    made = [
        Column(what, [Cell(label, number) for number, label in enumerate(labels)], numeric=False),
        Column("test rows", [Cell(f"{first[label].n_rows:,}", first[label].n_rows) for label in labels]),
    ]
    errors = {name: {each.label: each.rmse for each in part if each.group == what} for name, part in parts.items()}
    lowest = {label: min(by_label[label] for by_label in errors.values()) for label in labels}
    for name, by_label in errors.items():
        cells = [Cell(f"{by_label[each]:.4f}", by_label[each], best=by_label[each] == lowest[each]) for each in labels]
        made.append(Column(name, cells))
    return made


def latency_ms(row: Row) -> float | None:
    """Milliseconds that 1,000 predictions take."""
    if row.predict_seconds is None or not row.record.n_test:
        return None
    return row.predict_seconds / row.record.n_test * 1e6


NUMBERS: tuple[tuple[str, Callable[[Row], float | None], str, str], ...] = (
    ("fallback", lambda row: row.record.fallback_share, ".1%", "predictions in which the model's own term had no part"),
    ("fit s", lambda row: row.fit_seconds, ".2f", "CPU seconds, all folds together"),
    ("ms per 1,000", latency_ms, ".2f", "CPU milliseconds for 1,000 predictions"),
    ("memory MB", lambda row: row.peak_memory_mb, ".0f", "the job's own peak"),
)


def _number(rows: Sequence[Row], head: str, take: Callable[[Row], float | None], spec: str, meaning: str) -> Column:
    values = [take(row) for row in rows]
    return Column(
        head, [Cell(ABSENT if value is None else format(value, spec), value) for value in values], meaning=meaning
    )


def _score(score: Score | None) -> Cell:
    if score is None or math.isnan(score.mean):
        return Cell(ABSENT)
    return Cell(f"{score.mean:.4f}", score.mean, f"± {score.std:.4f}" if len(score.folds) > 1 else "")


def _gap(row: Row) -> Cell:
    if row.vs_best is None:
        return Cell(ABSENT)
    if row.is_best:
        return Cell("best", 0.0)
    interval = f"{row.vs_best.low:+.4f} to {row.vs_best.high:+.4f}"
    return Cell(
        f"{row.vs_best.difference:+.4f}", row.vs_best.difference, interval, ["a tie"] if row.tied_with_best else []
    )
