"""Samplers: what each proposes, and how a new one is found."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from itertools import product
from pathlib import Path

import pytest

from recbench.config.search_options import SearchOptions
from recbench.registry.options import meanings
from recbench.registry.search_space import Space, between, one_of
from recbench.samplers import __path__ as folders
from recbench.samplers import samplers

SPACE: Mapping[str, Space] = {"x": between(0.0, 4.0), "how": one_of("als", "sgd")}

HALTON = """
from recbench.samplers.contract import Sampler

class Halton(Sampler):
    name = "halton"
    meaning = "a low-discrepancy sequence"

SAMPLER = Halton()
"""


def test_there_are_three_samplers() -> None:
    assert sorted(samplers()) == ["grid", "random", "tpe"]


@pytest.mark.parametrize("name", samplers())
def test_a_sampler_either_draws_or_lists(name: str) -> None:
    sampler = samplers()[name]
    draws = sampler.draw(0, 0) is not None
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
    drawn_by = [type(samplers()["tpe"].draw(attempt, 0)).__name__ for attempt in range(4)]
    assert drawn_by == ["TPESampler"] * 3 + ["RandomSampler"]


def test_a_new_sampler_is_one_new_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "halton.py").write_text(HALTON)
    samplers.cache_clear()
    with monkeypatch.context() as patch:
        patch.setattr("recbench.samplers.__path__", [*folders, str(tmp_path)])
        assert samplers()["halton"].meaning == "a low-discrepancy sequence"
    samplers.cache_clear()
    del sys.modules["recbench.samplers.halton"]
