"""What a fit costs: CPU seconds and the memory it had need of at its highest."""

from __future__ import annotations

import os
from pathlib import Path

CLEAR_REFS = Path("/proc/self/clear_refs")
STATUS = Path("/proc/self/status")


def cpu_seconds() -> float:
    """CPU seconds of this process, all threads, and of its finished children so far."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


class PeakMemory:
    """The rise of this process's resident memory since construction, at its highest.

    Linux keeps a high-water mark that can be reset (proc(5), `clear_refs`); elsewhere the answer
    is None rather than the process's running maximum, which an earlier job may have set.
    """

    def __init__(self) -> None:
        """Reset the high-water mark and note what is resident now."""
        self._before_kb: int | None = None
        try:
            CLEAR_REFS.write_text("5")
            self._before_kb = _resident_kb("VmRSS")
        except OSError:
            pass  # not Linux, or a container that forbids it

    def megabytes(self) -> float | None:
        """Megabytes (2**20 bytes) above the start, or None where it can't be had."""
        if self._before_kb is None:
            return None
        return max(0, _resident_kb("VmHWM") - self._before_kb) / 1024


def resident_mb(pid: int) -> float:
    """Megabytes resident of a process and all its descendants; 0 where it is gone.

    Raises:
        OSError: this system has no /proc to read it from.
    """
    if not Path("/proc/self/status").exists():
        raise OSError("resident memory can't be read on this system (no /proc); leave memory_mb out")
    total, waiting = 0.0, [pid]
    while waiting:
        each = Path("/proc") / str(waiting.pop())
        try:
            resident = next(line for line in (each / "status").read_text().splitlines() if line.startswith("VmRSS"))
            total += int(resident.split()[1]) / 1024
            for children in each.glob("task/*/children"):
                waiting += map(int, children.read_text().split())
        except (OSError, StopIteration):
            continue  # it ended while we looked
    return total


def _resident_kb(field: str) -> int:
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith(field))
    return int(line.split()[1])
