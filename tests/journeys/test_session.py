"""The tutorial's session: search with equal budgets, kill, resume, table, report."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from recbench.results.records import read_records
from tests.support.pages import blocks

TUTORIAL = Path(__file__).parents[2] / "docs" / "tutorial" / "first-comparison.md"
MODELS = {"user_knn", "item_knn", "mf", "svdpp"}


@pytest.mark.slow
def test_the_session_ends_in_its_report(tmp_path: Path) -> None:
    (script,) = [each.text for each in blocks(TUTORIAL) if each.text.startswith("timeout ")]
    lines = [line.removesuffix(" || true") for line in script.strip().splitlines()]
    killed, resumed, table, report = [_typed(line, tmp_path) for line in lines]

    assert killed.returncode in (137, -signal.SIGKILL)
    first, second = sorted(tmp_path.glob("outputs/2*/*"))
    finished = {record.provenance.key for record in read_records(first)}
    assert finished, "nothing had finished when it was killed; kill later"

    assert resumed.returncode == 0, resumed.stderr
    records = read_records(second)
    candidates = Counter(record.job.model for record in records if record.job.scored_on == "valid")
    assert candidates == dict.fromkeys(MODELS, 8)
    assert {record.provenance.key for record in records if record.provenance.cached} >= finished
    opened = Counter(
        record.job.model for record in records if record.job.scored_on == "test" and record.job.model in MODELS
    )
    assert opened == dict.fromkeys(MODELS, 1)
    assert "28 more candidates were scored on validation only" in resumed.stdout

    assert table.returncode == 0, table.stderr
    assert all(f"| {model} |" in table.stdout for model in MODELS)
    assert "seeds" not in table.stdout  # the two runs are of one seed

    assert report.returncode == 0, report.stderr
    assert "svdpp" in (second / "report.html").read_text(encoding="utf-8")


def _typed(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return subprocess.run(
        ["/bin/bash", "-c", line],
        cwd=folder,
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
