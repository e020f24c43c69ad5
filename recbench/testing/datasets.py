"""Checks of a dataset. Each takes `load`, which loads the dataset at each call."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from recbench.contracts import RatingDataset

Load = Callable[[], RatingDataset]


def check_indices_are_dense(load: Load) -> None:
    """Every user and item has a rating, and every index has an id."""
    dataset = load()
    for name, index, n in (("user", dataset.user_idx, dataset.n_users), ("item", dataset.item_idx, dataset.n_items)):
        used = np.unique(index)
        assert np.array_equal(used, np.arange(n)), (
            f"{len(used)} of {n} {name}s have ratings; list only ids that have ratings"
        )


def check_ids_are_distinct(load: Load) -> None:
    """No two users, and no two items, share an id."""
    dataset = load()
    for name, ids in (("user", dataset.user_ids), ("item", dataset.item_ids)):
        n_distinct = len(np.unique(ids))
        assert n_distinct == len(ids), f"{len(ids)} {name} ids, {n_distinct} distinct; give each {name} one index"


def check_ratings_are_within_the_scale(load: Load) -> None:
    """Ratings are finite and within the rating scale, whose low end is below its high end."""
    dataset = load()
    low, high = dataset.rating_scale
    assert low < high, f"rating scale {dataset.rating_scale}; its low end must be below its high end"
    outside = ~((dataset.ratings >= low) & (dataset.ratings <= high))
    assert not outside.any(), f"{np.count_nonzero(outside)} ratings outside the scale {dataset.rating_scale}"


def check_pairs_are_unique(load: Load) -> None:
    """Each (user, item) pair is rated once: a pair in the training and the test set would leak its rating."""
    dataset = load()
    pairs = dataset.user_idx.astype(np.int64) * dataset.n_items + dataset.item_idx
    n_repeated = len(pairs) - len(np.unique(pairs))
    assert n_repeated == 0, f"{n_repeated} rows repeat a (user, item) pair; keep one of each"


def check_loading_is_reproducible(load: Load) -> None:
    """Loading twice gives the same digest."""
    first, second = load(), load()
    assert first.digest == second.digest, "two loads differ; seed all random draws and fix the order of rows"


def check_arrays_are_read_only(load: Load) -> None:
    """The arrays cannot be changed by accident."""
    dataset = load()
    for name in ("user_idx", "item_idx", "ratings", "user_ids", "item_ids"):
        assert not getattr(dataset, name).flags.writeable, f"{name} can be written to; build a RatingDataset"


def check_folds_are_disjoint(load: Load) -> None:
    """In each of the dataset's own folds, training and test rows are disjoint and exist."""
    dataset = load()
    for number, (train, test) in enumerate(dataset.folds or ()):
        assert not len(np.intersect1d(train, test)), f"fold {number}: rows are in the training and in the test set"
        rows = np.concatenate([train, test])
        assert rows.min() >= 0, f"fold {number} has row {rows.min()}; rows start at 0"
        assert rows.max() < dataset.n_ratings, (
            f"fold {number} has row {rows.max()}, but there are only {dataset.n_ratings} rows"
        )


class DatasetConformance:
    """Every check of a dataset as a test; parametrize the class with `load`.

    `load` is called without arguments and returns the `RatingDataset`.
    """

    def test_indices_are_dense(self, load: Load) -> None:
        check_indices_are_dense(load)

    def test_ids_are_distinct(self, load: Load) -> None:
        check_ids_are_distinct(load)

    def test_ratings_are_within_the_scale(self, load: Load) -> None:
        check_ratings_are_within_the_scale(load)

    def test_pairs_are_unique(self, load: Load) -> None:
        check_pairs_are_unique(load)

    def test_loading_is_reproducible(self, load: Load) -> None:
        check_loading_is_reproducible(load)

    def test_arrays_are_read_only(self, load: Load) -> None:
        check_arrays_are_read_only(load)

    def test_folds_are_disjoint(self, load: Load) -> None:
        check_folds_are_disjoint(load)
