"""Folders outside the working directory: where datasets are downloaded to, and where converted copies are kept."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def cache_folder() -> Path:
    """Return the folder for converted copies of large files, in the platform's cache; it need not exist yet."""
    return _platform_cache() / "recbench" / "converted"


def data_folder() -> Path:
    """Return the folder of downloaded datasets: `RECBENCH_DATA`, or `data` beside the converted copies."""
    chosen = os.environ.get("RECBENCH_DATA")
    return Path(chosen).expanduser() if chosen else cache_folder().parent / "data"


def _platform_cache() -> Path:
    """Return the platform's folder for files that programs can regenerate."""
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
