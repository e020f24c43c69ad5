"""Conversion to myFM and back: one-hot users and items, and implicit features, as blocks of sparse features."""

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
    """Return one row per index, (n, n_known): a known index has its own column, a cold one has none."""
    rows = np.flatnonzero(known)
    return csr_matrix((np.ones(len(rows)), (rows, np.arange(len(rows)))), (len(known), len(rows)))


def implicit(index: IntArray, others: IntArray, known: BoolArray, known_others: BoolArray) -> Any:
    """Return one row per index, (n, n_known_others): 1/√n_rated in the column of each training rating."""
    counts = np.bincount(index, minlength=len(known))
    shape = (len(known), len(known_others))
    rated = csr_matrix((1 / np.sqrt(counts[index]), (index, others)), shape)
    return rated[:, np.flatnonzero(known_others)]


def blocks(train: RatingDataset, known_users: BoolArray, known_items: BoolArray, sides: str) -> list[list[Any]]:
    """Return the features of users and of items; `sides` says who has implicit ones: "", "user" or "both"."""
    user_parts, item_parts = [one_hot(known_users)], [one_hot(known_items)]
    if sides:
        user_parts.append(implicit(train.user_idx, train.item_idx, known_users, known_items))
    if sides == "both":
        item_parts.append(implicit(train.item_idx, train.user_idx, known_items, known_users))
    return [user_parts, item_parts]


def relations(parts: list[list[Any]], *indices: IntArray) -> list[Any]:
    """Convert the blocks to myFM's relations: each pair points to the rows of its user and its item."""
    return [
        myfm.RelationBlock(index.astype(np.int64), csr_matrix(hstack(part, format="csr")))
        for index, part in zip(indices, parts, strict=True)
    ]


def fitted(parts: list[list[Any]], train: RatingDataset, rank: int, n_iter: int, seed: int) -> Any:
    """Fit a Gibbs-sampled factorization machine on these features, with one hyperprior per group."""
    machine = myfm.MyFMRegressor(rank=rank, random_seed=seed)
    groups = [part.shape[1] for side in parts for part in side]
    with contextlib.redirect_stderr(io.StringIO()):  # its progress bar cannot be switched off
        machine.fit(
            None,
            train.ratings.astype(np.float64),
            X_rel=relations(parts, train.user_idx, train.item_idx),
            n_iter=n_iter,
            group_shapes=groups,
        )
    return machine


def rated(machine: Any, parts: list[list[Any]], user_idx: IntArray, item_idx: IntArray) -> FloatArray:
    """Return the mean of the samples' predictions."""
    return np.asarray(machine.predict(None, X_rel=relations(parts, user_idx, item_idx)))
