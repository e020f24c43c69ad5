"""The limit on threads applies to loaded libraries and to those that are loaded later."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from recbench.runtime.threads import limit_threads, share_of, thread_limit
from tests.support.command import SMALL, recbench, records_in


def test_loaded_and_later_libraries_are_limited(tmp_path: Path) -> None:
    code = """
import json, numpy, os
from recbench.runtime.threads import limit_threads, share_of
limit_threads(1)
import numba, tensorflow as tf
from threadpoolctl import threadpool_info
tf.constant(1)
print(json.dumps([
    sorted({pool["num_threads"] for pool in threadpool_info()}),
    numba.config.NUMBA_NUM_THREADS,
    os.environ["TF_NUM_INTRAOP_THREADS"],
]))
try:
    limit_threads(2)
except RuntimeError as error:
    print(error)
"""
    run = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    limits, message = run.stdout.splitlines()
    assert json.loads(limits) == [[1], 1, "1"]
    assert message.startswith("threads=2 comes too late: TensorFlow has started in this process")


def test_less_than_one_thread_is_rejected() -> None:
    with pytest.raises(ValueError, match="threads=0; give 1 or more"):
        limit_threads(0)


@pytest.mark.parametrize(("allowed", "expected"), [("3", 3), ("1", 1), ("0", 1)])
def test_the_thread_limit_is_the_environments(allowed: str, expected: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBA_NUM_THREADS", allowed)
    assert thread_limit() == expected


def test_the_default_thread_limit_is_the_number_of_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NUMBA_NUM_THREADS", raising=False)
    assert thread_limit() == len(os.sched_getaffinity(0))


def test_the_option_threads_is_recorded_and_checked(tmp_path: Path) -> None:
    assert recbench("model=mf", "threads=1", *SMALL, cwd=tmp_path).returncode == 0
    assert records_in(tmp_path)[0].job.config["threads"] == 1
    assert "threads=0" in recbench("model=mf", "threads=0", *SMALL, cwd=tmp_path).stderr


@pytest.mark.parametrize("n_jobs", [1, 2, 3, 64, -1, -2])
def test_threads_of_parallel_jobs_do_not_exceed_the_cores(n_jobs: int) -> None:
    n_cores = len(os.sched_getaffinity(0))
    at_once = n_jobs if n_jobs > 0 else max(1, n_cores + 1 + n_jobs)
    assert share_of(n_jobs) >= 1
    assert share_of(n_jobs) * min(at_once, n_cores) <= n_cores


def test_parallel_jobs_share_the_cores(tmp_path: Path) -> None:
    recbench("-m", "model=bias,mf", *SMALL, "hydra/launcher=joblib", "hydra.launcher.n_jobs=-1", cwd=tmp_path)
    assert {record.job.config["threads"] for record in records_in(tmp_path) if record.job.model == "mf"} == {1}


def test_more_threads_than_cores_are_rejected(tmp_path: Path) -> None:
    many = f"threads={len(os.sched_getaffinity(0)) + 1}"
    run = recbench(
        "-m", "model=bias,mf", *SMALL, "hydra/launcher=joblib", "hydra.launcher.n_jobs=1", many, cwd=tmp_path
    )
    assert run.returncode == 2
    assert "is more than this machine's cores; leave threads out" in run.stderr
    assert "Traceback" not in run.stderr
