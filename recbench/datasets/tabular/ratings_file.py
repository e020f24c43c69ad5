"""A file of your own ratings as a data set: CSV, TSV or Parquet."""

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
    user_column: str = AUTO,  # its name; auto: recognized, like userId, user_id, user
    item_column: str = AUTO,  # its name; auto: recognized, like movieId, item_id, item
    rating_column: str = AUTO,  # its name; auto: recognized, like rating, score
    timestamp_column: str | None = AUTO,  # seconds since 1970; auto: if recognized; null: none
    separator: str = AUTO,  # between fields, one or more characters; auto: from the first line
    columns: list[str] | None = None,  # names for the columns of a file without a header line
    rating_scale: tuple[float, float] | None = None,  # lowest and highest rating; null: those of the data
    duplicates: Duplicates = "error",  # what to do if a (user, item) pair occurs twice
    items_path: str | None = None,  # file about the items: title, year, genres (A|B), tags (a|b), or others; null: none
    missing_items: MissingItems = "error",  # what to do if rated items are not in that file
    encoding: str = "utf-8",  # of a text file
    name: str | None = None,  # of the data set; null: the file's name
    cache: bool = True,  # keep a converted copy of a large file, so that the next start is quick
) -> RatingDataset:
    """Ratings from a CSV, TSV or Parquet file, with string or integer ids.

    Nothing is dropped or altered silently: whatever is wrong is an error that names the file, the
    line and what would be right. Ids are integers only if all are written like integers. Blank
    lines are skipped. What `items_path` tells of the items becomes item columns, as in MovieLens. A
    file of 4 MB or more is kept as arrays in the platform's cache folder, and read again once it changes.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: a file does not hold ratings, or items, as described.
    """
    file = Path(path).expanduser()
    called = name or file.name.split(".")[0] or file.name
    wanted = {"user": user_column, "item": item_column, "rating": rating_column, "timestamp": timestamp_column}

    def read() -> RatingDataset:
        raw = _raw(file, wanted, separator, columns, encoding)
        return raw.resolved(duplicates).dataset(called, rating_scale)

    options = [wanted, separator, columns, rating_scale, duplicates, encoding]
    dataset = converted(file, options, called, read) if cache and file.is_file() else read()
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
    """The wanted columns of a delimited text, by role.

    Raises:
        ValueError: a column is missing or a cell is not what it should be.
    """
    roles = find_columns(table.source.label, table.columns, wanted)
    ids, numbers = table.read((roles["user"], roles["item"]), [roles[r] for r in ("rating", "timestamp") if r in roles])

    def place(row: int) -> str:
        return f"line {table.record(row)[0]}"

    users, user_idx = dense_from_labels(*ids[roles["user"]])
    items, item_idx = dense_from_labels(*ids[roles["item"]])
    seconds = None
    if "timestamp" in roles:
        seconds = whole_seconds(
            numbers[roles["timestamp"]], lambda row: f"{place(row)} of {table.source.label}", roles["timestamp"]
        )
    return RawRatings(table.source.label, users, items, user_idx, item_idx, numbers[roles["rating"]], seconds, place)
