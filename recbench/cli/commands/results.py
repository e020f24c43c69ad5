"""List the results in the store, oldest first."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import fields

from recbench.cli.command import Parser
from recbench.cli.record_filters import FILTERS, record_filter
from recbench.registry.options import meanings
from recbench.results.records import PARTS, SCHEMA
from recbench.results.rows import rows_of
from recbench.results.store import DEFAULT_STORE, Store, open_store
from recbench.results.tables import aligned

EXAMPLES = (
    ("recbench results model=mf dataset=movielens*", "list the results of mf on MovieLens, with their keys"),
    ("recbench results --fields", "list the fields of a record.json and what they mean"),
)
SHORT_KEY = 10  # characters of a key that are shown; enough to identify it


def add_arguments(parser: Parser) -> None:
    """Declare the filters and the store."""
    parser.add_argument(
        "filters",
        nargs="*",
        metavar="NAME=VALUE",
        help=f"list only matching results: {', '.join(FILTERS)} or model.<option>; * in a value matches any text",
    )
    parser.add_argument("--fields", action="store_true", help="list the fields of a record instead")
    parser.add_argument(
        "--store", default=DEFAULT_STORE, metavar="URL", help="results store, a folder or a URL (default: %(default)s)"
    )


def run(options: Namespace) -> str:
    """Return a line for each stored result that matches the filters, or the meanings of a record's fields.

    Raises:
        UsageError: a filter is not valid.
    """
    return _fields() if options.fields else _listed(open_store(options.store), options.filters)


def _listed(store: Store, filters: list[str]) -> str:
    matches = record_filter(filters)
    found = [(key, store.record(key)) for key in store]
    lines = [["key", "created", "scored on", "dataset", "split", "model", "options", "score"]]
    for key, record in found:
        if record is not None and matches(record):
            (row,) = rows_of([record])
            job = record.job
            created = record.provenance.created[:16]
            scores = [f"{name} {score.mean:.4f}" for name, score in record.outcome.scores.items()]
            label = row.label()
            cells = [key[:SHORT_KEY], created, job.scored_on, job.dataset, job.split, job.model, label]
            lines.append([*cells, (scores or [record.outcome.status])[0]])
    unread = [store.is_old(key) for key, record in found if record is None]
    corrupt = f", {unread.count(False)} corrupt; will be recomputed" if False in unread else ""
    old = f", {unread.count(True)} written by an older version; will be recomputed" if True in unread else ""
    return "\n".join([*aligned(lines), f"{len(lines) - 1} of {len(found)} results in {store}{corrupt}{old}"])


def _fields() -> str:
    """Return the name, type and meaning of each field of a record, from the comments in its source."""
    lines = [["field", "type", "meaning"]]
    for name, part in PARTS.items():
        meaning_of = meanings(part)
        lines += [[f"{name}.{each.name}", str(each.type), meaning_of[each.name]] for each in fields(part)]
    return "\n".join([*aligned(lines), f"schema {SCHEMA}; fields that a newer version adds are preserved"])
