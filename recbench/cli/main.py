"""The command line: a command is a bare word, everything else is a Hydra command line.

Only this module prints. Exit status: 0 all went well, 1 a job failed, 2 the command was wrong.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from recbench.cli import command
from recbench.cli.exit import exit_on_error, leave
from recbench.cli.help import help_for, short_help
from recbench.config.launcher import is_sequential, threads_per_job
from recbench.config.variants import conf_dir
from recbench.jobs import subprocess_job as isolation
from recbench.jobs.job import Job, cause_of
from recbench.jobs.preparation import prepare
from recbench.progress import progress_listener
from recbench.registry.registry import installed
from recbench.results.first_metric import first_score
from recbench.results.records import write_record
from recbench.results.render import as_text, footnotes
from recbench.results.rows import rows_of
from recbench.results.store import absolute_store, open_store
from recbench.tuning.sweep_plan import read_scored_part
from recbench.usage import UsageError, relative

if TYPE_CHECKING:
    from omegaconf import DictConfig


def main() -> None:
    """Run the command line in `sys.argv` and exit with its status."""
    args = sys.argv[1:]
    with exit_on_error(args):
        if not args:
            print(short_help())
        elif args == ["--version"]:
            print(f"recbench {version('recbench')}")
        elif args[0] in command.names():
            with _progress(shown=True):
                print(command.run(args[0], args[1:]))
        elif {"-h", "--help"} & set(args):
            print(help_for(args))
        else:
            _run_hydra(args)


def _run_hydra(args: Sequence[str]) -> None:
    """Let Hydra compose and launch the jobs; it calls `_task` once per job."""
    import hydra

    from recbench.config import schema as config

    if any(arg.startswith("--experimental-rerun") for arg in args):
        raise UsageError(
            "--experimental-rerun unpickles a file, which can run any code; rerun with the job's overrides"
        )
    os.environ.setdefault("HYDRA_FULL_ERROR", "1")  # its errors come to `main` rather than to the terminal
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    config.store_schemas(installed())
    hydra.main(config_path=str(conf_dir()), config_name="config", version_base="1.3")(_task)()


def _task(composed: DictConfig) -> float | None:
    """Run one Hydra job and write its record; if it is the only job, print it and exit with its status.

    Returns the value that a search minimizes or maximizes: the mean of the first metric, None if the job failed.
    """
    from hydra.core.hydra_config import HydraConfig
    from hydra.types import RunMode

    from recbench.config import schema as config

    _show_notes()
    context = HydraConfig.get()
    folder = Path(context.runtime.output_dir)
    alone = context.mode == RunMode.RUN
    contents = config.contents(composed)
    job = Job(
        replace(
            contents,
            threads=threads_per_job(contents.threads, context.launcher),
            share_mb=0 if alone else contents.share_mb,
        ),
        context.runtime.choices["model"],
        tuple(context.overrides.task),
        "test" if alone else read_scored_part(Path(context.runtime.cwd) / context.sweep.dir),
        absolute_store(str(composed.store), Path(context.runtime.cwd)),
    )
    if alone:
        try:
            open_store(str(job.store))
            prepare(job)
        except Exception as error:  # an error before the model starts is the command's fault
            logging.getLogger(__name__).exception("can't prepare the job")
            leave(cause_of(error), 2)
    with _progress(f"{job.model} ", shown=alone or is_sequential(context.launcher)):
        record = isolation.run(job, folder / "recbench.log")
    write_record(record, folder)
    first = first_score(record.outcome.scores)
    if not alone:
        return None if record.outcome.status != "ok" or first is None else first.mean
    if record.outcome.status != "ok":
        leave(f"{record.outcome.cause} (traceback in {relative(folder / 'recbench.log')})", 1)
    row = rows_of([record])
    print("\n".join(["", as_text(row), *footnotes(row), relative(folder)]))
    return None


def _show_notes() -> None:
    """Send recbench's own warnings (how many duplicates were merged) to the terminal, all others to the log only."""
    logging.captureWarnings(capture=True)
    notes = logging.StreamHandler(sys.stderr)
    notes.setFormatter(logging.Formatter("note: %(message)s"))
    notes.addFilter(lambda entry: entry.levelno == logging.WARNING and entry.name.startswith("recbench."))
    logging.getLogger().addHandler(notes)


@contextmanager
def _progress(label: str = "", *, shown: bool) -> Iterator[None]:
    """Show tracked loops as bars on a terminal, and nothing anywhere else."""
    if not (shown and sys.stderr.isatty()):
        yield
        return
    from rich.console import Console
    from rich.progress import Progress, TaskID

    with Progress(console=Console(stderr=True), transient=True) as bars:
        tasks: dict[str, TaskID] = {}

        def show(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(f"{label}{what}", total=total)
            bars.update(tasks[what], completed=done, total=total)

        with progress_listener(show):
            yield
