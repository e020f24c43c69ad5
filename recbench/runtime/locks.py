"""Locks between processes: the system's own, which end with the process, whatever ends it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

PAUSE_SECONDS = 0.1  # between two attempts

Attempt = Callable[[IO[bytes]], None]


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Wait for the lock, an empty file, and hold it within this block.

    Raises:
        OSError: the file can't be written, or its file system knows no locks.
    """
    take, give_back = _of_this_system()
    with path.open("ab") as file:
        while True:
            try:
                take(file)
                break
            except (BlockingIOError, PermissionError):  # somebody has it
                time.sleep(PAUSE_SECONDS)
        try:
            yield
        finally:
            give_back(file)


def _of_this_system() -> tuple[Attempt, Attempt]:
    """What takes a lock or raises, and what gives it back."""
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
