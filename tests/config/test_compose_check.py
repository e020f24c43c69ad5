"""The check before a sweep: invalid jobs are found without composing every job."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, cast

import hydra
import pytest
from hydra.core.config_loader import ConfigLoader
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf

from recbench.config import schema as configuration
from recbench.config.compose_check import check_jobs
from recbench.config.variants import conf_dir
from recbench.registry.registry import installed

Composed = list[tuple[str, ...]]


@dataclass
class Counting:
    """Hydra's own loader, recording what it composes."""

    loader: ConfigLoader
    composed: Composed = field(default_factory=list)

    def load_sweep_config(self, config: DictConfig, overrides: list[str]) -> DictConfig:
        self.composed.append(tuple(overrides))
        return self.loader.load_sweep_config(config, overrides)


@pytest.fixture
def loader() -> Iterator[tuple[DictConfig, Counting]]:
    """Return the configuration that a sweep starts from, and the loader that composes its jobs."""
    configuration.store_schemas(installed())
    with hydra.initialize_config_dir(str(conf_dir()), version_base="1.3"):
        config = hydra.compose("config", return_hydra_config=True)
        OmegaConf.set_readonly(config.hydra, None)
        yield config, Counting(GlobalHydra.instance().config_loader())


def _composed(loader: tuple[DictConfig, Counting], *batch: tuple[str, ...]) -> Composed:
    config, counting = loader
    check_jobs(batch, config, cast(Any, counting))
    return counting.composed


def test_jobs_that_differ_only_in_values_are_composed_once(loader: tuple[DictConfig, Counting]) -> None:
    batch = [("model=mf", f"model.n_factors={n}", f"seed={seed}") for n in (4, 8) for seed in (0, 1)]
    assert _composed(loader, *batch) == [batch[0]]


def test_each_combination_of_choices_is_composed(loader: tuple[DictConfig, Counting]) -> None:
    batch = [("model=mf",), ("model=bias",), ("model=mf", "split=k_fold"), ("model=bias", "threads=1")]
    assert _composed(loader, *batch) == batch


@pytest.mark.parametrize("wrong", ["model.n_factors=x", "model.n_factor=3", "seed=y", "model.solver=[als]", "split=xx"])
def test_an_invalid_value_raises_the_error_of_composing(loader: tuple[DictConfig, Counting], wrong: str) -> None:
    config, counting = loader
    with pytest.raises(HydraException) as composing:
        counting.loader.load_sweep_config(config, ["model=mf", wrong])
    with pytest.raises(type(composing.value)) as checking:
        check_jobs([("model=mf",), ("model=mf", wrong)], config, cast(Any, counting))
    assert str(checking.value) == str(composing.value)
