"""The plan of a sweep: whether its jobs are scored on the validation set or on the test set.

It is written into the sweep's folder before the first job, where the jobs read it, whatever process they run in.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from recbench.config.launcher import check_threads
from recbench.config.overrides import Override
from recbench.results.records import ScoredOn
from recbench.results.store import open_store
from recbench.runtime.atomic import write_text
from recbench.usage import UsageError

if TYPE_CHECKING:
    from omegaconf import DictConfig

PLAN = "sweep.json"
SEARCH_SWEEPER = "hydra_plugins.recbench_sweepers.Search"


def plan_sweep(composed: DictConfig) -> None:
    """Check the options that concern the whole sweep, and write its plan.

    Raises:
        UsageError: more than one search is named, the launcher's jobs have more threads than there are cores,
            or the store is unknown.
    """
    params = composed.hydra.sweeper.get("params") or {}
    overrides = [*composed.hydra.overrides.task, *(f"{name}={value}" for name, value in params.items())]
    named = [each for each in map(Override.parse, overrides) if each.name == "search"]
    if several := next((each for each in named if "," in each.value), None):
        raise UsageError(f"{several.text}: a run has one search; choose one of these")
    check_threads(composed.threads, composed.hydra.launcher)
    open_store(str(composed.store))
    searching = composed.hydra.sweeper._target_ == SEARCH_SWEEPER
    write_sweep_plan(Path(composed.hydra.sweep.dir), overrides, sealed=composed.sealed, searching=searching)


def write_sweep_plan(folder: Path, overrides: Sequence[str], *, sealed: bool, searching: bool = False) -> None:
    """Write down which set of ratings the jobs of a sweep are scored on.

    A search and a sealed sweep over a model's options compare candidates, so these are scored on the validation set.
    """
    tuning = searching or (sealed and any(_varies_an_option(each) for each in overrides))
    scored_on: ScoredOn = "valid" if tuning else "test"
    write_text(folder / PLAN, json.dumps({"scored_on": scored_on}) + "\n")


def read_scored_part(folder: Path) -> ScoredOn:
    """Return which set the jobs of the sweep in this folder are scored on."""
    scored_on: ScoredOn = json.loads((folder / PLAN).read_text(encoding="utf-8"))["scored_on"]
    return scored_on


def _varies_an_option(override: str) -> bool:
    """Return whether a command-line override gives an option of the model several values."""
    from hydra.core.override_parser.overrides_parser import OverridesParser

    (parsed,) = OverridesParser.create().parse_overrides([override])
    return parsed.is_sweep_override() and parsed.key_or_group.startswith("model.")
