"""The benchmark's command line: make the missing runs, then write BENCHMARKS.md from all finished ones."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from recbench.runtime.atomic import write_text
from recbench_peers.bench import machine, sweeps
from recbench_peers.bench.measuring import Run, run, stored
from recbench_peers.bench.plan import PARTS, Part, Task, choose_parts, not_installed, tasks_of
from recbench_peers.bench.report import report

STORE = Path("outputs/bench")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark and return the exit status: 2 for a wrong command, else 0, as a failed run is a row."""
    chosen = _parser().parse_args(arguments)
    try:
        parts = choose_parts(chosen.data)
        benchmark(parts, chosen)
    except (LookupError, FileNotFoundError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 2
    return 0


def benchmark(parts: Sequence[Part], chosen: argparse.Namespace, all_parts: Sequence[Part] = PARTS) -> None:
    """Run the chosen models on these parts, then write up every stored run of `all_parts`."""
    commit, code = machine.commit(), machine.code_digest()
    accepted = None if chosen.any_code else code
    tasks = tasks_of(parts, chosen.models)
    for number, task in enumerate(tasks, start=1):
        known_run = None if chosen.fresh else stored(task, chosen.store, accepted)
        finished = known_run or run(task, chosen.store, chosen.timeout, commit, code)
        reused = " (reused)" if known_run else ""
        _report_progress(f"{number}/{len(tasks)} {task.part.key} {task.model}: {_summary(finished)}{reused}")
    numbers = range(len(sweeps.SWEEPS))
    for number in numbers if chosen.sweeps or not (chosen.data or chosen.models) else ():
        known = None if chosen.fresh else sweeps.stored(number, chosen.store, accepted)
        measured = known or sweeps.run(number, chosen.store, chosen.timeout, commit, code)
        _report_progress(f"{measured.command}: {measured.usage.cpu_seconds:.1f} CPU s{' (reused)' if known else ''}")
    results: dict[Part, list[Run]] = {}
    pending: dict[Part, list[str]] = {}
    absent = not_installed()  # another environment that has them may have stored runs of them
    elsewhere = [Task(part, model) for part in all_parts if not part.is_scale for model in absent]
    for task in dict.fromkeys([*tasks_of(all_parts), *tasks, *elsewhere]):
        found = stored(task, chosen.store, accepted)
        if found:
            results.setdefault(task.part, []).append(found)
        elif task.model not in absent:
            pending.setdefault(task.part, []).append(task.model)
    measured_sweeps = [sweeps.stored(number, chosen.store, accepted) for number in numbers]
    by_part = {part: results.get(part, []) for part in all_parts}
    text = report(by_part, pending, machine.describe(), machine.versions(), commit, measured_sweeps)
    run_anywhere = {each.model for runs in results.values() for each in runs}
    if missing := [model for model in absent if model not in run_anywhere]:
        text += f"\nNot run, because the library is not installed: {', '.join(missing)}.\n"
    write_text(chosen.output, text)
    _report_progress(f"wrote {chosen.output}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="make bench BENCH='...'", description="Make the missing runs, then write BENCHMARKS.md."
    )
    parser.add_argument("--data", type=_list, default=[], help="ml-100k,latest-small,ml-1m,scale; default: all")
    parser.add_argument("--models", type=_list, default=[], help="models and variants, named as in `recbench list`")
    parser.add_argument(
        "--sweeps", action="store_true", help="also measure the sweeps when --data or --models is given"
    )
    parser.add_argument("--fresh", action="store_true", help="repeat the runs that are stored already")
    parser.add_argument(
        "--any-code", action="store_true", help="reuse runs of other code, too, marked with their commit"
    )
    parser.add_argument("--timeout", type=float, default=600, help="wall seconds after which a run is killed")
    parser.add_argument("--output", type=Path, default=Path("BENCHMARKS.md"), help="the file to write")
    parser.add_argument("--store", type=Path, default=STORE, help="the folder of the finished runs")
    return parser


def _list(text: str) -> list[str]:
    return [name for name in text.split(",") if name]


def _summary(finished: Run) -> str:
    if finished.status != "ok" or finished.record is None:
        return f"{finished.status}: {finished.cause}"
    score = finished.record.outcome.scores["rmse"].mean
    return f"RMSE {score:.4f}, {finished.usage.cpu_seconds:.1f} CPU s, {finished.usage.wall_seconds:.1f} s"


def _report_progress(line: str) -> None:
    sys.stderr.write(f"{line}{os.linesep}")


if __name__ == "__main__":
    sys.exit(main())
