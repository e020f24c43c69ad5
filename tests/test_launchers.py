"""Other launchers give the same table: Hydra's joblib launcher runs the jobs in processes of their own."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tests.running import SMALL, recbench, records_in


@pytest.mark.slow
def test_joblib_gives_the_same_scores_as_the_basic_launcher(tmp_path: Path) -> None:
    scores = []
    for launcher in ("basic", "joblib"):
        folder = tmp_path / launcher
        folder.mkdir()
        sweep = ["-m", "model=bias,mf,item_knn,slope_one", *SMALL]
        run = recbench(*sweep, f"hydra/launcher={launcher}", cwd=folder)
        assert run.returncode == 0, run.stderr
        assert "5 models, 5 ok" in run.stdout
        assert len(records_in(folder)) == 5
        (table,) = folder.glob("outputs/*/*/table.csv")
        scores.append({row["model"]: row["rmse"] for row in csv.DictReader(table.read_text().splitlines())})
    assert scores[0] == scores[1]
