"""Baselines: the two averages that every comparison includes, added where a sweep lacks them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from recbench.config import schema as configuration
from recbench.config.job_config import JobConfig
from recbench.jobs.job import Job
from recbench.registry.registry import installed
from recbench.results.records import Record

BASELINES = ("global_mean", "bias")


def missing_baseline_jobs(records: Sequence[Record], store: str | None = None) -> list[Job]:
    """Return the jobs of the baselines that these records lack, on each of their datasets and splits."""
    groups: dict[tuple[str, str], list[Record]] = defaultdict(list)
    for record in records:
        if record.outcome.status == "ok":
            groups[(record.provenance.data["digest"], record.provenance.split_digest)].append(record)
    jobs = []
    for group in groups.values():
        for kind in BASELINES:
            if not any(
                is_baseline(record) and record.job.kind == kind and record.job.scored_on == "test" for record in group
            ):
                node = {"kind": kind} | configuration.defaults_of(installed().find("model", kind))
                config = replace(JobConfig.from_plain(group[0].job.config), model=node)
                jobs.append(Job(config, kind, store=store))
    return jobs


def is_baseline(record: Record) -> bool:
    """Return whether the record is of a baseline with its default options."""
    if record.job.kind not in BASELINES:
        return False
    return record.job.options == configuration.defaults_of(installed().find("model", record.job.kind))
