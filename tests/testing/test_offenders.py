"""For every law of the kits an offender that breaks it, and an honest one that keeps them all."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from recbench import Metric, RatingDataset
from recbench.array_types import FloatArray, IntArray
from recbench.cli.commands.check import LAWS, laws
from recbench.testing import toy_ratings
from tests.support.offenders import CALLS, MODELS, Honest


def _changed(**columns: Any) -> Callable[[], RatingDataset]:
    """The toy ratings without their cold rows, some columns replaced behind the contract's back."""

    def load() -> RatingDataset:
        dataset = _dense()
        for name, value in columns.items():
            object.__setattr__(dataset, name, value(dataset) if callable(value) else value)
        return dataset

    return load


def _dense() -> RatingDataset:
    toy = toy_ratings()
    n_users, n_items = toy.n_users - 1, toy.n_items - 1  # the last of each is cold
    columns = {name: values[:n_items] for name, values in (toy.item_columns or {}).items()}
    return dataclasses.replace(
        toy, user_ids=toy.user_ids[:n_users], item_ids=toy.item_ids[:n_items], item_columns=columns
    )


def _doubled(dataset: RatingDataset) -> IntArray:
    items = dataset.item_idx.copy()
    items[dataset.user_idx == dataset.user_idx[0]] = items[0]
    return items


DATASETS: dict[str, Callable[[], RatingDataset]] = {
    "indices_are_dense": toy_ratings,
    "ids_are_distinct": _changed(user_ids=np.zeros(11, np.int64)),
    "ratings_lie_within_the_scale": _changed(rating_scale=(1.0, 3.0)),
    "no_pair_occurs_twice": _changed(item_idx=_doubled),
    "loading_twice_gives_the_same": _changed(timestamps=lambda dataset: dataset.timestamps + next(CALLS)),
    "arrays_are_read_only": _changed(ratings=lambda dataset: dataset.ratings.copy()),
    "folds_partition_their_rows": _changed(folds=((np.arange(9), np.arange(5, 12)),)),
}


def _shown_first(ratings: FloatArray, predicted: FloatArray) -> float:
    return float(abs(ratings - predicted)[: len(ratings) // 2].mean())


METRICS = {
    "value_is_a_finite_float": Metric(lambda ratings, predicted: float("inf")),
    "perfect_is_best": Metric(lambda ratings, predicted: -float(np.mean((ratings - predicted) ** 2))),
    "order_of_rows_is_irrelevant": Metric(_shown_first),
}
PLANTED: dict[str, dict[str, Any]] = {"model": MODELS, "dataset": DATASETS, "metric": METRICS}
HONEST: dict[str, Any] = {
    "model": Honest,
    "dataset": _dense,
    "metric": Metric(lambda ratings, predicted: float(np.mean(abs(ratings - predicted)))),
}
EVERY_LAW = [(role, law) for role in LAWS for law in laws(role)]
IDS = [f"{role}-{law.__name__}" for role, law in EVERY_LAW]


@pytest.mark.parametrize("role", LAWS)
def test_every_law_has_its_offender(role: str) -> None:
    assert set(PLANTED[role]) == {law.__name__.removeprefix("check_") for law in laws(role)}


@pytest.mark.parametrize(("role", "law"), EVERY_LAW, ids=IDS)
def test_the_offender_is_caught_and_told_what_it_did(role: str, law: Callable[[Any], None]) -> None:
    offender = PLANTED[role][law.__name__.removeprefix("check_")]
    with pytest.raises(AssertionError) as broken:
        law(offender)
    assert len(str(broken.value)) > 20


@pytest.mark.parametrize(("role", "law"), EVERY_LAW, ids=IDS)
def test_the_honest_one_passes(role: str, law: Callable[[Any], None]) -> None:
    law(HONEST[role])
