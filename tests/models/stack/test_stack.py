"""Stacking: the weights, the promise that they hold, and what becomes of the members."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
import pytest

from recbench import RatingDataset, RatingModel
from recbench.array_types import FloatArray, IntArray
from recbench.datasets.synthetic import make_synthetic
from recbench.models.baselines.bias import Bias
from recbench.models.baselines.means import ItemMean, UserMean, global_mean
from recbench.models.factorization.mf import MF
from recbench.models.stack.stack import Stack, blend
from recbench.registry.registry import Entry, Registry
from recbench.serving.model_folder import load, save
from recbench.testing import ModelConformance
from recbench.testing.toy import toy_ratings


@dataclass
class Memory(RatingModel):
    """Knows the ratings it was shown by heart, and gives the mean for all others."""

    def fit(self, train: RatingDataset, valid: RatingDataset | None = None) -> Self:
        self.table_ = np.full((train.n_users, train.n_items), global_mean(train))
        self.table_[train.user_idx, train.item_idx] = train.ratings
        return self

    def predict(self, user_idx: IntArray, item_idx: IntArray) -> FloatArray:
        return self.table_[user_idx, item_idx]


@dataclass
class Validated(RatingModel):
    """The bias model, and how many rows it was given to train on and to validate with."""

    uses_valid: ClassVar[bool] = True

    def fit(self, train: RatingDataset, valid: RatingDataset | None = None) -> Self:
        assert valid is not None
        self.n_rows_ = (np.array(train.n_ratings), np.array(valid.n_ratings))
        overlap = set(zip(train.user_idx, train.item_idx, strict=True)) & set(
            zip(valid.user_idx, valid.item_idx, strict=True)
        )
        self.n_shared_ = len(overlap)
        bias = Bias().fit(train)
        self.bias_ = (bias.user_bias_, bias.item_bias_ + bias.global_mean_)
        return self

    def predict(self, user_idx: IntArray, item_idx: IntArray) -> FloatArray:
        predicted: FloatArray = self.bias_[0][user_idx] + self.bias_[1][item_idx]
        return predicted


@dataclass
class Unready(Validated):
    """Needs a package that has to be imported first."""

    requires: ClassVar[tuple[str, ...]] = ("some.package",)


@pytest.fixture
def own_models(monkeypatch: pytest.MonkeyPatch) -> None:
    known: dict[str, Callable[..., RatingModel]] = {
        "memory": Memory,
        "validated": Validated,
        "bias": Bias,
        "unready": Unready,
    }
    entries = {name: Entry("model", name, factory, "acme", "1.0") for name, factory in known.items()}
    monkeypatch.setattr("recbench.models.stack.members.installed", lambda: Registry({"model": entries}))


def _data(seed: int = 0) -> RatingDataset:
    return make_synthetic(n_users=60, n_items=40, n_ratings=900, seed=seed)


def _pairs(train: RatingDataset) -> tuple[IntArray, IntArray]:
    users, items = np.indices((train.n_users, train.n_items))
    return users.ravel(), items.ravel()


def _members(stack: Stack) -> set[str]:
    return {name.split("_")[1] for name in stack.state() if name.startswith("member_")}


def test_the_weights_recover_a_known_blend() -> None:
    predicted = np.random.default_rng(0).normal(3.0, 1.0, (200, 2))
    weights, intercept = blend(predicted, 0.3 + 0.5 * predicted[:, 0] + 0.25 * predicted[:, 1])
    assert (*weights, intercept) == pytest.approx((0.5, 0.25, 0.3), abs=1e-6)


def test_no_weight_is_negative() -> None:
    predicted = np.random.default_rng(0).normal(3.0, 1.0, (200, 2))
    weights, intercept = blend(predicted, predicted[:, 0] - 0.5 * predicted[:, 1])
    assert weights[1] == 0
    slope, offset = np.polyfit(predicted[:, 0], predicted[:, 0] - 0.5 * predicted[:, 1], 1)
    assert (weights[0], intercept) == pytest.approx((slope, offset), abs=1e-6)


def test_constant_predictions_get_no_weight() -> None:
    weights, intercept = blend(np.full((5, 2), 3.5), np.array([1.0, 2.0, 3.0, 4.0, 5.0]))
    assert (*weights, intercept) == (0, 0, 3)


@pytest.mark.parametrize("seed", range(4))
def test_the_blend_is_not_worse_out_of_fold_than_the_best_member(seed: int) -> None:
    stack = Stack(models=("user_mean", "item_mean", "bias", "mf"), seed=seed).fit(_data(seed))
    assert stack.blend_error_ <= stack.errors_.min() * (1 + 1e-6)
    assert (stack.weights_ >= 0).all()


def test_a_blend_of_different_models_beats_each_of_them() -> None:
    stack = Stack(models=("user_mean", "item_mean")).fit(_data())
    assert stack.blend_error_ < 0.98 * stack.errors_.min()


def test_the_same_member_twice_changes_no_prediction() -> None:
    train = _data()
    once = Stack(models=("user_mean", "mf")).fit(train).predict(*_pairs(train))
    twice = Stack(models=("user_mean", "mf", "mf")).fit(train).predict(*_pairs(train))
    np.testing.assert_allclose(twice, once, atol=1e-6)


@pytest.mark.usefixtures("own_models")
def test_members_are_scored_on_rows_that_they_were_not_trained_on() -> None:
    train = _data()
    stack = Stack(models=("memory", "bias")).fit(train)
    assert stack.errors_[0] == pytest.approx(np.std(train.ratings), rel=0.05)  # not 0
    assert stack.weights_[0] < 0.01 < stack.weights_[1]


def test_a_prediction_is_the_weighted_sum_of_members_fitted_on_all_rows() -> None:
    train = _data()
    users, items = _pairs(train)
    stack = Stack(models=("bias", "mf"), seed=3).fit(train)
    members = [model.fit(train).predict(users, items).clip(1, 5) for model in (Bias(), MF(seed=3))]
    expected = stack.intercept_ + stack.weights_ @ np.array(members)
    np.testing.assert_allclose(stack.predict(users, items), expected, atol=1e-12)


def test_a_pair_falls_back_if_all_members_with_weight_fall_back() -> None:
    train = toy_ratings()
    stack = Stack(models=("global_mean", "bias")).fit(train)
    assert (stack.weights_ > 0).tolist() == [False, True]
    expected = Bias().fit(train).is_fallback(*_pairs(train))
    np.testing.assert_array_equal(stack.is_fallback(*_pairs(train)), expected)


def test_a_pair_does_not_fall_back_if_one_member_does_not() -> None:
    train = toy_ratings()
    users, items = _pairs(train)
    stack = Stack(models=("user_mean", "item_mean")).fit(train)
    assert (stack.weights_ > 0).all()
    both = UserMean().fit(train).is_fallback(users, items) & ItemMean().fit(train).is_fallback(users, items)
    np.testing.assert_array_equal(stack.is_fallback(users, items), both)
    assert both.any()


def test_without_any_weight_every_prediction_is_the_mean_and_a_fallback() -> None:
    train = toy_ratings()
    stack = Stack(models=("global_mean",)).fit(train)
    assert stack.predict(*_pairs(train)) == pytest.approx(global_mean(train), abs=0.02)
    assert stack.is_fallback(*_pairs(train)).all()


@pytest.mark.usefixtures("own_models")
def test_a_member_that_validates_gets_a_tenth_of_its_rows_for_it() -> None:
    stack = Stack(models=("validated",)).fit(_data())
    n_trained, n_validated = stack.state()["member_0_n_rows_"]
    assert (n_trained, n_validated, stack.state()["member_0_n_shared_"]) == (810, 90, 0)


def test_a_member_without_weight_leaves_no_state() -> None:
    assert _members(Stack(models=("global_mean", "bias")).fit(_data())) == {"1"}


def test_a_second_fit_removes_the_state_of_the_first() -> None:
    stack = Stack(models=("bias", "mf"))
    stack.fit(_data())
    stack.models = ("bias",)
    assert stack.fit(_data()).state().keys() == Stack(models=("bias",)).fit(_data()).state().keys()


def test_a_loaded_stack_predicts_the_same(tmp_path: Path) -> None:
    train = toy_ratings()
    stack = Stack(models=("item_knn", "mf", "content"), seed=2).fit(train)
    save(stack, "stack", tmp_path / "model")
    loaded = load(tmp_path / "model", lambda name: {"stack": Stack}[name])
    assert isinstance(loaded, Stack)
    assert loaded.models == ("item_knn", "mf", "content")
    np.testing.assert_array_equal(loaded.predict(*_pairs(train)), stack.predict(*_pairs(train)))


@pytest.mark.usefixtures("own_models")
def test_it_requires_what_its_members_require() -> None:
    assert set(Stack(models=("bias", "unready")).requires) == {"scipy.optimize", "some.package"}


@pytest.mark.parametrize("make_model", [partial(Stack, models=("bias", "mf", "content"))], ids=["stack"])
class TestStack(ModelConformance): ...
