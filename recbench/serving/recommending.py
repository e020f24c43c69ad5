"""The verb `recommend`: what a user, a newcomer or everybody has not rated and would rate highest."""

from __future__ import annotations

import csv
import io
import json
from argparse import Namespace
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from recbench.array_types import BoolArray, FloatArray, IntArray
from recbench.progress import track
from recbench.protocol.scoring import PAIRS_AT_ONCE
from recbench.results.records import write_text
from recbench.serving.explain import as_lines, told_of
from recbench.serving.input_files import left_out, read_ratings
from recbench.serving.loaded_model import LoadedModel, load
from recbench.usage import Parser, UsageError, relative

MIN_RATINGS = 10  # of an item to be recommended: what few have rated tops the lists of models that damp little
SCORES_AT_ONCE = 2**21  # users times items, float64: 16 MB


def recommend(args: Sequence[str]) -> str:
    """The items that the user has not rated and that have the highest predictions.

    Raises:
        UsageError: not exactly one user, file of ratings or --all is given, or the model can't serve it.
    """
    parser = Parser(
        prog="recbench recommend",
        usage="recbench recommend DIR (--user 42 | --ratings my.csv | --all --output top.csv) "
        "[-n 10] [--min-ratings 10] [--json]",
        add_help=False,
    )
    parser.add_argument("folder", type=Path)
    for_whom = parser.add_mutually_exclusive_group(required=True)
    for_whom.add_argument("--user")
    for_whom.add_argument("--ratings", type=Path)
    for_whom.add_argument("--all", action="store_true")
    parser.add_argument("-n", type=int, default=10)
    parser.add_argument("--min-ratings", type=int, default=MIN_RATINGS)
    parser.add_argument("--output", type=Path)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(args)
    if options.n < 1 or options.min_ratings < 0:
        raise UsageError(
            f"-n {options.n} --min-ratings {options.min_ratings}: give -n 1 or more, --min-ratings 0 or more"
        )
    if options.all != (options.output is not None) or (options.all and options.json):
        raise UsageError("--all and --output FILE.csv go together, and neither with --json")
    served = load(options.folder)
    allowed = served.catalog.n_ratings_of_item >= options.min_ratings
    if options.all:
        return _for_all(served, options.n, allowed, options.output)
    return _for_one(served, options, allowed)


def top(served: LoadedModel, users: IntArray, n: int, allowed: BoolArray) -> Iterator[IntArray]:
    """The best `n` items of each user among those that are `allowed` and not rated, best first.

    Of equal predictions the item with more ratings goes first, then the lower index.
    """
    n_ratings = served.catalog.n_ratings_of_item
    at_once = max(1, SCORES_AT_ONCE // max(1, served.catalog.n_items))
    starts = range(0, len(users), at_once)
    for start in track(starts, "users") if len(starts) > 1 else starts:
        block = users[start : start + at_once]
        for user, scores in zip(block.tolist(), _scores(served, block), strict=True):
            open_to = allowed.copy()
            open_to[served.ratings_of(user)[0]] = False
            items = np.flatnonzero(open_to)
            if len(items) > n:
                least = np.partition(scores[items], -n)[-n]
                items = items[scores[items] >= least]
            yield items[np.lexsort((items, -n_ratings[items], -scores[items]))][:n]


def _scores(served: LoadedModel, users: IntArray) -> FloatArray:
    """The users' predicted ratings of all items: (n_users, n_items)."""
    n_items = served.catalog.n_items
    scores = np.empty((len(users), n_items))
    # all users by some items: what a model works out for each user, or each item, it works out a few times only
    width = max(1, PAIRS_AT_ONCE // len(users))
    for start in range(0, n_items, width):
        some = np.arange(start, min(start + width, n_items), dtype=np.int32)
        pairs = np.repeat(users, len(some)), np.tile(some, len(users))
        scores[:, some] = served.predict(*pairs).reshape(len(users), len(some))
    return scores


def _for_one(served: LoadedModel, options: Namespace, allowed: BoolArray) -> str:
    notes = []
    if options.ratings is not None:
        items, ratings, unknown = read_ratings(options.ratings, served.catalog)
        served = served.with_newcomer(items, ratings)
        user, whom = served.newcomer_idx, f"the person of {options.ratings}"
        notes = [left_out(unknown, options.ratings)] if unknown else []
    else:
        user, whom = int(served.catalog.users([options.user])[0]), f"user {options.user}"
        if user == served.catalog.n_users:
            raise UsageError(_unknown(options.user, served))
    (found,) = top(served, np.array([user], np.int32), options.n, allowed)
    told = told_of(served, user, found)
    if options.json:
        return json.dumps([each.as_json() for each in told], ensure_ascii=False, indent=2)
    n_seen = len(served.ratings_of(user)[0])
    of = f"{np.count_nonzero(allowed):,} items with {options.min_ratings} ratings or more"
    head = f"{served.kind} for {whom}, of the {of} but not the {n_seen} rated ones"
    if not told:
        return "\n".join([head, "nothing is left to recommend; lower --min-ratings", *notes])
    return "\n".join([head, *as_lines(told, numbered=True), *notes])


def _unknown(user: str, served: LoadedModel) -> str:
    known = ", ".join(map(str, served.catalog.user_ids[:3].tolist()))
    return f"the model knows no user {user!r}, only such as {known}; for somebody new give --ratings FILE.csv"


def _for_all(served: LoadedModel, n: int, allowed: BoolArray, output: Path) -> str:
    known = served.catalog
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["user", "rank", "item", "title", "rating"])
    users = np.arange(known.n_users, dtype=np.int32)
    for user, items in zip(users.tolist(), top(served, users, n, allowed), strict=True):
        ratings = served.clipped(served.predict(np.full(len(items), user, np.int32), items))
        rows: list[list[Any]] = [
            [known.user_ids[user], rank, known.item_ids[item], known.title(item), f"{rating:.4f}"]
            for rank, (item, rating) in enumerate(zip(items.tolist(), ratings.tolist(), strict=True), start=1)
        ]
        table.writerows(rows)
    write_text(output, text.getvalue())
    return f"{n} recommendations for each of {known.n_users:,} users in {relative(output)}"
