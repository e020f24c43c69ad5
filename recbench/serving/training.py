"""The verb `train`: fit a model on everything there is, and save it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from recbench import config, jobs
from recbench.contracts import RatingDataset, RatingModel
from recbench.messages import UsageError, relative
from recbench.metering import cpu_seconds
from recbench.registry import installed
from recbench.saving import save
from recbench.serving.catalogue import Catalogue, with_room
from recbench.serving.served import versions_of
from recbench.splits import Holdout
from recbench.threads import limit_threads

EXAMPLE = "recbench train model=mf dataset=movielens out=my_model"
MEANT = ("model", "dataset", "filters", "seed", "valid_size", "threads")  # what a fit on everything depends on


def train(args: Sequence[str]) -> str:
    """Fit the model on all ratings, save it to `out=FOLDER`, and say what is there.

    Raises:
        UsageError: no folder is named, it is not empty, or what is asked for can't be fitted.
    """
    folder, overrides = _folder(args)
    composed = config.compose(overrides)
    if composed["threads"] is not None:
        limit_threads(composed["threads"])
    try:
        dataset: RatingDataset = config.make("dataset", composed["dataset"], installed())
        entry, options = config.arguments("model", composed["model"], installed())
        rows = config.filters_of(composed["filters"]).apply(dataset)
        before = cpu_seconds()
        model = _fitted(entry.factory(**options), with_room(rows), composed["valid_size"], composed["seed"])
        seconds = cpu_seconds() - before
        save(model, entry.name, folder, _about(entry.name, dataset, composed), Catalogue.of(dataset).arrays())
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
    for word in overrides:
        if word.lstrip("+~").partition("=")[0].partition(".")[0] not in MEANT:
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


def _fitted(model: RatingModel, everything: RatingDataset, valid_size: float, seed: int) -> RatingModel:
    """The model after its fit; one that stops by a validation part gets the part that the runner would cut."""
    if not model.uses_valid:
        return model.fit(everything)
    ((kept, held_out),) = Holdout(valid_size, seed + 1)(everything)
    return model.fit(everything.take(np.asarray(kept)), everything.take(np.asarray(held_out)))


def _about(kind: str, dataset: RatingDataset, composed: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "versions": versions_of(kind),
        "dataset": dataset.name,
        "digest": dataset.digest,
        "config": {name: composed[name] for name in MEANT if name in composed},
    }
