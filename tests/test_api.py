"""The Python API: the command line's records and tables, for a notebook."""

from __future__ import annotations

import csv
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import pytest

import recbench
from recbench import RatingDataset, RatingModel
from recbench.contracts import FloatArray, IntArray
from recbench.models.factorization import MF
from recbench.testing import toy_ratings
from tests.running import SMALL
from tests.running import recbench as typed


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@dataclass
class Failing(RatingModel):
    def fit(self, train: RatingDataset, valid: RatingDataset | None = None) -> Self:
        raise ValueError("nothing works")

    def predict(self, user_idx: IntArray, item_idx: IntArray) -> FloatArray:
        return np.zeros(len(user_idx))


def test_a_record_is_that_of_the_command_line(tmp_path: Path) -> None:
    record = recbench.evaluate("mf", "model.n_factors=4", *SMALL)
    assert record.options["n_factors"] == 4
    run = typed("model=mf", "model.n_factors=4", *SMALL, "metrics=[rmse]", cwd=tmp_path)
    assert f"{record.scores['rmse'].mean:.4f}" in run.stdout
    assert recbench.evaluate("mf", "model.n_factors=4", *SMALL).cached


def test_a_model_that_is_passed_is_the_one_that_is_named() -> None:
    by_name, by_object = (recbench.evaluate(model, *SMALL) for model in ("mf", MF()))
    assert by_name.scores == by_object.scores
    assert by_object.model == "MF"


def test_a_data_set_can_be_passed() -> None:
    record = recbench.evaluate("bias", "split=k_fold", "split.n_folds=3", dataset=toy_ratings())
    assert (record.dataset, record.n_folds, record.split) == ("toy", 3, "k_fold n_folds=3 seed=42")


def test_a_comparison_is_the_table_of_the_command_line(tmp_path: Path) -> None:
    comparison = recbench.compare(["mf", "item_knn"], *SMALL)
    typed("-m", "model=mf,item_knn", *SMALL, cwd=tmp_path)
    (table,) = tmp_path.glob("outputs/2*/*/table.csv")
    rows = list(csv.DictReader(table.read_text().splitlines()))
    frame = comparison.frame
    for column in ("model", "rmse", "difference", "low", "high", "p_value"):
        told = [row[column] for row in rows]
        expected = told if column == "model" else [float(each) for each in told]
        assert frame[column].tolist() == expected, column
    assert set(frame["model"]) == {"mf", "item_knn", "bias", "global_mean"}
    assert "to the best" in str(comparison)


def test_a_failure_is_a_row_in_a_comparison_and_an_error_alone() -> None:
    comparison = recbench.compare([Failing(), "bias"], dataset=toy_ratings())
    failed = comparison.frame.set_index("model").loc["Failing"]
    assert (failed["status"], failed["cause"]) == ("failed", "nothing works")
    with pytest.raises(ValueError, match="nothing works"):
        recbench.evaluate(Failing(), dataset=toy_ratings())


@pytest.mark.parametrize(
    ("model", "override", "message"),
    [
        ("fm", "seed=1", "unknown model 'fm'"),
        ("mf", "model.n_factor=3", "n_factor"),
        ("mf", "split.test_size=2", "test_size=2.0; it must lie between 0 and 1"),
        ("mf", "=", "could not override"),
    ],
)
def test_what_can_not_be_meant_is_a_value_error_in_a_line(model: str, override: str, message: str) -> None:
    with pytest.raises(ValueError, match=message.replace("(", r"\\(")) as wrong:
        recbench.evaluate(model, override)
    assert "\n" not in str(wrong.value)


def test_a_comparison_needs_a_list() -> None:
    with pytest.raises(ValueError, match="models is 'mf'; give a list"):
        recbench.compare("mf")


def test_importing_recbench_imports_none_of_it() -> None:
    code = "import sys, recbench; print([m for m in ('recbench.api', 'hydra', 'pandas') if m in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
