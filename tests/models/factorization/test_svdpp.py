"""SVD++: equivalences, invariances, and errors."""

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
from recbench.models.baselines.means import global_mean
from recbench.models.factorization import mf_als, svdpp_als
from recbench.models.factorization.mf import MF
from recbench.models.factorization.penalty import Penalty
from recbench.models.factorization.svdpp import SVDpp
from recbench.models.factorization.svdpp_als import ImplicitPenalties, half_sweeps, ridge_problems
from recbench.models.implicit_term import Implicit
from tests.support.tastes import KOREN, predictions_of, rmse_of, tastes


def test_without_implicit_part_it_is_matrix_factorization(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mf_als, "START_SCALE", svdpp_als.START_SCALE)
    train, _ = tastes()
    options = {"n_factors": 3, "reg": 0.7, "reg_exponent": 0.4, "reg_bias": 2.0, "n_epochs": 5, "n_starts": 2}
    expected = predictions_of(MF(**options), train)  # type: ignore[arg-type]
    predicted = predictions_of(SVDpp(implicit="none", **options), train)  # type: ignore[arg-type]
    np.testing.assert_allclose(predicted, expected, atol=1e-10)


def test_an_enormous_penalty_on_the_implicit_part_gives_matrix_factorization() -> None:
    train, _ = tastes()
    expected = predictions_of(SVDpp(implicit="none"), train)
    np.testing.assert_allclose(predictions_of(SVDpp(reg_rated=1e12, reg_raters=1e12), train), expected, atol=1e-8)


@pytest.mark.parametrize("implicit", ["none", "user", "item", "both"])
def test_no_half_sweep_raises_the_objective(implicit: str) -> None:
    train, _ = tastes()
    penalties = ImplicitPenalties(*(5.0 if implicit in (entity, "both") else None for entity in ("user", "item")))
    problems = ridge_problems(train, 3, Penalty(0.5, 0.5, 4.0), penalties)
    mean, n_epochs = global_mean(train), 14
    values = []
    for both in half_sweeps(train, problems, mean, n_epochs, np.random.default_rng(0)):
        users, items = (learned.total for learned in both)
        predicted = mean + users[:, :1] + items[:, 0] + users[:, 1:] @ items[:, 1:].T
        value = np.sum((train.ratings - predicted[train.user_idx, train.item_idx]) ** 2)
        for problem, learned in zip(problems, both, strict=True):
            implied = 0.0 if problem.implicit is None else problem.implicit.term(learned.parts)
            own = learned.total - np.pad(np.zeros((1, 3)) + implied, [(0, 0), (1, 0)])
            value += np.sum(problem.penalty * own**2) + 5.0 * np.sum(learned.parts**2)
        values.append(value)
    assert len(values) == 1 + 2 * n_epochs
    assert np.all(np.diff(values) <= 1e-9 * values[0])
    assert values[-1] < 0.7 * values[0]


def test_the_implicit_part_is_the_scaled_sum_over_what_was_rated() -> None:
    implicit = Implicit.of(np.array([0, 0, 2]), np.array([1, 2, 1]), (3, 3), np.ones(3), 1.0)
    parts = np.array([[7.0, 7.0], [1.0, 2.0], [3.0, -1.0]])
    np.testing.assert_allclose(implicit.term(parts), [[4 / np.sqrt(2), 1 / np.sqrt(2)], [0, 0], [1, 2]])


def test_repeated_refits_reach_the_ridge_regression() -> None:
    rng = np.random.default_rng(0)
    index, others = np.nonzero(rng.random((20, 6)) < 0.5)
    weights, targets, reg = rng.uniform(1, 3, 20), rng.normal(size=(20, 2)), 0.5
    implicit = Implicit.of(index, others, (20, 6), weights, reg)
    parts: FloatArray = np.zeros((6, 2))
    for _ in range(50):
        parts = implicit.refit(targets, parts)
    x = implicit.shares.toarray()
    expected = np.linalg.solve(x.T @ (weights[:, None] * x) + reg * np.eye(6), x.T @ (weights[:, None] * targets))
    np.testing.assert_allclose(parts, expected, atol=1e-10)


def test_who_rated_what_improves_the_predictions() -> None:
    train, test = tastes()
    test = test.take(np.flatnonzero((test.user_idx != 7) & (test.item_idx != 5)))
    options = {"n_factors": 2, "reg": 1.0, "reg_rated": 10.0, "reg_raters": 10.0}
    plain = rmse_of(SVDpp(implicit="none", **options), train, test)  # type: ignore[arg-type]
    assert rmse_of(SVDpp(implicit="user", **options), train, test) < 0.99 * plain  # type: ignore[arg-type]
    assert rmse_of(SVDpp(implicit="item", **options), train, test) < 0.99 * plain  # type: ignore[arg-type]


def test_only_training_rows_say_who_rated_what() -> None:
    train, _ = tastes()
    users, items = ridge_problems(train, 3, Penalty(2.0, 0.5, 4.0), ImplicitPenalties(1.0, 1.0))
    assert users.implicit is not None
    assert items.implicit is not None
    rated = np.zeros((train.n_users, train.n_items), bool)
    rated[train.user_idx, train.item_idx] = True
    np.testing.assert_array_equal(users.implicit.shares.toarray() > 0, rated)
    np.testing.assert_array_equal(items.implicit.shares.toarray() > 0, rated.T)


@pytest.mark.parametrize("model", [SVDpp(), KOREN], ids=["als", "sgd"])
def test_a_cold_user_gets_the_mean_and_the_bias_of_the_item(model: SVDpp) -> None:
    fitted = replace(model).fit(tastes()[0])
    predicted = fitted.predict(np.array([7, 0, 7]), np.array([3, 5, 5]))
    mean = fitted.global_mean_
    assert predicted == pytest.approx((mean + fitted.item_bias_[3], mean + fitted.user_bias_[0], mean), abs=1e-12)


def test_a_pair_falls_back_if_its_user_or_its_item_is_cold() -> None:
    fallback = SVDpp().fit(tastes()[0]).is_fallback(np.array([7, 0, 7, 0]), np.array([3, 5, 5, 3]))
    assert fallback.tolist() == [True, True, True, False]


def test_without_factors_every_pair_is_a_fallback() -> None:
    assert SVDpp(n_factors=0).fit(tastes()[0]).is_fallback(np.array([0, 1]), np.array([3, 4])).all()


@pytest.mark.parametrize("model", [SVDpp(), KOREN], ids=["als", "sgd"])
def test_predictions_depend_on_the_seed_alone(model: SVDpp) -> None:
    train, _ = tastes()
    once, again = (predictions_of(replace(model), train) for _ in range(2))
    np.testing.assert_array_equal(once, again)
    assert np.abs(predictions_of(replace(model, seed=1), train) - once).max() > 1e-6


@pytest.mark.parametrize("model", [SVDpp(), KOREN], ids=["als", "sgd"])
def test_the_order_of_the_rows_does_not_matter(model: SVDpp) -> None:
    train, _ = tastes()
    shuffled = train.take(np.random.default_rng(2).permutation(train.n_ratings))
    np.testing.assert_allclose(predictions_of(replace(model), shuffled), predictions_of(model, train), atol=1e-8)


def test_the_numbering_of_users_and_items_does_not_matter() -> None:
    train, _ = tastes()
    rng = np.random.default_rng(3)
    users, items = rng.permutation(train.n_users), rng.permutation(train.n_items)  # new number -> old number
    renumbered = replace(
        train,
        user_idx=np.argsort(users)[train.user_idx],
        item_idx=np.argsort(items)[train.item_idx],
        user_ids=train.user_ids[users],
        item_ids=train.item_ids[items],
    )
    predicted = predictions_of(SVDpp(), renumbered).reshape(train.n_users, train.n_items)
    expected = predictions_of(SVDpp(), train).reshape(train.n_users, train.n_items)[np.ix_(users, items)]
    np.testing.assert_allclose(predicted, expected, atol=1e-8)


def test_predictions_follow_a_shift_of_the_ratings() -> None:
    train, _ = tastes()
    low, high = train.rating_scale
    moved = replace(train, ratings=train.ratings - 2.0, rating_scale=(low - 2.1, high - 1.9))
    np.testing.assert_allclose(predictions_of(SVDpp(), moved), predictions_of(SVDpp(), train) - 2.0, atol=1e-5)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (SVDpp(solver="als++"), r"unknown solver 'als\+\+'; choose one of \['als', 'sgd'\]"),  # type: ignore[arg-type]
        (SVDpp(implicit="all"), "unknown implicit 'all'; choose one of"),  # type: ignore[arg-type]
        (SVDpp(solver="sgd"), "solver 'sgd' can't have implicit='both'; set 'user' or 'none', or solver=als"),
        (SVDpp(n_starts=0), "n_starts is 0; it must be at least 1"),
        (SVDpp(reg_rated=0.0), "reg_rated is 0.0; it must be above 0"),
    ],
)
def test_invalid_options_are_errors(model: SVDpp, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        model.fit(tastes()[0])


def test_importing_it_imports_no_heavy_library() -> None:
    program = """
import sys
import recbench.models.factorization.svdpp
print(sorted({"tensorflow", "pandas", "scipy", "sklearn", "numba"} & set(sys.modules)))
"""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


@pytest.mark.realdata
@pytest.mark.skipif("RECBENCH_DATA" not in os.environ, reason="RECBENCH_DATA does not name the data folder")
def test_rmse_on_the_five_folds_of_movielens_100k() -> None:
    folder = Path(os.environ["RECBENCH_DATA"]) / "ml-100k"

    def ratings(part: str) -> tuple[IntArray, IntArray, FloatArray]:
        user_ids, item_ids, values = np.loadtxt(folder / part, dtype=int)[:, :3].T
        return user_ids - 1, item_ids - 1, values.astype(float)

    errors = []
    for fold in range(1, 6):
        ids = np.arange(943), np.arange(1682)
        model = SVDpp().fit(RatingDataset("u", *ratings(f"u{fold}.base"), *ids, (1, 5)))
        users, items, truth = ratings(f"u{fold}.test")
        errors.append(np.sqrt(np.mean((np.clip(model.predict(users, items), 1, 5) - truth) ** 2)))
    assert np.mean(errors) == pytest.approx(0.878, abs=0.002)
