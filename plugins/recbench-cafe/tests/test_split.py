"""The split by weekday puts every row where its day belongs."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from recbench_cafe.dataset import load_cafes
from recbench_cafe.split import Weekdays


def test_weekend_ratings_are_the_test_set_by_default() -> None:
    cafes = load_cafes()
    ((train, test),) = Weekdays()(cafes)
    assert cafes.timestamps is not None
    weekend = np.array([datetime.fromtimestamp(time, UTC).weekday() >= 5 for time in cafes.timestamps.tolist()])
    assert weekend[test].all()
    assert not weekend[train].any()
    assert sorted([*train, *test]) == list(range(cafes.n_ratings))


def test_any_days_can_be_chosen() -> None:
    cafes = load_cafes()
    folds = [next(Weekdays((day,))(cafes))[1] for day in ("monday", "thursday")]
    assert np.array_equal(np.sort(np.concatenate(folds)), next(Weekdays(("thursday", "monday"))(cafes))[1])


def test_a_data_set_without_times_is_refused() -> None:
    with pytest.raises(ValueError, match="dataset 'cafes' has no times, so no weekdays; choose another split"):
        next(Weekdays()(replace(load_cafes(), timestamps=None)))
