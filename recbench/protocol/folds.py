"""The fold loop: each fold's training and scored sets, one fitted model per fold, and the summary of all folds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from recbench.array_types import FloatArray
from recbench.contracts import Fold, Metric, RatingDataset, Split
from recbench.progress import CheckpointListener, track
from recbench.protocol.clipping import check_finite, clip_to_scale
from recbench.protocol.filters import Filters
from recbench.protocol.handle import ModelHandle
from recbench.protocol.scoring import Scoring
from recbench.results.records import Outcome, Score, ScoredOn
from recbench.splits import validation_split

NO_FILTERS = Filters()


class FoldData(NamedTuple):
    """The training set and the scored set of one fold; each owns its arrays."""

    train: RatingDataset
    scored: RatingDataset


class ValidationSplits(NamedTuple):
    """How validation sets are cut from a fold's training set: both by the same rule as the fold itself."""

    scored: Split  # cuts the set that candidates are scored on
    early_stopping: Split  # cuts, from the remaining rows, the set that models with `uses_valid` stop by


@dataclass(frozen=True, eq=False)
class FoldOutcome:
    """The outcome of one fold; `n_` fields count rows, seconds are CPU seconds."""

    model_name: str  # name of the model's class
    predicted: FloatArray  # (n_scored,) float32, clipped to the rating scale
    scores: Mapping[str, float]
    n_train: int
    n_scored: int
    n_cold: int
    n_fallback: int
    fit_seconds: float
    predict_seconds: float
    peak_memory_mb: float | None
    uses_time: bool = False  # whether the model saw the timestamps of the scored rows


def validation_splits(split: Split, valid_size: float, seed: int) -> ValidationSplits:
    """Return how validation sets of `valid_size` are cut under this split."""
    # another seed, or the second draw would be correlated with the first
    return ValidationSplits(validation_split(split, valid_size, seed), validation_split(split, valid_size, seed + 1))


def fold_data(
    dataset: RatingDataset, fold: Fold, scored_on: ScoredOn, validation: Split, filters: Filters = NO_FILTERS
) -> FoldData:
    """Return the filtered training set and the scored set; `validation` cuts a validation set from the training set.

    Raises:
        ValueError: the test set is empty.
    """
    train_rows, test_rows = fold
    if scored_on == "test":
        if len(test_rows) == 0:
            raise ValueError("a fold has no test row; choose a larger test set")
        return FoldData(filters.apply(dataset.take(train_rows)), dataset.take(test_rows))
    train = dataset.take(train_rows)
    ((kept, scored),) = validation(train)
    return FoldData(filters.apply(train.take(kept)), train.take(scored))


def run_folds(
    load_folds: Sequence[Callable[[], FoldData]],
    make_models: Sequence[Callable[[], ModelHandle]],
    metrics: Mapping[str, Metric],
    early_stopping_split: Split,
    checkpoint_listener_of: Callable[[int, FoldData], CheckpointListener | None] = lambda *_: None,
) -> list[FoldOutcome]:
    """Fit and score a new model on every fold, one after the other, loading each fold's data just before.

    `checkpoint_listener_of(number, fold)` returns the listener that may end the fit of that fold.

    Raises:
        ValueError: a prediction is missing or not finite, or a set is empty.
        ModuleNotFoundError: the model needs a package that is not installed.
        PrunedError: a listener ended a fit.
    """
    outcomes = []
    pairs = list(zip(load_folds, make_models, strict=True))
    for number, (load_fold, make_model) in enumerate(track(pairs, "folds")):
        fold = load_fold()
        listener = checkpoint_listener_of(number, fold)
        outcomes.append(run_fold(fold.train, fold.scored, make_model(), metrics, early_stopping_split, listener))
    return outcomes


def run_fold(
    train: RatingDataset,
    scored: RatingDataset,
    model: ModelHandle,
    metrics: Mapping[str, Metric],
    early_stopping_split: Split,
    on_checkpoint: CheckpointListener | None = None,
) -> FoldOutcome:
    """Fit the model on one fold's training set and score its predictions for `scored`.

    Raises:
        ValueError: a prediction is missing or not finite.
    """
    users, items = scored.user_idx, scored.item_idx
    cold = ~(np.isin(users, train.user_idx) & np.isin(items, train.item_idx))
    model.fit(train, early_stopping_split, on_checkpoint)
    raw = model.predict(scored)
    finite = check_finite(raw, users, items, f"model {model.name} predicted")
    predicted = clip_to_scale(finite, train.rating_scale)
    scoring = Scoring(train, scored, model)
    return FoldOutcome(
        model_name=model.name,
        predicted=predicted,
        scores={name: scoring.score(metric, predicted) for name, metric in metrics.items()},
        n_train=train.n_ratings,
        n_scored=scored.n_ratings,
        n_cold=int(np.count_nonzero(cold)),
        n_fallback=int(np.count_nonzero(model.is_fallback(users, items))),
        fit_seconds=model.fit_seconds,
        predict_seconds=model.predict_seconds,
        peak_memory_mb=model.peak_memory_mb,
        uses_time=model.uses_time(scored),
    )


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


def score_again(metric: Metric, folds: Sequence[FoldData], predictions: Sequence[FloatArray]) -> Score:
    """Return the score of predictions made earlier, one array per fold.

    Raises:
        ValueError: the predictions do not match the rows, or the metric needs the fitted model.
    """
    scores = [
        Scoring(fold.train, fold.scored, None).score(metric, predicted)
        for fold, predicted in zip(folds, predictions, strict=True)
    ]
    return Score.over(scores, greater_is_better=metric.greater_is_better)
