"""The notebook API: `evaluate` returns a record and `compare` a table, by the same code as the command line."""

from __future__ import annotations

import io
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from recbench.config import schema as config
from recbench.config.explain import SeveralValuesError, explain
from recbench.config.job_config import JobConfig
from recbench.config.overrides import Override
from recbench.contracts import RatingDataset, RatingModel
from recbench.datasets.tabular.dataframe import from_frame
from recbench.jobs import subprocess_job as isolation
from recbench.jobs.comparison import add_comparisons
from recbench.jobs.job import Job
from recbench.jobs.stored_results import Result, stored_result
from recbench.notebook import in_memory as objects
from recbench.notebook.in_memory import Model
from recbench.registry.registry import installed
from recbench.results.records import Record
from recbench.results.render import as_csv, as_text, footnotes
from recbench.results.rows import Row, rows_of
from recbench.results.store import open_store
from recbench.runtime.memo import memoizing
from recbench.tuning.baselines import BASELINES, is_baseline
from recbench.usage import InputError

if TYPE_CHECKING:
    from pandas import DataFrame

LIMITS = ("timeout_s", "memory_mb")

logging.getLogger("recbench").addHandler(logging.NullHandler())  # the cause of a failure is raised or in its record


@dataclass(frozen=True, eq=False)
class Comparison:
    """Several models evaluated on the same rows: their records, and the table that the command line prints."""

    results: tuple[Result, ...] = field(repr=False)

    @property
    def records(self) -> tuple[Record, ...]:
        """One record per model, in the order of the call, then those of the baselines."""
        return tuple(result.record for result in self.results)

    @property
    def frame(self) -> DataFrame:
        """One row per model, best first: scores, difference to the best with its interval, costs, status and cause."""
        import pandas as pd

        return pd.read_csv(io.StringIO(as_csv(self._rows)))

    def __str__(self) -> str:
        return "\n".join([as_text(self._rows), *footnotes(self._rows)])

    @cached_property
    def _rows(self) -> Sequence[Row]:
        return add_comparisons(rows_of(self.records, is_baseline), self.results)


def evaluate(model: Model, *overrides: str, dataset: RatingDataset | DataFrame | None = None) -> Record:
    """Fit and score one model: `evaluate("mf", "model.n_factors=8", "split=k_fold")`.

    `model` is the name of a registered model or a variant, a model object with its own options and seed, or a
    class or function that returns one; `overrides` are those of the command line. `dataset` is a `RatingDataset`,
    or a DataFrame with the columns user, item, rating and, optionally, timestamp. As on the command line, results
    are stored and reused; those of a model object or a dataset object are computed again and not stored.

    Raises:
        ValueError: an override or the dataset is not valid, or the job failed; the message says why.
    """
    record = _result(model, overrides, _ratings(dataset)).record
    if record.outcome.status != "ok":
        raise ValueError(record.outcome.cause)
    return record


def compare(models: Sequence[Model], *overrides: str, dataset: RatingDataset | DataFrame | None = None) -> Comparison:
    """Evaluate several models on the same rows, and with them the baselines `bias` and `global_mean`.

    The arguments are those of `evaluate`. A model that fails is a row with its cause, and the others continue. The
    comparison holds the predictions of model objects in memory.

    Raises:
        ValueError: `models` is not a list or is empty, or an override or the dataset is not valid.
    """
    if not isinstance(models, (list, tuple)) or not models:
        raise ValueError(f'models is {models!r}; give a list: compare(["mf", "item_knn"])')
    named = {model for model in models if isinstance(model, str)}
    baselines = [baseline for baseline in BASELINES if baseline not in named]
    shared = [each for each in overrides if not _is_option(each, "model")]
    ratings = _ratings(dataset)
    results = [_result(model, overrides, ratings) for model in models]
    results += [_result(baseline, shared, ratings) for baseline in baselines]
    return Comparison(tuple(results))


def _ratings(dataset: RatingDataset | DataFrame | None) -> RatingDataset | None:
    """Return the dataset itself, or that of a DataFrame."""
    if dataset is None or isinstance(dataset, RatingDataset):
        return dataset
    from pandas import DataFrame

    if not isinstance(dataset, DataFrame):
        raise ValueError(
            f"dataset is {type(dataset).__name__}; give a RatingDataset, a DataFrame, "
            'or a file among the overrides: "dataset=ratings_file", "dataset.path=ratings.csv"'
        )
    try:
        return from_frame(dataset)
    except ValueError as error:
        raise ValueError(f"{error}, in recbench.from_frame(frame, ...), and pass the dataset that it returns") from None


def _result(model: Model, overrides: Sequence[str], dataset: RatingDataset | None) -> Result:
    by_object = not isinstance(model, str) or dataset is not None
    _check(model, overrides, by_data=dataset is not None)
    choice = model if isinstance(model, str) else "bias"  # if a model object is passed, the node is not used
    composed = _composed([f"model={choice}", *overrides])
    if by_object and (limits := [name for name in LIMITS if getattr(composed, name) is not None]):
        raise ValueError(f"{limits[0]} applies only to models and datasets given by name, not to objects; leave it out")
    store = composed.store
    job = Job(composed, choice, tuple(overrides), store=store)
    if not by_object:
        return stored_result(isolation.run(job), open_store(store))
    with memoizing(composed.share_mb):
        return objects.run(job, model, dataset)


def _check(model: Model, overrides: Sequence[str], *, by_data: bool) -> None:
    """Check that no override would be ignored."""
    if not (isinstance(model, (str, RatingModel)) or callable(model)):
        raise ValueError(f"model is {type(model).__name__}; give a name, a RatingModel, or what returns one")
    for each in overrides:
        name = Override.parse(each).name
        if name in ("model", "search") or (name == "dataset" and by_data):
            why = "only the command line searches" if name == "search" else f"{name} is an argument here"
            raise ValueError(f"{each}: {why}; leave it out")
        if _is_option(each, "dataset") and by_data:
            raise ValueError(f"{each}: dataset options do not apply to a dataset object; leave it out")
        if _is_option(each, "model") and not isinstance(model, str):
            raise ValueError(f"{each}: model options do not apply to a model object; set it there, or name the model")


def _is_option(override: str, group: str) -> bool:
    """Return whether the override sets an option of the group, rather than choosing from the group."""
    parsed = Override.parse(override)
    return parsed.group == group and bool(parsed.option)


def _composed(words: Sequence[str]) -> JobConfig:
    try:
        return config.compose(words)
    except Exception as error:
        explained = explain(error, installed(), words, ())
        if explained is None:
            raise
        if isinstance(explained, SeveralValuesError):
            raise InputError(explained.problem, "give one, and call once for each") from None
        raise explained from None
