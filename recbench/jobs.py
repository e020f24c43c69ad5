"""Jobs: a composed configuration in, a record out. A failure is a record too."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import Any

from recbench import config as configuration
from recbench import runner
from recbench.contracts import Fold, Metric, RatingDataset, RatingModel
from recbench.records import Record
from recbench.registry import installed
from recbench.threads import limit_threads

FLOORS = ("global_mean", "bias")
PLAIN_ERRORS = (ValueError, LookupError, OSError, TypeError, RuntimeError, ImportError, ArithmeticError)

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Job:
    """What to run: the composed configuration as plain values, the model's choice, what was set."""

    config: Mapping[str, Any]
    model: str  # the Hydra choice: a registered name or a variant's
    overrides: Sequence[str] = ()  # of the command line: "model.n_factors=8"


@dataclass(frozen=True)
class Parts:
    """What a job is made of, ready for the runner."""

    dataset: RatingDataset
    folds: Sequence[Fold]
    make_model: Callable[[], RatingModel]
    metrics: Mapping[str, Metric]


def prepare(job: Job) -> Parts:
    """Make the objects that the configuration names; what fails here is the user's to mend.

    Raises:
        LookupError, ValueError, OSError: a name, an option or a file is wrong.
    """
    registry = installed()
    if (n_threads := job.config.get("threads")) is not None:
        limit_threads(n_threads)
    entry, options = configuration.arguments("model", job.config["model"], registry)
    metrics = configuration.metrics_of(job.config["metrics"], registry)
    split = configuration.make("split", job.config["split"], registry)
    dataset = _dataset(json.dumps(job.config["dataset"], sort_keys=True))
    return Parts(dataset, list(split(dataset)), partial(entry.factory, **options), metrics)


def run(job: Job) -> Record:
    """Run a job; whatever goes wrong becomes the record's cause, and its traceback goes to the log."""
    place: dict[str, Any] = {"dataset": job.config["dataset"]["kind"]}
    try:
        parts = prepare(job)
        place = {"dataset": parts.dataset.name, "data": runner.describe(parts.dataset)}
        return _evaluate(job, parts)
    except MemoryError:
        log.exception("out of memory")
        return Record(
            status="memory", cause="the job ran out of memory", changed=_changed(job), **place, **_labels(job)
        )
    except Exception as error:  # a model may fail in any way, and the other jobs must go on
        log.exception("job failed")
        return Record(status="failed", cause=cause_of(error), changed=_changed(job), **place, **_labels(job))


def floors(records: Sequence[Record]) -> list[Job]:
    """The jobs for the floors that these records lack, on each data set and split they have."""
    jobs = []
    registry = installed()
    for group in _by_data(records).values():
        for kind in FLOORS:
            if not any(record.kind == kind and is_floor(record) for record in group):
                node = {"kind": kind} | configuration.defaults_of(registry.find("model", kind))
                jobs.append(Job(dict(group[0].config) | {"model": node}, kind))
    return jobs


def is_floor(record: Record) -> bool:
    """Whether the record is of a floor, as it stands: with its default options."""
    if record.kind not in FLOORS:
        return False
    return record.options == configuration.defaults_of(installed().find("model", record.kind))


def cause_of(error: BaseException) -> str:
    """One line that says what went wrong; the type is named where the text alone would puzzle."""
    text = " ".join(str(error.args[0] if isinstance(error, KeyError) and error.args else error).split())
    told = isinstance(error, PLAIN_ERRORS) and not isinstance(error, (KeyError, IndexError)) and text
    return text if told else f"{type(error).__name__}: {text}"


def _evaluate(job: Job, parts: Parts) -> Record:
    record = runner.evaluate(
        parts.dataset,
        lambda _: iter(parts.folds),
        parts.make_model,
        parts.metrics,
        valid_size=job.config["valid_size"],
        seed=job.config["seed"],
    )
    entry = installed().find("model", job.config["model"]["kind"])
    versions = dict(record.versions) | {entry.distribution: entry.version}
    return replace(record, versions=versions, changed=_changed(job), **_labels(job))


@lru_cache(maxsize=1)
def _dataset(node: str) -> RatingDataset:
    """The data set, kept for the next job of this process, which mostly wants the same."""
    dataset: RatingDataset = configuration.make("dataset", json.loads(node), installed())
    return dataset


def _labels(job: Job) -> dict[str, Any]:
    """How the job calls itself in its record."""
    node = dict(job.config["model"])
    split = dict(job.config["split"])
    words = [split.pop("kind"), *(f"{name}={value}" for name, value in split.items())]
    return {
        "split": " ".join(words),
        "model": job.model,
        "kind": node.pop("kind"),
        "options": node,
        "seed": job.config["seed"],
        "config": job.config,
    }


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


def _by_data(records: Sequence[Record]) -> dict[tuple[str, str], list[Record]]:
    groups: dict[tuple[str, str], list[Record]] = {}
    for record in records:
        if record.status == "ok":
            groups.setdefault((record.data["digest"], record.split_digest), []).append(record)
    return groups
