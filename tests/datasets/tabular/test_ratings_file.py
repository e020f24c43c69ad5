"""A ratings file becomes a dataset, in any of the supported formats."""

import bz2
import gzip
import logging
import lzma
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from recbench import RatingDataset
from recbench.datasets.tabular import csv_reader as text_table
from recbench.datasets.tabular.ratings_file import load_ratings_file

TEXT = "userId,movieId,rating,timestamp\n7,30,4.5,100\n5,30,-1,200\n7,4,0,300\n"


def load(tmp_path: Path, text: str, name: str = "mine.csv", **options: Any) -> RatingDataset:
    (tmp_path / name).write_text(text, encoding="utf-8")
    return load_ratings_file(str(tmp_path / name), **options)


def triples(dataset: RatingDataset) -> list[tuple[Any, Any, float]]:
    users, items = dataset.user_ids[dataset.user_idx], dataset.item_ids[dataset.item_idx]
    return list(zip(users.tolist(), items.tolist(), dataset.ratings.tolist(), strict=True))


EXPECTED = [(7, 30, 4.5), (5, 30, -1.0), (7, 4, 0.0)]


def test_rows_keep_their_order_and_ids_are_sorted(tmp_path: Path) -> None:
    dataset = load(tmp_path, TEXT)
    assert triples(dataset) == EXPECTED
    assert (dataset.user_ids.tolist(), dataset.item_ids.tolist()) == ([5, 7], [4, 30])


def test_timestamps_and_the_scale_come_from_the_file(tmp_path: Path) -> None:
    dataset = load(tmp_path, TEXT)
    assert dataset.timestamps is not None
    assert dataset.timestamps.tolist() == [100, 200, 300]
    assert dataset.rating_scale == (-1.0, 4.5)


def test_options_override_what_is_recognized(tmp_path: Path) -> None:
    dataset = load(tmp_path, TEXT, rating_column="timestamp", timestamp_column=None, rating_scale=(0, 500), name="x")
    assert dataset.ratings.tolist() == [100.0, 200.0, 300.0]
    assert (dataset.timestamps, dataset.rating_scale, dataset.name) == (None, (0.0, 500.0), "x")


@pytest.mark.parametrize("separator", [",", "\t", ";", "|", "::"])
def test_the_separator_is_recognized(separator: str, tmp_path: Path) -> None:
    assert triples(load(tmp_path, TEXT.replace(",", separator))) == EXPECTED


def test_an_unusual_separator_can_be_given(tmp_path: Path) -> None:
    assert triples(load(tmp_path, TEXT.replace(",", "~~"), separator="~~")) == EXPECTED


def test_a_tab_may_be_written_with_a_backslash(tmp_path: Path) -> None:
    assert triples(load(tmp_path, TEXT.replace(",", "\t"), separator=r"\t")) == EXPECTED


@pytest.mark.parametrize(
    ("suffix", "pack"),
    [(".gz", gzip.compress), (".bz2", bz2.compress), (".xz", lzma.compress)],
    ids=["gz", "bz2", "xz"],
)
def test_compressed_files_are_read(suffix: str, pack: Callable[[bytes], bytes], tmp_path: Path) -> None:
    (tmp_path / f"mine.csv{suffix}").write_bytes(pack(TEXT.encode()))
    dataset = load_ratings_file(str(tmp_path / f"mine.csv{suffix}"))
    assert (triples(dataset), dataset.name) == (EXPECTED, "mine")


def test_a_zip_of_one_file_is_read(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "mine.zip", "w") as archive:
        archive.writestr("inner/ratings.tsv", TEXT.replace(",", "\t"))
    assert triples(load_ratings_file(str(tmp_path / "mine.zip"))) == EXPECTED


def test_parquet_is_read(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="the extra recbench[parquet] is not installed")
    frame = pd.DataFrame({"user": [7, 5, 7], "item": ["b", "b", "a"], "rating": [4.5, -1.0, 0.0]})
    frame["timestamp"] = pd.to_datetime([100, 200, 300], unit="s")
    frame.to_parquet(tmp_path / "mine.parquet")
    dataset = load_ratings_file(str(tmp_path / "mine.parquet"))
    assert triples(dataset) == [(7, "b", 4.5), (5, "b", -1.0), (7, "a", 0.0)]
    assert dataset.timestamps is not None
    assert dataset.timestamps.tolist() == [100, 200, 300]


@pytest.mark.parametrize(("zone", "hours"), [(None, 0), ("Europe/Berlin", 1), ("America/New_York", -5)])
def test_times_of_a_parquet_file_are_converted_to_utc(zone: str | None, hours: int, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="the extra recbench[parquet] is not installed")
    local = pd.Series(pd.to_datetime(["1970-01-02 00:00:00.75", "2016-01-15 12:00:00.00"])).dt.tz_localize(zone)
    frame = pd.DataFrame({"user": [1, 2], "item": [1, 1], "rating": [3.0, 4.0], "timestamp": local})
    frame.to_parquet(tmp_path / "mine.parquet")
    dataset = load_ratings_file(str(tmp_path / "mine.parquet"))
    assert dataset.timestamps is not None
    assert dataset.timestamps.tolist() == [86_400 - 3600 * hours, 1_452_859_200 - 3600 * hours]


def test_a_file_without_header_is_read_with_given_columns(tmp_path: Path) -> None:
    dataset = load(tmp_path, "\ufeff7|30|4.5\n5|30|-1\n7|4|0\n", columns=["user", "item", "rating"])
    assert triples(dataset) == EXPECTED


def test_string_ids_are_unchanged(tmp_path: Path) -> None:
    dataset = load(tmp_path, "user,item,rating\n007,NA,1\n7,null,2\n12345678901234567890,True,3\n")
    assert triples(dataset) == [("007", "NA", 1.0), ("7", "null", 2.0), ("12345678901234567890", "True", 3.0)]


def test_negative_integer_ids_sort_as_numbers(tmp_path: Path) -> None:
    dataset = load(tmp_path, "user,item,rating\n10,1,1\n9,1,1\n-3,1,1\n")
    assert dataset.user_ids.tolist() == [-3, 9, 10]


@pytest.mark.parametrize("header", ["user_id,item_id,rating", "USER,ITEM,SCORE", '"User-ID", "ISBN", "Book-Rating"'])
def test_usual_column_names_are_recognized(header: str, tmp_path: Path) -> None:
    assert triples(load(tmp_path, f"{header}\n7, 30, 4.5\n")) == [(7, 30, 4.5)]


def test_quotes_blank_lines_and_windows_line_ends_are_read(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_bytes(
        b'\r\nuser,title,item,rating\r\n\r\n"7","a, b",x,4\r\n\r\n5,"""c""\nd",y,3\r\n\r\n'
    )
    assert triples(load_ratings_file(str(tmp_path / "mine.csv"))) == [(7, "x", 4.0), (5, "y", 3.0)]


def test_the_encoding_can_be_given(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_bytes("user,item,rating\nJosé,1,4\n".encode("latin-1"))
    assert triples(load_ratings_file(str(tmp_path / "mine.csv"), encoding="latin-1")) == [("José", 1, 4.0)]


def test_chunk_size_does_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    cells = rng.permutation(1000)[:500]
    rows = "".join(f"u{cell // 20},{cell % 20},{cell % 5}\n" for cell in cells)
    whole = load(tmp_path, "user,item,rating\n" + rows)
    monkeypatch.setattr(text_table, "CHUNK", 64)
    assert load(tmp_path, "user,item,rating\n" + rows).digest == whole.digest


REPEATED = "user,item,rating,time\na,x,1,50\nb,x,3,20\na,x,5,10\na,y,2,10\na,x,3,50\n"


def test_mean_keeps_the_first_row_of_a_repeated_pair(tmp_path: Path) -> None:
    dataset = load(tmp_path, REPEATED, duplicates="mean")
    assert triples(dataset) == [("a", "x", 3.0), ("b", "x", 3.0), ("a", "y", 2.0)]
    assert dataset.timestamps is not None
    assert dataset.timestamps.tolist() == [50, 20, 10]


def test_last_keeps_the_latest_rating_and_the_later_row_of_ties(tmp_path: Path) -> None:
    assert triples(load(tmp_path, REPEATED, duplicates="last")) == [("b", "x", 3.0), ("a", "y", 2.0), ("a", "x", 3.0)]


def test_last_uses_times_rather_than_file_order(tmp_path: Path) -> None:
    text = "user,item,rating,time\na,x,1,50\na,x,5,10\n"
    assert triples(load(tmp_path, text, duplicates="last")) == [("a", "x", 1.0)]


def test_last_uses_file_order_if_there_are_no_times(tmp_path: Path) -> None:
    text = "user,item,rating,time\na,x,1,50\na,x,5,10\n"
    assert triples(load(tmp_path, text, duplicates="last", timestamp_column=None)) == [("a", "x", 5.0)]


def test_resolved_duplicates_are_counted_in_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        load(tmp_path, REPEATED, duplicates="last")
    assert "2 ratings repeat a (user, item) pair; resolved by 'last'" in caplog.text


@pytest.mark.realdata
@pytest.mark.skipif("RECBENCH_DATA" not in os.environ, reason="RECBENCH_DATA does not name a folder with ml-1m")
def test_movielens_1m_as_csv_needs_no_option() -> None:
    dataset = load_ratings_file(str(Path(os.environ["RECBENCH_DATA"]) / "ml-1m" / "ratings.csv.gz"), cache=False)
    assert (dataset.n_users, dataset.n_items, dataset.n_ratings) == (6040, 3706, 1_000_209)
    assert (dataset.rating_scale, dataset.timestamps) == ((1.0, 5.0), None)
