"""Jobs: a composed configuration in, a record out. A failure is a record too."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache, partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from recbench.array_types import FloatArray
from recbench.config import schema as configuration
from recbench.contracts import MODEL_EXTRAS, Fold, Metric, RatingDataset, RatingModel
from recbench.jobs.pruning import TrialRef, pruning, same_study
from recbench.jobs.record_labels import description_of
from recbench.progress import PrunedError, track
from recbench.protocol import runner
from recbench.protocol.filters import Filters
from recbench.registry.registry import installed
from recbench.results.records import Outcome, Provenance, Record, Score, ScoredOn, Status
from recbench.results.store import Store, content_key, sources_digest
from recbench.runtime.memo import ReuseStats, digest_of, memoize, memoizing
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
    scored_on: ScoredOn = "test"  # the set that is scored
    store: Path | None = None  # where results are kept; None: nowhere
    options_per_fold: Sequence[Mapping[str, Any]] = ()  # each fold's options that differ from those in config.model

    def nodes(self) -> list[dict[str, Any]]:
        """Return the model's node of each fold, or a single one that all folds share."""
        node = dict(self.config["model"])
        return [node | dict(options) for options in self.options_per_fold] or [node]


@dataclass(frozen=True)
class Parts:
    """What a job is made of, ready for the runner."""

    dataset: RatingDataset
    folds: Sequence[Fold]
    validation: runner.ValidationSplits  # how validation sets are cut
    make_models: Sequence[Callable[[], RatingModel]]  # one a fold
    metrics: Mapping[str, Metric]
    filters: Filters  # of what a model trains on; those of the whole set have been applied

    @cached_property
    def split_digest(self) -> str:
        """SHA-256 over the training and test rows of all folds."""
        return runner.split_digest(self.folds)


def prepare(job: Job, given: RatingDataset | None = None) -> Parts:
    """Make the objects that the configuration names; what fails here is the user's to mend.

    A data set that is `given` stands in for the one named.

    Raises:
        LookupError, ValueError, OSError: a name, an option or a file is wrong.
    """
    registry = installed()
    if (n_threads := job.config.get("threads")) is not None:
        limit_threads(n_threads)
    makers = [_maker(node) for node in job.nodes()]
    metrics = configuration.metrics_of(job.config["metrics"], registry)
    split = configuration.make("split", job.config["split"], registry)
    filters = configuration.filters_of(job.config.get("filters"))
    whole_set, of_train = (filters, Filters()) if filters.whole_set else (Filters(), filters)
    node = json.dumps(job.config["dataset"], sort_keys=True)
    dataset = _dataset(node, whole_set) if given is None else _filtered(given, whole_set)
    folds = list(split(dataset))
    validation = runner.validation_splits(split, job.config["valid_size"], job.config["seed"])
    return Parts(dataset, folds, validation, makers if job.options_per_fold else makers * len(folds), metrics, of_train)


def run(job: Job) -> Record:
    """Run a job, or take its result from the store if it has been run before.

    Whatever goes wrong becomes the record's cause, and its traceback goes to the log.
    """
    parts: Parts | None = None
    with memoizing(job.config.get("share_mb", 0)) as reuse:
        try:
            parts = prepare(job)
            known = _stored(job, parts, reuse) if job.config.get("resume", True) else None
            return known or _evaluated(job, parts, reuse)
        except PrunedError as verdict:
            return _kept(job, unfinished(job, "pruned", str(verdict), parts))
        except MemoryError:
            log.exception("out of memory")
            return unfinished(job, "memory", "the job ran out of memory", parts)
        except Exception as error:  # a model may fail in any way, and the other jobs must go on
            log.exception("job failed")
            return unfinished(job, "failed", cause_of(error), parts)


def halves(job: Job, parts: Parts) -> list[tuple[RatingDataset, RatingDataset]]:
    """What each fold trains on and what it scores."""
    return [_half(job, parts, fold) for fold in parts.folds]


def _half(job: Job, parts: Parts, fold: Fold) -> tuple[RatingDataset, RatingDataset]:
    """What one fold trains on and what it scores."""
    dataset, filters, drawn = parts.dataset, parts.filters, (job.config["seed"], job.config["valid_size"])
    split = json.dumps(job.config["split"], sort_keys=True)  # which cuts the validation part too
    return memoize(
        "fold",
        lambda: (dataset.digest, digest_of(*fold), job.scored_on, *drawn, filters, split),
        lambda: runner.fold_parts(dataset, fold, job.scored_on, parts.validation.scored, filters),
        N_BYTES_A_RATING * dataset.n_ratings,
    )


def unfinished(job: Job, status: Status, cause: str, parts: Parts | None = None) -> Record:
    """Return the record of a job that did not finish; without `parts`, of one that could not be prepared."""
    return Record(
        job=description_of(job, parts.dataset.name if parts else None),
        outcome=Outcome(status=status, cause=cause),
        provenance=provenance_of(job, parts) if parts else Provenance(),
    )


def cause_of(error: BaseException) -> str:
    """One line that says what went wrong; the type is named where the text alone would puzzle."""
    text = " ".join(str(error.args[0] if isinstance(error, KeyError) and error.args else error).split())
    told = isinstance(error, PLAIN_ERRORS) and not isinstance(error, (KeyError, IndexError)) and text
    return text if told else f"{type(error).__name__}: {text}"


def _evaluated(job: Job, parts: Parts, reuse: ReuseStats) -> Record:
    outcomes = []
    place = TrialRef.of(job.config) if job.scored_on == "valid" else None
    judged_by = next(iter(parts.metrics.values()))
    for number, (fold, make_model) in enumerate(track(list(zip(parts.folds, parts.make_models, strict=True)), "folds")):
        (train, scored), model = _half(job, parts, fold), make_model()
        with pruning(place, number, model, judged_by, (train, scored)):
            outcomes.append(runner.run_fold(train, scored, model, parts.metrics, parts.validation.early_stopping))
    record = Record(
        job=description_of(job, parts.dataset.name),
        outcome=runner.summary(outcomes, parts.metrics),
        provenance=provenance_of(job, parts, reuse),
    )
    kept = [outcome.predicted for outcome in outcomes] if job.config.get("keep_predictions", True) else None
    return _kept(job, record, kept)


def _kept(job: Job, record: Record, predictions: Sequence[FloatArray] | None = None) -> Record:
    """The record, which is in the store now; one that was pruned takes no place of one that finished."""
    if job.store is not None:
        try:
            store = Store(job.store)
            key = record.provenance.key
            if record.outcome.status == "ok" or store.record(key) is None:
                store.save(key, record, predictions)
        except OSError as error:  # a full disk must not take a finished result along
            log.warning("a result could not be kept in %s: %s", job.store, error)
    return record


def _stored(job: Job, parts: Parts, reuse: ReuseStats) -> Record | None:
    """Return the stored record, scored again from the stored predictions; None if there is none to trust."""
    store = Store(job.store) if job.store is not None else None
    key = content_key(inputs_of(job, parts))
    record = store.record(key) if store is not None else None
    if store is None or record is None:
        return None
    pruned = record.outcome.status == "pruned" and same_study(record.job.config, job.config)
    if not (pruned or record.outcome.status == "ok"):
        return None
    scores = {} if pruned else _scored_again(job, parts, record.outcome.scores, store.predictions(key))
    if scores is None:
        return None
    return replace(
        record,
        job=description_of(job, parts.dataset.name),
        outcome=replace(record.outcome, scores=scores),
        provenance=replace(
            record.provenance, data=runner.describe(parts.dataset), key=key, cached=True, reused=dict(reuse.counts)
        ),
    )


def _scored_again(
    job: Job, parts: Parts, known: Mapping[str, Score], predictions: Sequence[FloatArray] | None
) -> dict[str, Score] | None:
    """Return the job's metrics of the predictions, those that need the model as known; None if one is missing."""
    needs_model = {name for name, metric in parts.metrics.items() if {*metric.needs()} & {*MODEL_EXTRAS}}
    missing = set(parts.metrics) - set(known) if predictions is None else needs_model - set(known)
    if missing:
        return None
    return {
        name: known[name]
        if predictions is None or name in needs_model
        else runner.rescored(metric, halves(job, parts), predictions)
        for name, metric in parts.metrics.items()
    }


def provenance_of(job: Job, parts: Parts, reuse: ReuseStats | None = None) -> Provenance:
    """Return what the job's result is computed from, as of now: the packages that are loaded, the time."""
    entry = installed().find("model", job.config["model"]["kind"])
    return Provenance(
        data=runner.describe(parts.dataset),
        split_digest=parts.split_digest,
        sources=_sources(job),
        key=content_key(inputs_of(job, parts)),
        versions=runner.versions() | {entry.distribution: entry.version},
        created=runner.now(),
        reused=dict(reuse.counts) if reuse else {},
    )


def inputs_of(job: Job, parts: Parts) -> dict[str, Any]:
    """Return everything that the job's result depends on; metrics do not count, they can be computed later.

    Filters of the whole set are in the data's digest.
    """
    return {
        "data": parts.dataset.digest,
        "split": parts.split_digest,
        "split_options": job.config["split"],  # by which validation parts are cut
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


def _maker(node: Mapping[str, Any]) -> Callable[[], RatingModel]:
    entry, options = configuration.arguments("model", node, installed())
    return partial(entry.factory, **options)


@lru_cache(maxsize=1)
def _dataset(node: str, filters: Filters) -> RatingDataset:
    """The data set, kept for the next job of this process, which mostly wants the same."""
    return _filtered(configuration.make("dataset", json.loads(node), installed()), filters)


def _filtered(dataset: RatingDataset, filters: Filters) -> RatingDataset:
    return replace(filters.apply(dataset), name=f"{dataset.name} {filters}") if filters else dataset
