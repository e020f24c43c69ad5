"""Every check of the kits fails for an offender that it must find, and passes for an honest plugin."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from recbench import Metric, RatingDataset
from recbench.array_types import FloatArray, IntArray
from recbench.cli.commands.check import CHECKS, checks
from recbench.testing import toy_ratings
from tests.support.offenders import CALLS, MODELS, Honest


def _changed(**columns: Any) -> Callable[[], RatingDataset]:
    """Return a loader of the toy ratings without cold ids, some columns replaced after the dataset was validated."""

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
    "ratings_are_within_the_scale": _changed(rating_scale=(1.0, 3.0)),
    "pairs_are_unique": _changed(item_idx=_doubled),
    "loading_is_reproducible": _changed(timestamps=lambda dataset: dataset.timestamps + next(CALLS)),
    "arrays_are_read_only": _changed(ratings=lambda dataset: dataset.ratings.copy()),
    "folds_are_disjoint": _changed(folds=((np.arange(9), np.arange(5, 12)),)),
}


def _shown_first(ratings: FloatArray, predicted: FloatArray) -> float:
    return float(abs(ratings - predicted)[: len(ratings) // 2].mean())


METRICS = {
    "value_is_a_finite_float": Metric(lambda ratings, predicted: float("inf")),
    "perfect_predictions_score_best": Metric(lambda ratings, predicted: -float(np.mean((ratings - predicted) ** 2))),
    "row_order_does_not_matter": Metric(_shown_first),
}
PLANTED: dict[str, dict[str, Any]] = {"model": MODELS, "dataset": DATASETS, "metric": METRICS}
HONEST: dict[str, Any] = {
    "model": Honest,
    "dataset": _dense,
    "metric": Metric(lambda ratings, predicted: float(np.mean(abs(ratings - predicted)))),
}
EVERY_CHECK = [(role, check) for role in CHECKS for check in checks(role)]
IDS = [f"{role}-{check.__name__}" for role, check in EVERY_CHECK]

FAULTS = {  # what the error says: the fault, and what to do about it
    "indices_are_dense": r"^11 of 12 users have ratings; list only ids that have ratings",
    "ids_are_distinct": r"^11 user ids, 1 distinct; give each user one index",
    "ratings_are_within_the_scale": r"^\d+ ratings outside the scale \(1\.0, 3\.0\)",
    "pairs_are_unique": r"^\d+ rows repeat a \(user, item\) pair; keep one of each",
    "loading_is_reproducible": r"^two loads differ; seed all random draws",
    "arrays_are_read_only": r"^ratings can be written to; build a RatingDataset",
    "folds_are_disjoint": r"^fold 0: rows are in the training and in the test set",
    "value_is_a_finite_float": r"^the value is inf; return a finite number",
    "perfect_predictions_score_best": r"^perfect, near and far predictions score -0\.0, .* but smaller is better; set",
    "row_order_does_not_matter": r"(the value is .* in another|by up to 0\.0917 when the rows are shuffled); ",
    "constructor_only_stores_options": r"^the constructor sets \['table'\]; compute them in fit",
    "predict_before_fit_raises": r"^predict before fit returned array\(\[3\.\]\); raise RuntimeError",
    "fit_returns_the_model": r"^fit returned None; return self",
    "every_pair_gets_a_finite_prediction": r"^12 predictions are not finite, first for user_idx 0, item_idx 9",
    "empty_input_gives_empty_output": r"^predict returned shape \(1,\) for no pairs; return an empty array",
    "zero_is_a_rating": r"^rows rated 0 made no difference; do not treat 0 as missing",
    "same_seed_gives_same_predictions": r"^predictions differ by up to 0\.\d+; seed all random draws",
    "fitting_twice_equals_fitting_once": r"^predictions differ by up to 0\.\d+; reset the learned state in fit",
    "fit_leaves_the_training_set_unchanged": r"^fit changed its training set; copy arrays before changing them",
    "predict_does_not_change_the_model": r"^predict set \['n_calls_0'\]; learn in fit only",
    "training_row_order_does_not_matter": r"^predictions differ by up to .* when the training rows are shuffled",
    "index_order_does_not_matter": r"^predictions differ by up to .* when users and items have other indices; ",
    "fit_does_not_change_options": r"^fit changed the options from \{'damping': 1\.0\} to \{'damping': 7\.0\}",
    "state_restores_the_model": r"^the restored model's predictions differ by up to 1; include all that",
    "saved_model_predicts_the_same": r"^the loaded model's predictions differ by up to [\d.]+; include all that",
    "unknown_pairs_are_marked_as_fallback": r"^is_fallback is False for an unknown user .*; return True",
    "options_are_used": r"^nothing reads the options \['n_sheep_never_counted'\]; use them in fit or predict",
    "predictions_do_not_depend_on_test_ratings": r"^predictions depend on the test ratings: the model reads data",
    "every_timestamp_gets_a_finite_prediction": r"^predict_at is not finite for some timestamps; predict for any time",
    "it_fits_its_training_ratings": r"^RMSE \d.* on its own training ratings, above the global mean's \d",
    "time_grows_less_than_quadratically": r"CPU seconds for 4,000 ratings, .* for 16,000; avoid work per pair",
    "memory_grows_less_than_quadratically": r"MB for 4,000 ratings, .* for 16,000; work in blocks",
}


@pytest.mark.parametrize("role", CHECKS)
def test_every_check_has_an_offender(role: str) -> None:
    assert set(PLANTED[role]) == {check.__name__.removeprefix("check_") for check in checks(role)}


@pytest.mark.parametrize(("role", "check"), EVERY_CHECK, ids=IDS)
def test_offender_fails_with_its_fault_named(role: str, check: Callable[[Any], None]) -> None:
    name = check.__name__.removeprefix("check_")
    with pytest.raises(AssertionError, match=FAULTS[name]):
        check(PLANTED[role][name])


@pytest.mark.parametrize(("role", "check"), EVERY_CHECK, ids=IDS)
def test_honest_plugin_passes_every_check(role: str, check: Callable[[Any], None]) -> None:
    check(HONEST[role])
