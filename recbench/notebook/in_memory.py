"""Objects: jobs whose model or data set is an object of the caller's, run as any job, with nothing on disk."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from recbench.array_types import FloatArray
from recbench.config import schema as config
from recbench.contracts import RatingDataset, RatingModel
from recbench.jobs import job as jobs
from recbench.jobs.record_labels import labels
from recbench.protocol import runner
from recbench.registry.options import plain
from recbench.registry.registry import installed
from recbench.results.records import Record

Model = str | RatingModel | Callable[[], RatingModel]


@dataclass(frozen=True, eq=False)
class Result:
    """A record, and what a comparison needs of it: here in memory, not in the store."""

    record: Record
    predictions: Sequence[FloatArray] | None = None  # a fold each; None: the job failed
    halves: Callable[[], list[tuple[RatingDataset, RatingDataset]]] = list  # what each fold trained on and scored


def run(job: jobs.Job, model: Model, dataset: RatingDataset | None) -> Result:
    """The result of the job with the caller's model, or data set, in place of what its configuration names."""
    told = labels(job)
    if not isinstance(model, str):
        called = getattr(model, "__name__", type(model).__name__)
        told |= {"model": called, "kind": called, "options": {}, "changed": {}}
    passed = [*([] if isinstance(model, str) else ["model"]), *([] if dataset is None else ["dataset"])]
    told["config"] = {name: value for name, value in job.config.items() if name not in passed}
    try:
        make_model = _maker(job, model)
        if not isinstance(model, str):
            told |= _described(make_model(), model, job.config["seed"])
        prepared = jobs.prepare(job, dataset)
        parts = dataclasses.replace(prepared, make_models=[make_model] * len(prepared.folds))
        cut, stop_cut = parts.cuts
        halves = (runner.fold_parts(parts.dataset, fold, job.part, cut, parts.filters) for fold in parts.folds)
        outcomes = [
            runner.run_fold(*half, make_model(), parts.metrics, stop_cut)
            for half, make_model in zip(halves, parts.make_models, strict=True)
        ]
        record = runner.summary(
            parts.dataset, parts.folds, outcomes, parts.metrics, part=job.part, seed=job.config["seed"]
        )
    except Exception as error:  # as in a job: a failure is a record
        data = {} if dataset is None else runner.describe(dataset)
        record = Record(dataset=job.config["dataset"]["kind"] if dataset is None else dataset.name, data=data)
        return Result(dataclasses.replace(record, **told, status="failed", cause=jobs.cause_of(error)))
    predictions = [each.predicted for each in outcomes]
    return Result(dataclasses.replace(record, **told), predictions, partial(jobs.halves, job, parts))


def _maker(job: jobs.Job, model: Model) -> Callable[[], RatingModel]:
    """What makes a model that is not fitted, one a fold."""
    if isinstance(model, str):
        entry, options = config.arguments("model", job.config["model"], installed())
        return partial(entry.factory, **options)
    if isinstance(model, RatingModel):
        return partial(dataclasses.replace if dataclasses.is_dataclass(model) else copy.deepcopy, model)
    seeded = "seed" in inspect.signature(model).parameters  # a model's seed follows the run's
    return partial(model, **{"seed": job.config["seed"]} if seeded else {})


def _described(made: Any, model: Model, seed: int) -> dict[str, Any]:
    """How the record calls a model that was passed, and what of it is no default."""
    if not isinstance(made, RatingModel):
        raise TypeError(f"{model!r} made {type(made).__name__}; a RatingModel is wanted")
    name = type(made).__name__
    fields = [each for each in _fields(made) if each.init]
    options = {each.name: _as_json(getattr(made, each.name)) for each in fields}
    defaults = {each.name: _as_json(_default(each)) for each in fields}
    changed = {key: value for key, value in options.items() if value != defaults[key]}
    return {"model": name, "kind": name, "options": options, "changed": changed, "seed": options.get("seed", seed)}


def _fields(made: RatingModel) -> Sequence[dataclasses.Field[Any]]:
    return dataclasses.fields(made) if dataclasses.is_dataclass(made) else ()


def _default(field: dataclasses.Field[Any]) -> Any:
    return field.default if field.default_factory is dataclasses.MISSING else field.default_factory()


def _as_json(value: Any) -> Any:
    """An option's value as a record holds it; what JSON can't say is told as Python shows it."""
    try:
        json.dumps(plain(value))
    except TypeError:
        return repr(value)
    return plain(value)
