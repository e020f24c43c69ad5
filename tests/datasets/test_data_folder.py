"""Folders outside the working directory follow the platform and the environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from recbench.datasets.data_folder import cache_folder, data_folder


@pytest.fixture(autouse=True)
def _linux(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", "/var/elsewhere")
    monkeypatch.delenv("RECBENCH_DATA", raising=False)


def test_cache_folder_follows_xdg_on_linux() -> None:
    assert cache_folder() == Path("/var/elsewhere/recbench/converted")


@pytest.mark.parametrize(
    ("platform", "expected"),
    [
        ("darwin", Path.home() / "Library" / "Caches" / "recbench" / "converted"),
        ("win32", Path("/local/recbench/converted")),
    ],
)
def test_cache_folder_follows_the_platform(platform: str, expected: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", platform)
    monkeypatch.setenv("LOCALAPPDATA", "/local")
    assert cache_folder() == expected


def test_the_data_folder_is_next_to_the_converted_copies() -> None:
    assert data_folder() == Path("/var/elsewhere/recbench/data")


def test_recbench_data_names_another_data_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECBENCH_DATA", "~/ratings")
    assert data_folder() == Path.home() / "ratings"
