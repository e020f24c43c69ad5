"""Suspicious and unreadable zip archives are refused."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from recbench.datasets.tabular.compressed import members
from recbench.datasets.tabular.ratings_file import load_ratings_file


@pytest.mark.parametrize("name", ["/etc/ratings.csv", "../ratings.csv", "a/../../ratings.csv", "..\\ratings.csv"])
def test_a_zip_with_paths_outside_its_folder_is_refused(name: str, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as archive:
        archive.writestr(zipfile.ZipInfo(name), "user,item,rating\n1,1,1\n")
    with pytest.raises(ValueError, match="a path outside of its folder; do not trust it"):
        members(tmp_path / "bad.zip")


def test_a_zip_bomb_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("ratings.csv", bytes(100_000_000))
    with pytest.raises(ValueError, match="that decompress to 100,000,000; do not trust it"):
        members(tmp_path / "bomb.zip")


@pytest.mark.parametrize(("where", "value"), [((6, 8), 1), ((8, 10), 99)], ids=["encrypted", "packed strangely"])
def test_unreadable_zip_is_refused(where: tuple[int, int], value: int, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "odd.zip", "w") as archive:
        archive.writestr("ratings.csv", "user,item,rating\n1,1,1\n2,2,2\n")
    content = bytearray((tmp_path / "odd.zip").read_bytes())
    for header, offset in zip((b"PK\3\4", b"PK\1\2"), where, strict=True):
        content[content.index(header) + offset] = value
    (tmp_path / "odd.zip").write_bytes(content)
    with pytest.raises(
        ValueError, match=r"odd.zip:ratings.csv cannot be decompressed: .*; create or download it again"
    ):
        load_ratings_file(str(tmp_path / "odd.zip"))
