"""One run of recbench in its own process, its cost as measured by the operating system, and the store of the runs."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from recbench.results.records import FILE_NAME, Record
from recbench.runtime.atomic import write_text
from recbench_peers.bench.machine import versions
from recbench_peers.bench.plan import DATA, Task

META, LOG, USAGE = "run.json", "output.txt", "usage.json"
ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NUMBA_NUM_THREADS": "1",
    "RAYON_NUM_THREADS": "1",
    "LK_NUM_THREADS": "1",  # LensKit's own threads; the next line is for its back ends
    "LK_NUM_BACKEND_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
}


@dataclass(frozen=True)
class Usage:
    """The cost of a process and its children."""

    exit_status: int  # negative if a signal ended the process: minus its number
    timed_out: bool
    cpu_seconds: float
    wall_seconds: float
    max_rss_mb: float  # 2**20 bytes


@dataclass(frozen=True)
class Run:
    """A finished run: its code, its cost, and its record if it wrote one."""

    part: str
    model: str
    command: str
    commit: str
    code: str  # digest
    usage: Usage
    status: str  # as in a record
    cause: str
    record: Record | None = None
    versions: Mapping[str, str] = field(default_factory=dict)  # of the packages and Python where it ran


def measure(command: Sequence[str], environment: Mapping[str, str], timeout: float, folder: Path) -> Usage:
    """Run the command and return its cost; after `timeout` seconds it is killed with its children.

    The command's output is written to the folder.
    """
    launcher = [sys.executable, "-I", "-S", str(Path(__file__).with_name("launcher.py"))]
    files = [str(folder / USAGE), str(timeout), str(folder / LOG)]
    subprocess.run([*launcher, *files, *command], env=dict(environment), check=True)  # noqa: S603 our own interpreter
    return Usage(**json.loads((folder / USAGE).read_text(encoding="utf-8")))


def run(task: Task, store: Path, timeout: float, commit: str, code: str) -> Run:
    """Run the task in an empty folder of the store, and store the result there."""
    folder = (store / task.part.key / task.model).resolve()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    data = os.environ.get("RECBENCH_DATA", "")
    arguments = [_quoted(argument.replace(DATA, data)) for argument in task.arguments()]
    places = [_quoted(f"hydra.run.dir={folder}"), _quoted(f"store={folder / 'store'}")]
    command = [sys.executable, "-m", "recbench", *arguments, *places]
    usage = measure(command, os.environ | ONE_THREAD, timeout, folder)
    record = _record(folder)
    status, cause = _outcome(usage, record, folder / LOG, timeout)
    cause = cause.replace(str(folder), ".").replace(str(Path.cwd()), ".")
    cause = cause.replace(data, DATA) if data else cause
    finished = Run(task.part.key, task.model, typed(task), commit, code, usage, status, cause, record, versions())
    meta = {name: value for name, value in asdict(finished).items() if name != "record"}
    write_text(folder / META, json.dumps(meta, indent=2) + "\n")
    return finished


def stored(task: Task, store: Path, code: str | None) -> Run | None:
    """Return the stored run of the same command and code, if there is one; with `code=None`, of any code."""
    folder = store / task.part.key / task.model
    try:
        meta = json.loads((folder / META).read_text(encoding="utf-8"))
        found = Run(**{**meta, "usage": Usage(**meta["usage"])}, record=_record(folder))
    except (OSError, ValueError, TypeError, KeyError):
        return None  # never run, or interrupted: it is run again
    return found if found.command == typed(task) and code in (None, found.code) else None


def typed(task: Task) -> str:
    """Return the command as a user would type it."""
    return " ".join(["recbench", *task.arguments()])


def _outcome(usage: Usage, record: Record | None, log: Path, timeout: float) -> tuple[str, str]:
    """Return the status and the cause."""
    if usage.timed_out:
        return "timeout", f"not done after {timeout:.0f} s"
    if record is not None:
        return record.outcome.status, record.outcome.cause
    if usage.exit_status == -signal.SIGKILL:
        return "memory", "killed by the system, probably because it ran out of memory"
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return "failed", lines[-1].removeprefix("error: ") if lines else f"exit status {usage.exit_status}"


def _record(folder: Path) -> Record | None:
    path = folder / FILE_NAME
    return Record.from_json(path.read_text(encoding="utf-8")) if path.is_file() else None


def _quoted(argument: str) -> str:
    """A Hydra override whose value may hold blanks, commas or the like: a path."""
    name, _, value = argument.partition("=")
    if "/" not in value:
        return argument
    escaped = value.replace("'", "\\'")
    return f"{name}='{escaped}'"
