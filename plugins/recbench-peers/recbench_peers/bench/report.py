"""The runs, written up: BENCHMARKS.md. Every figure comes from a record or from the system's own count."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from recbench.registry.registry import installed
from recbench.results.records import Record
from recbench_peers.bench import sweeps
from recbench_peers.bench.measuring import Run
from recbench_peers.bench.plan import Part

ABSENT = "–"
NOTHING = Record()  # of a run that left no record
HEAD = ("model", "from", "RMSE", "MAE", "fit s", "predict s", "peak MB", "process s", "wall s", "resident MB", "")
SCALE_HEAD = ("model", "train rows", "RMSE", "fit s", "against linear", "predict s", "peak MB", "process s", "")
WORDS = ("model", "from", "command", "")  # columns that hold words, the others numbers
BLOCKS_A_DECADE, SHORTEST_SECONDS = 10, 0.01  # of the chart
TELLING_SECONDS = 0.05  # the clock ticks every 0.01 s: what is shorter is no measure of growth
INTRO = """\
# Benchmarks

Written by `make bench`; no figure is typed by hand. One process a row, one thread a process, every model at its
defaults or as the named variant in `conf/model/` has it, and the other libraries at theirs (`plugins/recbench-peers`).

- RMSE and MAE are pooled over a fold's test rows, predictions clipped to the rating scale; over folds, their mean.
- fit s and predict s are CPU seconds a fold, with the conversion into another library's form and without
  imports. process s is the CPU time of the whole process: imports, compiling, reading the
  data and all folds.
- peak MB is what the fit and the prediction needed on top of what was resident before; resident MB is the highest
  resident size of the whole process.
"""
SCALE_INTRO = """\
## Ten times the ratings

What growth costs, on `dataset=synthetic` of MovieLens' shape; the neural model trains for one epoch. "against
linear" is how many times the fit's CPU seconds grew, divided by how many times the train rows did: 1.0 is linear.
"""


def report(
    parts: Mapping[Part, Sequence[Run]],
    pending: Mapping[Part, Sequence[str]],
    machine: Mapping[str, str],
    versions: Mapping[str, str],
    commit: str,
    measured: Sequence[sweeps.Measured | None] = (),
) -> str:
    """BENCHMARKS.md from the runs of each part and the sweeps; `pending` names the models that have not been run."""
    here = {**versions, "commit": commit}
    today = datetime.now(UTC).date().isoformat()
    facts = {**machine, "date": today, "commit": commit, "versions": ", ".join(map(" ".join, versions.items()))}
    sections = [INTRO, _markdown(("", ""), list(facts.items()))]
    for part, runs in parts.items():
        if runs and not part.is_scale:
            sections += _section(part, runs, pending.get(part, ()), here)
    scale = {part: {run.model: run for run in runs} for part, runs in parts.items() if part.is_scale and runs}
    if scale:
        sections += [SCALE_INTRO, _scale_table(scale, here), _chart(scale)]
    if any(measured):
        sections += [sweeps.INTRO, _markdown(sweeps.HEAD, sweeps.rows(measured, commit))]
    return "\n\n".join(section.strip("\n") for section in sections) + "\n"


def _section(part: Part, runs: Sequence[Run], pending: Sequence[str], here: Mapping[str, str]) -> list[str]:
    ranked = sorted(runs, key=lambda run: (_score(run.record, "rmse") or math.inf, run.model))
    lines = [f"## {part.title}", *_size(runs), f"`{runs[0].command.replace(f'model={runs[0].model}', 'model=…')}`"]
    lines.append(_markdown(HEAD, [_row(run, here) for run in ranked]))
    return lines + ([f"Not run yet: {', '.join(pending)}."] if pending else [])


def _size(runs: Sequence[Run]) -> list[str]:
    """What was split and scored, in one line, if a run came to know it."""
    for record in (run.record for run in runs if run.record and run.record.status == "ok"):
        users, items, ratings = (f"{record.data[name]:,}" for name in ("n_users", "n_items", "n_ratings"))
        tested = f"{record.n_test:,} test rows in {record.n_folds} folds" if record.n_folds > 1 else ""
        tested = tested or f"{record.n_test:,} test rows"
        cold = "" if record.cold_share is None else f", {record.cold_share:.1%} cold"
        return [f"{users} users × {items} items, {ratings} ratings · {record.split} · {tested}{cold}"]
    return []


def _row(run: Run, here: Mapping[str, str]) -> tuple[str, ...]:
    record, used = run.record or NOTHING, run.usage
    return (
        run.model,
        _source(run),
        _number(_score(record, "rmse"), ".4f"),
        _number(_score(record, "mae"), ".4f"),
        _number(_per(record.fit_seconds, record.n_folds), ".2f"),
        _number(_per(record.predict_seconds, record.n_folds), ".2f"),
        _number(record.peak_memory_mb, ",.0f"),
        *(_number(value, ",.1f") for value in (used.cpu_seconds, used.wall_seconds)),
        _number(used.max_rss_mb, ",.0f"),
        _note(run, here),
    )


def _scale_table(scale: Mapping[Part, Mapping[str, Run]], here: Mapping[str, str]) -> str:
    rows = []
    for model in dict.fromkeys(name for runs in scale.values() for name in runs):
        before: Record | None = None
        for run in (runs[model] for runs in scale.values() if model in runs):
            record = run.record or NOTHING
            rows.append(
                (
                    run.model,
                    _number(record.n_train or None, ",d"),
                    _number(_score(record, "rmse"), ".4f"),
                    _number(record.fit_seconds, ".2f"),
                    _number(_against_linear(before, record), ".2f"),
                    _number(record.predict_seconds, ".2f"),
                    _number(record.peak_memory_mb, ",.0f"),
                    _number(run.usage.cpu_seconds, ",.1f"),
                    _note(run, here),
                )
            )
            before = record
    return _markdown(SCALE_HEAD, rows)


def _against_linear(before: Record | None, after: Record | None) -> float | None:
    """Growth of the fit's seconds over growth of the rows; None where the first fit is too short to say."""
    if before is None or after is None or not (before.fit_seconds and after.fit_seconds and before.n_train):
        return None
    if before.fit_seconds < TELLING_SECONDS:
        return None
    return after.fit_seconds / before.fit_seconds / (after.n_train / before.n_train)


def _chart(scale: Mapping[Part, Mapping[str, Run]]) -> str:
    """Bars on a logarithmic scale: a linear cost makes each ten blocks longer than the one before."""
    lines = []
    for model in dict.fromkeys(name for runs in scale.values() for name in runs):
        for part, runs in scale.items():
            run = runs.get(model)
            record = (run.record if run else None) or NOTHING
            if record.fit_seconds is not None and record.predict_seconds is not None:
                seconds = record.fit_seconds + record.predict_seconds
                decades = math.log10(max(seconds, SHORTEST_SECONDS) / SHORTEST_SECONDS)
                bar = "█" * round(BLOCKS_A_DECADE * decades)
                lines.append(f"{model:12} {part.key.removeprefix('scale-'):>5}  {bar or '▏'} {seconds:.2f} s")
        lines.append("")
    caption = f"Fit and predict, CPU seconds, logarithmic: {BLOCKS_A_DECADE} blocks are ten times the time."
    return "\n".join([caption, "", "```text", *lines[:-1], "```"])


def _markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table, without the last column where nothing stands in it."""
    if not head[-1] and not any(row[-1] for row in rows):
        head, rows = head[:-1], [row[:-1] for row in rows]
    ruler = ["---" if name in WORDS else "---:" for name in head]
    lines = [[cell.replace("|", "\\|") for cell in line] for line in (head, ruler, *rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _note(run: Run, here: Mapping[str, str]) -> str:
    """What went wrong, and what was otherwise than the report's head says."""
    notes = [] if run.status == "ok" else [f"{run.status}: {run.cause}"]
    notes += [] if run.commit == here["commit"] else [f"at {run.commit}"]
    for name in ("Python", _source(run)):
        there = run.versions.get(name, here.get(name))
        notes += [f"{name} {there}"] if there != here.get(name) else []
    return ", ".join(notes)


def _source(run: Run) -> str:
    entries = installed().entries["model"]
    entry = entries.get(run.record.kind if run.record else run.model)
    return str(getattr(entry.factory, "made_by", entry.distribution)) if entry else "recbench"


def _score(record: Record | None, metric: str) -> float | None:
    return record.scores[metric].mean if record and metric in record.scores else None


def _per(value: float | None, n: int) -> float | None:
    return None if value is None else value / max(n, 1)


def _number(value: float | None, spec: str) -> str:
    return ABSENT if value is None else format(value, spec)
