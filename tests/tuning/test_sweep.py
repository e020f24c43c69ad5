"""Sealed sweeps: options are chosen on the validation set, and only the winner is scored on the test set."""

from __future__ import annotations

import csv
import json
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.support.command import SMALL, recbench, records_in, write_plugin

SPY = """
import os
from dataclasses import dataclass
import numpy as np
from recbench import RatingModel, hookimpl

@dataclass
class Spy(RatingModel):
    guess: float = 3.0  # predicted for every pair

    def fit(self, train, valid=None):
        with open(os.environ["SPY_LOG"], "a") as log:
            log.write(f"fit {train.n_ratings}\\n")
        return self

    def predict(self, user_idx, item_idx):
        with open(os.environ["SPY_LOG"], "a") as log:
            log.write(f"predict {self.guess} {len(user_idx)}\\n")
        return np.full(len(user_idx), self.guess)

@hookimpl
def register_models():
    return {"spy": Spy}
"""


def _spied(tmp_path: Path, *args: str) -> list[str]:
    """Return the calls of a sweep of the spy: 960 training rows, 96 of them for validation, and 240 test rows."""
    if not (tmp_path / "site").exists():
        write_plugin(tmp_path / "site", "acme-spy", SPY)
    log = tmp_path / "log.txt"
    log.write_text("")
    run = recbench("-m", "model=spy", *args, *SMALL, cwd=tmp_path, PYTHONPATH=str(tmp_path / "site"), SPY_LOG=str(log))
    assert run.returncode == 0, run.stderr
    return log.read_text().splitlines()


def test_candidates_are_never_scored_on_the_test_set_and_the_winner_is_once(tmp_path: Path) -> None:
    calls = _spied(tmp_path, "model.guess=1.0,3.0,5.0")
    assert calls == [
        *("fit 864", "predict 1.0 96", "fit 864", "predict 3.0 96", "fit 864", "predict 5.0 96"),
        *("fit 960", "predict 3.0 240"),
    ]
    tested = [record for record in records_in(tmp_path) if record.job.scored_on == "test" and record.job.kind == "spy"]
    assert [record.job.options["guess"] for record in tested] == [3.0]


def test_unsealed_all_candidates_are_scored_on_the_test_set_and_every_row_says_so(tmp_path: Path) -> None:
    calls = _spied(tmp_path, "model.guess=1.0,3.0", "sealed=false")
    assert calls == ["fit 960", "predict 1.0 240", "fit 960", "predict 3.0 240"]
    (table,) = tmp_path.glob("outputs/*/*/table.md")
    assert table.read_text().count("1 of 2 candidates scored on test") == 2
    assert "test set opened 2 times for spy" in table.read_text()


def test_a_single_candidate_is_scored_on_the_test_set_at_once(tmp_path: Path) -> None:
    assert _spied(tmp_path, "model.guess=2.0", "seed=1,2") == ["fit 960", "predict 2.0 240"] * 2


def test_running_a_sweep_again_runs_nothing_and_says_cached(tmp_path: Path) -> None:
    assert len(_spied(tmp_path, "model.guess=1.0,3.0")) == 6
    assert _spied(tmp_path, "model.guess=1.0,3.0") == []
    assert len(_spied(tmp_path, "model.guess=1.0,2.0,3.0")) == 2
    assert len(_spied(tmp_path, "model.guess=1.0,3.0", "resume=false")) == 6
    assert _spied(tmp_path, "model.guess=1.0,3.0", "metrics=[mae,rmse,rmse_user]") == []
    second = sorted(tmp_path.glob("outputs/*/*/table.md"))[1].read_text()
    assert second.count("cached") == 4


def test_an_edited_model_is_not_cached(tmp_path: Path) -> None:
    _spied(tmp_path, "model.guess=1.0,3.0")
    module = tmp_path / "site" / "acme_spy.py"
    module.write_text(module.read_text() + "# edited\n")
    assert len(_spied(tmp_path, "model.guess=1.0,3.0")) == 6


def test_metrics_of_stored_predictions_equal_those_of_a_new_run(tmp_path: Path) -> None:
    args = ("-m", "model=bias,slope_one", *SMALL, "split=k_fold")
    recbench(*args, "metrics=[mae]", cwd=tmp_path)
    stored, fresh = (
        recbench(*args, "metrics=[rmse,rmse_user]", more, cwd=tmp_path) for more in ("resume=true", "resume=false")
    )
    assert stored.returncode == fresh.returncode == 0
    tables = sorted(tmp_path.glob("outputs/*/*/table.csv"))[1:]
    scores = [
        [(row["model"], row["rmse"], row["rmse_user"]) for row in csv.DictReader(t.read_text().splitlines())]
        for t in tables
    ]
    assert scores[0] == scores[1]
    assert "cached" in stored.stdout
    assert "cached" not in fresh.stdout


def test_a_sweep_killed_in_the_middle_resumes_where_it_stopped(tmp_path: Path) -> None:
    sweep = ["-m", "model=mf", "model.n_factors=2,3,4,5,6,7,8,9", "model.n_epochs=60", *SMALL]
    process = subprocess.Popen([sys.executable, "-m", "recbench", *sweep], cwd=tmp_path, stdout=subprocess.DEVNULL)
    store = tmp_path / "outputs" / "store"
    while not store.is_dir() or len(list(store.glob("*.json"))) < 3:
        assert process.poll() is None, "the sweep ended before it could be killed"
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    finished = len([path for path in store.glob("*.json") if not path.name.startswith(".")])
    assert 3 <= finished < 8
    run = recbench(*sweep, cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    last = max(path for path in (tmp_path / "outputs").glob("*/*") if path.is_dir() and path.parent.name != "store")
    records = [json.loads(path.read_text()) for path in last.glob("[0-9]*/record.json")]
    assert len(records) == 8
    assert sum(record["provenance"]["cached"] for record in records) == finished


def test_a_full_disk_is_reported_and_finished_results_are_kept(tmp_path: Path) -> None:
    assert recbench("model=item_mean", *SMALL, cwd=tmp_path).returncode == 0

    def allow_no_file_above_1_kb() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))  # like a disk that fills up

    sweep = [sys.executable, "-m", "recbench", "-m", "model=bias,item_mean", *SMALL]
    run = subprocess.run(
        sweep, cwd=tmp_path, capture_output=True, text=True, preexec_fn=allow_no_file_above_1_kb, check=False
    )
    assert run.returncode == 1
    assert "Traceback" not in run.stderr
    assert "completed jobs are kept; fix the problem and rerun the same command" in run.stderr
    again = recbench("-m", "model=bias,item_mean", *SMALL, cwd=tmp_path)
    assert again.returncode == 0
    assert next(line for line in again.stdout.splitlines() if line.startswith("item_mean")).count("cached") == 1
    assert next(line for line in again.stdout.splitlines() if line.startswith("bias")).count("cached") == 0


def test_failed_jobs_are_run_again(tmp_path: Path) -> None:
    spy = SPY.replace(
        "        return self", "        if os.environ.get('FAIL'): raise ValueError('on request')\n        return self"
    )
    write_plugin(tmp_path / "site", "acme-spy", spy)
    environment = {"PYTHONPATH": str(tmp_path / "site"), "SPY_LOG": str(tmp_path / "log.txt")}
    failed = recbench("-m", "model=spy,bias", *SMALL, cwd=tmp_path, **environment, FAIL="1")
    assert failed.returncode == 1
    assert "failed: on request" in failed.stdout
    repaired = recbench("-m", "model=spy,bias", *SMALL, cwd=tmp_path, **environment)
    assert repaired.returncode == 0
    assert "3 models, 3 ok" in repaired.stdout
