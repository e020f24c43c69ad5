"""Readers of the MovieLens releases, from a folder or a zip."""

from __future__ import annotations

import csv
import io
import itertools
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from recbench.array_types import IntArray
from recbench.contracts import Fold, RatingDataset
from recbench.datasets.id_indexing import pair_keys
from recbench.datasets.movielens.tags import tag_columns, tagged
from recbench.datasets.tabular.columns import open_table
from recbench.datasets.tabular.compressed import Source, members, open_member
from recbench.datasets.tabular.csv_reader import not_encoded
from recbench.datasets.tabular.ratings_file import read_text
from recbench.datasets.tabular.raw_ratings import RawRatings

Layout = Literal["tabs", "colons", "csv"]
SEPARATORS: Mapping[Layout, str] = {"tabs": "\t", "colons": "::", "csv": ","}
COLUMNS = ("userId", "movieId", "rating", "timestamp")
ROLES: dict[str, str | None] = dict(zip(("user", "item", "rating", "timestamp"), COLUMNS, strict=True))
GENRES_100K = (
    "unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime", "Documentary", "Drama",
    "Fantasy", "Film-Noir", "Horror", "Musical", "Mystery", "Romance", "Sci-Fi", "Thriller", "War", "Western",
)  # fmt: skip  # the order of the last 19 columns of u.item
_YEAR = re.compile(r"\s*\((\d{4})(?:[-–]\d{0,4})?\)\s*$")


@dataclass(frozen=True)
class ReleaseFiles:
    """The names and the format of a release's files."""

    ratings: str
    movies: str
    folders: tuple[str, ...]  # possible names of the unpacked folder, or of the zip without .zip
    layout: Layout
    rating_scale: tuple[float, float] = (0.5, 5.0)
    tags: str | None = None  # file of tags, if the release has one

    @property
    def url(self) -> str:
        """The download page, without https://."""
        return f"grouplens.org/datasets/movielens/{'latest' if 'latest' in self.folders[0] else self.folders[0][3:]}"


def _csv_release(folder: str) -> ReleaseFiles:
    return ReleaseFiles("ratings.csv", "movies.csv", (folder,), "csv", tags="tags.csv")


RELEASES: Mapping[str, ReleaseFiles] = {
    "100k": ReleaseFiles("u.data", "u.item", ("ml-100k",), "tabs", (1.0, 5.0)),
    "1m": ReleaseFiles("ratings.dat", "movies.dat", ("ml-1m",), "colons", (1.0, 5.0)),
    "10m": ReleaseFiles("ratings.dat", "movies.dat", ("ml-10m", "ml-10M100K"), "colons", tags="tags.dat"),
    "20m": _csv_release("ml-20m"),
    "25m": _csv_release("ml-25m"),
    "32m": _csv_release("ml-32m"),
    "latest-small": _csv_release("ml-latest-small"),
}


@dataclass(frozen=True)
class Archive:
    """The files of one release, in a folder or a zip of a folder."""

    release: str
    path: Path
    inside: Mapping[str, str]  # file name -> its path within

    def source(self, name: str) -> Source:
        """Return the file of this name.

        Raises:
            FileNotFoundError: the folder or zip has no file `name`.
        """
        if name not in self.inside:
            raise absent(self.release, self.path, f"no file {name}")
        within, suffix = self.inside[name], Path(name).suffix
        if self.path.is_dir():
            return Source(str(self.path / within), suffix, lambda: (self.path / within).open("rb"))
        return Source(f"{self.path}:{within}", suffix, lambda: open_member(self.path, within))


def absent(release: str, path: Path, problem: str) -> FileNotFoundError:
    """Make the error for a missing file of a release."""
    url = RELEASES[release].url
    return FileNotFoundError(f"no MovieLens {release} at {path}: {problem}; download it from {url} and unpack it there")


def find_archive(release: str, folder: Path) -> Path | None:
    """Return the release's unpacked folder or zip in the data folder, if there is one."""
    names = RELEASES[release].folders
    candidates = [folder / name for name in names] + [folder / f"{name.lower()}.zip" for name in names]
    return next((path for path in candidates if path.exists()), None)


def read_release(release: str, path: Path, *, tags: bool = False) -> RatingDataset:
    """Read a release from its folder or zip; with `tags`, the movies' tags become item columns too.

    Raises:
        FileNotFoundError: a file is missing.
        ValueError: a file's content is not valid.
    """
    files = RELEASES[release]
    archive = Archive(release, path, _names(release, path))
    raw = _ratings(archive.source(files.ratings), files.layout).resolved("error")
    movies = {movie: entry for movie, *entry in _movies(archive.source(files.movies), release)}
    item_ids = raw.item_ids.tolist()
    columns = item_columns(item_ids, movies)
    if tags and files.tags:
        columns |= tag_columns(item_ids, _tags(archive.source(files.tags), files.layout))
    dataset = raw.dataset(f"movielens-{release}", files.rating_scale, columns)
    return replace(dataset, folds=_folds(archive, raw)) if release == "100k" else dataset


def item_columns(item_ids: list[int], movies: Mapping[int, Sequence[Any]]) -> dict[str, npt.NDArray[Any]]:
    """Make the item columns in the order of the ids; an unlisted movie has an empty title, year NaN and no genres."""
    rows = [movies.get(movie, ("", math.nan, "")) for movie in item_ids]
    return {
        "title": np.array([row[0] for row in rows], object),
        "year": np.array([row[1] for row in rows], np.float64),
        "genres": np.array([row[2] for row in rows], object),
    }


def _names(release: str, path: Path) -> dict[str, str]:
    if path.is_dir():
        folders = [path, *(path / name for name in RELEASES[release].folders)]
        files = [file for folder in reversed(folders) if folder.is_dir() for file in folder.iterdir()]
        return {file.name: str(file.relative_to(path)) for file in files if file.is_file()}
    if not path.exists():
        raise absent(release, path, "no such folder or zip")
    deepest_first = sorted(members(path), key=lambda member: -member.count("/"))
    return {PurePosixPath(member).name: member for member in deepest_first}


def _ratings(source: Source, layout: Layout) -> RawRatings:
    if layout == "csv":
        return read_text(open_table(source, ",", None, "utf-8"), ROLES)
    return read_text(open_table(source, SEPARATORS[layout], COLUMNS, "utf-8"), ROLES)


def _movies(source: Source, release: str) -> Iterator[tuple[int, str, float, str]]:
    """Yield id, title without the year, year and genres of each movie."""
    text = _text(source, "latin-1" if release in ("100k", "1m") else "utf-8")
    for number, fields in enumerate(_fields(text, RELEASES[release].layout), start=1):
        if len(fields) < 3 or not fields[0].isdigit():
            raise ValueError(f"movie {number} of {source.label} is {fields}; expected id, title and genres")
        found = _YEAR.search(fields[1])
        title = fields[1][: found.start()] if found else fields[1].strip()
        yield int(fields[0]), title, float(found[1]) if found else math.nan, fields[-1]


def _tags(source: Source, layout: Layout) -> Iterable[tuple[int, int, str]]:
    return tagged(_fields(_text(source, "utf-8"), layout), source.label)


def _text(source: Source, encoding: str) -> io.StringIO:
    with source.open() as stream:
        try:
            return io.StringIO(stream.read().decode(encoding), newline="")
        except UnicodeDecodeError as error:
            raise ValueError(not_encoded(source, encoding, error)) from error


def _fields(lines: Iterable[str], layout: Layout) -> Iterator[list[str]]:
    if layout == "csv":
        yield from itertools.islice(csv.reader(lines), 1, None)  # without the header
        return
    for line in lines:
        fields = line.rstrip("\r\n").split("::" if layout == "colons" else "|")
        if layout == "tabs" and len(fields) == 5 + len(GENRES_100K):
            fields.append("|".join(itertools.compress(GENRES_100K, map(int, fields[5:]))))
        yield fields


def _folds(archive: Archive, raw: RawRatings) -> tuple[Fold, ...] | None:
    """Return the folds u1 to u5 as rows of u.data; None if none of their files exists."""
    names = [(f"u{k}.base", f"u{k}.test") for k in range(1, 6)]
    if not any(name in archive.inside for pair in names for name in pair):
        return None
    keys = _keys(raw, raw)
    order = np.argsort(keys)
    return tuple(
        (_rows(archive.source(base), raw, keys, order), _rows(archive.source(test), raw, keys, order))
        for base, test in names
    )


def _rows(source: Source, raw: RawRatings, keys: IntArray, order: IntArray) -> IntArray:
    fold_keys = _keys(_ratings(source, "tabs"), raw)
    position = np.minimum(np.searchsorted(keys[order], fold_keys), len(keys) - 1)
    rows: IntArray = order[position]
    lost = np.flatnonzero(keys[rows] != fold_keys)
    if len(lost):
        raise ValueError(f"{len(lost):,} ratings of {source.label} are not in u.data, first at line {lost[0] + 1}")
    return np.sort(rows)


def _keys(ratings: RawRatings, raw: RawRatings) -> IntArray:
    """Return pair keys made of ids, so that those of two files can be compared."""
    n_items = int(raw.item_ids[-1]) + 1
    return pair_keys(ratings.user_ids[ratings.user_idx], ratings.item_ids[ratings.item_idx], n_items)
