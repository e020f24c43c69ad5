"""The Hydra callback around a multirun: the plan at its start, one table at its end."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from hydra.experimental.callback import Callback
from omegaconf import DictConfig

from recbench.usage import UsageError

Result = TypeVar("Result")


class SweepTable(Callback):
    """Plans a sweep before its first job, and prints its table after the last."""

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Decide which set the jobs are scored on, and write it down."""
        from recbench.tuning.sweep_plan import plan_sweep

        _or_exit(lambda: plan_sweep(config))

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        """Finish the sweep, print its table and exit: with status 1 if a job failed."""
        from recbench.tuning.finish import finish_sweep

        # the store is below the folder where the command was typed, which a worker's need not be
        store = Path(str(config.hydra.runtime.cwd)) / str(config.store)

        def finish() -> int:
            finished = finish_sweep(Path(config.hydra.sweep.dir), store)
            print(finished.text())  # noqa: T201 the sweep's result
            return 1 if finished.failed else 0

        sys.exit(_or_exit(finish))


def _or_exit(step: Callable[[], Result]) -> Result:
    """Return what the step returns; if it fails, print why and exit: Hydra would only warn and exit with status 0."""
    try:
        return step()
    except Exception as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201 the only message of a failed sweep
        sys.exit(2 if isinstance(error, UsageError) else 1)
