"""Many pairs at once: which neighbors jobs share, how much memory that takes, and fallbacks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

import numpy as np
import numpy.typing as npt
import pytest

from recbench.contracts import RatingDataset
from recbench.models.neighbors.kernel_arguments import Entries, TopK
from recbench.models.neighbors.knn import ItemKNN, UserKNN
from recbench.models.neighbors.neighbors import Neighbors
from recbench.models.neighbors.pairs import BYTES_PER_PAIR, BYTES_PER_RATER, SHARED_SIZES, neighbor_sums
from recbench.models.neighbors.similarity_inputs import Similarity, sort_both_ways
from recbench.models.row_pointers import row_pointers
from recbench.runtime import memo as shared
from recbench.runtime.memo import memoizing
from recbench.runtime.process_state import reset
from tests.support.datasets import make_dataset

EITHER = pytest.mark.parametrize("make", [UserKNN, ItemKNN])
N_USERS, N_ITEMS = 60, 50


@pytest.fixture(autouse=True)
def _empty_cache() -> Iterator[None]:
    reset()
    yield
    reset()


def ratings(share: float = 0.4) -> RatingDataset:
    rng = np.random.default_rng(3)
    users, items = np.nonzero(rng.random((N_USERS, N_ITEMS)) < share)
    values = rng.integers(1, 11, len(users)) / 2
    return make_dataset(users, items, values, n_users=N_USERS, n_items=N_ITEMS, scale=(0.5, 5), name="random")


def everything() -> npt.NDArray[np.intp]:
    return np.indices((N_USERS, N_ITEMS)).reshape(2, -1)


def bytes_for(model: Neighbors, n_kept: int) -> int:
    """Return how much memory so many raters of every pair take."""
    columns = everything()[0 if isinstance(model, ItemKNN) else 1]
    n_raters = np.diff(model.by_column_.starts)[columns]
    return BYTES_PER_RATER * int(np.minimum(n_raters, n_kept).sum()) + BYTES_PER_PAIR * len(columns)


@EITHER
def test_a_sweep_over_neighbors_shares_and_predicts_the_same_bits(make: type[Neighbors]) -> None:
    train, pairs = ratings(), everything()
    sizes = (1, 2, 5, 10, 40, 200)
    alone = [make(n_neighbors=n).fit(train).predict(*pairs) for n in sizes]
    with memoizing(512) as tally:
        together = [make(n_neighbors=n).fit(train).predict(*pairs) for n in sizes]
    np.testing.assert_array_equal(alone, together)
    assert tally.counts["similarities"] == len(sizes) - 1


@EITHER
def test_centering_damping_and_amplification_share_the_same_neighbors(make: type[Neighbors]) -> None:
    train, pairs = ratings(), everything()
    variants: list[dict[str, Any]] = [{}, {"centering": "none"}, {"amplification": 1.0}, {"aggregation_damping": 1.0}]
    alone = [make(**options).fit(train).predict(*pairs) for options in variants]
    with memoizing(512) as tally:
        together = [make(**options).fit(train).predict(*pairs) for options in variants]
    np.testing.assert_array_equal(alone, together)
    assert tally.counts["similarities"] == len(variants) - 1


def test_other_pairs_share_nothing() -> None:
    model = ItemKNN().fit(ratings())
    with memoizing(512) as tally:
        model.predict(np.array([0, 1]), np.array([2, 3]))
        model.predict(np.array([0, 1]), np.array([2, 4]))
    assert "similarities" not in tally.counts


@EITHER
@pytest.mark.parametrize(("n_neighbors", "shares"), [(10, True), (11, False)])
def test_as_many_raters_are_shared_as_fit_in_memory(make: type[Neighbors], n_neighbors: int, shares: bool) -> None:
    train, pairs = ratings(), everything()
    model = make(n_neighbors=n_neighbors).fit(train)
    expected = model.predict(*pairs)
    megabytes = bytes_for(model, SHARED_SIZES[-1]) / 2**20
    with memoizing(megabytes) as tally:
        np.testing.assert_array_equal(model.predict(*pairs), expected)
        np.testing.assert_array_equal(model.predict(*pairs), expected)
    assert tally.counts["similarities"] == int(shares)


def test_shared_raters_take_no_more_memory_than_allowed() -> None:
    model = ItemKNN(n_neighbors=10).fit(ratings())
    with memoizing(bytes_for(model, SHARED_SIZES[-1]) / 2**20) as tally:
        model.predict(*everything())
    (cached,) = (each.value for key, each in shared._entries.items() if key[0] == "similarities")
    assert sum(array.nbytes for array in cached) <= tally.limit + 8  # the end of the last pair


@EITHER
@pytest.mark.parametrize("similarity", get_args(Similarity))
@pytest.mark.parametrize(("share", "min_support"), [(0.05, 1), (0.4, 14)])
def test_a_fallback_is_a_pair_without_weights(
    make: type[Neighbors], similarity: Any, min_support: int, share: float
) -> None:
    pairs = everything()
    model = make(similarity=similarity, min_support=min_support).fit(ratings(share))
    rows, columns = pairs if make is UserKNN else pairs[::-1]
    weights = neighbor_sums(model.comparison(), rows, columns, TopK(10**9, 1.0))[:, 1]
    fallback = model.is_fallback(*pairs)
    assert 0 < fallback.sum() < len(fallback)
    np.testing.assert_array_equal(fallback, weights == 0)
    with memoizing(512):
        np.testing.assert_array_equal(model.is_fallback(*pairs), fallback)


def test_ratings_are_sorted_by_row_and_by_column() -> None:
    rng = np.random.default_rng(0)
    rows, columns = rng.integers(0, 7, 500).astype(np.int32), rng.integers(2, 90, 500).astype(np.int32)
    entries = Entries(rows, rng.random(500), rng.random(500))
    by_row, by_column = sort_both_ways(columns, entries, row_pointers(rows, 9), row_pointers(columns, 95))
    in_rows, in_columns = np.lexsort((columns, rows)), np.lexsort((rows, columns))
    for found, order, others in ((by_row, in_rows, columns), (by_column, in_columns, rows)):
        np.testing.assert_array_equal(found.others, others[order])
        np.testing.assert_array_equal(found.compared, entries.compared[order])
        np.testing.assert_array_equal(found.deviations, entries.deviations[order])
