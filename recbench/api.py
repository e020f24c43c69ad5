"""recbench in a notebook: `evaluate` gives one record, `compare` a table, on the command line's own path."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import io
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recbench import config, isolation, jobs, runner, sweeps
from recbench.comparison import compared
from recbench.contracts import RatingDataset, RatingModel
from recbench.labels import split_label
from recbench.messages import explain
from recbench.options import plain
from recbench.records import Record
from recbench.registry import installed
from recbench.rows import rows_of
from recbench.shared import sharing
from recbench.store import Store
from recbench.table import as_csv, as_text, footnotes
from recbench.threads import limit_threads

if TYPE_CHECKING:
    from pandas import DataFrame

Model = str | RatingModel | Callable[[], RatingModel]

LIMITS = ("timeout_s", "memory_mb")

logging.getLogger("recbench").addHandler(logging.NullHandler())  # a job's cause is raised or in its record


@dataclass(frozen=True, eq=False)
class Comparison:
    """Several models on the same rows: their records, and the table that the command line prints."""

    records: tuple[Record, ...]
    store: Path | None  # where their predictions are; None: nowhere, so that rows have no intervals

    @property
    def frame(self) -> DataFrame:
        """A row a model, best first: scores, costs, status and cause; with a store, the difference to the best too."""
        import pandas as pd

        return pd.read_csv(io.StringIO(as_csv(self._rows())))

    def __str__(self) -> str:
        rows = self._rows()
        return "\n".join([as_text(rows), *footnotes(rows)])

    def _rows(self) -> Sequence[Any]:
        rows = rows_of(self.records, sweeps.is_floor)
        return rows if self.store is None else compared(rows, self.records, Store(self.store))


def evaluate(model: Model, *overrides: str, dataset: RatingDataset | None = None) -> Record:
    """Fit and score one model: `evaluate("mf", "model.n_factors=8", "split=k_fold")`.

    `model` is a registered name, a variant's, a model with its options set (its `seed` too), or a class or
    function that makes one; `overrides` are those of the command line. What has been computed before
    comes from the store, as on the command line; a model or a `dataset` that is passed as an object
    is computed anew and kept nowhere.

    Raises:
        ValueError: an override can't be meant, or the job failed; the text says why.
    """
    record = _record(model, overrides, dataset)
    if record.status != "ok":
        raise ValueError(record.cause)
    return record


def compare(models: Sequence[Model], *overrides: str, dataset: RatingDataset | None = None) -> Comparison:
    """Evaluate several models on the same rows, with the floors `bias` and `global_mean` beside them.

    Takes what `evaluate` takes. A model that fails is a row with its cause, and the others go on.

    Raises:
        ValueError: there is no model, or an override can't be meant.
    """
    if not isinstance(models, (list, tuple)) or not models:
        raise ValueError(f'models is {models!r}; give a list: compare(["mf", "item_knn"])')
    named = {model for model in models if isinstance(model, str)}
    floors = [floor for floor in sweeps.FLOORS if floor not in named]
    shared = [each for each in overrides if not _key(each).startswith("model.")]
    records = [_record(model, overrides, dataset) for model in models]
    records += [_record(floor, shared, dataset) for floor in floors]
    by_object = dataset is not None or any(not isinstance(model, str) for model in models)
    return Comparison(tuple(records), None if by_object else Path(records[0].config["store"]))


def _record(model: Model, overrides: Sequence[str], dataset: RatingDataset | None) -> Record:
    by_object = not isinstance(model, str) or dataset is not None
    _check(model, overrides, dataset)
    choice = model if isinstance(model, str) else "bias"  # where a model is passed, the node is not looked at
    composed = _composed([f"model={choice}", *overrides])
    if by_object and (limits := [name for name in LIMITS if composed[name] is not None]):
        raise ValueError(f"{limits[0]} limits a process of its own, which no object can be passed to; leave it out")
    job = jobs.Job(composed, choice, tuple(overrides), store=Path(str(composed["store"])))
    if not by_object:
        return isolation.run(job)
    with sharing(composed["share_mb"]):
        return _with_objects(job, model, dataset)


def _check(model: Model, overrides: Sequence[str], dataset: RatingDataset | None) -> None:
    """Refuse what would be ignored."""
    if not (isinstance(model, (str, RatingModel)) or callable(model)):
        raise ValueError(f"model is {type(model).__name__}; give a name, a RatingModel, or what makes one")
    if not (dataset is None or isinstance(dataset, RatingDataset)):
        raise ValueError(
            f"dataset is {type(dataset).__name__}; give a RatingDataset, "
            'or a file among the overrides: "dataset=ratings_file", "dataset.path=ratings.csv"'
        )
    for each in overrides:
        if _key(each) in ("model", "search") or (_key(each) == "dataset" and dataset is not None):
            why = "only the command line searches" if _key(each) == "search" else f"{_key(each)} is an argument here"
            raise ValueError(f"{each}: {why}; leave it out")
        if _key(each).startswith("dataset.") and dataset is not None:
            raise ValueError(f"{each}: the data set that is passed is as it is; leave it out")
        if _key(each).startswith("model.") and not isinstance(model, str):
            raise ValueError(f"{each}: a model that is passed has its options set; set it there, or name the model")


def _key(override: str) -> str:
    return override.partition("=")[0].lstrip("+~").partition("@")[0]


def _composed(words: Sequence[str]) -> dict[str, Any]:
    try:
        return config.compose(words)
    except Exception as error:
        told = explain(error, installed(), words, ())
        if told is None:
            raise
        swept, is_sweep, _ = told.partition(": add -m")
        raise ValueError(f"{swept}: give one, and call once for each" if is_sweep else told) from None


def _with_objects(job: jobs.Job, model: Model, dataset: RatingDataset | None) -> Record:
    """The record of a job whose model or data set is an object of the caller's."""
    told: dict[str, Any] = {"seed": job.config["seed"], "split": split_label(job.config), "config": job.config}
    try:
        told |= _named(job, model)
        record = _evaluated(job, _maker(job, model), dataset)
    except Exception as error:  # as in a job: a failure is a record
        data = {} if dataset is None else runner.describe(dataset)
        record = Record(dataset=job.config["dataset"]["kind"] if dataset is None else dataset.name, data=data)
        called = model if isinstance(model, str) else getattr(model, "__name__", type(model).__name__)
        told = {"model": called, "status": "failed", "cause": jobs.cause_of(error)} | told
    return dataclasses.replace(record, **told)


def _evaluated(job: jobs.Job, make_model: Callable[[], RatingModel], dataset: RatingDataset | None) -> Record:
    """As a job does it: filter, split, and score each fold."""
    registry = installed()
    if job.config["threads"] is not None:
        limit_threads(job.config["threads"])
    metrics = config.metrics_of(job.config["metrics"], registry)
    split = config.make("split", job.config["split"], registry)
    data = dataset if dataset is not None else config.make("dataset", job.config["dataset"], registry)
    filters = config.filters_of(job.config["filters"])
    if filters and filters.whole_set:
        data = dataclasses.replace(filters.apply(data), name=f"{data.name} {filters}")
    of_train = runner.NO_FILTERS if filters.whole_set else filters
    return runner.evaluate(
        data, split, make_model, metrics, valid_size=job.config["valid_size"], seed=job.config["seed"], filters=of_train
    )


def _maker(job: jobs.Job, model: Model) -> Callable[[], RatingModel]:
    """What makes a model that is not fitted, one a fold."""
    if isinstance(model, str):
        entry, options = config.arguments("model", job.config["model"], installed())
        return partial(entry.factory, **options)
    if isinstance(model, RatingModel):
        return partial(dataclasses.replace if dataclasses.is_dataclass(model) else copy.deepcopy, model)
    seeded = "seed" in inspect.signature(model).parameters  # a model's seed follows the run's
    return partial(model, **{"seed": job.config["seed"]} if seeded else {})


def _named(job: jobs.Job, model: Model) -> Mapping[str, Any]:
    """How the record calls the model."""
    if isinstance(model, str):
        options = {name: value for name, value in job.config["model"].items() if name != "kind"}
        return {"model": model, "kind": job.config["model"]["kind"], "options": options}
    made = _maker(job, model)()
    if not isinstance(made, RatingModel):
        raise TypeError(f"{model!r} made {type(made).__name__}; a RatingModel is wanted")
    name = type(made).__name__
    options = plain(made) if dataclasses.is_dataclass(made) else {}
    return {"model": name, "kind": name, "options": options, "seed": options.get("seed", job.config["seed"])}
