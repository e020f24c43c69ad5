"""Fit a model on all ratings of a dataset and save it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from recbench.capabilities import training_sets
from recbench.config import schema as config
from recbench.config.job_config import JobConfig
from recbench.config.overrides import Override, first_outside
from recbench.contracts import RatingDataset, RatingModel, Split
from recbench.jobs.job import PLAIN_ERRORS, cause_of
from recbench.protocol.folds import validation_splits
from recbench.protocol.handle import import_requirements
from recbench.registry.registry import installed
from recbench.runtime.metering import cpu_seconds
from recbench.runtime.threads import limit_threads
from recbench.serving.catalog import Catalog, add_unknown_slot
from recbench.serving.model_folder import save
from recbench.serving.model_versions import versions_of
from recbench.splits import asks_own_question
from recbench.usage import UsageError, relative

FIT_GROUPS = ("model", "dataset", "filters", "seed", "split", "valid_size", "threads")  # what a fit depends on


def train(overrides: Sequence[str], folder: Path) -> str:
    """Fit the model that the overrides name on all ratings, save it to `folder`, and return a summary.

    A model with early stopping gets a validation set of `valid_size` of the ratings, cut as `split` cuts it: at
    random unless, say, `split=global_time` asks for the last ratings.

    Raises:
        UsageError: `folder` is not empty, an override does not concern a fit, or the fit failed.
    """
    _check(overrides, folder)
    composed = config.compose(overrides)
    if composed.threads is not None:
        limit_threads(composed.threads)
    try:
        entry, options = config.arguments("model", composed.model, installed())
        model: RatingModel = entry.factory(**options)
        import_requirements(model)  # checked before a large file is read
        early_stopping_split = _early_stopping_split(composed, overrides)
        dataset: RatingDataset = config.make("dataset", composed.dataset, installed())
        rows = config.filters_of(composed.filters).apply(dataset)
        before = cpu_seconds()
        model.fit(*training_sets(model, add_unknown_slot(rows), early_stopping_split))
        seconds = cpu_seconds() - before
        save(model, entry.name, folder, _about(entry.name, dataset, composed), Catalog.of(dataset).arrays())
    except PLAIN_ERRORS as error:
        raise UsageError(cause_of(error)) from error
    size = sum(file.stat().st_size for file in folder.iterdir()) / 1e6
    return "\n".join(
        [
            f"{entry.name}, fitted in {seconds:.1f} s CPU on {rows.n_ratings:,} ratings of {dataset.n_users:,} users "
            f"on {dataset.n_items:,} items ({dataset.name}), is in {relative(folder)} ({size:.1f} MB)",
            f"next: recbench recommend {relative(folder)} --user {dataset.user_ids[0]}",
        ]
    )


def _check(overrides: Sequence[str], folder: Path) -> None:
    """Check that every override concerns a fit and that the folder is new or empty.

    Raises:
        UsageError: an override is about something else, or `folder` has content.
    """
    if (word := first_outside(overrides, FIT_GROUPS)) is not None:
        raise UsageError(
            f"'recbench train' has no {word!r}: it fits one model on all ratings",
            f"give out=FOLDER, {', '.join(FIT_GROUPS)} and their options",
        )
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} exists and is not an empty folder", "choose another one or remove it")


def _early_stopping_split(composed: JobConfig, overrides: Sequence[str]) -> Split:
    """Return the split that cuts the validation set: the one of a job, at random if no split is named."""
    split: Split = config.make("split", composed.split, installed())
    named = [word for word in overrides if Override.parse(word).group == "split"]
    if named and not asks_own_question(split):
        raise UsageError(
            f"{named[0]}: a fit on all ratings has no test set, and this split has no validation sets of its own",
            "leave it out: a model with early stopping then gets a random validation set",
        )
    return validation_splits(split, composed.valid_size, composed.seed).early_stopping


def _about(kind: str, dataset: RatingDataset, composed: JobConfig) -> dict[str, Any]:
    plain = composed.to_plain()
    return {
        "versions": versions_of(kind),
        "dataset": dataset.name,
        "digest": dataset.digest,
        "config": {name: plain[name] for name in FIT_GROUPS},
    }
