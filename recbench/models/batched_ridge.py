"""Many small ridge regressions at once: the half step of alternating least squares (ALS).

For every entity e (a user, say), with X_e the feature rows of what it rated and y_e its targets,

    t_e = argmin |y_e − X_e t|² + Σ_f penalty_ef t_f²  =  (X_e' X_e + D_e)⁻¹ X_e' y_e,   D_e = diag(penalty_e)
        = D_e⁻¹ X_e' (X_e D_e⁻¹ X_e' + I)⁻¹ y_e

The second form solves a system as large as the entity's number of ratings: it is used
for the many entities that have fewer ratings than features. Entities with about equally many ratings
are padded to one width and solved together as a batch of bounded size.

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

BATCH_FLOATS = 300_000  # floats in a batch's largest array: 2.4 MB, which fits in the processor's caches
MANY_RATINGS = 2_000_000  # from here on in float32: reading memory takes the time, and a rating has few digits
PADDING = 1.25  # largest number of ratings in a batch, over the smallest


@dataclass(frozen=True, eq=False)
class PaddedBatch:
    """Entities with about equally many ratings, one line each, padded to the longest."""

    entities: IntArray  # (n_entities,)
    rows: IntArray  # (n_entities, width) training row, n_ratings where padded
    others: IntArray  # (n_entities, width) index of what was rated, n_others where padded


def padded_batches(index: IntArray, others: IntArray, n_others: int, n_features: int) -> tuple[PaddedBatch, ...]:
    """Group the ratings by entity, and entities with about equally many ratings into batches.

    `index` (n_ratings,) is each rating's entity, `others` (n_ratings,) what it rated: the row of `n_others` rows of
    `n_features` features.
    """
    by_entity = np.argsort(index, kind="stable")
    n_ratings = np.bincount(index)
    starts = pointers_from_counts(n_ratings)
    padded_others = np.append(others, n_others)
    batches = []
    for entities in _similar(n_ratings, n_features):
        positions = np.arange(n_ratings[entities[0]])
        rows = by_entity[np.minimum(starts[entities, None] + positions, len(index) - 1)]
        rows = np.where(positions < n_ratings[entities, None], rows, len(index))
        batches.append(PaddedBatch(entities, rows.astype(np.int32), padded_others[rows].astype(np.int32)))
    return tuple(batches)


def ridge(batches: Sequence[PaddedBatch], features: FloatArray, targets: FloatArray, penalty: FloatArray) -> FloatArray:
    """Return the coefficients t of every entity, (n_entities, n_features): zero for an entity without ratings.

    `features` is (n_others, n_features), `targets` (n_ratings,), `penalty` (n_entities, n_features).
    Where the penalty is zero and the ratings are too few, t is the shortest of the solutions.
    """
    return ridge_with_offsets(batches, features, batch_targets(batches, targets), penalty, np.zeros(len(features)))


def ridge_of_one(features: FloatArray, targets: FloatArray, penalty: FloatArray) -> FloatArray:
    """Return the coefficients of one entity, (n_features,): zero without ratings.

    `features` is (n_rated, n_features), `targets` (n_rated,), `penalty` (n_features,).
    """
    n_rated = len(targets)
    if not n_rated:
        return np.zeros(features.shape[1])
    batches = padded_batches(np.zeros(n_rated, np.int64), np.arange(n_rated), n_rated, features.shape[1])
    return np.asarray(ridge(batches, features, targets, penalty[None, :])[0])


def batch_targets(batches: Sequence[PaddedBatch], targets: FloatArray) -> Iterator[FloatArray]:
    """Yield the targets of each batch, (n_entities, width), 0 where padded; in float32 if there are many ratings."""
    dtype = np.float32 if len(targets) >= MANY_RATINGS else np.float64
    targets = np.append(targets, 0.0).astype(dtype, copy=False)
    for batch in batches:
        yield targets[batch.rows]


def ridge_with_offsets(
    batches: Sequence[PaddedBatch],
    features: FloatArray,
    targets: Iterable[FloatArray],
    penalty: FloatArray,
    offsets: FloatArray,
) -> FloatArray:
    """Return what `ridge` returns for targets less `offsets` (n_others,), the bias of what was rated.

    `targets` are the `batch_targets`: over many half steps they are gathered once, and the offsets, which
    change, come from a short array.
    """
    features = np.vstack([features, np.zeros((1, features.shape[1]))])
    offsets = np.append(offsets, 0.0)
    damped = bool(np.all(penalty > 0))
    solved = np.zeros(penalty.shape)
    for batch, targets_of_batch in zip(batches, targets, strict=True):
        dtype = targets_of_batch.dtype
        features = features.astype(dtype, copy=False)
        offsets = offsets.astype(dtype, copy=False)
        x = np.take(features, batch.others, axis=0)  # (n_entities, width, n_features)
        y = (targets_of_batch - np.take(offsets, batch.others))[:, :, None]
        narrow = damped and x.shape[1] < x.shape[2]
        solve = _by_ratings if narrow else _by_features if damped else _shortest
        solved[batch.entities] = solve(x, y, penalty[batch.entities].astype(dtype, copy=False))
    return solved


@contextmanager
def one_thread() -> Iterator[None]:
    """Limit BLAS to one thread within this context: on thousands of small matrices, more wait for each other."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1, user_api="blas"):
        yield


def _similar(n_ratings: IntArray, n_features: int) -> Iterator[IntArray]:
    """Yield entities with ratings, those with most first, split where padding or batch would grow too large."""
    ordered = np.argsort(-n_ratings, kind="stable")
    ordered = ordered[n_ratings[ordered] > 0]
    falling = -n_ratings[ordered]
    start = 0
    while start < len(ordered):
        width = -int(falling[start])
        alike = int(np.searchsorted(falling, -width / PADDING, side="right"))
        fitting = start + max(1, BATCH_FLOATS // (max(width, n_features) * max(n_features, 1)))
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
