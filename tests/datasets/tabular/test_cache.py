"""A cached copy is used instead of a ratings file only if it was made from that file."""

from __future__ import annotations

import ast
import inspect
import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from recbench import RatingDataset
from recbench.datasets import id_indexing
from recbench.datasets.tabular import cache, columns, csv_reader, ratings_file, raw_ratings
from recbench.datasets.tabular.ratings_file import load_ratings_file

TEXT = "user,item,rating,time\nb,7,4.1,100\na,7,-1,200\nb,30,0,300\n"


@pytest.fixture(autouse=True)
def _cached_from_the_first_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "MIN_BYTES", 0)
    monkeypatch.setattr(cache, "cache_folder", lambda: tmp_path / "cache")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "mine.csv").write_text(TEXT)
    age(tmp_path / "mine.csv")
    return tmp_path / "mine.csv"


def age(file: Path, seconds: float = 100.0) -> None:
    """Give the file an old modification time."""
    os.utime(file, (time.time() - seconds, time.time() - seconds))


def no_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("the file was read again")

    monkeypatch.setattr(ratings_file, "read_text", refuse)


def copies(file: Path, suffix: str) -> list[Path]:
    return sorted((file.parent / "cache").glob(f"*{suffix}"))


def test_the_second_start_reads_the_copy_with_the_same_result(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = load_ratings_file(str(file))
    no_reading(monkeypatch)
    second = load_ratings_file(str(file))
    assert second.digest == first.digest
    assert (second.name, second.rating_scale) == ("mine", (-1.0, 4.1))
    assert (second.user_ids.tolist(), second.item_ids.tolist()) == (["a", "b"], [7, 30])


def test_arrays_from_a_copy_are_read_only(file: Path) -> None:
    load_ratings_file(str(file))
    arrays = load_ratings_file(str(file))
    assert not any(array.flags.writeable for array in (arrays.ratings, arrays.user_idx, arrays.user_ids))


def test_a_copy_has_the_requested_name(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load_ratings_file(str(file), name="one")
    no_reading(monkeypatch)
    assert load_ratings_file(str(file), name="two").name == "two"


def test_a_file_without_times_has_a_copy_without_times(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load_ratings_file(str(file), timestamp_column=None)
    no_reading(monkeypatch)
    assert load_ratings_file(str(file), timestamp_column=None).timestamps is None


def test_other_options_make_another_copy(file: Path) -> None:
    assert load_ratings_file(str(file)).n_ratings == 3
    swapped = load_ratings_file(str(file), user_column="item", item_column="user")
    assert swapped.user_ids.tolist() == [7, 30]


def test_a_changed_file_is_read_again_and_its_copy_replaced(file: Path) -> None:
    load_ratings_file(str(file))
    file.write_text(TEXT + "c,7,5,400\n")
    assert load_ratings_file(str(file)).n_ratings == 4
    assert len(copies(file, ".bin")) == len(copies(file, ".json")) == 1


def test_a_change_that_keeps_size_and_time_is_detected(file: Path) -> None:
    load_ratings_file(str(file))
    was = file.stat()
    file.write_text(TEXT.replace("4.1", "3.1"))
    os.utime(file, ns=(was.st_atime_ns, was.st_mtime_ns))
    assert (file.stat().st_size, file.stat().st_mtime_ns) == (was.st_size, was.st_mtime_ns)
    assert load_ratings_file(str(file)).ratings[0] == np.float32(3.1)


def test_a_recently_changed_file_is_identified_by_its_content(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text(TEXT)  # not aged: a second change might leave all times unchanged
    load_ratings_file(str(file))
    about = json.loads(copies(file, ".json")[0].read_text())
    assert about["racy"]
    no_reading(monkeypatch)
    assert load_ratings_file(str(file)).n_ratings == 3


def test_a_touched_file_is_identified_by_its_content(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load_ratings_file(str(file))
    age(file, 50.0)
    no_reading(monkeypatch)
    assert load_ratings_file(str(file)).n_ratings == 3


def test_other_code_reads_the_file_again(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    load_ratings_file(str(file))
    monkeypatch.setattr(cache, "_readers", lambda: ["of tomorrow"])
    no_reading(monkeypatch)
    with pytest.raises(AssertionError, match="read again"):
        load_ratings_file(str(file))


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-10] ^= 1
    path.write_bytes(bytes(content))


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def garble(path: Path) -> None:
    path.write_text("[]")


def grow(path: Path) -> None:
    path.write_text(path.read_text().replace('"<f4",\n   3', '"<f4",\n   300000000000'))


@pytest.mark.parametrize(
    ("suffix", "damage"),
    [(".bin", flip), (".bin", cut), (".bin", Path.unlink), (".json", flip), (".json", cut), (".json", garble),
     (".json", grow)],
)  # fmt: skip
def test_a_damaged_copy_is_replaced(suffix: str, damage: Callable[[Path], None], file: Path) -> None:
    first = load_ratings_file(str(file))
    damaged = copies(file, suffix)[0]
    whole = damaged.read_bytes()
    damage(damaged)
    assert not damaged.exists() or damaged.read_bytes() != whole
    assert load_ratings_file(str(file)).digest == first.digest
    assert copies(file, suffix)[0].read_bytes() == whole


def test_the_copy_can_be_switched_off(file: Path) -> None:
    load_ratings_file(str(file), cache=False)
    assert not (file.parent / "cache").exists()


def test_a_small_file_has_no_copy(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "MIN_BYTES", len(TEXT) + 1)
    load_ratings_file(str(file))
    assert not (file.parent / "cache").exists()


def test_unwritable_folder_is_only_logged(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    (file.parent / "cache").write_text("a file in place of the folder")
    assert load_ratings_file(str(file)).n_ratings == 3
    assert "cannot cache a copy of" in caplog.text


def test_a_bad_file_leaves_no_copy(file: Path) -> None:
    file.write_text(TEXT + "a,7,5,1\n")
    with pytest.raises(ValueError, match="repeat an earlier"):
        load_ratings_file(str(file))
    assert not (file.parent / "cache").exists()


def test_a_file_that_changes_while_it_is_read_has_no_copy(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = load_ratings_file(str(file), cache=False)

    def slowly() -> RatingDataset:
        file.write_text(TEXT + "c,7,5,400\n")
        return dataset

    cache.converted(file, [], "mine", slowly)
    assert not copies(file, ".bin")


def test_parquet_has_a_copy_too(tmp_path: Path) -> None:
    pd = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow", reason="the extra recbench[parquet] is not installed")
    pd.DataFrame({"user": [1, 2], "item": ["x", "y"], "rating": [3.5, 4.0]}).to_parquet(tmp_path / "mine.parquet")
    first = load_ratings_file(str(tmp_path / "mine.parquet"))
    assert len(copies(tmp_path / "mine.parquet", ".bin")) == 1
    assert load_ratings_file(str(tmp_path / "mine.parquet")).digest == first.digest


CANNOT_CHANGE_WHAT_IS_READ = {
    "recbench.array_types",
    "recbench.contracts",
    "recbench.hookspecs",
    "recbench.progress",
    "recbench.runtime.locks",
    "recbench.usage",
}


def test_copy_depends_on_the_source_of_every_reader() -> None:
    sources = cache.reader_sources()
    assert {
        Path(inspect.getfile(module)) for module in (columns, csv_reader, id_indexing, ratings_file, raw_ratings)
    } <= {*sources}
    imported = {
        node.module
        for source in sources
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "recbench"
    }
    outside = {module for module in imported if not module.startswith("recbench.datasets.")}
    assert outside == CANNOT_CHANGE_WHAT_IS_READ, (
        "code that reads files must lie in recbench.datasets, or copies go stale"
    )
