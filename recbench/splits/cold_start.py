"""Splits by who is new: the users, or items, of test have no rating in train."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from recbench.contracts import Fold, RatingDataset, Split
from recbench.splits.fold_checks import check_disjoint, make_fold, sample_entities


@dataclass(frozen=True)
class ColdUsers:
    """A share of the users is new: all their ratings are test, and none is in train.

    Validation parts are other users, new in the same way.
    """

    test_size: float = 0.2  # share of the users with ratings, rounded up
    seed: int = 42  # of the draw; apart from the models' seed

    def __call__(self, dataset: RatingDataset) -> Iterator[Fold]:
        """Yield the one fold, rows in ascending order.

        Raises:
            ValueError: `test_size` is not strictly between 0 and 1, or leaves nobody to train on.
        """
        users = dataset.user_idx
        yield check_disjoint(
            make_fold(sample_entities(users, self.test_size, self.seed), "test_size takes all users; lower it"), users
        )

    def validation_split(self, valid_size: float, seed: int) -> Split:
        """Return the split that cuts a share of the training set's users as a validation set."""
        return ColdUsers(valid_size, seed)


@dataclass(frozen=True)
class ColdItems:
    """A share of the items is new: all their ratings are test, and none is in train.

    Validation parts are other items, new in the same way.
    """

    test_size: float = 0.2  # share of the items with ratings, rounded up
    seed: int = 42  # of the draw; apart from the models' seed

    def __call__(self, dataset: RatingDataset) -> Iterator[Fold]:
        """Yield the one fold, rows in ascending order.

        Raises:
            ValueError: `test_size` is not strictly between 0 and 1, or leaves nothing to train on.
        """
        items = dataset.item_idx
        yield check_disjoint(
            make_fold(sample_entities(items, self.test_size, self.seed), "test_size takes all items; lower it"), items
        )

    def validation_split(self, valid_size: float, seed: int) -> Split:
        """Return the split that cuts a share of the training set's items as a validation set."""
        return ColdItems(valid_size, seed)
