"""Sweeps: which part each job may be scored on."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from recbench.results.records import ScoredOn, write_text

PLAN = "sweep.json"


def write_sweep_plan(folder: Path, overrides: Sequence[str], *, sealed: bool, searching: bool = False) -> None:
    """Say, at the start of a sweep, which part its jobs are scored on.

    A sweep over a model's options tunes, and so does a search: the candidates are scored on a
    validation part of train.
    """
    tuning = searching or (sealed and any(_varies_an_option(each) for each in overrides))
    scored_on: ScoredOn = "valid" if tuning else "test"
    write_text(folder / PLAN, json.dumps({"scored_on": scored_on}) + "\n")


def read_scored_part(folder: Path) -> ScoredOn:
    """The part that the jobs of the sweep in this folder are scored on."""
    scored_on: ScoredOn = json.loads((folder / PLAN).read_text(encoding="utf-8"))["scored_on"]
    return scored_on


def _varies_an_option(override: str) -> bool:
    """Whether a command-line override gives an option of the model several values."""
    from hydra.core.override_parser.overrides_parser import OverridesParser

    (parsed,) = OverridesParser.create().parse_overrides([override])
    return parsed.is_sweep_override() and parsed.key_or_group.startswith("model.")
