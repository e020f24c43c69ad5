"""The protocol: split, fit, predict, check, clip, score, record. Equal for every model.

It takes objects and returns a record: no configuration, no plugins, no printing, no files.
"""

from __future__ import annotations

import hashlib
import platform
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any, NamedTuple

import numpy as np

from recbench.array_types import FloatArray, IntArray
from recbench.capabilities import predict_dataset, training_sets, uses_test_timestamps
from recbench.contracts import Fold, Metric, RatingDataset, RatingModel, Split
from recbench.progress import track
from recbench.protocol.filters import Filters
from recbench.protocol.scoring import Scoring
from recbench.registry.requirements import install_advice
from recbench.results.records import JobDescription, Outcome, Provenance, Record, Score, ScoredOn
from recbench.runtime.memo import reused_cpu_seconds
from recbench.runtime.metering import PeakMemory, cpu_seconds, processor
from recbench.runtime.quiet_import import import_quietly
from recbench.splits import Holdout, validation_split

NO_FILTERS = Filters()


@dataclass(frozen=True, eq=False)
class FoldOutcome:
    """What one fold gave; rows are counts, seconds are CPU."""

    predicted: FloatArray  # (n_scored,) float32, clipped to the scale
    scores: Mapping[str, float]
    n_train: int
    n_scored: int
    n_cold: int
    n_fallback: int
    fit_seconds: float
    predict_seconds: float
    peak_memory_mb: float | None
    uses_time: bool = False  # whether the model was told when each scored rating was given


def evaluate(  # noqa: PLR0913  each is a part of the protocol
    dataset: RatingDataset,
    split: Split,
    make_model: Callable[[], RatingModel],
    metrics: Mapping[str, Metric],
    *,
    scored_on: ScoredOn = "test",
    valid_size: float = 0.1,
    seed: int = 0,
    filters: Filters = NO_FILTERS,
) -> Record:
    """Fit and score a new model on every fold of the split.

    `scored_on="valid"` leaves the test rows alone and scores on `valid_size` of each fold's train
    instead. A model with `uses_valid` gets another such part, cut from what it trains on. Both are
    cut as the split does, at random where it has no way of its own; `seed` is that of both cuts. A model
    trains on what `filters` keep; every test row is scored.

    Raises:
        ValueError: a prediction is missing or not finite, or a part is empty.
        ModuleNotFoundError: the model needs a package that is not installed.
    """
    folds = list(split(dataset))
    validation = validation_splits(split, valid_size, seed)
    outcomes = []
    called = ""
    for fold in track(folds, "folds"):
        model = make_model()
        called = type(model).__name__
        train, scored = fold_parts(dataset, fold, scored_on, validation.scored, filters)
        outcomes.append(run_fold(train, scored, model, metrics, validation.early_stopping))
    return Record(
        job=JobDescription(
            dataset=dataset.name,
            split=type(split).__name__,
            model=called,
            kind=called,
            seed=seed,
            scored_on=scored_on,
        ),
        outcome=summary(outcomes, metrics),
        provenance=Provenance(
            data=describe(dataset), split_digest=split_digest(folds), versions=versions(), created=now()
        ),
    )


class ValidationSplits(NamedTuple):
    """How validation sets are cut from a fold's training set; both ask the question of the fold's own split."""

    scored: Split  # cuts the set that candidates are scored on
    early_stopping: Split  # cuts, from what is left, the set that a model with `uses_valid` stops by


def validation_splits(split: Split, valid_size: float, seed: int) -> ValidationSplits:
    """Return how validation sets of `valid_size` are cut under this split."""
    # not the same seed: the same draw on fewer rows would follow the first
    return ValidationSplits(validation_split(split, valid_size, seed), validation_split(split, valid_size, seed + 1))


def fold_parts(
    dataset: RatingDataset, fold: Fold, scored_on: ScoredOn, validation: Split, filters: Filters = NO_FILTERS
) -> tuple[RatingDataset, RatingDataset]:
    """Return what to train on, filtered, and what to score, each a dataset that owns its arrays.

    `validation` cuts a validation set from the training set.
    """
    train_rows, test_rows = fold
    if scored_on == "test":
        if len(test_rows) == 0:
            raise ValueError("a fold has no test row; choose a larger test part")
        return filters.apply(dataset.take(train_rows)), dataset.take(test_rows)
    train = dataset.take(train_rows)
    ((kept, scored),) = validation(train)
    return filters.apply(train.take(kept)), train.take(scored)


def run_fold(
    train: RatingDataset,
    scored: RatingDataset,
    model: RatingModel,
    metrics: Mapping[str, Metric],
    early_stopping_split: Split,
) -> FoldOutcome:
    """Fit the model on one fold's training set and score what it predicts for `scored`."""
    users, items = scored.user_idx, scored.item_idx
    cold = ~(np.isin(users, train.user_idx) & np.isin(items, train.item_idx))
    fitted_on, valid = fit_arguments(model, train, early_stopping_split)
    import_requirements(model)
    memory, start = PeakMemory(), _cost()
    model.fit(fitted_on, valid)
    fitted = _cost()
    raw = np.asarray(predict_dataset(model, scored), np.float64)
    done = _cost()
    peak = memory.megabytes()
    # float32 before scoring: scores taken again from stored predictions are then the same
    predicted = _checked(raw, users, items, model).clip(*train.rating_scale).astype(np.float32)
    scoring = Scoring(train, scored, model)
    return FoldOutcome(
        predicted=predicted,
        scores={name: scoring.score(metric, predicted) for name, metric in metrics.items()},
        n_train=train.n_ratings,
        n_scored=scored.n_ratings,
        n_cold=int(np.count_nonzero(cold)),
        n_fallback=int(np.count_nonzero(model.is_fallback(users, items))),
        fit_seconds=fitted - start,
        predict_seconds=done - fitted,
        peak_memory_mb=peak,
        uses_time=uses_test_timestamps(model, scored),
    )


def fit_arguments(
    model: RatingModel, train: RatingDataset, early_stopping_split: Split
) -> tuple[RatingDataset, RatingDataset | None]:
    """Return what the model's `fit` takes, the validation set cut as the split asks, also those of its members."""
    # where the rows are random, a stack draws those of its members from its own seed
    own_question = None if isinstance(early_stopping_split, Holdout) else early_stopping_split
    return training_sets(model, train, early_stopping_split, own_question)


def summary(outcomes: Sequence[FoldOutcome], metrics: Mapping[str, Metric]) -> Outcome:
    """Return the outcome of all folds together."""
    n_scored = sum(outcome.n_scored for outcome in outcomes)
    peaks = [outcome.peak_memory_mb for outcome in outcomes if outcome.peak_memory_mb is not None]
    return Outcome(
        scores={
            name: Score.over([each.scores[name] for each in outcomes], greater_is_better=metric.greater_is_better)
            for name, metric in metrics.items()
        },
        n_folds=len(outcomes),
        n_train=sum(outcome.n_train for outcome in outcomes),
        n_scored=n_scored,
        cold_share=sum(outcome.n_cold for outcome in outcomes) / n_scored,
        fallback_share=sum(outcome.n_fallback for outcome in outcomes) / n_scored,
        fit_seconds=sum(outcome.fit_seconds for outcome in outcomes),
        predict_seconds=sum(outcome.predict_seconds for outcome in outcomes),
        peak_memory_mb=max(peaks, default=None),
        uses_time=any(outcome.uses_time for outcome in outcomes),
    )


def rescored(
    metric: Metric, halves: Sequence[tuple[RatingDataset, RatingDataset]], predictions: Sequence[FloatArray]
) -> Score:
    """The score of predictions made earlier; `halves` are each fold's train and scored part.

    Raises:
        ValueError: the predictions are of other rows.
    """
    folds = [
        Scoring(train, scored, None).score(metric, predicted)
        for (train, scored), predicted in zip(halves, predictions, strict=True)
    ]
    return Score.over(folds, greater_is_better=metric.greater_is_better)


def describe(dataset: RatingDataset) -> dict[str, Any]:
    """Size, scale and digest of a data set, as they stand in a record."""
    return {
        "n_users": dataset.n_users,
        "n_items": dataset.n_items,
        "n_ratings": dataset.n_ratings,
        "rating_scale": list(dataset.rating_scale),
        "digest": dataset.digest,
    }


def split_digest(folds: Sequence[Fold]) -> str:
    """SHA-256 over the train and test rows of all folds."""
    content = hashlib.sha256()
    for rows in (rows for fold in folds for rows in fold):
        content.update(len(rows).to_bytes(8, "little") + np.asarray(rows, np.int64).tobytes())
    return content.hexdigest()


def versions() -> dict[str, str]:
    """Return the versions of Python, recbench and the heavy packages that are loaded, and the processor's name."""
    loaded = [name for name in ("numpy", "scipy", "numba", "tensorflow") if name in sys.modules]
    packages = {name: version(name) for name in ("recbench", *loaded)}
    return {"python": platform.python_version()} | packages | {"processor": processor()}


def now() -> str:
    """Return the time of day as a record has it: ISO 8601, UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _cost() -> float:
    """CPU seconds so far, those included that work shared with earlier jobs would have taken."""
    return cpu_seconds() + reused_cpu_seconds()


def import_requirements(model: RatingModel) -> None:
    """Import what the model needs before the clock starts: an import is not part of a fit."""
    for name in model.requires:
        try:
            import_quietly(name)
        except ModuleNotFoundError as error:
            if error.name != name.partition(".")[0]:
                raise
            raise ModuleNotFoundError(f"{name} is not installed; {install_advice(model, name)}", name=name) from error


def _checked(predicted: FloatArray, users: IntArray, items: IntArray, model: RatingModel) -> FloatArray:
    name = type(model).__name__
    if predicted.shape != users.shape:
        raise ValueError(
            f"model {name} predicted shape {predicted.shape} for {len(users)} pairs; give one rating a pair"
        )
    bad = np.flatnonzero(~np.isfinite(predicted))
    if len(bad):
        first = f"first for user_idx {users[bad[0]]}, item_idx {items[bad[0]]}"
        raise ValueError(f"model {name} predicted {len(bad):,} values that are not finite (of {len(users):,}), {first}")
    return predicted
