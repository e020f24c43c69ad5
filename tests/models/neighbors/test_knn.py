"""The neighbor models against cases worked by hand, and against a direct evaluation of their formulas."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, get_args

import numpy as np
import numpy.typing as npt
import pytest

from recbench.array_types import FloatArray
from recbench.contracts import RatingDataset
from recbench.datasets.movielens.loader import load_movielens
from recbench.metrics import rmse
from recbench.models.baselines.bias import Bias
from recbench.models.neighbors.knn import ItemKNN, UserKNN
from recbench.models.neighbors.neighbors import Neighbors
from recbench.models.neighbors.similarity_inputs import Centering, Similarity
from recbench.splits import Holdout
from tests.support.rating_tables import NAN, predict_all, random_table, ratings_from

WORKED = [[5, NAN, 3, 2], [4, 3, NAN, 1], [2, 5, 4, NAN]]
UNRATED = (np.array([0, 1, 2]), np.array([1, 2, 3]))  # U1 on I2, U2 on I3, U3 on I4
PLAIN: dict[str, Any] = {"shrinkage": 0.0, "amplification": 1.0, "aggregation_damping": 0.0}
KOREN: dict[str, Any] = {"similarity": "pearson_baseline", "centering": "baseline", "amplification": 1.0}
EITHER = pytest.mark.parametrize("make", [UserKNN, ItemKNN])


class Direct:
    """The formulas of `Neighbors`, evaluated one pair at a time on dense tables (rows, columns)."""

    def __init__(self, model: Neighbors, train: RatingDataset) -> None:
        self.model = model
        table = np.full((train.n_users, train.n_items), NAN)
        table[train.user_idx, train.item_idx] = train.ratings
        pairs = np.indices(table.shape).reshape(2, -1)
        bias = Bias(model.reg_user, model.reg_item).fit(train).predict(*pairs).reshape(table.shape)
        self.r, self.b = (table.T, bias.T) if isinstance(model, ItemKNN) else (table, bias)
        self.rated = ~np.isnan(self.r)
        r0 = np.where(self.rated, self.r, 0)
        mean_of_all = float(np.nanmean(self.r))
        n_of_row, n_of_column = self.rated.sum(1), self.rated.sum(0)
        row_means = np.where(n_of_row > 0, r0.sum(1) / np.maximum(n_of_row, 1), mean_of_all)
        column_means = r0.sum(0) / np.maximum(n_of_column, 1)
        if model.centering in ("mean", "zscore"):
            self.b = np.broadcast_to(row_means[:, None], self.r.shape)
        deviations = np.where(self.rated, self.r - self.b, 0)
        self.scale = np.ones(len(self.r))
        if model.centering == "zscore":
            self.scale = np.sqrt((deviations**2).sum(1) / np.maximum(n_of_row, 1))
        if model.centering == "baseline_zscore":
            overall = (deviations**2).sum() / self.rated.sum()
            self.scale = np.sqrt(((deviations**2).sum(1) + 10 * overall) / (n_of_row + 10))
        scale = np.where(self.scale > 0, self.scale, 1)
        self.d = r0 if model.centering == "none" else deviations / scale[:, None]
        residuals = self.r - (bias.T if isinstance(model, ItemKNN) else bias)
        self.x = {"adjusted_cosine": self.r - column_means}.get(model.similarity, self.r)
        if model.similarity.endswith("_baseline"):
            self.x = residuals
        if model.similarity == "cosine_robust":
            largest = 1.5 * float(np.sqrt(np.nanmean(residuals**2)))
            self.x = np.clip(residuals, -largest, largest)

    def similarities(self, row: int, others: npt.NDArray[np.intp]) -> FloatArray:
        columns = self.rated[row]
        common = self.rated[others][:, columns]
        x = np.where(common, self.x[row][columns], 0)
        y = np.where(common, self.x[others][:, columns], 0)
        n = common.sum(1)
        if self.model.similarity == "pearson":
            x = np.where(common, x - (x.sum(1) / np.maximum(n, 1))[:, None], 0)
            y = np.where(common, y - (y.sum(1) / np.maximum(n, 1))[:, None], 0)
        norms = np.sqrt((x**2).sum(1) * (y**2).sum(1))
        if self.model.similarity in ("cosine_full", "cosine_baseline", "cosine_robust"):
            norms = np.sqrt(np.nansum(self.x[row] ** 2) * np.nansum(self.x[others] ** 2, 1))
        s = np.where(norms > 1e-9, (x * y).sum(1) / np.where(norms > 1e-9, norms, 1), 0)
        if self.model.similarity == "msd":
            s = 1 / (((x - y) ** 2).sum(1) / np.maximum(n, 1) + 1)
        if self.model.shrinkage:
            s = s * (n - 1) / (n - 1 + self.model.shrinkage)
        least = max(self.model.min_support, 2 if self.model.similarity.startswith("pearson") else 1)
        return np.where((n >= least) & (s > 1e-9), s, 0)

    def predict(self, row: int, column: int) -> float:
        raters = np.flatnonzero(self.rated[:, column] & (np.arange(len(self.r)) != row))
        s = self.similarities(row, raters)
        nearest = np.lexsort((raters, -np.round(s, 11)))[: self.model.n_neighbors]
        s, d, b = s[nearest], self.d[raters[nearest], column], self.b[row, column]
        if s.sum() == 0:
            return float(b)
        if self.model.centering == "none":
            d = d - b
        w = s**self.model.amplification
        return float(b + self.scale[row] * (w @ d) / (self.model.aggregation_damping + w.sum()))

    def predict_pairs(self, users: Any, items: Any) -> FloatArray:
        sides = (items, users) if isinstance(self.model, ItemKNN) else (users, items)
        return np.array([self.predict(row, column) for row, column in zip(*sides, strict=True)])


USER_BASED = [
    ({"similarity": "cosine", "centering": "none"}, [3.919777, 3.462973, 1.496897]),
    ({"similarity": "cosine", "centering": "mean"}, [4.126555, 2.641982, 2.165632]),
    ({"similarity": "cosine_full", "centering": "none"}, [3.863712, 3.489980, 1.441717]),
    ({"similarity": "cosine_full", "centering": "mean"}, [4.098523, 2.659986, 2.147239]),
    ({"similarity": "pearson", "centering": "mean"}, [3.666667, 2.333333, 3.666667]),
    ({**KOREN, "reg_user": 15, "reg_item": 10}, [3.116279, 2.883721, 2.999327]),
    ({**KOREN, "reg_user": 15, "reg_item": 10, "shrinkage": 100}, [3.116279, 2.883721, 2.999327]),
]
ITEM_BASED = [
    ({"similarity": "cosine", "centering": "none"}, [3.241704, 2.598556, 3.679091]),
    ({"similarity": "cosine", "centering": "mean"}, [4.395575, 3.074218, 1.456454]),
    ({"similarity": "cosine_full", "centering": "none"}, [3.605193, 2.796903, 3.037352]),
    ({"similarity": "cosine_full", "centering": "mean"}, [4.353034, 3.119705, 0.878183]),
    ({"similarity": "pearson", "centering": "mean"}, [4.000000, 3.500000, -0.166667]),
    ({"similarity": "adjusted_cosine", "centering": "none"}, [3.000000, 2.000000, 4.000000]),
    ({"similarity": "adjusted_cosine", "centering": "mean"}, [3.500000, 2.750000, 2.000000]),
]


@pytest.mark.parametrize(("options", "expected"), USER_BASED)
def test_user_based_predictions_match_the_worked_cases(options: dict[str, Any], expected: list[float]) -> None:
    predicted = UserKNN(**{**PLAIN, **options}).fit(ratings_from(WORKED)).predict(*UNRATED)
    assert expected == pytest.approx(predicted, abs=6e-7)


@pytest.mark.parametrize(("options", "expected"), ITEM_BASED)
def test_item_based_predictions_match_the_worked_cases(options: dict[str, Any], expected: list[float]) -> None:
    predicted = ItemKNN(**{**PLAIN, **options}).fit(ratings_from(WORKED)).predict(*UNRATED)
    assert expected == pytest.approx(predicted, abs=6e-7)


def test_shrinkage_matters_when_the_average_is_damped() -> None:
    # U1's one similar user is U2: s = .797004, /101 when shrunk; b = 3.380723, d = −.264444
    options: dict[str, Any] = {**KOREN, "reg_user": 15, "reg_item": 10, "aggregation_damping": 0.5}
    for shrinkage, s in ((0.0, 0.797004), (100.0, 0.797004 / 101)):
        predicted = UserKNN(**options, shrinkage=shrinkage).fit(ratings_from(WORKED)).predict(*UNRATED)
        assert predicted[0] == pytest.approx(3.380723 - 0.264444 * s / (s + 0.5), abs=2e-6)


def test_amplification_is_a_power_of_the_similarity() -> None:
    # U1's neighbors on I2: s = .990830 gave 3, s = .843661 gave 5
    options = {**PLAIN, "similarity": "cosine", "centering": "none", "amplification": 2.0}
    predicted = UserKNN(**options).fit(ratings_from(WORKED)).predict(np.array([0]), np.array([1]))
    weights = np.array([0.990830, 0.843661]) ** 2
    assert predicted == pytest.approx([weights @ [3, 5] / weights.sum()], abs=2e-6)


COMBINATIONS = [(s, "baseline") for s in get_args(Similarity)] + [("pearson_baseline", c) for c in get_args(Centering)]


@EITHER
@pytest.mark.parametrize(("similarity", "centering"), COMBINATIONS)
def test_every_pair_agrees_with_the_formula(make: type[Neighbors], similarity: Any, centering: Any) -> None:
    train = ratings_from(random_table(), (0.5, 5))
    model = make(n_neighbors=4, similarity=similarity, centering=centering, shrinkage=5.0, min_support=2)
    pairs = np.indices((train.n_users, train.n_items)).reshape(2, -1)
    predicted = model.fit(train).predict(*pairs)
    np.testing.assert_allclose(predicted, Direct(model, train).predict_pairs(*pairs), rtol=0, atol=1e-9)


@EITHER
@pytest.mark.parametrize("options", [{**KOREN, "aggregation_damping": 0.0}, {}], ids=["koren", "defaults"])
def test_pairs_of_real_ratings_agree_with_the_formula(make: type[Neighbors], options: dict[str, Any]) -> None:
    data = load_movielens()
    ((train_rows, test_rows),) = Holdout()(data)
    train, test = data.take(train_rows), data.take(test_rows[:600])
    model = make(**options)
    predicted = model.fit(train).predict(test.user_idx, test.item_idx)
    expected = Direct(model, train).predict_pairs(test.user_idx, test.item_idx)
    np.testing.assert_allclose(predicted, expected, rtol=0, atol=1e-9)


@EITHER
def test_zero_and_negative_ratings_are_ratings(make: type[Neighbors]) -> None:
    table = np.round(random_table() - 3).clip(-1, 1)
    assert np.sum(table == 0) > 50
    model = make(n_neighbors=5, shrinkage=5.0, **KOREN)
    train = ratings_from(table, (-1, 1))
    pairs = np.indices(table.shape).reshape(2, -1)
    expected = Direct(model, train).predict_pairs(*pairs)
    np.testing.assert_allclose(predict_all(model, train).ravel(), expected, rtol=0, atol=1e-9)


@pytest.mark.realdata
@pytest.mark.skipif("RECBENCH_DATA" not in os.environ, reason="RECBENCH_DATA does not name a folder with ml-100k")
@pytest.mark.parametrize(("make", "expected"), [(UserKNN, 0.9159), (ItemKNN, 0.9047)])
def test_rmse_on_the_five_folds_of_movielens_100k(make: type[Neighbors], expected: float) -> None:
    data = load_movielens(release="100k", path=str(Path(os.environ["RECBENCH_DATA"]) / "ml-100k"))
    scores = []
    for train_rows, test_rows in data.folds or ():
        test = data.take(test_rows)
        predicted = make().fit(data.take(train_rows)).predict(test.user_idx, test.item_idx)
        scores.append(rmse(test.ratings, predicted.clip(*data.rating_scale)))
    assert len(scores) == 5
    assert np.mean(scores) == pytest.approx(expected, abs=5e-4)
