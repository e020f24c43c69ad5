"""Labels: how a record describes its job, what its result depends on, and so the key of the result."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

from recbench.config import schema as configuration
from recbench.config.overrides import Override
from recbench.jobs.job import Job
from recbench.jobs.preparation import Parts
from recbench.protocol.descriptions import describe, now, versions
from recbench.protocol.filters import described
from recbench.registry.registry import installed
from recbench.results.records import JobDescription, Provenance
from recbench.results.store import content_key, sources_digest
from recbench.runtime.memo import ReuseStats


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


def provenance_of(job: Job, parts: Parts, reuse: ReuseStats | None = None) -> Provenance:
    """Return what the job's result is computed from, as of now: the packages that are loaded, the time."""
    entry = installed().find("model", job.config["model"]["kind"])
    return Provenance(
        data=describe(parts.dataset),
        split_digest=parts.split_digest,
        sources=_sources(job),
        key=content_key(inputs_of(job, parts)),
        versions=versions() | {entry.distribution: entry.version},
        created=now(),
        reused=dict(reuse.counts) if reuse else {},
    )


def inputs_of(job: Job, parts: Parts) -> dict[str, Any]:
    """Return everything that the job's result depends on; metrics do not count, they can be computed later.

    Filters of the whole set are in the data's digest.
    """
    return {
        "data": parts.dataset.digest,
        "split": parts.split_digest,
        "split_options": job.config["split"],  # by which validation sets are cut
        "scored_on": job.scored_on,
        "valid_size": job.config["valid_size"],
        "model": job.nodes(),
        "seed": job.config["seed"],
        **({"filters": str(parts.filters)} if parts.filters else {}),
        **_sources(job),
    }


def _sources(job: Job) -> dict[str, list[str]]:
    """Return the version and the digest of the sources of recbench and of the model's distribution."""
    entry = installed().find("model", job.config["model"]["kind"])
    return {
        entry.distribution: [entry.version, sources_digest(entry.factory.__module__.partition(".")[0])],
        "recbench": [version("recbench"), sources_digest("recbench")],
    }


def split_label(config: Mapping[str, Any]) -> str:
    """Return how a configuration's split is called: its choice, its options, and the filters of the training set."""
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
