"""The cost of sweeps: overhead per job, shared work, jobs per minute with one and two workers, and a new plugin."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from recbench.results.tables import Column
from recbench.runtime.atomic import write_text
from recbench_peers.bench.measuring import ONE_THREAD, Usage, measure

FOLDER = "sweeps"
ML_100K = "dataset.release=100k"  # in the folder that RECBENCH_DATA names
NEIGHBORS = "model.n_neighbors=10,15,20,25,30,40,50,60,70,80"
WORKERS = ("-m", "model=svdpp", "seed=range(12)", "threads=1", "hydra/launcher=joblib")
INTRO = """\
## Sweeps

Whole processes, including imports and tables, on the embedded ratings or ML-100K. `bias` is fitted in milliseconds, so
its sweep is all overhead. Ten values of `n_neighbors` share folds, biases and neighbors, unless `share_mb=0`. The
sweeps of `svdpp` have one and two worker processes with one thread each. The last line takes a new plugin from an empty
folder to a row in the table: write, install, run every check, compare.
"""


@dataclass(frozen=True)
class Sweep:
    """One command and the number of jobs that it runs."""

    arguments: tuple[str, ...]
    n_jobs: int

    def typed(self) -> str:
        """Return the command as a user would type it."""
        return " ".join(["recbench", *self.arguments])

    def command(self, folder: Path) -> list[str]:
        """Return the command that is run; it writes only to the folder."""
        places = (f"hydra.run.dir={folder}/run", f"hydra.sweep.dir={folder}/run", f"store={folder}/store")
        return [sys.executable, "-m", "recbench", *self.arguments, "resume=false", *places]


@dataclass(frozen=True)
class NewPlugin(Sweep):
    """The README's steps from an empty folder; `pip` uses no network and does not change this environment."""

    def typed(self) -> str:
        """Return the steps, abbreviated."""
        return "recbench new model my_model; pip install; recbench check my_model; recbench -m model=my_model,mf"

    def command(self, folder: Path) -> list[str]:
        """Return the steps as one shell command."""
        python, site = shlex.quote(sys.executable), shlex.quote(str(folder / "site"))
        quiet = "--quiet --no-index --no-deps --no-build-isolation"
        steps = [
            f"cd {shlex.quote(str(folder))}",
            f"{python} -m recbench new model my_model",
            f"{python} -m pip install {quiet} --target {site} ./recbench-my-model",
            f"export PYTHONPATH={site}",
            f"{python} -m recbench check my_model",
            f"{python} -m recbench -m model=my_model,mf",
        ]
        return ["/bin/sh", "-e", "-c", "; ".join(steps)]


SWEEPS = (
    Sweep(("model=item_knn", ML_100K), 1),
    Sweep(("-m", "model=item_knn", ML_100K, NEIGHBORS), 10),
    Sweep(("-m", "model=item_knn", ML_100K, NEIGHBORS, "share_mb=0"), 10),
    Sweep(("-m", "model=bias", "model.n_epochs=range(1,101)", "sealed=false"), 100),
    Sweep((*WORKERS, "hydra.launcher.n_jobs=1"), 12),
    Sweep((*WORKERS, "hydra.launcher.n_jobs=2"), 12),
    NewPlugin((), 1),
)


@dataclass(frozen=True)
class Measured:
    """The cost of a sweep, and the code that it ran."""

    command: str
    commit: str
    code: str  # digest
    usage: Usage


def run(number: int, store: Path, timeout: float, commit: str, code: str) -> Measured:
    """Run the sweep with this number in an empty folder of the store, and store its cost there."""
    folder = (store / FOLDER / str(number)).resolve()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    usage = measure(SWEEPS[number].command(folder), os.environ | ONE_THREAD, timeout, folder)
    measured = Measured(SWEEPS[number].typed(), commit, code, usage)
    write_text(folder / "sweep.json", json.dumps(asdict(measured), indent=2) + "\n")
    return measured


def stored(number: int, store: Path, code: str | None) -> Measured | None:
    """Return the stored cost of the same sweep and code, if there is one; with `code=None`, of any code."""
    try:
        raw = json.loads((store / FOLDER / str(number) / "sweep.json").read_text(encoding="utf-8"))
        found = Measured(**{**raw, "usage": Usage(**raw["usage"])})
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return found if found.command == SWEEPS[number].typed() and code in (None, found.code) else None


def measured_sweeps(measured: Sequence[Measured | None]) -> list[tuple[Sweep, Measured]]:
    """Return the sweeps that have been measured."""
    return [(sweep, each) for sweep, each in zip(SWEEPS, measured, strict=True) if each is not None]


def columns(commit: str) -> list[Column[tuple[Sweep, Measured]]]:
    """Return the columns of the table of sweeps; a sweep that was measured at another commit is marked."""
    return [
        Column("command", "command", lambda each: f"`{each[0].typed()}`", numeric=False),
        Column("n_jobs", "jobs", lambda each: each[0].n_jobs, "d"),
        Column("cpu_seconds", "CPU s", lambda each: each[1].usage.cpu_seconds, ".2f"),
        Column("cpu_per_job", "CPU s/job", lambda each: each[1].usage.cpu_seconds / each[0].n_jobs, ".2f"),
        Column("wall_seconds", "wall s", lambda each: each[1].usage.wall_seconds, ".1f"),
        Column("jobs_per_minute", "jobs/minute", lambda each: _jobs_per_minute(*each), ",.0f"),
        Column("notes", "notes", lambda each: _note(each[1], commit), shown="any", numeric=False),
    ]


def _jobs_per_minute(sweep: Sweep, measured: Measured) -> float | None:
    return 60 * sweep.n_jobs / measured.usage.wall_seconds if sweep.n_jobs > 1 else None


def _note(measured: Measured, commit: str) -> str:
    failed = "" if measured.usage.exit_status == 0 else f"exit status {measured.usage.exit_status}"
    elsewhere = "" if measured.commit == commit else f"at {measured.commit}"
    return ", ".join(filter(None, [failed, elsewhere]))
