"""The loader of your own ratings file: CSV, TSV or Parquet."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from recbench.contracts import RatingDataset
from recbench.datasets.id_indexing import dense_from_labels
from recbench.datasets.tabular.cache import converted
from recbench.datasets.tabular.columns import AUTO, find_columns, open_table
from recbench.datasets.tabular.compressed import file_source
from recbench.datasets.tabular.csv_reader import TextTable
from recbench.datasets.tabular.items_file import MissingItems, read_items
from recbench.datasets.tabular.parquet import is_parquet, read_parquet
from recbench.datasets.tabular.raw_ratings import Duplicates, RawRatings, whole_seconds


def load_ratings_file(  # noqa: PLR0913  each is an option of the command line
    path: str,  # the file: .csv, .tsv, .txt (also .gz, .bz2, .xz, .zip) or .parquet
    *,
    user_column: str = AUTO,  # its name; auto: recognized by names like userId, user_id, user
    item_column: str = AUTO,  # its name; auto: recognized by names like movieId, item_id, item
    rating_column: str = AUTO,  # its name; auto: recognized by names like rating, score
    timestamp_column: str | None = AUTO,  # of seconds since 1970; auto: if one is recognized; null: none
    separator: str = AUTO,  # between fields, one or more characters; auto: guessed from the first line
    columns: list[str] | None = None,  # names of the columns, for a file without a header line
    rating_scale: tuple[float, float] | None = None,  # lowest and highest possible rating; null: those of the data
    duplicates: Duplicates = "error",  # what to do if a (user, item) pair occurs twice
    items_path: str | None = None,  # file about the items: title, year, genres (A|B), tags (a|b), ...; null: none
    missing_items: MissingItems = "error",  # what to do if a rated item is not in that file
    encoding: str = "utf-8",  # of a text file
    name: str | None = None,  # of the dataset; null: the file's name
    cache: bool = True,  # keep a converted copy of a large file, so that the next start is fast
) -> RatingDataset:
    """Ratings from a CSV, TSV or Parquet file, with string or integer ids.

    Nothing is dropped or changed silently: an error names the file, the line and what is expected. Ids are integers
    only if all are written like integers. Blank lines are skipped. The columns of `items_path` become item columns, as
    in MovieLens. A file of 4 MB or more is cached as arrays in the platform's cache folder, and read again when it
    changes.

    Raises:
        FileNotFoundError: no file has this path.
        ValueError: a file does not contain ratings, or items, as described.
    """
    file = Path(path).expanduser()
    dataset_name = name or file.name.split(".")[0] or file.name
    wanted = {"user": user_column, "item": item_column, "rating": rating_column, "timestamp": timestamp_column}

    def read() -> RatingDataset:
        raw = _raw(file, wanted, separator, columns, encoding)
        return raw.resolved(duplicates).dataset(dataset_name, rating_scale)

    options = [wanted, separator, columns, rating_scale, duplicates, encoding]
    dataset = converted(file, options, dataset_name, read) if cache and file.is_file() else read()
    if items_path is None:
        return dataset
    about_items = read_items(items_path, item_column, dataset.item_ids, missing_items, encoding)
    return replace(dataset, item_columns=about_items)


def _raw(
    file: Path, wanted: dict[str, str | None], separator: str, columns: list[str] | None, encoding: str
) -> RawRatings:
    if is_parquet(file):
        return read_parquet(file, wanted)
    return read_text(open_table(file_source(file), separator, columns, encoding), wanted)


def read_text(table: TextTable, wanted: dict[str, str | None]) -> RawRatings:
    """Read the wanted columns of a delimited text file, by role.

    Raises:
        ValueError: a column is missing or a cell is not valid.
    """
    roles = find_columns(table.source.label, table.columns, wanted)
    ids, numbers = table.read((roles["user"], roles["item"]), [roles[r] for r in ("rating", "timestamp") if r in roles])

    def locate(row: int) -> str:
        return f"line {table.record(row)[0]}"

    users, user_idx = dense_from_labels(*ids[roles["user"]])
    items, item_idx = dense_from_labels(*ids[roles["item"]])
    seconds = None
    if "timestamp" in roles:
        seconds = whole_seconds(
            numbers[roles["timestamp"]], lambda row: f"{locate(row)} of {table.source.label}", roles["timestamp"]
        )
    return RawRatings(table.source.label, users, items, user_idx, item_idx, numbers[roles["rating"]], seconds, locate)
