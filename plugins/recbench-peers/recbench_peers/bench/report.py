"""BENCHMARKS.md: every number comes from a run's record or from the operating system's measurement of its process."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

from recbench.registry.registry import installed
from recbench.results.columns import FIT_SECONDS, PEAK_MEMORY, PREDICT_SECONDS, metric_column
from recbench.results.records import JobDescription, Outcome, Provenance, Record
from recbench.results.rows import Row, rows_of
from recbench.results.tables import Column, Item, markdown_table
from recbench_peers.bench import sweeps
from recbench_peers.bench.measuring import Run
from recbench_peers.bench.plan import Part

NOTHING = Record(  # for a run without a record
    job=JobDescription(dataset="", split="", model="", kind="", seed=0), outcome=Outcome(), provenance=Provenance()
)
BLOCKS_PER_DECADE = 10  # of the chart
SHORTEST_SECONDS = 0.01  # of the chart
MEASURABLE_SECONDS = 0.05  # the clock ticks every 0.01 s: growth from less than this is noise
INTRO = """\
# Benchmarks

Written by `make bench`; no figure is typed by hand. Each row is one process with one thread. Models have their default
options, or those of the named variant in `conf/model/`; models of other libraries have the defaults of their library
(`plugins/recbench-peers`).

- RMSE and MAE are pooled over a fold's test ratings, predictions clipped to the rating scale; over folds, their mean.
- fit s and predict s are CPU seconds per fold, including the conversion to another library's data structures and
  excluding imports. process s is the CPU time of the whole process: imports, compiling, reading the data and all folds.
- memory MB is the peak memory of the fit and the prediction above what was resident before; resident MB is the peak
  resident size of the whole process.
"""
SCALE_INTRO = """\
## Ten times the ratings

How the cost grows with the data, on `dataset=synthetic`, which is shaped like MovieLens; the neural model trains for
one epoch. "vs linear" is the growth of the fit's CPU seconds divided by the growth of the training rows: 1.0 is linear.
"""


def report(
    parts: Mapping[Part, Sequence[Run]],
    pending: Mapping[Part, Sequence[str]],
    machine: Mapping[str, str],
    versions: Mapping[str, str],
    commit: str,
    measured: Sequence[sweeps.Measured | None] = (),
) -> str:
    """Return BENCHMARKS.md from the runs of each part and the sweeps; `pending` names models that have not been run."""
    here = {**versions, "commit": commit}
    today = datetime.now(UTC).date().isoformat()
    facts = {**machine, "date": today, "commit": commit, "versions": ", ".join(map(" ".join, versions.items()))}
    sections = [INTRO, markdown_table(FACTS, list(facts.items()))]
    for part, runs in parts.items():
        if runs and not part.is_scale:
            sections += _section(part, runs, pending.get(part, ()), here)
    scale = {part: {run.model: run for run in runs} for part, runs in parts.items() if part.is_scale and runs}
    if scale:
        sections += [SCALE_INTRO, _scale_table(scale, here), _chart(scale)]
    if any(measured):
        sections += [sweeps.INTRO, _table(sweeps.columns(commit), sweeps.measured_sweeps(measured))]
    return "\n\n".join(section.strip("\n") for section in sections) + "\n"


def _section(part: Part, runs: Sequence[Run], pending: Sequence[str], here: Mapping[str, str]) -> list[str]:
    ranked = sorted(runs, key=lambda run: (_score(_outcome(run), "rmse") or math.inf, run.model))
    lines = [f"## {part.title}", *_size(runs), f"`{runs[0].command.replace(f'model={runs[0].model}', 'model=…')}`"]
    lines.append(_table(_columns(here), ranked))
    return lines + ([f"Not run yet: {', '.join(pending)}."] if pending else [])


def _size(runs: Sequence[Run]) -> list[str]:
    """Return one line with the sizes of the dataset and the test set, if a run succeeded."""
    for record in (run.record for run in runs if run.record and run.record.outcome.status == "ok"):
        users, items, ratings = (f"{record.provenance.data[name]:,}" for name in ("n_users", "n_items", "n_ratings"))
        outcome = record.outcome
        tested = f"{outcome.n_scored:,} test ratings" + (f" in {outcome.n_folds} folds" if outcome.n_folds > 1 else "")
        cold = "" if outcome.cold_share is None else f", {outcome.cold_share:.1%} cold"
        return [f"{users} users × {items} items, {ratings} ratings · {record.job.split} · {tested}{cold}"]
    return []


def _columns(here: Mapping[str, str]) -> list[Column[Run]]:
    """Return the columns of a part's table: those of a comparison that apply, and the operating system's figures."""
    return [
        Column("model", "model", lambda run: run.model, numeric=False),
        Column("source", "from", _source, numeric=False),
        _of_run(metric_column("rmse")),
        _of_run(metric_column("mae")),
        _of_run(_per_fold(FIT_SECONDS)),
        _of_run(_per_fold(PREDICT_SECONDS)),
        _of_run(replace(PEAK_MEMORY, text_format=",.0f")),
        PROCESS_SECONDS,
        Column("wall_seconds", "wall s", lambda run: run.usage.wall_seconds, ",.1f"),
        Column("resident_mb", "resident MB", lambda run: run.usage.max_rss_mb, ",.0f"),
        _notes(here),
    ]


def _scale_table(scale: Mapping[Part, Mapping[str, Run]], here: Mapping[str, str]) -> str:
    models = dict.fromkeys(name for runs in scale.values() for name in runs)
    runs_of = {model: [runs[model] for runs in scale.values() if model in runs] for model in models}
    smaller = {(after.part, after.model): before for runs in runs_of.values() for before, after in pairwise(runs)}

    def growth(run: Run) -> float | None:
        before = smaller.get((run.part, run.model))
        return None if before is None else _against_linear(_outcome(before), _outcome(run))

    columns: list[Column[Run]] = [
        Column("model", "model", lambda run: run.model, numeric=False),
        Column("n_train", "training rows", lambda run: _outcome(run).n_train or None, ",d"),
        _of_run(metric_column("rmse")),
        _of_run(FIT_SECONDS),
        Column("growth", "vs linear", growth, ".2f"),
        _of_run(PREDICT_SECONDS),
        _of_run(replace(PEAK_MEMORY, text_format=",.0f")),
        PROCESS_SECONDS,
        _notes(here),
    ]
    return _table(columns, [run for runs in runs_of.values() for run in runs])


def _against_linear(before: Outcome, after: Outcome) -> float | None:
    """Return the growth of the fit's seconds over that of the training ratings; None if the first fit is too short."""
    if not (before.fit_seconds and after.fit_seconds and before.n_train) or before.fit_seconds < MEASURABLE_SECONDS:
        return None
    return after.fit_seconds / before.fit_seconds / (after.n_train / before.n_train)


def _chart(scale: Mapping[Part, Mapping[str, Run]]) -> str:
    """Return bars on a logarithmic scale: if cost is linear, each is ten blocks longer than the previous one."""
    lines = []
    for model in dict.fromkeys(name for runs in scale.values() for name in runs):
        for part, runs in scale.items():
            outcome = _outcome(runs[model]) if model in runs else NOTHING.outcome
            if outcome.fit_seconds is not None and outcome.predict_seconds is not None:
                seconds = outcome.fit_seconds + outcome.predict_seconds
                decades = math.log10(max(seconds, SHORTEST_SECONDS) / SHORTEST_SECONDS)
                bar = "█" * round(BLOCKS_PER_DECADE * decades)
                lines.append(f"{model:12} {part.key.removeprefix('scale-'):>5}  {bar or '▏'} {seconds:.2f} s")
        lines.append("")
    caption = f"Fit and predict, CPU seconds, logarithmic: {BLOCKS_PER_DECADE} more blocks mean ten times the time."
    return "\n".join([caption, "", "```text", *lines[:-1], "```"])


def _table(columns: Sequence[Column[Item]], items: Sequence[Item]) -> str:
    """Return the table in Markdown, without the columns that would be empty."""
    return markdown_table([column for column in columns if column.is_shown(items)], items)


def _of_run(column: Column[Row]) -> Column[Run]:
    """Return a comparison's column for runs; a run without a record has no value."""
    return Column(column.key, column.head, lambda run: column.value(_row(run)), lambda run: column.text(_row(run)))


def _per_fold(column: Column[Row]) -> Column[Row]:
    """Return the column of seconds, which are sums over the folds, divided by the number of folds."""

    def seconds(row: Row) -> float | None:
        total = column.value(row)
        return total / max(row.record.outcome.n_folds, 1) if isinstance(total, float) else None

    return replace(column, head=f"{column.head}/fold", value=seconds)


def _row(run: Run) -> Row:
    return rows_of([run.record or NOTHING])[0]


def _notes(here: Mapping[str, str]) -> Column[Run]:
    return Column("notes", "notes", lambda run: _note(run, here), shown="any", numeric=False)


def _note(run: Run, here: Mapping[str, str]) -> str:
    """Return the failure, and the commit and versions that differ from those at the top of the report."""
    notes = [] if run.status == "ok" else [f"{run.status}: {run.cause}"]
    notes += [] if run.commit == here["commit"] else [f"at {run.commit}"]
    for name in ("Python", _source(run)):
        there = run.versions.get(name, here.get(name))
        notes += [f"{name} {there}"] if there != here.get(name) else []
    return ", ".join(notes)


def _source(run: Run) -> str:
    entries = installed().entries["model"]
    entry = entries.get(run.record.job.kind if run.record else run.model)
    return str(getattr(entry.factory, "made_by", entry.distribution)) if entry else "recbench"


def _outcome(run: Run) -> Outcome:
    return (run.record or NOTHING).outcome


def _score(outcome: Outcome, metric: str) -> float | None:
    return outcome.scores[metric].mean if metric in outcome.scores else None


FACTS: list[Column[tuple[str, str]]] = [
    Column("name", "", lambda fact: fact[0], numeric=False),
    Column("value", "", lambda fact: fact[1], numeric=False),
]
PROCESS_SECONDS: Column[Run] = Column("cpu_seconds", "process s", lambda run: run.usage.cpu_seconds, ",.1f")
