"""Predicting many (user, item) pairs in blocks, so that temporary arrays stay small."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from recbench.array_types import FloatArray, IntArray

BLOCK_SIZE = 4096  # pairs per block: with 100 float64 factors per pair, 3 MB per temporary array


def predict_in_blocks(
    predict: Callable[..., FloatArray], *columns: IntArray, block_size: int = BLOCK_SIZE
) -> FloatArray:
    """Return what `predict(*columns)` returns, calling it on at most `block_size` pairs at a time.

        predict_in_blocks(network.forward, user_idx, item_idx)                 (n_pairs,)
        predict_in_blocks(moments, user_idx, item_idx, effects)                (n_pairs, 2)

    Each of `columns` has one row per pair: `user_idx` (n_pairs,), `item_idx` (n_pairs,), or a table such as
    (n_pairs, n_kinds). `predict` returns one row per pair, (n_pairs,) or (n_pairs, n_values), which must not depend
    on the other pairs of its block. Without pairs `predict` is called once, on empty columns.
    """
    n_pairs = len(columns[0])
    starts = range(0, max(n_pairs, 1), block_size)
    blocks = [predict(*(column[start : start + block_size] for column in columns)) for start in starts]
    return blocks[0] if len(blocks) == 1 else np.concatenate(blocks)


def pairwise_products(
    user_factors: FloatArray, user_idx: IntArray, item_factors: FloatArray, item_idx: IntArray
) -> FloatArray:
    """Return p_u · q_i of each pair, (n_pairs,), without the factors of all pairs in memory at once.

    `user_factors` is (n_users, n_factors), `item_factors` (n_items, n_factors).
    """

    def products(users: IntArray, items: IntArray) -> FloatArray:
        return np.asarray(np.einsum("nf,nf->n", user_factors[users], item_factors[items]))

    return predict_in_blocks(products, user_idx, item_idx)
