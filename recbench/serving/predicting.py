"""The verb `predict`: a rating, or one for each line of a file."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from recbench.array_types import IntArray
from recbench.results.records import write_text
from recbench.serving.explain import as_lines, told_of
from recbench.serving.input_files import read_pairs
from recbench.serving.loaded_model import LoadedModel, load
from recbench.usage import Parser, UsageError, relative

NOTES = np.array(["", "unknown user", "unknown item", "unknown user and item"])


def predict(args: Sequence[str]) -> str:
    """The predicted rating of a pair, or of each pair in a CSV file, which goes to another one.

    What the model was not trained with gets its prediction for a user, or item, without ratings, and a note.

    Raises:
        UsageError: neither one pair nor two files are named, or there is no model.
    """
    parser = Parser(
        prog="recbench predict",
        usage="recbench predict DIR --user 42 --item 50 [--json] | DIR --pairs in.csv --output out.csv",
        add_help=False,
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--user")
    parser.add_argument("--item")
    parser.add_argument("--pairs", type=Path)
    parser.add_argument("--output", type=Path)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(args)
    pair, files = (options.user, options.item), (options.pairs, options.output)
    if all(pair) and not any(files):
        return _one(load(options.folder), options)
    if all(files) and not any(pair) and not options.json:
        return _many(load(options.folder), options.pairs, options.output)
    raise UsageError(f"name one pair, or two files, and no more ({parser.format_usage().strip()})")


def _one(served: LoadedModel, options: Namespace) -> str:
    users, items = served.catalog.users([options.user]), served.catalog.items([options.item])
    (told,) = told_of(served, int(users[0]), items)
    user = options.user if told.user is None else told.user
    item = options.item if told.item is None else told.item
    told = replace(told, user=user, item=item, note=str(_notes(served, users, items)[0]))
    return json.dumps(told.as_json(), ensure_ascii=False) if options.json else "\n".join(as_lines([told]))


def _many(served: LoadedModel, source: Path, output: Path) -> str:
    if source.resolve() == output.resolve():
        raise UsageError(f"{output} is the file of the pairs; give another one to --output")
    from pandas import DataFrame

    user_ids, item_ids = read_pairs(source)
    users, items = served.catalog.users(user_ids), served.catalog.items(item_ids)
    table = DataFrame({"user": user_ids, "item": item_ids})
    table["rating"] = served.clipped(served.predict(users, items))
    if (std := served.std(users, items)) is not None:
        table["std"] = std
    notes = table["note"] = _notes(served, users, items)
    write_text(output, table.to_csv(index=False, float_format="%.4f"))
    n_unknown = int(np.count_nonzero(notes != ""))
    marked = f", {n_unknown:,} of an unknown user or item: see the column note" if n_unknown else ""
    return f"{len(table):,} predictions in {relative(output)}{marked}"


def _notes(served: LoadedModel, users: IntArray, items: IntArray) -> npt.NDArray[np.str_]:
    """What is unknown of each pair."""
    unknown = (users == served.catalog.n_users) + 2 * (items == served.catalog.n_items)
    return np.asarray(NOTES[unknown])
