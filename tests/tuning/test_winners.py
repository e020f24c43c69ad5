"""Winners: which candidate of a sweep is scored on the test set."""

from __future__ import annotations

import pytest

from recbench.results.records import Record, Score
from recbench.tuning.winners import winner_jobs
from tests.support.jobs import CONFIG
from tests.support.made_records import record_of


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
        config=CONFIG | {"model": {"kind": "mf", "reg": reg, "seed": seed}, "seed": seed},
    )


def test_each_fold_has_a_winner_of_its_own() -> None:
    (job,) = winner_jobs([_candidate(1, [0.5, 0.9]), _candidate(2, [0.6, 0.8])])
    assert [node["reg"] for node in job.nodes()] == [1, 2]
    assert job.scored_on == "test"


def test_folds_with_the_same_winner_are_one_job() -> None:
    (job,) = winner_jobs([_candidate(1, [0.5, 0.7]), _candidate(2, [0.6, 0.8])])
    assert job.options_per_fold == ()
    assert job.config.model == {"kind": "mf", "reg": 1, "seed": 0}


def test_seeds_are_averaged_and_never_selected() -> None:
    lucky = [_candidate(1, [0.1], seed=0), _candidate(1, [0.9], seed=1)]
    steady = [_candidate(2, [0.4], seed=0), _candidate(2, [0.4], seed=1)]
    jobs = winner_jobs([*lucky, *steady])
    assert [job.config.model for job in jobs] == [{"kind": "mf", "reg": 2, "seed": seed} for seed in (0, 1)]


def test_the_highest_score_wins_when_greater_is_better() -> None:
    (job,) = winner_jobs([_candidate(1, [0.5], better=True), _candidate(2, [0.6], better=True)])
    assert job.config.model["reg"] == 2


@pytest.mark.parametrize("rounding", [1e-9, -1e-9])
def test_the_first_of_candidates_that_differ_only_by_rounding_wins(rounding: float) -> None:
    (job,) = winner_jobs([_candidate(1, [0.6]), _candidate(2, [0.5]), _candidate(3, [0.5 + rounding])])
    assert job.config.model["reg"] == 2
