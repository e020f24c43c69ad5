"""How many threads a job's arithmetic may use: BLAS, OpenMP, Numba and TensorFlow alike."""

from __future__ import annotations

import os
import sys

VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
)


def share_of(n_jobs: int) -> int:
    """Threads for each of `n_jobs` jobs that run at the same time, so that together they fill the cores and no more.

    Below 1, `n_jobs` counts back from the cores, as joblib has it: -1 is one job a core.
    """
    n_cores = _n_cores()
    if n_jobs < 1:
        n_jobs = max(1, n_cores + 1 + n_jobs)
    return max(1, n_cores // n_jobs)


def thread_limit() -> int:
    """Return how many threads this process may use for its own work: what `limit_threads` allowed, else all cores."""
    allowed = os.environ.get("NUMBA_NUM_THREADS", "")
    return max(1, int(allowed)) if allowed.isdecimal() else _n_cores()


def _n_cores() -> int:
    """Return the number of cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def limit_threads(n_threads: int) -> None:
    """Allow `n_threads` from here on, to what is loaded and to what will be.

    Raises:
        ValueError: less than one.
        RuntimeError: TensorFlow runs already, with another number, and can't change it.
    """
    if n_threads < 1:
        raise ValueError(f"threads={n_threads}; give 1 or more, or null for the libraries' own choice")
    if "tensorflow" in sys.modules and os.environ.get("TF_NUM_INTRAOP_THREADS") != str(n_threads):
        raise RuntimeError(
            f"threads={n_threads} comes too late: TensorFlow runs in this process with another number; "
            "give every job of a sweep the same, or each a process of its own (hydra/launcher=joblib)"
        )
    os.environ.update(dict.fromkeys(VARIABLES, str(n_threads)))
    from threadpoolctl import threadpool_limits

    threadpool_limits(limits=n_threads)  # of libraries that were loaded before
