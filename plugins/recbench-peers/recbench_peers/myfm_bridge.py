"""Into myFM and back: one-hot users and items, and what they rated, as blocks of sparse features."""

from __future__ import annotations

import contextlib
import io
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix, hstack

from recbench import RatingDataset
from recbench.array_types import BoolArray, FloatArray, IntArray
from recbench_peers.peer import library

myfm = library("myfm", "myfm")


def one_hot(known: BoolArray) -> Any:
    """A row each index, (n, n_known): a known one has its own column, a cold one none."""
    rows = np.flatnonzero(known)
    return csr_matrix((np.ones(len(rows)), (rows, np.arange(len(rows)))), (len(known), len(rows)))


def implicit(index: IntArray, others: IntArray, known: BoolArray, known_others: BoolArray) -> Any:
    """A row each index, (n, n_known_others): 1/√n_rated in the columns of what was rated in train."""
    counts = np.bincount(index, minlength=len(known))
    shape = (len(known), len(known_others))
    rated = csr_matrix((1 / np.sqrt(counts[index]), (index, others)), shape)
    return rated[:, np.flatnonzero(known_others)]


def blocks(train: RatingDataset, known_users: BoolArray, known_items: BoolArray, sides: str) -> list[list[Any]]:
    """The features of the users and those of the items; `sides` says who has implicit ones: "", "user", "both"."""
    user_parts, item_parts = [one_hot(known_users)], [one_hot(known_items)]
    if sides:
        user_parts.append(implicit(train.user_idx, train.item_idx, known_users, known_items))
    if sides == "both":
        item_parts.append(implicit(train.item_idx, train.user_idx, known_items, known_users))
    return [user_parts, item_parts]


def relations(parts: list[list[Any]], *indices: IntArray) -> list[Any]:
    """The blocks as myFM's relations: each pair points to its user's and its item's row."""
    return [
        myfm.RelationBlock(index.astype(np.int64), csr_matrix(hstack(part, format="csr")))
        for index, part in zip(indices, parts, strict=True)
    ]


def fitted(parts: list[list[Any]], train: RatingDataset, rank: int, n_iter: int, seed: int) -> Any:
    """A Gibbs-sampled factorization machine on these features, one hyperprior a group of them."""
    machine = myfm.MyFMRegressor(rank=rank, random_seed=seed)
    groups = [part.shape[1] for side in parts for part in side]
    with contextlib.redirect_stderr(io.StringIO()):  # its progress bar can't be switched off
        machine.fit(
            None,
            train.ratings.astype(np.float64),
            X_rel=relations(parts, train.user_idx, train.item_idx),
            n_iter=n_iter,
            group_shapes=groups,
        )
    return machine


def rated(machine: Any, parts: list[list[Any]], user_idx: IntArray, item_idx: IntArray) -> FloatArray:
    """The mean of the kept samples' predictions."""
    return np.asarray(machine.predict(None, X_rel=relations(parts, user_idx, item_idx)))
