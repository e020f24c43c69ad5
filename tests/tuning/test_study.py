"""Studies: which candidates are tried, in which order, and how an interrupted study resumes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from recbench.config.search_options import SearchOptions
from recbench.jobs.journal import open_journal
from recbench.registry.search_space import Space, between, one_of
from recbench.samplers import samplers
from recbench.tuning.candidates import Candidate
from recbench.tuning.study import Study

SPACE: Mapping[str, Space] = {"x": between(0.1, 10.0, log=True), "n": between(1, 9), "how": one_of("als", "sgd")}
START = {"x": 1.0, "n": 5, "how": "als"}


def _loss(candidate: Candidate) -> float:
    """Least at x = 3, n = 7, sgd."""
    off = abs(math.log(float(candidate["x"]) / 3)) + abs(int(candidate["n"]) - 7) / 8
    return off + (candidate["how"] == "als")


def _study(folder: Path | None = None, **options: Any) -> Study:
    return Study("s", SPACE, START, SearchOptions(**options), folder / "journal.log" if folder else None)


def _tried(study: Study) -> list[Candidate]:
    """Return the candidates that one run of the study evaluates, in order."""
    tried: list[Candidate] = []

    def evaluate(candidates: Sequence[Candidate], _: Sequence[int]) -> list[float]:
        tried.extend(candidates)
        return [_loss(each) for each in candidates]

    study.run(evaluate)
    return tried


@pytest.mark.parametrize("sampler", samplers())
def test_every_sampler_tries_n_trials_different_candidates(sampler: str) -> None:
    tried = _tried(_study(sampler=sampler, n_trials=20))
    assert len({tuple(each.values()) for each in tried}) == len(tried) == 20
    assert all(0.1 <= float(each["x"]) <= 10 and 1 <= int(each["n"]) <= 9 for each in tried)


@pytest.mark.parametrize("sampler", samplers())
def test_the_same_seed_gives_the_same_candidates_and_another_seed_others(sampler: str) -> None:
    runs = [_tried(_study(sampler=sampler, n_trials=14, seed=seed)) for seed in (1, 1, 2)]
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]


@pytest.mark.parametrize("sampler", ["tpe", "random"])
def test_the_first_candidate_has_the_models_own_options(sampler: str) -> None:
    assert _tried(_study(sampler=sampler, n_trials=2))[0] == {"x": "1.0", "n": "5", "how": "als"}


def test_tpe_learns_from_the_scores() -> None:
    losses = [sorted(map(_loss, _tried(_study(sampler=each, n_trials=60)))) for each in ("tpe", "random")]
    assert losses[0][10] < losses[1][10] / 2


def test_tpe_maximizes_when_greater_is_better() -> None:
    study = _study(n_trials=60)
    study.greater_is_better = True
    tried: list[Candidate] = []

    def evaluate(candidates: Sequence[Candidate], _: Sequence[int]) -> list[float]:
        tried.extend(candidates)
        return [-_loss(each) for each in candidates]

    study.run(evaluate)
    assert sum(each["how"] == "sgd" for each in tried[20:]) > 30


def test_a_grid_tries_every_combination_once() -> None:
    tried = _tried(_study(sampler="grid", n_trials=100, grid_points=3))
    expected = {(x, n, how) for x in ("0.1", "1.0", "10.0") for n in "159" for how in ("als", "sgd")}
    assert len(tried) == 18
    assert {tuple(each.values()) for each in tried} == expected


def test_an_exhausted_space_ends_the_search() -> None:
    study = _study(n_trials=50)
    study.space = {"n": between(1, 9), "how": one_of("als", "sgd")}
    study.start = {"n": 5, "how": "als"}
    searched: list[Candidate] = []

    def evaluate(candidates: Sequence[Candidate], _: Sequence[int]) -> list[float]:
        searched.extend(candidates)
        return [float(each["n"]) for each in candidates]

    study.run(evaluate)
    assert len({tuple(each.values()) for each in searched}) == len(searched) == 18


def test_a_model_without_a_space_is_tried_once_with_its_own_options() -> None:
    calls: list[Sequence[Candidate]] = []

    def evaluate(candidates: Sequence[Candidate], _: Sequence[int]) -> list[float]:
        calls.append(candidates)
        return [1.0]

    Study("s", {}, {}, SearchOptions(n_trials=5)).run(evaluate)
    assert calls == [[{}]]


def test_a_failed_candidate_does_not_end_the_search() -> None:
    outcomes = iter([None, math.nan, math.inf, 1.0, 2.0])
    evaluated: list[Candidate] = []

    def evaluate(candidates: Sequence[Candidate], _: Sequence[int]) -> list[float | None]:
        evaluated.extend(candidates)
        return [next(outcomes) for _ in candidates]

    _study(n_trials=5).run(evaluate)
    assert len(evaluated) == 5


def test_candidates_are_launched_n_jobs_at_a_time() -> None:
    sizes: list[int] = []

    def evaluate(candidates: Sequence[Candidate], _: Sequence[int]) -> list[float]:
        sizes.append(len(candidates))
        return [_loss(each) for each in candidates]

    _study(n_trials=7, n_jobs=3).run(evaluate)
    assert sizes == [3, 3, 1]


def test_no_candidate_is_launched_after_the_timeout(tmp_path: Path) -> None:
    assert len(_tried(_study(tmp_path, n_trials=5, timeout=0.0))) == 0
    assert len(_tried(_study(tmp_path, n_trials=5, timeout=1e-9))) == 1
    assert len(_tried(_study(tmp_path, n_trials=5, timeout=1e-9))) == 1, "the seconds of earlier runs count"


@pytest.mark.parametrize("sampler", samplers())
@pytest.mark.parametrize("n_jobs", [1, 3])
def test_an_interrupted_search_resumes_with_the_same_candidates(sampler: str, n_jobs: int, tmp_path: Path) -> None:
    options = {"sampler": sampler, "n_trials": 13, "n_jobs": n_jobs}
    whole = _tried(_study(tmp_path / "whole", **options))
    calls = count()

    def interrupt(candidates: Sequence[Candidate], _: Sequence[int]) -> list[float]:
        if next(calls) == 4:
            raise KeyboardInterrupt
        return [_loss(each) for each in candidates]

    with pytest.raises(KeyboardInterrupt):
        _study(tmp_path / "cut", **options).run(interrupt)
    assert _tried(_study(tmp_path / "cut", **options)) == whole


def test_more_trials_continue_a_finished_search_and_fewer_repeat_its_first(tmp_path: Path) -> None:
    first = _tried(_study(tmp_path, n_trials=6))
    assert _tried(_study(tmp_path, n_trials=9))[:6] == first
    assert _tried(_study(tmp_path, n_trials=3)) == first[:3]


def test_a_repeated_candidate_that_no_longer_fails_is_learned_from(tmp_path: Path) -> None:
    _study(tmp_path, n_trials=3).run(lambda candidates, _: [None] * len(candidates))
    assert len(_tried(_study(tmp_path, n_trials=3))) == 3
    (stored,) = open_journal(tmp_path / "journal.log").get_all_studies()
    trials = open_journal(tmp_path / "journal.log").get_all_trials(stored._study_id)
    assert [trial.state.name for trial in trials] == ["FAIL"] * 3 + ["COMPLETE"] * 3


@pytest.mark.parametrize("damage", [b'{"op_code":4,"tri', b"\x00\x00\n", b"{}{}\n{}\n"])
def test_a_damaged_end_of_the_journal_is_interrupt(damage: bytes, tmp_path: Path) -> None:
    first = _tried(_study(tmp_path, n_trials=4))
    with (tmp_path / "journal.log").open("ab") as file:
        file.write(damage)
    assert _tried(_study(tmp_path, n_trials=6))[:4] == first


def test_fractions_have_three_digits() -> None:
    tried = _tried(_study(sampler="random", n_trials=10))
    assert all(float(f"{float(each['x']):.3g}") == float(each["x"]) for each in tried)


def test_a_default_outside_the_space_is_replaced_by_a_draw() -> None:
    study = _study(n_trials=1)
    study.start = {"x": 99.0, "n": 5, "how": "other"}
    (tried,) = _tried(study)
    assert tried["n"] == "5"
    assert 0.1 <= float(tried["x"]) <= 10
