"""A split: a class whose instances yield folds, pairs of row numbers of the training set and of the test set."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from recbench import Fold, RatingDataset, Split, hookimpl

Day = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
FROM_THURSDAY = (
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "monday",
    "tuesday",
    "wednesday",
)  # 1 January 1970 was a Thursday
SECONDS_PER_DAY = 86_400


@dataclass(frozen=True)
class Weekdays:
    """Ratings from some days of the week (UTC) are the test set, the others the training set."""

    days: tuple[Day, ...] = ("saturday", "sunday")  # whose ratings are the test set

    def __call__(self, dataset: RatingDataset) -> Iterator[Fold]:
        """Yield one fold.

        Raises:
            ValueError: the dataset has no timestamps.
        """
        if dataset.timestamps is None:
            raise ValueError(f"dataset {dataset.name!r} has no times, so no weekdays; choose another split")
        day = dataset.timestamps // SECONDS_PER_DAY % 7
        chosen = np.isin(day, [FROM_THURSDAY.index(each) for each in self.days])
        yield np.flatnonzero(~chosen), np.flatnonzero(chosen)


@hookimpl
def register_splits() -> Mapping[str, Callable[..., Split]]:
    """`split=weekdays`."""
    return {"weekdays": Weekdays}
