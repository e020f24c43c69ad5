"""Any options and item columns of a ratings file are either refused with a message or respected."""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.ratings_files import attempt

FAST = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
HEADER = "user,item,rating,time"

PLAIN_ROWS = [("1", "2", "3", "4"), ("5", "6", "7", "8")]
separators = st.sampled_from([",", ";", "|", "::", "\\t", "x1", "e", " "]) | st.text(max_size=3)
encodings = st.sampled_from(["utf-8", "latin-1", "ascii", "utf-8-sig"]) | st.sampled_from(
    ["utf-16", "utf-32", "cp500", "rot13", "base64", "no", ""]
)
column_names = st.permutations(["user", "item", "rating", "time"]) | st.lists(
    st.sampled_from(["user", "item", "rating", "time", "", "x"]), max_size=4
)


def split_by_hand(text: str, separator: str, columns: list[str] | None) -> list[tuple[str, str, float, int | None]]:
    """Read the rows by splitting lines, without any library; raise if a cell is missing."""
    lines = [line.split(separator) for line in text.removesuffix("\n").split("\n")]
    names = lines.pop(0) if columns is None else columns
    rows = []
    for cells in lines:
        assert len(cells) == len(names)
        row = dict(zip(names, (cell.strip() for cell in cells), strict=True))
        time = int(row["time"]) if "time" in row else None
        rows.append((row["user"], row["item"], float(row["rating"]), time))
    return rows


def test_options_are_refused_or_respected(tmp_path: Path) -> None:
    loaded: list[bool] = []

    @settings(FAST, max_examples=200)
    @given(separators, encodings, st.none() | column_names)
    def attempt_options(separator: str, encoding: str, columns: list[str] | None) -> None:
        in_file = separator.replace("\\t", "\t")
        header = [] if columns is not None else [tuple(HEADER.split(","))]
        text = "".join(in_file.join(cells) + "\n" for cells in [*header, *PLAIN_ROWS])
        content = text.encode("utf-8", "surrogatepass")
        dataset = attempt(content, tmp_path, separator=separator, encoding=encoding, columns=columns)
        loaded.append(dataset is not None)
        if dataset is not None:
            expected = split_by_hand(content.decode(encoding), in_file, columns)
            users, items = dataset.user_ids[dataset.user_idx], dataset.item_ids[dataset.item_idx]
            times = [None] * len(expected) if dataset.timestamps is None else dataset.timestamps.tolist()
            ids = (map(str, users.tolist()), map(str, items.tolist()))
            assert list(zip(*ids, dataset.ratings.tolist(), times, strict=True)) == expected

    attempt_options()
    assert sum(loaded) > 0.1 * len(loaded), f"only {sum(loaded)} of {len(loaded)} valid files were read"


ITEMS = b'item,title,genres,year,n\n1,"One, or two",Drama|War,1994,5\n2,Two,,,\n3,Three,Comedy,2001,-1e3\n'


def items_by_hand(content: bytes) -> dict[str, dict[str, str]]:
    """Return each item's cells as Python's own reader gives them, by the column names of the file."""
    rows = [
        row for row in csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), skipinitialspace=True) if row
    ]
    header = [name.strip() for name in rows[0]]
    cells = [dict(zip(header, row, strict=False)) for row in rows[1:]]
    return {row["item"]: row for row in cells if "item" in row}


def test_a_mutated_items_file_is_refused_or_read_correctly(tmp_path: Path) -> None:
    compared: list[bool] = []

    @settings(FAST, max_examples=200)
    @given(
        st.integers(0, len(ITEMS)),
        st.integers(0, 3),
        st.binary(max_size=3) | st.sampled_from([b'"', b"\n", b",", b"1"]),
    )
    def attempt_mutation(at: int, n_lost: int, put: bytes) -> None:
        content = ITEMS[:at] + put + ITEMS[at + n_lost :]
        (tmp_path / "items.csv").write_bytes(content)
        dataset = attempt(b"user,item,rating\n1,1,1\n1,2,2\n2,3,3\n", tmp_path, items_path=str(tmp_path / "items.csv"))
        compared.append(dataset is not None)
        if dataset is None:
            return
        by_hand = items_by_hand(content)
        for name, values in (dataset.item_columns or {}).items():
            for item, value in zip(dataset.item_ids.tolist(), values.tolist(), strict=True):
                cell = by_hand.get(str(item), {}).get(name)
                if cell is None:
                    continue  # the mutation renamed the column, or item, that it came from
                if values.dtype.kind == "f":
                    assert math.isnan(value) if not cell.strip() else value == float(cell)
                else:
                    assert value == cell

    attempt_mutation()
    assert sum(compared) > 0.1 * len(compared), f"only {sum(compared)} of {len(compared)} items files were read"
