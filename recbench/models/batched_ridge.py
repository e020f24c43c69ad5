"""Many small ridge regressions at once: the half step of alternating least squares (ALS).

For every entity e (a user, say), with X_e the feature rows of what it rated and y_e its targets,

    t_e = argmin |y_e − X_e t|² + Σ_f penalty_ef t_f²  =  (X_e' X_e + D_e)⁻¹ X_e' y_e,   D_e = diag(penalty_e)
        = D_e⁻¹ X_e' (X_e D_e⁻¹ X_e' + I)⁻¹ y_e

The second form solves a system as large as the entity's number of ratings: it serves the many
entities that have fewer ratings than there are features. Entities with about equally many ratings
are padded to one width and solved together, a bounded number of floats at a time.

Source: Zhou, Wilkinson, Schreiber & Pan (2008), "Large-scale parallel collaborative filtering for
the Netflix Prize", AAIM, for the half step; Pilászy, Zibriczky & Tikk (2010), "Fast ALS-based matrix
factorization", RecSys, for matching the system to the smaller side.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from recbench.array_types import FloatArray, IntArray
from recbench.models.row_pointers import pointers_from_counts

BLOCK_FLOATS = 300_000  # floats in a block's largest array: 2.4 MB, to stay in the caches
MANY_RATINGS = 2_000_000  # from here on in float32: memory is what takes the time, and a rating has few digits
PADDING = 1.25  # a block's largest number of ratings over its smallest


@dataclass(frozen=True, eq=False)
class Block:
    """Entities with about equally many ratings, one line each, padded to the longest."""

    entities: IntArray  # (n_entities,)
    rows: IntArray  # (n_entities, width) row of train, n_ratings where padded
    others: IntArray  # (n_entities, width) index of what was rated, n_others where padded


def blocks(index: IntArray, others: IntArray, n_others: int, n_features: int) -> tuple[Block, ...]:
    """Group ratings by `index`, whose features will be those of `others`, into blocks to solve at once."""
    by_entity = np.argsort(index, kind="stable")
    n_rows = np.bincount(index)
    starts = pointers_from_counts(n_rows)
    padded_others = np.append(others, n_others)
    grouped = []
    for entities in _similar(n_rows, n_features):
        positions = np.arange(n_rows[entities[0]])
        rows = by_entity[np.minimum(starts[entities, None] + positions, len(index) - 1)]
        rows = np.where(positions < n_rows[entities, None], rows, len(index))
        grouped.append(Block(entities, rows.astype(np.int32), padded_others[rows].astype(np.int32)))
    return tuple(grouped)


def ridge(grouped: Sequence[Block], features: FloatArray, targets: FloatArray, penalty: FloatArray) -> FloatArray:
    """The coefficients of every entity: (n_entities, n_features), zero where it has no ratings.

    `features` is (n_others, n_features), `targets` (n_ratings,), `penalty` (n_entities, n_features).
    Where the penalty is zero and the ratings are too few, the shortest solution is taken.
    """
    return ridge_above(grouped, features, padded(grouped, targets), penalty, np.zeros(len(features)))


def ridge_of_one(features: FloatArray, targets: FloatArray, penalty: FloatArray) -> FloatArray:
    """The coefficients (n_features,) of one entity, from the features of what it rated; 0 without any."""
    n_rated, no_index = len(targets), np.zeros(len(targets), np.int64)
    if not n_rated:
        return np.zeros(features.shape[1])
    alone = blocks(no_index, np.arange(n_rated), n_rated, features.shape[1])
    return np.asarray(ridge(alone, features, targets, penalty[None, :])[0])


def padded(grouped: Sequence[Block], targets: FloatArray) -> Iterator[FloatArray]:
    """Each block's targets, (n_entities, width), 0 where padded; those of many ratings in float32."""
    kind = np.float32 if len(targets) >= MANY_RATINGS else np.float64
    targets = np.append(targets, 0.0).astype(kind, copy=False)
    for block in grouped:
        yield targets[block.rows]


def ridge_above(
    grouped: Sequence[Block],
    features: FloatArray,
    targets: Iterable[FloatArray],
    penalty: FloatArray,
    offsets: FloatArray,
) -> FloatArray:
    """What `ridge` gives for targets less `offsets` (n_others,), that of each rating's other side.

    `targets` are those of each block, `padded`: for many steps they are gathered once, and the offsets,
    which change, come from a short array.
    """
    features = np.vstack([features, np.zeros((1, features.shape[1]))])
    offsets = np.append(offsets, 0.0)
    damped = bool(np.all(penalty > 0))
    solved = np.zeros(penalty.shape)
    for block, block_targets in zip(grouped, targets, strict=True):
        kind = block_targets.dtype
        features, offsets = features.astype(kind, copy=False), offsets.astype(kind, copy=False)
        x = np.take(features, block.others, axis=0)  # (n_entities, width, n_features)
        y = (block_targets - np.take(offsets, block.others))[:, :, None]
        narrow = damped and x.shape[1] < x.shape[2]
        solve = _by_ratings if narrow else _by_features if damped else _shortest
        solved[block.entities] = solve(x, y, penalty[block.entities].astype(kind, copy=False))
    return solved


@contextmanager
def one_thread() -> Iterator[None]:
    """Within this block, BLAS uses one thread: on thousands of small matrices more only wait for each other."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1, user_api="blas"):
        yield


def side_by_side(starts: Sequence[FloatArray]) -> tuple[FloatArray, FloatArray]:
    """The mean bias, and factors whose products add up to the mean product."""
    bias = np.mean([start[:, 0] for start in starts], axis=0)
    return bias, np.hstack([start[:, 1:] for start in starts]) / np.sqrt(len(starts))


def _similar(n_rows: IntArray, n_features: int) -> Iterator[IntArray]:
    """Entities with ratings, most first, cut where the padding or the block would grow too large."""
    ordered = np.argsort(-n_rows, kind="stable")
    ordered = ordered[n_rows[ordered] > 0]
    falling = -n_rows[ordered]
    start = 0
    while start < len(ordered):
        width = -int(falling[start])
        alike = int(np.searchsorted(falling, -width / PADDING, side="right"))
        fitting = start + max(1, BLOCK_FLOATS // (max(width, n_features) * max(n_features, 1)))
        stop = max(start + 1, min(alike, fitting))
        yield ordered[start:stop]
        start = stop


def _normal_equations(x: FloatArray, y: FloatArray, penalty: FloatArray) -> tuple[FloatArray, FloatArray]:
    transposed = x.transpose(0, 2, 1)
    gram = transposed @ x
    diagonal = np.arange(x.shape[2])
    gram[:, diagonal, diagonal] += penalty
    return gram, transposed @ y


def _by_features(x: FloatArray, y: FloatArray, penalty: FloatArray) -> FloatArray:
    solved: FloatArray = np.linalg.solve(*_normal_equations(x, y, penalty))[:, :, 0]
    return solved


def _by_ratings(x: FloatArray, y: FloatArray, penalty: FloatArray) -> FloatArray:
    scaled = x / penalty[:, None, :]
    kernel = x @ scaled.transpose(0, 2, 1)
    diagonal = np.arange(x.shape[1])
    kernel[:, diagonal, diagonal] += 1.0
    weights = np.linalg.solve(kernel, y)
    combined: FloatArray = (weights.transpose(0, 2, 1) @ scaled)[:, 0]
    return combined


def _shortest(x: FloatArray, y: FloatArray, penalty: FloatArray) -> FloatArray:
    gram, moments = _normal_equations(x, y, penalty)
    shortest: FloatArray = (np.linalg.pinv(gram, hermitian=True) @ moments)[:, :, 0]
    return shortest
