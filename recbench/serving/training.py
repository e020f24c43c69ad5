"""The verb `train`: fit a model on everything there is, and save it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from recbench.config import schema as config
from recbench.config.overrides import Override, first_outside
from recbench.contracts import RatingDataset, RatingModel, Split
from recbench.jobs import job as jobs
from recbench.protocol import runner
from recbench.registry.registry import installed
from recbench.runtime.metering import cpu_seconds
from recbench.runtime.threads import limit_threads
from recbench.serving.catalog import Catalog, add_unknown_slot
from recbench.serving.loaded_model import versions_of
from recbench.serving.model_folder import save
from recbench.splits import asks_own_question
from recbench.usage import UsageError, relative

EXAMPLE = "recbench train model=mf dataset=movielens out=my_model"
MEANT = ("model", "dataset", "filters", "seed", "split", "valid_size", "threads")  # what a fit depends on


def train(args: Sequence[str]) -> str:
    """Fit the model on all ratings, save it to `out=FOLDER`, and say what is there.

    A model that stops by a validation part gets `valid_size` of them for that, cut as `split` does: at
    random unless, say, `split=global_time` asks for the last ratings.

    Raises:
        UsageError: no folder is named, it is not empty, or what is asked for can't be fitted.
    """
    folder, overrides = _folder(args)
    composed = config.compose(overrides)
    if composed["threads"] is not None:
        limit_threads(composed["threads"])
    try:
        entry, options = config.arguments("model", composed["model"], installed())
        model: RatingModel = entry.factory(**options)
        runner.import_requirements(model)  # what is missing is told before a large file has been read
        early_stopping_split = _early_stopping_split(composed, overrides)
        dataset: RatingDataset = config.make("dataset", composed["dataset"], installed())
        rows = config.filters_of(composed["filters"]).apply(dataset)
        before = cpu_seconds()
        model.fit(*runner.fit_arguments(model, add_unknown_slot(rows), early_stopping_split))
        seconds = cpu_seconds() - before
        save(model, entry.name, folder, _about(entry.name, dataset, composed), Catalog.of(dataset).arrays())
    except jobs.PLAIN_ERRORS as error:
        raise UsageError(jobs.cause_of(error)) from error
    size = sum(file.stat().st_size for file in folder.iterdir()) / 1e6
    return "\n".join(
        [
            f"{entry.name}, fitted in {seconds:.1f} s CPU on {rows.n_ratings:,} ratings of {dataset.n_users:,} users "
            f"on {dataset.n_items:,} items ({dataset.name}), is in {relative(folder)} ({size:.1f} MB)",
            f"next: recbench recommend {relative(folder)} --user {dataset.user_ids[0]}",
        ]
    )


def _folder(args: Sequence[str]) -> tuple[Path, list[str]]:
    """The folder to save to, and the other words, which are a configuration's."""
    named = [arg.removeprefix("out=") for arg in args if arg.startswith("out=")]
    overrides = [arg for arg in args if not arg.startswith("out=")]
    if (word := first_outside(overrides, MEANT)) is not None:
        raise UsageError(
            f"'recbench train' has no {word!r}: it fits one model on all ratings; it takes out=FOLDER and "
            f"{', '.join(MEANT)}, and their options: {EXAMPLE}"
        )
    if len(named) != 1 or not named[0]:
        received = f"{len(named)} of them" if named else "none"
        raise UsageError(f"'recbench train' needs one out=FOLDER to save to, got {received}: {EXAMPLE}")
    folder = Path(named[0]).expanduser()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} exists and is no empty folder; choose another one or remove it")
    return folder, overrides


def _early_stopping_split(composed: Mapping[str, Any], overrides: Sequence[str]) -> Split:
    """Return how the set is cut that a model stops by: as in a job, at random where no split is named."""
    split: Split = config.make("split", composed["split"], installed())
    named = [word for word in overrides if Override.parse(word).group == "split"]
    if named and not asks_own_question(split):
        raise UsageError(
            f"{named[0]}: a fit on all ratings has no test part, and this split has no validation parts of its own; "
            "leave it out, and a model that stops by a part of the ratings gets a random one"
        )
    return runner.validation_splits(split, composed["valid_size"], composed["seed"]).early_stopping


def _about(kind: str, dataset: RatingDataset, composed: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "versions": versions_of(kind),
        "dataset": dataset.name,
        "digest": dataset.digest,
        "config": {name: composed[name] for name in MEANT if name in composed},
    }
