"""Random splits, and the predefined folds of a dataset."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from recbench.contracts import Fold, RatingDataset
from recbench.splits.fold_checks import shuffled


@dataclass(frozen=True)
class Holdout:
    """A random share of the rows is the test set, the rest is the training set.

    The rows, and their order, are those of scikit-learn's `train_test_split(test_size, random_state=seed)`.
    """

    test_size: float = 0.2  # share of the rows that is the test set, rounded up
    seed: int = 42  # of the shuffle; independent of the models' seed

    def __call__(self, dataset: RatingDataset) -> Iterator[Fold]:
        """Yield one fold, rows in random order.

        Raises:
            ValueError: `test_size` is not strictly between 0 and 1, or leaves no training row.
        """
        if not 0 < self.test_size < 1:
            raise ValueError(f"test_size={self.test_size!r}; it must lie between 0 and 1, 0.2 for example")
        n_test = math.ceil(self.test_size * dataset.n_ratings)
        if n_test >= dataset.n_ratings:
            raise ValueError(
                f"test_size={self.test_size!r} of {dataset.n_ratings} ratings leaves none to train on; lower it"
            )
        rows = shuffled(dataset.n_ratings, self.seed)
        yield rows[n_test:], rows[:n_test]


@dataclass(frozen=True)
class KFold:
    """Cross-validation: the rows are shuffled and cut into `n_folds` parts of equal size, each the test set once.

    The parts are those of scikit-learn's `KFold(n_folds, shuffle=True, random_state=seed)`.
    """

    n_folds: int = 5  # number of folds; each model is fitted once per fold
    seed: int = 42  # of the shuffle; independent of the models' seed

    def __call__(self, dataset: RatingDataset) -> Iterator[Fold]:
        """Yield the folds, rows in ascending order.

        Raises:
            ValueError: `n_folds` is below 2 or above the number of ratings.
        """
        if not 2 <= self.n_folds <= dataset.n_ratings:
            raise ValueError(f"n_folds={self.n_folds}; it must be from 2 to {dataset.n_ratings}, the number of ratings")
        for part in np.array_split(shuffled(dataset.n_ratings, self.seed), self.n_folds):
            is_test = np.zeros(dataset.n_ratings, bool)
            is_test[part] = True
            yield np.flatnonzero(~is_test), np.flatnonzero(is_test)


@dataclass(frozen=True)
class FixedFolds:
    """The predefined folds of the dataset, for example u1 to u5 of MovieLens 100k."""

    def __call__(self, dataset: RatingDataset) -> Iterator[Fold]:
        """Yield the dataset's folds.

        Raises:
            ValueError: the dataset has no folds, or a row is in the training and the test set of a fold.
        """
        if not dataset.folds:
            raise ValueError(f"dataset {dataset.name!r} has no folds of its own; use split=holdout or split=k_fold")
        for number, (train, test) in enumerate(dataset.folds, 1):
            if n_both := len(np.intersect1d(train, test)):
                raise ValueError(
                    f"fold {number} of dataset {dataset.name!r} has {n_both:,} rows in both training and test set; "
                    "use split=holdout or split=k_fold"
                )
            yield train, test


@dataclass(frozen=True)
class RepeatedHoldout:
    """Several random holdouts, with the seeds `seed`, `seed` + 1, ..."""

    n_repeats: int = 5  # number of holdouts; each model is fitted once per holdout
    test_size: float = 0.2  # share of the rows that is the test set, rounded up
    seed: int = 42  # of the first shuffle; independent of the models' seed

    def __call__(self, dataset: RatingDataset) -> Iterator[Fold]:
        """Yield the folds.

        Raises:
            ValueError: `n_repeats` is below 1, or `test_size` is not valid for `Holdout`.
        """
        if self.n_repeats < 1:
            raise ValueError(f"n_repeats={self.n_repeats}; give 1 or more")
        for number in range(self.n_repeats):
            yield from Holdout(self.test_size, self.seed + number)(dataset)
