"""The built-in datasets: registration, dense indices, synthetic ratings."""

import subprocess
import sys

import numpy as np
import pytest

from recbench import datasets
from recbench.datasets import synthetic
from recbench.datasets.id_indexing import dense, dense_from_labels
from recbench.datasets.synthetic import make_synthetic
from recbench.models.baselines.bias import Bias


def test_built_in_datasets_are_registered() -> None:
    assert sorted(datasets.register_datasets()) == ["movielens", "ratings_file", "synthetic"]


def test_loading_movielens_imports_nothing_heavy() -> None:
    code = (
        "import sys, recbench.datasets as d; d.load_movielens();"
        "print([m for m in ('pandas', 'scipy', 'sklearn', 'tensorflow', 'numba') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "values", [[5, -2, 5, 9], [2**62, -(2**62), 0, 0], ["b", "a", "b", "10"], [200, 3, 255, 3]], ids=str
)
def test_ids_are_sorted_and_indices_restore_the_values(values: list[int]) -> None:
    ids, index = dense(np.array(values))
    assert ids[index].tolist() == values
    assert ids.tolist() == sorted(set(values))


def test_indices_of_small_integer_types_do_not_overflow() -> None:
    values = np.array([-128, 127, 0], np.int8)
    ids, index = dense(values)
    assert ids[index].tolist() == [-128, 127, 0]


def test_labels_become_integers_only_if_all_are_integers() -> None:
    codes = np.array([0, 1, 2, 0])
    ids, index = dense_from_labels(["10", "9", "0"], codes)
    assert (ids.tolist(), ids[index].tolist()) == ([0, 9, 10], [10, 9, 0, 10])
    ids, index = dense_from_labels(["10", "09", "0"], codes)
    assert (ids.tolist(), ids[index].tolist()) == (["0", "09", "10"], ["10", "09", "0", "10"])


@pytest.mark.parametrize("cells", [5_000_000, 1], ids=["race", "draws"])
def test_synthetic_pairs_are_distinct_and_cover_all_users_and_items(
    cells: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(synthetic, "RACE_CELLS", cells)
    dataset = make_synthetic()
    assert (dataset.n_users, dataset.n_items, dataset.n_ratings) == (500, 300, 20_000)
    assert len(np.unique(dataset.user_idx * 300 + dataset.item_idx)) == 20_000
    assert len(np.unique(dataset.user_idx)) == 500
    assert len(np.unique(dataset.item_idx)) == 300


@pytest.mark.parametrize("cells", [5_000_000, 1], ids=["race", "draws"])
def test_synthetic_popularity_has_a_long_tail(cells: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(synthetic, "RACE_CELLS", cells)
    counts = np.sort(np.bincount(make_synthetic().item_idx))[::-1]
    assert 0.2 < counts[:30].sum() / 20_000 < 0.4  # of the top tenth; 0.1 if all were equally popular


def test_synthetic_rows_are_shuffled() -> None:
    dataset = make_synthetic()
    assert abs(np.corrcoef(dataset.user_idx, np.arange(dataset.n_ratings))[0, 1]) < 0.03


def test_the_same_seed_gives_the_same_synthetic_data() -> None:
    assert make_synthetic(seed=3).digest == make_synthetic(seed=3).digest
    assert make_synthetic(seed=3).digest != make_synthetic(seed=4).digest


def test_synthetic_noise_has_the_requested_deviation() -> None:
    noisy = make_synthetic(noise=0.3, seed=1)
    exact = make_synthetic(noise=0.0, seed=1)
    inside = (exact.ratings > 2) & (exact.ratings < 4)  # far from where ratings are clipped
    assert np.std((noisy.ratings - exact.ratings)[inside]) == pytest.approx(0.3, rel=0.02)


def test_without_interests_and_noise_the_biases_explain_everything() -> None:
    dataset = make_synthetic(n_factors=0, noise=0.0)
    inside = (dataset.ratings > 1) & (dataset.ratings < 5)
    residuals = Bias(reg_user=0, reg_item=0, n_epochs=50).fit(dataset.take(np.flatnonzero(inside))).residuals(dataset)
    assert np.abs(residuals[inside]).max() < 1e-4


def test_synthetic_ratings_are_on_the_grid_within_the_scale() -> None:
    ratings = make_synthetic(step=0.5, noise=2.0).ratings
    assert set(ratings.tolist()) == {1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5}


def test_synthetic_items_have_title_year_and_genres() -> None:
    columns = make_synthetic().item_columns
    assert columns is not None
    assert list(columns) == ["title", "year", "genres"]
    assert {genre for text in columns["genres"] for genre in text.split("|")} == {
        *(f"Genre {factor}" for factor in range(1, 5)),
        "(no genres listed)",
    }


def test_every_pair_can_be_rated() -> None:
    assert make_synthetic(20, 10, 200).n_ratings == 200


@pytest.mark.parametrize("n_ratings", [19, 201])
def test_an_impossible_number_of_synthetic_ratings_is_refused(n_ratings: int) -> None:
    with pytest.raises(
        ValueError, match=r"n_ratings .* at least 20, one per user and item, and at most 200, one per pair"
    ):
        make_synthetic(20, 10, n_ratings)
