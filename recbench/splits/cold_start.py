"""Cold-start splits: the users, or items, of the test set have no rating in the training set."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from recbench.contracts import Fold, RatingDataset, Split
from recbench.splits.fold_checks import check_disjoint, make_fold, sample_entities


@dataclass(frozen=True)
class ColdUsers:
    """New users: all ratings of a random share of the users are the test set.

    The validation set consists of other users, all of whose ratings are in it.
    """

    test_size: float = 0.2  # share of the users with ratings, rounded up
    seed: int = 42  # of the draw; independent of the models' seed

    def __call__(self, dataset: RatingDataset) -> Iterator[Fold]:
        """Yield one fold, rows in ascending order.

        Raises:
            ValueError: `test_size` is not strictly between 0 and 1, or leaves no user to train on.
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
    """New items: all ratings of a random share of the items are the test set.

    The validation set consists of other items, all of whose ratings are in it.
    """

    test_size: float = 0.2  # share of the items with ratings, rounded up
    seed: int = 42  # of the draw; independent of the models' seed

    def __call__(self, dataset: RatingDataset) -> Iterator[Fold]:
        """Yield one fold, rows in ascending order.

        Raises:
            ValueError: `test_size` is not strictly between 0 and 1, or leaves no item to train on.
        """
        items = dataset.item_idx
        yield check_disjoint(
            make_fold(sample_entities(items, self.test_size, self.seed), "test_size takes all items; lower it"), items
        )

    def validation_split(self, valid_size: float, seed: int) -> Split:
        """Return the split that cuts a share of the training set's items as a validation set."""
        return ColdItems(valid_size, seed)
