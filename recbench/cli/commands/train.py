"""Fit a model on all ratings of a dataset and save it to a folder."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from recbench.cli.command import Parser
from recbench.serving.training import FIT_GROUPS, train
from recbench.usage import UsageError

EXAMPLES = (
    ("recbench train model=mf out=my_model", "fit mf on the embedded ratings, save it to my_model/"),
    ("recbench train model=item_knn dataset=ratings_file dataset.path=my.csv out=knn", "fit item_knn on your ratings"),
)
OUT = "out="


def add_arguments(parser: Parser) -> None:
    """Declare the overrides, one of which names the folder."""
    parser.add_argument(
        "words",
        nargs="*",
        metavar="NAME=VALUE",
        help=f"out=FOLDER, which is new or empty, then {', '.join(FIT_GROUPS)} and their options, as in a run",
    )


def run(options: Namespace) -> str:
    """Fit and save the model; return what was saved where, and the command to type next.

    Raises:
        UsageError: no folder is named, it is not empty, or the model can't be fitted.
    """
    named = [word.removeprefix(OUT) for word in options.words if word.startswith(OUT)]
    if len(named) != 1 or not named[0]:
        received = f"{len(named)} of them" if named else "none"
        problem = f"'recbench train' needs one out=FOLDER to save to, got {received}"
        raise UsageError(problem, f"write {EXAMPLES[0][0]}")
    return train([word for word in options.words if not word.startswith(OUT)], Path(named[0]).expanduser())
