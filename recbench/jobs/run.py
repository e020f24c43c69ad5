"""Run a job: a configuration in, a record out. A failure is a record, too."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from recbench.array_types import FloatArray
from recbench.config.job_config import JobConfig
from recbench.contracts import MODEL_EXTRAS, RatingModel
from recbench.jobs.job import Job, cause_of
from recbench.jobs.preparation import Parts, load_folds, prepare
from recbench.jobs.pruning import TrialRef, pruning_listener, same_study
from recbench.jobs.record_labels import description_of, inputs_of, provenance_of
from recbench.progress import PrunedError
from recbench.protocol.descriptions import describe
from recbench.protocol.folds import FoldOutcome, run_folds, score_again, summary
from recbench.protocol.handle import InProcessModel, ModelHandle
from recbench.results.records import Outcome, Provenance, Record, Score, Status
from recbench.results.store import content_key, open_store
from recbench.runtime.memo import ReuseStats, memoizing

log = logging.getLogger(__name__)


def run(job: Job) -> Record:
    """Run a job, or take its result from the store if it has been run before.

    Any error becomes the record's cause, and its traceback goes to the log.
    """
    parts: Parts | None = None
    with memoizing(job.config.share_mb) as reuse:
        try:
            parts = prepare(job)
            known = _load_stored(job, parts, reuse) if job.config.resume else None
            return known or _evaluate(job, parts, reuse)
        except PrunedError as pruned:
            return _save(job, unfinished(job, "pruned", str(pruned), parts))
        except MemoryError:
            log.exception("out of memory")
            return unfinished(job, "memory", "the job ran out of memory", parts)
        except Exception as error:  # a model may fail in any way, and the other jobs must continue
            log.exception("job failed")
            return unfinished(job, "failed", cause_of(error), parts)


def unfinished(job: Job, status: Status, cause: str, parts: Parts | None = None) -> Record:
    """Return the record of a job that did not finish; without `parts`, of one that could not be prepared."""
    return Record(
        job=description_of(job, parts.dataset.name if parts else None),
        outcome=Outcome(status=status, cause=cause),
        provenance=provenance_of(job, parts) if parts else Provenance(),
    )


def evaluate_folds(job: Job, parts: Parts) -> list[FoldOutcome]:
    """Fit and score the job's model on every fold.

    Raises:
        PrunedError: the search stops this candidate.
        Exception: whatever the model raises.
    """
    trial = TrialRef.of(job.config) if job.scored_on == "valid" else None
    metric = next(iter(parts.metrics.values()))
    return run_folds(
        load_folds(job, parts),
        [_handle_maker(make_model) for make_model in parts.make_models],
        parts.metrics,
        parts.validation.early_stopping,
        partial(pruning_listener, trial, metric),
    )


def _handle_maker(make_model: Callable[[], RatingModel]) -> Callable[[], ModelHandle]:
    return lambda: InProcessModel(make_model())


def _evaluate(job: Job, parts: Parts, reuse: ReuseStats) -> Record:
    outcomes = evaluate_folds(job, parts)
    record = Record(
        job=description_of(job, parts.dataset.name),
        outcome=summary(outcomes, parts.metrics),
        provenance=provenance_of(job, parts, reuse),
    )
    keep = job.config.keep_predictions
    return _save(job, record, [outcome.predicted for outcome in outcomes] if keep else None)


def _save(job: Job, record: Record, predictions: Sequence[FloatArray] | None = None) -> Record:
    """Save the record in the store and return it; a pruned one does not replace one that finished."""
    if job.store is not None:
        try:
            store = open_store(job.store)
            key = record.provenance.key
            if record.outcome.status == "ok" or store.record(key) is None:
                store.save(key, record, predictions)
        except OSError as error:  # a full disk must not lose a finished result
            log.warning("a result could not be saved in %s: %s", job.store, error)
    return record


def _load_stored(job: Job, parts: Parts, reuse: ReuseStats) -> Record | None:
    """Return the stored record, scored again from the stored predictions; None if there is none to reuse."""
    store = open_store(job.store) if job.store is not None else None
    key = content_key(inputs_of(job, parts))
    record = store.record(key) if store is not None else None
    if store is None or record is None:
        return None
    pruned = record.outcome.status == "pruned" and same_study(JobConfig.from_plain(record.job.config), job.config)
    if not (pruned or record.outcome.status == "ok"):
        return None
    scores = {} if pruned else _score_again(job, parts, record.outcome.scores, store.predictions(key))
    if scores is None:
        return None
    return replace(
        record,
        job=description_of(job, parts.dataset.name),
        outcome=replace(record.outcome, scores=scores),
        provenance=replace(
            record.provenance, data=describe(parts.dataset), key=key, cached=True, reused=dict(reuse.counts)
        ),
    )


def _score_again(
    job: Job, parts: Parts, known: Mapping[str, Score], predictions: Sequence[FloatArray] | None
) -> dict[str, Score] | None:
    """Return the metrics of the predictions, those that need the model from `known`; None if one is missing."""
    needs_model = {name for name, metric in parts.metrics.items() if {*metric.needs()} & {*MODEL_EXTRAS}}
    missing = set(parts.metrics) - set(known) if predictions is None else needs_model - set(known)
    if missing:
        return None
    if predictions is None or needs_model >= set(parts.metrics):
        return {name: known[name] for name in parts.metrics}
    folds = [load() for load in load_folds(job, parts)]
    return {
        name: known[name] if name in needs_model else score_again(metric, folds, predictions)
        for name, metric in parts.metrics.items()
    }
