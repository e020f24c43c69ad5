"""Ratings from a Parquet file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from recbench.datasets.tabular.columns import find_columns
from recbench.datasets.tabular.dataframe import raw_ratings
from recbench.datasets.tabular.raw_ratings import RawRatings

if TYPE_CHECKING:
    from pandas import DataFrame


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
    return raw_ratings(str(path), frame, columns)


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
