"""Limits on the threads of numerical libraries: BLAS, OpenMP, Numba and TensorFlow."""

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
    """Return the threads for each of `n_jobs` simultaneous jobs, so that together they use at most all cores.

    `n_jobs` below 1 counts back from the number of cores, as in joblib: -1 is one job per core.
    """
    n_cores = _n_cores()
    if n_jobs < 1:
        n_jobs = max(1, n_cores + 1 + n_jobs)
    return max(1, n_cores // n_jobs)


def thread_limit() -> int:
    """Return how many threads this process may use for its own work: the limit of `limit_threads`, else all cores."""
    allowed = os.environ.get("NUMBA_NUM_THREADS", "")
    return max(1, int(allowed)) if allowed.isdecimal() else _n_cores()


def _n_cores() -> int:
    """Return the number of cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def limit_threads(n_threads: int) -> None:
    """Limit the libraries that are loaded, and those that will be, to `n_threads` threads.

    Raises:
        ValueError: `n_threads` is below 1.
        RuntimeError: TensorFlow has started with another number of threads, which cannot be changed.
    """
    if n_threads < 1:
        raise ValueError(f"threads={n_threads}; give 1 or more, or null for the libraries' default")
    if "tensorflow" in sys.modules and os.environ.get("TF_NUM_INTRAOP_THREADS") != str(n_threads):
        raise RuntimeError(
            f"threads={n_threads} comes too late: TensorFlow has started in this process with another number; "
            "use the same number in all jobs of a sweep, or one process per job (hydra/launcher=joblib)"
        )
    os.environ.update(dict.fromkeys(VARIABLES, str(n_threads)))
    from threadpoolctl import threadpool_limits

    threadpool_limits(limits=n_threads)  # for libraries that are loaded already
