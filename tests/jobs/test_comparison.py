"""Comparisons in a sweep's table: over folds, and between the candidates of one model."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from recbench.jobs.stored_results import load_scored_folds
from recbench.metrics import rmse
from recbench.results.significance import corrected_t
from recbench.results.store import open_store
from tests.support.command import SMALL, recbench, records_in


def test_the_p_value_over_folds_is_that_of_the_corrected_t_test(tmp_path: Path) -> None:
    run = recbench("-m", "model=bias,global_mean", *SMALL, "split=k_fold", "split.n_folds=4", cwd=tmp_path)
    assert "p over folds" in run.stdout
    (table,) = tmp_path.glob("outputs/*/*/table.csv")
    p_values = {row["model"]: row["p_folds"] for row in csv.DictReader(table.read_text().splitlines())}
    store = open_store(tmp_path / "outputs/store")
    records = {record.job.model: record for record in records_in(tmp_path)}
    data = load_scored_folds(records["bias"])
    folds = {name: store.predictions(record.provenance.key) or [] for name, record in records.items()}
    scores = {
        name: np.array([rmse(fold.scored.ratings, each) for fold, each in zip(data, predictions, strict=True)])
        for name, predictions in folds.items()
    }
    expected = corrected_t(scores["global_mean"] - scores["bias"], 3, 1).p_value
    assert p_values["bias"] == ""
    assert float(p_values["global_mean"]) == pytest.approx(expected)


def test_one_fold_has_no_p_value_over_folds(tmp_path: Path) -> None:
    run = recbench("-m", "model=bias,global_mean", *SMALL, cwd=tmp_path)
    assert "Δ RMSE vs best [95 % CI]" in run.stdout
    assert "p over folds" not in run.stdout


def test_candidates_that_do_not_differ_significantly_on_validation_are_counted(tmp_path: Path) -> None:
    run = recbench("-m", "model=item_knn", "model.n_neighbors=40,41,42", *SMALL, cwd=tmp_path)
    assert (
        "3 candidates of item_knn do not differ significantly on validation; the choice between them is arbitrary"
        in run.stdout
    )


def test_a_clearly_better_candidate_gets_no_warning(tmp_path: Path) -> None:
    # at 50,000 user biases vanish, and with little noise biases are most of what there is to learn
    run = recbench("-m", "model=bias", "model.reg_user=4,50000", *SMALL, "dataset.noise=0.1", cwd=tmp_path)
    assert "do not differ significantly on validation" not in run.stdout
