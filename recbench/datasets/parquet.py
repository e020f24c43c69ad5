"""Ratings from a Parquet file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from recbench.contracts import FloatArray, IntArray
from recbench.datasets.headers import find_columns
from recbench.datasets.indexing import Ids, dense
from recbench.datasets.raw_ratings import RawRatings, whole_seconds

if TYPE_CHECKING:
    from pandas import DataFrame, Series


def read_parquet(path: Path, wanted: dict[str, str | None]) -> RawRatings:
    """The wanted columns of a Parquet file, by role.

    Raises:
        ModuleNotFoundError: pyarrow is not installed.
        ValueError: the file is no Parquet file, lacks a column or holds a bad value.
    """
    columns: dict[str, str] = {}

    def choose(names: list[str]) -> list[str]:
        columns.update(find_columns(str(path), names, wanted))
        return list(columns.values())

    frame = read_frame(path, choose)
    if len(frame) == 0:
        raise ValueError(f"{path} has columns but no ratings; give at least one row")
    parts = {role: frame.pop(column) for role, column in columns.items()}
    users, user_idx = _ids(path, parts.pop("user"))
    items, item_idx = _ids(path, parts.pop("item"))
    times = parts.pop("timestamp", None)
    seconds = None
    if times is not None:
        seconds = whole_seconds(_seconds(path, times), lambda row: f"row {row + 1} of {path}", str(times.name))
    del times
    ratings = _numbers(path, parts.pop("rating"))
    return RawRatings(str(path), users, items, user_idx, item_idx, ratings, seconds, lambda row: f"row {row + 1}")


def is_parquet(path: Path) -> bool:
    """Whether the path is that of a Parquet file, by its name."""
    return path.suffix.lower() in (".parquet", ".pq") and path.is_file()


def read_frame(path: Path, choose: Callable[[list[str]], list[str]] = list) -> DataFrame:
    """The columns that `choose` takes from the names of those in the file.

    Raises:
        ModuleNotFoundError: pyarrow is not installed.
        ValueError: the file is no Parquet file.
    """
    try:
        import pyarrow.parquet as pq
        from pyarrow import ArrowException
    except ImportError as error:
        raise ModuleNotFoundError(
            f"{path} is a Parquet file and pyarrow is not installed; run `pip install 'recbench[parquet]'`"
        ) from error
    try:
        file = pq.ParquetFile(path)
        table = file.read(columns=choose(file.schema_arrow.names))
        # a column is freed when it has been turned into pandas' own; what pandas wrote beside it is not needed
        frame: DataFrame = table.to_pandas(split_blocks=True, self_destruct=True, ignore_metadata=True)
        del table
    except (ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:  # the system's own: permission, disk
            raise
        raise ValueError(f"{path} is not a readable Parquet file: {error}; write or download it anew") from error
    return frame


def _ids(path: Path, column: Series) -> tuple[Ids, IntArray]:
    """The distinct ids, sorted, and each row's position among them: integers if the column's are, else texts."""
    import pandas as pd

    _refuse_where(path, column, column.isna().to_numpy(), "is missing", "give every rating an id")
    if getattr(column.dtype, "kind", "O") in "iu":
        return dense(column.to_numpy())
    try:
        codes, uniques = pd.factorize(column)
    except TypeError as error:
        raise ValueError(f"{column.name} of {path} can't be ids: {error}; give a column of numbers or texts") from error
    texts = [str(each) for each in uniques]
    wrong = [isinstance(each, bytes) or not text or text != text.strip() or "\0" in text
             for each, text in zip(uniques, texts, strict=True)]  # fmt: skip
    problem = "is blank, begins or ends with a blank, holds a NUL or is no text"
    _refuse_where(path, column, np.array(wrong)[codes], problem, "mend it")
    ids, index = dense(np.array(texts, np.str_))
    return ids, index[codes]


def _seconds(path: Path, column: Series) -> FloatArray:
    """Seconds since 1970, in UTC; a column of dates and times has its fractions of a second cut off."""
    import pandas as pd

    if not pd.api.types.is_datetime64_any_dtype(column):
        return _numbers(path, column)
    _refuse_where(path, column, column.isna().to_numpy(), "is missing", "give every rating a time")
    moments = pd.Series(column).dt
    in_utc = moments.tz_convert("UTC").dt.tz_localize(None) if moments.tz is not None else pd.Series(column)
    return np.asarray(in_utc.to_numpy().astype("datetime64[s]").astype(np.float64))


def _numbers(path: Path, column: Series) -> FloatArray:
    import pandas as pd

    if getattr(column.dtype, "kind", "O") in "mM":
        raise ValueError(f"{column.name} of {path} holds times ({column.dtype}); give a column of numbers")
    values: FloatArray = pd.to_numeric(column, errors="coerce").to_numpy(np.float64, na_value=np.nan)
    _refuse_where(path, column, ~np.isfinite(values), "is not a finite number", "write it like 4 or 3.5")
    return values


def _refuse_where(path: Path, column: Series, bad: np.ndarray, problem: str, right: str) -> None:
    if bad.any():
        row = int(np.argmax(bad))
        raise ValueError(
            f"{column.name} {column.iloc[row : row + 1].tolist()[0]!r} at row {row + 1} of {path} {problem}; {right}"
        )
