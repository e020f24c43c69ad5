"""Jobs in their own process, killed if they take too long or too much memory."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import asdict
from pathlib import Path

from recbench.config.job_config import JobConfig
from recbench.jobs import run as jobs
from recbench.jobs.job import Job
from recbench.results.records import Record, Status, read_record, write_record
from recbench.runtime.metering import resident_mb

POLL_SECONDS = 0.05


def run(job: Job, log_file: Path | None = None) -> Record:
    """Run the job in this process, or in its own process if `timeout_s` or `memory_mb` limits it.

    The limits are wall seconds and megabytes (2**20 bytes) of resident memory, of the process and
    all its descendants. Resident memory is what counts, because TensorFlow reserves far more addresses
    than it uses.
    """
    timeout_s, memory_mb = job.config.timeout_s, job.config.memory_mb
    if timeout_s is None and memory_mb is None:
        return jobs.run(job)
    with tempfile.TemporaryDirectory(prefix="recbench-") as name:
        folder = Path(name)
        plain = {"config": job.config.to_plain(), "store": str(job.store) if job.store else None}
        description = json.dumps(asdict(job) | plain)
        (folder / "job.json").write_text(description, encoding="utf-8")
        command = [sys.executable, "-m", "recbench.jobs.subprocess_job", str(folder), str(log_file or os.devnull)]
        child = subprocess.Popen(  # noqa: S603 our own interpreter and module
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
        )
        limit = _watch(child, timeout_s, memory_mb)
        output = child.communicate()[1].decode(errors="replace").strip()
        if limit is not None:
            status, cause = limit
            return jobs.unfinished(job, status, cause)
        if not (folder / "record.json").is_file():
            last = output.splitlines()[-1] if output else "it printed nothing"
            return jobs.unfinished(job, "failed", f"the job's process ended with status {child.returncode}: {last}")
        return read_record(folder / "record.json")


def _watch(
    child: subprocess.Popen[bytes], timeout_s: float | None, memory_mb: float | None
) -> tuple[Status, str] | None:
    """Wait for the process; past a limit, kill it and its descendants, and return the limit's status and cause."""
    start = time.monotonic()
    while child.poll() is None:
        elapsed = time.monotonic() - start
        resident = resident_mb(child.pid) if memory_mb is not None else 0.0
        if timeout_s is not None and elapsed > timeout_s:
            _end(child)
            return "timeout", f"still running after timeout_s={timeout_s:g}"
        if memory_mb is not None and resident > memory_mb:
            _end(child)
            return "memory", f"resident memory of {resident:.0f} MB passed memory_mb={memory_mb:g}"
        time.sleep(POLL_SECONDS)
    return None


def _end(child: subprocess.Popen[bytes]) -> None:
    os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def _main(folder: Path, log_file: str) -> None:
    """Read the job, run it and write its record, in the child process."""
    threading.Thread(target=_leave_with_parent, args=(os.getppid(),), daemon=True).start()
    logging.basicConfig(filename=log_file, level=logging.INFO)
    logging.captureWarnings(capture=True)
    description = json.loads((folder / "job.json").read_text(encoding="utf-8"))
    job = Job(**description | {"config": JobConfig.from_plain(description["config"])})
    record = jobs.run(job)
    write_record(record, folder)


def _leave_with_parent(parent: int) -> None:
    """End this process when its parent is gone, because nothing would read its result."""
    while os.getppid() == parent:
        time.sleep(1.0)
    os._exit(1)


if __name__ == "__main__":
    _main(Path(sys.argv[1]), sys.argv[2])
