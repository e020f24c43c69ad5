"""MovieLens tags become item columns on request, each with the user who gave it."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from recbench.datasets.movielens.loader import Release, load_movielens
from recbench.datasets.movielens.tags import tag_columns

RATINGS = [(4, 9, 0.5, 30), (2, 1, 4.5, 20), (4, 1, 5.0, 10)]
TAGS = [(2, 1, "will ferrell", 5), (4, 9, 'a "cult, of', 6), (7, 1, "  fun|dark ", 7), (2, 5, "lost", 8), (4, 1, "", 9)]
EXPECTED = {"tags": ["will ferrell|fun dark", 'a "cult, of'], "tagged_by": ["2|7", "4"]}
REAL = pytest.mark.skipif("RECBENCH_DATA" not in os.environ, reason="RECBENCH_DATA does not name the MovieLens folder")


def _csv(folder: Path) -> Path:
    quoted = [f'{user},{movie},"{tag.replace(chr(34), chr(34) * 2)}",{time}' for user, movie, tag, time in TAGS]
    ratings = [",".join(map(str, row)) for row in RATINGS]
    (folder / "ratings.csv").write_text("\n".join(["userId,movieId,rating,timestamp", *ratings, ""]))
    (folder / "movies.csv").write_text("movieId,title,genres\n1,One (1995),Comedy\n9,Two (1996),War\n")
    (folder / "tags.csv").write_text("\n".join(["userId,movieId,tag,timestamp", *quoted, ""]))
    return folder


def _colons(folder: Path) -> Path:
    for name, rows in (("ratings.dat", RATINGS), ("tags.dat", TAGS)):
        (folder / name).write_text("".join("::".join(map(str, row)) + "\n" for row in rows))
    (folder / "movies.dat").write_text("1::One (1995)::Comedy\n9::Two (1996)::War\n")
    return folder


@pytest.mark.parametrize(("release", "write"), [("latest-small", _csv), ("32m", _csv), ("10m", _colons)])
def test_tags_are_item_columns_next_to_the_users_who_gave_them(release: Release, write: object, tmp_path: Path) -> None:
    assert callable(write)
    columns = load_movielens(release, str(write(tmp_path)), tags=True).item_columns
    assert columns is not None
    assert {name: columns[name].tolist() for name in ("tags", "tagged_by")} == EXPECTED
    assert columns["title"].tolist() == ["One", "Two"]


def test_tags_are_not_read_by_default(tmp_path: Path) -> None:
    _csv(tmp_path)
    (tmp_path / "tags.csv").write_text("nothing\nof\nthe\nkind\n")
    assert set(load_movielens("20m", str(tmp_path)).item_columns or {}) == {"title", "year", "genres"}


def test_the_digest_includes_tags(tmp_path: Path) -> None:
    folder = str(_csv(tmp_path))
    assert load_movielens("20m", folder).digest != load_movielens("20m", folder, tags=True).digest


@pytest.mark.parametrize("release", ["small-2016", "100k", "1m"])
def test_a_release_without_tags_says_which_have_them(release: Release) -> None:
    with pytest.raises(
        ValueError, match=rf"release '{release}' has no tags; set release to one of \['10m', .*'latest-"
    ):
        load_movielens(release, tags=True)


def test_a_missing_tags_file_is_named(tmp_path: Path) -> None:
    (_csv(tmp_path) / "tags.csv").unlink()
    with pytest.raises(FileNotFoundError, match=r"no file tags\.csv; download it from grouplens"):
        load_movielens("25m", str(tmp_path), tags=True)


def test_malformed_tag_row_is_refused_with_its_number(tmp_path: Path) -> None:
    with (_csv(tmp_path) / "tags.csv").open("a") as file:
        file.write("x,1,fun,3\n")
    with pytest.raises(
        ValueError, match=r"tag 6 of .*tags\.csv is \['x', '1', 'fun', '3'\]; expected user, movie, tag and"
    ):
        load_movielens("25m", str(tmp_path), tags=True)


def test_items_without_tags_are_blank() -> None:
    columns = tag_columns(["a", "b"], [])
    assert {name: column.tolist() for name, column in columns.items()} == {"tags": ["", ""], "tagged_by": ["", ""]}


@pytest.mark.realdata
@REAL
def test_real_latest_small_has_as_many_taggers_as_tags() -> None:
    columns = load_movielens("latest-small", tags=True).item_columns
    assert columns is not None
    n_tags, n_taggers = (sum(len(text.split("|")) for text in columns[name] if text) for name in ("tags", "tagged_by"))
    assert n_tags == n_taggers == 3_683 - 21  # of movies without ratings
    assert np.count_nonzero(columns["tags"] != "") == 1_554
