"""Tables: columns and the items of their lines -> text, Markdown, CSV. Nothing here prints."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

ABSENT = "–"

Item = TypeVar("Item")
Value = str | float | None
View = Literal["text", "html"]

PRINTED: frozenset[View] = frozenset({"text", "html"})
TEXT_ONLY: frozenset[View] = frozenset({"text"})
HTML_ONLY: frozenset[View] = frozenset({"html"})
CSV_ONLY: frozenset[View] = frozenset()


@dataclass(frozen=True)
class Column(Generic[Item]):
    """One column of a table whose lines are items: the rows of a comparison, the runs of a benchmark."""

    key: str  # the name in code
    head: str
    value: Callable[[Item], Value]  # the value in the CSV, by which the report sorts; None if there is none
    text_format: str | Callable[[Item], str] = ""  # of the value, ".4f" for example
    csv_key: str = ""  # empty: not in the CSV
    meaning: str = ""  # one line
    views: frozenset[View] = PRINTED  # besides the CSV
    shown: Literal["always", "any", "varies"] = "always"  # any: if a line has a value; varies: in print, if they differ
    numeric: bool = True
    detail: Callable[[Item], str] | None = None  # after the value, in smaller type in HTML: "± 0.0120"
    badges: Callable[[Item], Sequence[str]] | None = None  # after that: "a", "baseline"

    def text(self, item: Item) -> str:
        """Return the formatted value alone."""
        value = self.value(item)
        if value is None:
            return ABSENT
        return format(value, self.text_format) if isinstance(self.text_format, str) else self.text_format(item)

    def cell(self, item: Item) -> str:
        """Return the formatted value with its detail and badges; room for a badge is kept after numbers."""
        parts = [self.text(item)]
        if self.detail is not None:
            parts.append(self.detail(item))
        if self.badges is not None:
            badges = ", ".join(self.badges(item))
            parts.append(badges or " " if self.numeric else badges)
        return " ".join(part for part in parts if part)

    def is_shown(self, items: Sequence[Item]) -> bool:
        """Whether a printed table of these items has the column."""
        if self.shown == "varies":
            return len({self.value(item) for item in items}) > 1
        return self.shown == "always" or any(self.value(item) not in (None, "") for item in items)


def text_table(columns: Sequence[Column[Item]], items: Sequence[Item]) -> list[str]:
    """Return the lines of a table for a terminal: numbers to the right, words to the left."""
    lines = []
    for column in columns:
        cells = [column.head, *(column.cell(item) for item in items)]
        width = max(map(len, cells))
        lines.append([cell.rjust(width) if column.numeric else cell.ljust(width) for cell in cells])
    return ["  ".join(cells).rstrip() for cells in zip(*lines, strict=True)]


def markdown_table(columns: Sequence[Column[Item]], items: Sequence[Item]) -> str:
    """Return the table in Markdown."""
    heads = [column.head for column in columns]
    ruler = ["---:" if column.numeric else "---" for column in columns]
    cells = [[column.cell(item).strip() for column in columns] for item in items]
    lines = [[cell.replace("|", "\\|") for cell in line] for line in (heads, ruler, *cells)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def csv_table(columns: Sequence[Column[Item]], items: Sequence[Item]) -> str:
    """Return the table for a program: every digit, empty where there is no value."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([column.csv_key for column in columns])
    writer.writerows([[column.value(item) for column in columns] for item in items])
    return text.getvalue()


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return one indented line per row of cells, each column as wide as its widest cell."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))] if rows else []
    return [("  " + "  ".join(cell.ljust(n) for cell, n in zip(row, widths, strict=True))).rstrip() for row in rows]
