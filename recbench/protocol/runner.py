"""The protocol as one function, the same for every model: split, fit, predict, check, clip, score, record.

It takes objects and returns a record: no configuration, no plugins, no printing, no files.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from recbench.contracts import Metric, RatingDataset, RatingModel, Split
from recbench.protocol.descriptions import describe, now, split_digest, versions
from recbench.protocol.filters import Filters
from recbench.protocol.folds import NO_FILTERS, fold_data, run_folds, summary, validation_splits
from recbench.protocol.handle import InProcessModel, ModelHandle
from recbench.results.records import JobDescription, Provenance, Record, ScoredOn
from recbench.splits import VALID_SIZE


def evaluate(  # noqa: PLR0913  each argument belongs to the protocol
    dataset: RatingDataset,
    split: Split,
    make_model: Callable[[], RatingModel],
    metrics: Mapping[str, Metric],
    *,
    scored_on: ScoredOn = "test",
    valid_size: float = VALID_SIZE,
    seed: int = 0,
    filters: Filters = NO_FILTERS,
) -> Record:
    """Fit and score a new model on every fold of the split.

    `scored_on="valid"` does not use the test sets and scores a validation set instead: `valid_size` of each
    training set. For early stopping, a model with `uses_valid` gets another validation set, cut from the remaining
    training rows. Both are cut by the rule of the split, or at random if it has none for validation, with `seed`.
    Models train on the ratings that `filters` keep; every test row is scored.

    Raises:
        ValueError: a prediction is missing or not finite, or a set is empty.
        ModuleNotFoundError: the model needs a package that is not installed.
    """
    folds = list(split(dataset))
    validation = validation_splits(split, valid_size, seed)

    def new_model() -> ModelHandle:
        return InProcessModel(make_model())

    outcomes = run_folds(
        [partial(fold_data, dataset, fold, scored_on, validation.scored, filters) for fold in folds],
        [new_model] * len(folds),
        metrics,
        validation.early_stopping,
    )
    name = outcomes[0].model_name
    return Record(
        job=JobDescription(
            dataset=dataset.name, split=type(split).__name__, model=name, kind=name, seed=seed, scored_on=scored_on
        ),
        outcome=summary(outcomes, metrics),
        provenance=Provenance(
            data=describe(dataset), split_digest=split_digest(folds), versions=versions(), created=now()
        ),
    )
