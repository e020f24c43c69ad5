"""`recbench check` and `recbench new` as users type them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from recbench.cli.commands.check import checks
from recbench.cli.plugin_template import PARTS, TEMPLATES, template_dir, texts_of, write
from tests.support.command import recbench, write_plugin

BROKEN = """
from dataclasses import dataclass
import numpy as np
from recbench import RatingModel, hookimpl

@dataclass
class Needy(RatingModel):
    requires = ("no_such_library",)

    def fit(self, train, valid=None):
        return self

    def predict(self, user_idx, item_idx):
        return np.zeros(len(user_idx))

@dataclass
class Sloppy(RatingModel):
    unused: int = 1
    fails: bool = False

    def fit(self, train, valid=None):
        if self.fails:
            raise KeyError("no such thing")
        self.mean_ = float(train.ratings.mean())
        return self

    def predict(self, user_idx, item_idx):
        return np.full(len(user_idx), self.mean_)

@hookimpl
def register_models():
    return {"sloppy": Sloppy, "rmse": Sloppy, "needy": Needy}
"""


@pytest.mark.parametrize("word", ["slope_one", "user_knn_classic", "dataset=synthetic", "rmse", "metric=ndcg@10"])
def test_passing_every_check_is_reported(word: str, tmp_path: Path) -> None:
    run = recbench("check", word, cwd=tmp_path)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "FAILED" not in run.stdout
    assert run.stdout.strip().endswith("checks, 0 failed")


def test_a_failed_check_is_reported_with_its_details(tmp_path: Path) -> None:
    write_plugin(tmp_path / "site", "acme-sloppy", BROKEN)
    run = recbench("check", "sloppy", cwd=tmp_path, PYTHONPATH=str(tmp_path / "site"))
    assert run.returncode == 1
    assert "FAILED  options are used" in run.stdout
    assert "got: nothing reads the options ['unused']; use them in fit or predict, or remove them" in run.stdout
    assert run.stdout.strip().endswith(f"model sloppy: {len(list(checks('model')))} checks, 1 failed")
    assert run.stderr == ""


def test_a_crash_is_a_failed_check(tmp_path: Path) -> None:
    write_plugin(tmp_path / "site", "acme-sloppy", BROKEN)
    run = recbench("check", "sloppy", "model.fails=true", cwd=tmp_path, PYTHONPATH=str(tmp_path / "site"))
    assert run.returncode == 1
    assert re.search(r"got: KeyError: 'no such thing' \(line \d+ of .*acme_sloppy\.py\)", run.stdout)
    assert "Traceback" not in run.stdout + run.stderr


def test_results_are_available_as_json(tmp_path: Path) -> None:
    write_plugin(tmp_path / "site", "acme-sloppy", BROKEN)
    run = recbench("check", "model=sloppy", "--json", cwd=tmp_path, PYTHONPATH=str(tmp_path / "site"))
    output = json.loads(run.stdout)
    assert (run.returncode, output["role"], output["name"], output["passed"]) == (1, "model", "sloppy", False)
    assert [each["check"] for each in output["checks"] if not each["passed"]] == ["options are used"]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("check",), "the following arguments are required: NAME"),
        (("check", "slop_one"), "nothing is named 'slop_one'; did you mean 'slope_one'?"),
        (("check", "split=holdout"), "no checks for 'split'; check one of model=..., dataset=..., metric=..."),
        (("check", "rmse"), "'rmse' is a model and a metric; write model=rmse"),
        (("check", "mf", "n_factors=8"), "'n_factors=8' is not an option of the model; write model.<option>=<value>"),
        (("check", "metric=mae", "metric.k=8"), "a metric has no options, got 'metric.k=8'"),
        (("check", "mf", "model.n_factor=8"), "model has no option 'n_factor'; did you mean 'n_factors'?"),
        (("check", "needy"), "model 'needy' needs no_such_library; pip install no_such_library"),
        (("check", "ratings_file"), "dataset.path"),
        (("new",), "the following arguments are required: role, NAME"),
        (("new", "planet", "x"), "invalid choice: 'planet'"),
        (
            ("new", "model", "My-Model"),
            "model name 'My-Model' is not a valid identifier; use lower-case letters, digits and underscores",
        ),
        (("new", "model", "class"), "model name 'class' is not a valid identifier; use lower-case letters"),
        (("new", "model", "tail_"), "model name 'tail_' is not a valid identifier; use lower-case letters"),
        (("new", "model", "mf"), "model 'mf' already exists, in recbench; choose another name"),
        (("new", "model", "slope_one"), "model 'slope_one' already exists, in recbench-slope-one"),
        (("new", "model", "cafe"), "a module recbench_cafe is already installed; choose another name than 'cafe'"),
        (("new", "model", "rating_dataset"), "the template uses 'RatingDataset' itself"),
        (
            ("new", "metric", "len"),
            "metric name 'len': the template uses 'len' itself; choose another",
        ),
    ],
)
def test_a_wrong_command_gets_a_one_line_error(args: tuple[str, ...], message: str, tmp_path: Path) -> None:
    write_plugin(tmp_path / "site", "acme-sloppy", BROKEN)
    run = recbench(*args, cwd=tmp_path, PYTHONPATH=str(tmp_path / "site"))
    assert run.returncode == 2
    assert message in run.stderr
    assert len(run.stderr.strip().splitlines()) == 1
    assert not list(tmp_path.glob("recbench-*"))


def files_of(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in folder.rglob("*")
        if path.is_file() and not {"__pycache__", ".pytest_cache"} & set(path.parts)
    }


def test_a_new_model_is_the_example_plugin_itself(tmp_path: Path) -> None:
    write("model", "slope_one", tmp_path / "made")
    made = files_of(tmp_path / "made")
    assert made == files_of(template_dir("model"))
    assert ".github/workflows/test.yaml" in made


@pytest.mark.parametrize(
    ("role", "files"),
    [
        ("dataset", {"recbench_cafe/dataset.py", "recbench_cafe/ratings.csv", "tests/test_dataset.py"}),
        ("metric", {"recbench_cafe/metric.py", "tests/test_metric.py"}),
    ],
)
def test_a_new_dataset_or_metric_is_that_of_the_example_plugin(role: str, files: set[str], tmp_path: Path) -> None:
    name = TEMPLATES[role].name
    write(role, name, tmp_path / "made")
    source = files_of(template_dir(role))
    made = {
        path.replace(f"recbench_{name}", "recbench_cafe"): text for path, text in files_of(tmp_path / "made").items()
    }
    shared = {"pyproject.toml", "README.md", ".github/workflows/test.yaml", "recbench_cafe/__init__.py"}
    assert set(made) == shared | files
    for path in files:
        assert made[path].replace(f"recbench_{name}", "recbench_cafe") == source[path]


@pytest.mark.parametrize("role", TEMPLATES)
def test_everything_that_is_renamed_or_left_out_is_in_the_example(role: str) -> None:
    example = TEMPLATES[role]
    files = files_of(template_dir(role))
    source = "\n".join([*files, *files.values()])
    assert [word for word in (*example.words, *example.foreign) if word not in source] == []


@pytest.mark.parametrize("role", ["dataset", "metric"])
def test_shared_files_describe_a_part_as_the_example_does(role: str) -> None:
    taken, whole = texts_of(role), files_of(template_dir(role))
    for path, roles in (("pyproject.toml", 1), ("README.md", 2), (".github/workflows/test.yaml", 1)):
        assert sum(any(word in line for word in PARTS[role]) for line in taken[path].splitlines()) >= roles, path
        assert [line for line in taken[path].splitlines() if line not in whole[path].splitlines()] == []
        assert not [word for part in PARTS if part != role for word in PARTS[part] if word in taken[path]], path


@pytest.mark.parametrize(("role", "command"), [("model", "model="), ("dataset", "dataset="), ("metric", "rmse,")])
def test_a_new_plugin_is_checked_tested_and_used_at_once(role: str, command: str, tmp_path: Path) -> None:
    made_by = recbench("new", role, "own_thing", "--into", str(tmp_path), cwd=tmp_path)
    assert made_by.returncode == 0, made_by.stderr
    *_, install, check, use = made_by.stdout.splitlines()
    folder = tmp_path / "recbench-own-thing"
    assert install.endswith(f"pip install --editable {folder}")
    install_by_hand(folder, "own_thing")
    checked = recbench(*check.split()[1:], cwd=tmp_path, PYTHONPATH=str(folder))
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert command in use
    used = recbench(*use.split()[1:], cwd=tmp_path, PYTHONPATH=str(folder))
    assert used.returncode == 0, used.stderr
    assert "own_thing" in used.stdout.lower()  # a metric's column head is in capitals
    pytest_ = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--doctest-modules", "-W", "error", "."]
    tested = subprocess.run(
        pytest_, cwd=folder, env=os.environ | {"PYTHONPATH": str(folder)}, capture_output=True, text=True, check=False
    )
    assert tested.returncode == 0, tested.stdout
    assert " passed" in tested.stdout


def install_by_hand(folder: Path, name: str) -> None:
    """Write the files of an editable install, without pip."""
    info = folder / f"recbench_{name}-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: recbench-{name}\nVersion: 0.1.0\n")
    entry = re.findall(r"(?s)\[project.entry-points.recbench\]\n(.*?)\n", (folder / "pyproject.toml").read_text())
    (info / "entry_points.txt").write_text(f"[recbench]\n{entry[0].replace(chr(34), '')}\n")


@pytest.mark.parametrize("role", TEMPLATES)
def test_a_new_plugin_has_none_of_the_examples_names(role: str, tmp_path: Path) -> None:
    write(role, "own_thing", tmp_path / "made")
    left = ("slope_one", "SlopeOne", "recbench_cafe", "recbench-cafe", "cafe_net", "CafeNet", "Keras", "tensorflow")
    others = {"model": (), "dataset": ("load_cafes", "worst_item", "Metric,"), "metric": ("load_cafes", "worst_item(")}
    for path, text in files_of(tmp_path / "made").items():
        assert [word for word in (*left, *others[role]) if word in path + text] == [], path


def test_an_existing_folder_is_unchanged(tmp_path: Path) -> None:
    (tmp_path / "recbench-my-model").mkdir()
    again = recbench("new", "model", "my_model", cwd=tmp_path)
    assert again.returncode == 2
    assert "recbench-my-model already exists; choose another name" in again.stderr
    assert [path.name for path in tmp_path.rglob("*")] == ["recbench-my-model"]


def test_a_failed_write_leaves_no_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, *args: object, **options: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OSError, match="No space left"):
        write("model", "my_model", tmp_path / "recbench-my-model")
    assert list(tmp_path.iterdir()) == []
