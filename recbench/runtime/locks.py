"""Locks between processes: those of the operating system, which are released when the process ends in any way."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

PAUSE_SECONDS = 0.1  # between two attempts to take a lock

Attempt = Callable[[IO[bytes]], None]


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Wait for the lock on `path`, an empty file that is made if need be, and hold it within this block.

    Raises:
        OSError: the file cannot be written, or its file system has no locks.
    """
    take, release = _system_calls()
    with path.open("ab") as file:
        while True:
            try:
                take(file)
                break
            except (BlockingIOError, PermissionError):  # another process holds it
                time.sleep(PAUSE_SECONDS)
        try:
            yield
        finally:
            release(file)


def _system_calls() -> tuple[Attempt, Attempt]:
    """Return the calls that take a lock, or raise if it is held, and release it."""
    try:
        import fcntl
    except ImportError:  # Windows
        import msvcrt

        return (
            lambda file: msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1),  # type: ignore[attr-defined]
            lambda file: msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1),  # type: ignore[attr-defined]
        )
    return (
        lambda file: fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB),
        lambda file: fcntl.flock(file, fcntl.LOCK_UN),
    )
