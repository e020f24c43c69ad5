"""Content-based filtering: features, the ridge regressions by hand, cold items, and errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from recbench import RatingDataset
from recbench.models.baselines.bias import Bias
from recbench.models.content.content import Content
from recbench.models.item_features import item_features
from recbench.serving.model_folder import load, save
from tests.support.datasets import make_dataset

GENRES = ("Action", "Comedy", "Drama", "War")


def _dataset(
    rows: Sequence[tuple[int, int, float]], n_users: int, columns: Mapping[str, Sequence[Any]]
) -> RatingDataset:
    table = np.array(rows, float).reshape(-1, 3)
    items: dict[str, npt.NDArray[Any]] = {name: np.array(values) for name, values in columns.items()}
    n_items = len(next(iter(items.values())))
    users, rated = table[:, 0].astype(int), table[:, 1].astype(int)
    return make_dataset(
        users,
        rated,
        table[:, 2],
        n_users=n_users,
        n_items=n_items,
        scale=(-9, 9),
        timestamps=None,
        item_columns=items,
        name="made",
    )


def _genre_lovers() -> tuple[RatingDataset, RatingDataset]:
    """Return training and test sets, 80 % and 20 %, of users who love some genres and not others."""
    rng = np.random.default_rng(0)
    genres = rng.integers(0, len(GENRES), 60)
    love = rng.normal(0, 1, (80, len(GENRES)))
    users, items = np.nonzero(rng.random((80, 60)) < 0.4)
    ratings = love[users, genres[items]] + rng.normal(0, 0.3, len(users))
    whole = _dataset(list(zip(users, items, ratings, strict=True)), 80, {"genres": [GENRES[genre] for genre in genres]})
    test = rng.random(len(users)) < 0.2
    return whole.take(np.flatnonzero(~test)), whole.take(np.flatnonzero(test))


def _rmse(model: Content | Bias, train: RatingDataset, test: RatingDataset) -> float:
    errors = model.fit(train).predict(test.user_idx, test.item_idx) - test.ratings
    return float(np.sqrt(np.mean(errors**2)))


def test_genres_of_an_item_have_length_one_and_unknown_ones_are_zero() -> None:
    dataset = _dataset([(0, 0, 1.0)], 1, {"genres": ["War|Drama", "", "(no genres listed)", "War"]})
    half = np.sqrt(0.5)
    np.testing.assert_allclose(item_features(dataset), np.array([[half, half], [0, 0], [0, 0], [0, 1]]))


def test_a_missing_genre_text_means_no_genre() -> None:
    genres = np.array(["War", None, float("nan")], dtype=object)
    dataset = replace(_dataset([(0, 0, 1.0)], 1, {"year": [1990.0] * 3}), item_columns={"genres": genres})
    np.testing.assert_allclose(item_features(dataset), np.array([[1.0], [0.0], [0.0]]))


def test_a_year_counts_for_the_decades_around_it() -> None:
    dataset = _dataset([(0, 0, 1.0)], 1, {"year": [1984.0, 1990.0, np.nan, 2001.0]})
    expected = np.array([[0.6, 0.4, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0], [0, 0, 0.9, 0.1]])
    np.testing.assert_allclose(item_features(dataset), expected, atol=1e-12)


def test_tastes_match_the_ridge_regression_by_hand() -> None:
    # biases damped away: the residuals are r − mean; user 0 rates two action films, user 1 one of each kind
    rows = [(0, 0, 4.0), (0, 1, 2.0), (1, 0, -3.0), (1, 2, -3.0)]
    train = _dataset(rows, 3, {"genres": ["Action", "Action", "Drama"]})
    model = Content(reg=2.0, reg_user=1e12, reg_item=1e12).fit(train)
    # mean 0. First pass: user 0 (6 / (2 + 2), 0), user 1 (−3 / (1 + 2), −3 / 3), so that θ = (0.25, −0.5)
    # second: user 0 action 0.25 + (6 − 2 · 0.25) / 4; user 1 action 0.25 + (−3 − 0.25) / 3, drama −0.5 + (−3 + 0.5) / 3
    expected = [[1.625, -0.5], [-0.833333, -1.333333], [0.25, -0.5]]
    np.testing.assert_allclose(model.user_tastes_, expected, atol=1e-6)


def test_a_cold_item_has_the_bias_of_items_like_it() -> None:
    # two good action films, two bad dramas, and one of each that nobody rated
    good_and_bad = [(user, item, 2.0 if item < 2 else -2.0) for user in range(9) for item in range(4)]
    genres = ["Action", "Action", "Drama", "Drama", "Action", "Drama"]
    model = Content(reg=2.0).fit(_dataset(good_and_bad, 10, {"genres": genres}))
    # Σ b / (n + reg) over the two items of the genre, each with b = 2 · 9 / (9 + 2)
    expected = 2 * (18 / 11) / (2 + 2)
    assert model.item_bias_[4:] == pytest.approx([expected, -expected], abs=1e-9)


def test_a_rated_item_has_its_bias_damped_toward_items_like_it() -> None:
    rows = [(user, 0, 2.0) for user in range(8)] + [(user, 1, -2.0) for user in range(8)]
    model = Content(reg=1.0, reg_user=1e12, reg_item=2.0).fit(_dataset(rows, 8, {"genres": ["Action", "Drama"]}))
    damped = 16 / 10  # Σ r / (n + 2)
    assert model.item_bias_ == pytest.approx([damped + 0.2 * damped / 2, -damped - 0.2 * damped / 2], abs=1e-9)


def test_tastes_for_genres_predict_better_than_biases() -> None:
    train, test = _genre_lovers()
    assert _rmse(Content(), train, test) < 0.8 * _rmse(Bias(), train, test)


def test_genres_without_meaning_do_little_harm() -> None:
    train, test = _genre_lovers()
    shuffled = np.random.default_rng(1).permutation(GENRES * 15)
    rows = list(zip(train.user_idx, train.item_idx, train.ratings, strict=True))
    assert _rmse(Content(), _dataset(rows, 80, {"genres": shuffled.tolist()}), test) < 1.1 * _rmse(Bias(), train, test)


def test_a_user_without_ratings_has_the_shared_taste() -> None:
    train, _ = _genre_lovers()
    train = train.take(np.flatnonzero(train.user_idx != 4))
    model = Content().fit(train)
    others = np.delete(model.user_tastes_, 4, axis=0)
    assert model.user_bias_[4] == 0.0
    assert np.abs(model.user_tastes_[4]).max() < 0.5 * np.abs(others).max()
    assert np.isfinite(model.predict(np.full(60, 4), np.arange(60))).all()


def test_a_pair_falls_back_without_the_users_ratings_or_the_items_features() -> None:
    rows = [(0, 0, 1.0), (0, 2, 2.0), (1, 0, -1.0)]
    model = Content().fit(_dataset(rows, 3, {"genres": ["Action", "Action", ""]}))
    fallback = model.is_fallback(np.array([0, 0, 0, 2]), np.array([0, 1, 2, 0]))
    assert fallback.tolist() == [False, False, True, True]


def test_an_item_with_neither_genre_nor_year_is_predicted_by_the_biases() -> None:
    rows = [(0, 0, 1.0), (0, 1, 2.0), (1, 0, -1.0)]
    train = _dataset(rows, 2, {"genres": ["Action", "(no genres listed)"], "year": [1994.0, np.nan]})
    pair = np.array([1]), np.array([1])
    assert Bias().fit(train).predict(*pair) == pytest.approx(Content().fit(train).predict(*pair), abs=1e-12)


def _sequels() -> tuple[RatingDataset, RatingDataset]:
    """Return training and test sets of users who love some of twenty heroes, each with three films."""
    rng = np.random.default_rng(5)
    love = rng.normal(0, 1, (80, 20))
    users, items = np.nonzero(rng.random((80, 60)) < 0.5)
    ratings = love[users, items % 20] + rng.normal(0, 0.3, len(users))
    titles = [f"The {'Return of ' * (film // 20)}Hero{film % 20}" for film in range(60)]
    years = [1990.0] * 60
    whole = _dataset(list(zip(users, items, ratings, strict=True)), 80, {"title": titles, "year": years})
    test = rng.random(len(users)) < 0.2
    return whole.take(np.flatnonzero(~test)), whole.take(np.flatnonzero(test))


def test_words_of_titles_predict_better_than_biases() -> None:
    train, test = _sequels()
    assert _rmse(Content(), train, test) < 0.9 * _rmse(Content(words=False), train, test)


def test_words_without_meaning_do_little_harm() -> None:
    train, test = _genre_lovers()
    words = np.random.default_rng(2).permutation([f"word{number}" for number in range(20)] * 3)
    columns = dict(train.item_columns or {})
    titled = replace(train, item_columns=columns | {"title": words})
    assert _rmse(Content(), titled, test) < 1.02 * _rmse(Content(), train, test)


def test_a_new_item_has_the_bias_of_items_that_share_its_words() -> None:
    rows = [(user, item, 2.0 if item < 2 else -2.0) for user in range(9) for item in range(4)]
    titles = ["Great Hero", "Great Deed", "Poor Man", "Poor Woman", "Great", "Poor"]
    model = Content(reg=2.0).fit(_dataset(rows, 10, {"title": titles}))
    # a word of three items of six, beside one of a single item: its weight z in a title of both, 1 alone
    common, rare = np.log(7 / 4) ** 2, np.log(7 / 2) ** 2
    z = common / np.hypot(common, rare)
    # the ridge over the two rated items, each with b = 2 · 9 / (9 + 2)
    expected = 2 * z * (18 / 11) / (2 * z**2 + 2)
    assert model.item_bias_[4:] == pytest.approx([expected, -expected], abs=1e-9)


def test_a_tag_from_a_test_rating_is_ignored() -> None:
    rows = [(0, 0, 3.0), (0, 1, -3.0), (1, 0, 2.0), (1, 2, 1.0)]
    columns: dict[str, list[Any]] = {
        "year": [1990.0] * 4,
        "tags": ["dull", "dull", "dull", ""],
        "tagged_by": ["0", "0", "1", ""],
    }
    train = _dataset(rows, 2, columns)
    with_test_tags = replace(train, item_columns=dict(train.item_columns or {}) | {
        "tags": np.array(["dull", "dull", "dull", "dull|dull"]), "tagged_by": np.array(["0", "0", "1", "1|0"])
    })  # fmt: skip
    pairs = np.repeat([0, 1], 4), np.tile(np.arange(4), 2)
    model = Content().fit(train)
    assert (np.diff(model.item_words_.starts) > 0).tolist() == [True, True, True, False]
    np.testing.assert_array_equal(Content().fit(with_test_tags).predict(*pairs), model.predict(*pairs))


def test_the_reasons_name_words() -> None:
    train, _ = _sequels()
    model = Content().fit(train)
    effects = {reason.what: reason.effect for reason in model.reasons(7, 27)}
    pair = np.array([7]), np.array([27])
    assert {"title: hero7", "title: return", "around 1990"} <= set(effects)
    biases = model.global_mean_ + model.user_bias_[7] + model.item_bias_[27]
    assert sum(effects.values()) == pytest.approx(float(model.predict(*pair)[0] - biases), abs=1e-12)


def test_a_new_user_gets_the_tastes_for_words_that_the_fit_learns() -> None:
    train, _ = _sequels()
    model = Content().fit(train)
    rows = np.flatnonzero(train.user_idx == 3)
    more = model.with_user(train.item_idx[rows], train.ratings[rows])
    everything = np.arange(60)
    as_new_user = more.predict(np.full(60, 80), everything)
    np.testing.assert_allclose(as_new_user, model.predict(np.full(60, 3), everything), atol=1e-9)


def test_words_are_saved_and_loaded(tmp_path: Path) -> None:
    train, test = _sequels()
    model = Content().fit(train)
    save(model, "content", tmp_path / "model")
    loaded = load(tmp_path / "model", {"content": Content}.__getitem__)
    pairs = test.user_idx, test.item_idx
    np.testing.assert_array_equal(loaded.predict(*pairs), model.predict(*pairs))


def test_words_alone_are_enough() -> None:
    model = Content().fit(_dataset([(0, 0, 2.0), (0, 1, -1.0)], 2, {"title": ["Up above", "Up", "Heat"]}))
    assert model.is_fallback(np.array([0, 0, 1]), np.array([1, 2, 1])).tolist() == [False, True, True]
    assert np.isfinite(model.predict(np.array([0, 1]), np.array([2, 0]))).all()


@pytest.mark.parametrize(
    ("columns", "named"),
    [({"title": ["Heat", "Up"]}, r"\['title'\]"), ({"genres": ["", "(no genres listed)"]}, r"\['genres'\]")],
)
def test_items_without_features_are_an_error(columns: Mapping[str, Sequence[Any]], named: str) -> None:
    with pytest.raises(ValueError, match=f"the items of 'made' have no features: its item columns are {named}"):
        Content().fit(_dataset([(0, 0, 1.0)], 1, columns))


def test_a_dataset_without_item_columns_is_an_error() -> None:
    bare = make_dataset(np.array([0]), np.array([0]), np.array([3.0]), n_users=1, n_items=1, name="bare")
    with pytest.raises(ValueError, match=r"the items of 'bare' have no features: its item columns are \[\]"):
        Content().fit(bare)


def test_the_table_of_genres_and_years_needs_one_of_them() -> None:
    with pytest.raises(ValueError, match=r"no genres and no years in 'made': its item columns are \['title'\]"):
        item_features(_dataset([(0, 0, 1.0)], 1, {"title": ["Heat", "Heat"]}))
