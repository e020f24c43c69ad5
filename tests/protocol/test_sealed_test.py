"""The sealed test: what a model is given holds no test row, and its validation part is cut from train."""

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

RMSE = {"rmse": Metric(rmse)}
N_ROWS = 200
DATES = 1_000_000_000
SPLIT = Holdout(0.25, seed=3)


class Spy(RatingModel):
    """Keeps all it is given."""

    def __init__(self) -> None:
        self.given: list[Any] = []

    def fit(self, train: RatingDataset, valid: RatingDataset | None = None) -> Self:
        self.given += [train, valid]
        return self

    def predict(self, user_idx: IntArray, item_idx: IntArray) -> FloatArray:
        self.given += [user_idx, item_idx]
        return np.full(len(user_idx), 1.5)


class StoppingSpy(Spy):
    """Keeps all it is given, and wants a validation part."""

    uses_valid: ClassVar[bool] = True


def _dataset(ratings: FloatArray | None = None) -> RatingDataset:
    """Rows that can be told apart: each has a rating, a time and a pair of its own, none of them an index."""
    rows = np.arange(N_ROWS)
    values = 1 + (rows + 0.5) / 1024 if ratings is None else ratings
    pairs = np.random.default_rng(0).permutation(20 * 15)[:N_ROWS]
    users, items = np.divmod(pairs, 15)
    folds = tuple(KFold(2)(RatingDataset("", users, items, values, np.arange(20), np.arange(15), (0, 9))))
    return RatingDataset("toy", users, items, values, np.arange(20), np.arange(15), (0, 9), DATES + rows, folds=folds)


def _arrays(thing: Any, seen: dict[int, Any]) -> Iterator[Any]:
    """Every array that can be reached from a thing: attributes, containers, bases of views."""
    if id(thing) in seen or thing is None or isinstance(thing, (str, bytes, int, float)):
        return
    seen[id(thing)] = thing  # held, so that its id is not used again
    if isinstance(thing, np.ndarray):
        yield thing
        yield from _arrays(thing.base, seen)
    elif isinstance(thing, dict):
        yield from _arrays(list(thing.values()), seen)
    elif isinstance(thing, (list, tuple)):
        for each in thing:
            yield from _arrays(each, seen)
    else:
        yield from _arrays(vars(thing), seen)


def _rows_reached(given: list[Any]) -> set[int]:
    """The rows of `_dataset()` whose rating or time stands in an array that can be reached."""
    dataset = _dataset()
    reached: set[int] = set()
    for array in _arrays(given, {}):
        for column in ("ratings", "timestamps"):
            reached |= set(np.flatnonzero(np.isin(getattr(dataset, column), array)).tolist())
    return reached


def _spied(spy: Spy, part: ScoredOn = "test", **options: Any) -> Spy:
    evaluate(_dataset(), SPLIT, lambda: spy, RMSE, scored_on=part, **options)
    return spy


def _row_sets() -> tuple[set[int], set[int]]:
    ((train, test),) = SPLIT(_dataset())
    return set(train.tolist()), set(test.tolist())


def _rows_of(dataset: RatingDataset) -> set[int]:
    assert dataset.timestamps is not None
    return set((dataset.timestamps - DATES).tolist())


def test_the_search_for_rows_sees_what_stands_behind_a_view() -> None:
    assert _rows_reached([{"x": (_dataset().ratings[:1],)}]) == set(range(N_ROWS))


@pytest.mark.parametrize("make", [Spy, StoppingSpy])
def test_a_model_is_given_the_train_rows_and_no_test_row(make: type[Spy]) -> None:
    train, _ = _row_sets()
    assert _rows_reached(_spied(make()).given) == train


@pytest.mark.parametrize("make", [Spy, StoppingSpy])
def test_a_model_on_validation_is_given_train_rows_alone(make: type[Spy]) -> None:
    train, _ = _row_sets()
    reached = _rows_reached(_spied(make(), "valid").given)
    assert reached < train
    assert len(reached) == len(train) - 15  # 10 % of 150 are scored


def test_on_validation_no_test_pair_is_scored() -> None:
    dataset = _dataset()
    *_, users, items = _spied(Spy(), "valid").given
    _, test = _row_sets()
    pairs = {(int(dataset.user_idx[row]), int(dataset.item_idx[row])) for row in test}
    scored = set(zip(users.tolist(), items.tolist(), strict=True))
    assert len(scored) == 15
    assert not pairs & scored


def test_the_pairs_to_predict_share_no_memory_with_more() -> None:
    *_, users, items = _spied(Spy()).given
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


def test_what_is_learned_does_not_depend_on_test_ratings() -> None:
    dataset = _dataset()
    ((_, test),) = SPLIT(dataset)
    ratings = dataset.ratings.copy()
    ratings[test] = 9
    models = [Bias(), Bias()]
    for model, each in zip(models, (dataset, _dataset(ratings)), strict=True):
        evaluate(each, SPLIT, lambda model=model: model, RMSE)  # type: ignore[misc]
    for name, value in models[0].state().items():
        assert np.array_equal(value, models[1].state()[name]), name


# the validation part of a model that stops early


def test_a_model_that_does_not_ask_gets_all_of_train_and_no_validation_part() -> None:
    train, valid, *_ = _spied(Spy()).given
    assert valid is None
    assert _rows_of(train) == _row_sets()[0]


def test_a_model_that_asks_gets_train_in_two_parts() -> None:
    train, valid, *_ = _spied(StoppingSpy()).given
    assert len(_rows_of(valid)) == 15
    assert not _rows_of(train) & _rows_of(valid)
    assert _rows_of(train) | _rows_of(valid) == _row_sets()[0]


def test_valid_size_is_the_share_of_train() -> None:
    _, valid, *_ = _spied(StoppingSpy(), valid_size=0.2).given
    assert valid.n_ratings == 30


def test_the_seed_draws_the_validation_part() -> None:
    first, again, other = (_rows_of(_spied(StoppingSpy(), seed=seed).given[1]) for seed in (0, 0, 1))
    assert first == again
    assert first != other


def test_inner_and_outer_validation_parts_are_different_draws() -> None:
    spy = _spied(StoppingSpy(), "valid")
    train, valid, *_ = spy.given
    outer = _row_sets()[0] - _rows_of(train) - _rows_of(valid)
    assert (len(outer), len(_rows_of(valid)), len(_rows_of(train))) == (15, 14, 121)
    ((rows, _),) = SPLIT(_dataset())
    whole = _dataset().take(rows)
    ((kept, _),) = Holdout(0.1, seed=0)(whole)
    ((_, follows),) = Holdout(0.1, seed=0)(whole.take(kept))
    assert _rows_of(whole.take(kept).take(follows)) != _rows_of(valid)


def test_counts_of_a_validation_record_are_of_its_parts() -> None:
    record = evaluate(_dataset(), SPLIT, Spy, RMSE, scored_on="valid")
    assert (record.job.scored_on, record.outcome.n_train, record.outcome.n_scored) == ("valid", 135, 15)


def test_a_part_too_small_to_be_cut_is_refused() -> None:
    with pytest.raises(ValueError, match="leaves none to train on"):
        evaluate(_dataset().take(np.array([0, 1])), Holdout(0.5), StoppingSpy, RMSE)
