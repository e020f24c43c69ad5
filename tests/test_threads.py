"""The number of threads reaches the libraries that are loaded and those that will be."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from recbench.threads import limit_threads
from tests.running import SMALL, recbench, records_in


def test_loaded_and_later_libraries_are_limited(tmp_path: Path) -> None:
    code = """
import json, numpy, os
from recbench.threads import limit_threads
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
    limits, refusal = run.stdout.splitlines()
    assert json.loads(limits) == [[1], 1, "1"]
    assert refusal.startswith("threads=2 comes too late: TensorFlow runs in this process")


def test_less_than_one_thread_is_refused() -> None:
    with pytest.raises(ValueError, match="threads=0; give 1 or more"):
        limit_threads(0)


def test_threads_is_an_option_of_the_run(tmp_path: Path) -> None:
    assert recbench("model=mf", "threads=1", *SMALL, cwd=tmp_path).returncode == 0
    assert records_in(tmp_path)[0].config["threads"] == 1
    assert "threads=0" in recbench("model=mf", "threads=0", *SMALL, cwd=tmp_path).stderr
