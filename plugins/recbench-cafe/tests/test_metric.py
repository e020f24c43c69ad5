"""The metric passes every check of a metric, and its formula."""

import numpy as np
import pytest
from recbench_cafe.metric import worst_item

from recbench import Metric, MetricConformance


@pytest.mark.parametrize("metric", [Metric(worst_item)])
class TestWorstItem(MetricConformance): ...


def test_item_with_the_largest_error_counts() -> None:
    ratings, items = np.zeros(15), np.repeat([0, 1, 2], 5)
    predicted = np.repeat([0.5, 2.0, 1.0], 5)
    assert worst_item(ratings, predicted, items) == 2.0


def test_items_with_few_rows_do_not_count() -> None:
    assert worst_item(np.zeros(9), np.array([9.0] * 4 + [1.0] * 5), np.array([0] * 4 + [1] * 5)) == 1.0


def test_all_rows_count_if_no_item_has_enough() -> None:
    assert worst_item(np.zeros(2), np.array([3.0, 4.0]), np.array([0, 1])) == pytest.approx(np.sqrt(12.5))
