"""Summarize a dataset and a split, and check them for leakage."""

from __future__ import annotations

import json
from argparse import Namespace
from dataclasses import asdict

from recbench.audit import audit_configured
from recbench.audit.render import lines
from recbench.cli.command import Parser
from recbench.usage import CheckFailed

EXAMPLES = (
    ("recbench audit split=global_time", "audit the embedded ratings, split at one moment"),
    ("recbench audit dataset=ratings_file dataset.path=my.csv --json", "audit a file, for a program to read"),
)


def add_arguments(parser: Parser) -> None:
    """Declare the overrides and the output format."""
    parser.add_argument(
        "overrides",
        nargs="*",
        metavar="NAME=VALUE",
        help="dataset=..., split=..., their options (dataset.path=...) and filters.<option>=...",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(options: Namespace) -> str:
    """Return the audit of the dataset and the split that the overrides name.

    Raises:
        UsageError: an override is about something else, or the filters keep no training row.
        CheckFailed: training and test set overlap, or a user and item occur in two ratings.
    """
    found = audit_configured(options.overrides)
    text = json.dumps(asdict(found), indent=1, ensure_ascii=False) if options.json else "\n".join(lines(found))
    if found.findings:
        raise CheckFailed(text)
    return text
