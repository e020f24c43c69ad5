"""Ratings from a Parquet file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from recbench.contracts import FloatArray
from recbench.datasets.headers import find_columns
from recbench.datasets.indexing import dense
from recbench.datasets.raw_ratings import RawRatings, whole_seconds

if TYPE_CHECKING:
    from pandas import Series


def read_parquet(path: Path, wanted: dict[str, str | None]) -> RawRatings:
    """The wanted columns of a Parquet file, by role.

    Raises:
        ModuleNotFoundError: pyarrow is not installed.
        ValueError: the file is no Parquet file, lacks a column or holds a bad value.
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
        columns = find_columns(str(path), file.schema_arrow.names, wanted)
        frame = file.read(columns=list(columns.values())).to_pandas()
    except ArrowException as error:
        raise ValueError(f"{path} is not a readable Parquet file: {error}; write or download it anew") from error
    if len(frame) == 0:
        raise ValueError(f"{path} has columns but no ratings; give at least one row")
    parts = {role: frame[column] for role, column in columns.items()}
    users, user_idx = dense(_ids(path, parts["user"]))
    items, item_idx = dense(_ids(path, parts["item"]))
    times = parts.get("timestamp")
    seconds = None
    if times is not None:
        seconds = whole_seconds(_numbers(path, times), lambda row: f"row {row + 1} of {path}", str(times.name))
    ratings = _numbers(path, parts["rating"])
    return RawRatings(
        str(path), users, items, user_idx, item_idx, ratings, seconds, lambda row: f"row {row + 1} of {path}"
    )


def _ids(path: Path, column: Series) -> np.ndarray:
    _refuse_where(path, column, column.isna().to_numpy(), "is missing", "give every rating an id")
    kind = column.dtype.kind if hasattr(column.dtype, "kind") else "O"
    return column.to_numpy() if kind in "iu" else column.astype(str).to_numpy(np.str_)


def _numbers(path: Path, column: Series) -> FloatArray:
    import pandas as pd

    if pd.api.types.is_datetime64_any_dtype(column):
        seconds = pd.Series(column).dt.tz_localize(None).astype("datetime64[s]")
        _refuse_where(path, column, seconds.isna().to_numpy(), "is missing", "give every rating a time")
        return np.asarray(seconds.to_numpy("datetime64[s]").astype(np.float64))
    values: FloatArray = pd.to_numeric(column, errors="coerce").to_numpy(np.float64, na_value=np.nan)
    _refuse_where(path, column, ~np.isfinite(values), "is not a finite number", "write it like 4 or 3.5")
    return values


def _refuse_where(path: Path, column: Series, bad: np.ndarray, problem: str, right: str) -> None:
    if bad.any():
        row = int(np.argmax(bad))
        raise ValueError(
            f"{column.name} {column.iloc[row : row + 1].tolist()[0]!r} at row {row + 1} of {path} {problem}; {right}"
        )
