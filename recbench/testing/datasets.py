"""The laws of a data set. Each takes `load`, which loads it anew at each call."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from recbench.contracts import RatingDataset

Load = Callable[[], RatingDataset]


def check_indices_are_dense(load: Load) -> None:
    """Every user and item has a row, and no index lies outside."""
    dataset = load()
    for name, index, n in (("user", dataset.user_idx, dataset.n_users), ("item", dataset.item_idx, dataset.n_items)):
        used = np.unique(index)
        assert np.array_equal(used, np.arange(n)), f"{len(used)} of {n} {name}s have ratings; list only ids that have"


def check_ids_are_distinct(load: Load) -> None:
    """No two indices share an outside id."""
    dataset = load()
    for name, ids in (("user", dataset.user_ids), ("item", dataset.item_ids)):
        n_distinct = len(np.unique(ids))
        assert n_distinct == len(ids), f"{len(ids)} {name} ids, {n_distinct} distinct; give each {name} one index"


def check_ratings_lie_within_the_scale(load: Load) -> None:
    """Ratings are finite and within the rating scale, whose ends differ."""
    dataset = load()
    low, high = dataset.rating_scale
    assert low < high, f"rating scale {dataset.rating_scale}; its low end must be below its high end"
    outside = ~((dataset.ratings >= low) & (dataset.ratings <= high))
    assert not outside.any(), f"{np.count_nonzero(outside)} ratings outside the scale {dataset.rating_scale}"


def check_no_pair_occurs_twice(load: Load) -> None:
    """A user rates an item once: a pair must not stand in train and in test."""
    dataset = load()
    pairs = dataset.user_idx.astype(np.int64) * dataset.n_items + dataset.item_idx
    n_repeated = len(pairs) - len(np.unique(pairs))
    assert n_repeated == 0, f"{n_repeated} rows repeat a (user, item) pair; keep one of each"


def check_loading_twice_gives_the_same(load: Load) -> None:
    """Two loads have one digest."""
    first, second = load(), load()
    assert first.digest == second.digest, "two loads differ; seed what is drawn and fix the order of rows"


def check_arrays_are_read_only(load: Load) -> None:
    """Nobody can change the data by accident."""
    dataset = load()
    for name in ("user_idx", "item_idx", "ratings", "user_ids", "item_ids"):
        assert not getattr(dataset, name).flags.writeable, f"{name} can be written to; build a RatingDataset"


def check_folds_partition_their_rows(load: Load) -> None:
    """In each of the data set's own folds, train and test share no row and name only rows there are."""
    dataset = load()
    for number, (train, test) in enumerate(dataset.folds or ()):
        assert not len(np.intersect1d(train, test)), f"fold {number}: rows are both train and test"
        rows = np.concatenate([train, test])
        assert rows.min() >= 0, f"fold {number} names row {rows.min()}; rows start at 0"
        assert rows.max() < dataset.n_ratings, f"fold {number} names row {rows.max()} of {dataset.n_ratings}"


class DatasetConformance:
    """Every law as a test; parametrize the class with `load`."""

    def test_indices_are_dense(self, load: Load) -> None:
        check_indices_are_dense(load)

    def test_ids_are_distinct(self, load: Load) -> None:
        check_ids_are_distinct(load)

    def test_ratings_lie_within_the_scale(self, load: Load) -> None:
        check_ratings_lie_within_the_scale(load)

    def test_no_pair_occurs_twice(self, load: Load) -> None:
        check_no_pair_occurs_twice(load)

    def test_loading_twice_gives_the_same(self, load: Load) -> None:
        check_loading_twice_gives_the_same(load)

    def test_arrays_are_read_only(self, load: Load) -> None:
        check_arrays_are_read_only(load)

    def test_folds_partition_their_rows(self, load: Load) -> None:
        check_folds_partition_their_rows(load)
