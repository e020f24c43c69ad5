"""`recbench check` and `recbench new` as a person types them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from recbench.checking import laws
from recbench.scaffold import EXAMPLES, template_dir, write
from tests.running import recbench, write_plugin

BROKEN = """
from dataclasses import dataclass
import numpy as np
from recbench import RatingModel, hookimpl

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
    return {"sloppy": Sloppy, "rmse": Sloppy}
"""


@pytest.mark.parametrize("word", ["slope_one", "model=bias", "dataset=synthetic", "rmse", "metric=ndcg@10"])
def test_what_keeps_every_law_is_told_so(word: str, tmp_path: Path) -> None:
    run = recbench("check", word, cwd=tmp_path)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "BROKEN" not in run.stdout
    assert run.stdout.strip().endswith("laws, 0 broken")


def test_a_broken_law_is_told_with_what_was_seen(tmp_path: Path) -> None:
    write_plugin(tmp_path / "site", "acme-sloppy", BROKEN)
    run = recbench("check", "sloppy", cwd=tmp_path, PYTHONPATH=str(tmp_path / "site"))
    assert run.returncode == 1
    assert "BROKEN  options are used" in run.stdout
    assert "got: nothing reads the options ['unused']; use them in fit or predict, or take them out" in run.stdout
    assert run.stdout.strip().endswith(f"model sloppy: {len(list(laws('model')))} laws, 1 broken")
    assert run.stderr == ""


def test_a_crash_is_a_broken_law(tmp_path: Path) -> None:
    write_plugin(tmp_path / "site", "acme-sloppy", BROKEN)
    run = recbench("check", "sloppy", "model.fails=true", cwd=tmp_path, PYTHONPATH=str(tmp_path / "site"))
    assert run.returncode == 1
    assert re.search(r"got: KeyError: 'no such thing' \(line \d+ of .*acme_sloppy\.py\)", run.stdout)
    assert "Traceback" not in run.stdout + run.stderr


def test_the_verdicts_can_be_read_by_a_program(tmp_path: Path) -> None:
    write_plugin(tmp_path / "site", "acme-sloppy", BROKEN)
    run = recbench("check", "model=sloppy", "--json", cwd=tmp_path, PYTHONPATH=str(tmp_path / "site"))
    told = json.loads(run.stdout)
    assert (run.returncode, told["role"], told["name"], told["kept"]) == (1, "model", "sloppy", False)
    assert [each["law"] for each in told["laws"] if not each["kept"]] == ["options are used"]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("check",), "the following arguments are required: name"),
        (("check", "slop_one"), "nothing is named 'slop_one'; did you mean 'slope_one'?"),
        (("check", "split=holdout"), "no laws for 'split'; check one of model=..., dataset=..., metric=..."),
        (("check", "rmse"), "'rmse' is a model and a metric; write model=rmse"),
        (("check", "mf", "n_factors=8"), "'n_factors=8' is no option of the model; write model.<option>=<value>"),
        (("check", "metric=mae", "metric.k=8"), "a metric has no options, got 'metric.k=8'"),
        (("check", "mf", "model.n_factor=8"), "n_factor"),
        (("new",), "the following arguments are required: role, name"),
        (("new", "planet", "x"), "invalid choice: 'planet'"),
        (("new", "model", "My-Model"), "model name 'My-Model'; use lower-case letters, digits and underscores"),
        (("new", "model", "class"), "model name 'class'; use lower-case letters"),
        (("new", "model", "mf"), "model 'mf' is there already, from recbench; choose another name"),
    ],
)
def test_a_wrong_command_is_one_line(args: tuple[str, ...], message: str, tmp_path: Path) -> None:
    write_plugin(tmp_path / "site", "acme-sloppy", BROKEN)
    run = recbench(*args, cwd=tmp_path, PYTHONPATH=str(tmp_path / "site"))
    assert run.returncode == 2
    assert message in run.stderr
    assert len(run.stderr.strip().splitlines()) == 1
    assert not list(tmp_path.glob("recbench-*"))


@pytest.mark.parametrize("role", EXAMPLES)
def test_the_template_is_the_example_plugin_itself(role: str, tmp_path: Path) -> None:
    example = EXAMPLES[role]
    write(role, example.name, tmp_path / "made")
    left_out = {"__pycache__", ".pytest_cache"}
    source = [path for path in template_dir(role).rglob("*") if path.is_file() and not left_out & set(path.parts)]
    made = [path for path in (tmp_path / "made").rglob("*") if path.is_file()]
    assert {path.relative_to(tmp_path / "made"): path.read_text() for path in made} == {
        path.relative_to(template_dir(role)): path.read_text() for path in source
    }
    assert any(path.name == "test.yaml" for path in made)


def test_a_new_plugin_has_nothing_left_of_the_examples_names(tmp_path: Path) -> None:
    run = recbench("new", "model", "my_model", cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    made = tmp_path / "recbench-my-model"
    for path in made.rglob("*"):
        text = str(path.relative_to(tmp_path)) + (path.read_text() if path.is_file() else "")
        assert not any(word in text for word in ("slope_one", "slope-one", "SlopeOne"))
    assert "pip install --editable recbench-my-model" in run.stdout
    assert (made / "recbench_my_model.py").is_file()
    again = recbench("new", "model", "my_model", cwd=tmp_path)
    assert again.returncode == 2
    assert "recbench-my-model is there already; choose another name" in again.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["recbench-my-model"]
