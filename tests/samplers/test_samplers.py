"""Samplers: what each proposes, and how a new one is found."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path

import pytest

from recbench.config.search_options import SearchOptions
from recbench.registry.options import meanings
from recbench.registry.search_space import Space, between, one_of
from recbench.samplers import __path__ as folders
from recbench.samplers import samplers
from recbench.samplers.contract import Sampler
from recbench.tuning.candidates import Candidate
from recbench.tuning.study import Study

SPACE: Mapping[str, Space] = {"x": between(0.0, 4.0), "how": one_of("als", "sgd")}

HALTON = """
import warnings

from recbench.samplers.contract import Sampler

class Halton(Sampler):
    name = "halton"
    meaning = "points of one low-discrepancy sequence"

    def draw(self, attempt, draw_seed, search_seed):
        from optuna.samplers import QMCSampler

        with warnings.catch_warnings(action="ignore"):  # it is experimental
            return QMCSampler(qmc_type="halton", scramble=True, seed=search_seed)

SAMPLER = Halton()
"""


@pytest.fixture
def halton(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sampler]:
    """Add a module to the folder of the samplers."""
    (tmp_path / "halton.py").write_text(HALTON)
    with monkeypatch.context() as patch:
        patch.setattr("recbench.samplers.__path__", [*folders, str(tmp_path)])
        samplers.cache_clear()
        yield samplers()["halton"]
    samplers.cache_clear()
    del sys.modules["recbench.samplers.halton"]


def test_grid_random_and_tpe_are_samplers() -> None:
    assert {"grid", "random", "tpe"} <= set(samplers())


@pytest.mark.parametrize("name", samplers())
def test_a_sampler_either_draws_or_lists(name: str) -> None:
    sampler = samplers()[name]
    draws = sampler.draw(0, 0, 0) is not None
    lists = sampler.listed(SPACE, 3, 0) is not None
    assert draws != lists


def test_the_meaning_of_the_option_names_every_sampler() -> None:
    meaning = meanings(SearchOptions)["sampler"]
    assert all(f"{name}: {each.meaning}" in meaning for name, each in samplers().items())


def test_a_grid_combines_evenly_spread_values() -> None:
    listed = samplers()["grid"].listed(SPACE, 3, seed=0)
    assert listed is not None
    assert sorted((each["x"], each["how"]) for each in listed) == list(product((0.0, 2.0, 4.0), ("als", "sgd")))


def test_another_seed_lists_the_grid_in_another_order() -> None:
    orders = [samplers()["grid"].listed(SPACE, 4, seed) for seed in (0, 0, 1)]
    assert orders[0] == orders[1]
    assert orders[0] != orders[2]


def test_tpe_draws_at_random_after_three_repetitions() -> None:
    drawn_by = [type(samplers()["tpe"].draw(attempt, 0, 0)).__name__ for attempt in range(4)]
    assert drawn_by == ["TPESampler"] * 3 + ["RandomSampler"]


def test_a_new_sampler_is_one_new_file(halton: Sampler) -> None:
    assert halton.meaning == "points of one low-discrepancy sequence"


def test_the_candidates_of_a_search_can_be_points_of_one_sequence(halton: Sampler) -> None:
    tried: list[float] = []

    def evaluate(candidates: Sequence[Candidate], _: Sequence[int]) -> list[float]:
        tried.extend(float(each["x"]) for each in candidates)
        return [0.0 for _ in candidates]

    space = {"x": between(0.0, 4.0), "y": between(0.0, 1.0)}
    Study("s", space, {"x": 1.0, "y": 0.5}, SearchOptions(sampler=halton.name, n_trials=9)).run(evaluate)
    assert sorted(int(2 * x) for x in tried[1:]) == list(range(8)), "one in each eighth, after the model's own options"
