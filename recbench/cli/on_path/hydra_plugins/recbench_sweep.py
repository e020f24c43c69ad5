"""The sweeper of a plain multirun: Hydra's own, but that it composes a job once rather than twice.

It stands beside recbench because Hydra takes sweepers from the package `hydra_plugins` alone; how jobs
are checked is in `recbench.config.compose_check`. Hydra imports it at every start: keep it light.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper, BasicSweeperConf
from hydra.core.config_store import ConfigStore


@dataclass
class SweepConf(BasicSweeperConf):
    """Hydra's options of a sweep."""

    _target_: str = "hydra_plugins.recbench_sweep.Sweep"


class Sweep(BasicSweeper):
    """All combinations of what the command line gives several values."""

    def validate_batch_is_legal(self, batch: Sequence[Sequence[str]]) -> None:
        """Find out what is wrong with a job before the first is launched."""
        from recbench.config.compose_check import check_jobs

        assert self.config is not None  # noqa: S101  the sweeper has been set up
        assert self.hydra_context is not None  # noqa: S101
        check_jobs(batch, self.config, self.hydra_context.config_loader)


ConfigStore.instance().store(group="hydra/sweeper", name="sweep", node=SweepConf, provider="recbench")
