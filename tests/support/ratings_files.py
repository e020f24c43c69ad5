"""Attempts at reading a ratings file that may be malformed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from recbench.contracts import RatingDataset
from recbench.datasets.tabular.ratings_file import load_ratings_file


def attempt(content: bytes, tmp_path: Path, **options: Any) -> RatingDataset | None:
    """The data set, or None where the file was refused with a message; any other error passes."""
    file = tmp_path / "mine.csv"
    file.write_bytes(content)
    refused: ValueError | None = None
    try:
        return load_ratings_file(str(file), **options)
    except ValueError as error:
        refused = error
    assert len(str(refused)) > 20, f"no message worth the name: {refused!r}"
    assert not isinstance(refused, UnicodeError), "a raw UnicodeError is no message"
    return None
