"""Labels: how a record describes its job."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from recbench.config import schema as configuration
from recbench.config.overrides import Override
from recbench.protocol.filters import described
from recbench.registry.registry import installed
from recbench.results.records import JobDescription

if TYPE_CHECKING:
    from recbench.jobs.job import Job


def description_of(job: Job, dataset_name: str | None = None) -> JobDescription:
    """Return how a record describes the job; without a name, the dataset is called by its registered name."""
    return JobDescription(
        dataset=job.config["dataset"]["kind"] if dataset_name is None else dataset_name,
        split=split_label(job.config),
        model=job.model,
        kind=job.config["model"]["kind"],
        seed=job.config["seed"],
        scored_on=job.scored_on,
        user_options=_user_options(job),
        options_per_fold=tuple(job.options_per_fold),
        config=job.config,
    )


def split_label(config: Mapping[str, Any]) -> str:
    """How a configuration's split is called: its choice, its options, and the filters of train."""
    split = dict(config["split"])
    words = [split.pop("kind"), *(f"{name}={value}" for name, value in split.items())]
    filters = config.get("filters") or {}
    words += [f"train[{described(filters)}]"] if described(filters) and not filters.get("whole_set") else []
    return " ".join(words)


def _user_options(job: Job) -> tuple[str, ...]:
    """Return the names of the options that the user set: by an override, or away from a registered model's default."""
    node = dict(job.config["model"])
    kind = node.pop("kind")
    overrides = map(Override.parse, job.overrides)
    names = {each.option.partition(".")[0] for each in overrides if each.group == "model" and each.option}
    known = installed().entries["model"]
    if job.model == kind and kind in known:
        defaults = configuration.defaults_of(known[kind]) | {"seed": job.config["seed"]}
        names |= {name for name, value in node.items() if value != defaults.get(name)}
    return tuple(name for name in node if name in names)
