"""Run a command, kill it at its timeout, and write its cost as measured by the operating system.

    python -I -S launcher.py USAGE_FILE TIMEOUT_SECONDS LOG_FILE COMMAND...

This is a separate script because on Linux a process's peak resident size starts at that of its parent, and this one
is small.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

POLL_SECONDS = 0.02
RSS_UNIT = 1 if sys.platform == "darwin" else 1024  # bytes of ru_maxrss


def launch(command: list[str], timeout: float, log: Path) -> dict[str, float]:
    """Run the command and return what it and its children cost; its output goes to `log`."""
    start, timed_out = time.monotonic(), False
    with log.open("w", encoding="utf-8") as output:
        process = subprocess.Popen(  # noqa: S603 the benchmark made the command
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # so that its children can be killed with it
        )
    pid = 0
    try:
        while not pid:
            time.sleep(POLL_SECONDS)
            pid, status, used = os.wait4(process.pid, os.WNOHANG)
            if not pid and time.monotonic() - start > timeout:
                timed_out = True
                os.killpg(process.pid, signal.SIGKILL)
                pid, status, used = os.wait4(process.pid, 0)
    finally:
        if not pid:  # interrupted: the child must not outlive this process
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    process.returncode = os.waitstatus_to_exitcode(status)  # Popen must not wait for it again
    return {
        "exit_status": process.returncode,
        "timed_out": timed_out,
        "cpu_seconds": used.ru_utime + used.ru_stime,
        "wall_seconds": time.monotonic() - start,
        "max_rss_mb": used.ru_maxrss * RSS_UNIT / 2**20,
    }


if __name__ == "__main__":
    usage_file, seconds, log_file, *to_run = sys.argv[1:]
    Path(usage_file).write_text(json.dumps(launch(to_run, float(seconds), Path(log_file))), encoding="utf-8")
