"""Jobs whose model or dataset is an object that the caller passed: run like any job, with nothing on disk."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import json
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from recbench.config import schema as config
from recbench.contracts import RatingDataset, RatingModel
from recbench.jobs.job import Job, cause_of
from recbench.jobs.preparation import Parts, load_folds, prepare
from recbench.jobs.record_labels import description_of
from recbench.jobs.run import evaluate_folds
from recbench.jobs.stored_results import Result
from recbench.protocol.descriptions import describe, now, versions
from recbench.protocol.folds import summary
from recbench.registry.options import plain
from recbench.registry.registry import installed
from recbench.results.records import JobDescription, Outcome, Provenance, Record

Model = str | RatingModel | Callable[[], RatingModel]


def run(job: Job, model: Model, dataset: RatingDataset | None) -> Result:
    """Run the job with the caller's model or dataset instead of those that its configuration names."""
    about = _describe_job(job, model, dataset)
    parts: Parts | None = None
    try:
        make_model = _maker(job, model)
        if not isinstance(model, str):
            about = _describe_model(about, make_model(), model)
        prepared = prepare(job, dataset)
        about = dataclasses.replace(about, dataset=prepared.dataset.name)
        parts = dataclasses.replace(prepared, make_models=[make_model] * len(prepared.folds))
        outcomes = evaluate_folds(job, parts)
        outcome = summary(outcomes, parts.metrics)
    except Exception as error:  # as in a job: a failure is a record
        failed = Outcome(status="failed", cause=cause_of(error))
        return Result(Record(job=about, outcome=failed, provenance=_provenance(parts, dataset)), lambda: None, list)
    record = Record(job=about, outcome=outcome, provenance=_provenance(parts, dataset))
    predictions = [each.predicted for each in outcomes]
    return Result(record, lambda: predictions, lambda: [load() for load in load_folds(job, parts)])


def _provenance(parts: Parts | None, dataset: RatingDataset | None) -> Provenance:
    """Return what the result is computed from; there is no key, as nothing is stored."""
    if parts is None:
        return Provenance(data={} if dataset is None else describe(dataset))
    return Provenance(
        data=describe(parts.dataset),
        split_digest=parts.split_digest,
        versions=versions(),
        created=now(),
    )


def _describe_job(job: Job, model: Model, dataset: RatingDataset | None) -> JobDescription:
    """Return the job's description without the options that the caller's objects replace."""
    about = description_of(job, None if dataset is None else dataset.name)
    if dataset is not None:
        config = {group: value for group, value in about.config.items() if group != "dataset"}
        about = dataclasses.replace(about, config=config)
    if isinstance(model, str):
        return about
    name = getattr(model, "__name__", type(model).__name__)
    config = dict(about.config) | {"model": {"kind": name}}
    return dataclasses.replace(about, model=name, kind=name, user_options=(), config=config)


def _maker(job: Job, model: Model) -> Callable[[], RatingModel]:
    """Return a function that makes an unfitted model, called once per fold."""
    if isinstance(model, str):
        entry, options = config.arguments("model", job.config.model, installed())
        return partial(entry.factory, **options)
    if isinstance(model, RatingModel):
        return partial(dataclasses.replace if dataclasses.is_dataclass(model) else copy.deepcopy, model)
    seeded = "seed" in inspect.signature(model).parameters  # a model's seed follows the run's
    return partial(model, **{"seed": job.config.seed} if seeded else {})


def _describe_model(about: JobDescription, made: Any, model: Model) -> JobDescription:
    """Return the description with the name and the options of the caller's model."""
    if not isinstance(made, RatingModel):
        raise TypeError(f"{model!r} returned {type(made).__name__}; expected a RatingModel")
    name = type(made).__name__
    fields = [each for each in _fields(made) if each.init]
    options = {each.name: _as_json(getattr(made, each.name)) for each in fields}
    defaults = {each.name: _as_json(_default(each)) for each in fields}
    return dataclasses.replace(
        about,
        model=name,
        kind=name,
        user_options=tuple(key for key, value in options.items() if value != defaults[key]),
        seed=options.get("seed", about.seed),
        config=dict(about.config) | {"model": {"kind": name} | options},
    )


def _fields(made: RatingModel) -> Sequence[dataclasses.Field[Any]]:
    return dataclasses.fields(made) if dataclasses.is_dataclass(made) else ()


def _default(field: dataclasses.Field[Any]) -> Any:
    return field.default if field.default_factory is dataclasses.MISSING else field.default_factory()


def _as_json(value: Any) -> Any:
    """Return an option's value as a record holds it: its `repr` if JSON cannot represent it."""
    try:
        json.dumps(plain(value))
    except TypeError:
        return repr(value)
    return plain(value)
