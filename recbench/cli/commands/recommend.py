"""Recommend the items that a user would rate highest."""

from __future__ import annotations

import json
from argparse import Namespace
from pathlib import Path

from recbench.cli.command import Parser
from recbench.serving.explain import as_lines
from recbench.serving.loaded_model import load
from recbench.serving.recommending import MIN_RATINGS, Recommendations, for_new_user, for_user, write_for_all
from recbench.usage import UsageError

EXAMPLES = (
    ("recbench recommend my_model --user 42", "recommend ten items to a user of the training set"),
    ("recbench recommend my_model --ratings my.csv -n 5", "recommend five items to a new user, given some ratings"),
)


def add_arguments(parser: Parser) -> None:
    """Declare the model, the user and the form of the list."""
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="model saved by `recbench train`")
    users = parser.add_mutually_exclusive_group(required=True)
    users.add_argument("--user", metavar="ID", help="a user of the training set")
    users.add_argument("--ratings", type=Path, metavar="FILE", help="a new user's ratings: CSV with item and rating")
    users.add_argument("--all", action="store_true", help="every user of the training set; needs --output")
    parser.add_argument("-n", type=int, default=10, metavar="N", help="items per user (default: %(default)s)")
    parser.add_argument(
        "--min-ratings",
        type=int,
        default=MIN_RATINGS,
        metavar="N",
        help="recommend only items with this many ratings or more (default: %(default)s)",
    )
    parser.add_argument("--output", type=Path, metavar="FILE", help="CSV file to write, with --all")
    parser.add_argument("--json", action="store_true", help="print one user's list as JSON")


def run(options: Namespace) -> str:
    """Return one user's list, or write everyone's and return where it is.

    Raises:
        UsageError: the arguments contradict each other, or the model can't serve them.
    """
    if options.n < 1 or options.min_ratings < 0:
        received = f"-n {options.n} --min-ratings {options.min_ratings}"
        raise UsageError(f"{received} is out of range", "give -n 1 or more, --min-ratings 0 or more")
    if options.all != (options.output is not None) or (options.all and options.json):
        raise UsageError("--all and --output FILE.csv go together, and neither goes with --json")
    model = load(options.folder)
    if options.all:
        return write_for_all(model, options.n, options.min_ratings, options.output)
    if options.ratings is not None:
        found = for_new_user(model, options.ratings, options.n, options.min_ratings)
    else:
        found = for_user(model, options.user, options.n, options.min_ratings)
    if options.json:
        return json.dumps([item.as_json() for item in found.items], ensure_ascii=False, indent=2)
    return "\n".join(_lines(found))


def _lines(found: Recommendations) -> list[str]:
    if not found.items:
        return [found.title, "nothing left to recommend; lower --min-ratings", *found.notes]
    return [found.title, *as_lines(found.items, numbered=True), *found.notes]
