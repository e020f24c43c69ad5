"""The sweepers of a multirun: `hydra/sweeper=sweep` for the values listed, `hydra/sweeper=search` for a search.

This folder exists because Hydra finds sweepers only in the package `hydra_plugins`, which must be on the path beside
recbench; pyproject.toml maps it there. recbench needs its own sweepers to search, and because Hydra's basic one
composes every job twice. Their implementation is in `recbench.tuning.multirun` and `recbench.tuning.search`.

Hydra imports this module at every start, so it must stay light. It does so before the module is in `sys.modules`,
where a dataclass looks up annotations that are text: no `from __future__ import annotations` here.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from hydra.core.config_store import ConfigStore
from hydra.plugins.launcher import Launcher
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig


@dataclass
class SweepConf:
    """The options of a sweep at `hydra.sweeper`, those of Hydra's basic sweeper."""

    _target_: str = "hydra_plugins.recbench_sweepers.Sweep"
    max_batch_size: int | None = None  # jobs launched at a time; null: all
    params: dict[str, str] | None = None  # overrides that an experiment's file adds to the command line's


@dataclass
class SearchConf:
    """The options of a search at `hydra.sweeper`; its sampler and budget are at `search`."""

    _target_: str = "hydra_plugins.recbench_sweepers.Search"
    params: dict[str, str] = field(default_factory=dict)  # overrides that an experiment's file adds


class LaunchingSweeper(Sweeper):
    """The base of both sweepers: the composed configuration, and the launcher that it names."""

    hydra_context: HydraContext
    config: DictConfig
    launcher: Launcher

    def __init__(self, params: dict[str, str] | None = None) -> None:
        self.params = params or {}

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Store the composed configuration, and make the launcher."""
        from hydra.core.plugins import Plugins

        self.hydra_context, self.config = hydra_context, config
        self.launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    def overrides(self, arguments: Sequence[str]) -> list[str]:
        """Return the experiment's overrides and then the command line's, which win."""
        return [*(f"{name}={value}" for name, value in self.params.items()), *arguments]


class Sweep(LaunchingSweeper):
    """Runs every combination of the values that the command line lists."""

    def __init__(self, max_batch_size: int | None = None, params: dict[str, str] | None = None) -> None:
        super().__init__(params)
        self.max_batch_size = max_batch_size

    def sweep(self, arguments: Sequence[str]) -> Any:
        """Launch the jobs."""
        from recbench.tuning import multirun

        loader = self.hydra_context.config_loader
        return multirun.run(self.config, loader, self.launcher, self.overrides(arguments), self.max_batch_size)


class Search(LaunchingSweeper):
    """Chooses the options of models by search, on validation sets."""

    def sweep(self, arguments: Sequence[str]) -> Any:
        """Search for every model, dataset and split that the command line names."""
        from recbench.tuning import search

        loader = self.hydra_context.config_loader
        return search.run(self.config, loader, self.launcher, self.overrides(arguments))


_store = ConfigStore.instance()
_store.store(group="hydra/sweeper", name="sweep", node=SweepConf, provider="recbench")
_store.store(group="hydra/sweeper", name="search", node=SearchConf, provider="recbench")
