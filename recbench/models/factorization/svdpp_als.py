"""The alternation of SVD++: users' factors solved exactly, their implicit part refitted, then the items'."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from recbench.array_types import FloatArray, IntArray
from recbench.contracts import RatingDataset
from recbench.models.batched_ridge import PaddedBatch, padded_batches, ridge
from recbench.models.implicit_term import Implicit
from recbench.progress import track

if TYPE_CHECKING:
    from recbench.models.factorization.svdpp import SVDpp

START_SCALE = 0.3  # standard deviation of the items' factors before the first sweep
CHUNK = 65_536  # ratings whose factors are gathered at once


@dataclass(frozen=True, eq=False)
class EntityBlock:
    """The users, or the items: their ratings in blocks, their penalties, their implicit part."""

    index: IntArray  # (n_ratings,) index of this side
    others: IntArray  # (n_ratings,) index of the other side
    batches: tuple[PaddedBatch, ...]
    penalty: FloatArray  # (n_entities, 1 + n_factors), the bias first
    implicit: Implicit | None


class Learned(NamedTuple):
    """What is known of a side: the formula's biases and brackets, and y, or x."""

    total: FloatArray  # (n_entities, 1 + n_factors), the bias first
    parts: FloatArray  # (n_others, n_factors)


def half_sweeps(
    model: SVDpp, train: RatingDataset, sides: tuple[EntityBlock, EntityBlock], random: np.random.Generator
) -> Iterator[tuple[Learned, Learned]]:
    """Yield what is known of users and of items: a random start, then after each half sweep."""
    users, items = (
        Learned(np.zeros(side.penalty.shape), np.zeros((n, model.n_factors)))
        for side, n in zip(sides, (train.n_items, train.n_users), strict=True)
    )
    by_id = np.argsort(train.item_ids.astype(str))  # items numbered otherwise start alike
    items.total[by_id, 1:] = random.normal(0.0, START_SCALE, (train.n_items, model.n_factors))
    above_mean = train.ratings.astype(np.float64) - model.global_mean_
    yield users, items
    for _ in track(range(model.n_epochs), "sweeps"):
        users = _half(sides[0], items.total, users.parts, above_mean)
        yield users, items
        items = _half(sides[1], users.total, items.parts, above_mean)
        yield users, items


def _half(side: EntityBlock, of_others: FloatArray, parts: FloatArray, above_mean: FloatArray) -> Learned:
    features = of_others.copy()
    features[:, 0] = 1.0  # a feature that is 1 everywhere has the bias as its coefficient
    targets = above_mean - of_others[side.others, 0]
    if side.implicit is None:
        return Learned(ridge(side.batches, features, targets, side.penalty), parts)
    implied = side.implicit.term(parts)
    targets -= products(implied, side.index, of_others[:, 1:], side.others)
    total = ridge(side.batches, features, targets, side.penalty)
    total[:, 1:] += implied
    return Learned(total, side.implicit.refit(total[:, 1:], parts))


def sides_of(model: SVDpp, train: RatingDataset) -> tuple[EntityBlock, EntityBlock]:
    """Users and items, ready for half sweeps."""
    users, items = (train.user_idx, train.n_users), (train.item_idx, train.n_items)
    of_users = model.reg_rated if model.implicit in ("user", "both") else None
    of_items = model.reg_raters if model.implicit in ("item", "both") else None
    return _side(model, *users, *items, of_users), _side(model, *items, *users, of_items)


def _side(
    model: SVDpp, index: IntArray, n: int, others: IntArray, n_others: int, reg_parts: float | None
) -> EntityBlock:
    penalty = np.full((n, 1 + model.n_factors), float(model.reg_bias))
    weights = model.reg * np.maximum(np.bincount(index, minlength=n), 1) ** model.reg_exponent
    penalty[:, 1:] = weights[:, None]
    implicit = None if reg_parts is None else Implicit.of(index, others, (n, n_others), weights, reg_parts)
    return EntityBlock(index, others, padded_batches(index, others, n_others, 1 + model.n_factors), penalty, implicit)


def products(left: FloatArray, left_idx: IntArray, right: FloatArray, right_idx: IntArray) -> FloatArray:
    """The product of one row of `left` and one of `right` for each pair, without all factors in memory at once."""
    products = np.empty(len(left_idx))
    for start in range(0, len(left_idx), CHUNK):
        rows = slice(start, start + CHUNK)
        np.einsum("nf,nf->n", left[left_idx[rows]], right[right_idx[rows]], out=products[rows])
    return products
