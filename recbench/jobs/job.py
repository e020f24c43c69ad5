"""Jobs: a composed configuration in, a record out. A failure is a record too."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from recbench.array_types import FloatArray
from recbench.config import schema as configuration
from recbench.contracts import MODEL_EXTRAS, Fold, Metric, RatingDataset, RatingModel, Split
from recbench.jobs.pruning import TrialRef, pruning, same_study
from recbench.jobs.record_labels import labels
from recbench.progress import PrunedError, track
from recbench.protocol import runner
from recbench.protocol.filters import Filters
from recbench.registry.registry import installed
from recbench.results.records import Record, Status
from recbench.results.store import Store, content_key, sources_digest
from recbench.runtime.memo import digest_of, memoize, memoizing
from recbench.runtime.threads import limit_threads

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


def prepare(job: Job, given: RatingDataset | None = None) -> Parts:
    """Make the objects that the configuration names; what fails here is the user's to mend.

    A data set that is `given` stands in for the one named.

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
    whole_set, of_train = (filters, Filters()) if filters.whole_set else (Filters(), filters)
    node = json.dumps(job.config["dataset"], sort_keys=True)
    dataset = _dataset(node, whole_set) if given is None else _filtered(given, whole_set)
    folds = list(split(dataset))
    cuts = runner.cuts(split, job.config["valid_size"], job.config["seed"])
    return Parts(dataset, folds, cuts, makers if job.by_fold else makers * len(folds), metrics, of_train)


def run(job: Job) -> Record:
    """Run a job, or take its result from the store if it has been run before.

    Whatever goes wrong becomes the record's cause, and its traceback goes to the log.
    """
    with memoizing(job.config.get("share_mb", 0)) as tally:
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
    except PrunedError as verdict:
        return _kept(job, replace(unfinished(job, "pruned", str(verdict)), **about))
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
    return memoize(
        "fold",
        lambda: (dataset.digest, digest_of(*fold), job.part, *drawn, filters, split),
        lambda: runner.fold_parts(dataset, fold, job.part, parts.cuts[0], filters),
        N_BYTES_A_RATING * dataset.n_ratings,
    )


def unfinished(job: Job, status: Status, cause: str) -> Record:
    """The record of a job that came to nothing, as far as its configuration tells of it."""
    return Record(status=status, cause=cause, dataset=job.config["dataset"]["kind"], **labels(job))


def cause_of(error: BaseException) -> str:
    """One line that says what went wrong; the type is named where the text alone would puzzle."""
    text = " ".join(str(error.args[0] if isinstance(error, KeyError) and error.args else error).split())
    told = isinstance(error, PLAIN_ERRORS) and not isinstance(error, (KeyError, IndexError)) and text
    return text if told else f"{type(error).__name__}: {text}"


def _evaluated(job: Job, parts: Parts, about: Mapping[str, Any]) -> Record:
    outcomes = []
    place = TrialRef.of(job.config) if job.part == "valid" else None
    judged_by = next(iter(parts.metrics.values()))
    for number, (fold, make_model) in enumerate(track(list(zip(parts.folds, parts.make_models, strict=True)), "folds")):
        (train, scored), model = _half(job, parts, fold), make_model()
        with pruning(place, number, model, judged_by, (train, scored)):
            outcomes.append(runner.run_fold(train, scored, model, parts.metrics, parts.cuts[1]))
    record = runner.summary(parts.dataset, parts.folds, outcomes, parts.metrics, part=job.part, seed=job.config["seed"])
    entry = installed().find("model", job.config["model"]["kind"])
    versions = dict(record.versions) | {entry.distribution: entry.version}
    kept = [outcome.predicted for outcome in outcomes] if job.config.get("keep_predictions", True) else None
    return _kept(job, replace(record, versions=versions, **labels(job), **about), kept)


def _kept(job: Job, record: Record, predictions: Sequence[FloatArray] | None = None) -> Record:
    """The record, which is in the store now; one that was pruned takes no place of one that finished."""
    if job.store is not None:
        try:
            store = Store(job.store)
            if record.status == "ok" or store.record(record.key) is None:
                store.save(record.key, record, predictions)
        except OSError as error:  # a full disk must not take a finished result along
            log.warning("a result could not be kept in %s: %s", job.store, error)
    return record


def _stored(job: Job, parts: Parts, about: Mapping[str, Any]) -> Record | None:
    """The stored record, its scores taken anew from the stored predictions; None if there is none to trust."""
    store = Store(job.store) if job.store is not None else None
    record = store.record(about["key"]) if store is not None else None
    pruned = record is not None and record.status == "pruned" and same_study(record.config, job.config)
    if store is None or record is None or not (pruned or record.status == "ok"):
        return None
    record = replace(record, cached=True, **labels(job), **about)
    if pruned:
        return record
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
    return _filtered(configuration.make("dataset", json.loads(node), installed()), filters)


def _filtered(dataset: RatingDataset, filters: Filters) -> RatingDataset:
    return replace(filters.apply(dataset), name=f"{dataset.name} {filters}") if filters else dataset
