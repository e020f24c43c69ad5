"""Winners: the candidates that are best on the validation set, and the jobs that score them on the test set."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from statistics import fmean
from typing import Any

from recbench.config.job_config import JobConfig
from recbench.jobs.job import Job
from recbench.results.first_metric import first_metric, round_score
from recbench.results.records import Record


def winner_jobs(records: Sequence[Record], store: str | None = None) -> list[Job]:
    """Return the jobs that score on the test set: the winner for each dataset, split, model and seed.

    Each fold has its own winner, by the first metric, averaged over a candidate's seeds. A candidate that was
    pruned with one seed can't win.
    """
    groups: dict[tuple[str, ...], list[Record]] = defaultdict(list)
    pruned = {_candidate(record) for record in records if record.outcome.status == "pruned"}
    for record in records:
        if record.outcome.status == "ok" and record.job.scored_on == "valid" and _candidate(record) not in pruned:
            groups[(record.provenance.data["digest"], record.provenance.split_digest, record.job.model)].append(record)
    jobs = []
    for group in groups.values():
        nodes = _best_by_fold(group)
        for seed in dict.fromkeys(record.job.seed for record in group):
            example = next(record for record in group if record.job.seed == seed)
            per_fold = [_seeded(node, example) for node in nodes]
            first = per_fold[0]
            differing = [{name: value for name, value in each.items() if value != first[name]} for each in per_fold]
            config = replace(JobConfig.from_plain(example.job.config), model={"kind": example.job.kind} | first)
            overrides = tuple(f"model.{name}=" for record in group for name in record.job.user_options)
            jobs.append(Job(config, example.job.model, overrides, "test", store, differing if any(differing) else ()))
    return jobs


def _best_by_fold(group: Sequence[Record]) -> list[dict[str, Any]]:
    """Return, for each fold, the options of the candidate that scored best on its validation set.

    The first of equally good candidates wins.
    """
    candidates: dict[str, list[Record]] = defaultdict(list)
    for record in group:
        candidates[json.dumps(_unseeded(record.job.options), sort_keys=True)].append(record)
    metric, score = first_metric(group[0].outcome.scores)
    pick = max if score.greater_is_better else min

    def mean_score(name: str, fold: int) -> float:
        return round_score(fmean(record.outcome.scores[metric].folds[fold] for record in candidates[name]))

    best = [pick(candidates, key=lambda name: mean_score(name, fold)) for fold in range(group[0].outcome.n_folds)]
    return [json.loads(name) for name in best]


def _candidate(record: Record) -> tuple[str, ...]:
    """Return what identifies a candidate: data, split, model and options, whatever the seed."""
    return (
        record.provenance.data["digest"],
        record.job.split,
        record.job.model,
        json.dumps(_unseeded(record.job.options), sort_keys=True),
    )


def _unseeded(options: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if name != "seed"}


def _seeded(node: Mapping[str, Any], example: Record) -> dict[str, Any]:
    return dict(node) | {name: value for name, value in example.job.options.items() if name == "seed"}
