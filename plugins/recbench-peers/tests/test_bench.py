"""The benchmark: its plan, its measurements, its store and its report."""

from __future__ import annotations

import os
import re
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from recbench_peers.bench import sweeps
from recbench_peers.bench.__main__ import main
from recbench_peers.bench.measuring import Run, Usage, measure, run, stored
from recbench_peers.bench.plan import Part, Task, choose_parts, holdout, not_installed, runnable, tasks_of
from recbench_peers.bench.report import report

from recbench.registry.registry import installed
from recbench.results.records import JobDescription, Outcome, Provenance, Record, Score

SIZES = ("dataset=synthetic", "dataset.n_users=60", "dataset.n_items=40", "dataset.n_ratings=1200")
TINY = Part("tiny", "Tiny", (*SIZES, *holdout(0.1)))
MACHINE, VERSIONS = {"processor": "a slide rule, 1 cores"}, {"recbench": "0.1"}


def test_a_prefix_chooses_all_parts_that_start_with_it() -> None:
    assert [part.key for part in choose_parts(["scale"])] == ["scale-100k", "scale-1m", "scale-10m"]


def test_unknown_data_gets_a_suggestion_and_the_list() -> None:
    with pytest.raises(LookupError, match=r"^unknown data 'scal'; did you mean 'scale-1m'\?.*ml-100k"):
        choose_parts(["scal"])


def test_missing_data_is_reported_before_anything_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RECBENCH_DATA", str(tmp_path))
    assert main(["--data", "ml-100k", "--store", str(tmp_path / "store")]) == 2
    assert "no ml-100k in the folder of" in capsys.readouterr().err
    assert not (tmp_path / "store").exists()


def test_every_model_and_variant_is_runnable_or_not_installed() -> None:
    assert {*installed().entries["model"], "ncf_classic"} <= {*runnable(), *not_installed()}
    assert not set(runnable()) & set(not_installed())


def test_an_unknown_model_gets_a_suggestion() -> None:
    with pytest.raises(LookupError, match=r"^model 'bais' is unknown; did you mean 'bias'\?"):
        tasks_of([TINY], ["bais"])


def test_scale_runs_four_models_the_neural_one_for_one_epoch() -> None:
    commands = {task.model: task.arguments() for task in tasks_of(choose_parts(["scale-10m"]))}
    assert set(commands) == {"bias", "mf", "item_knn", "ncf"}
    assert "model.n_epochs=1" in commands["ncf"]
    assert "dataset.n_ratings=10000000" in commands["mf"]


def test_ten_million_ratings_have_as_many_test_rows_as_one_million() -> None:
    tested = []
    for part in choose_parts(["scale-1m", "scale-10m"]):
        options = dict(argument.split("=") for argument in part.arguments)
        tested.append(round(int(options["dataset.n_ratings"]) * float(options["split.test_size"])))
    assert tested == [100_000, 100_000]


def test_usage_counts_the_process_and_its_children(tmp_path: Path) -> None:
    burn = "import time\nwhile time.process_time() < 0.3: pass"
    code = f"import subprocess, sys; x = b'x' * 200_000_000; subprocess.run([sys.executable, '-c', {burn!r}])"
    usage = measure([sys.executable, "-c", code], os.environ, 60, tmp_path)
    assert (usage.exit_status, usage.timed_out) == (0, False)
    assert usage.cpu_seconds >= 0.3
    assert usage.wall_seconds >= 0.3
    assert 190 < usage.max_rss_mb < 400


def test_a_run_that_takes_too_long_is_killed_with_its_children(tmp_path: Path) -> None:
    alive = tmp_path / "alive"
    child = f"import time, pathlib; time.sleep(1); pathlib.Path({str(alive)!r}).touch(); time.sleep(9)"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    usage = measure([sys.executable, "-c", code], os.environ, 0.5, tmp_path)
    time.sleep(1.5)  # a surviving child would have written its file by now
    assert usage.timed_out
    assert usage.wall_seconds < 9
    assert not alive.exists()


def test_a_failed_command_is_a_run_with_its_cause(tmp_path: Path) -> None:
    wrong = Part("wrong", "Wrong", ("dataset=synthetic", "dataset.n_users=-1"))
    failed = run(Task(wrong, "bias"), tmp_path, 60, "abc", "code")
    assert failed.status == "failed"
    assert "n_ratings" in failed.cause
    assert "Traceback" not in failed.cause


def test_a_finished_run_is_reused_only_for_the_same_code_and_command(tmp_path: Path) -> None:
    task = Task(TINY, "bias")
    finished = run(task, tmp_path, 60, "abc", "code")
    assert finished.status == "ok"
    assert stored(task, tmp_path, "code") == finished
    assert stored(task, tmp_path, None) == finished
    assert stored(task, tmp_path, "other code") is None
    assert stored(Task(Part("tiny", "Tiny", (*SIZES, *holdout(0.2))), "bias"), tmp_path, "code") is None


def test_the_table_is_sorted_by_rmse_with_failures_last_and_seconds_per_fold() -> None:
    runs = [_run("mf", 0.95), _run("bias", 0.9, n_folds=5), _failed("ncf")]
    lines = report({TINY: runs}, {TINY: ["content"]}, MACHINE, VERSIONS, "abc").splitlines()
    rows = [line for line in lines if line.startswith(("| mf", "| bias", "| ncf"))]
    assert [row.split()[1] for row in rows] == ["bias", "mf", "ncf"]
    assert "| bias | recbench | 0.9000 | – | 0.40 | 0.20 | 30 | 4.0 | 5.0 | 100 |  |" in rows
    assert any("| fit s/fold | predict s/fold |" in line for line in lines)
    assert "timeout: not done after 600 s" in rows[2]
    assert "Not run yet: content." in lines
    assert "| commit | abc |" in lines


def test_a_run_of_another_commit_is_marked() -> None:
    text = report({TINY: [_run("mf", 0.9)]}, {}, MACHINE, VERSIONS, "def")
    assert "| at abc |" in text
    assert "| at abc |" not in report({TINY: [_run("mf", 0.9)]}, {}, MACHINE, VERSIONS, "abc")


def test_a_run_with_another_python_or_another_version_of_its_library_is_marked() -> None:
    there = replace(_run("mf", 0.9), versions={"Python": "3.13.5", "recbench": "0.2", "numpy": "9.9"})
    text = report({TINY: [there]}, {}, MACHINE, {"Python": "3.11.7", "recbench": "0.1"}, "abc")
    assert "| Python 3.13.5, recbench 0.2 |" in text
    same = replace(there, versions={"Python": "3.11.7", "recbench": "0.1"})
    (row,) = (
        line
        for line in report({TINY: [same]}, {}, MACHINE, same.versions, "abc").splitlines()
        if line.startswith("| mf |")
    )
    assert "3.11" not in row


def test_growth_is_compared_with_linear_and_drawn_on_a_logarithmic_scale() -> None:
    small, large = choose_parts(["scale-100k", "scale-1m"])
    parts = {
        small: [_run("mf", 0.9, fit_seconds=0.09, n_train=90_000)],
        large: [_run("mf", 0.8, fit_seconds=1.8, n_train=900_000)],
    }
    lines = report(parts, {}, MACHINE, VERSIONS, "abc").splitlines()
    assert "| mf | 900,000 | 0.8000 | 1.80 | 2.00 | 1.00 | 30 | 4.0 |" in lines
    bars = [line.count("█") for line in lines if line.startswith("mf ")]
    assert bars == [round(10 * 2.037), round(10 * 2.447)]  # log10 of 1.09 s and of 2.8 s, over 0.01 s


@pytest.mark.slow
def test_the_command_writes_the_tables_and_reuses_its_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    command = ["--data", "scale-100k", "--models", "bias,mf"]
    assert main(command) == 0
    assert "(reused)" not in capsys.readouterr().err
    text = (tmp_path / "BENCHMARKS.md").read_text(encoding="utf-8")
    records = {name: Record.from_json(path.read_text(encoding="utf-8")) for name, path in _records(tmp_path)}
    assert set(records) == {"bias", "mf"}
    for model, record in records.items():
        assert (
            f"| {model} | 90,000 | {record.outcome.scores['rmse'].mean:.4f} | {record.outcome.fit_seconds:.2f} |"
            in text
        )
    assert records["mf"].outcome.scores["rmse"].mean < records["bias"].outcome.scores["rmse"].mean
    assert main(command) == 0
    assert capsys.readouterr().err.count("(reused)") == 2


def _records(folder: Path) -> list[tuple[str, Path]]:
    return [(path.parent.name, path) for path in (folder / "outputs" / "bench" / "scale-100k").rglob("record.json")]


def _run(model: str, rmse: float, *, n_folds: int = 1, fit_seconds: float = 2.0, n_train: int = 900) -> Run:
    outcome = Outcome(
        scores={"rmse": Score.over([rmse])},
        n_folds=n_folds,
        n_train=n_train,
        n_scored=100,
        cold_share=0.0,
        fit_seconds=fit_seconds,
        predict_seconds=1.0,
        peak_memory_mb=30.0,
    )
    record = Record(
        job=JobDescription(dataset="tiny", split="holdout", model=model, kind=model, seed=0),
        outcome=outcome,
        provenance=Provenance(data={"n_users": 60, "n_items": 40, "n_ratings": 1000}),
    )
    return Run(
        "tiny",
        model,
        f"recbench model={model}",
        "abc",
        "code",
        Usage(0, timed_out=False, cpu_seconds=4, wall_seconds=5, max_rss_mb=100),
        "ok",
        "",
        record,
    )


def _failed(model: str) -> Run:
    usage = Usage(-9, timed_out=True, cpu_seconds=599, wall_seconds=600, max_rss_mb=100)
    return Run("tiny", model, "recbench", "abc", "code", usage, "timeout", "not done after 600 s")


def test_a_sweep_is_measured_stored_and_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments = ("-m", "model=bias,global_mean", "dataset=synthetic", "dataset.n_ratings=500")
    monkeypatch.setattr(sweeps, "SWEEPS", (sweeps.Sweep(arguments, 2),))
    measured = sweeps.run(0, tmp_path, 60, "c0ffee", "digest")
    assert measured.usage.exit_status == 0
    assert sweeps.stored(0, tmp_path, "digest") == measured
    assert sweeps.stored(0, tmp_path, "another") is None
    (measured_sweep,) = sweeps.measured_sweeps([measured])
    command, n_jobs, cpu, _, _, per_minute, note = (each.cell(measured_sweep) for each in sweeps.columns("c0ffee"))
    assert command == "`recbench -m model=bias,global_mean dataset=synthetic dataset.n_ratings=500`"
    assert (n_jobs, note) == ("2", "")
    assert float(cpu) > 0
    assert int(per_minute.replace(",", "")) > 2


def test_a_new_plugin_goes_from_an_empty_folder_to_the_table(tmp_path: Path) -> None:
    number = next(number for number, each in enumerate(sweeps.SWEEPS) if isinstance(each, sweeps.NewPlugin))
    measured = sweeps.run(number, tmp_path, 120, "c0ffee", "digest")
    log = (tmp_path / "sweeps" / str(number) / "output.txt").read_text()
    assert measured.usage.exit_status == 0, log
    assert re.search(r"model my_model: \d+ checks, 0 failed", log)
    assert "\nmy_model " in log
