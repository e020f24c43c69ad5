"""What users think of words: one ridge regression a user, on the words of what the user rated.

Nothing here is as large as users times words: an item has few words, and a user has a taste for those met alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from recbench.array_types import FloatArray, IntArray
from recbench.models.content.tfidf import Rows, spread
from recbench.models.row_pointers import pointers_from_counts, row_pointers

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Tastes = tuple[IntArray, FloatArray]  # keys of users and words, ascending, and the user's taste for the word

MAX_ENTRIES = 300_000  # words of ratings that are worked on together: bounds the memory to some 30 MB
MAX_STEPS, TOLERANCE = 500, 1e-13  # of the conjugate gradients; relative to the gradient at the start


def word_tastes(features: Rows, users: IntArray, items: IntArray, targets: FloatArray, reg: float) -> Tastes:
    """Each user's taste for each word of what the user rated; `targets` are (n_ratings,).

        t_u = argmin Σ_i (target_ui − t_u · x_i)² + reg |t_u|²

    by conjugate gradients, many users at once.
    """
    order = np.argsort(users, kind="stable")
    n_entries = np.diff(features[0])[items[order]]
    before_user = pointers_from_counts(n_entries)[np.searchsorted(users[order], users[order])]
    parts = np.split(order, np.flatnonzero(np.diff(before_user // MAX_ENTRIES)) + 1)
    solved = [_solved(features, users[part], items[part], targets[part], reg) for part in parts]
    return np.concatenate([keys for keys, _ in solved]), np.concatenate([tastes for _, tastes in solved])


def word_effects(features: Rows, tastes: Tastes, users: IntArray, items: IntArray) -> FloatArray:
    """What the words of each pair's item add to its rating, (n_pairs,): 0 for words that are new to the user."""
    effects = np.zeros(len(items))
    for part in _bounded(np.diff(features[0])[items]):
        pair, effect = effects_by_word(features, tastes, users[part], items[part])[::2]
        effects[part] = np.bincount(pair, effect, minlength=len(items[part]))
    return effects


def effects_by_word(
    features: Rows, tastes: Tastes, users: IntArray, items: IntArray
) -> tuple[IntArray, IntArray, FloatArray]:
    """For each word of each pair's item: the pair's number, the word, and what it adds to the rating."""
    keys, values = tastes
    pair, at = spread(features[0], items)
    words = features[1][at]
    if not len(keys):
        return pair, words, np.zeros(len(pair))
    wanted = keys_of(users[pair], words)
    position = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return pair, words, np.where(keys[position] == wanted, values[position], 0.0) * features[2][at]


def keys_of(users: IntArray, words: IntArray) -> IntArray:
    """One number for a user and a word, ordered by users first."""
    return users.astype(np.int64) << 32 | words


def _bounded(n_entries: IntArray) -> Iterator[slice]:
    """Slices of the pairs, each of about `MAX_ENTRIES` entries at most."""
    part = np.cumsum(n_entries) // MAX_ENTRIES
    ends = np.append(np.flatnonzero(np.diff(part)) + 1, len(part)).tolist()
    for start, stop in zip([0, *ends], ends, strict=False):
        yield slice(start, stop)


def _solved(features: Rows, users: IntArray, items: IntArray, targets: FloatArray, reg: float) -> Tastes:
    from scipy.sparse import csr_array

    rating, at = spread(features[0], items)
    keys, which = np.unique(keys_of(users[rating], features[1][at]), return_inverse=True)
    starts = row_pointers(rating, len(items))
    design = csr_array((features[2][at], which, starts), shape=(len(items), len(keys)))
    return keys, _ridge(design, targets, reg)


def _ridge(design: csr_array, targets: FloatArray, reg: float) -> FloatArray:
    """The t of least |targets − design t|² + reg |t|², by conjugate gradients scaled by the diagonal."""
    transposed = design.T.tocsr()
    scale = transposed.power(2).sum(axis=1) + reg
    solution: FloatArray = np.zeros(len(scale))
    left = transposed @ targets
    step, enough = left / scale, TOLERANCE * np.abs(left).max(initial=0.0)
    size = left @ step
    for _ in range(MAX_STEPS):
        image = transposed @ (design @ step) + reg * step
        curvature = step @ image
        if np.abs(left).max(initial=0.0) <= enough or curvature <= 0:  # 0: along the step nothing is left to win
            break
        share = size / curvature
        solution += share * step
        left -= share * image
        scaled, before = left / scale, size
        size = left @ scaled
        step = scaled + size / before * step
    return solution
