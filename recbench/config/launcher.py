"""What recbench needs to know about the launcher of a sweep: any Hydra launcher works.

This is the only module that reads a launcher's own options.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from recbench.runtime.threads import share_of
from recbench.usage import UsageError

if TYPE_CHECKING:
    from omegaconf import DictConfig

BASIC = "hydra._internal.core_plugins.basic_launcher.BasicLauncher"


def is_sequential(launcher: DictConfig) -> bool:
    """Return whether the jobs run one after another in this process, so that they may show their progress."""
    return bool(launcher._target_ == BASIC)


def threads_per_job(n_threads: int | None, launcher: DictConfig) -> int | None:
    """Return `threads` where the user set it, else a job's share of the cores where the launcher runs several at once.

    None leaves the number to the libraries.
    """
    n_jobs = _n_jobs(launcher)
    return n_threads if n_threads is not None or n_jobs is None else share_of(n_jobs)


def check_threads(n_threads: int | None, launcher: DictConfig) -> None:
    """Check that the jobs that run at once have no more threads than the machine has cores.

    Raises:
        UsageError: `threads` times the launcher's `n_jobs` is more.
    """
    n_jobs = _n_jobs(launcher)
    if n_threads is not None and n_jobs is not None and n_threads > share_of(n_jobs):
        raise UsageError(
            f"threads={n_threads} for each of the launcher's jobs (n_jobs={n_jobs}) is more than this machine's cores; "
            f"leave threads out, or set threads={share_of(n_jobs)}"
        )


def _n_jobs(launcher: DictConfig) -> int | None:
    """Return how many jobs the launcher runs at once on this machine, by joblib's name for it; None if it has none."""
    n_jobs: int | None = launcher.get("n_jobs")
    return n_jobs
