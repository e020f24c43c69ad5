"""Sealed sweeps: what is tuned is chosen on validation, and test is opened for the choice alone."""

from __future__ import annotations

import csv
import json
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from recbench.results.records import Record, Score
from recbench.tuning.sweep_plan import read_scored_part, write_sweep_plan
from recbench.tuning.winners import winner_jobs
from tests.support.command import SMALL, recbench, records_in, write_plugin
from tests.support.made_records import record_of

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
    """What a sweep of the spy did, call by call: 960 training and 240 test rows, 96 of train for validation."""
    if not (tmp_path / "site").exists():
        write_plugin(tmp_path / "site", "acme-spy", SPY)
    log = tmp_path / "log.txt"
    log.write_text("")
    run = recbench("-m", "model=spy", *args, *SMALL, cwd=tmp_path, PYTHONPATH=str(tmp_path / "site"), SPY_LOG=str(log))
    assert run.returncode == 0, run.stderr
    return log.read_text().splitlines()


def test_candidates_never_meet_the_test_rows_and_the_choice_meets_them_once(tmp_path: Path) -> None:
    calls = _spied(tmp_path, "model.guess=1.0,3.0,5.0")
    assert calls == [
        *("fit 864", "predict 1.0 96", "fit 864", "predict 3.0 96", "fit 864", "predict 5.0 96"),
        *("fit 960", "predict 3.0 240"),
    ]
    tested = [record for record in records_in(tmp_path) if record.job.scored_on == "test" and record.job.kind == "spy"]
    assert [record.job.options["guess"] for record in tested] == [3.0]


def test_unsealed_all_meet_the_test_rows_and_every_row_says_so(tmp_path: Path) -> None:
    calls = _spied(tmp_path, "model.guess=1.0,3.0", "sealed=false")
    assert calls == ["fit 960", "predict 1.0 240", "fit 960", "predict 3.0 240"]
    (table,) = tmp_path.glob("outputs/*/*/table.md")
    assert table.read_text().count("1 of 2 candidates scored on test") == 2
    assert "test set opened 2 times for spy" in table.read_text()


def test_a_model_alone_goes_straight_to_test(tmp_path: Path) -> None:
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


def test_metrics_taken_from_stored_predictions_are_those_of_a_new_run(tmp_path: Path) -> None:
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


def test_a_full_disk_is_told_and_what_was_finished_is_kept(tmp_path: Path) -> None:
    assert recbench("model=item_mean", *SMALL, cwd=tmp_path).returncode == 0

    def allow_no_file_above_1_kb() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))  # stands for a disk that fills up

    sweep = [sys.executable, "-m", "recbench", "-m", "model=bias,item_mean", *SMALL]
    run = subprocess.run(
        sweep, cwd=tmp_path, capture_output=True, text=True, preexec_fn=allow_no_file_above_1_kb, check=False
    )
    assert run.returncode == 1
    assert "Traceback" not in run.stderr
    assert "what had finished is kept: mend it and run the same command again" in run.stderr
    again = recbench("-m", "model=bias,item_mean", *SMALL, cwd=tmp_path)
    assert again.returncode == 0
    assert next(line for line in again.stdout.splitlines() if line.startswith("item_mean")).count("cached") == 1
    assert next(line for line in again.stdout.splitlines() if line.startswith("bias")).count("cached") == 0


def test_failed_jobs_are_run_again(tmp_path: Path) -> None:
    spy = SPY.replace(
        "        return self", "        if os.environ.get('FAIL'): raise ValueError('told to')\n        return self"
    )
    write_plugin(tmp_path / "site", "acme-spy", spy)
    environment = {"PYTHONPATH": str(tmp_path / "site"), "SPY_LOG": str(tmp_path / "log.txt")}
    failed = recbench("-m", "model=spy,bias", *SMALL, cwd=tmp_path, **environment, FAIL="1")
    assert failed.returncode == 1
    assert "failed: told to" in failed.stdout
    mended = recbench("-m", "model=spy,bias", *SMALL, cwd=tmp_path, **environment)
    assert mended.returncode == 0
    assert "3 models, 3 ok" in mended.stdout


@pytest.mark.parametrize(
    ("overrides", "sealed", "part"),
    [
        (["model=mf,ncf"], True, "test"),
        (["model=mf", "model.n_factors=8"], True, "test"),
        (["model=mf", "model.n_factors=8,16"], True, "valid"),
        (["model=mf", "model.reg=range(1,3)"], True, "valid"),
        (["model=mf", "model.reg=choice(1,2)"], True, "valid"),
        (["model=ncf", "model.hidden_layers=[8,4]"], True, "test"),
        (["model=mf", "seed=1,2", "dataset.release=100k,1m"], True, "test"),
        (["model=mf", "model.n_factors=8,16"], False, "test"),
    ],
)
def test_the_plan_seals_what_varies_options(overrides: list[str], sealed: bool, part: str, tmp_path: Path) -> None:
    write_sweep_plan(tmp_path, overrides, sealed=sealed)
    assert read_scored_part(tmp_path) == part


def _candidate(reg: float, folds: list[float], seed: int = 0, *, better: bool = False) -> Record:
    return record_of(
        dataset="Toy",
        split="k_fold",
        model="mf",
        kind="mf",
        options={"reg": reg, "seed": seed},
        user_options=("reg",),
        seed=seed,
        scored_on="valid",
        scores={"rmse": Score.over(folds, greater_is_better=better)},
        n_folds=len(folds),
        data={"digest": "d"},
        split_digest="s",
        config={"model": {"kind": "mf", "reg": reg, "seed": seed}, "seed": seed},
    )


def test_each_fold_chooses_for_itself() -> None:
    (job,) = winner_jobs([_candidate(1, [0.5, 0.9]), _candidate(2, [0.6, 0.8])])
    assert [node["reg"] for node in job.nodes()] == [1, 2]
    assert job.scored_on == "test"


def test_folds_that_agree_are_one_candidate() -> None:
    (job,) = winner_jobs([_candidate(1, [0.5, 0.7]), _candidate(2, [0.6, 0.8])])
    assert job.options_per_fold == ()
    assert job.config["model"] == {"kind": "mf", "reg": 1, "seed": 0}


def test_seeds_are_averaged_and_never_chosen_among() -> None:
    lucky = [_candidate(1, [0.1], seed=0), _candidate(1, [0.9], seed=1)]
    steady = [_candidate(2, [0.4], seed=0), _candidate(2, [0.4], seed=1)]
    jobs = winner_jobs([*lucky, *steady])
    assert [job.config["model"] for job in jobs] == [{"kind": "mf", "reg": 2, "seed": seed} for seed in (0, 1)]


def test_of_a_metric_that_should_be_great_the_greatest_is_chosen() -> None:
    (job,) = winner_jobs([_candidate(1, [0.5], better=True), _candidate(2, [0.6], better=True)])
    assert job.config["model"]["reg"] == 2
