"""The sealed test set: a model never receives a test row, and validation sets are cut from the training set."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Self

import numpy as np
import pytest

from recbench import Metric, RatingDataset, RatingModel
from recbench.array_types import FloatArray, IntArray
from recbench.metrics import rmse
from recbench.models.baselines.bias import Bias
from recbench.protocol.runner import evaluate
from recbench.results.records import ScoredOn
from recbench.splits import Holdout, KFold
from tests.support.datasets import make_dataset

RMSE = {"rmse": Metric(rmse)}
N_ROWS = 200
DATES = 1_000_000_000
SPLIT = Holdout(0.25, seed=3)


class Spy(RatingModel):
    """Records everything that it receives."""

    def __init__(self) -> None:
        self.received: list[Any] = []

    def fit(self, train: RatingDataset, valid: RatingDataset | None = None) -> Self:
        self.received += [train, valid]
        return self

    def predict(self, user_idx: IntArray, item_idx: IntArray) -> FloatArray:
        self.received += [user_idx, item_idx]
        return np.full(len(user_idx), 1.5)


class StoppingSpy(Spy):
    """Records everything that it receives, including a validation set."""

    uses_valid: ClassVar[bool] = True


def _dataset(ratings: FloatArray | None = None) -> RatingDataset:
    """Return distinguishable rows: each has a unique rating, timestamp and pair; no rating or timestamp is an index."""
    rows = np.arange(N_ROWS)
    values = 1 + (rows + 0.5) / 1024 if ratings is None else ratings
    pairs = np.random.default_rng(0).permutation(20 * 15)[:N_ROWS]
    users, items = np.divmod(pairs, 15)
    folds = tuple(KFold(2)(make_dataset(users, items, values, n_users=20, n_items=15, scale=(0, 9), name="")))
    return make_dataset(
        users, items, values, n_users=20, n_items=15, scale=(0, 9), timestamps=DATES + rows, folds=folds
    )


def _arrays(value: Any, seen: dict[int, Any]) -> Iterator[Any]:
    """Yield every array that can be reached from an object: attributes, containers, bases of views."""
    if id(value) in seen or value is None or isinstance(value, (str, bytes, int, float)):
        return
    seen[id(value)] = value  # kept alive, so that its id is not used again
    if isinstance(value, np.ndarray):
        yield value
        yield from _arrays(value.base, seen)
    elif isinstance(value, dict):
        yield from _arrays(list(value.values()), seen)
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from _arrays(each, seen)
    else:
        yield from _arrays(vars(value), seen)


def _rows_reached(received: list[Any]) -> set[int]:
    """Return the rows of `_dataset()` whose rating or timestamp is in an array that can be reached."""
    dataset = _dataset()
    reached: set[int] = set()
    for array in _arrays(received, {}):
        for column in ("ratings", "timestamps"):
            reached |= set(np.flatnonzero(np.isin(getattr(dataset, column), array)).tolist())
    return reached


def _evaluated(spy: Spy, scored_on: ScoredOn = "test", **options: Any) -> Spy:
    evaluate(_dataset(), SPLIT, lambda: spy, RMSE, scored_on=scored_on, **options)
    return spy


def _row_sets() -> tuple[set[int], set[int]]:
    ((train, test),) = SPLIT(_dataset())
    return set(train.tolist()), set(test.tolist())


def _rows_of(dataset: RatingDataset) -> set[int]:
    assert dataset.timestamps is not None
    return set((dataset.timestamps - DATES).tolist())


def test_the_search_for_rows_finds_the_base_of_a_view() -> None:
    assert _rows_reached([{"x": (_dataset().ratings[:1],)}]) == set(range(N_ROWS))


@pytest.mark.parametrize("make", [Spy, StoppingSpy])
def test_a_model_receives_all_training_rows_and_no_test_row(make: type[Spy]) -> None:
    train, _ = _row_sets()
    assert _rows_reached(_evaluated(make()).received) == train


@pytest.mark.parametrize("make", [Spy, StoppingSpy])
def test_a_model_that_is_scored_on_validation_receives_training_rows_only(make: type[Spy]) -> None:
    train, _ = _row_sets()
    reached = _rows_reached(_evaluated(make(), "valid").received)
    assert reached < train
    assert len(reached) == len(train) - 15  # 10 % of 150 rows are scored


def test_no_test_pair_is_scored_on_validation() -> None:
    dataset = _dataset()
    *_, users, items = _evaluated(Spy(), "valid").received
    _, test = _row_sets()
    pairs = {(int(dataset.user_idx[row]), int(dataset.item_idx[row])) for row in test}
    scored = set(zip(users.tolist(), items.tolist(), strict=True))
    assert len(scored) == 15
    assert not pairs & scored


def test_the_pairs_to_predict_are_not_views_of_other_data() -> None:
    *_, users, items = _evaluated(Spy()).received
    assert (users.base, items.base) == (None, None)


def test_validation_scores_do_not_depend_on_test_ratings() -> None:
    dataset = _dataset()
    ((_, test),) = SPLIT(dataset)
    ratings = dataset.ratings.copy()
    ratings[test] = 9
    scores = [
        evaluate(each, SPLIT, Bias, RMSE, scored_on="valid").outcome.scores for each in (dataset, _dataset(ratings))
    ]
    assert scores[0] == scores[1]


def test_learned_state_does_not_depend_on_test_ratings() -> None:
    dataset = _dataset()
    ((_, test),) = SPLIT(dataset)
    ratings = dataset.ratings.copy()
    ratings[test] = 9
    models = [Bias(), Bias()]
    for model, each in zip(models, (dataset, _dataset(ratings)), strict=True):
        evaluate(each, SPLIT, lambda model=model: model, RMSE)  # type: ignore[misc]
    for name, value in models[0].state().items():
        assert np.array_equal(value, models[1].state()[name]), name


# the validation set of a model that stops early


def test_a_model_without_early_stopping_receives_the_whole_training_set() -> None:
    train, valid, *_ = _evaluated(Spy()).received
    assert valid is None
    assert _rows_of(train) == _row_sets()[0]


def test_a_model_with_early_stopping_receives_the_training_set_cut_in_two() -> None:
    train, valid, *_ = _evaluated(StoppingSpy()).received
    assert len(_rows_of(valid)) == 15
    assert not _rows_of(train) & _rows_of(valid)
    assert _rows_of(train) | _rows_of(valid) == _row_sets()[0]


def test_valid_size_is_a_share_of_the_training_set() -> None:
    _, valid, *_ = _evaluated(StoppingSpy(), valid_size=0.2).received
    assert valid.n_ratings == 30


def test_the_validation_set_depends_on_the_seed() -> None:
    first, again, other = (_rows_of(_evaluated(StoppingSpy(), seed=seed).received[1]) for seed in (0, 0, 1))
    assert first == again
    assert first != other


def test_the_scored_and_the_early_stopping_validation_sets_are_drawn_independently() -> None:
    spy = _evaluated(StoppingSpy(), "valid")
    train, valid, *_ = spy.received
    scored = _row_sets()[0] - _rows_of(train) - _rows_of(valid)
    assert (len(scored), len(_rows_of(valid)), len(_rows_of(train))) == (15, 14, 121)
    ((rows, _),) = SPLIT(_dataset())
    whole = _dataset().take(rows)
    ((kept, _),) = Holdout(0.1, seed=0)(whole)
    ((_, same_seed),) = Holdout(0.1, seed=0)(whole.take(kept))
    assert _rows_of(whole.take(kept).take(same_seed)) != _rows_of(valid)


def test_a_validation_record_counts_the_rows_of_its_own_sets() -> None:
    record = evaluate(_dataset(), SPLIT, Spy, RMSE, scored_on="valid")
    assert (record.job.scored_on, record.outcome.n_train, record.outcome.n_scored) == ("valid", 135, 15)


def test_a_training_set_too_small_for_validation_is_rejected() -> None:
    with pytest.raises(ValueError, match="leaves none to train on"):
        evaluate(_dataset().take(np.array([0, 1])), Holdout(0.5), StoppingSpy, RMSE)
