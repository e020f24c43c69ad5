"""A plain multirun: every combination of the values that the command line lists, launched in batches."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

from recbench.config.compose_check import check_jobs
from recbench.usage import UsageError

if TYPE_CHECKING:
    from hydra.core.config_loader import ConfigLoader
    from hydra.core.override_parser.types import Override
    from hydra.core.utils import JobReturn
    from hydra.plugins.launcher import Launcher
    from omegaconf import DictConfig


def run(
    config: DictConfig,
    loader: ConfigLoader,
    launcher: Launcher,
    overrides: Sequence[str],
    max_batch_size: int | None = None,
) -> list[Sequence[JobReturn]]:
    """Launch all jobs, `max_batch_size` at a time (None: all at once), and return each batch's results.

    A batch is checked before it is launched; the jobs are numbered through all batches.

    Raises:
        UsageError: an override has an interval instead of values, or `max_batch_size` is below 1.
        Exception: Hydra's and OmegaConf's errors for a job that can't be composed, and whatever a job raised.
    """
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from omegaconf import OmegaConf

    if max_batch_size is not None and max_batch_size < 1:
        raise UsageError(f"hydra.sweeper.max_batch_size={max_batch_size}; it must be at least 1, or null")
    jobs = jobs_of(OverridesParser.create(config_loader=loader).parse_overrides(list(overrides)))
    folder = Path(str(config.hydra.sweep.dir))
    folder.mkdir(parents=True, exist_ok=True)
    OmegaConf.save(config, folder / "multirun.yaml")
    batch_size = max_batch_size or len(jobs)
    returned = []
    for start in range(0, len(jobs), batch_size):
        batch = jobs[start : start + batch_size]
        check_jobs(batch, config, loader)
        returned.append(launcher.launch(batch, initial_job_idx=start))
        for result in returned[-1]:
            _ = result.return_value  # raises what the job raised
    return returned


def jobs_of(overrides: Sequence[Override]) -> list[list[str]]:
    """Return the overrides of each job, the last key varying fastest; of two for the same key, the later counts.

    Raises:
        UsageError: an override has an interval instead of values.
    """
    values: dict[str, list[str]] = {}
    for override in overrides:
        key = override.get_key_element()
        if not override.is_sweep_override():
            values[key] = [f"{key}={override.get_value_element_as_str()}"]
        elif override.is_discrete_sweep():
            values[key] = [f"{key}={value}" for value in override.sweep_string_iterator()]
        else:
            raise UsageError(
                f"{override.input_line}: only a search varies an option over an interval; "
                "add search=auto, or list the values"
            )
    return [list(job) for job in product(*values.values())]
