"""Validation sets are like the test set: later in time if the split is by time, new users if it is by new users."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from recbench import RatingDataset, RatingModel
from recbench.array_types import FloatArray, IntArray
from recbench.config.schema import compose
from recbench.contracts import Fold, Metric, Split
from recbench.jobs.job import Job
from recbench.jobs.preparation import Parts, prepare
from recbench.jobs.record_labels import inputs_of
from recbench.metrics import rmse
from recbench.protocol.folds import validation_splits
from recbench.protocol.runner import evaluate
from recbench.results.records import Record
from recbench.splits import ColdItems, ColdUsers, GlobalTime, Holdout, KFold, PerUserLast, validation_split
from tests.support.command import SMALL, recbench, records_in
from tests.support.datasets import make_dataset

N = 400


class Spy(RatingModel):
    """A model that stores its arguments."""

    uses_valid: ClassVar[bool] = True

    def fit(self, train: RatingDataset, valid: RatingDataset | None = None) -> Spy:
        assert valid is not None
        self.train, self.valid = train, valid
        return self

    def predict(self, user_idx: IntArray, item_idx: IntArray) -> FloatArray:
        self.asked = user_idx, item_idx
        return np.full(len(user_idx), 3.0)


@pytest.fixture(scope="module")
def dataset() -> RatingDataset:
    random = np.random.default_rng(5)
    pairs = random.permutation(40 * 30)[:N]
    times = random.permutation(N)
    ratings = random.integers(1, 6, N)
    return make_dataset(pairs // 30, pairs % 30, ratings, n_users=40, n_items=30, timestamps=times)


def _given(dataset: RatingDataset, split: Split, scored_on: Any = "valid") -> tuple[Spy, Record]:
    spy = Spy()
    return spy, evaluate(dataset, split, lambda: spy, {"rmse": Metric(rmse)}, scored_on=scored_on)


def test_a_random_split_has_random_validation_sets() -> None:
    assert validation_split(KFold(), 0.2, 7) == Holdout(0.2, 7)


def test_a_split_by_time_or_of_cold_entities_has_such_validation_sets() -> None:
    assert validation_split(GlobalTime(0.3), 0.1, 7) == GlobalTime(0.1)
    assert validation_split(PerUserLast(n_last=3), 0.1, 7) == PerUserLast(n_last=3)
    assert validation_split(ColdUsers(0.5, 42), 0.1, 7) == ColdUsers(0.1, 7)
    assert validation_split(ColdItems(0.5, 42), 0.1, 7) == ColdItems(0.1, 7)


def test_the_old_name_of_validation_split_works_with_a_warning() -> None:
    class Old:
        def __call__(self, dataset: RatingDataset) -> Iterator[Fold]:
            return GlobalTime()(dataset)

        def inner(self, valid_size: float, seed: int) -> Split:
            return GlobalTime(valid_size)

    with pytest.warns(DeprecationWarning, match="Old.inner is now called validation_split"):
        assert validation_split(Old(), 0.1, 7) == GlobalTime(0.1)


def test_validation_and_early_stopping_sets_have_different_seeds() -> None:
    assert validation_splits(ColdUsers(), 0.1, 7) == (ColdUsers(0.1, 7), ColdUsers(0.1, 8))


def test_a_split_by_time_orders_all_sets_by_time(dataset: RatingDataset) -> None:
    spy, record = _given(dataset, GlobalTime(0.2))
    ((before, _),) = GlobalTime(0.2)(dataset)
    times, stop, train = dataset.timestamps, spy.valid.timestamps, spy.train.timestamps
    assert times is not None
    assert stop is not None
    assert train is not None
    assert train.max() < stop.min()
    scored = np.sort(times[before])[-record.outcome.n_scored :]
    assert stop.max() < scored.min()
    assert (len(train), len(stop), record.outcome.n_scored) == (259, 29, 32)


def test_per_user_last_validates_on_the_second_to_last_rating(dataset: RatingDataset) -> None:
    spy, _ = _given(dataset, PerUserLast())
    times = dataset.timestamps
    assert times is not None
    expected = set()
    for user in range(40):
        rows = np.flatnonzero(dataset.user_idx == user)
        if len(rows) > 2:
            expected.add((user, int(dataset.item_idx[rows[np.argsort(times[rows])[-2]]])))
    assert set(zip(*(each.tolist() for each in spy.asked), strict=True)) == expected


@pytest.mark.parametrize(("split", "column"), [(ColdUsers(), "user_idx"), (ColdItems(), "item_idx")])
def test_new_users_and_items_of_every_set_are_not_in_the_training_set(
    dataset: RatingDataset, split: Split, column: str
) -> None:
    spy, record = _given(dataset, split)
    sets = [set(getattr(each, column).tolist()) for each in (spy.train, spy.valid)]
    sets.append(set(spy.asked[column == "item_idx"].tolist()))
    assert sum(map(len, sets)) == len(set.union(*sets))
    assert record.outcome.cold_share == 1.0


def test_test_scores_do_not_depend_on_the_early_stopping_set(dataset: RatingDataset) -> None:
    class Plain:
        def __call__(self, dataset: RatingDataset) -> Iterator[Fold]:
            return GlobalTime()(dataset)

    (own, first), (random, second) = (_given(dataset, split, "test") for split in (GlobalTime(), Plain()))
    assert first.outcome.scores == second.outcome.scores
    assert own.valid.digest != random.valid.digest


def test_splits_with_equal_folds_and_other_validation_sets_have_two_keys() -> None:
    keys = []
    for option in ("split.n_last=1", "split.n_last=2"):
        job = Job(compose([*SMALL, "dataset.n_ratings=100", "model=bias", "split=per_user_last", option]), "bias")
        parts = prepare(job)
        keys.append(inputs_of(job, Parts(parts.dataset, [], parts.validation, [], {}, parts.filters)))
    assert keys[0]["split"] == keys[1]["split"]
    assert keys[0] != keys[1]


def test_a_sweep_on_cold_users_is_validated_on_cold_users(tmp_path: Path) -> None:
    run = recbench("-m", "model=bias", "model.reg_user=1,9", *SMALL, "split=cold_user", cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    chosen = [record for record in records_in(tmp_path) if record.job.scored_on == "valid"]
    assert len(chosen) == 2
    assert {record.outcome.cold_share for record in chosen} == {1.0}
