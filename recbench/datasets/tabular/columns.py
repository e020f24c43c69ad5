"""The header of a table: the separator, the columns, and which column has which role."""

from __future__ import annotations

import codecs
import csv
import difflib
from collections.abc import Sequence

from recbench.datasets.tabular.compressed import Source
from recbench.datasets.tabular.csv_reader import SEPARATORS, TextTable, not_encoded, shown
from recbench.usage import InputError

AUTO = "auto"
ROLES = {  # names by which a column is recognized, as `plain_name` gives them
    "user": ("user", "userid", "uid", "customerid", "reviewerid", "memberid"),
    "item": ("item", "itemid", "iid", "movie", "movieid", "productid", "bookid", "isbn", "asin", "artistid"),
    "rating": ("rating", "ratings", "score", "stars", "overall", "bookrating"),
    "timestamp": ("timestamp", "time", "unixtime", "unixreviewtime"),
}


class ColumnError(InputError):
    """A column that is missing or ambiguous; the advice names the options of `ratings_file` that settle it."""


def open_table(
    source: Source,
    separator: str,
    columns: Sequence[str] | None,
    encoding: str,
    needed: str = "a user, an item and a rating",
) -> TextTable:
    """Open a delimited text file; its first line is a header unless `columns` names the columns.

    `needed` says in messages which columns the table must have.

    Raises:
        ColumnError: the file has only one column.
        ValueError: the file is empty, or not in this encoding.
    """
    encoding = _usable(encoding, source.label)
    _check_separator(separator, encoding, source.label)
    line, n_lines = _first_line(source, encoding)
    guess = _guess(line, source.suffix)
    separator = guess if separator == AUTO else separator.replace(r"\t", "\t")  # in a shell, \t is two characters
    found = tuple(columns) if columns else _fields(line, separator, source.label)
    if len(found) < 2:
        hint = (
            f"set separator={guess!r}" if guess in line and guess != separator else "set separator, or name the columns"
        )
        problem = f"{source.label} has only one column, {shown(found)}, when separated by {separator!r}"
        raise ColumnError(f"{problem}; it needs {needed}", hint)
    return TextTable(source, found, separator, encoding, 0 if columns else n_lines)


def find_columns(
    label: str, columns: Sequence[str], wanted: dict[str, str | None], *, from_header: bool = True
) -> dict[str, str]:
    """Map each role to its column: by the names in `wanted`, or, where that is `auto`, by names that are recognized.

    `from_header` says that the names were read from a file's first line, which may not be a header.

    Raises:
        ColumnError: a column is missing, is ambiguous, or has two roles.
    """
    named = {role: name for role, name in wanted.items() if name is not None}
    found = {role: _find(label, columns, role, name, from_header=from_header) for role, name in named.items()}
    chosen = {role: column for role, column in found.items() if column is not None}
    for role, column in chosen.items():
        others = [other for other in chosen if other != role and chosen[other] == column]
        if others or columns.count(column) > 1:
            what = f"is both {role} and {others[0]}" if others else "occurs twice"
            raise ColumnError(f"column {column!r} of {label} {what} (columns: {shown(columns)})", f"set {role}_column")
    return chosen


def find_column(label: str, columns: Sequence[str], role: str, name: str) -> str:
    """Return the column of a role: the one called `name`, or, where that is `auto`, one whose name is recognized.

    Raises:
        ColumnError: no column has the role, or several may have it.
    """
    return find_columns(label, columns, {role: name})[role]


def plain_name(column: str) -> str:
    """Reduce a column's name to its letters and digits, in lower case."""
    return "".join(filter(str.isalnum, column)).lower()


def _find(label: str, columns: Sequence[str], role: str, name: str, *, from_header: bool) -> str | None:
    if name != AUTO:
        if name in columns:
            return name
        close = difflib.get_close_matches(name, columns, n=1)
        meant = f"; did you mean {close[0]!r}?" if close else f"; set {role}_column to one of them"
        raise ColumnError(f"{label} has no column {name!r}{meant} (columns: {shown(columns)})")
    matches = [column for column in columns if plain_name(column) in ROLES[role]]
    if len(matches) > 1:
        raise ColumnError(f"{label} has {len(matches)} columns that may be the {role}: {matches}", f"set {role}_column")
    if matches or role == "timestamp":
        return matches[0] if matches else None
    headerless = from_header and _looks_like_a_row(columns)
    hint = "; if that is a row, the file has no header: set columns" if headerless else ""
    raise ColumnError(f"{label} has no column for the {role}: {shown(columns)}", f"set {role}_column{hint}")


def _first_line(source: Source, encoding: str) -> tuple[str, int]:
    """Return the first line that is not blank, and the number of lines up to it."""
    with source.open() as stream:
        for n_lines, raw in enumerate(stream, start=1):
            try:
                line = raw.decode("utf-8-sig" if encoding == "utf-8" else encoding)
            except UnicodeDecodeError as error:
                raise ValueError(not_encoded(source, encoding, error)) from error
            if line.strip():
                return line.strip("\r\n"), n_lines
    raise ValueError(f"{source.label} is empty; it needs a header line and one rating per line")


def _guess(line: str, suffix: str) -> str:
    if suffix in (".tsv", ".tab") and "\t" in line:
        return "\t"
    return max(SEPARATORS, key=line.count)  # the first separator if none occurs


def _usable(encoding: str, label: str) -> str:
    """Return the encoding's standard name; separators and line ends must be the same bytes as in ASCII."""
    try:
        name = codecs.lookup(encoding).name.removesuffix("-sig")
        as_bytes = ",\n0".encode(name)
    except (LookupError, ValueError) as error:
        raise ValueError(f"unknown encoding {encoding!r} for {label}; set utf-8 or latin-1") from error
    if as_bytes != b",\n0":
        raise ValueError(f"encoding {encoding!r} of {label} cannot be read line by line; convert the file to utf-8")
    return name


def _check_separator(separator: str, encoding: str, label: str) -> None:
    if not separator:
        raise ValueError(f"separator '' for {label} is empty; use one or more characters, or auto")
    try:
        separator.encode(encoding)
    except UnicodeEncodeError as error:
        raise ValueError(f"separator {separator!r} for {label} does not exist in {encoding}; set encoding") from error
    if separator.isdecimal():
        raise ValueError(
            f"separator {separator!r} for {label} is a digit, as in ids and ratings; use another character"
        )
    if set(separator) & set('"\r\n\0\x1f'):
        raise ValueError(f"separator {separator!r} for {label} contains a quote or a line end; use other characters")


def _fields(line: str, separator: str, label: str) -> tuple[str, ...]:
    if "\r" in line:
        raise ValueError(f"the lines of {label} end in \\r only; convert them to \\n")
    if len(separator) > 1:
        return tuple(field.strip() for field in line.split(separator))
    try:
        (fields,) = csv.reader([line], delimiter=separator, skipinitialspace=separator != " ", strict=True)
    except (csv.Error, ValueError) as error:
        raise ValueError(
            f"the first line of {label} is not a valid header: {error}; start with column names"
        ) from error
    return tuple(field.strip() for field in fields)


def _looks_like_a_row(columns: Sequence[str]) -> bool:
    return any(column.replace(".", "", 1).isdigit() for column in columns)
