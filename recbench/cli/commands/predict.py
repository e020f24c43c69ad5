"""Predict the rating of a user and item, or of each pair in a file."""

from __future__ import annotations

import json
from argparse import Namespace
from pathlib import Path

from recbench.cli.command import Parser
from recbench.serving.explain import as_lines
from recbench.serving.loaded_model import load
from recbench.serving.predicting import predict_file, predict_pair
from recbench.usage import UsageError

EXAMPLES = (
    ("recbench predict my_model --user 42 --item 50", "predict one rating"),
    ("recbench predict my_model --pairs in.csv --output out.csv", "predict a rating for each line of a file"),
)


def add_arguments(parser: Parser) -> None:
    """Declare the model and either one pair or two files."""
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="model saved by `recbench train`")
    parser.add_argument("--user", metavar="ID", help="user of one pair")
    parser.add_argument("--item", metavar="ID", help="item of one pair")
    parser.add_argument("--json", action="store_true", help="print the prediction of one pair as JSON")
    parser.add_argument("--pairs", type=Path, metavar="FILE", help="CSV file with the columns user and item")
    parser.add_argument("--output", type=Path, metavar="FILE", help="CSV file to write the predictions to")


def run(options: Namespace) -> str:
    """Return the prediction of one pair, or write those of a file and return where they are.

    Raises:
        UsageError: the arguments are neither one pair nor two files, or the folder has no usable model.
    """
    pair = (options.user, options.item)
    files = (options.pairs, options.output)
    if all(pair) and not any(files):
        view = predict_pair(load(options.folder), options.user, options.item)
        return json.dumps(view.as_json(), ensure_ascii=False) if options.json else "\n".join(as_lines([view]))
    if all(files) and not any(pair) and not options.json:
        return predict_file(load(options.folder), options.pairs, options.output)
    raise UsageError("give one pair, or two files, not both", "--user ID --item ID, or --pairs FILE --output FILE")
