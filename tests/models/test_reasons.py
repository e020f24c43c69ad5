"""The reasons for a prediction add up to it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from recbench.capabilities import GivesReasons, sorted_reasons
from recbench.models.content.content import Content
from recbench.models.factorization.mf import MF
from recbench.models.neighbors.knn import ItemKNN, UserKNN
from recbench.testing.toy import all_pairs, toy_ratings

KNN = [{}, {"centering": "none"}, {"centering": "zscore", "similarity": "pearson"}, {"n_neighbors": 2}]


@pytest.mark.parametrize("factory", [UserKNN, ItemKNN])
@pytest.mark.parametrize("options", KNN, ids=str)
def test_effects_of_neighbors_add_up_to_the_prediction_less_its_offset(factory: Any, options: dict[str, Any]) -> None:
    train = toy_ratings()
    model = factory(**{"shrinkage": 5.0} | options).fit(train)
    users, items = all_pairs(train)
    rows, columns = (users, items) if factory is UserKNN else (items, users)
    offsets = model.row_offset_[rows] + model.column_offset_[columns]
    found = [sum(r.effect for r in model.reasons(u, i)) for u, i in zip(users.tolist(), items.tolist(), strict=True)]
    assert np.count_nonzero(found) > len(found) / 2
    np.testing.assert_allclose(found, model.predict(users, items) - offsets, atol=1e-9)


def test_item_reasons_are_rated_items_with_the_largest_effect_first() -> None:
    train = toy_ratings()
    reasons = ItemKNN(shrinkage=1.0).fit(train).reasons(0, 9 - 1)
    effects = [reason.effect for reason in reasons]
    assert {reason.kind for reason in reasons} == {"item"}
    assert {reason.what for reason in reasons} <= set(train.item_idx[train.user_idx == 0].tolist())
    assert effects == sorted(effects, reverse=True)
    assert len(effects) > 1


def test_user_reasons_are_users_who_rated_the_item() -> None:
    train = toy_ratings()
    reasons = UserKNN(shrinkage=1.0).fit(train).reasons(0, 2)
    assert {reason.kind for reason in reasons} == {"user"}
    assert {reason.what for reason in reasons} <= set(train.user_idx[train.item_idx == 2].tolist()) - {0}


def test_content_reasons_name_genres_and_decades() -> None:
    train = toy_ratings()
    model = Content(reg=1.0).fit(train)
    reasons = model.reasons(1, 2)  # a comedy and drama of 1992
    assert {reason.what for reason in reasons} == {"Comedy", "Drama", "around 1990", "around 2000"}
    taste = float(model.user_tastes_[1] @ model.item_features_[2])
    assert sum(reason.effect for reason in reasons) == pytest.approx(taste)


def test_a_new_user_has_reasons_too() -> None:
    train = toy_ratings()
    for factory in (UserKNN, ItemKNN, Content):
        model: Any = factory().fit(train)
        assert hasattr(model, "reasons")
        rows = np.flatnonzero(train.user_idx == 2)
        more: Any = model.with_user(train.item_idx[rows], train.ratings[rows])
        unrated = int(np.setdiff1d(np.arange(9), train.item_idx[rows])[0])
        old, new = model.reasons(2, unrated), more.reasons(train.n_users, unrated)
        assert [each.what for each in old] == [each.what for each in new]
        np.testing.assert_allclose([each.effect for each in old], [each.effect for each in new], atol=1e-9)


def test_a_factor_model_gives_no_reasons() -> None:
    assert not isinstance(MF(), GivesReasons)


def test_effects_that_differ_only_by_rounding_keep_their_order_and_rounding_errors_are_no_reason() -> None:
    effects = np.array([0.1, 0.3, 0.3 + 1e-15, -0.2, 1e-17])
    assert [reason.what for reason in sorted_reasons("feature", list("abcde"), effects)] == ["b", "c", "a", "d"]


def test_without_effects_there_are_no_reasons() -> None:
    assert sorted_reasons("feature", [], np.zeros(0)) == []
    assert sorted_reasons("feature", ["a"], np.zeros(1)) == []
