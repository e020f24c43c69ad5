"""The sweeper behind `search=auto`: `hydra/sweeper=search`.

Hydra takes sweepers from the package `hydra_plugins` alone, so this file stands on the path beside
recbench; what it does is in `recbench.tuning.search`. Hydra imports it at every start: keep it light. It
does so before the module is in `sys.modules`, where a dataclass looks up annotations that are text:
no `from __future__ import annotations` here.
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
class SearchConf:
    """What Hydra needs to make the sweeper; the search's own options stand at `search`."""

    _target_: str = "hydra_plugins.recbench_search.Search"
    params: dict[str, str] = field(default_factory=dict)  # overrides of an experiment, as the basic sweeper has them


class Search(Sweeper):
    """Chooses the options of models by search, on validation parts."""

    hydra_context: HydraContext
    config: DictConfig
    launcher: Launcher

    def __init__(self, params: dict[str, str] | None = None) -> None:
        self.params = params or {}

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Remember what Hydra composed, and make the launcher that it names."""
        from hydra.core.plugins import Plugins

        self.hydra_context, self.config = hydra_context, config
        self.launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    def sweep(self, arguments: Sequence[str]) -> Any:
        """Search for every model, data set and split that the command line names."""
        from recbench.tuning import search

        given = [f"{name}={value}" for name, value in self.params.items()]
        return search.run(self.config, self.hydra_context.config_loader, self.launcher, [*given, *arguments])


ConfigStore.instance().store(group="hydra/sweeper", name="search", node=SearchConf, provider="recbench")
