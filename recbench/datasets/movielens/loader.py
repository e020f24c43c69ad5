"""The loader of MovieLens: a small release is in the package, the others are read from GroupLens' files."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path
from typing import Literal, get_args

import numpy as np

from recbench.contracts import RatingDataset
from recbench.datasets.data_folder import data_folder
from recbench.datasets.id_indexing import dense
from recbench.datasets.movielens.files import RELEASES, find_archive, item_columns, read_release
from recbench.datasets.movielens.releases import DOWNLOADS

Release = Literal["small-2016", "100k", "1m", "10m", "20m", "25m", "32m", "latest-small"]

_DATA = Path(__file__).parents[1] / "data"


def load_movielens(
    release: Release = "small-2016",  # which MovieLens; small-2016 is in the package
    path: str | None = None,  # folder or zip from GroupLens; null: in the data folder
    *,
    tags: bool = False,  # also read the users' tags, for model=content; latest-small, and 10m or larger
) -> RatingDataset:
    """MovieLens movie ratings; the default release is in the package, the others are read from GroupLens' files.

    Ratings are half stars from 0.5 to 5, in 100k and 1m whole stars from 1 to 5. Items have a title, a year (NaN if
    unknown) and genres, separated by |. Release 100k has GroupLens' five folds. With `tags`, items also have the
    columns `tags` and `tagged_by`, see `tag_columns`. Tags are off by default: they may be newer than the ratings
    that are predicted, and only `content` uses them, with little gain.

    Source: Harper & Konstan (2015), "The MovieLens datasets: history and context", ACM TiiS 5(4).

    Raises:
        FileNotFoundError: a file of the release is missing.
        ValueError: a file's content is not valid, or the options do not go together.
    """
    tagged = [each for each, files in RELEASES.items() if files.tags]
    if tags and release not in tagged and release in get_args(Release):
        raise ValueError(f"release {release!r} has no tags; set release to one of {tagged}, or tags=false")
    if release == "small-2016":
        if path is not None:
            raise ValueError(
                f"release 'small-2016' is in the package and takes no path, got {path!r}; "
                f"set release to the one at that path, one of {list(RELEASES)}"
            )
        return _small_2016()
    if release not in RELEASES:
        raise ValueError(f"unknown MovieLens release {release!r}; choose one of {['small-2016', *RELEASES]}")
    return read_release(release, Path(path).expanduser() if path else _in_data_folder(release), tags=tags)


def terms() -> str:
    """Return GroupLens' terms of use."""
    return (_DATA / "LICENSE-GROUPLENS.txt").read_text(encoding="utf-8")


def _in_data_folder(release: str) -> Path:
    found = find_archive(release, data_folder())
    if found is None:
        raise FileNotFoundError(
            f"MovieLens {release} is not in {data_folder()}, and dataset.path is not set; "
            f"run `recbench data fetch {release}` ({DOWNLOADS[release].megabytes} MB), or download it from "
            f"{RELEASES[release].url} and set path to the zip or the unpacked folder"
        )
    return found


def _small_2016() -> RatingDataset:
    with np.load(_DATA / "small_2016_ratings.npz", allow_pickle=False) as columns:
        users, user_idx = dense(columns["user_id"].astype(np.int64))
        items, item_idx = dense(columns["movie_id"].astype(np.int64))
        ratings, timestamps = columns["half_stars"] * np.float32(0.5), columns["timestamp"]
    with gzip.open(_DATA / "small_2016_movies.csv.gz", "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))[1:]
    movies = {int(movie): (title, float(year or "nan"), genres) for movie, title, year, genres in rows}
    return RatingDataset(
        "movielens-small-2016",
        user_idx,
        item_idx,
        ratings,
        users,
        items,
        (0.5, 5.0),
        timestamps,
        item_columns(items.tolist(), movies),
    )
