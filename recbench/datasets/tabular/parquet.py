"""A reader of Parquet files."""

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
    """Read the wanted columns of a Parquet file, by role.

    Raises:
        ModuleNotFoundError: pyarrow is not installed.
        ValueError: the file is not a valid Parquet file, lacks a column or has a value that is not valid.
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
    """Return whether the path is a file with the suffix of Parquet."""
    return path.suffix.lower() in (".parquet", ".pq") and path.is_file()


def read_frame(path: Path, choose: Callable[[list[str]], list[str]] = list) -> DataFrame:
    """Read the columns that `choose` selects from the names of those in the file.

    Raises:
        ModuleNotFoundError: pyarrow is not installed.
        ValueError: the file is not a valid Parquet file.
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
        # each column is freed once converted; metadata that pandas wrote is not needed
        frame: DataFrame = table.to_pandas(split_blocks=True, self_destruct=True, ignore_metadata=True)
        del table
    except (ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:  # from the system: permission, disk
            raise
        raise ValueError(f"{path} is not a readable Parquet file: {error}; write or download it again") from error
    return frame
