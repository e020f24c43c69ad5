"""The Hydra callback around a multirun: the plan at its start, one table at its end."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hydra.experimental.callback import Callback
from omegaconf import DictConfig

from recbench.usage import UsageError


class SweepTable(Callback):
    """Hands the sweep to the command line, which plans it, and prints and writes its table."""

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Say which part of the ratings the jobs are scored on."""
        from recbench.cli import main as cli

        _or_leave(lambda: cli.plan_sweep(config))

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        """Finish the sweep and leave with its exit status."""
        from recbench.cli import main as cli

        sys.exit(_or_leave(lambda: cli.finish_sweep(Path(config.hydra.sweep.dir), cli.store_of(config))))


def _or_leave(step: Any) -> Any:
    """Take the step; if it fails, say why and leave: Hydra would only warn and end with status 0."""
    try:
        return step()
    except Exception as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201 the last word of a failed run
        sys.exit(2 if isinstance(error, UsageError) else 1)
