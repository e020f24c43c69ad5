"""A lock excludes other processes while it is held, with the calls of this system and of Windows."""

from __future__ import annotations

import fcntl
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import ModuleType

import pytest

from recbench.runtime.locks import locked

HOLDER = """
import sys, time
from pathlib import Path
from recbench.runtime.locks import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def _as_on_windows(file: int, mode: int, n_bytes: int) -> None:
    """Lock like `msvcrt.locking`: raise PermissionError if another process holds the lock."""
    assert n_bytes == 1
    try:
        fcntl.flock(file, mode)
    except BlockingIOError as error:
        raise PermissionError(13, "Permission denied") from error


@pytest.fixture(params=["here", "windows"])
def lock(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the path of a lock that uses the calls of this system or of Windows."""
    if request.param == "windows":
        module = ModuleType("msvcrt")
        vars(module).update(locking=_as_on_windows, LK_NBLCK=fcntl.LOCK_EX | fcntl.LOCK_NB, LK_UNLCK=fcntl.LOCK_UN)
        monkeypatch.setitem(sys.modules, "fcntl", None)
        monkeypatch.setitem(sys.modules, "msvcrt", module)
    return tmp_path / "lock"


def test_only_one_thread_holds_the_lock(lock: Path) -> None:
    inside: list[int] = []
    most = []

    def work(number: int) -> None:
        with locked(lock):
            inside.append(number)
            time.sleep(0.02)
            most.append(len(inside))
            inside.remove(number)

    threads = [threading.Thread(target=work, args=[number]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1, 1, 1, 1]


def test_lock_is_released_after_an_error(lock: Path) -> None:
    with pytest.raises(RuntimeError, match="inside"), locked(lock):
        raise RuntimeError("inside")
    with locked(lock):
        assert lock.exists()


def test_a_lock_is_released_when_its_process_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(path)], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        holder.kill()
    with locked(path):
        assert path.exists()


def test_a_missing_folder_is_an_error_and_not_an_endless_wait(lock: Path) -> None:
    with pytest.raises(FileNotFoundError), locked(lock / "deeper"):
        pass
