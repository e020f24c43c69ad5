"""A split: a class whose instances yield folds, each the row numbers of train and those of test."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from recbench import Fold, RatingDataset, Split, hookimpl

Day = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
FROM_THURSDAY = ("thursday", "friday", "saturday", "sunday", "monday", "tuesday", "wednesday")  # as 1 January 1970 was
SECONDS = 86_400  # of a day


@dataclass(frozen=True)
class Weekdays:
    """What was rated on some days of the week (UTC) is test, the rest is train: are weekends another matter?"""

    days: tuple[Day, ...] = ("saturday", "sunday")  # whose ratings are test

    def __call__(self, dataset: RatingDataset) -> Iterator[Fold]:
        """One fold.

        Raises:
            ValueError: the dataset has no times.
        """
        if dataset.timestamps is None:
            raise ValueError(f"dataset {dataset.name!r} has no times, so no weekdays; choose another split")
        day = dataset.timestamps // SECONDS % 7
        chosen = np.isin(day, [FROM_THURSDAY.index(each) for each in self.days])
        yield np.flatnonzero(~chosen), np.flatnonzero(chosen)


@hookimpl
def register_splits() -> Mapping[str, Callable[..., Split]]:
    """`split=weekdays`."""
    return {"weekdays": Weekdays}
