"""Journals: where a search writes down every trial as it happens, so that nothing is lost when it is killed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from optuna.storages import JournalStorage

LOCK_SECONDS = 5  # after which a lock is taken for that of a killed process; it is held for milliseconds


def open_journal(path: Path) -> JournalStorage:
    """The journal of that name, made if there is none; a line that a killed process left half written is cut off."""
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend, JournalFileSymlinkLock

    path = path.absolute()  # the lock is a link to it
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = JournalFileSymlinkLock(str(path), grace_period=LOCK_SECONDS)
    if path.exists():
        lock.acquire()
        try:
            _mend(path)
        finally:
            lock.release()
    return JournalStorage(JournalFileBackend(str(path), lock_obj=lock))


def _mend(path: Path) -> None:
    """Keep the file's lines up to the first that can't be read."""
    sound = 0
    with path.open("rb") as file:
        for line in file:
            if not line.endswith(b"\n") or not _is_json(line):
                break
            sound += len(line)
    if sound < path.stat().st_size:
        with path.open("rb+") as file:
            file.truncate(sound)


def _is_json(line: bytes) -> bool:
    try:
        json.loads(line)
    except ValueError:
        return False
    return True
