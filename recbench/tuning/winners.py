"""Winners: the jobs that open the test part when all jobs of a sweep are done."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from recbench.jobs.job import Job
from recbench.results.first_metric import first_metric
from recbench.results.records import Record


def winner_jobs(records: Sequence[Record], store: Path | None = None) -> list[Job]:
    """The jobs that open the test part: for each data set, split, model and seed, what validation chose.

    The choice is made fold by fold, by the first metric, a candidate's seeds averaged. A candidate that
    was pruned with one seed is out with all.
    """
    groups: dict[tuple[str, ...], list[Record]] = defaultdict(list)
    out = {_candidate(record) for record in records if record.outcome.status == "pruned"}
    for record in records:
        if record.outcome.status == "ok" and record.job.scored_on == "valid" and _candidate(record) not in out:
            groups[(record.provenance.data["digest"], record.provenance.split_digest, record.job.model)].append(record)
    jobs = []
    for group in groups.values():
        nodes = _best_by_fold(group)
        for seed in dict.fromkeys(record.job.seed for record in group):
            like = next(record for record in group if record.job.seed == seed)
            first, *_ = seeded = [_seeded(node, like) for node in nodes]
            differing = [{name: value for name, value in each.items() if value != first[name]} for each in seeded]
            config = dict(like.job.config) | {"model": {"kind": like.job.kind} | first}
            overrides = tuple(f"model.{name}=" for record in group for name in record.job.user_options)
            jobs.append(Job(config, like.job.model, overrides, "test", store, differing if any(differing) else ()))
    return jobs


def _best_by_fold(group: Sequence[Record]) -> list[dict[str, Any]]:
    """For each fold, the options of the candidate that scored best on its validation part."""
    candidates: dict[str, list[Record]] = defaultdict(list)
    for record in group:
        candidates[json.dumps(_unseeded(record.job.options), sort_keys=True)].append(record)
    metric, score = first_metric(group[0].outcome.scores)
    pick = max if score.greater_is_better else min

    def reached(name: str, fold: int) -> float:
        return fmean(record.outcome.scores[metric].folds[fold] for record in candidates[name])

    best = [pick(candidates, key=lambda name: reached(name, fold)) for fold in range(group[0].outcome.n_folds)]
    return [json.loads(name) for name in best]


def _candidate(record: Record) -> tuple[str, ...]:
    """What a record of a validation part is of: data, split, model and options, whatever the seed."""
    return (
        record.provenance.data["digest"],
        record.job.split,
        record.job.model,
        json.dumps(_unseeded(record.job.options), sort_keys=True),
    )


def _unseeded(options: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if name != "seed"}


def _seeded(node: Mapping[str, Any], like: Record) -> dict[str, Any]:
    return dict(node) | {name: value for name, value in like.job.options.items() if name == "seed"}
