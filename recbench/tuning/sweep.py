"""Sweeps: which part each job may be scored on, and what is left to do when all jobs are done."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

from recbench.config import schema as configuration
from recbench.jobs.job import Job
from recbench.registry.registry import installed
from recbench.results.first_metric import first_metric
from recbench.results.records import Record, ScoredOn, write_text

if TYPE_CHECKING:
    from hydra.core.config_loader import ConfigLoader
    from omegaconf import DictConfig

BASELINES = ("global_mean", "bias")
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


def missing_baseline_jobs(records: Sequence[Record], store: Path | None = None) -> list[Job]:
    """The jobs for the floors that these records lack, on each data set and split they have."""
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
                jobs.append(Job(dict(group[0].job.config) | {"model": node}, kind, store=store))
    return jobs


def is_baseline(record: Record) -> bool:
    """Whether the record is of a floor, as it stands: with its default options."""
    if record.job.kind not in BASELINES:
        return False
    return record.job.options == configuration.defaults_of(installed().find("model", record.job.kind))


def check_jobs(batch: Sequence[Sequence[str]], config: DictConfig, loader: ConfigLoader) -> None:
    """Find out whether the jobs of a batch, each a list of overrides, can be composed.

    One job is composed for each choice of parts (`model=mf dataset=synthetic`). The values that other jobs give
    the options of these are held against the types in it, which takes a fraction of the time.

    Raises:
        Exception: Hydra's and OmegaConf's errors, as if every job had been composed.
    """
    composed: dict[tuple[str, ...], DictConfig] = {}
    fitting: set[tuple[tuple[str, ...], str]] = set()
    for overrides in batch:
        values = [each for each in overrides if _is_value(each, config)]
        choices = tuple(each for each in overrides if each not in values)
        new = [each for each in values if (choices, each) not in fitting]
        if choices not in composed or not all(_fits(composed[choices], each) for each in new):
            composed[choices] = loader.load_sweep_config(config, list(overrides))
        fitting |= {(choices, each) for each in new}


def _is_value(override: str, config: DictConfig) -> bool:
    """Whether a job's override sets an option and chooses no part."""
    name = override.partition("=")[0]
    plain = "/" not in name and name[0] not in "+~"
    return plain and ("." in name or isinstance(config.get(name), (bool, int, float, str)))


def _fits(composed: DictConfig, override: str) -> bool:
    """Whether the option is there and can have the value, which it then has."""
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from omegaconf import OmegaConf

    (parsed,) = OverridesParser.create().parse_overrides([override])
    try:
        OmegaConf.update(composed, parsed.key_or_group, parsed.value())
    except Exception:  # composing the job will say what it is
        return False
    return True


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


def _varies_an_option(override: str) -> bool:
    """Whether a command-line override gives an option of the model several values."""
    from hydra.core.override_parser.overrides_parser import OverridesParser

    (parsed,) = OverridesParser.create().parse_overrides([override])
    return parsed.is_sweep_override() and parsed.key_or_group.startswith("model.")
