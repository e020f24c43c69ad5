"""Labels: how a job calls itself, and what was asked of it, in its record."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from recbench.config import schema as configuration
from recbench.protocol.filters import described
from recbench.registry.registry import installed

if TYPE_CHECKING:
    from recbench.jobs.job import Job


def labels(job: Job) -> dict[str, Any]:
    """How the job calls itself in its record."""
    node = dict(job.config["model"])
    return {
        "split": split_label(job.config),
        "model": job.model,
        "kind": node.pop("kind"),
        "options": node,
        "changed": _changed(job),
        "seed": job.config["seed"],
        "part": job.part,
        "by_fold": tuple({name: value for name, value in each.items() if name != "kind"} for each in job.by_fold),
        "config": job.config,
    }


def split_label(config: Mapping[str, Any]) -> str:
    """How a configuration's split is called: its choice, its options, and the filters of train."""
    split = dict(config["split"])
    words = [split.pop("kind"), *(f"{name}={value}" for name, value in split.items())]
    filters = config.get("filters") or {}
    words += [f"train[{described(filters)}]"] if described(filters) and not filters.get("whole_set") else []
    return " ".join(words)


def _changed(job: Job) -> dict[str, Any]:
    """The options that somebody set: by an override, or away from the default of a registered model."""
    node = dict(job.config["model"])
    kind = node.pop("kind")
    names = {match[1] for each in job.overrides if (match := re.match(r"\+{0,2}model\.(\w+)", each))}
    known = installed().entries["model"]
    if job.model == kind and kind in known:
        defaults = configuration.defaults_of(known[kind]) | {"seed": job.config["seed"]}
        names |= {name for name, value in node.items() if value != defaults.get(name)}
    return {name: value for name, value in node.items() if name in names}
