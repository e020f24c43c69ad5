"""25 million ratings are read within 3 GB of memory, and from the cached copy on later starts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

N_ROWS = 25_000_000
START = """
import json, resource, sys, time
start = time.perf_counter()
from recbench.datasets.tabular.ratings_file import load_ratings_file
dataset = load_ratings_file(sys.argv[1])
seconds, peak = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({"seconds": seconds, "peak_mb": peak / 1024, "digest": dataset.digest, "n": dataset.n_ratings,
                  "mean": float(dataset.ratings.mean(dtype=float)), "text": "pandas" in sys.modules}))
"""


def start(file: Path) -> dict[str, float | str]:
    """Load the file in a new process and return what it measures."""
    command = [sys.executable, "-c", START, str(file)]
    environment = os.environ | {"XDG_CACHE_HOME": str(file.parent / "cache")}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    measured: dict[str, float | str] = json.loads(done.stdout)
    return measured


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.skipif(sys.platform != "linux", reason="other systems report peak memory in other units")
def test_25_million_rows_are_read_once_in_bounded_memory(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow", reason="pyarrow writes the file")
    csv = pytest.importorskip("pyarrow.csv", reason="pyarrow writes the file")
    row = np.arange(N_ROWS)
    columns = {
        "userId": row // 154,  # 162 thousand users
        "movieId": row * 7919 % 59_047,  # 59 thousand items, each at most once per user
        "rating": (row * 31 % 10 + 1) * 0.5,
        "timestamp": 789_652_009 + row * 31,
    }
    csv.write_csv(pa.table(columns), tmp_path / "big.csv")
    expected = float(columns["rating"].mean())
    del row, columns
    first, second = start(tmp_path / "big.csv"), start(tmp_path / "big.csv")
    assert (first["n"], first["mean"]) == (N_ROWS, expected)
    assert float(first["peak_mb"]) < 3000
    assert second["digest"] == first["digest"]
    assert not second["text"]
