"""Early stopping: its validation set is cut by the rule of the split, also for the members of a stack."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
import pytest

from recbench.array_types import FloatArray, IntArray
from recbench.contracts import Metric, RatingDataset, RatingModel, Split
from recbench.datasets.synthetic import make_synthetic
from recbench.metrics import rmse
from recbench.models.stack.stack import Stack
from recbench.protocol.runner import evaluate
from recbench.splits import ColdUsers, GlobalTime, Holdout

RMSE = {"rmse": Metric(rmse)}
SEEN: list[tuple[RatingDataset, RatingDataset]] = []  # training and validation set per fit


@dataclass
class Stopping(RatingModel):
    """Predicts the mean, and records the sets that `fit` received."""

    uses_valid: ClassVar[bool] = True

    def fit(self, train: RatingDataset, valid: RatingDataset | None = None) -> Self:
        assert valid is not None
        SEEN.append((train, valid))
        self.mean_ = float(np.mean(train.ratings))
        return self

    def predict(self, user_idx: IntArray, item_idx: IntArray) -> FloatArray:
        return np.full(len(user_idx), self.mean_)


def _dataset() -> RatingDataset:
    dataset = make_synthetic(n_users=40, n_items=30, n_ratings=500, seed=1)
    times = np.random.default_rng(2).permutation(dataset.n_ratings)
    return RatingDataset(
        "timed",
        dataset.user_idx,
        dataset.item_idx,
        dataset.ratings,
        dataset.user_ids,
        dataset.item_ids,
        dataset.rating_scale,
        times,
    )


def _fits(
    stack: Stack, split: Split, monkeypatch: pytest.MonkeyPatch, valid_size: float = 0.1
) -> list[tuple[RatingDataset, RatingDataset]]:
    """Return the sets that the members of the stack were fitted on."""
    SEEN.clear()
    monkeypatch.setattr("recbench.models.stack.stack.new_member", lambda name, seed: Stopping())
    evaluate(_dataset(), split, lambda: stack, RMSE, valid_size=valid_size)
    return list(SEEN)


def test_under_a_split_by_time_members_of_a_stack_stop_by_later_ratings(monkeypatch: pytest.MonkeyPatch) -> None:
    fits = _fits(Stack(models=("stopping",), n_folds=3), GlobalTime(0.2), monkeypatch)
    assert len(fits) >= 3
    for train, valid in fits:
        assert train.timestamps is not None
        assert valid.timestamps is not None
        assert train.timestamps.max() < valid.timestamps.min()


def test_under_cold_user_members_of_a_stack_stop_by_other_users(monkeypatch: pytest.MonkeyPatch) -> None:
    for train, valid in _fits(Stack(models=("stopping",), n_folds=3), ColdUsers(), monkeypatch):
        assert not set(train.user_idx.tolist()) & set(valid.user_idx.tolist())


def test_members_of_a_stack_stop_by_the_share_that_the_run_asks_for(monkeypatch: pytest.MonkeyPatch) -> None:
    fits = _fits(Stack(models=("stopping",), n_folds=3), Holdout(), monkeypatch, valid_size=0.25)
    assert len(fits) >= 3
    assert all(valid.n_ratings == math.ceil((train.n_ratings + valid.n_ratings) / 4) for train, valid in fits)


def test_members_of_a_stack_that_is_fitted_directly_stop_by_random_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    SEEN.clear()
    monkeypatch.setattr("recbench.models.stack.stack.new_member", lambda name, seed: Stopping())
    Stack(models=("stopping",), n_folds=4).fit(_dataset())
    assert [valid.n_ratings for _, valid in SEEN][:4] == [math.ceil(0.1 * 375)] * 4


def test_a_stack_that_is_fitted_again_does_not_use_the_earlier_split(monkeypatch: pytest.MonkeyPatch) -> None:
    stack = Stack(models=("stopping",), n_folds=3, seed=4)
    _fits(stack, GlobalTime(0.2), monkeypatch)
    again = _fits(stack, Holdout(), monkeypatch)
    fresh = _fits(Stack(models=("stopping",), n_folds=3, seed=4), Holdout(), monkeypatch)
    assert [valid.digest for _, valid in again] == [valid.digest for _, valid in fresh]
