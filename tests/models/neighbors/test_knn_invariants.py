"""What holds for every neighbor model, whatever its options, and how it treats unusable input."""

from __future__ import annotations

import inspect
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest

from recbench.models.baselines.bias import Bias
from recbench.models.neighbors.knn import ItemKNN, UserKNN
from recbench.models.neighbors.neighbors import Neighbors
from recbench.models.neighbors.similarity_inputs import Centering, Similarity
from tests.support.rating_tables import NAN, predict_all, random_table, ratings_from

PLAIN: dict[str, Any] = {"shrinkage": 0.0, "amplification": 1.0, "aggregation_damping": 0.0}
KOREN: dict[str, Any] = {"similarity": "pearson_baseline", "centering": "baseline", "amplification": 1.0}
EITHER = pytest.mark.parametrize("make", [UserKNN, ItemKNN])


@pytest.mark.parametrize("similarity", ["cosine", "pearson", "adjusted_cosine", "msd", "cosine_full"])
def test_users_of_a_table_are_items_of_its_transpose(similarity: Any) -> None:
    table = random_table()
    options: dict[str, Any] = {"similarity": similarity, "centering": "zscore", "n_neighbors": 5}
    by_user = predict_all(UserKNN(**options), ratings_from(table, (0.5, 5)))
    by_item = predict_all(ItemKNN(**options), ratings_from(table.T, (0.5, 5)))
    np.testing.assert_allclose(by_user, by_item.T, rtol=0, atol=1e-12)


@EITHER
def test_a_larger_n_neighbors_than_raters_changes_nothing(make: type[Neighbors]) -> None:
    train = ratings_from(random_table(), (0.5, 5))
    all_of_them = predict_all(make(n_neighbors=40), train)
    np.testing.assert_array_equal(all_of_them, predict_all(make(n_neighbors=10**9), train))
    assert not np.allclose(all_of_them, predict_all(make(n_neighbors=1), train))


@EITHER
@pytest.mark.parametrize("options", [KOREN, {}], ids=["koren", "defaults"])
def test_renumbering_users_and_items_renumbers_predictions(make: type[Neighbors], options: dict[str, Any]) -> None:
    table, rng = random_table(), np.random.default_rng(1)
    users, items = rng.permutation(len(table)), rng.permutation(table.shape[1])
    model = make(n_neighbors=5, **options)
    renumbered = predict_all(model, ratings_from(table[users][:, items], (0.5, 5)))
    np.testing.assert_allclose(
        renumbered, predict_all(model, ratings_from(table, (0.5, 5)))[users][:, items], atol=1e-9
    )


@EITHER
def test_the_order_of_training_rows_does_not_matter(make: type[Neighbors]) -> None:
    train = ratings_from(random_table(), (0.5, 5))
    shuffled = train.take(np.random.default_rng(1).permutation(train.n_ratings))
    np.testing.assert_allclose(predict_all(make(), train), predict_all(make(), shuffled), rtol=0, atol=1e-12)


def test_the_first_of_equally_similar_raters_are_averaged() -> None:
    table = [[3, 4, NAN], [3, 4, 1], [3, 4, 2], [3, 4, 5], [3, 4, 5]]
    options: dict[str, Any] = {**PLAIN, "similarity": "cosine", "centering": "none"}
    predicted = UserKNN(n_neighbors=2, **options).fit(ratings_from(table)).predict(np.array([0]), np.array([2]))
    assert predicted == pytest.approx([1.5])


@EITHER
@pytest.mark.parametrize("centering", ["mean", "zscore", "baseline", "baseline_zscore"])
@pytest.mark.parametrize("similarity", ["pearson", "pearson_baseline", "cosine_baseline", "cosine_robust"])
def test_predictions_follow_a_shift_and_a_scaling_of_ratings(
    make: type[Neighbors], centering: Any, similarity: Any
) -> None:
    table = random_table()
    model = make(similarity=similarity, centering=centering, n_neighbors=5)
    predicted = predict_all(model, ratings_from(table, (0.5, 5)))
    moved = predict_all(model, ratings_from(2 * table - 7, (-6, 3)))
    np.testing.assert_allclose(moved, 2 * predicted - 7, rtol=0, atol=1e-9)


def test_raw_cosine_does_not_follow_a_shift() -> None:
    table, options = random_table(), {**PLAIN, "similarity": "cosine", "centering": "none"}
    predicted = predict_all(UserKNN(n_neighbors=5, **options), ratings_from(table, (0.5, 5)))
    shifted = predict_all(UserKNN(n_neighbors=5, **options), ratings_from(table - 3, (-2.5, 2)))
    assert np.abs(shifted + 3 - predicted).max() > 0.01


@EITHER
@pytest.mark.parametrize("similarity", get_args(Similarity))
@pytest.mark.parametrize("centering", get_args(Centering))
def test_constant_and_single_ratings_give_finite_predictions(
    make: type[Neighbors], similarity: Any, centering: Any
) -> None:
    # a constant user, a constant item, a user and an item with one rating, a cold user, a cold item
    table = [
        [3.3, 3.3, 3.3, NAN, NAN],
        [3.3, 2, NAN, NAN, NAN],
        [3.3, 1, 4, 5, NAN],
        [NAN, 5, NAN, NAN, NAN],
        [NAN] * 5,
    ]
    predicted = predict_all(make(similarity=similarity, centering=centering, **PLAIN), ratings_from(table))
    assert np.isfinite(predicted).all()


def test_a_constant_user_has_no_neighbors_by_pearson() -> None:
    constant = np.repeat(np.arange(1, 5, 0.1)[:, None], 7, axis=1)
    varied = np.random.default_rng(0).integers(1, 6, (9, 8)).astype(float)
    train = ratings_from(np.vstack([np.hstack([constant, np.full((40, 1), NAN)]), varied]))
    model = UserKNN(similarity="pearson", centering="mean", **PLAIN).fit(train)
    unrated = (np.arange(40), np.full(40, 7))
    assert model.is_fallback(*unrated).all()
    assert model.predict(*unrated) == pytest.approx(np.arange(1, 5, 0.1))


def test_a_correlation_of_zero_but_for_rounding_is_zero() -> None:
    # after centering, each of the first 8 users is orthogonal to the last one; 4.3 unsettles the overall mean
    table = [[level, level, level + 2, level + 2, NAN] for level in np.arange(1, 2.6, 0.2)]
    train = ratings_from([*table, [1, 3, 1, 3, 4.3]])
    model = UserKNN(similarity="pearson", centering="mean", **PLAIN).fit(train)
    assert model.is_fallback(np.arange(8), np.full(8, 4)).all()


@EITHER
def test_a_pair_without_neighbors_gets_the_bias_model(make: type[Neighbors]) -> None:
    train = ratings_from(random_table(), (0.5, 5))
    pairs = np.indices((train.n_users, train.n_items)).reshape(2, -1)
    model = make(min_support=6).fit(train)
    fallback = model.is_fallback(*pairs)
    assert 0 < fallback.sum() < len(fallback)
    bias = Bias().fit(train).predict(*pairs)
    np.testing.assert_allclose(model.predict(*pairs)[fallback], bias[fallback], rtol=0, atol=1e-12)
    assert np.all(model.predict(*pairs)[~fallback] != bias[~fallback])


@EITHER
def test_cold_users_and_items_are_fallbacks(make: type[Neighbors]) -> None:
    table = random_table()
    model = make().fit(ratings_from(table, (0.5, 5)))
    last_user, last_item = len(table) - 1, table.shape[1] - 1
    assert model.is_fallback(np.array([last_user, 0, last_user]), np.array([0, last_item, last_item])).all()


def test_min_support_drops_neighbors_with_fewer_common_ratings() -> None:
    table = [[1, 2, 3, NAN], [1, 2, 3, 5], [1, 2, NAN, 1]]
    options: dict[str, Any] = {**PLAIN, "similarity": "cosine", "centering": "none"}
    pair = (np.array([0]), np.array([3]))
    assert UserKNN(min_support=2, **options).fit(ratings_from(table)).predict(*pair) == pytest.approx([3.0])
    assert UserKNN(min_support=3, **options).fit(ratings_from(table)).predict(*pair) == pytest.approx([5.0])
    assert UserKNN(min_support=4, **options).fit(ratings_from(table)).is_fallback(*pair).all()


@EITHER
def test_the_block_size_does_not_matter(make: type[Neighbors], monkeypatch: pytest.MonkeyPatch) -> None:
    train = ratings_from(random_table(), (0.5, 5))
    in_one = predict_all(make(n_neighbors=5), train)
    monkeypatch.setattr(Neighbors, "rows_per_block", 3)
    np.testing.assert_array_equal(in_one, predict_all(make(n_neighbors=5), train))


@EITHER
def test_a_prediction_does_not_depend_on_the_other_pairs(make: type[Neighbors]) -> None:
    train = ratings_from(random_table(), (0.5, 5))
    together = predict_all(make(), train)
    model = make().fit(train)
    alone = [model.predict(np.array([user]), np.array([7]))[0] for user in range(train.n_users)]
    assert alone == together[:, 7].tolist()


@EITHER
def test_predicting_no_pairs_returns_an_empty_array(make: type[Neighbors]) -> None:
    nothing = np.array([], np.int32)
    assert make().fit(ratings_from(random_table(), (0.5, 5))).predict(nothing, nothing).shape == (0,)


@EITHER
def test_a_saved_state_predicts_the_same(make: type[Neighbors]) -> None:
    train = ratings_from(random_table(), (0.5, 5))
    model = make(centering="zscore").fit(train)
    for array in model.by_row_ + model.by_column_:
        array.flags.writeable = False  # as a memory-mapped file has it
    again = make.from_state(asdict(model), model.state())
    pairs = np.indices((train.n_users, train.n_items)).reshape(2, -1)
    np.testing.assert_array_equal(model.predict(*pairs), again.predict(*pairs))


@EITHER
def test_an_index_out_of_range_is_an_error(make: type[Neighbors]) -> None:
    model = make().fit(ratings_from([[5, 3], [4, 1], [2, NAN]]))
    with pytest.raises(IndexError, match=r"from 0 to 9; they must be between 0 and "):
        model.predict(np.array([0, 9]), np.array([9, 0]))


WRONG = [
    ({"similarity": "jaccard"}, r"unknown similarity 'jaccard'; choose one of \['cosine', "),
    ({"centering": "median"}, r"unknown centering 'median'; choose one of \['none', "),
    ({"n_neighbors": 0}, "n_neighbors is 0; it must be at least 1"),
    ({"shrinkage": -1.0}, "shrinkage is -1.0; it must be at least 0"),
]


@pytest.mark.parametrize(("options", "message"), WRONG)
def test_an_option_out_of_range_is_an_error(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        UserKNN(**options).fit(ratings_from([[5, 3], [4, 1], [2, NAN]]))


@pytest.mark.parametrize("make_model", [UserKNN, ItemKNN])
def test_all_kernels_are_compiled_before_the_fit_is_timed(make_model: type[Neighbors]) -> None:
    family = Path(inspect.getfile(make_model)).parent
    compiled = {f"{make_model.__module__.rpartition('.')[0]}.{path.stem}" for path in family.glob("kernels_*.py")}
    assert compiled
    assert set(make_model.requires) == compiled


def test_importing_the_models_imports_no_compiler() -> None:
    heavy = "print([m for m in ('numba', 'scipy', 'pandas') if m in sys.modules])"
    code = f"import sys, recbench.models.neighbors.knn; {heavy}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
