"""The columns of the report's tables: those of `results.columns` as cells that can be sorted, and the breakdown's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from recbench.results.breakdown import BreakdownRow
from recbench.results.columns import table_columns
from recbench.results.first_metric import round_score
from recbench.results.rows import Row
from recbench.results.tables import Column


@dataclass(frozen=True)
class Cell:
    """The text of a cell, and the value that it is sorted by."""

    text: str
    value: float | str | None = None  # None: below all others, in both directions
    detail: str = ""  # in smaller letters
    badges: Sequence[str] = ()
    best: bool = False  # in its line


@dataclass(frozen=True)
class CellColumn:
    """One column of an HTML table: its head and a cell per line."""

    head: str
    cells: Sequence[Cell]
    numeric: bool = True
    meaning: str = ""


def columns(rows: Sequence[Row]) -> list[CellColumn]:
    """Return the table of these rows, without the columns that would be empty."""
    return [
        CellColumn(each.head, [_cell(each, row) for row in rows], each.numeric, each.meaning)
        for each in table_columns(rows, "html")
    ]


def breakdown_columns(
    group: str, labels: Sequence[str], breakdowns: Mapping[str, Sequence[BreakdownRow]]
) -> list[CellColumn]:
    """Return one group of the breakdown: a line per class of the test ratings, a column per row of the comparison."""
    first = {each.label: each for each in next(iter(breakdowns.values())) if each.group == group}
    made = [
        CellColumn(group, [Cell(label, number) for number, label in enumerate(labels)], numeric=False),
        CellColumn("test ratings", [Cell(f"{first[label].n_rows:,}", first[label].n_rows) for label in labels]),
    ]
    errors = {
        name: {each.label: each.rmse for each in part if each.group == group} for name, part in breakdowns.items()
    }
    lowest = {label: round_score(min(by_label[label] for by_label in errors.values())) for label in labels}
    for name, by_label in errors.items():
        cells = [
            Cell(f"{by_label[each]:.4f}", by_label[each], best=round_score(by_label[each]) == lowest[each])
            for each in labels
        ]
        made.append(CellColumn(name, cells))
    return made


def _cell(column: Column[Row], row: Row) -> Cell:
    detail = column.detail(row) if column.detail is not None else ""
    badges = column.badges(row) if column.badges is not None else ()
    return Cell(column.text(row), column.value(row), detail, badges)
