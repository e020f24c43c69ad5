"""Options of a search: `search` and `budget` in the configuration."""

from __future__ import annotations

from dataclasses import dataclass, field

from recbench.samplers import samplers

SAMPLERS = "; ".join(f"{name}: {each.meaning}" for name, each in sorted(samplers().items()))


@dataclass
class Budget:
    """What a search may spend on each model: `search.n_trials` and `search.timeout` follow it."""

    trials: int = 30  # maximum number of candidates; the first has the model's own options
    seconds: float | None = None  # wall time after which no further candidate is started


@dataclass
class SearchOptions:
    """The options at `search` in the configuration: the same for every model."""

    sampler: str = field(default="tpe", metadata={"help": f"how candidates are proposed ({SAMPLERS})"})
    n_trials: int = 30  # maximum number of candidates per model; the first has the model's own options
    timeout: float | None = None  # seconds per model after which no further candidate is started
    n_jobs: int = 1  # candidates launched at a time: as many as the launcher has workers
    seed: int = 0  # of the sampler
    pruning: bool = True  # stop a candidate at an epoch where it is worse than the median of earlier candidates
    grid_points: int = 4  # values that a grid tries in each range
