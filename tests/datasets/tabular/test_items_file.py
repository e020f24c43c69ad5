"""Item columns are read from a separate file, in any of the usual formats."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from recbench import RatingDataset
from recbench.datasets.tabular.ratings_file import load_ratings_file
from recbench.models.content.content import Content

RATINGS = "user,movieId,rating\n1,10,4\n1,9,2\n2,10,5\n2,30,1\n"
ITEMS = """movieId,Title,genre,Year,minutes,note
30,Three,Drama|War,1994,90,
10,One,Comedy,,120.5,good
77,Not rated,,,,
9,"Two, too",,2001,,
"""


def load(tmp_path: Path, items: str, ratings: str = RATINGS, **options: Any) -> RatingDataset:
    (tmp_path / "ratings.csv").write_text(ratings)
    (tmp_path / "items.csv").write_text(items)
    return load_ratings_file(str(tmp_path / "ratings.csv"), items_path=str(tmp_path / "items.csv"), **options)


def columns(dataset: RatingDataset) -> dict[str, list[Any]]:
    assert dataset.item_columns is not None
    return {name: values.tolist() for name, values in dataset.item_columns.items()}


def test_columns_have_the_order_of_the_items(tmp_path: Path) -> None:
    dataset = load(tmp_path, ITEMS)
    assert dataset.item_ids.tolist() == [9, 10, 30]
    assert columns(dataset)["title"] == ["Two, too", "One", "Three"]
    assert columns(dataset)["genres"] == ["", "Comedy", "Drama|War"]


def test_numbers_are_numbers_and_a_blank_is_nan(tmp_path: Path) -> None:
    found = load(tmp_path, ITEMS).item_columns
    assert found is not None
    assert np.array_equal(found["year"], [2001.0, np.nan, 1994.0], equal_nan=True)
    assert np.array_equal(found["minutes"], [np.nan, 120.5, 90.0], equal_nan=True)
    assert found["note"].tolist() == ["", "good", ""]


def test_tags_and_taggers_are_text_even_if_they_look_like_numbers(tmp_path: Path) -> None:
    found = columns(load(tmp_path, "movieId,Keywords,tagged_by\n9,1984,1\n10,2001,2\n30,,\n"))
    assert found == {"tags": ["1984", "2001", ""], "tagged_by": ["1", "2", ""]}


def test_tags_and_genres_are_both_read(tmp_path: Path) -> None:
    found = columns(load(tmp_path, "movieId,categories,tags\n9,War,a|b\n10,,b\n30,Drama,\n"))
    assert found == {"genres": ["War", "", "Drama"], "tags": ["a|b", "b", ""]}


def test_the_digest_includes_items(tmp_path: Path) -> None:
    assert load(tmp_path, ITEMS).digest != load(tmp_path, ITEMS.replace("War", "Peace")).digest


def test_the_content_model_works_on_a_users_own_items(tmp_path: Path) -> None:
    dataset = load(tmp_path, ITEMS)
    predicted = Content().fit(dataset).predict(dataset.user_idx, dataset.item_idx)
    assert np.isfinite(predicted).all()
    assert predicted[2] > predicted[3]  # user 2's comedy above the drama


def test_text_ids_are_compared_as_they_are_written(tmp_path: Path) -> None:
    ratings, items = "user,item,rating\n1,007,4\n1,7,2\n", "item,title\n7,Seven\n007,Bond\n"
    assert columns(load(tmp_path, items, ratings))["title"] == ["Bond", "Seven"]


def test_parquet_and_tsv_give_the_same_as_csv(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="the extra recbench[parquet] is not installed")
    expected = load(tmp_path, "movieId,title,genres,year\n9,a,X|Y,1990\n10,b,,\n30,c,Z,2000\n")
    frame = pd.DataFrame({"movieId": [9, 10, 30], "title": ["a", "b", "c"], "genres": [["X", "Y"], None, ["Z"]]})
    frame["year"] = [1990.0, np.nan, 2000.0]
    frame.to_parquet(tmp_path / "items.parquet")
    (tmp_path / "items.tsv").write_text("movieId\ttitle\tgenres\tyear\n9\ta\tX|Y\t1990\n10\tb\t\t\n30\tc\tZ\t2000\n")
    for name in ("items.parquet", "items.tsv"):
        found = load_ratings_file(str(tmp_path / "ratings.csv"), items_path=str(tmp_path / name))
        assert found.digest == expected.digest, name


def test_item_cells_may_be_blank(tmp_path: Path) -> None:
    dataset = load(tmp_path, "movieId,title,year\n10,One,1999\n", missing_items="blank")
    assert columns(dataset)["title"] == ["", "One", ""]
    assert np.isnan(columns(dataset)["year"][0])


MALFORMED: dict[str, tuple[str, dict[str, Any], str]] = {
    "an_item_missing": ("movieId,title\n10,One\n9,Two\n", {}, r"1 of 3 rated items are not in .*items.csv, first 30 \("
                        r"its movieId column begins with \['10', '9'\]\); add them, or set missing_items=blank"),
    "all_missing": ("movieId,title\nx,One\n", {"missing_items": "blank"}, r"3 of 3 rated items .*\['x'\]\); add them$"),
    "twice": (ITEMS + "10,Again,,,,\n", {}, "item '10' occurs twice in .*items.csv, at line 3 and at line 6; keep"),
    "blank_id": ("movieId,title\n,One\n", {}, "movieId '' at line 2 of .* is blank"),
    "padded_id": ("movieId,title\n10 ,One\n", {}, "movieId '10 ' at line 2 of .* is blank, or begins or ends"),
    "no_id": ("title,year\nOne,1990\n", {}, r"no column for the item: \['title', 'year'\]; set item_column"),
    "no_rows": ("movieId,title\n", {}, "has a header but no items; give at least one row"),
    "empty": ("", {}, "items.csv is empty"),
    "one_column": ("movieId\n9\n10\n30\n", {}, "has only one column, .*it needs an item and columns about it"),
    "year_that_is_none": ("movieId,year\n9,1990\n10,soon\n30,\n", {}, "'soon' at line 3 of .* is not a year; write"),
    "short_row": ("movieId,title,year\n9,Two\n", {}, "line 2 of .*items.csv has 2 fields, expected 3"),
    "two_titles": ("movieId,title,name\n9,a,b\n10,a,b\n30,a,b\n", {}, r"columns for the title: \['title', 'name'\]"),
    "same_column": ("movieId,a,a\n9,a,b\n10,a,b\n30,a,b\n", {}, "two columns 'a'; rename or remove one"),
    "unknown_way": (ITEMS, {"missing_items": "drop"}, r"unknown missing_items 'drop'; set one of \['error', 'bl"),
}  # fmt: skip


@pytest.mark.parametrize("case", MALFORMED)
def test_a_malformed_items_file_is_refused_with_its_message(case: str, tmp_path: Path) -> None:
    content, options, message = MALFORMED[case]
    with pytest.raises(ValueError, match=message):
        load(tmp_path, content, **options)


def test_a_missing_items_file_is_named(tmp_path: Path) -> None:
    load(tmp_path, ITEMS)
    with pytest.raises(FileNotFoundError, match=r"no file absent\.csv; give the path of a file with items"):
        load_ratings_file(str(tmp_path / "ratings.csv"), items_path="absent.csv")
