"""Metering: CPU seconds of the process and its children, memory above the start."""

from __future__ import annotations

import subprocess
import sys
import time

import numpy as np
import pytest

from recbench.runtime.metering import PeakMemory, cpu_seconds

BURN = "import time\nend = time.process_time() + 0.3\nwhile time.process_time() < end: pass"


def test_cpu_seconds_count_what_this_process_computes() -> None:
    before, end = cpu_seconds(), time.process_time() + 0.2
    while time.process_time() < end:
        pass
    assert 0.15 < cpu_seconds() - before < 2.0


def test_cpu_seconds_count_finished_children() -> None:
    before = cpu_seconds()
    subprocess.run([sys.executable, "-S", "-c", BURN], check=True)
    assert cpu_seconds() - before >= 0.28


def test_waiting_is_not_counted() -> None:
    before = cpu_seconds()
    time.sleep(0.3)
    assert cpu_seconds() - before < 0.2


def _peak_while_filling(n_megabytes: int) -> float:
    memory = PeakMemory()
    filled = np.ones(n_megabytes * 2**20, np.uint8)
    del filled
    peak = memory.megabytes()
    if peak is None:
        pytest.skip("this system has no high-water mark that can be reset")
    return peak


def test_memory_that_was_freed_again_counts_to_the_peak() -> None:
    assert 40 <= _peak_while_filling(50) <= 100


def test_an_earlier_peak_is_forgotten() -> None:
    _peak_while_filling(200)
    assert _peak_while_filling(20) < 100


def test_doing_nothing_needs_no_memory() -> None:
    peak = PeakMemory().megabytes()
    assert peak is None or 0 <= peak < 20
