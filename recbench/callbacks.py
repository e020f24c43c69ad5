"""The Hydra callback that ends a multirun in one table."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hydra.experimental.callback import Callback
from omegaconf import DictConfig


class SweepTable(Callback):
    """Hands the finished sweep's folder to the command line, which prints and writes the table."""

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        """Finish the sweep and leave with its exit status."""
        from recbench import cli

        try:
            status = cli.finish_sweep(Path(config.hydra.sweep.dir))
        except Exception as error:  # Hydra would turn it into a warning and end with status 0
            print(f"error: {error}", file=sys.stderr)  # noqa: T201 the last word of a failed run
            status = 1
        sys.exit(status)
