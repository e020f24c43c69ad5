"""`recbench data` as users type it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from recbench.datasets.movielens.releases import DOWNLOADS
from tests.support.command import recbench


def test_every_release_is_pinned() -> None:
    for each in DOWNLOADS.values():
        assert re.fullmatch(r"sha256:[0-9a-f]{64}|md5:[0-9a-f]{32}", each.digest)


def test_a_folder_that_was_unpacked_by_hand_is_listed(tmp_path: Path) -> None:
    (tmp_path / "ml-10M100K").mkdir()
    listed = recbench("data", "list", cwd=tmp_path, RECBENCH_DATA=str(tmp_path)).stdout
    assert [line.split()[0] for line in listed.splitlines() if "downloaded: ml-10M100K" in line] == ["10m"]


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    run = recbench("data", "fetch", "1m", cwd=tmp_path, RECBENCH_DATA=str(tmp_path / "file"))
    assert run.returncode == 2
    assert f"can't write files to {tmp_path / 'file'}" in run.stderr
    assert "set RECBENCH_DATA to a folder that you may write" in run.stderr


def test_each_action_reports_what_is_downloaded(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "ml-1m.zip").write_bytes(b"else")
    where = {"RECBENCH_DATA": str(folder)}
    assert recbench("data", "path", cwd=tmp_path, **where).stdout.strip() == str(folder)
    listed = recbench("data", "list", cwd=tmp_path, **where).stdout
    assert [line.split()[0] for line in listed.splitlines()[1:]] == list(DOWNLOADS)
    assert [line.split()[0] for line in listed.splitlines() if "downloaded: ml-1m.zip" in line] == ["1m"]
    verified = recbench("data", "verify", cwd=tmp_path, **where)
    assert verified.returncode == 1
    assert "ml-1m.zip is NOT what GroupLens published (sha256:a6898adb" in verified.stdout


def test_a_missing_release_names_the_command_that_fetches_it(tmp_path: Path) -> None:
    run = recbench("model=bias", "dataset.release=25m", cwd=tmp_path, RECBENCH_DATA=str(tmp_path))
    assert run.returncode == 2
    assert "run `recbench data fetch 25m` (262 MB)" in run.stderr


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ((), "the following arguments are required: action"),
        (("get", "1m"), "invalid choice: 'get'"),
        (("fetch",), "'recbench data fetch' needs a release; give one or more of 100k, 1m"),
        (("fetch", "2m"), "unknown release '2m'"),
        (("path", "1m"), "'recbench data path' takes no releases, got '1m'"),
        (("fetch", "1m"), "does not have the published digest"),
    ],
)
def test_a_wrong_command_gets_a_one_line_error(args: tuple[str, ...], message: str, tmp_path: Path) -> None:
    (tmp_path / "ml-1m.zip").write_bytes(b"else")
    run = recbench("data", *args, cwd=tmp_path, RECBENCH_DATA=str(tmp_path))
    assert run.returncode == 2
    assert message in run.stderr
    assert "Traceback" not in run.stderr
