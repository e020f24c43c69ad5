"""recbench in a notebook: `evaluate` gives one record, `compare` a table, on the command line's own path."""

from __future__ import annotations

import dataclasses
import io
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recbench import config, jobs, runner, sweeps
from recbench.comparison import compared
from recbench.contracts import RatingDataset, RatingModel
from recbench.messages import explain
from recbench.records import Record
from recbench.registry import installed
from recbench.rows import rows_of
from recbench.store import Store
from recbench.table import as_csv, as_text, footnotes

if TYPE_CHECKING:
    from pandas import DataFrame

FLOORS = ("bias", "global_mean")

logging.getLogger("recbench").addHandler(logging.NullHandler())  # a job's cause is raised or in its record


@dataclass(frozen=True, eq=False)
class Comparison:
    """Several models on the same rows: their records, and the table that the command line prints."""

    records: tuple[Record, ...]
    store: Path | None  # where their predictions are; None: nowhere, so that rows have no intervals

    @property
    def frame(self) -> DataFrame:
        """A row a model, best first: scores, difference to the best with its interval, costs, status and cause."""
        import pandas as pd

        return pd.read_csv(io.StringIO(as_csv(self._rows())))

    def __str__(self) -> str:
        rows = self._rows()
        return "\n".join([as_text(rows), *footnotes(rows)])

    def _rows(self) -> Sequence[Any]:
        rows = rows_of(self.records, sweeps.is_floor)
        return rows if self.store is None else compared(rows, self.records, Store(self.store))


def evaluate(model: str | RatingModel, *overrides: str, dataset: RatingDataset | None = None) -> Record:
    """Fit and score one model: `evaluate("mf", "model.n_factors=8", "split=k_fold")`.

    `model` is a registered name, a variant's, or a model with its options set; `overrides` are those of
    the command line. What has been computed before comes from the store, as on the command line; a
    model or a `dataset` that is passed as an object is computed anew and kept nowhere.

    Raises:
        ValueError: an override can't be meant, or the job failed; the text says why.
    """
    record = _record(model, overrides, dataset)
    if record.status != "ok":
        raise ValueError(record.cause)
    return record


def compare(models: Sequence[str | RatingModel], *overrides: str, dataset: RatingDataset | None = None) -> Comparison:
    """Evaluate several models on the same rows, with the floors `bias` and `global_mean` beside them.

    Takes what `evaluate` takes. A model that fails is a row with its cause, and the others go on.

    Raises:
        ValueError: there is no model, or an override can't be meant.
    """
    if isinstance(models, str) or not models:
        raise ValueError(f'models is {models!r}; give a list: compare(["mf", "item_knn"])')
    named = {model for model in models if isinstance(model, str)}
    floors = [floor for floor in FLOORS if floor not in named]
    shared = [each for each in overrides if not each.lstrip("+").startswith("model.")]
    records = [_record(model, overrides, dataset) for model in models]
    records += [_record(floor, shared, dataset) for floor in floors]
    by_object = dataset is not None or any(not isinstance(model, str) for model in models)
    return Comparison(tuple(records), None if by_object else Path(records[0].config["store"]))


def _record(model: str | RatingModel, overrides: Sequence[str], dataset: RatingDataset | None) -> Record:
    choice = model if isinstance(model, str) else "bias"
    words = [f"model={choice}", *overrides]
    try:
        composed = config.compose(words)
    except Exception as error:
        told = explain(error, installed(), words, ())
        if told is None:
            raise
        raise ValueError(told) from None
    job = jobs.Job(composed, choice, tuple(overrides), store=Path(str(composed["store"])))
    if isinstance(model, str) and dataset is None:
        return jobs.run(job)
    return _with_objects(job, model, dataset)


def _with_objects(job: jobs.Job, model: str | RatingModel, dataset: RatingDataset | None) -> Record:
    """The record of a job whose model or data set is an object of the caller's."""
    registry = installed()
    metrics = config.metrics_of(job.config["metrics"], registry)
    split = config.make("split", job.config["split"], registry)
    data = dataset if dataset is not None else config.make("dataset", job.config["dataset"], registry)
    if isinstance(model, str):
        entry, options = config.arguments("model", job.config["model"], registry)
        name, make_model = model, lambda: entry.factory(**options)
    else:
        options = {field.name: getattr(model, field.name) for field in dataclasses.fields(model)}  # type: ignore[arg-type]
        name, make_model = type(model).__name__, lambda: type(model)(**options)
    told: dict[str, Any] = {
        "model": name,
        "kind": name,
        "options": options,
        "split": jobs.split_label(job.config),
        "config": job.config,
    }
    try:
        record = runner.evaluate(
            data, split, make_model, metrics, valid_size=job.config["valid_size"], seed=job.config["seed"]
        )
    except Exception as error:  # as in a job: a failure is a record
        return Record(status="failed", cause=jobs.cause_of(error), dataset=data.name, **told)
    return dataclasses.replace(record, **told)
