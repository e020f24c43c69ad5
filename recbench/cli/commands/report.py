"""Write one HTML page about a sweep: scores, significance, cost."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from recbench.cli.command import Parser
from recbench.report import write_report
from recbench.results.store import DEFAULT_STORE
from recbench.usage import relative

EXAMPLES = (
    ("recbench report outputs/2026-01-31/10-00-00", "write report.html into the sweep's folder"),
    ("recbench report outputs/2026-01-31 --output day.html", "report all runs of a day in one page"),
)


def add_arguments(parser: Parser) -> None:
    """Declare the folder to read and the file to write."""
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="folder of a sweep or a run, or one above them")
    parser.add_argument("--output", type=Path, metavar="FILE", help="page to write (default: FOLDER/report.html)")
    parser.add_argument(
        "--store", default=DEFAULT_STORE, metavar="URL", help="results store, a folder or a URL (default: %(default)s)"
    )


def run(options: Namespace) -> str:
    """Write the report and return where it is.

    Raises:
        UsageError: the folder has no records, or jinja2 or matplotlib is not installed.
    """
    output = write_report(options.folder, options.output, options.store)
    return f"{relative(output.absolute())}: open it in a browser; it needs no network and no other file"
