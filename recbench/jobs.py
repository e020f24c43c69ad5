"""Jobs: a composed configuration in, a record out. A failure is a record too."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from recbench import config as configuration
from recbench import runner
from recbench.contracts import MODEL_EXTRAS, Fold, Metric, RatingDataset, RatingModel, Split
from recbench.filters import Filters, described
from recbench.progress import track
from recbench.records import Record, Status
from recbench.registry import installed
from recbench.shared import digest_of, once, sharing
from recbench.store import Store, content_key, sources_digest
from recbench.threads import limit_threads

PLAIN_ERRORS = (ValueError, LookupError, OSError, TypeError, RuntimeError, ImportError, ArithmeticError)

N_BYTES_A_RATING = 20  # two indices, a rating and a time

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Job:
    """What to run: the composed configuration as plain values, the model's choice, what was set."""

    config: Mapping[str, Any]
    model: str  # the Hydra choice: a registered name or a variant's
    overrides: Sequence[str] = ()  # of the command line: "model.n_factors=8"
    part: runner.Part = "test"  # what is scored
    store: Path | None = None  # where results are kept; None: nowhere
    by_fold: Sequence[Mapping[str, Any]] = ()  # a model node for each fold, where they were chosen one by one


@dataclass(frozen=True)
class Parts:
    """What a job is made of, ready for the runner."""

    dataset: RatingDataset
    folds: Sequence[Fold]
    cuts: tuple[Split, Split]  # of the validation part that is scored, and of the one that models stop by
    make_models: Sequence[Callable[[], RatingModel]]  # one a fold
    metrics: Mapping[str, Metric]
    filters: Filters  # of what a model trains on; those of the whole set have been applied


def prepare(job: Job) -> Parts:
    """Make the objects that the configuration names; what fails here is the user's to mend.

    Raises:
        LookupError, ValueError, OSError: a name, an option or a file is wrong.
    """
    registry = installed()
    if (n_threads := job.config.get("threads")) is not None:
        limit_threads(n_threads)
    nodes = job.by_fold or [job.config["model"]]
    makers = [_maker(node) for node in nodes]
    metrics = configuration.metrics_of(job.config["metrics"], registry)
    split = configuration.make("split", job.config["split"], registry)
    filters = configuration.filters_of(job.config.get("filters"))
    dataset = _dataset(json.dumps(job.config["dataset"], sort_keys=True), filters if filters.whole_set else Filters())
    folds = list(split(dataset))
    of_train = Filters() if filters.whole_set else filters
    cuts = runner.cuts(split, job.config["valid_size"], job.config["seed"])
    return Parts(dataset, folds, cuts, makers if job.by_fold else makers * len(folds), metrics, of_train)


def run(job: Job) -> Record:
    """Run a job, or take its result from the store if it has been run before.

    Whatever goes wrong becomes the record's cause, and its traceback goes to the log.
    """
    with sharing(job.config.get("share_mb", 0)) as tally:
        record = _run(job)
    return replace(record, shared=dict(tally.counts))


def _run(job: Job) -> Record:
    about: dict[str, Any] = {}
    try:
        parts = prepare(job)
        inputs = inputs_of(job, parts)
        about = {
            "dataset": parts.dataset.name,
            "data": runner.describe(parts.dataset),
            "inputs": inputs,
            "key": content_key(inputs),
        }
        known = _stored(job, parts, about) if job.config.get("resume", True) else None
        return known or _evaluated(job, parts, about)
    except MemoryError:
        log.exception("out of memory")
        return replace(unfinished(job, "memory", "the job ran out of memory"), **about)
    except Exception as error:  # a model may fail in any way, and the other jobs must go on
        log.exception("job failed")
        return replace(unfinished(job, "failed", cause_of(error)), **about)


def halves(job: Job, parts: Parts) -> list[tuple[RatingDataset, RatingDataset]]:
    """What each fold trains on and what it scores."""
    return [_half(job, parts, fold) for fold in parts.folds]


def _half(job: Job, parts: Parts, fold: Fold) -> tuple[RatingDataset, RatingDataset]:
    """What one fold trains on and what it scores."""
    dataset, filters, drawn = parts.dataset, parts.filters, (job.config["seed"], job.config["valid_size"])
    split = json.dumps(job.config["split"], sort_keys=True)  # which cuts the validation part too
    return once(
        "fold",
        lambda: (dataset.digest, digest_of(*fold), job.part, *drawn, filters, split),
        lambda: runner.fold_parts(dataset, fold, job.part, parts.cuts[0], filters),
        N_BYTES_A_RATING * dataset.n_ratings,
    )


def unfinished(job: Job, status: Status, cause: str) -> Record:
    """The record of a job that came to nothing, as far as its configuration tells of it."""
    return Record(status=status, cause=cause, dataset=job.config["dataset"]["kind"], **_labels(job))


def cause_of(error: BaseException) -> str:
    """One line that says what went wrong; the type is named where the text alone would puzzle."""
    text = " ".join(str(error.args[0] if isinstance(error, KeyError) and error.args else error).split())
    told = isinstance(error, PLAIN_ERRORS) and not isinstance(error, (KeyError, IndexError)) and text
    return text if told else f"{type(error).__name__}: {text}"


def _evaluated(job: Job, parts: Parts, about: Mapping[str, Any]) -> Record:
    outcomes = []
    for fold, make_model in track(list(zip(parts.folds, parts.make_models, strict=True)), "folds"):
        train, scored = _half(job, parts, fold)
        outcomes.append(runner.run_fold(train, scored, make_model(), parts.metrics, parts.cuts[1]))
    record = runner.summary(parts.dataset, parts.folds, outcomes, parts.metrics, part=job.part, seed=job.config["seed"])
    entry = installed().find("model", job.config["model"]["kind"])
    versions = dict(record.versions) | {entry.distribution: entry.version}
    record = replace(record, versions=versions, **_labels(job), **about)
    if job.store is not None:
        kept = [outcome.predicted for outcome in outcomes] if job.config.get("keep_predictions", True) else None
        try:
            Store(job.store).save(record.key, record, kept)
        except OSError as error:  # a full disk must not take a finished result along
            log.warning("a result could not be kept in %s: %s", job.store, error)
    return record


def _stored(job: Job, parts: Parts, about: Mapping[str, Any]) -> Record | None:
    """The stored record, its scores taken anew from the stored predictions; None if there is none to trust."""
    store = Store(job.store) if job.store is not None else None
    record = store.record(about["key"]) if store is not None else None
    if store is None or record is None or record.status != "ok":
        return None
    record = replace(record, cached=True, **_labels(job), **about)
    fresh = {name: metric for name, metric in parts.metrics.items() if not {*metric.needs()} & {*MODEL_EXTRAS}}
    predictions = store.predictions(record.key)
    if predictions is None:
        known = set(parts.metrics) <= set(record.scores)
        return replace(record, scores={name: record.scores[name] for name in parts.metrics}) if known else None
    if set(parts.metrics) - set(fresh) - set(record.scores):
        return None
    scores = {
        name: runner.rescored(metric, halves(job, parts), predictions) if name in fresh else record.scores[name]
        for name, metric in parts.metrics.items()
    }
    return replace(record, scores=scores)


def inputs_of(job: Job, parts: Parts) -> dict[str, Any]:
    """Everything that the job's result depends on; the metrics are left out, as they can be taken later.

    Filters of the whole set are in the data's digest.
    """
    entry = installed().find("model", job.config["model"]["kind"])
    return {
        "data": parts.dataset.digest,
        "split": runner.split_digest(parts.folds),
        "split_options": job.config["split"],  # by which validation parts are cut
        "part": job.part,
        "valid_size": job.config["valid_size"],
        "model": list(job.by_fold) or job.config["model"],
        "seed": job.config["seed"],
        **({"filters": str(parts.filters)} if parts.filters else {}),
        entry.distribution: [entry.version, sources_digest(entry.factory.__module__.partition(".")[0])],
        "recbench": [version("recbench"), sources_digest("recbench")],
    }


def _maker(node: Mapping[str, Any]) -> Callable[[], RatingModel]:
    entry, options = configuration.arguments("model", node, installed())
    return partial(entry.factory, **options)


@lru_cache(maxsize=1)
def _dataset(node: str, filters: Filters) -> RatingDataset:
    """The data set, kept for the next job of this process, which mostly wants the same."""
    dataset: RatingDataset = configuration.make("dataset", json.loads(node), installed())
    return replace(filters.apply(dataset), name=f"{dataset.name} {filters}") if filters else dataset


def split_label(config: Mapping[str, Any]) -> str:
    """How a configuration's split is called: its choice, its options, and the filters of train."""
    split = dict(config["split"])
    words = [split.pop("kind"), *(f"{name}={value}" for name, value in split.items())]
    filters = config.get("filters") or {}
    words += [f"train[{described(filters)}]"] if described(filters) and not filters.get("whole_set") else []
    return " ".join(words)


def _labels(job: Job) -> dict[str, Any]:
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
