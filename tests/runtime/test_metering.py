"""Metering: CPU seconds of the process and its children, and peak memory since the start."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from recbench.runtime.metering import PeakMemory, cpu_seconds, processor

BURN = "import time\nend = time.process_time() + 0.3\nwhile time.process_time() < end: pass"


def test_cpu_seconds_include_this_process() -> None:
    before, end = cpu_seconds(), time.process_time() + 0.2
    while time.process_time() < end:
        pass
    assert 0.15 < cpu_seconds() - before < 2.0


def test_cpu_seconds_include_finished_children() -> None:
    before = cpu_seconds()
    subprocess.run([sys.executable, "-S", "-c", BURN], check=True)
    assert cpu_seconds() - before >= 0.28


def test_cpu_seconds_do_not_include_waiting() -> None:
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


def test_the_peak_includes_memory_that_was_freed() -> None:
    assert 40 <= _peak_while_filling(50) <= 100


def test_the_peak_does_not_include_earlier_peaks() -> None:
    _peak_while_filling(200)
    assert _peak_while_filling(20) < 100


def test_the_peak_is_small_if_nothing_is_allocated() -> None:
    assert 0 <= _peak_while_filling(0) < 20


def test_the_peak_is_unknown_if_the_high_water_mark_cannot_be_reset(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recbench.runtime.metering.CLEAR_REFS", tmp_path / "no such folder" / "clear_refs")
    assert PeakMemory().megabytes() is None


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a high-water mark that can be reset")
def test_the_peak_is_known_on_linux_if_the_high_water_mark_can_be_reset() -> None:
    if not os.access("/proc/self/clear_refs", os.W_OK):
        pytest.skip("this container forbids resetting the high-water mark")
    assert PeakMemory().megabytes() is not None


def test_the_processor_name_is_its_model_name(tmp_path: Path) -> None:
    (tmp_path / "cpuinfo").write_text("processor\t: 0\nmodel name\t: Slide Rule: 10 inches\nmodel name\t: another\n")
    assert processor(tmp_path / "cpuinfo") == "Slide Rule: 10 inches"


@pytest.mark.parametrize("text", [None, "", "model name\t:\n", "CPU architecture: 8\n"])
def test_a_processor_without_a_model_name_is_called_by_its_architecture(text: str | None, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / "cpuinfo").write_text(text)
    assert processor(tmp_path / "cpuinfo") == (platform.processor() or platform.machine())
