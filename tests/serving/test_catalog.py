"""The catalog of a saved model: ids, titles, rated items, and the slot for unknown users and items."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from recbench.models.item_features import item_features
from recbench.serving.catalog import Catalog, add_unknown_slot
from recbench.testing.toy import toy_ratings


def test_a_catalog_is_restored_from_its_arrays() -> None:
    data = toy_ratings()
    known = Catalog.from_arrays(Catalog.of(data).arrays())
    assert known.rating_scale == (1.0, 5.0)
    assert known.user_ids.tolist() == data.user_ids.tolist()
    assert known.item_columns["title"].tolist() == [f"Item {number}" for number in range(10)]
    for user in range(data.n_users):
        items, ratings = known.ratings_of(user)
        rows = np.flatnonzero(data.user_idx == user)
        order = rows[np.argsort(data.item_idx[rows])]
        assert items.tolist() == data.item_idx[order].tolist()
        assert ratings.tolist() == data.ratings[order].tolist()


def test_ids_are_found_by_their_text() -> None:
    known = Catalog.of(toy_ratings())
    assert known.users(["100", "111", "99", "0100", ""]).tolist() == [0, 11, 12, 12, 12]
    assert known.items(["item-3", "item-33"]).tolist() == [3, 10]


def test_object_columns_become_text_and_missing_values_are_empty() -> None:
    titles = np.array(["A", None, float("nan"), *"DEFGHIJ"], object)
    known = Catalog.of(replace(toy_ratings(), item_columns={"title": titles}))
    assert known.arrays()["column.title"].tolist() == ["A", "", "", *"DEFGHIJ"]
    assert [known.title(item) for item in (0, 1, 10)] == ["A", "", ""]


def test_a_title_includes_the_year_if_known() -> None:
    known = Catalog.of(toy_ratings())
    assert (known.title(0), known.title(9)) == ("Item 0 (1990)", "Item 9")


def test_the_slot_for_unknown_ids_has_its_own_ids_and_no_features() -> None:
    data = toy_ratings()
    roomy = add_unknown_slot(data)
    assert (roomy.n_users, roomy.n_items, roomy.n_ratings) == (13, 11, data.n_ratings)
    assert len(set(roomy.user_ids.tolist())) == 13
    assert len(set(roomy.item_ids.tolist())) == 11
    assert not item_features(roomy)[10].any()
    assert np.array_equal(item_features(roomy)[:10], item_features(data))


def test_the_slot_for_unknown_ids_fits_columns_of_any_type() -> None:
    years = {"year": np.arange(1990, 2000), "seen": np.ones(10, bool), "note": np.array([None] * 10, object)}
    roomy = add_unknown_slot(replace(toy_ratings(), item_columns=years))
    assert roomy.item_columns is not None
    assert np.isnan(roomy.item_columns["year"][10])
    assert [len(column) for column in roomy.item_columns.values()] == [11, 11, 11]
