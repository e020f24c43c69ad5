"""Attempts at reading a ratings file that may be malformed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from recbench.contracts import RatingDataset
from recbench.datasets.tabular.ratings_file import load_ratings_file


def attempt(content: bytes, tmp_path: Path, **options: Any) -> RatingDataset | None:
    """Return the dataset, or None if the file was refused with a message; raise any other error."""
    file = tmp_path / "mine.csv"
    file.write_bytes(content)
    refused: ValueError | None = None
    try:
        return load_ratings_file(str(file), **options)
    except ValueError as error:
        refused = error
    assert len(str(refused)) > 20, f"the message says too little: {refused!r}"
    assert not isinstance(refused, UnicodeError), "a UnicodeError is not a message for users"
    return None
