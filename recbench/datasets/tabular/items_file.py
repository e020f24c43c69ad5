"""A reader of a file about the items: titles, years, genres and other columns."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from recbench.datasets.tabular.columns import AUTO, find_column, open_table, plain_name
from recbench.datasets.tabular.compressed import file_source
from recbench.datasets.tabular.parquet import is_parquet, read_frame

MissingItems = Literal["error", "blank"]
KNOWN = {  # columns that models and listings use, and names by which they are recognized, as `plain_name` gives them
    "title": ("title", "name", "movietitle", "booktitle", "itemname"),
    "year": ("year", "releaseyear", "yearofpublication"),
    "genres": ("genres", "genre", "categories"),
    "tags": ("tags", "tag", "keywords"),
    "tagged_by": ("taggedby",),
}
TEXTS = ("title", "genres", "tags", "tagged_by")  # never numbers, even if all cells look like numbers


@dataclass(frozen=True)
class ItemTable:
    """The cells of an items file as strings, '' if blank; `locate` says where a row is in the file."""

    label: str
    cells: Mapping[str, Sequence[str]]  # by column
    locate: Callable[[int], str]  # row -> 'line 7'


def read_items(
    path: str, item_column: str, item_ids: npt.NDArray[Any], missing: MissingItems, encoding: str
) -> dict[str, npt.NDArray[Any]]:
    """Read the item columns of a dataset, in the order of its ids, from a CSV, TSV or Parquet file.

    Items without ratings are left out. A column of numbers becomes float64, NaN where blank; any other is strings.
    Genres and tags are separated by | within their cell. A column `tagged_by` has the user who gave each tag, in the
    same order, see `recbench.datasets.movielens.tags`; without it, every tag is used.

    Raises:
        FileNotFoundError: no file has this path.
        ValueError: an item is listed twice or not at all, or a column is not valid.
    """
    if missing not in get_args(MissingItems):
        raise ValueError(f"unknown missing_items {missing!r}; set one of {list(get_args(MissingItems))}")
    file = Path(path).expanduser()
    table = _from_parquet(file) if is_parquet(file) else _from_text(file, encoding)
    key = find_column(table.label, list(table.cells), "item", item_column if item_column in table.cells else AUTO)
    row_of = _rows(table, key)
    rows = [row_of.get(str(item), -1) for item in item_ids.tolist()]
    absent = [item for item, row in zip(item_ids.tolist(), rows, strict=True) if row < 0]
    if len(absent) == len(rows) or (absent and missing == "error"):
        blank = "" if len(absent) == len(rows) else ", or set missing_items=blank"
        raise ValueError(
            f"{len(absent):,} of {len(rows):,} rated items are not in {table.label}, first {absent[0]!r} (its "
            f"{key} column begins with {list(table.cells[key][:3])}); add them{blank}"
        )
    names = _names(table, key)
    return {name: _values(table, column, name, rows) for name, column in names.items()}


def _rows(table: ItemTable, key: str) -> dict[str, int]:
    """Map each item to its row."""
    found: dict[str, int] = {}
    for row, item in enumerate(table.cells[key]):
        if not item.strip() or item != item.strip():
            raise ValueError(
                f"{key} {item!r} at {table.locate(row)} of {table.label} is blank, or begins or ends with a blank; "
                "fix it"
            )
        if found.setdefault(item, row) != row:
            raise ValueError(
                f"item {item!r} occurs twice in {table.label}, at {table.locate(found[item])} and at "
                f"{table.locate(row)}; keep one of them"
            )
    return found


def _names(table: ItemTable, key: str) -> dict[str, str]:
    """Map the columns' names in the dataset to those in the file."""
    names: dict[str, str] = {}
    for column in table.cells:
        if column == key:
            continue
        known = next((name for name, others in KNOWN.items() if plain_name(column) in others), column)
        if known in names:
            raise ValueError(
                f"{table.label} has two columns for the {known}: {[names[known], column]}; rename or remove one"
            )
        names[known] = column
    if not names:
        raise ValueError(f"{table.label} has only the column {key!r}; add a title, a year, genres or other columns")
    return names


def _values(table: ItemTable, column: str, name: str, rows: Sequence[int]) -> npt.NDArray[Any]:
    """Return a column in the order of the items; row -1 is blank."""
    cells = table.cells[column]
    numbers = None if name in TEXTS else [_number(cell) for cell in cells]
    if numbers is not None and None not in numbers and (name == "year" or any(map(str.strip, cells))):
        found = [number for number in numbers if number is not None]
        return np.array([found[row] if row >= 0 else math.nan for row in rows], np.float64)
    if name == "year" and numbers is not None:
        row = numbers.index(None)
        raise ValueError(
            f"{column} {cells[row]!r} at {table.locate(row)} of {table.label} is not a year; write it like 1994"
        )
    return np.array([cells[row] if row >= 0 else "" for row in rows], object)


def _number(cell: str) -> float | None:
    """Return the finite number in a cell, NaN if it is blank, None if it is something else."""
    if not cell.strip():
        return math.nan
    try:
        number = float(cell) if "_" not in cell else math.inf
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _from_text(file: Path, encoding: str) -> ItemTable:
    table = open_table(file_source(file, "items"), AUTO, None, encoding, needed="an item and columns about it")
    lines, cells = [], []
    for line, fields in table.records():
        table.check_fields(line, fields)
        lines.append(line)
        cells.append(fields)
    if not cells:
        raise ValueError(f"{table.source.label} has a header but no items; give at least one row")
    if repeated := [column for column in table.columns if table.columns.count(column) > 1]:
        raise ValueError(f"{table.source.label} has two columns {repeated[0]!r}; rename or remove one")
    by_column = dict(zip(table.columns, map(list, zip(*cells, strict=True)), strict=True))
    return ItemTable(table.source.label, by_column, lambda row: f"line {lines[row]}")


def _from_parquet(file: Path) -> ItemTable:
    frame = read_frame(file)
    if len(frame) == 0:
        raise ValueError(f"{file} has columns but no items; give at least one row")
    cells = {str(column): [_text(value) for value in frame[column].astype(object)] for column in frame.columns}
    return ItemTable(str(file), cells, lambda row: f"row {row + 1}")


def _text(value: Any) -> str:
    """Write a Parquet cell as a text file would: a list of genres is separated by |."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    return "|".join(map(str, value)) if isinstance(value, (list, tuple, np.ndarray)) else str(value)
