"""The verbs that look back: `results` lists the store, `table` merges sweeps, `reproduce` runs a row again."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np

from recbench.jobs import job as jobs
from recbench.jobs.comparison import add_comparisons, scored_rows
from recbench.registry.options import meanings
from recbench.results.records import PARTS, SCHEMA, Record, read_record, read_records
from recbench.results.render import as_csv, as_markdown, as_text, footnotes
from recbench.results.rows import Row, rows_of
from recbench.results.significance import paired_bootstrap
from recbench.results.store import DEFAULT_STORE, Store
from recbench.results.tables import aligned
from recbench.tuning.baselines import is_baseline
from recbench.usage import Parser, UsageError, did_you_mean

log = logging.getLogger(__name__)

FORMATS: dict[str, Callable[[Sequence[Row]], str]] = {"text": as_text, "markdown": as_markdown, "csv": as_csv}
FILTERS = ("dataset", "split", "model", "kind", "scored_on", "status", "seed")
OLD_FILTERS = {"part": "scored_on"}  # accepted until 0.3
NOISE = 1e-3  # of the RMSE: processors and thread counts move TensorFlow's last digits by less
SHORT_KEY = 10  # characters of a key that are shown, and enough to name it


def list_results(args: Sequence[str]) -> str:
    """What the store holds, oldest first, as far as it fits the filters; or what a record's fields mean.

    Raises:
        UsageError: an argument is no filter.
    """
    usage = "[name=value ...] [--fields]"
    parser = _parser("results", usage, "model=mf, dataset=movielens*, model.n_factors=8, scored_on=test")
    parser.add_argument("filters", nargs="*")
    parser.add_argument("--fields", action="store_true")
    options = parser.parse_args(args)
    if options.fields:
        return _fields()
    store = Store(options.store)
    found = [(key, store.record(key)) for key in store]
    fits = _filter(options.filters)
    lines = [["key", "created", "scored on", "dataset", "split", "model", "options", "score"]]
    for key, record in found:
        if record is not None and fits(record):
            (row,) = rows_of([record])
            scores = [f"{name} {score.mean:.4f}" for name, score in record.outcome.scores.items()] or [
                record.outcome.status
            ]
            told = [
                record.provenance.created[:16],
                record.job.scored_on,
                record.job.dataset,
                record.job.split,
                record.job.model,
                row.label(),
            ]
            lines.append([key[:SHORT_KEY], *told, scores[0]])
    unread = [store.is_old(key) for key, record in found if record is None]
    last = f"{len(lines) - 1} of {len(found)} results in {store.folder}"
    last += f", {unread.count(False)} damaged: they are computed anew" if False in unread else ""
    last += f", {unread.count(True)} written by an older version: they are computed again" if True in unread else ""
    return "\n".join([*aligned(lines), last])


def _fields() -> str:
    """What is in a record, from the comments behind its fields."""
    lines = [["field", "type", "meaning"]]
    for name, part in PARTS.items():
        comments = meanings(part)
        lines += [[f"{name}.{each.name}", str(each.type), comments[each.name]] for each in fields(part)]
    return "\n".join([*aligned(lines), f"schema {SCHEMA}; what a newer version adds is kept as it is"])


def merge_tables(args: Sequence[str]) -> str:
    """One table of the sweeps in the folders named, or of the stored test results that fit the filters.

    Raises:
        UsageError: there is nothing to show.
    """
    parser = _parser("table", "[folder ... | name=value ...] [--format F]", "outputs/2026-01-31/10-00-00 or model=mf")
    parser.add_argument("places", nargs="*")
    parser.add_argument("--format", choices=list(FORMATS), default="text")
    options = parser.parse_args(args)
    folders = [Path(place) for place in options.places if "=" not in place]
    if missing := [folder for folder in folders if not folder.is_dir()]:
        raise UsageError(f"no folder {missing[0]}; name a sweep's folder, or filters like model=mf")
    store = Store(options.store)
    fits = _filter([place for place in options.places if "=" in place])
    stored = (store.record(key) for key in store)
    merged = [record for folder in folders for record in read_records(folder)] if folders else stored
    latest = {
        record.provenance.key or str(number): record for number, record in enumerate(merged) if record and fits(record)
    }
    if not latest:
        raise UsageError(f"nothing to show: no record fits; `recbench results` lists what is in {store.folder}")
    records = list(latest.values())
    rows = add_comparisons(rows_of(records, is_baseline), records, store)
    notes = footnotes(rows) if options.format == "text" else []
    return "\n".join([FORMATS[options.format](rows).rstrip("\n"), *notes])


def reproduce(args: Sequence[str]) -> str:
    """Run a result again from its record, and say: the same, within noise, or different, and what changed.

    Raises:
        UsageError: no result, or more than one, has that key.
    """
    parser = _parser("reproduce", "KEY | RECORD.json", "the first characters of a key in `recbench results`")
    parser.add_argument("result")
    options = parser.parse_args(args)
    store = Store(options.store)
    before = _find(store, options.result)
    if before.outcome.status != "ok":
        told = (
            f"result {options.result!r} is no result to compare with: {before.outcome.status}, {before.outcome.cause}"
        )
        raise UsageError(f"{told}; `recbench results status=ok` lists those that are")
    config = dict(before.job.config) | {"resume": False}
    with tempfile.TemporaryDirectory(prefix="recbench-") as folder:
        overrides = tuple(f"model.{name}=" for name in before.job.user_options)
        job = jobs.Job(
            config, before.job.model, overrides, before.job.scored_on, Path(folder), before.job.options_per_fold
        )
        after = jobs.run(job)
        if after.outcome.status != "ok":
            return f"failed: {after.outcome.cause}"
        verdict = _verdict(
            before,
            after,
            store.predictions(before.provenance.key),
            Store(Path(folder)).predictions(after.provenance.key),
        )
    scores = [
        f"  {name}: {before.outcome.scores[name].mean:.6f} then, {score.mean:.6f} now"
        for name, score in after.outcome.scores.items()
        if name in before.outcome.scores
    ]
    return "\n".join(
        [
            f"{verdict}: {before.job.model} on {before.job.dataset}, {before.job.split}",
            *scores,
            *_changes(before, after),
        ]
    )


def _verdict(before: Record, after: Record, then: Any, now: Any) -> str:
    shared = [name for name in before.outcome.scores if name in after.outcome.scores]
    if all(before.outcome.scores[name].folds == after.outcome.scores[name].folds for name in shared):
        return "same"
    if then is None or now is None or [len(each) for each in then] != [len(each) for each in now]:
        return "different"
    ratings, users = scored_rows(after)
    gap = paired_bootstrap(ratings, np.concatenate(now), np.concatenate(then), users)
    told = f"RMSE moved by {gap.difference:+.6f}, 95 % interval {gap.low:+.6f} to {gap.high:+.6f}"
    small = abs(gap.difference) <= NOISE * float(np.sqrt(np.mean((ratings - np.concatenate(then)) ** 2)))
    return f"within noise ({told})" if small or gap.low <= 0 <= gap.high else f"different ({told})"


def _changes(before: Record, after: Record) -> list[str]:
    """The inputs and versions that are not what they were."""
    then, now = before.provenance, after.provenance
    lines = ["data"] if then.data.get("digest") != now.data.get("digest") else []
    lines += ["split"] if then.split_digest != now.split_digest else []
    lines += [
        f"version or sources of {name}"
        for name in {**then.sources, **now.sources}
        if list(then.sources.get(name, ())) != list(now.sources.get(name, ()))
    ]
    for name, old in then.versions.items():
        new = now.versions.get(name, old)
        lines += [f"{name}, {old} then and {new} now"] if old != new else []
    return [f"  changed since: {line}" for line in lines]


def _find(store: Store, result: str) -> Record:
    if Path(result).is_file():
        return read_record(Path(result))
    keys = [key for key in store if key.startswith(result)]
    if len(keys) != 1:
        what = "no result" if not keys else f"{len(keys)} results"
        raise UsageError(
            f"{what} in {store.folder} with a key that starts with {result!r}; `recbench results` lists them"
        )
    record = store.record(keys[0])
    if record is None:
        why = "was written by an older version of recbench" if store.is_old(keys[0]) else "is damaged"
        raise UsageError(f"result {result!r} in {store.folder} {why}; run its job again")
    return replace(record, provenance=replace(record.provenance, key=keys[0]))


def _filter(filters: Sequence[str]) -> Callable[[Record], bool]:
    """Whether a record fits all of `name=value`; values may have `*`."""
    pairs = []
    for each in filters:
        name, equals, value = each.partition("=")
        if not equals:
            raise UsageError(f"{each!r} is no filter; write name=value: model=mf, dataset=movielens*, scored_on=test")
        if name in OLD_FILTERS:
            log.warning("the filter %s= is now %s=; the old name works for one release", name, OLD_FILTERS[name])
            name = OLD_FILTERS[name]
        if name not in FILTERS and not name.startswith("model."):
            known = f"(there are: {', '.join(FILTERS)}, and model.<option>)"
            raise UsageError(f"unknown filter {name!r}{did_you_mean(name, FILTERS)} {known}")
        pairs.append((name, value))

    def fits(record: Record) -> bool:
        known = {name: getattr(record.outcome if name == "status" else record.job, name) for name in FILTERS}
        known |= {f"model.{name}": value for name, value in record.job.options.items()}
        return all(name in known and fnmatchcase(str(known[name]), value) for name, value in pairs)

    return fits


def _parser(verb: str, usage: str, example: str) -> Parser:
    parser = Parser(
        prog=f"recbench {verb}", usage=f"recbench {verb} {usage} [--store FOLDER], {example}", add_help=False
    )
    parser.add_argument("--store", type=Path, default=DEFAULT_STORE)
    return parser
