"""Whatever bytes a file has, it is refused with a message or read as a slow independent reader reads it."""

from __future__ import annotations

import csv
import io
import math
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, event, example, given, settings
from hypothesis import strategies as st

from recbench import RatingDataset
from recbench.datasets.tabular import csv_reader as text_table
from recbench.datasets.tabular.ratings_file import load_ratings_file
from tests.support.ratings_files import attempt

Row = tuple[str, str, str, str]  # user, item, rating, time as they are written

FAST = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
HEADER = "user,item,rating,time"

words = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Zs", "Zl", "Zp", "Cs"]), min_size=1, max_size=6)
ids = st.one_of(st.integers(-3, 30).map(str), st.sampled_from(["007", "a,b", 'say "x"', "NA", "-0", "1e3"]), words)
numbers = st.one_of(
    st.floats(-1e6, 1e6).map(repr), st.integers(-9, 9).map(str), st.sampled_from(["+4", ".5", "5.", "1e2", "-0", "0.1"])
)
times = st.integers(-(2**53) + 1, 2**53 - 1).map(str)
tables = st.lists(st.tuples(ids, ids, numbers, times), min_size=1, max_size=12, unique_by=lambda row: row[:2])


def written(rows: list[Row], separator: str, line_end: str, *, quote_all: bool) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator, lineterminator=line_end)
    if quote_all:
        writer = csv.writer(text, delimiter=separator, lineterminator=line_end, quoting=csv.QUOTE_ALL)
    writer.writerows([HEADER.split(","), *rows])
    return text.getvalue().encode()


def slowly_read(content: bytes, separator: str) -> list[tuple[str, str, float, int]]:
    """Return the rows as Python's own reader gives them; raise if one does not have four valid cells."""
    lines = csv.reader(io.StringIO(content.decode(), newline=""), delimiter=separator, skipinitialspace=True)
    rows = []
    for user, item, rating, time in [fields for fields in lines if len(fields) > 1 or "".join(fields).strip()][1:]:
        if not (NUMBER.fullmatch(rating.strip()) and NUMBER.fullmatch(time.strip())):
            raise ValueError(f"no numbers: {rating!r}, {time!r}")
        if user.strip() != user or item.strip() != item or not user or not item:
            raise ValueError(f"no ids: {user!r}, {item!r}")
        rows.append((user, item, float(rating), int(float(time))))
    if not rows or not all(math.isfinite(rating) for _, _, rating, _ in rows):
        raise ValueError("no finite ratings")
    return rows


def as_written(dataset: RatingDataset) -> list[tuple[str, str, float, int]]:
    assert dataset.timestamps is not None
    users, items = dataset.user_ids[dataset.user_idx], dataset.item_ids[dataset.item_idx]
    columns = (
        map(str, users.tolist()),
        map(str, items.tolist()),
        dataset.ratings.tolist(),
        dataset.timestamps.tolist(),
    )
    return list(zip(*columns, strict=True))


def in_float32(rows: list[tuple[str, str, float, int]]) -> list[tuple[str, str, float, int]]:
    return [(user, item, float(np.float32(rating)), time) for user, item, rating, time in rows]


@settings(FAST, max_examples=150)
@given(tables, st.sampled_from(",;\t|"), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_well_formed_file_is_read_exactly(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Row], separator: str, line_end: str, quote_all: bool
) -> None:
    content = written(rows, separator, line_end, quote_all=quote_all)
    tmp_path = tmp_path_factory.mktemp("fuzz")
    dataset = attempt(content, tmp_path, separator=separator)
    assert dataset is not None
    assert as_written(dataset) == in_float32(slowly_read(content, separator))
    exact = [float(row[2]) for row in rows]
    assert dataset.rating_scale == (min(exact), max(exact))


@st.composite
def mutations(draw: st.DrawFn) -> bytes:
    """Return a valid file in which a few bytes, mostly below the header, were replaced, inserted or removed."""
    content = written(draw(tables), ",", draw(st.sampled_from(["\n", "\r\n"])), quote_all=draw(st.booleans()))
    mild = st.sampled_from([b"9", b"1", b"0", b"x", b" ", b"-", b".", b"e", b'"', b"\n", b"\r\n", b"\xc3\xa9", b""])
    nasty = st.sampled_from([b"\0", b",", b"\r", b"\xff", b"\xef\xbb\xbf", b"nan", b"\x1a", b'""', b"_", b"\xc2\xa0"])
    for _ in range(draw(st.integers(1, 3))):
        first = draw(st.sampled_from([0, 30, 30, 30]))
        at, n = draw(st.integers(first, max(first, len(content)))), draw(st.integers(0, 2))
        content = content[:at] + draw(mild | mild | nasty | st.binary(max_size=3)) + content[at + n :]
    return content


MUTATED: list[bool] = []  # whether each mutated file was read and compared


@settings(FAST, max_examples=400)
@given(mutations())
@example(b"user,item,rating,time\r1,2,3,4\r5,6,7,8\r")
@example(b'user,item,rating,time\n1,"2,3,4\n')
@example(b"user,item,rating,time\n1,2\0,3,4\n")
@example(b"user,item,rating,time\n1,2,3\0,4\n")
@example(b"user,item,rating,time\n1,2,3,4\n\x00\x00")
@example(b'user,item,rating,time\n"1"x,2,3,4\n')
@example(b"user,item,rating,time\n1,2,3,4,\n5,6,7,8,\n")
@example(b"user,item,rating,time\n1,2,1_0,4\n")
@example(b"user,item,rating,time\n1,2,3,4\n\r,5,6,7,8\n")
@example(b'user,item,rating,"time\n1,2,3,4\n')
@example(b"user,item,rating,time\n1,2,2e118,4\n")
@example(b'user,item,rating,time\n1,"\xc2"\xa1",3,4\n')
@example(b"user,item,rating,time\n1,2,0x1,4\n")
@example("user,item,rating,time\n1,2,٤,4\n".encode())
def test_a_mutated_file_is_refused_or_read_correctly(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    dataset = attempt(content, tmp_path_factory.mktemp("fuzz"), user_column="user", item_column="item", separator=",")
    MUTATED.append(False)
    if dataset is not None and dataset.timestamps is not None:
        body = content.removeprefix(b"\xef\xbb\xbf")
        header = next(csv.reader([body.decode().lstrip("\r\n").splitlines()[0]], skipinitialspace=True))
        if [cell.strip() for cell in header] == HEADER.split(","):
            MUTATED[-1] = True
            assert as_written(dataset) == in_float32(slowly_read(body, ","))


def test_enough_mutated_files_were_read_to_be_compared() -> None:
    if not MUTATED:
        pytest.skip("runs after test_a_mutated_file_is_refused_or_read_correctly")
    assert sum(MUTATED) > 0.1 * len(MUTATED), f"only {sum(MUTATED)} of {len(MUTATED)} mutated files were read"


@settings(FAST, max_examples=300)
@given(st.binary(max_size=200) | st.text('user,item\nratg"1.5;|:\t\r -\0', max_size=200).map(str.encode))
@example(b"a,b\n" + b"x" * 200_000)
@example(b'"' + b"x" * 200_000 + b'",b,c\n1,2,3\n')
@example(b"user,item,rating\n1,2," + b"9" * 200_000 + b"\n")
@example(b'user,item,rating\n1,2,x\n"' + b"a" * 200_000 + b'",2,3\n')
def test_random_bytes_are_refused_or_read(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    tmp_path = tmp_path_factory.mktemp("fuzz")
    dataset = attempt(content, tmp_path)
    assert dataset is None or np.isfinite(dataset.ratings).all()
    headerless = attempt(content, tmp_path, columns=["user", "item", "rating"], separator=",")
    assert headerless is None or headerless.n_ratings >= 1


@pytest.mark.parametrize("suffix", [".gz", ".bz2", ".xz", ".zip", ".parquet"])
@settings(FAST, max_examples=40)
@given(st.binary(max_size=120))
@example(b"PK\x05\x06" + b"\0" * 18)
@example(b"PAR1" + b"\0" * 20 + b"PAR1")
@example(b"\x1f\x8b\x08\0")
def test_random_bytes_in_any_wrapping_are_refused(
    tmp_path_factory: pytest.TempPathFactory, suffix: str, content: bytes
) -> None:
    if suffix == ".parquet":
        pytest.importorskip("pyarrow", reason="the extra recbench[parquet] is not installed")
    file = tmp_path_factory.mktemp("fuzz") / f"ratings.csv{suffix}"
    file.write_bytes(content)
    with pytest.raises(ValueError, match=r".{20}"):
        load_ratings_file(str(file))


@settings(FAST, max_examples=60)
@given(tables, st.integers(1, 4))
def test_chunk_size_never_matters(tmp_path_factory: pytest.TempPathFactory, rows: list[Row], size: int) -> None:
    content, tmp_path = written(rows, ",", "\n", quote_all=False), tmp_path_factory.mktemp("fuzz")
    whole = attempt(content, tmp_path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text_table, "CHUNK", size)
        chunked = attempt(content, tmp_path)
    assert (whole and whole.digest) == (chunked and chunked.digest)


@settings(FAST, max_examples=150)
@given(st.lists(st.tuples(st.integers(0, 2000), st.binary(min_size=1, max_size=4)), min_size=1, max_size=4))
def test_a_mutated_parquet_file_is_refused_or_read(
    tmp_path_factory: pytest.TempPathFactory, parquet: bytes, changes: list[tuple[int, bytes]]
) -> None:
    content = bytearray(parquet)
    for at, put in changes:
        content[at % len(content) : at % len(content) + len(put)] = put
    file = tmp_path_factory.mktemp("fuzz") / "ratings.parquet"
    file.write_bytes(content)
    try:
        assert np.isfinite(load_ratings_file(str(file)).ratings).all()
    except ValueError as error:
        refused = str(error)
        event("refused")
        assert len(refused) > 20


@pytest.fixture(scope="module")
def parquet(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    pytest.importorskip("pyarrow", reason="the extra recbench[parquet] is not installed")
    frame = pd.DataFrame({"user": [1, 2, 3], "item": ["x", "y", "z"], "rating": [1.0, 2.5, 4.0], "time": [1, 2, 3]})
    path = tmp_path_factory.mktemp("good") / "ratings.parquet"
    frame.to_parquet(path)
    return path.read_bytes()
