"""The command line, end to end: what users type, see and find afterwards."""

from __future__ import annotations

import csv
import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from tests.support.command import SMALL, recbench, records_in, write_plugin

FAILING_MODEL = """
from dataclasses import dataclass
from recbench import RatingModel, hookimpl

@dataclass
class Failing(RatingModel):
    def fit(self, train, valid=None):
        raise ValueError("nothing works:\\nnothing at all")

    def predict(self, user_idx, item_idx):
        return 0.0 * user_idx

@hookimpl
def register_models():
    return {"failing": Failing}
"""


def test_nothing_typed_gives_three_commands_to_try(tmp_path: Path) -> None:
    run = recbench(cwd=tmp_path)
    assert (run.returncode, run.stderr) == (0, "")
    assert sum(line.startswith("  recbench ") for line in run.stdout.splitlines()) == 3
    assert not list(tmp_path.iterdir())


def test_one_model_gives_one_row_and_its_record(tmp_path: Path) -> None:
    run = recbench("model=bias", "model.reg_user=3", *SMALL, cwd=tmp_path)
    assert (run.returncode, run.stderr) == (0, "")
    header, columns, row, folder = run.stdout.strip().splitlines()
    assert "60 users × 40 items, 1,200 ratings · holdout test_size=0.2 seed=42 · 240 test ratings" in header
    assert columns.split() == [
        "model",
        "options",
        "RMSE",
        "MAE",
        "fallback",
        "fit",
        "s",
        "predict",
        "s",
        "memory",
        "MB",
    ]
    assert row.split()[:2] == ["bias", "reg_user=3.0"]
    (record,) = records_in(tmp_path)
    assert record.outcome.status == "ok"
    assert record.job.options == {"reg_user": 3.0, "reg_item": 2.0, "n_epochs": 10}
    assert (record.outcome.n_train, record.outcome.n_scored) == (960, 240)
    assert f"{record.outcome.scores['rmse'].mean:.4f}" in row
    assert (tmp_path / folder / "recbench.log").is_file()
    saved = OmegaConf.load(tmp_path / folder / ".hydra" / "config.yaml")
    assert saved.model.reg_user == 3.0


def test_a_record_names_what_made_it(tmp_path: Path) -> None:
    recbench("model=slope_one", *SMALL, "seed=7", cwd=tmp_path)
    (record,) = records_in(tmp_path)
    assert record.job.seed == 7
    assert record.provenance.versions["recbench-slope-one"] == "0.1.0"
    assert {"python", "numpy", "recbench"} <= set(record.provenance.versions)
    assert len(record.provenance.data["digest"]) == len(record.provenance.split_digest) == 64
    assert record.job.config["dataset"]["n_users"] == 60


def test_a_multirun_ends_in_one_table_with_the_baselines(tmp_path: Path) -> None:
    run = recbench("-m", "model=slope_one,item_mean,user_knn", *SMALL, cwd=tmp_path)
    assert (run.returncode, run.stderr) == (0, "")
    (table,) = tmp_path.glob("outputs/*/*/table.csv")
    rows = list(csv.DictReader(table.read_text().splitlines()))
    assert {row["model"] for row in rows} == {"slope_one", "item_mean", "user_knn", "bias", "global_mean"}
    scores = [float(row["rmse"]) for row in rows]
    assert scores == sorted(scores)
    assert [row["status"] for row in rows] == ["ok"] * 5
    assert sum(line.startswith("model  ") for line in run.stdout.splitlines()) == 1
    assert run.stdout.count("  baseline") == 2
    assert (table.parent / "table.md").read_text().count("\n| ") == 7
    assert run.stdout.strip().endswith(f"5 models, 5 ok · {(table.parent / 'table.md').relative_to(tmp_path)}")


def test_the_csv_has_the_promised_columns(tmp_path: Path) -> None:
    recbench("-m", "model=bias", "model.n_epochs=1,3", "sealed=false", *SMALL, cwd=tmp_path)
    (table,) = tmp_path.glob("outputs/*/*/table.csv")
    promised = (
        "dataset,split,model,options,rmse,mae,fit_seconds,predict_seconds,peak_memory_mb,fallback_share,status,cause"
    )
    assert table.read_text().splitlines()[0] == f"{promised},difference,low,high,p_value"
    options = [
        json.loads(row["options"]) for row in csv.DictReader(table.read_text().splitlines()) if row["model"] == "bias"
    ]
    assert sorted(each.get("n_epochs", 10) for each in options) == [1, 3, 10]


def test_a_failed_job_is_a_row_and_the_others_go_on(tmp_path: Path) -> None:
    write_plugin(tmp_path / "site", "acme-models", FAILING_MODEL)
    run = recbench("-m", "model=failing,item_mean", *SMALL, cwd=tmp_path, PYTHONPATH=str(tmp_path / "site"))
    assert run.returncode == 1
    assert "Traceback" not in run.stdout + run.stderr
    assert "failed: nothing works: nothing at all" in run.stdout
    assert "4 models, 3 ok" in run.stdout
    by_model = {record.job.model: record for record in records_in(tmp_path)}
    assert by_model["failing"].outcome.status == "failed"
    assert by_model["failing"].outcome.cause == "nothing works: nothing at all"
    assert by_model["item_mean"].outcome.status == "ok"
    logs = [path.read_text() for path in tmp_path.glob("outputs/*/*/*/recbench.log")]
    assert any("Traceback" in text for text in logs)


def test_a_failed_single_run_says_why_and_exits_with_1(tmp_path: Path) -> None:
    write_plugin(tmp_path / "site", "acme-models", FAILING_MODEL)
    run = recbench("model=failing", *SMALL, cwd=tmp_path, PYTHONPATH=str(tmp_path / "site"))
    assert run.returncode == 1
    assert run.stderr.startswith("error: nothing works: nothing at all (traceback in outputs/")
    assert run.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["model=fm"], "unknown model 'fm'"),
        (["model=biass"], "did you mean 'bias'?"),
        (["modle=bias"], "did you mean 'model'?"),
        (["bias"], "did you mean 'model=bias'?"),
        (["lst"], "did you mean 'list'?"),
        (["model=bias", "model.reg_usr=1"], "did you mean 'reg_user'?"),
        (["model=bias", "+model.zz=1"], "model 'bias' has no option 'zz' (options: reg_user, reg_item, n_epochs)"),
        (["model=bias", "model.n_epochs=many"], "model.n_epochs=many: give a whole number"),
        (["model=bias", "metrics=[rsme]"], "unknown metric 'rsme'; did you mean 'rmse'?"),
        (["model=bias", "metrics=[]"], "metrics=[] is empty"),
        (["model=bias", "metrics=rmse"], "give a list: metrics=[a,b]"),
        (["model=bias", "split.test_size=2"], "test_size=2.0; it must lie between 0 and 1"),
        (["model=bias", "split=fixed_folds"], "has no folds of its own"),
        (["model=bias,mf"], "add -m (recbench -m model=bias,mf)"),
        (["-m", "model=bias,item_mean", "model.reg_user=1,2"], "takes only options that all of them have"),
        (["model=user_knn", "model.similarity=cosin"], "did you mean 'cosine'?"),
        (["dataset=ratings_file"], "dataset.path"),
        (["dataset=ratings_file", "dataset.path=missing.csv"], "missing.csv"),
        (["dataset.release=100k"], "100k"),
        (["experiment=compar"], "did you mean 'compare'?"),
        (["hydra/launcher=nimbus"], "unknown hydra/launcher 'nimbus'"),
        (["--experimental-rerun=x.pickle"], "unpickles"),
        (["model=[a"], "can't read 'model=[a'"),
        (["show", "mf"], "recbench show model=mf"),
        (["show", "model=fm"], "unknown model 'fm'"),
        (["list", "models"], "unrecognized arguments: models"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_mistake_is_explained_in_one_line(args: list[str], message: str, tmp_path: Path) -> None:
    run = recbench(*args, cwd=tmp_path)
    assert run.returncode == 2
    assert run.stderr.startswith("error: ")
    assert run.stderr.count("\n") == 1
    assert message in run.stderr
    assert run.stdout == ""


def test_hydras_own_options_work(tmp_path: Path) -> None:
    composed = OmegaConf.create(recbench("model=mf", "seed=3", "--cfg", "job", "--resolve", cwd=tmp_path).stdout)
    assert composed.model.kind == "mf"
    assert composed.model.seed == composed.seed == 3
    line = "recbench model=slope"
    completion = recbench("-sc", "query=bash", cwd=tmp_path, COMP_LINE=line, COMP_POINT=str(len(line)))
    assert "model=slope_one" in completion.stdout


def test_the_same_seed_gives_the_same_scores_in_another_process(tmp_path: Path) -> None:
    scores: list[dict[str, float]] = []
    for seed in ("1", "1", "2"):
        folder = tmp_path / str(len(scores))
        folder.mkdir()
        run = recbench("-m", "model=ncf,mf", "model.n_epochs=3", f"seed={seed}", *SMALL, cwd=folder)
        assert run.returncode == 0, run.stderr
        scores.append(
            {r.job.model: r.outcome.scores["rmse"].mean for r in records_in(folder) if r.job.model in ("ncf", "mf")}
        )
    assert scores[0] == scores[1]
    assert all(scores[0][model] != scores[2][model] for model in ("ncf", "mf"))


def test_two_sweeps_in_one_second_have_folders_of_their_own(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "recbench", "model=bias", *SMALL]
    runs = [subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL) for _ in range(2)]
    assert [run.wait() for run in runs] == [0, 0]
    assert len(records_in(tmp_path)) == 2


def test_progress_is_shown_on_a_terminal_only(tmp_path: Path) -> None:
    args = ["model=bias", *SMALL, "split=k_fold", "resume=false"]
    assert recbench(*args, cwd=tmp_path).stderr == ""
    assert "folds" in _on_a_terminal(args, tmp_path)


def test_no_color_or_width_of_a_terminal_changes_the_table(tmp_path: Path) -> None:
    narrow = recbench("model=bias", *SMALL, cwd=tmp_path, COLUMNS="20")
    assert "memory MB" in narrow.stdout


def _on_a_terminal(args: list[str], cwd: Path) -> str:
    """What a terminal behind standard error receives."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "recbench", *args]
    with subprocess.Popen(command, cwd=cwd, stdout=subprocess.DEVNULL, stderr=theirs) as process:
        os.close(theirs)
        received = b""
        while True:
            try:
                part = os.read(ours, 4096)
            except OSError:  # the other end is closed
                break
            if not part:
                break
            received += part
        assert process.wait() == 0
    os.close(ours)
    return received.decode()
