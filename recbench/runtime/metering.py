"""The cost of a fit: CPU seconds and peak memory, and the processor that it was measured on."""

from __future__ import annotations

import os
import platform
from functools import cache
from pathlib import Path

CLEAR_REFS = Path("/proc/self/clear_refs")
CPUINFO = Path("/proc/cpuinfo")
STATUS = Path("/proc/self/status")


def cpu_seconds() -> float:
    """Return the CPU seconds used so far by all threads of this process and by its finished children."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


@cache
def processor(cpuinfo: Path = CPUINFO) -> str:
    """Return the processor's model name, or its architecture where the system does not give the name."""
    try:
        lines = cpuinfo.read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []  # not Linux
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return next(iter(names), "") or platform.processor() or platform.machine()


class PeakMemory:
    """The largest increase of this process's resident memory since construction.

    Linux has a high-water mark that can be reset (proc(5), `clear_refs`). Elsewhere the peak is None rather than
    the process's maximum so far, which an earlier job may have reached.
    """

    def __init__(self) -> None:
        """Reset the high-water mark and measure what is resident now."""
        self._before_kb: int | None = None
        try:
            CLEAR_REFS.write_text("5")
            self._before_kb = _resident_kb("VmRSS")
        except OSError:
            pass  # not Linux, or forbidden in this container

    def megabytes(self) -> float | None:
        """Return the peak above the start in megabytes (2**20 bytes), or None where it cannot be measured."""
        if self._before_kb is None:
            return None
        return max(0, _resident_kb("VmHWM") - self._before_kb) / 1024


def resident_mb(pid: int) -> float:
    """Return the resident megabytes of a process and all its descendants; 0 if it has ended.

    Raises:
        OSError: the system has no /proc.
    """
    if not Path("/proc/self/status").exists():
        raise OSError("resident memory cannot be read on this system (no /proc); leave out memory_mb")
    total, waiting = 0.0, [pid]
    while waiting:
        each = Path("/proc") / str(waiting.pop())
        try:
            resident = next(line for line in (each / "status").read_text().splitlines() if line.startswith("VmRSS"))
            total += int(resident.split()[1]) / 1024
            for children in each.glob("task/*/children"):
                waiting += map(int, children.read_text().split())
        except (OSError, StopIteration):
            continue  # it ended meanwhile
    return total


def _resident_kb(field: str) -> int:
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith(field))
    return int(line.split()[1])
