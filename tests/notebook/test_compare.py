"""The notebook API: the same records and tables as the command line."""

from __future__ import annotations

import csv
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd
import pytest

import recbench
from recbench import RatingDataset, RatingModel
from recbench.array_types import FloatArray, IntArray
from recbench.models.baselines.bias import Bias
from recbench.models.factorization.mf import MF
from recbench.models.neighbors.knn import ItemKNN
from recbench.testing import toy_ratings
from tests.support.command import SMALL
from tests.support.command import recbench as typed


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@dataclass
class Failing(RatingModel):
    def fit(self, train: RatingDataset, valid: RatingDataset | None = None) -> Self:
        raise ValueError("nothing works")

    def predict(self, user_idx: IntArray, item_idx: IntArray) -> FloatArray:
        return np.zeros(len(user_idx))


def test_evaluate_gives_the_record_of_the_command_line(tmp_path: Path) -> None:
    record = recbench.evaluate("mf", "model.n_factors=4", *SMALL)
    assert record.job.options["n_factors"] == 4
    run = typed("model=mf", "model.n_factors=4", *SMALL, "metrics=[rmse]", cwd=tmp_path)
    assert f"{record.outcome.scores['rmse'].mean:.4f}" in run.stdout
    assert recbench.evaluate("mf", "model.n_factors=4", *SMALL).provenance.cached


def test_a_model_object_scores_like_the_model_of_that_name() -> None:
    by_name, by_object = (recbench.evaluate(model, *SMALL) for model in ("mf", MF()))
    assert by_name.outcome.scores == by_object.outcome.scores
    assert by_object.job.model == "MF"


def test_a_dataset_object_can_be_passed() -> None:
    record = recbench.evaluate("bias", "split=k_fold", "split.n_folds=3", dataset=toy_ratings())
    assert (record.job.dataset, record.outcome.n_folds, record.job.split) == ("toy", 3, "k_fold n_folds=3 seed=42")


def test_compare_gives_the_table_of_the_command_line(tmp_path: Path) -> None:
    comparison = recbench.compare(["mf", "item_knn"], *SMALL)
    typed("-m", "model=mf,item_knn", *SMALL, cwd=tmp_path)
    (table,) = tmp_path.glob("outputs/2*/*/table.csv")
    rows = list(csv.DictReader(table.read_text().splitlines()))
    frame = comparison.frame
    for column in ("model", "rmse", "difference", "low", "high", "p_value"):
        cells = [row[column] for row in rows]
        expected = cells if column == "model" else [float(each) for each in cells]
        assert frame[column].tolist() == expected, column
    assert set(frame["model"]) == {"mf", "item_knn", "bias", "global_mean"}
    assert "Δ RMSE vs best [95 % CI]" in str(comparison)


def test_comparing_objects_and_comparing_names_give_the_same_table() -> None:
    columns = ["rmse", "difference", "low", "high", "p_value", "p_folds"]
    overrides = (*SMALL, "split=k_fold", "split.n_folds=3")
    models_of: list[list[str | RatingModel]] = [["mf", "item_knn"], [MF(), ItemKNN()], [MF(), "item_knn"]]
    by_name, by_object, mixed = (recbench.compare(models, *overrides).frame[columns] for models in models_of)
    assert by_name.notna().sum().tolist() == [4, 4, 4, 4, 4, 3]
    pd.testing.assert_frame_equal(by_object, by_name)
    pd.testing.assert_frame_equal(mixed, by_name)


def test_predictions_of_objects_are_not_written_to_disk(tmp_path: Path) -> None:
    frame = recbench.compare([MF(n_factors=2), lambda: Bias(reg_user=9.0)], dataset=toy_ratings()).frame
    assert frame["low"].notna().all()
    assert list(tmp_path.iterdir()) == []


def test_a_data_frame_gives_the_scores_of_the_file_with_its_rows(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    pairs = rng.choice(600, 300, replace=False)
    frame = pd.DataFrame({"rating": rng.integers(1, 6, 300), "user": pairs // 30, "item": pairs % 30, "noise": 1.0})
    frame.to_csv(tmp_path / "ratings.csv", index=False)
    before = frame.copy()
    by_file = recbench.evaluate("mf", "dataset=ratings_file", "dataset.path=ratings.csv")
    by_frame = recbench.evaluate("mf", dataset=frame)
    assert (by_frame.provenance.data, by_frame.outcome.scores) == (by_file.provenance.data, by_file.outcome.scores)
    assert set(by_file.job.config) - set(by_frame.job.config) == {"dataset"}  # the default dataset, which was not used
    assert by_frame.job.dataset == "frame"
    pd.testing.assert_frame_equal(frame, before)
    assert recbench.compare([MF()], dataset=frame).frame["low"].notna().all()


def test_a_data_frame_with_missing_columns_is_an_error_that_names_its_columns() -> None:
    frame = pd.DataFrame({"who": [1], "what": [2], 3: [4]})
    expected = (
        "the DataFrame has no column for the user: ['who', 'what', '3']; set user_column, in recbench.from_frame("
    )
    with pytest.raises(ValueError, match=re.escape(expected)):
        recbench.compare(["bias"], dataset=frame)


def test_a_failed_model_is_a_row_of_compare_and_an_error_of_evaluate() -> None:
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
        ("mf", "model.n_factors=4,8", "model.n_factors=4,8 gives several values; give one, and call once"),
        ("mf", "model=bias", "model=bias: model is an argument here; leave it out"),
        ("mf", "search=auto", "search=auto: only the command line searches; leave it out"),
        ("surprise_nothing", "seed=1", "unknown model 'surprise_nothing'"),
    ],
)
def test_an_invalid_override_is_a_value_error_of_one_line(model: str, override: str, message: str) -> None:
    with pytest.raises(ValueError, match=message.replace("(", r"\\(")) as caught:
        recbench.evaluate(model, override)
    assert "\n" not in str(caught.value)


def test_compare_takes_a_list_of_models() -> None:
    with pytest.raises(ValueError, match="models is 'mf'; give a list"):
        recbench.compare("mf")


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("model.reg_bias=3", "model.reg_bias=3: model options do not apply to a model object"),
        ("timeout_s=1", "timeout_s applies only to models and datasets given by name, not to objects"),
        ("metrics=[nothing]", "unknown metric 'nothing'"),
        ("split.test_size=2", "test_size=2.0; it must lie between 0 and 1"),
        ("dataset=synthetic", "dataset=synthetic: dataset is an argument here"),
        ("dataset.n_users=9", "dataset.n_users=9: dataset options do not apply to a dataset object"),
    ],
)
def test_an_override_that_does_not_apply_to_an_object_is_an_error(override: str, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        recbench.evaluate(MF(), override, dataset=toy_ratings())


def test_an_object_that_is_not_a_dataset_is_an_error_that_says_what_to_pass() -> None:
    with pytest.raises(ValueError, match="dataset is dict; give a RatingDataset, a DataFrame, or a file among"):
        recbench.evaluate("bias", dataset={"user": [1]})  # type: ignore[arg-type]


@pytest.mark.parametrize("override", ["filters.min_user_ratings=20", "filters={min_user_ratings: 20, whole_set: true}"])
def test_filters_apply_to_objects_and_to_names(override: str) -> None:
    by_name, by_object = (recbench.evaluate(model, *SMALL, override) for model in ("bias", Bias()))
    assert by_object.outcome.n_train < 960
    assert (by_object.outcome.n_train, by_object.outcome.scores) == (by_name.outcome.n_train, by_name.outcome.scores)
    assert (by_object.job.split, by_object.job.dataset) == (by_name.job.split, by_name.job.dataset)


def test_a_time_limit_ends_the_job() -> None:
    with pytest.raises(ValueError, match="still running after timeout_s"):
        recbench.evaluate("mf", *SMALL, "timeout_s=0.01")


def test_a_class_or_function_makes_the_model_with_the_seed_of_the_run() -> None:
    by_class = recbench.evaluate(MF, "seed=3", *SMALL)
    assert by_class.job.options["seed"] == by_class.job.seed == 3
    by_function = recbench.evaluate(lambda: Bias(reg_user=9.0), dataset=toy_ratings())
    assert by_function.job.options["reg_user"] == 9.0


def test_a_function_that_returns_something_else_is_an_error() -> None:
    with pytest.raises(ValueError, match="returned int; expected a RatingModel"):
        recbench.evaluate(lambda: 3, dataset=toy_ratings())  # type: ignore[arg-type, return-value]


def test_a_class_that_needs_arguments_is_a_failed_row_of_its_name() -> None:
    @dataclass
    class Demanding(Failing):
        width: int

    failed, *baselines = recbench.compare([Demanding], dataset=toy_ratings()).records  # type: ignore[list-item]
    assert (failed.job.model, failed.outcome.status) == ("Demanding", "failed")
    assert "width" in failed.outcome.cause
    assert [baseline.outcome.status for baseline in baselines] == ["ok", "ok"]


def test_models_that_differ_only_in_the_seed_share_a_row() -> None:
    models = [MF(n_factors=2), MF(n_factors=3, seed=0), MF(n_factors=3, seed=1)]
    frame = recbench.compare(models, dataset=toy_ratings()).frame
    assert len(frame[frame["model"] == "MF"]) == 2


def test_the_table_shows_options_of_an_object_that_json_cannot_represent() -> None:
    @dataclass
    class Odd(Bias):
        weights: object = None

    comparison = recbench.compare([Odd(reg_user=9.0, weights=np.array([1, 2]))], dataset=toy_ratings())
    assert comparison.records[0].job.user_options == ("reg_user", "weights")
    assert "Odd          reg_user=9.0 weights=array([1, 2])" in str(comparison)


def test_a_fitted_model_object_is_fitted_again_as_a_copy() -> None:
    toy = toy_ratings()
    fitted = Bias().fit(toy)
    before = fitted.user_bias_.copy()
    assert (
        recbench.evaluate(fitted, dataset=toy).outcome.scores == recbench.evaluate(Bias(), dataset=toy).outcome.scores
    )
    assert np.array_equal(fitted.user_bias_, before)


def test_importing_recbench_does_not_import_the_notebook_api() -> None:
    code = (
        "import sys, recbench; print([m for m in ('recbench.notebook.compare', 'hydra', 'pandas') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
