"""Print one table of one or several sweeps, or of stored results."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Sequence
from pathlib import Path

from recbench.cli.command import Parser
from recbench.cli.record_filters import record_filter
from recbench.jobs.comparison import add_comparisons
from recbench.jobs.stored_results import stored_results
from recbench.results.records import Record, read_records
from recbench.results.render import as_csv, as_markdown, as_text, footnotes
from recbench.results.rows import Row, rows_of
from recbench.results.store import DEFAULT_STORE, Store, open_store
from recbench.tuning.baselines import is_baseline
from recbench.usage import UsageError

EXAMPLES = (
    ("recbench table outputs/2026-01-31/10-00-00 --format csv", "print a sweep's table as CSV"),
    ("recbench table dataset=movielens* scored_on=test", "compare all stored test results on MovieLens"),
)
FORMATS: dict[str, Callable[[Sequence[Row]], str]] = {"text": as_text, "markdown": as_markdown, "csv": as_csv}


def add_arguments(parser: Parser) -> None:
    """Declare the folders or filters, the format and the store."""
    parser.add_argument(
        "sources",
        nargs="*",
        metavar="FOLDER|NAME=VALUE",
        help="folders of sweeps, or filters over the store as in `recbench results`",
    )
    parser.add_argument("--format", choices=list(FORMATS), default="text", help="format (default: %(default)s)")
    parser.add_argument(
        "--store", default=DEFAULT_STORE, metavar="URL", help="results store, a folder or a URL (default: %(default)s)"
    )


def run(options: Namespace) -> str:
    """Return the table of the records in the folders, or in the store, that match the filters.

    Raises:
        UsageError: a folder does not exist, a filter is not valid, or no record matches.
    """
    folders = [Path(source) for source in options.sources if "=" not in source]
    if missing := [folder for folder in folders if not folder.is_dir()]:
        raise UsageError(f"no folder {missing[0]}", "name a sweep's folder, or filters like model=mf")
    store = open_store(options.store)
    matches = record_filter([source for source in options.sources if "=" in source])
    records = [record for record in _latest(folders, store) if matches(record)]
    if not records:
        raise UsageError("no record matches", f"`recbench results` lists what is in {store}")
    rows = add_comparisons(rows_of(records, is_baseline), stored_results(records, store))
    notes = footnotes(rows) if options.format == "text" else []
    return "\n".join([FORMATS[options.format](rows).rstrip("\n"), *notes])


def _latest(folders: Sequence[Path], store: Store) -> list[Record]:
    """Return the records in the folders, or in the store if there are none; of each key the last one."""
    stored = (store.record(key) for key in store)
    found = [record for folder in folders for record in read_records(folder)] if folders else stored
    latest = {record.provenance.key or str(number): record for number, record in enumerate(found) if record is not None}
    return list(latest.values())
