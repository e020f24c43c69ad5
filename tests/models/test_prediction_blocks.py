"""Predictions in blocks are those of one call."""

from __future__ import annotations

import numpy as np
import pytest

from recbench.array_types import FloatArray, IntArray
from recbench.models.prediction_blocks import pairwise_products, predict_in_blocks

USERS, ITEMS = np.arange(10), np.arange(10)[::-1]


def ten_times_the_user_plus_the_item(users: IntArray, items: IntArray) -> FloatArray:
    return 10.0 * users + items


@pytest.mark.parametrize("block_size", [1, 3, 10, 11])
def test_every_block_size_gives_the_predictions_of_one_call(block_size: int) -> None:
    predicted = predict_in_blocks(ten_times_the_user_plus_the_item, USERS, ITEMS, block_size=block_size)
    np.testing.assert_array_equal(predicted, ten_times_the_user_plus_the_item(USERS, ITEMS))


def test_no_call_gets_more_pairs_than_the_block_size() -> None:
    sizes: list[int] = []

    def predict(users: IntArray) -> FloatArray:
        sizes.append(len(users))
        return np.zeros(len(users))

    predict_in_blocks(predict, USERS, block_size=4)
    assert sizes == [4, 4, 2]


def test_several_values_per_pair_keep_their_columns() -> None:
    table = np.arange(20.0).reshape(10, 2)
    predicted = predict_in_blocks(lambda rows: table[rows], USERS, block_size=3)
    np.testing.assert_array_equal(predicted, table)


def test_no_pairs_give_an_empty_array() -> None:
    none = np.zeros(0, np.int32)
    assert predict_in_blocks(ten_times_the_user_plus_the_item, none, none).shape == (0,)
    assert pairwise_products(np.ones((2, 3)), none, np.ones((4, 3)), none).shape == (0,)


def test_products_of_pairs_by_hand() -> None:
    user_factors, item_factors = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[5.0, 6.0], [7.0, 8.0], [0.0, 1.0]])
    products = pairwise_products(user_factors, np.array([0, 1, 1]), item_factors, np.array([1, 0, 2]))
    np.testing.assert_array_equal(products, [1 * 7 + 2 * 8, 3 * 5 + 4 * 6, 4])
