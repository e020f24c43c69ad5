"""Ids to dense indices, 0 to n − 1, in the order of the sorted ids."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import numpy.typing as npt

from recbench.array_types import IntArray

Ids = npt.NDArray[Any]

_PLAIN_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,17}")  # fits int64, and str(int(text)) == text


def dense(values: Ids) -> tuple[Ids, IntArray]:
    """Return the distinct values, sorted, and the position of each value among them, int32."""
    if values.dtype.kind in "iu" and len(values):
        low, high = int(values.min()), int(values.max())
        if high - low < 4 * len(values) + 1_000_000:  # a lookup table beats a sort
            return _dense_by_table(values, low, high)
    ids, index = np.unique(values, return_inverse=True)
    return ids, index.astype(np.int32)


def dense_from_labels(labels: list[str], codes: IntArray) -> tuple[Ids, IntArray]:
    """Return the sorted ids and the position of each row's id, from distinct labels and each row's label number.

    Ids become integers only if all labels are written like integers: with '007' among them, all stay strings.
    """
    plain = all(map(_PLAIN_INTEGER.fullmatch, labels))
    ids = np.array([int(label) for label in labels], np.int64) if plain else np.array(labels, np.str_)
    order = np.argsort(ids)
    ranks = np.empty(len(ids), np.int32)
    ranks[order] = np.arange(len(ids))
    return ids[order], ranks[codes]


def pair_keys(user_idx: IntArray, item_idx: IntArray, n_items: int) -> IntArray:
    """Return one int64 key per (user, item) pair; keys are equal if and only if the pairs are."""
    return user_idx.astype(np.int64) * n_items + item_idx


def _dense_by_table(values: Ids, low: int, high: int) -> tuple[Ids, IntArray]:
    offsets = values - values.dtype.type(low)
    present = np.zeros(high - low + 1, bool)
    present[offsets] = True
    table = np.cumsum(present, dtype=np.int32) - np.int32(1)
    return np.flatnonzero(present).astype(values.dtype) + values.dtype.type(low), table[offsets]
