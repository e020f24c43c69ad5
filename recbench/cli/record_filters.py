"""Filters over records: `name=value`, as `recbench results` and `recbench table` take them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase

from recbench.results.records import Record
from recbench.usage import UsageError, did_you_mean

log = logging.getLogger(__name__)

FILTERS = ("dataset", "split", "model", "kind", "scored_on", "status", "seed")
OLD_FILTERS = {"part": "scored_on"}  # accepted until 0.3


def record_filter(filters: Sequence[str]) -> Callable[[Record], bool]:
    """Return a function that says whether a record matches every `name=value`; `*` in a value matches any text.

    Raises:
        UsageError: a filter is not of that form, or its name is unknown.
    """
    wanted = [_parsed(each) for each in filters]

    def matches(record: Record) -> bool:
        known = {name: getattr(record.outcome if name == "status" else record.job, name) for name in FILTERS}
        known |= {f"model.{name}": value for name, value in record.job.options.items()}
        return all(name in known and fnmatchcase(str(known[name]), value) for name, value in wanted)

    return matches


def _parsed(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise UsageError(
            f"{text!r} is not a valid filter", "write name=value: model=mf, dataset=movielens*, scored_on=test"
        )
    if name in OLD_FILTERS:
        log.warning("the filter %s= is now %s=; the old name works for one release", name, OLD_FILTERS[name])
        name = OLD_FILTERS[name]
    if name not in FILTERS and not name.startswith("model."):
        known = f"(filters: {', '.join(FILTERS)}, and model.<option>)"
        raise UsageError(f"unknown filter {name!r}{did_you_mean(name, FILTERS)} {known}")
    return name, value
