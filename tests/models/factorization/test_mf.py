"""Matrix factorization: worked cases, equivalences and invariances, and what it imports."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from recbench import RatingDataset
from recbench.array_types import FloatArray, IntArray
from recbench.models import batched_ridge
from recbench.models.baselines.bias import Bias
from recbench.models.baselines.means import global_mean
from recbench.models.batched_ridge import padded_batches, ridge
from recbench.models.factorization.mf import MF
from recbench.models.factorization.mf_als import RidgeProblem, half_sweeps, random_start, ridge_problems, train_als
from recbench.models.factorization.penalty import Penalty
from recbench.models.factorization.starts import Coefficients
from tests.support.datasets import make_dataset
from tests.support.tastes import predictions_of, rmse_of


def _dataset(users: IntArray, items: IntArray, ratings: FloatArray, n_users: int, n_items: int) -> RatingDataset:
    scale = (float(ratings.min()), float(ratings.max()))
    return make_dataset(users, items, ratings, n_users=n_users, n_items=n_items, scale=scale, name="made")


def _tastes(seed: int = 0, n_users: int = 60, n_items: int = 40) -> tuple[RatingDataset, RatingDataset]:
    """Biases, two factors and noise of 0.2, with one cold user and one cold item: train and test."""
    rng = np.random.default_rng(seed)
    factors = rng.normal(0, 1, (n_users, 2)) @ rng.normal(0, 1, (2, n_items))
    full = 3.0 + rng.normal(0, 0.5, (n_users, 1)) + rng.normal(0, 0.5, n_items) + factors
    full += rng.normal(0, 0.2, full.shape)
    users, items = np.nonzero(rng.random(full.shape) < rng.uniform(0.1, 0.9, (n_users, 1)))
    train = (rng.random(len(users)) < 0.8) & (users != 7) & (items != 5)
    whole = _dataset(users, items, full[users, items], n_users, n_items)
    return whole.take(np.flatnonzero(train)), whole.take(np.flatnonzero(~train))


def _problems(model: MF, train: RatingDataset) -> tuple[RidgeProblem, RidgeProblem]:
    targets = train.ratings.astype(np.float64) - (global_mean(train) if model.biases else 0.0)
    return ridge_problems(train, targets, Penalty(model.reg, model.reg_exponent, model.reg_bias), model.n_factors)


def _objective(
    problems: tuple[RidgeProblem, RidgeProblem], train: RatingDataset, offset: float, learned: Coefficients
) -> float:
    """Return the squared errors plus the penalties, which training minimizes."""
    users, items = learned
    table = offset + users[:, :1] + items[:, 0] + users[:, 1:] @ items[:, 1:].T
    errors = train.ratings - table[train.user_idx, train.item_idx]
    penalties = [np.sum(problem.penalty * each**2) for problem, each in zip(problems, learned, strict=True)]
    return float(errors @ errors + np.sum(penalties))


@pytest.mark.parametrize(
    ("reg", "expected", "tolerance"),
    [(0.0, (4.0, 4.0, 3.0), 1e-9), (0.1, (3.910000, 3.970588, 2.962811), 1e-6)],
)
def test_a_rank_one_table_is_completed(reg: float, expected: tuple[float, ...], tolerance: float) -> None:
    users, items = np.array([0, 0, 1, 1, 2, 2]), np.array([0, 1, 0, 2, 1, 2])
    ratings = np.outer([1.0, 2.0, 3.0], [1.0, 2.0, 4.0])[users, items]
    model = MF(n_factors=1, reg=reg, reg_exponent=0.0, n_epochs=500, n_starts=1, biases=False)
    completed = model.fit(_dataset(users, items, ratings, 3, 3)).predict(np.array([0, 1, 2]), np.array([2, 1, 0]))
    assert completed == pytest.approx(expected, abs=tolerance)


@pytest.mark.parametrize(("reg_exponent", "expected"), [(0.0, (1.294118, -0.235294)), (1.0, (0.896552, -0.137931))])
def test_a_half_sweep_equals_the_worked_ridge_regression(reg_exponent: float, expected: tuple[float, float]) -> None:
    train = _dataset(np.zeros(3, int), np.arange(3), np.array([1.0, 2.0, -1.0]), 1, 3)
    model = MF(n_factors=2, reg=0.5, reg_exponent=reg_exponent, biases=False)
    users, _ = _problems(model, train)
    item_factors = np.array([[0.0, 1.0, 0.0], [0.0, 1.0, 1.0], [0.0, 0.0, 2.0]])  # the bias's feature is off
    solved = ridge(users.batches, item_factors, train.ratings, users.penalty)
    assert solved[0] == pytest.approx((0.0, *expected), abs=1e-6)


def test_the_batch_size_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    train, _ = _tastes()
    at_once = predictions_of(MF(), train)
    monkeypatch.setattr(batched_ridge, "BATCH_FLOATS", 1)
    batches = padded_batches(train.user_idx, train.item_idx, train.n_items, 3)
    assert {len(batch.entities) for batch in batches} == {1}
    np.testing.assert_allclose(predictions_of(MF(), train), at_once, atol=1e-9)


@pytest.mark.parametrize("reg_exponent", [0.0, 0.4, 1.0])
@pytest.mark.parametrize("biases", [True, False])
def test_no_half_sweep_raises_the_objective(reg_exponent: float, biases: bool) -> None:
    train, _ = _tastes()
    model = MF(n_factors=3, reg=0.3, reg_exponent=reg_exponent, biases=biases, n_starts=1)
    problems = _problems(model, train)
    offset = global_mean(train) if biases else 0.0
    start = random_start(train, problems, np.random.default_rng(0))
    sweeps = half_sweeps(*problems, start, model.n_epochs, biases=biases)
    values = [_objective(problems, train, offset, learned) for learned in sweeps]
    assert len(values) == 1 + 2 * model.n_epochs
    assert np.all(np.diff(values) <= 1e-9 * values[0])
    assert values[-1] < 0.5 * values[0]


def test_without_factors_it_is_the_bias_model_at_its_fixed_point() -> None:
    train, _ = _tastes()
    bias = predictions_of(Bias(reg_user=4.0, reg_item=4.0, n_epochs=300), train)
    np.testing.assert_allclose(predictions_of(MF(n_factors=0, reg_bias=4.0, n_epochs=300), train), bias, atol=1e-10)


def test_an_enormous_penalty_gives_the_bias_model() -> None:
    train, _ = _tastes()
    bias = predictions_of(Bias(reg_user=3.0, reg_item=3.0, n_epochs=300), train)
    np.testing.assert_allclose(predictions_of(MF(reg=1e12, n_epochs=300, n_starts=1), train), bias, atol=1e-6)


def test_factors_predict_better_than_biases() -> None:
    train, test = _tastes()
    known = (test.user_idx != 7) & (test.item_idx != 5)
    test = test.take(np.flatnonzero(known))
    assert rmse_of(MF(reg=0.2), train, test) < 0.4 * rmse_of(Bias(), train, test)


def test_predictions_follow_a_shift_of_the_ratings() -> None:
    train, _ = _tastes()
    low, high = train.rating_scale
    moved = replace(train, ratings=train.ratings - 2.0, rating_scale=(low - 2.1, high - 1.9))
    np.testing.assert_allclose(predictions_of(MF(), moved), predictions_of(MF(), train) - 2.0, atol=1e-5)


def test_the_order_of_the_rows_does_not_matter() -> None:
    train, _ = _tastes()
    shuffled = train.take(np.random.default_rng(2).permutation(train.n_ratings))
    np.testing.assert_allclose(predictions_of(MF(), shuffled), predictions_of(MF(), train), atol=1e-8)


def test_the_numbering_of_users_and_items_does_not_matter() -> None:
    train, _ = _tastes()
    rng = np.random.default_rng(3)
    users, items = rng.permutation(train.n_users), rng.permutation(train.n_items)  # new number -> old number
    renumbered = replace(
        train,
        user_idx=np.argsort(users)[train.user_idx],
        item_idx=np.argsort(items)[train.item_idx],
        user_ids=train.user_ids[users],
        item_ids=train.item_ids[items],
    )
    predicted = predictions_of(MF(), renumbered).reshape(train.n_users, train.n_items)
    expected = predictions_of(MF(), train).reshape(train.n_users, train.n_items)[np.ix_(users, items)]
    np.testing.assert_allclose(predicted, expected, atol=1e-8)


def test_several_starts_predict_the_mean_of_theirpredictions_of() -> None:
    train, _ = _tastes()
    model = MF(n_starts=3, n_epochs=2)
    predicted = predictions_of(model, train).reshape(train.n_users, train.n_items)
    problems, random = _problems(model, train), np.random.default_rng(model.seed)
    single = []
    for _ in range(3):
        users, items = train_als(train, problems, model.n_epochs, random, biases=True)
        single.append(model.global_mean_ + users[:, :1] + items[:, 0] + users[:, 1:] @ items[:, 1:].T)
    assert np.abs(single[0] - single[1]).max() > 0.01
    np.testing.assert_allclose(predicted, np.mean(single, axis=0), atol=1e-9)


def test_a_cold_user_gets_the_mean_and_the_bias_of_the_item() -> None:
    train, _ = _tastes()
    model = MF().fit(train)
    expected = model.global_mean_ + model.item_bias_[3]
    assert expected == pytest.approx(model.predict(np.array([7]), np.array([3]))[0], abs=1e-12)


def test_without_biases_a_cold_pair_gets_the_mean() -> None:
    train, _ = _tastes()
    model = MF(biases=False).fit(train)
    predicted = model.predict(np.array([7, 0, 7, 0]), np.array([3, 5, 5, 3]))
    assert (predicted == model.global_mean_).tolist() == [True, True, True, False]


def test_a_pair_falls_back_if_its_user_or_its_item_is_cold() -> None:
    train, _ = _tastes()
    fallback = MF().fit(train).is_fallback(np.array([7, 0, 7, 0]), np.array([3, 5, 5, 3]))
    assert fallback.tolist() == [True, True, True, False]


def test_without_factors_every_pair_is_a_fallback() -> None:
    train, _ = _tastes()
    assert MF(n_factors=0).fit(train).is_fallback(np.array([0, 1]), np.array([3, 4])).all()


def test_an_unknown_solver_is_an_error_that_lists_the_known_ones() -> None:
    train, _ = _tastes()
    model = MF(solver="als++")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"unknown solver 'als\+\+'; choose one of \['als', 'sgd'\]"):
        model.fit(train)


def test_an_integer_penalty_equals_the_same_float() -> None:
    train, _ = _tastes()
    np.testing.assert_array_equal(predictions_of(MF(reg_bias=3), train), predictions_of(MF(reg_bias=3.0), train))


def test_no_start_is_an_error() -> None:
    with pytest.raises(ValueError, match="n_starts is 0; it must be at least 1"):
        MF(n_starts=0).fit(_tastes()[0])


def test_only_sgd_requires_tensorflow() -> None:
    assert MF(solver="sgd").requires == ("tensorflow",)
    assert MF().requires == ("threadpoolctl",)


def test_als_imports_neither_tensorflow_nor_pandas_nor_scipy() -> None:
    program = """
import sys
import numpy as np
from recbench import RatingDataset
from recbench.models.factorization.mf import MF
train = RatingDataset("toy", [0, 0, 1], [0, 1, 1], [5.0, 3.0, 4.0], [1, 2], [1, 2], (1, 5))
assert np.isfinite(MF().fit(train).predict(np.array([1]), np.array([0])))
print(sorted({"tensorflow", "pandas", "scipy", "sklearn", "numba"} & set(sys.modules)))
"""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


@pytest.mark.realdata
@pytest.mark.skipif("RECBENCH_DATA" not in os.environ, reason="RECBENCH_DATA does not name the data folder")
def test_rmse_on_the_five_folds_of_movielens_100k() -> None:
    folder = Path(os.environ["RECBENCH_DATA"]) / "ml-100k"
    errors = []
    for fold in range(1, 6):
        train, test = (np.loadtxt(folder / f"u{fold}.{part}", dtype=int)[:, :3].T for part in ("base", "test"))
        model = MF().fit(_dataset(train[0] - 1, train[1] - 1, train[2].astype(float), 943, 1682))
        predicted = np.clip(model.predict(test[0] - 1, test[1] - 1), 1, 5)
        errors.append(np.sqrt(np.mean((predicted - test[2]) ** 2)))
    assert np.mean(errors) == pytest.approx(0.906, abs=0.002)
