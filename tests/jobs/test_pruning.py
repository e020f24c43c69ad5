"""Pruning: candidates that fall behind are stopped; they cannot win, do not count as failed and are not run again."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
import pytest

from recbench.array_types import FloatArray, IntArray
from recbench.contracts import RatingDataset, RatingModel
from recbench.jobs.pruning import N_SPARED
from recbench.progress import PrunedError, checkpoint, checkpoint_listener, has_checkpoint_listener
from recbench.results.records import Record
from recbench.tuning.winners import winner_jobs
from tests.support.command import SMALL, recbench, records_in, write_plugin
from tests.support.jobs import CONFIG
from tests.support.made_records import record_of

CLIMBER = """
import os
from dataclasses import dataclass, field
import numpy as np
from recbench import RatingModel, between, hookimpl, searched
from recbench.progress import checkpoint

@dataclass
class Climber(RatingModel):
    guess: float = searched(3.0, between(1, 5))  # where it ends, after ten steps from 0
    seed: int = 0  # not used

    def fit(self, train, valid=None):
        for step in range(1, 11):
            self.now_ = self.guess * step / 10
            with open(os.environ["CLIMBER_LOG"], "a") as log:
                log.write(f"{self.guess} {step}\\n")
            checkpoint(self, step, lambda users, items: np.full(len(users), self.now_))
        return self

    def predict(self, user_idx, item_idx):
        return np.full(len(user_idx), self.now_)

@hookimpl
def register_models():
    return {"climber": Climber}
"""
SEARCH = ("-m", "search=auto", "model=climber", *SMALL, "search.sampler=random")


Finished = tuple[Path, dict[str, str], str]  # the search's folder, environment and output


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """Run a search with twelve candidates of `model=climber`, which logs its steps."""
    folder = tmp_path_factory.mktemp("pruned")
    write_plugin(folder / "site", "acme-climber", CLIMBER)
    environment = {"PYTHONPATH": str(folder / "site"), "CLIMBER_LOG": str(folder / "log.txt")}
    ran = recbench(*SEARCH, "budget.trials=12", cwd=folder, **environment)
    assert ran.returncode == 0, ran.stderr
    return folder, environment, ran.stdout


def _candidates(folder: Path) -> dict[float, Record]:
    return {each.job.options["guess"]: each for each in records_in(folder) if each.job.scored_on == "valid"}


def _steps(environment: dict[str, str]) -> list[str]:
    return Path(environment["CLIMBER_LOG"]).read_text().splitlines()


def test_a_search_stops_candidates_that_fall_behind(finished: Finished) -> None:
    folder, environment, printed = finished
    causes = [each.outcome.cause for each in _candidates(folder).values() if each.outcome.status == "pruned"]
    assert causes
    assert all("worse than the median of earlier candidates at this step" in cause for cause in causes)
    assert all(int(cause.split()[2].rstrip(",")) > N_SPARED for cause in causes)
    assert f"{len(causes)} of them stopped early" in printed
    assert len(_steps(environment)) < 10 * 13  # twelve candidates, and the winner's second fit


def test_the_winner_of_a_search_ran_to_completion(finished: Finished) -> None:
    folder, *_ = finished
    (winner,) = (each for each in records_in(folder) if each.job.scored_on == "test" and each.job.model == "climber")
    completed = [
        (each.outcome.scores["rmse"].mean, guess)
        for guess, each in _candidates(folder).items()
        if each.outcome.status == "ok"
    ]
    assert winner.job.options["guess"] == min(completed)[1]


def test_a_pruned_candidate_is_run_again_by_a_sweep_but_not_by_its_search(finished: Finished) -> None:
    folder, environment, _ = finished
    before = _steps(environment)
    pruned = next(guess for guess, each in _candidates(folder).items() if each.outcome.status == "pruned")
    recbench(*SEARCH, "budget.trials=12", cwd=folder, **environment)
    assert _steps(environment) == before
    recbench("-m", "model=climber", *SMALL, f"model.guess={pruned},2.5", cwd=folder, **environment)
    assert f"{pruned} 10" in _steps(environment)


def test_a_pruned_result_does_not_replace_a_finished_one(finished: Finished, tmp_path: Path) -> None:
    environment = finished[1] | {"CLIMBER_LOG": str(tmp_path / "log.txt")}
    pruned = next(guess for guess, each in _candidates(finished[0]).items() if each.outcome.status == "pruned")
    recbench("-m", "model=climber", *SMALL, f"model.guess={pruned},2.5", cwd=tmp_path, **environment)
    ran = recbench(*SEARCH, "budget.trials=12", "resume=false", cwd=tmp_path, **environment)
    assert "stopped early" in ran.stdout
    listed = recbench("results", f"model.guess={pruned}", "scored_on=valid", cwd=tmp_path, **environment).stdout
    assert listed.splitlines()[-1].startswith("1 of ")
    assert "rmse" in listed


def test_the_store_lists_pruned_results_but_does_not_reproduce_them(finished: Finished) -> None:
    folder, environment, _ = finished
    listed = recbench("results", "status=pruned", cwd=folder, **environment).stdout.splitlines()
    assert all(line.endswith("pruned") for line in listed[1:-1])
    assert len(listed) > 2
    ran = recbench("reproduce", listed[1].split()[0], cwd=folder, **environment)
    assert (ran.returncode, "pruned, after step" in ran.stderr) == (2, True)


def test_without_pruning_every_candidate_runs_to_completion(finished: Finished, tmp_path: Path) -> None:
    environment = finished[1] | {"CLIMBER_LOG": str(tmp_path / "log.txt")}
    recbench(*SEARCH, "budget.trials=8", "search.pruning=false", cwd=tmp_path, **environment)
    assert [record.outcome.status for record in _candidates(tmp_path).values()] == ["ok"] * 8


def test_a_fold_is_compared_with_the_same_fold_of_other_candidates(finished: Finished, tmp_path: Path) -> None:
    environment = finished[1] | {"CLIMBER_LOG": str(tmp_path / "log.txt")}
    recbench(*SEARCH, "split=k_fold", "split.n_folds=2", "budget.trials=12", cwd=tmp_path, **environment)
    records = _candidates(tmp_path).values()
    assert {record.outcome.status for record in records} == {"ok", "pruned"}
    assert {record.outcome.n_folds for record in records if record.outcome.status == "ok"} == {2}


@pytest.mark.slow
def test_candidates_of_other_processes_are_compared(finished: Finished, tmp_path: Path) -> None:
    environment = finished[1] | {"CLIMBER_LOG": str(tmp_path / "log.txt")}
    workers = ("hydra/launcher=joblib", "hydra.launcher.n_jobs=2", "search.n_jobs=2")
    ran = recbench(*SEARCH, *workers, "budget.trials=14", cwd=tmp_path, **environment)
    assert ran.returncode == 0, ran.stderr
    assert {record.outcome.status for record in _candidates(tmp_path).values()} == {"ok", "pruned"}


def _valid(guess: float, seed: int, rmse: float, status: Any = "ok") -> Record:
    score = {"rmse": {"folds": [rmse], "greater_is_better": False}}
    return Record.from_json(
        record_of(
            status=status,
            model="climber",
            kind="climber",
            config=CONFIG | {"model": {"kind": "climber", "guess": guess, "seed": seed}},
            seed=seed,
            scored_on="valid",
            data={"digest": "d"},
            n_folds=1,
        )
        .to_json()
        .replace('"scores": {}', f'"scores": {str(score).replace(chr(39), chr(34)).replace("False", "false")}')
    )


def test_a_candidate_pruned_with_one_seed_does_not_win() -> None:
    records = [_valid(2.0, 0, 0.9), _valid(2.0, 1, 0.9), _valid(3.0, 0, 0.1), _valid(3.0, 1, 0.1, "pruned")]
    assert {job.config.model["guess"] for job in winner_jobs(records)} == {2.0}


@dataclass
class Nested(RatingModel):
    """Fits a model of the same class inside it, and records which of the two has a checkpoint listener."""

    depth: int = 1
    listened_to_: tuple[bool, ...] = field(init=False)

    def fit(self, train: RatingDataset, valid: RatingDataset | None = None) -> Self:
        inside = [Nested(depth).fit(train).listened_to_ for depth in range(self.depth)]
        self.listened_to_ = has_checkpoint_listener(self), *(each for listened in inside for each in listened)
        checkpoint(self, self.depth, self.predict)
        return self

    def predict(self, user_idx: IntArray, item_idx: IntArray) -> FloatArray:
        return np.zeros(len(user_idx))


def test_a_checkpoint_listener_is_called_for_its_model_only() -> None:
    index = np.arange(3)
    steps: list[int] = []
    train = RatingDataset("toy", index, index, np.ones(3), index, index, (0, 5))
    model = Nested()
    with checkpoint_listener(model, lambda step, _: steps.append(step)):
        model.fit(train)
    assert (steps, model.listened_to_) == ([1], (True, False))
    assert model.fit(train).listened_to_ == (False, False)


def test_a_checkpoint_listener_can_end_the_fit() -> None:
    model = Nested()

    def stop(step: int, predict: Any) -> None:
        raise PrunedError("enough")

    with checkpoint_listener(model, stop), pytest.raises(PrunedError, match="enough"):
        checkpoint(model, 1, model.predict)
