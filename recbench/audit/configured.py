"""The audit of a configuration: compose the dataset, the split and the filters, measure, and judge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from recbench.array_types import IntArray
from recbench.audit.measures import Audit, measure
from recbench.audit.render import findings, warnings
from recbench.config import schema as config
from recbench.config.overrides import first_outside
from recbench.contracts import Fold, RatingDataset
from recbench.jobs.job import PLAIN_ERRORS, Job, cause_of
from recbench.jobs.preparation import prepare
from recbench.jobs.record_labels import split_label
from recbench.protocol.filters import Filters
from recbench.usage import UsageError

GROUPS = ("dataset", "split", "filters")  # that an audit depends on


def audit_configured(overrides: Sequence[str]) -> Audit:
    """Audit the dataset and the split that the overrides name, after their filters.

    Raises:
        UsageError: an override is about something else, or the filters keep no training row.
    """
    if (strange := first_outside(overrides, GROUPS)) is not None:
        raise UsageError(f"{strange!r} does not concern an audit", "give only dataset, split and filters options")
    composed = config.compose(["model=bias", *overrides])
    try:
        parts = prepare(Job(composed, "bias"))
        folds = [(_kept(parts.dataset, train, parts.filters), test) for train, test in parts.folds]
    except PLAIN_ERRORS as error:  # a file that does not exist, a value out of range
        raise UsageError(cause_of(error)) from error
    return audit_of(parts.dataset, folds, split_label(composed))


def audit_of(dataset: RatingDataset, folds: Sequence[Fold], split: str) -> Audit:
    """Audit a dataset and its folds; `split` is the label of the split.

    Raises:
        ValueError: the dataset has no ratings, or there are no folds.
    """
    found = measure(dataset, folds, split)
    return replace(found, findings=tuple(findings(found)), warnings=tuple(warnings(found)))


def _kept(dataset: RatingDataset, train: IntArray, filters: Filters) -> IntArray:
    """Return the training rows that pass the filters.

    Raises:
        ValueError: no row does.
    """
    if not filters:
        return train
    kept = filters.keeps(dataset.take(train))
    if not kept.any():
        raise ValueError(f"filters {filters} leave none of {len(train):,} training rows; loosen them")
    return train[kept]
