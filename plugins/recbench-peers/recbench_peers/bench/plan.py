"""The plan of the benchmark: datasets with their splits, and the models that run on each."""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from recbench.config.variants import conf_dir
from recbench.registry.registry import Entry, installed
from recbench.usage import did_you_mean
from recbench_peers.peer import PeerModel

DATA = "$RECBENCH_DATA"
ALWAYS = ("threads=1", "resume=false", "keep_predictions=false")  # a stored result would cost nothing
SCALE_MODELS: Mapping[str, tuple[str, ...]] = {
    "bias": (),
    "mf": (),
    "item_knn": (),
    "ncf": ("model.n_epochs=1",),  # the cost of an epoch is measured, not the number of epochs
}


@dataclass(frozen=True, eq=False)
class Part:
    """A dataset with its split: one table of the report."""

    key: str
    title: str
    arguments: tuple[str, ...]  # of recbench; the path of a file starts with `DATA`
    file: str = ""  # that the data folder must contain
    models: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # model -> more arguments; empty: all models

    @property
    def is_scale(self) -> bool:
        """Whether this part measures how cost grows with the data, not which model predicts best."""
        return bool(self.models)


@dataclass(frozen=True)
class Task:
    """One process: a model on a part."""

    part: Part
    model: str

    def arguments(self) -> list[str]:
        """Return the arguments of recbench, the same on every machine: the data folder is the variable `DATA`."""
        return [f"model={self.model}", *self.part.arguments, *self.part.models.get(self.model, ()), *ALWAYS]


def holdout(test_size: float) -> tuple[str, ...]:
    """Return the arguments for a random test set, drawn with seed 42."""
    return ("split=holdout", f"split.test_size={test_size}", "split.seed=42")


def synthetic(key: str, n_users: int, n_items: int, n_ratings: int, test_size: float) -> Part:
    """Return a part with synthetic ratings of this size, shaped like MovieLens."""
    sizes = {"n_users": n_users, "n_items": n_items, "n_ratings": n_ratings}
    arguments = ("dataset=synthetic", *(f"dataset.{name}={n}" for name, n in sizes.items()), *holdout(test_size))
    return Part(key, f"Synthetic, {n_ratings:,} ratings", arguments, models=SCALE_MODELS)


PARTS = (
    Part("ml-100k", "ML-100K, u1…u5", ("dataset.release=100k", "split=fixed_folds"), file="ml-100k"),
    Part(
        "latest-small", "latest-small (2018)", ("dataset.release=latest-small", *holdout(0.2)), file="ml-latest-small"
    ),
    Part(
        "ml-1m",
        "ML-1M",
        ("dataset=ratings_file", f"dataset.path={DATA}/ml-1m/ratings.csv.gz", "dataset.name=ml-1m", *holdout(0.1)),
        file="ml-1m/ratings.csv.gz",
    ),
    synthetic("scale-100k", 1_000, 1_700, 100_000, 0.1),
    synthetic("scale-1m", 6_000, 3_700, 1_000_000, 0.1),
    synthetic("scale-10m", 70_000, 10_000, 10_000_000, 0.01),  # 100,000 test rows, as at 1m
)


def choose_parts(names: Sequence[str], parts: Sequence[Part] = PARTS) -> list[Part]:
    """Return the parts with these names, or whose names start with one of them and a hyphen; without names, all.

    Raises:
        LookupError: no part has such a name.
        FileNotFoundError: the file of a part does not exist.
    """
    keys = [part.key for part in parts]
    for name in names:
        if not any(_begins(key, name) for key in keys):
            raise LookupError(f"unknown data {name!r}{did_you_mean(name, keys)} (there are: {', '.join(keys)}, scale)")
    chosen = [part for part in parts if not names or any(_begins(part.key, name) for name in names)]
    folder = Path(os.environ.get("RECBENCH_DATA", ""))
    for part in chosen:
        if part.file and not ("RECBENCH_DATA" in os.environ and (folder / part.file).exists()):
            where = f"of {folder}" if "RECBENCH_DATA" in os.environ else "of RECBENCH_DATA, which is not set"
            raise FileNotFoundError(
                f"no {part.file} in the folder {where}; set RECBENCH_DATA to the folder that holds it, or choose "
                "other data: --data scale needs no file"
            )
    return chosen


def tasks_of(parts: Iterable[Part], models: Sequence[str] = ()) -> list[Task]:
    """Return a task for each chosen model on each part; without a choice, the part's own models or all runnable ones.

    Raises:
        LookupError: a model is unknown or its library is not installed; the message lists the runnable models.
    """
    known = runnable()
    for name in models:
        if name not in known:
            missing = name in installed().entries["model"]
            reason = "needs a library that is not installed" if missing else f"is unknown{did_you_mean(name, known)}"
            raise LookupError(f"model {name!r} {reason} (there are: {', '.join(known)})")
    return [Task(part, model) for part in parts for model in (models or part.models or known)]


def runnable() -> list[str]:
    """Return the registered models and the variants in `conf/`, without peers whose library is not installed."""
    entries = installed().entries["model"]
    variants = [path.stem for path in sorted((conf_dir() / "model").glob("*.yaml"))]
    return [*(name for name, entry in entries.items() if not _lacks_library(entry)), *variants]


def not_installed() -> list[str]:
    """Return the peers whose library is not installed."""
    return [name for name, entry in installed().entries["model"].items() if _lacks_library(entry)]


def _lacks_library(entry: Entry) -> bool:
    factory = entry.factory
    return inspect.isclass(factory) and issubclass(factory, PeerModel) and not factory.is_installed()


def _begins(key: str, name: str) -> bool:
    return key == name or key.startswith(f"{name}-")
