"""Searches from the command line: choices on the validation set, one test score, nothing lost when killed."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from recbench.results.records import Record, read_records
from tests.support.command import SMALL, recbench, records_in, write_plugin

SPY = """
import os, time
from dataclasses import dataclass
import numpy as np
from recbench import RatingModel, between, hookimpl, searched

@dataclass
class Spy(RatingModel):
    guess: float = searched(3.0, between(1, 5))  # predicted for every pair
    silent: int = 0  # not searched

    def fit(self, train, valid=None):
        time.sleep(float(os.environ.get("SPY_SLEEP", 0)))
        with open(os.environ["SPY_LOG"], "a") as log:
            log.write(f"fit {self.guess} {train.n_ratings}\\n")
        if self.guess > float(os.environ.get("SPY_FAILS_ABOVE", 9)):
            raise ValueError("on request")
        return self

    def predict(self, user_idx, item_idx):
        with open(os.environ["SPY_LOG"], "a") as log:
            log.write(f"predict {self.guess} {len(user_idx)}\\n")
        return np.full(len(user_idx), self.guess)

@hookimpl
def register_models():
    return {"spy": Spy}
"""


@pytest.fixture
def spied(tmp_path: Path) -> dict[str, str]:
    """Return the environment in which `model=spy` is installed and logs its calls."""
    write_plugin(tmp_path / "site", "acme-spy", SPY)
    return {"PYTHONPATH": str(tmp_path / "site"), "SPY_LOG": str(tmp_path / "log.txt")}


def _calls(folder: Path) -> list[list[str]]:
    return [line.split() for line in (folder / "log.txt").read_text().splitlines()]


def _searched(records: list[Record], model: str) -> list[Record]:
    return [record for record in records if record.job.model == model and record.job.scored_on == "valid"]


def test_candidates_are_scored_on_the_validation_set_and_only_the_best_on_the_test_set(
    spied: dict[str, str], tmp_path: Path
) -> None:
    run = recbench("-m", "search=auto", "model=spy", "search.n_trials=4", *SMALL, cwd=tmp_path, **spied)
    assert run.returncode == 0, run.stderr
    calls = _calls(tmp_path)
    assert [(what, n_rows) for what, _, n_rows in calls] == [
        *[("fit", "864"), ("predict", "96")] * 4,
        *[("fit", "960"), ("predict", "240")],
    ]
    candidates = _searched(records_in(tmp_path), "spy")
    best = min(candidates, key=lambda record: record.outcome.scores["rmse"].mean)
    assert candidates[0].job.options["guess"] == 3.0
    assert len({record.job.options["guess"] for record in candidates}) == 4
    assert calls[-1][1] == str(best.job.options["guess"])
    assert {record.job.options["silent"] for record in candidates} == {0}
    trials = [record.job.config["search"]["_trial"] for record in candidates]
    assert [trial["ref"]["number"] for trial in trials] == [0, 1, 2, 3]
    assert all(trial["ranges"] == {"guess": [1.0, 5.0, False]} for trial in trials)


def test_a_search_killed_in_the_middle_loses_nothing(spied: dict[str, str], tmp_path: Path) -> None:
    command = ["-m", "search=auto", "model=spy", "search.n_trials=6", *SMALL]
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    for folder in (whole, cut):
        folder.mkdir()
    assert recbench(*command, cwd=whole, **spied).returncode == 0
    (tmp_path / "log.txt").unlink()
    process = subprocess.Popen(
        [sys.executable, "-m", "recbench", *command],
        cwd=cut,
        env=os.environ | spied | {"SPY_SLEEP": "0.2"},
        stdout=subprocess.DEVNULL,
    )
    store = cut / "outputs" / "store"
    while not store.is_dir() or len(list(store.glob("*.json"))) < 3:
        assert process.poll() is None, "the search ended before it could be killed"
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    run = recbench(*command, cwd=cut, **spied)
    assert run.returncode == 0, run.stderr
    fits = Counter(guess for what, guess, n_rows in _calls(tmp_path) if (what, n_rows) == ("fit", "864"))
    assert sum(fits.values()) <= 7, "a finished candidate was computed again"
    last = max(path for path in cut.glob("outputs/2*/*"))
    guesses = [record.job.options["guess"] for record in _searched(read_records(last), "spy")]
    assert guesses == [record.job.options["guess"] for record in _searched(records_in(whole), "spy")]


def test_pinned_options_are_fixed_and_listed_ones_take_only_the_values_listed(tmp_path: Path) -> None:
    options = ("model.reg=2.0", "model.n_factors=8,16", "model.reg_bias=interval(1,4)")
    run = recbench("-m", "search=quick", "model=mf", *options, "search.n_trials=5", *SMALL, cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    tried = [record.job.options for record in _searched(records_in(tmp_path), "mf")]
    assert {each["reg"] for each in tried} == {2.0}
    assert {each["n_factors"] for each in tried} == {8, 16}
    assert all(1 <= each["reg_bias"] <= 4 for each in tried)
    assert len({each["reg_exponent"] for each in tried}) == 5


def test_each_model_on_each_split_has_a_study_and_its_own_space(spied: dict[str, str], tmp_path: Path) -> None:
    command = ("-m", "search=quick", "model=bias,spy", "split=holdout,k_fold", "search.n_trials=2", "seed=1,2")
    run = recbench(*command, *SMALL, cwd=tmp_path, **spied)
    assert run.returncode == 0, run.stderr
    (summary,) = tmp_path.glob("outputs/*/*/search.json")
    studies = [(each["model"], each["split"]["kind"], list(each["space"])) for each in json.loads(summary.read_text())]
    assert sorted(studies) == [
        (model, split, space)
        for model, space in (("bias", ["reg_user", "reg_item"]), ("spy", ["guess"]))
        for split in ("holdout", "k_fold")
    ]
    records = records_in(tmp_path)
    numbers = Counter(
        (record.job.model, record.job.split, record.job.seed) for record in records if record.job.scored_on == "valid"
    )
    assert set(numbers.values()) == {2}
    assert len(numbers) == 8
    opened = [record for record in records if record.job.scored_on == "test" and record.job.model == "spy"]
    assert Counter(record.job.seed for record in opened) == {1: 2, 2: 2}


def test_a_failed_candidate_is_a_row_and_is_run_again(spied: dict[str, str], tmp_path: Path) -> None:
    command = ("-m", "search=auto", "model=spy", "search.n_trials=6", "search.sampler=grid", "search.grid_points=6")
    failed = recbench(*command, *SMALL, cwd=tmp_path, **spied, SPY_FAILS_ABOVE="3")
    assert failed.returncode == 1
    assert failed.stdout.count("failed: on request") == 3
    opened = [record for record in records_in(tmp_path) if record.job.scored_on == "test" and record.job.kind == "spy"]
    assert len(opened) == 1
    assert opened[0].job.options["guess"] <= 3
    (tmp_path / "log.txt").unlink()
    repaired = recbench(*command, *SMALL, cwd=tmp_path, **spied)
    assert repaired.returncode == 0, repaired.stderr
    refitted = [float(guess) for what, guess, n_rows in _calls(tmp_path) if (what, n_rows) == ("fit", "864")]
    assert sorted(refitted) == [3.4, 4.2, 5.0]


def test_a_search_with_resume_false_starts_again(spied: dict[str, str], tmp_path: Path) -> None:
    command = ("-m", "search=auto", "model=spy", "search.n_trials=2", *SMALL)
    for more in ("resume=true", "resume=false"):
        assert recbench(*command, more, cwd=tmp_path, **spied).returncode == 0
    kept, new = tmp_path.glob("outputs/store/searches/*"), tmp_path.glob("outputs/2*/*/searches/*")
    assert [len(list(kept)), len(list(new))] == [1, 1]
    assert len([call for call in _calls(tmp_path) if call[0] == "fit"]) == 6


def test_a_model_without_a_search_space_is_scored_with_its_own_options(tmp_path: Path) -> None:
    run = recbench("-m", "hydra/sweeper=search", "model=user_mean", *SMALL, cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    assert [record.job.scored_on for record in records_in(tmp_path) if record.job.model == "user_mean"] == [
        "valid",
        "test",
    ]
    assert "nothing to search for user_mean" in run.stdout


def test_an_unreadable_dataset_is_one_failed_row_per_model(tmp_path: Path) -> None:
    run = recbench("-m", "search=auto", "model=mf,bias", "dataset.path=nowhere", "dataset.release=1m", cwd=tmp_path)
    assert run.returncode == 1
    assert "Traceback" not in run.stderr
    assert [record.outcome.status for record in records_in(tmp_path)] == ["failed", "failed"]


@pytest.mark.slow
def test_joblib_finds_what_the_basic_launcher_finds(tmp_path: Path) -> None:
    scores = []
    for launcher in ("basic", "joblib"):
        folder = tmp_path / launcher
        folder.mkdir()
        command = ["-m", "search=auto", "model=bias,mf", "search.n_trials=12", "search.n_jobs=2", *SMALL]
        run = recbench(*command, f"hydra/launcher={launcher}", cwd=folder)
        assert run.returncode == 0, run.stderr
        (table,) = folder.glob("outputs/*/*/table.csv")
        rows = csv.DictReader(table.read_text().splitlines())
        scores.append({(row["model"], row["options"]): (row["rmse"], row["valid_rmse"]) for row in rows})
    assert len(scores[0]) == 12 + 12 + 1
    assert scores[0] == scores[1]


@pytest.mark.parametrize("search", ["auto", "quick"])
def test_every_model_gets_the_same_budget(search: str, tmp_path: Path) -> None:
    run = recbench("-m", f"search={search}", "model=bias,user_knn", "budget.trials=3", *SMALL, cwd=tmp_path)
    counts = Counter(record.job.model for record in records_in(tmp_path) if record.job.scored_on == "valid")
    assert counts == {"bias": 3, "user_knn": 3}, run.stderr


def test_no_candidate_starts_after_the_budgets_seconds(tmp_path: Path) -> None:
    run = recbench("-m", "search=auto", "model=bias", "budget.seconds=0.001", *SMALL, cwd=tmp_path)
    assert sum(record.job.scored_on == "valid" for record in records_in(tmp_path)) == 1, run.stderr
