"""Journals: files to which a search appends every trial as it happens, so that an interrupted search can resume."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from optuna.storages import JournalStorage

LOCK_SECONDS = 5  # age at which a lock counts as left by a killed process; locks are held for milliseconds


def open_journal(path: Path) -> JournalStorage:
    """Open the journal, or create it; a line that a killed process left incomplete is removed."""
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend, JournalFileSymlinkLock

    path = path.absolute()  # the lock is a symbolic link to it
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = JournalFileSymlinkLock(str(path), grace_period=LOCK_SECONDS)
    if path.exists():
        lock.acquire()
        try:
            _remove_damaged_end(path)
        finally:
            lock.release()
    return JournalStorage(JournalFileBackend(str(path), lock_obj=lock))


def _remove_damaged_end(path: Path) -> None:
    """Truncate the file at the first line that is not complete JSON."""
    valid_bytes = 0
    with path.open("rb") as file:
        for line in file:
            if not line.endswith(b"\n") or not _is_json(line):
                break
            valid_bytes += len(line)
    if valid_bytes < path.stat().st_size:
        with path.open("rb+") as file:
            file.truncate(valid_bytes)


def _is_json(line: bytes) -> bool:
    try:
        json.loads(line)
    except ValueError:
        return False
    return True
