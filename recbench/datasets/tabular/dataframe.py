"""A dataset from a pandas DataFrame of ratings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from recbench.array_types import FloatArray, IntArray
from recbench.contracts import RatingDataset
from recbench.datasets.id_indexing import Ids, dense
from recbench.datasets.tabular.columns import AUTO, find_columns
from recbench.datasets.tabular.raw_ratings import Duplicates, RawRatings, whole_seconds

if TYPE_CHECKING:
    from pandas import DataFrame, Series

LABEL = "the DataFrame"  # in messages


def from_frame(  # noqa: PLR0913  the options of `ratings_file` that apply to a frame
    frame: DataFrame,
    *,
    user_column: str = AUTO,
    item_column: str = AUTO,
    rating_column: str = AUTO,
    timestamp_column: str | None = AUTO,
    rating_scale: tuple[float, float] | None = None,
    duplicates: Duplicates = "error",
    name: str = "frame",
) -> RatingDataset:
    """Make a dataset from the columns user, item, rating and optionally timestamp of a pandas DataFrame.

    The arguments and the errors are those of the dataset `ratings_file`: a column name, or `auto` to recognize it by
    its name. Timestamps are seconds since 1970 or datetimes. `rating_scale` is by default the range of the ratings;
    `duplicates` says what to do if a (user, item) pair occurs twice: `error`, `mean` or `last`. The frame is not
    changed.

    Raises:
        ValueError: a column is missing or ambiguous, or a value is not valid; the message names the column and row.
    """
    wanted = {"user": user_column, "item": item_column, "rating": rating_column, "timestamp": timestamp_column}
    names = [str(column) for column in frame.columns]
    columns = find_columns(LABEL, names, wanted, from_header=False)
    if len(frame) == 0:
        raise ValueError(f"{LABEL} has columns but no ratings; give at least one row")
    chosen = frame.iloc[:, [names.index(column) for column in columns.values()]]
    chosen = chosen.set_axis(list(columns.values()), axis="columns")
    return raw_ratings(LABEL, chosen, columns).resolved(duplicates).dataset(name, rating_scale)


def raw_ratings(label: str, frame: DataFrame, columns: Mapping[str, str]) -> RawRatings:
    """Read the ratings from the columns, by role; columns are removed from the frame so that each is freed once read.

    Raises:
        ValueError: a value is not valid; the message names its row.
    """
    parts = {role: frame.pop(column) for role, column in columns.items()}
    users, user_idx = _ids(label, parts.pop("user"))
    items, item_idx = _ids(label, parts.pop("item"))
    times = parts.pop("timestamp", None)
    seconds = None
    if times is not None:
        seconds = whole_seconds(_seconds(label, times), lambda row: f"row {row + 1} of {label}", str(times.name))
    del times
    ratings = _numbers(label, parts.pop("rating"))
    return RawRatings(label, users, items, user_idx, item_idx, ratings, seconds, lambda row: f"row {row + 1}")


def _ids(label: str, column: Series) -> tuple[Ids, IntArray]:
    """Return the distinct ids, sorted, and each row's position among them; ids other than integers become str."""
    import pandas as pd

    _refuse_where(label, column, column.isna().to_numpy(), "is missing", "give every rating an id")
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.astype(column.cat.categories.dtype)
    if getattr(column.dtype, "kind", "O") in "iu":
        return dense(column.to_numpy())
    try:
        codes, uniques = pd.factorize(column)
    except TypeError as error:
        raise ValueError(
            f"{column.name} of {label} cannot be ids: {error}; use a column of numbers or strings"
        ) from error
    texts = [str(each) for each in uniques]
    wrong = [isinstance(each, bytes) or not text or text != text.strip() or "\0" in text
             for each, text in zip(uniques, texts, strict=True)]  # fmt: skip
    problem = "is blank, begins or ends with a blank, contains a NUL or is not a string"
    _refuse_where(label, column, np.array(wrong)[codes], problem, "fix it")
    ids, index = dense(np.array(texts, np.str_))
    return ids, index[codes]


def _seconds(label: str, column: Series) -> FloatArray:
    """Return seconds since 1970 in UTC; fractions of a second are cut off datetimes."""
    import pandas as pd

    if not pd.api.types.is_datetime64_any_dtype(column):
        return _numbers(label, column)
    _refuse_where(label, column, column.isna().to_numpy(), "is missing", "give every rating a time")
    moments = pd.Series(column).dt
    in_utc = moments.tz_convert("UTC").dt.tz_localize(None) if moments.tz is not None else pd.Series(column)
    return np.asarray(in_utc.to_numpy().astype("datetime64[s]").astype(np.float64))


def _numbers(label: str, column: Series) -> FloatArray:
    import pandas as pd

    if getattr(column.dtype, "kind", "O") in "mM":
        raise ValueError(f"{column.name} of {label} has times ({column.dtype}); use a column of numbers")
    values: FloatArray = pd.to_numeric(column, errors="coerce").to_numpy(np.float64, na_value=np.nan)
    _refuse_where(label, column, ~np.isfinite(values), "is not a finite number", "write it like 4 or 3.5")
    return values


def _refuse_where(label: str, column: Series, bad: np.ndarray, problem: str, right: str) -> None:
    if bad.any():
        row = int(np.argmax(bad))
        raise ValueError(
            f"{column.name} {column.iloc[row : row + 1].tolist()[0]!r} at row {row + 1} of {label} {problem}; {right}"
        )
