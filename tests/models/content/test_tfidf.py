"""Words of titles and tags: their weights by hand, which tags count, and tastes against dense ridge regressions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from recbench import RatingDataset
from recbench.array_types import FloatArray
from recbench.models.content import word_tastes as tastes_module
from recbench.models.content.tfidf import MAX_WORDS, WordRows, no_words, word_features
from recbench.models.content.word_tastes import word_effects, word_tastes
from recbench.models.row_pointers import row_pointers

RARE, COMMON = np.log(5 / 2) ** 2, np.log(5 / 3) ** 2  # of four items, one or two have the word


def _items(pairs: Sequence[tuple[int, int]] = ((0, 0),), **columns: Sequence[Any]) -> RatingDataset:
    """Users 70, 71 and 72 rated these (user, item) pairs."""
    table = np.array(pairs)
    items = {name: np.array(values, object) for name, values in columns.items()}
    n_items = len(next(iter(items.values())))
    ones = np.ones(len(table))
    return RatingDataset(
        "made", table[:, 0], table[:, 1], ones, np.arange(70, 73), np.arange(n_items), (1, 5), None, items
    )


def _dense(rows: WordRows, n_words: int) -> FloatArray:
    table = np.zeros((len(rows.starts) - 1, n_words))
    table[np.repeat(np.arange(len(table)), np.diff(rows.starts)), rows.words] = rows.weights
    return table


def _table(dataset: RatingDataset) -> tuple[FloatArray, list[str]]:
    rows, names = word_features(dataset)
    return _dense(rows, len(names)), names


def test_weights_are_tf_idf_of_length_one_less_the_words_of_one_item() -> None:
    table, names = _table(_items(title=["Dracula Rises", "Dracula, Dracula!", "Heat", ""]))
    assert names == ["title: dracula"]
    np.testing.assert_allclose(table[:, 0], [COMMON / np.hypot(COMMON, RARE), 1, 0, 0])


def test_a_repeated_word_weighs_twice() -> None:
    table, names = _table(_items(title=["mad mad max", "max mad", "up", "in"]))
    assert names == ["title: mad", "title: max"]
    np.testing.assert_allclose(table[:2], [[2 / np.sqrt(5), 1 / np.sqrt(5)], [np.sqrt(0.5), np.sqrt(0.5)]])


def test_words_of_all_items_and_single_letters_are_left_out() -> None:
    assert _table(_items(title=["the a", "The a", "the c", "THE d"]))[1] == []


def test_title_words_and_tag_words_are_different_features() -> None:
    table, names = _table(_items(title=["Space", "Space", "x", "y"], tags=["", "space", "space", ""]))
    assert names == ["title: space", "tag: space"]
    np.testing.assert_array_equal(table, [[1, 0], [1, 1], [0, 1], [0, 0]])


def test_missing_texts_have_no_words() -> None:
    assert _table(_items(title=["up up", None, float("nan"), "up"]))[0].tolist() == [[1], [0], [0], [1]]


def test_a_tag_counts_only_if_its_user_rated_the_item() -> None:
    tags, by = ["fun", "fun", "fun|fun|dark", "dark"], ["70", "71", "70|99|71", "72"]
    table, names = _table(_items([(0, 0), (0, 1), (1, 2), (2, 3)], tags=tags, tagged_by=by))
    assert names == ["tag: dark"]  # only item 0 keeps fun: user 71 rated item 2 and not 1, and 99 is no user
    assert table[:, 0].tolist() == [0, 0, 1, 1]


def test_every_tag_counts_without_tagged_by() -> None:
    assert _table(_items(tags=["fun", "fun", "", ""]))[0][:, 0].tolist() == [1, 1, 0, 0]


def test_different_numbers_of_tags_and_users_are_an_error() -> None:
    with pytest.raises(ValueError, match=r"item 1 has 2 tags and 1 users in 'tagged_by'; name one user per tag"):
        word_features(_items(tags=["", "fun|dark"], tagged_by=["", "70"]))


def test_an_item_keeps_its_heaviest_words() -> None:
    many = [f"w{number}" for number in range(MAX_WORDS + 5)]
    titles = [" ".join(many + many[3:]), " ".join(many), "x", "y"]  # the first three are there once, the others twice
    table, names = _table(_items(title=titles))
    left = [name for name, weight in zip(names, table[0], strict=True) if weight > 0]
    assert len(left) == MAX_WORDS
    assert not {"title: w0", "title: w1", "title: w2"} & set(left)


def test_the_first_of_words_whose_weights_differ_only_by_rounding_is_kept() -> None:
    heavy = " ".join(f"h{number}" for number in range(MAX_WORDS - 1))
    # 9 ln(24/12)² = ln(24/3)², but not to the last digit
    titles = [" ".join([heavy] * 30 + ["zz"] * 9 + ["aa"]), *[f"{heavy} zz"] * 10, "aa", *["x"] * 11]
    table, names = _table(_items(title=titles))
    kept = [name for name, weight in zip(names, table[0], strict=True) if weight > 0]
    assert len(kept) == MAX_WORDS
    assert "title: aa" in kept


def _ratings() -> tuple[WordRows, int, Any, Any, FloatArray]:
    """Return the words of 40 items, how many words there are, and the users, items and targets of ratings."""
    rng = np.random.default_rng(3)
    table = rng.random((40, 7)) * (rng.random((40, 7)) < 0.3)
    owner, words = np.nonzero(table)
    rows = WordRows(row_pointers(owner, 40), words, table[owner, words])
    users, items = np.nonzero(rng.random((30, 40)) < 0.4)
    order = rng.permutation(len(users))
    return rows, 7, users[order], items[order], rng.normal(size=len(users))


def test_tastes_match_dense_ridge_regressions() -> None:
    rows, n_words, users, items, targets = _ratings()
    table = _dense(rows, n_words)
    tastes = word_tastes(rows, users, items, targets, 1.5)
    for user in range(30):
        x, y = table[items[users == user]], targets[users == user]
        expected = table @ np.linalg.solve(x.T @ x + 1.5 * np.eye(n_words), x.T @ y)
        found = word_effects(rows, tastes, np.full(40, user), np.arange(40))
        np.testing.assert_allclose(found, expected, atol=1e-11)


def test_solving_in_parts_gives_the_same_tastes(monkeypatch: pytest.MonkeyPatch) -> None:
    rows, _, users, items, targets = _ratings()
    everyone, everything = np.repeat(np.arange(30), 40), np.tile(np.arange(40), 30)
    whole = word_effects(rows, word_tastes(rows, users, items, targets, 2.0), everyone, everything)
    monkeypatch.setattr(tastes_module, "MAX_ENTRIES", 50)
    parts = word_effects(rows, word_tastes(rows, users, items, targets, 2.0), everyone, everything)
    np.testing.assert_allclose(parts, whole, atol=1e-11)


def test_a_word_that_is_new_to_a_user_adds_nothing() -> None:
    rows = WordRows(np.array([0, 1, 3]), np.array([0, 0, 1]), np.array([1.0, 1.0, 9.0]))
    tastes = word_tastes(rows, np.array([4]), np.array([0]), np.array([3.0]), 2.0)
    # item 0 has word 0 alone: the taste is 3 / (1 + 2); item 1 has word 1 too, and user 5 no taste
    assert word_effects(rows, tastes, np.array([4, 4, 5]), np.array([0, 1, 0])).tolist() == [1, 1, 0]


def test_without_words_there_are_no_effects() -> None:
    tastes = word_tastes(no_words(2), np.array([0, 0]), np.array([0, 1]), np.array([1.0, -1.0]), 1.0)
    assert word_effects(no_words(2), tastes, np.array([0, 1]), np.array([0, 1])).tolist() == [0, 0]


def test_without_shrinkage_the_tastes_are_least_squares() -> None:
    rows, n_words, users, items, targets = _ratings()
    table = _dense(rows, n_words)
    found = word_effects(rows, word_tastes(rows, users, items, targets, 0.0), users, items)
    for user in range(30):
        x = table[items[users == user]]
        best = x @ np.linalg.lstsq(x, targets[users == user])[0]
        np.testing.assert_allclose(found[users == user], best, atol=1e-6)


def test_no_pairs_return_an_empty_array() -> None:
    rows, _, users, items, targets = _ratings()
    none = np.zeros(0, np.int32)
    assert word_effects(rows, word_tastes(rows, users, items, targets, 1.0), none, none).shape == (0,)
