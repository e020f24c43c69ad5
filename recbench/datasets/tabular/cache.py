"""Cached copies of large ratings files: read once as text, afterwards as arrays.

A copy consists of two files in the platform's cache folder, named after the path and the options: `.bin` has the
arrays, `.json` their types and what they were made from. A copy is used only if the original is unchanged by size,
times and inode, or else by SHA-256, and if the arrays have the recorded digest. Otherwise the original is read again
and the copy is replaced.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any

import numpy as np

from recbench.contracts import RatingDataset
from recbench.datasets.data_folder import cache_folder

MIN_BYTES = 4 * 2**20  # a smaller file is read about as fast as its copy
RACY_SECONDS = 2.0  # a file that changed this recently may change again without a change of its times
ARRAYS = ("user_ids", "item_ids", "user_idx", "item_idx", "ratings", "timestamps")
DAMAGE = (ValueError, TypeError, LookupError, EOFError, OSError, MemoryError)

_log = logging.getLogger(__name__)


def converted(
    file: Path, options: Sequence[Any], name: str, read: Callable[[], RatingDataset], folder: Path | None = None
) -> RatingDataset:
    """Return the dataset from the cached copy of the file, or from `read()`, whose result is then cached.

    `options` are all options that `read` depends on, JSON values; `name` is the dataset's name. If a copy cannot be
    written, a warning is logged and the next call reads the file again.
    """
    identity = _identity(file)
    if identity["size"] < MIN_BYTES:
        return read()
    stem = _stem(file, options)
    try:
        folder = folder or cache_folder()
        known = _load(folder, stem, file, identity, name)
    except DAMAGE as problem:
        _log.info("cannot use the cached copy of %s: %s", file, problem)
        known = None
    if known is not None:
        return known
    dataset = read()
    try:
        if folder is not None:
            _keep(folder, stem, dataset, file, identity)
    except OSError as problem:
        _log.warning("cannot cache a copy of %s, so the next start will not be faster: %s", file, problem)
    return dataset


def _load(folder: Path, stem: str, file: Path, identity: Mapping[str, Any], name: str) -> RatingDataset | None:
    """Read the copy; return None if there is none, or if the file or the code that read it has changed.

    Raises:
        ValueError, OSError, ...: the copy is damaged.
    """
    about_path = folder / f"{stem}.json"
    if not about_path.is_file():
        return None
    about: dict[str, Any] = json.loads(about_path.read_text(encoding="utf-8"))
    if about["readers"] != _readers():
        return None
    same = about["identity"] == identity and not about["racy"]
    if not same and (about["identity"]["size"] != identity["size"] or about["sha256"] != _sha256(file)):
        return None
    low, high = about["rating_scale"]
    arrays = _read_arrays(folder / f"{stem}.bin", about["arrays"])
    dataset = RatingDataset(name=name, rating_scale=(low, high), **arrays)
    if dataset.digest != about["digest"]:
        raise ValueError(f"{stem}.bin: the arrays' digest is wrong")
    return dataset


def _read_arrays(path: Path, described: Mapping[str, tuple[str, int]]) -> dict[str, Any]:
    n_bytes = sum(np.dtype(dtype).itemsize * length for dtype, length in described.values())
    if path.stat().st_size != n_bytes:
        raise ValueError(f"{path.name} has {path.stat().st_size:,} bytes, not {n_bytes:,}")
    arrays: dict[str, Any] = {}
    with path.open("rb") as stream:
        for column, (dtype, length) in described.items():
            arrays[column] = np.fromfile(stream, np.dtype(dtype), length)
            arrays[column].flags.writeable = False  # lets the dataset use it without a copy
    return arrays


def _keep(folder: Path, stem: str, dataset: RatingDataset, file: Path, identity: Mapping[str, Any]) -> None:
    digest = _sha256(file)
    checked_at = time.time()
    if _identity(file) != identity:
        return  # the file changed while it was read
    columns = {column: getattr(dataset, column) for column in ARRAYS}
    arrays = {column: array for column, array in columns.items() if array is not None}
    about = {
        "made_from": str(file.resolve()),
        "readers": _readers(),
        "identity": identity,
        "racy": checked_at - identity["mtime_ns"] / 1e9 < RACY_SECONDS,
        "sha256": digest,
        "digest": dataset.digest,
        "rating_scale": dataset.rating_scale,
        "arrays": {column: (array.dtype.str, len(array)) for column, array in arrays.items()},
    }
    folder.mkdir(parents=True, exist_ok=True)
    with _replacing(folder / f"{stem}.bin") as stream:
        for array in arrays.values():
            array.tofile(stream)
    with _replacing(folder / f"{stem}.json") as stream:
        stream.write(json.dumps(about, indent=1).encode())


@contextmanager
def _replacing(path: Path) -> Iterator[IO[bytes]]:
    """Open a temporary file that replaces `path` if the block ends without an error."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".")
    try:
        with os.fdopen(handle, "wb") as stream:
            yield stream
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _identity(file: Path) -> dict[str, int]:
    """Return the file's size, times and inode, which change when the file is replaced or written."""
    found = file.stat()
    return {"size": found.st_size, "mtime_ns": found.st_mtime_ns, "ctime_ns": found.st_ctime_ns, "inode": found.st_ino}


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _stem(file: Path, options: Sequence[Any]) -> str:
    made_of = json.dumps([str(file.resolve()), options], sort_keys=True)
    return hashlib.sha256(made_of.encode()).hexdigest()


def reader_sources() -> list[Path]:
    """List the source files that decide what is read from a file: all of recbench.datasets."""
    return sorted(Path(__file__).parents[1].rglob("*.py"))


@cache
def _readers() -> list[str]:
    """Identify the code that reads a file: other code or another pandas might read something else."""
    code = hashlib.sha256(b"".join(source.read_bytes() for source in reader_sources())).hexdigest()
    return [code, version("pandas"), version("numpy"), sys.byteorder]
