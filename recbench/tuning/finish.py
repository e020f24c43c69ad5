"""The end of a sweep: the winners are scored on the test set, missing baselines are added, the tables are written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from recbench.jobs import subprocess_job
from recbench.jobs.comparison import add_comparisons
from recbench.jobs.job import Job
from recbench.jobs.stored_results import stored_results
from recbench.results.records import Record, read_records, write_record
from recbench.results.render import as_csv, as_markdown, as_text, footnotes
from recbench.results.rows import Row, rows_of
from recbench.results.store import open_store
from recbench.runtime.atomic import write_text
from recbench.tuning.baselines import is_baseline, missing_baseline_jobs
from recbench.tuning.winners import winner_jobs
from recbench.usage import relative


@dataclass(frozen=True)
class FinishedSweep:
    """A sweep whose jobs have all run."""

    rows: Sequence[Row]  # best first
    table: Path  # the Markdown table in the sweep's folder
    searched: bool  # whether the candidates were chosen by a search

    @property
    def failed(self) -> bool:
        """Whether a job failed."""
        return any(row.failed for row in self.rows)

    def text(self) -> str:
        """Return the table as a terminal shows it.

        The candidates of a search are many, so only those that failed are shown with the rows scored on the test set.
        """
        shown = [row for row in self.rows if row.scores or row.failed] if self.searched else self.rows
        n_ok = sum(row.ok for row in shown)
        summary = [f"{len(shown)} models, {n_ok} ok", relative(self.table)]
        if len(shown) < len(self.rows):
            n_pruned = sum(not row.ok and not row.failed for row in self.rows)
            stopped = f", {n_pruned} of them stopped early" if n_pruned else ""
            hidden = f"{len(self.rows) - len(shown)} more candidates were scored on validation only{stopped}"
            summary.insert(1, hidden)
        return "\n".join(["", as_text(shown), *footnotes(self.rows), " · ".join(summary)])


def finish_sweep(folder: Path, store: str | None) -> FinishedSweep:
    """Run the jobs that the sweep in a folder still needs, and write its tables there.

    The winners are refitted and scored on the test set, then missing baselines are run.
    """
    records = read_records(folder)
    records += _run_each(winner_jobs(records, store), folder, "test", len(records))
    records += _run_each(missing_baseline_jobs(records, store), folder, "baseline", len(records))
    rows = rows_of(records, is_baseline)
    if store is not None:
        rows = add_comparisons(rows, stored_results(records, open_store(store)))
    write_text(folder / "table.md", as_markdown(rows))
    write_text(folder / "table.csv", as_csv(rows))
    searched = any(record.job.config.get("search") for record in records)
    return FinishedSweep(rows, folder / "table.md", searched)


def _run_each(jobs: Sequence[Job], folder: Path, prefix: str, n_before: int) -> list[Record]:
    """Run the jobs, and write each record into a folder of its own."""
    records = []
    for number, job in enumerate(jobs, n_before + 1):
        records.append(subprocess_job.run(job))
        write_record(records[-1], folder / f"{prefix}-{job.model}-{number}")
    return records
