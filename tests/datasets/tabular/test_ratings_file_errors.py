"""Each error of a ratings file or a configuration has its own message."""

import gzip
import re
import sys
import zipfile
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from recbench.config import schema as config
from recbench.config.explain import explain
from recbench.datasets.tabular import csv_reader as text_table
from recbench.datasets.tabular.ratings_file import load_ratings_file
from recbench.jobs.job import PLAIN_ERRORS, Job
from recbench.jobs.preparation import prepare
from recbench.registry.registry import installed

HEADER = "userId,movieId,rating,timestamp\n"
GOOD = "1,10,4.0,100\n"

# name: (content, options, pattern of the message)
MALFORMED: dict[str, tuple[str | bytes, dict[str, Any], str]] = {
    "empty": ("", {}, "is empty; it needs a header line"),
    "only_blank_lines": ("\n\n", {}, "is empty"),
    "header_only": (HEADER, {}, "has a header but no ratings"),
    "no_user_column": ("who,movieId,rating\n1,2,3\n", {}, r"no column for the user: \['who', .*set user_column"),
    "no_item_column": ("user,thing,rating\n1,2,3\n", {}, "no column for the item: .*set item_column"),
    "no_rating_column": ("user,item\n1,2\n", {}, "no column for the rating: .*set rating_column"),
    "no_header": ("1,2,3\n4,5,6\n", {}, "no column for the user: .*the file has no header: set columns"),
    "misnamed_column": (HEADER + GOOD, {"item_column": "movieid"}, "no column 'movieid'; did you mean 'movieId'"),
    "unknown_column": (HEADER + GOOD, {"rating_column": "xyz"}, "no column 'xyz'; set rating_column to one of them"),
    "unknown_time": (HEADER + GOOD, {"timestamp_column": "when"}, "no column 'when'"),
    "two_item_columns": ("user,item,movieId,rating\n1,2,3,4\n", {}, r"2 columns .* item: \['item', 'movieId'\]"),
    "one_column_twice": (HEADER + GOOD, {"item_column": "userId"}, "'userId' .* is both user and item"),
    "same_name_twice": ("user,item,rating,rating\n1,2,3,4\n", {}, "2 columns that may be the rating"),
    "text_rating": (HEADER + GOOD + "1,11,good,100\n", {}, "rating 'good' at line 3 of .*ratings.csv is not a finite"),
    "nan_rating": (HEADER + GOOD + "1,11,nan,100\n", {}, "rating 'nan' at line 3 .*; write it like 4 or 3.5"),
    "infinite_rating": (HEADER + GOOD + "1,11,-inf,100\n", {}, "rating '-inf' at line 3"),
    "overflowing_rating": (HEADER + "1,11,1e999,100\n", {}, "rating '1e999' at line 2"),
    "rating_beyond_single_precision": (HEADER + "1,11,4e38,100\n", {}, r"rating 4e\+38 at line 2 of .* is above"),
    "blank_rating": (HEADER + GOOD + "1,11,,100\n", {}, "rating '' at line 3"),
    "decimal_comma": ("user;item;rating\n1;2;4,5\n", {}, "rating '4,5' at line 2"),
    "after_a_blank_line": (HEADER + "\n" + GOOD + "\n1,11,x,100\n", {}, "rating 'x' at line 5"),
    "below_the_scale": (HEADER + "1,10,0,5\n", {"rating_scale": (1, 5)}, r"scale \(1, 5\), first 0.0 at line 2"),
    "above_the_scale": (HEADER + GOOD + "1,9,6,5\n", {"rating_scale": (1, 5)}, "first 6.0 at line 3; fix them"),
    "upside_down_scale": (HEADER + GOOD, {"rating_scale": (5, 1)}, "is reversed"),
    "blank_user": (HEADER + GOOD + ",11,4,100\n", {}, "userId is blank at line 3 .*; give every rating an id"),
    "blank_item": (HEADER + GOOD + '2,"",4,100\n', {}, "movieId is blank at line 3"),
    "padded_id": (HEADER + GOOD + "1 ,11,4,100\n", {}, "userId '1 ' at line 3 .* begins or ends with a blank"),
    "stray_quote": ('user,item,rating\n1,"2,3\n4,5,6\n', {}, "from about line 2: .*; close every quoted field"),
    "swallowed_line": ('user,item,rating\n1,"2\n4",6\n', {}, "line break"),
    "short_row": (HEADER + GOOD + "1,11,4\n", {}, "line 3 of .* has 3 fields, expected 4: .'userId'"),
    "long_row": (HEADER + "1,10,4,100,7\n", {}, "line 2 of .* has 5 fields, expected 4"),
    "very_long_row": (HEADER + GOOD + "1,11,4,100,,7,8\n", {}, "line 3 of .* has 7 fields"),
    "long_row_without_header": ("1,2,3,4\n", {"columns": ["user", "item", "rating"]}, "line 1 of .* has 4 fields"),
    "other_separator_below": ("user,item,rating\n1;2;3\n", {}, "line 2 of .* has 1 fields, expected 3"),
    "wrong_separator": ("user;item;rating\n1;2;3\n", {"separator": ","}, "only one column.*set separator=';'"),
    "unknown_separator": ("user item rating\n1 2 3\n", {}, "only one column, .*; set separator"),
    "no_number_as_time": (HEADER + "1,10,4,yesterday\n", {}, "timestamp 'yesterday' at line 2"),
    "date_as_time": (HEADER + "1,10,4,2016-01-01\n", {}, "timestamp '2016-01-01' at line 2"),
    "fraction_as_time": (HEADER + "1,10,4,1.5\n", {}, "timestamp 1.5 at line 2 .*not a whole number of seconds"),
    "huge_time": (HEADER + "1,10,4,1476640644000000001\n", {}, "at line 2 .*not a whole number of seconds"),
    "repeated_pair": (HEADER + GOOD * 3, {}, "2 of 3 .* user 1, item 10 at line 3, already at line 2; "),
    "latin_1": (HEADER.encode() + "é,10,4,1\n".encode("latin-1"), {}, "not utf-8: .*set encoding, for example latin-1"),
    "latin_1_header": ("usér,item,rating\n1,2,3\n".encode("latin-1"), {}, "is not utf-8: .*set encoding"),
    "unknown_encoding": (HEADER + GOOD, {"encoding": "utf-99"}, "unknown encoding 'utf-99' .*; set utf-8 or latin-1"),
    "utf_16": ((HEADER + GOOD).encode("utf-16"), {"encoding": "utf-16"}, "encoding 'utf-16' .*; convert the file to"),
    "utf_16_unsaid": ((HEADER + GOOD).encode("utf-16"), {}, "is not utf-8"),
    "no_text_encoding": (HEADER + GOOD, {"encoding": "base64"}, "unknown encoding 'base64'"),
    "old_line_ends": ((HEADER + GOOD).replace("\n", "\r"), {}, r"lines of .* end in .r only; convert them to"),
    "digit_as_separator": ("user0item0rating\n1020304\n", {"separator": "0"}, "separator '0' for .* is a digit"),
    "quote_as_separator": (HEADER + GOOD, {"separator": '"'}, "separator .* contains a quote or a line end"),
    "separator_beyond_the_encoding": (HEADER + GOOD, {"separator": "€", "encoding": "latin-1"}, "'€' .* not exist in"),
    "quoted_without_end": ('"' + "x" * 200_000 + ",b,c\n1,2,3\n", {}, "is not a valid header: field larger"),
    "header_with_an_open_quote": ('user,item,"rating\n1,2,3\n', {}, "is not a valid header: unexpected end"),
    "nul_in_an_id": (HEADER + "1,1\x000,4,100\n", {}, "movieId .* at line 2 .* a line break or a NUL"),
    "nul_in_a_rating": (HEADER + "1,10,4\x00,100\n", {}, "rating .* at line 2 .* is not a finite number"),
    "digits_of_another_script": (HEADER + "1,10,٤,100\n", {}, "rating '٤' at line 2 .* is not a finite number"),
    "empty_separator": (HEADER + GOOD, {"separator": ""}, "separator '' .* is empty"),
}  # fmt: skip


# name: (command line, pattern of the message)
CONFIGS: dict[str, tuple[str, str]] = {
    "unknown_model": ("model=bais", r"unknown model 'bais'; did you mean 'bias'\? \(available: "),
    "unknown_dataset": ("dataset=movielense", "unknown dataset 'movielense'; did you mean 'movielens'"),
    "unknown_split": ("split=houldout", "unknown split 'houldout'; did you mean 'holdout'"),
    "unknown_group": ("modell=bias", "did you mean 'model'"),
    "unknown_option": ("model=mf model.factors=3", "model has no option 'factors'; did you mean 'n_factors'"),
    "unknown_key": ("sed=3", "unknown option 'sed'; did you mean 'seed'"),
    "text_for_a_whole_number": ("model=mf model.n_factors=many", "model.n_factors=many: give a whole number"),
    "fraction_for_a_whole_number": ("seed=1.5", "seed=1.5: give a whole number"),
    "text_for_a_number": ("valid_size=some", "valid_size=some: give a number"),
    "text_for_a_switch": ("sealed=maybe", "sealed=maybe: give true or false"),
    "null_where_there_must_be_a_value": ("seed=null", "seed=null: it can't be null; give a value"),
    "one_for_a_list": ("metrics=rmse", r"metrics=rmse: give a list: metrics=\[a,b\]"),
    "sweep_without_m": ("model=mf,bias", "model=mf,bias gives several values; add -m"),
    "unreadable": ("model=[bias", r"can't read 'model=\[bias'; write name=value"),
    "bare_model": ("mf", "can't read 'mf'; did you mean 'model=mf'"),
    "search_option_without_search": ("search.n_trials=3", "is an option of a search; choose one: search=auto"),
    "dataset_without_its_file": ("dataset=ratings_file", "dataset 'ratings_file' needs dataset.path=...: it has no"),
    "no_such_file": ("dataset=ratings_file dataset.path=absent.csv", r"no file absent\.csv; give the path of a file"),
    "no_such_file_of_items": ("dataset=ratings_file dataset.path=PATH dataset.items_path=no.csv", r"no file no\.csv"),
    "not_one_of_the_ways": (
        "dataset=ratings_file dataset.path=PATH dataset.duplicates=first",
        r"dataset.duplicates='first'.* \(one of: error, mean, last\)",
    ),
    "scale_of_one_number": (
        "dataset=ratings_file dataset.path=PATH dataset.rating_scale=[1]",
        r"dataset.rating_scale=\[1.0\] has 1 values; give 2",
    ),
    "unknown_release": ("dataset.release=99m", r"dataset.release='99m'.* \(one of: small-2016, 100k"),
    "no_metric": ("metrics=[]", r"metrics=\[\] is empty; name at least one metric"),
    "unknown_metric": ("metrics=[rsme]", "unknown metric 'rsme'; did you mean 'rmse'"),
    "test_set_of_nothing": ("split.test_size=0", "test_size"),
}  # fmt: skip


def refusal(case: str, tmp_path: Path) -> str:
    """Return the message for a malformed file, or for a command line with a malformed configuration."""
    (file := tmp_path / "ratings.csv").write_text(HEADER + GOOD)
    try:
        if case in CONFIGS:
            words = CONFIGS[case][0].replace("PATH", str(file)).split()
            prepare(Job(config.compose(words), ""))
        else:
            content, options, _ = MALFORMED[case]
            file.write_bytes(content if isinstance(content, bytes) else content.encode())
            load_ratings_file(str(file), **options)
    except Exception as error:
        explained = explain(error, installed(), words, ()) if case in CONFIGS else None
        if explained is None and not isinstance(error, PLAIN_ERRORS):
            raise
        return str(explained or error)
    return "nothing was wrong"


@pytest.mark.parametrize("case", [*MALFORMED, *CONFIGS])
def test_malformed_file_is_refused_with_its_message(case: str, tmp_path: Path) -> None:
    message = refusal(case, tmp_path)
    assert re.search(MALFORMED[case][2] if case in MALFORMED else CONFIGS[case][1], message)
    assert "\n" not in message
    assert "ratings.csv" in message or case in CONFIGS or case == "upside_down_scale"


def test_a_bad_value_in_a_later_chunk_is_found_at_its_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_table, "CHUNK", 100)
    rows = [f"u{row}\ti{row % 7}\t3" for row in range(350)]
    rows[249] = "u249\ti1\tthree"
    file = tmp_path / "long.tsv"
    file.write_text("user\titem\trating\n" + "\n".join(rows))
    with pytest.raises(ValueError, match="rating 'three' at line 251 of"):
        load_ratings_file(str(file))


def test_an_unknown_duplicates_option_is_refused(tmp_path: Path) -> None:
    (tmp_path / "ratings.csv").write_text(HEADER + GOOD * 2)
    with pytest.raises(ValueError, match=r"unknown duplicates 'first'; set one of \['error', 'mean', 'last'\]"):
        load_ratings_file(str(tmp_path / "ratings.csv"), duplicates="first")  # type: ignore[arg-type]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no file .*absent\.csv; give the path"):
        load_ratings_file(str(tmp_path / "absent.csv"))


def test_a_folder_instead_of_a_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="is a folder; give the path of a file"):
        load_ratings_file(str(tmp_path))


@pytest.mark.parametrize("suffix", [".gz", ".bz2", ".xz", ".zip"])
def test_a_damaged_archive_is_refused(suffix: str, tmp_path: Path) -> None:
    file = tmp_path / f"ratings.csv{suffix}"
    file.write_bytes(b"this was never compressed, not even a little")
    with pytest.raises(
        ValueError, match=r"cannot be decompressed|is not a readable zip archive|create or download it again"
    ):
        load_ratings_file(str(file))


def test_a_truncated_archive_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "ratings.csv.gz"
    whole = gzip.compress((HEADER + "".join(f"{row},{row},4,1\n" for row in range(100_000))).encode())
    file.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match=r"ratings\.csv\.gz cannot be decompressed"):
        load_ratings_file(str(file))


def test_a_zip_of_several_files_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as archive:
        archive.writestr("ratings.csv", HEADER + GOOD)
        archive.writestr("movies.csv", "movieId,title\n")
    with pytest.raises(ValueError, match=re.escape("contains 2 files, ['ratings.csv', 'movies.csv']")):
        load_ratings_file(str(tmp_path / "two.zip"))


PARQUET: dict[str, tuple[dict[str, list[Any]], str]] = {
    "missing_id": ({"user": [1, None], "item": [1, 2], "rating": [1.0, 2.0]}, "user nan at row 2 of .* is missing"),
    "missing_rating": ({"user": [1, 2], "item": [1, 2], "rating": [1.0, None]}, "rating nan at row 2"),
    "text_rating": ({"user": [1, 2], "item": [1, 2], "rating": ["4", "x"]}, "rating 'x' at row 2 .*write it like 4"),
    "blank_id": ({"user": ["a", ""], "item": [1, 2], "rating": [3, 4]}, "user '' at row 2 of .* is blank, begins or"),
    "bytes_as_ids": (
        {"user": [b"a", b"b"], "item": [1, 2], "rating": [3, 4]},
        "user b'a' at row 1 of .* is not a string",
    ),
    "lists_as_ids": (
        {"user": [[1], [2]], "item": [1, 2], "rating": [3, 4]},
        "user of .* cannot be ids: .*use a column",
    ),
    "no_rows": ({"user": [], "item": [], "rating": []}, "has columns but no ratings"),
    "no_item": ({"user": [1], "rating": [3.0]}, "no column for the item"),
    "repeated": ({"user": [1, 1], "item": [2, 2], "rating": [3, 4]}, "1 of 2 ratings .*at row 2, already at row 1"),
    "times_as_ratings": ({"user": [1], "item": [2], "rating": [pd.Timestamp(0)]}, "rating of .* has times .*numbers"),
}


@pytest.mark.parametrize("case", PARQUET)
def test_a_malformed_parquet_file_is_refused_with_its_message(case: str, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="the extra recbench[parquet] is not installed")
    content, message = PARQUET[case]
    pd.DataFrame(content).to_parquet(tmp_path / "ratings.parquet")
    with pytest.raises(ValueError, match=message):
        load_ratings_file(str(tmp_path / "ratings.parquet"))


def test_text_named_parquet_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="the extra recbench[parquet] is not installed")
    (tmp_path / "ratings.parquet").write_text(HEADER + GOOD)
    with pytest.raises(ValueError, match="is not a readable Parquet file"):
        load_ratings_file(str(tmp_path / "ratings.parquet"))


def test_parquet_without_pyarrow_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)  # makes Python raise ModuleNotFoundError on import
    monkeypatch.delitem(sys.modules, "pyarrow.parquet", raising=False)
    (tmp_path / "ratings.parquet").write_bytes(b"PAR1")
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'recbench\[parquet\]'"):
        load_ratings_file(str(tmp_path / "ratings.parquet"))
