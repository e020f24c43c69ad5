"""Options of a search: `search` and `budget` in the configuration."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any


class Sampler(Enum):
    """Who proposes the next candidate."""

    tpe = "tpe"
    random = "random"
    grid = "grid"


@dataclass
class Budget:
    """What a search may spend on each model: `search.n_trials` and `search.timeout` follow it."""

    trials: int = 30  # candidates, at most; the first is the model as it stands
    seconds: float | None = None  # wall time; no candidate is started after it


@dataclass
class SearchOptions:
    """What stands at `search` in the configuration: the same for every model."""

    sampler: Sampler = Sampler.tpe  # tpe: where earlier ones were good; random; grid: evenly spread, in random order
    n_trials: int = 30  # candidates that each model gets, at most; the first is the model as it stands
    timeout: float | None = None  # seconds that a model's candidates may take; none is started after them
    n_jobs: int = 1  # candidates launched at a time: as many as the launcher has workers
    seed: int = 0  # of the sampler
    pruning: bool = True  # whether a candidate is stopped at an epoch where most before it were better
    grid_points: int = 4  # values of a range that a grid tries
    ranges: dict[str, Any] = field(default_factory=dict)  # of the searched options; the search itself writes them down
    candidate: dict[str, Any] = field(default_factory=dict)  # which one a job is; written down as well
