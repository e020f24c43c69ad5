"""`recbench audit`: what a data set and a split are, what leaks between train and test, what noise is left."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

from recbench.array_types import IntArray
from recbench.audit.measures import Audit, audit_of
from recbench.audit.render import lines
from recbench.config import schema as config
from recbench.config.overrides import first_outside
from recbench.contracts import RatingDataset
from recbench.jobs import job as jobs
from recbench.jobs.record_labels import split_label
from recbench.protocol.filters import Filters
from recbench.usage import CheckFailed, Parser, UsageError

__all__ = ["Audit", "audit", "audit_of"]

ABOUT = ("dataset", "split", "filters")


def audit(args: Sequence[str]) -> str:
    """Audit the data set and the split that the overrides name, after their filters.

    Raises:
        UsageError: an override is about something else, or filters leave nothing.
        Unmet: train and test overlap, or a pair stands in the data twice.
    """
    usage = "recbench audit [dataset=... dataset.<option>=...] [split=...] [filters.<option>=...] [--json]"
    parser = Parser("recbench audit", usage, add_help=False)
    parser.add_argument("overrides", nargs="*")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_intermixed_args(args)
    if (strange := first_outside(asked.overrides, ABOUT)) is not None:
        raise UsageError(f"{strange!r}: an audit is of a data set, a split and filters alone ({usage})")
    composed = config.compose(["model=bias", *asked.overrides])
    try:
        parts = jobs.prepare(jobs.Job(composed, "bias"))
        folds = [(_kept(parts.dataset, train, parts.filters), test) for train, test in parts.folds]
    except jobs.PLAIN_ERRORS as error:  # a path, a time or a number that can't be had
        raise UsageError(jobs.cause_of(error)) from error
    found = audit_of(parts.dataset, folds, split_label(composed))
    text = json.dumps(asdict(found), indent=1, ensure_ascii=False) if asked.json else "\n".join(lines(found))
    if found.findings:
        raise CheckFailed(text)
    return text


def _kept(dataset: RatingDataset, train: IntArray, filters: Filters) -> IntArray:
    """The training rows that a model is given."""
    if not filters:
        return train
    kept = filters.keeps(dataset.take(train))
    if not kept.any():
        raise ValueError(f"filters {filters} leave none of {len(train):,} training rows; loosen them")
    return train[kept]
