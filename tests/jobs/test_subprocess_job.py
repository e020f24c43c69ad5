"""Limits: a job that takes too long or too much memory is killed and is a row; the others continue."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from recbench.runtime.metering import resident_mb
from tests.support.command import SMALL, recbench, records_in, write_plugin

GREEDY = """
import os, signal, subprocess, sys, time
from dataclasses import dataclass
from typing import Literal
import numpy as np
from recbench import RatingModel, hookimpl

@dataclass
class Greedy(RatingModel):
    wish: Literal["time", "memory", "child", "death", "nothing"] = "nothing"  # what it uses too much of

    def fit(self, train, valid=None):
        if self.wish == "time":
            open(os.environ["PID_FILE"], "w").write(str(os.getpid()))
            time.sleep(600)
        if self.wish == "memory":
            self.hoard_ = np.ones(60_000_000)
            time.sleep(600)
        if self.wish == "child":
            subprocess.run([sys.executable, "-c", "import time; hoard = b'x' * 500_000_000; time.sleep(600)"])
        if self.wish == "death":
            os.kill(os.getpid(), signal.SIGKILL)
        return self

    def predict(self, user_idx, item_idx):
        return np.full(len(user_idx), 3.0)

@hookimpl
def register_models():
    return {"greedy": Greedy}
"""


def _environment(tmp_path: Path) -> dict[str, str]:
    write_plugin(tmp_path / "site", "acme-greedy", GREEDY)
    return {"PYTHONPATH": str(tmp_path / "site"), "PID_FILE": str(tmp_path / "pid")}


@pytest.mark.slow
def test_a_job_that_exceeds_a_limit_is_a_row_and_the_others_continue(tmp_path: Path) -> None:
    wishes = "model.wish=time,memory,child,death,nothing"
    limits = ("timeout_s=6", "memory_mb=400", "sealed=false")
    run = recbench("-m", "model=greedy", wishes, *limits, *SMALL, cwd=tmp_path, **_environment(tmp_path))
    assert run.returncode == 1
    assert "Traceback" not in run.stdout + run.stderr
    records = {r.job.options["wish"]: r for r in records_in(tmp_path) if r.job.kind == "greedy"}
    assert {wish: record.outcome.status for wish, record in records.items()} == {
        "time": "timeout",
        "memory": "memory",
        "child": "memory",
        "death": "failed",
        "nothing": "ok",
    }
    assert records["time"].outcome.cause == "still running after timeout_s=6"
    assert records["memory"].outcome.cause.endswith("MB passed memory_mb=400")
    assert records["death"].outcome.cause.startswith("the job's process ended with status -9")
    assert not _alive(int((tmp_path / "pid").read_text()))


def test_a_limited_job_gives_the_same_record_as_one_without_limits(tmp_path: Path) -> None:
    free = recbench("model=mf", *SMALL, "resume=false", cwd=tmp_path)
    limited = recbench("model=mf", *SMALL, "resume=false", "timeout_s=60", "memory_mb=4000", cwd=tmp_path)
    assert (free.returncode, limited.returncode) == (0, 0)
    first, second = records_in(tmp_path)
    assert first.outcome.scores == second.outcome.scores
    assert first.provenance.key == second.provenance.key


def test_a_job_ends_when_its_parent_process_is_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "recbench", "model=greedy", "model.wish=time", "timeout_s=300", *SMALL]
    parent = subprocess.Popen(command, cwd=tmp_path, env=os.environ | _environment(tmp_path))
    _wait_until(lambda: (tmp_path / "pid").is_file() and (tmp_path / "pid").read_text() != "")
    job = int((tmp_path / "pid").read_text())
    assert _alive(job)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    _wait_until(lambda: not _alive(job))
    assert not _alive(job)


def test_resident_memory_counts_descendants() -> None:
    code = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'b = b\"x\" * 80_000_000; input()'])"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE) as parent:
        _wait_until(lambda: resident_mb(parent.pid) > 80)
        assert resident_mb(parent.pid) > 80
        assert parent.stdin is not None
        parent.stdin.close()
        parent.wait()
        assert resident_mb(parent.pid) == 0


def _alive(pid: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def _wait_until(done: object, seconds: float = 30.0) -> None:
    assert callable(done)
    end = time.monotonic() + seconds
    while not done() and time.monotonic() < end:
        time.sleep(0.05)
