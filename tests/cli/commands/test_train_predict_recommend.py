"""`train`, `predict` and `recommend` as users type them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from recbench import RatingDataset, evaluate
from recbench.cli.command import run
from recbench.models.baselines.bias import Bias
from recbench.registry.registry import UnknownNameError
from recbench.serving.loaded_model import load
from recbench.usage import UsageError
from tests.support.command import SMALL, recbench


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with `item_knn` saved in `knn` and `mf` in `mf`."""
    folder = tmp_path_factory.mktemp("serving")
    ran = recbench("train", "model=item_knn", "model.shrinkage=5", *SMALL, "out=knn", cwd=folder)
    assert (ran.returncode, ran.stderr) == (0, "")
    first, following = ran.stdout.splitlines()
    assert first.startswith("item_knn, fitted in ")
    assert "on 1,200 ratings of 60 users on 40 items (synthetic)" in first
    assert following == "next: recbench recommend knn --user 1"
    assert sorted(path.name for path in folder.iterdir()) == ["knn"]
    run("train", ["model=bayes_mf", "model.n_samples=4", *SMALL, f"out={folder / 'bayes'}"])
    return folder


def test_a_saved_folder_holds_json_arrays_and_its_provenance(folder: Path) -> None:
    assert sorted(path.name for path in (folder / "knn").iterdir()) == ["arrays.npz", "beside.npz", "model.json"]
    text = json.loads((folder / "knn" / "model.json").read_text())
    assert text["kind"] == "item_knn"
    assert text["options"]["shrinkage"] == 5.0
    assert set(text["about"]["versions"]) == {"recbench"}
    assert len(text["about"]["digest"]) == 64
    assert text["about"]["config"]["dataset"]["n_ratings"] == 1200


def test_recommending_to_a_user_prints_a_table_with_titles_and_reasons(folder: Path) -> None:
    ran = recbench("recommend", "knn", "--user", "7", "-n", "3", cwd=folder)
    assert (ran.returncode, ran.stderr) == (0, "")
    head, columns, *rows = ran.stdout.splitlines()
    assert head.startswith("item_knn for user 7, among ")
    assert columns.split() == ["item", "title", "rating", "because"]
    assert [row.split()[0] for row in rows] == ["1", "2", "3"]
    assert all(" rated " in row for row in rows)


def test_recommending_to_a_new_user_says_what_it_left_out(folder: Path) -> None:
    (folder / "my.csv").write_text("item,rating\n1,5\n2,1\n999,3\n")
    ran = recbench("recommend", "knn", "--ratings", "my.csv", "--min-ratings", "5", cwd=folder)
    assert (ran.returncode, ran.stderr) == (0, "")
    lines = ran.stdout.splitlines()
    assert lines[0].startswith("item_knn for the user of my.csv, among ")
    assert lines[0].endswith("items with ≥ 5 ratings, excluding 2 already rated")
    assert len(lines) == 1 + 1 + 10 + 1
    assert lines[-1] == "left out of my.csv, because the model does not know them: '999'"


def test_uncertainty_is_shown_if_the_model_has_it(folder: Path) -> None:
    ran = recbench("predict", "bayes", "--user", "7", "--item", "3", cwd=folder)
    assert (ran.returncode, ran.stderr) == (0, "")
    columns, row = ran.stdout.splitlines()
    assert columns.split() == ["item", "title", "rating", "±"]
    assert 0 < float(row.split()[-1]) < 5


def test_unknown_users_and_items_are_predicted_and_marked(folder: Path) -> None:
    output = json.loads(run("predict", [str(folder / "knn"), "--user", "no one", "--item", "3", "--json"]))
    assert (output["user"], output["item"], output["note"]) == ("no one", 3, "unknown user")
    both = json.loads(run("predict", [str(folder / "knn"), "--user", "no one", "--item", "none", "--json"]))
    assert both["note"] == "unknown user and item"
    assert both["title"] == ""


def test_wrong_commands_exit_with_status_2_and_one_line(folder: Path) -> None:
    for args in (
        ["train", "model=bais", "out=x"],
        ["train", "model=bias", "model.no_such=1", "out=x"],
        ["recommend", "nowhere", "--user", "1"],
    ):
        ran = recbench(*args, cwd=folder)
        assert (ran.returncode, ran.stdout) == (2, ""), args
        assert ran.stderr.startswith("error: ")
        assert ran.stderr.count("\n") == 1
        assert "Traceback" not in ran.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], r"needs one out=FOLDER to save to, got none; write recbench train model=mf"),
        (["out=a", "out=b"], "got 2 of them"),
        (["out="], "got 1 of them"),
        (["out=.", "model=bias"], "exists and is not an empty folder"),
        (["out=x", "split=k_fold"], "split=k_fold: a fit on all ratings has no test set, and this split has no valid"),
        (["out=x", "-m", "model=mf,bias"], "unrecognized arguments: -m model=mf,bias; usage: recbench train"),
        (["out=x", "metrics=[mae]"], "has no 'metrics="),
        (["out=x", "mf"], "has no 'mf'"),
        (["out=x", "model=bias", "dataset=ratings_file", "dataset.path=none.csv"], "no file none.csv"),
        (["out=x", "model=bias", "dataset=ratings_file"], "needs dataset.path="),
        (["out=x", "model=mf", "model.n_starts=0", *SMALL], "n_starts is 0; it must be at least 1"),
        (["out=x", "model=bias", *SMALL, "filters.min_rating=99"], "leave none of 1,200 ratings"),
    ],
    ids=str,
)
def test_a_wrong_train_command_is_explained_and_writes_nothing(
    words: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=message):
        run("train", words)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--user", "1"], "the following arguments are required: FOLDER"),
        (["DIR"], "give one pair, or two files, not both"),
        (["DIR", "--user", "1"], "give one pair, or two files"),
        (["DIR", "--item", "1", "--pairs", "in.csv"], "give one pair, or two files"),
        (["DIR", "--user", "1", "--item", "1", "--output", "out.csv"], "give one pair, or two files"),
        (["DIR", "--pairs", "in.csv"], "give one pair, or two files"),
        (["DIR", "--pairs", "in.csv", "--output", "in.csv"], "is the file of the pairs"),
        (["DIR", "--pairs", "none.csv", "--output", "out.csv"], "no file none.csv"),
        (["DIR", "--usr", "1", "--item", "1"], "unrecognized arguments: --usr"),
        (["nowhere", "--user", "1", "--item", "1"], "no model at nowhere: no file model.json"),
    ],
    ids=str,
)
def test_a_wrong_predict_command_is_explained(words: list[str], message: str, folder: Path) -> None:
    with pytest.raises(UsageError, match=message):
        run("predict", [str(folder / "knn") if word == "DIR" else word for word in words])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["DIR"], "one of the arguments --user --ratings --all is required"),
        (["DIR", "--user", "1", "--ratings", "my.csv"], "not allowed with argument"),
        (
            ["DIR", "--user", "nobody"],
            r"unknown user 'nobody' \(ids look like 1, 2, 3\); for a new user pass --ratings",
        ),
        (["DIR", "--user", "1", "-n", "0"], "give -n 1 or more"),
        (["DIR", "--user", "1", "-n", "many"], "invalid int value: 'many'"),
        (["DIR", "--user", "1", "--output", "x.csv"], "--all and --output FILE.csv go together"),
        (["DIR", "--all"], "--all and --output FILE.csv go together"),
        (["DIR", "--ratings", "none.csv"], "no file none.csv"),
        (["nowhere", "--user", "1"], "no model at nowhere"),
    ],
    ids=str,
)
def test_a_wrong_recommend_command_is_explained(words: list[str], message: str, folder: Path) -> None:
    with pytest.raises(UsageError, match=message):
        run("recommend", [str(folder / "knn") if word == "DIR" else word for word in words])


def test_a_model_without_fold_in_names_the_models_that_have_it(folder: Path) -> None:
    (folder / "few.csv").write_text("item,rating\n1,5\n")
    with pytest.raises(UsageError, match=r"model 'bayes_mf' can't fold in a new user; train one of these: .*item_knn"):
        run("recommend", [str(folder / "bayes"), "--ratings", str(folder / "few.csv")])


def test_a_model_of_no_installed_plugin_is_refused(folder: Path, tmp_path: Path) -> None:
    text = json.loads((folder / "knn" / "model.json").read_text())
    (tmp_path / "model.json").write_text(json.dumps(text | {"kind": "gone"}))
    with pytest.raises(UnknownNameError, match="unknown model 'gone'"):
        load(tmp_path)


def test_a_user_who_has_rated_everything_gets_a_message(tmp_path: Path) -> None:
    (tmp_path / "all.csv").write_text(
        "user,item,rating\n" + "".join(f"{u},{i},{1 + u}\n" for u in (1, 2) for i in (1, 2))
    )
    path = f"dataset.path={tmp_path / 'all.csv'}"
    run("train", ["model=bias", "dataset=ratings_file", path, f"out={tmp_path / 'm'}"])
    assert "nothing left to recommend" in run("recommend", [str(tmp_path / "m"), "--user", "1", "--min-ratings", "0"])
    assert json.loads(run("recommend", [str(tmp_path / "m"), "--user", "1", "--json"])) == []


def test_a_missing_library_is_reported_before_the_ratings_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Bias, "requires", ("no_such_package",))
    output = "no_such_package is not installed; pip install no_such_package"
    with pytest.raises(UsageError, match=output):
        run("train", ["model=bias", "dataset=ratings_file", "dataset.path=nowhere.csv", "out=x"])
    with pytest.raises(ValueError, match=output):
        evaluate("bias", *SMALL, "resume=false")


def test_the_named_split_cuts_the_early_stopping_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[np.ndarray, np.ndarray]] = []

    def fit(model: Bias, rows: RatingDataset, valid: RatingDataset | None = None) -> Bias:
        assert rows.timestamps is not None
        assert valid is not None
        assert valid.timestamps is not None
        seen.append((rows.timestamps, valid.timestamps))
        return fit_bias(model, rows, valid)

    fit_bias = Bias.fit
    monkeypatch.setattr(Bias, "uses_valid", True)
    monkeypatch.setattr(Bias, "fit", fit)
    for number, split in enumerate([[], ["split=global_time"]]):
        run("train", ["model=bias", *split, f"out={tmp_path / str(number)}"])
    (at_random, held_out), (early, late) = seen
    assert held_out.min() < at_random.max()
    assert early.max() < late.min()
    assert len(late) / (len(early) + len(late)) == pytest.approx(0.1, abs=0.01)
