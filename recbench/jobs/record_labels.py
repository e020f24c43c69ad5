"""Labels: how a record describes its job, and what its result depends on, which gives the result's key."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from recbench.config import schema as configuration
from recbench.config.job_config import JobConfig
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
    """Return how a record describes the job; `dataset_name` is the dataset's registered name by default."""
    return JobDescription(
        dataset=job.config.dataset["kind"] if dataset_name is None else dataset_name,
        split=split_label(job.config),
        model=job.model,
        kind=job.config.model["kind"],
        seed=job.config.seed,
        scored_on=job.scored_on,
        user_options=_user_options(job),
        options_per_fold=tuple(job.options_per_fold),
        config=job.config.to_plain(),
    )


def provenance_of(job: Job, parts: Parts, reuse: ReuseStats | None = None) -> Provenance:
    """Return what the job's result is computed from, with the packages loaded now and the time."""
    entry = installed().find("model", job.config.model["kind"])
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
    """Return everything that the job's result depends on; not metrics, which can be computed later.

    The data's digest covers filters of the whole dataset.
    """
    return {
        "data": parts.dataset.digest,
        "split": parts.split_digest,
        "split_options": job.config.split,  # they cut the validation sets, too
        "scored_on": job.scored_on,
        "valid_size": job.config.valid_size,
        "model": job.nodes(),
        "seed": job.config.seed,
        **({"filters": str(parts.filters)} if parts.filters else {}),
        **_sources(job),
    }


def _sources(job: Job) -> dict[str, list[str]]:
    """Return the version and the digest of the sources of recbench and of the model's distribution."""
    entry = installed().find("model", job.config.model["kind"])
    return {
        entry.distribution: [entry.version, sources_digest(entry.factory.__module__.partition(".")[0])],
        "recbench": [version("recbench"), sources_digest("recbench")],
    }


def split_label(config: JobConfig) -> str:
    """Return the label of a configuration's split: its name, its options, and the filters of the training set."""
    split = dict(config.split)
    words = [split.pop("kind"), *(f"{name}={value}" for name, value in split.items())]
    filters = config.filters or {}
    words += [f"train[{described(filters)}]"] if described(filters) and not filters.get("whole_set") else []
    return " ".join(words)


def _user_options(job: Job) -> tuple[str, ...]:
    """Return the names of the options that an override sets, or that differ from a registered model's defaults."""
    node = dict(job.config.model)
    kind = node.pop("kind")
    overrides = map(Override.parse, job.overrides)
    names = {each.option.partition(".")[0] for each in overrides if each.group == "model" and each.option}
    known = installed().entries["model"]
    if job.model == kind and kind in known:
        defaults = configuration.defaults_of(known[kind]) | {"seed": job.config.seed}
        names |= {name for name, value in node.items() if value != defaults.get(name)}
    return tuple(name for name in node if name in names)
