"""The Hydra callback around a multirun: the plan at its start, one table at its end."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hydra.experimental.callback import Callback
from omegaconf import DictConfig

from recbench.cli.exit import exit_on_error


class SweepTable(Callback):
    """Plans a sweep before its first job, and prints its table after the last."""

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Decide which set the jobs are scored on, and write the decision to the sweep's folder."""
        from recbench.tuning.sweep_plan import plan_sweep

        with exit_on_error():
            plan_sweep(config)

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        """Finish the sweep, print its table and exit: with status 1 if a job failed."""
        from recbench.results.store import absolute_store
        from recbench.tuning.finish import finish_sweep

        # the store is below the folder where the command was typed, which may not be a worker's working directory
        store = absolute_store(str(config.store), Path(str(config.hydra.runtime.cwd)))
        with exit_on_error():
            finished = finish_sweep(Path(config.hydra.sweep.dir), store)
            print(finished.text())  # noqa: T201 the sweep's result
            sys.exit(1 if finished.failed else 0)
