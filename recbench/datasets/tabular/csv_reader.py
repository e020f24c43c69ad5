"""A reader of delimited text: fast by pandas, line by line to locate an error."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, NoReturn

import numpy as np

from recbench.array_types import FloatArray, IntArray
from recbench.datasets.tabular.compressed import Prefixed, Source

if TYPE_CHECKING:
    from pandas import DataFrame
    from pandas.io.parsers import TextFileReader

CHUNK = 500_000  # rows; bounds the memory of ids that are still strings
SEPARATORS = (",", "\t", ";", "|", "::")
_UNIT = "\x1f"  # replaces a separator of several characters, which pandas reads slowly
_BOM = b"\xef\xbb\xbf"


class _UnparsedError(Exception):
    """Raised if pandas could not read a number; it does not say which."""


@dataclass(frozen=True)
class TextTable:
    """A delimited text file and its columns, which are the header's, or given if the file has no header."""

    source: Source
    columns: tuple[str, ...]
    separator: str
    encoding: str
    n_header_lines: int  # lines before the first row; 0: the file has no header

    def labels(self, column: str, labels: Sequence[tuple[IntArray, Any]]) -> tuple[list[str], IntArray]:
        """Merge the chunks' distinct labels: return one list, and the position in it of each row's label."""
        import pandas as pd

        codes, uniques = pd.factorize(np.concatenate([uniques for _, uniques in labels]))
        starts = np.cumsum([0, *(len(uniques) for _, uniques in labels)])
        rows = [codes[start + part] for start, (part, _) in zip(starts, labels, strict=False)]
        index = np.concatenate(rows)
        distinct = [str(label) for label in uniques]
        for code, label in enumerate(distinct):
            if label != label.strip() or not label or "\n" in label or "\0" in label:
                self._refuse_id(column, label, int(np.argmax(index == code)))
        return distinct, index

    def read(
        self, ids: Sequence[str], numbers: Sequence[str]
    ) -> tuple[dict[str, tuple[list[str], IntArray]], dict[str, FloatArray]]:
        """Read the id columns as distinct labels and each row's label number, the number columns as float64.

        Raises:
            ValueError: a row has too few or too many fields, an id is blank, or a number is not valid.
        """
        try:
            return self._read(ids, numbers, np.float64)
        except _UnparsedError:
            return self._read(ids, numbers, object)

    def record(self, row: int) -> tuple[int, list[str]]:
        """Return the line number, from 1, and the fields of a row (slow: for messages)."""
        for number, (line, fields) in enumerate(self.records()):
            if number == row:
                return line, fields
        raise ValueError(
            f"{self.source.label} is not a table of text: row {row + 1} cannot be found; close every quoted field"
        )

    def records(self) -> Iterator[tuple[int, list[str]]]:
        """Yield the line number and the fields of each row (slow: for messages and small files).

        Raises:
            ValueError: the bytes are not in the encoding, or a field is too long.
        """
        with self.source.open() as stream:
            text = io.TextIOWrapper(self._body(stream), self.encoding, newline="")
            reader = csv.reader(text, delimiter=self._delimiter, skipinitialspace=self._skips_blanks)
            try:
                for fields in reader:
                    if len(fields) > 1 or (fields and fields[0].strip()):  # pandas skips blank lines too
                        yield self.n_header_lines + reader.line_num, fields
            except csv.Error as error:
                line = self.n_header_lines + reader.line_num
                raise ValueError(f"line {line} of {self.source.label}: {error}; close every quoted field") from error
            except UnicodeDecodeError as error:
                raise ValueError(not_encoded(self.source, self.encoding, error)) from error

    def check_fields(self, line: int, fields: Sequence[str]) -> None:
        """Check that a row has one field per column.

        Raises:
            ValueError: it has more or fewer.
        """
        if len(fields) != len(self.columns):
            raise ValueError(
                f"line {line} of {self.source.label} has {len(fields)} fields, expected {len(self.columns)}: "
                f"{shown(self.columns)}; fix the line, or set separator (it is {self.separator!r})"
            )

    def refuse(self, row: int, column: str, problem: str) -> NoReturn:
        """Raise the error for a cell; `problem` is a format of {value} and {line}."""
        line, fields = self.record(row)
        self.check_fields(line, fields)
        value = fields[self.columns.index(column)]
        raise ValueError(f"{column} " + problem.format(value=value, line=f"line {line} of {self.source.label}"))

    @property
    def _delimiter(self) -> str:
        return self.separator if self.separator.isascii() and len(self.separator) == 1 else _UNIT

    @property
    def _skips_blanks(self) -> bool:
        return self.separator != " "

    def _read(
        self, ids: Sequence[str], numbers: Sequence[str], number_type: type[Any]
    ) -> tuple[dict[str, tuple[list[str], IntArray]], dict[str, FloatArray]]:
        import pandas as pd

        labels: dict[str, list[tuple[IntArray, Any]]] = {column: [] for column in ids}
        values: dict[str, list[FloatArray]] = {column: [] for column in numbers}
        start = 0
        for chunk in self._chunks(ids, numbers, number_type):
            for column in ids:
                labels[column].append(pd.factorize(chunk[column].to_numpy()))
            for column in numbers:
                values[column].append(self._finite(chunk[column], column, start))
            start += len(chunk)
        if start == 0:
            raise ValueError(f"{self.source.label} has a header but no ratings; give at least one row")
        read_ids = {column: self.labels(column, parts) for column, parts in labels.items()}
        return read_ids, {column: np.concatenate(parts) for column, parts in values.items()}

    def _finite(self, cells: Any, column: str, start: int) -> FloatArray:
        import pandas as pd

        numbers: FloatArray = pd.to_numeric(cells, errors="coerce").to_numpy(np.float64)
        bad = ~np.isfinite(numbers)
        if bad.any():
            problem = "{value!r} at {line} is not a finite number; write it like 4 or 3.5"
            self.refuse(start + int(np.argmax(bad)), column, problem)
        return numbers

    def _chunks(self, ids: Sequence[str], numbers: Sequence[str], number_type: type[Any]) -> Iterator[DataFrame]:
        import pandas as pd

        types = [number_type if column in numbers else object for column in self.columns]
        with self.source.open() as stream:
            try:
                with self._parsed(stream, types) as chunks:
                    for number, chunk in enumerate(chunks):
                        chunk.columns = pd.Index(self.columns)
                        yield chunk if number else chunk.iloc[1:]
            except pd.errors.ParserError as error:
                self._refuse_lines(error)
            except UnicodeDecodeError as error:
                raise ValueError(not_encoded(self.source, self.encoding, error)) from error
            except ValueError as error:
                if number_type is object:
                    raise
                raise _UnparsedError from error

    def _parsed(self, stream: IO[bytes], types: Sequence[type[Any]]) -> TextFileReader:
        import pandas as pd

        inexact = int(pd.__version__.partition(".")[0]) < 3  # by default, the last digits may be wrong
        names = list(map(str, range(len(self.columns))))
        # pandas checks the number of fields of every row but the first, so an artificial row comes first
        first = ["0"] * len(names)
        lines = "".join(self._delimiter.join(fields) + "\n" for fields in (names, first))
        prefixed = io.BufferedReader(Prefixed(lines.encode(), self._body(stream)))
        return pd.read_csv(
            # decoded here, with line ends: pandas would remove quotes from the bytes first, which may turn invalid
            # bytes into valid text, and it loses an empty field after a single \r
            io.TextIOWrapper(prefixed, self.encoding, newline=None),
            sep=self._delimiter,
            dtype=dict(zip(names, types, strict=True)),
            na_filter=False,
            skipinitialspace=self._skips_blanks,
            index_col=False,
            chunksize=CHUNK,
            engine="c",
            float_precision="round_trip" if inexact else None,
        )

    def _body(self, stream: IO[bytes]) -> Any:
        """Return the stream from the first row on, separated by one character."""
        first = b""
        for _ in range(max(self.n_header_lines, 1)):
            first = stream.readline()
        kept = b"" if self.n_header_lines else first.removeprefix(_BOM)
        if self._delimiter == self.separator:
            return io.BufferedReader(Prefixed(kept, stream))
        several = self.separator.encode(self.encoding)
        return io.BytesIO((kept + stream.read()).replace(several, _UNIT.encode()))

    def _refuse_id(self, column: str, label: str, row: int) -> NoReturn:
        if not label.strip():
            self.refuse(row, column, "is blank at {line}; give every rating an id")
        self.refuse(
            row, column, "{value!r} at {line} begins or ends with a blank, or contains a line break or a NUL; fix it"
        )

    def _refuse_lines(self, error: Exception) -> NoReturn:
        for line, fields in self.records():
            if len(fields) > len(self.columns):
                self.check_fields(line, fields)
        found = re.search(r"EOF inside string starting at row (\d+)", str(error))
        near = f" from about line {int(found[1]) + max(self.n_header_lines, 1) - 1}" if found else ""
        raise ValueError(
            f"{self.source.label} is not a table of text{near}: {error}; close every quoted field"
        ) from error


def shown(columns: Sequence[str]) -> str:
    """Format column names for a message; long names and lists are shortened."""
    names = [name if len(name) <= 40 else name[:37] + "..." for name in columns[:20]]
    return str(names) if len(columns) <= 20 else f"{names} and {len(columns) - 20} more"


def not_encoded(source: Source, encoding: str, error: UnicodeDecodeError) -> str:
    """Return the message for bytes that are not in the encoding."""
    return f"{source.label} is not {encoding}: {error.reason} at byte {error.start}; set encoding, for example latin-1"
