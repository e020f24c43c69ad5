"""Run a stored result again and compare the scores."""

from __future__ import annotations

import tempfile
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from recbench.array_types import FloatArray
from recbench.cli.command import Parser
from recbench.config.job_config import JobConfig
from recbench.jobs.job import Job
from recbench.jobs.run import run as run_job
from recbench.jobs.stored_results import scored_rows
from recbench.results.records import Record, read_record
from recbench.results.significance import paired_bootstrap
from recbench.results.store import DEFAULT_STORE, Store, open_store
from recbench.usage import InputError, UsageError

EXAMPLES = (
    ("recbench reproduce 3ced04d3e0", "run a result of the store again; `recbench results` lists the keys"),
    ("recbench reproduce theirs/record.json", "run the job of a record from another machine"),
)
Predictions = Sequence[FloatArray]  # one array per fold
NOISE = 1e-3  # share of the RMSE: processors and thread counts move TensorFlow's last digits by less


def add_arguments(parser: Parser) -> None:
    """Declare the result and the store."""
    parser.add_argument("result", metavar="KEY|RECORD.json", help="first characters of a result's key, or a record")
    parser.add_argument(
        "--store", default=DEFAULT_STORE, metavar="URL", help="results store, a folder or a URL (default: %(default)s)"
    )


def run(options: Namespace) -> str:
    """Run a result again from its record and return the verdict, both scores, and which inputs have changed.

    Raises:
        UsageError: no result, or more than one, has that key; it failed, or its configuration is incomplete.
    """
    store = open_store(options.store)
    before = _find(store, options.result)
    if before.outcome.status != "ok":
        why = f"{before.outcome.status}, {before.outcome.cause}"
        problem = f"result {options.result!r} failed, so there is nothing to reproduce: {why}"
        raise UsageError(problem, "`recbench results status=ok` lists the others")
    with tempfile.TemporaryDirectory(prefix="recbench-") as folder:
        after = run_job(_same_job(before, Path(folder)))
        if after.outcome.status != "ok":
            return f"failed: {after.outcome.cause}"
        then = store.predictions(before.provenance.key)
        now = open_store(folder).predictions(after.provenance.key)
        verdict = _verdict(before, after, then, now)
    title = f"{verdict}: {before.job.model} on {before.job.dataset}, {before.job.split}"
    scores = [
        f"  {name}: {before.outcome.scores[name].mean:.6f} then, {score.mean:.6f} now"
        for name, score in after.outcome.scores.items()
        if name in before.outcome.scores
    ]
    return "\n".join([title, *scores, *_changes(before, after)])


def _same_job(before: Record, store: Path) -> Job:
    """Return the job of a record, set up to use no stored result and to store its own elsewhere."""
    job = before.job
    try:
        config = replace(JobConfig.from_plain(job.config), resume=False)
    except InputError as error:  # a job of a notebook, whose dataset was an object
        raise UsageError(f"this result can't be run again: {error.problem}", error.advice) from error
    overrides = tuple(f"model.{name}=" for name in job.user_options)
    return Job(config, job.model, overrides, job.scored_on, store, job.options_per_fold)


def _verdict(before: Record, after: Record, then: Predictions | None, now: Predictions | None) -> str:
    old = before.outcome.scores
    new = after.outcome.scores
    if all(old[name].folds == new[name].folds for name in old if name in new):
        return "same"
    if then is None or now is None or [len(each) for each in then] != [len(each) for each in now]:
        return "different"
    ratings, users = scored_rows(after)
    gap = paired_bootstrap(ratings, np.concatenate(now), np.concatenate(then), users)
    change = f"RMSE moved by {gap.difference:+.6f}, 95 % interval {gap.low:+.6f} to {gap.high:+.6f}"
    small = abs(gap.difference) <= NOISE * float(np.sqrt(np.mean((ratings - np.concatenate(then)) ** 2)))
    return f"within noise ({change})" if small or gap.low <= 0 <= gap.high else f"different ({change})"


def _changes(before: Record, after: Record) -> list[str]:
    """Return a line for each input and each version that has changed."""
    then = before.provenance
    now = after.provenance
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
        found = "no result" if not keys else f"{len(keys)} results"
        problem = f"{found} in {store} with a key that starts with {result!r}"
        raise UsageError(problem, "`recbench results` lists them")
    record = store.record(keys[0])
    if record is None:
        why = "was written by an older version of recbench" if store.is_old(keys[0]) else "is corrupt"
        raise UsageError(f"result {result!r} in {store} {why}", "run its job again")
    return replace(record, provenance=replace(record.provenance, key=keys[0]))
