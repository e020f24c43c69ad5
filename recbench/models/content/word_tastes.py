"""Users' tastes for words: one ridge regression per user, on the words of the items that the user rated.

    t_u = argmin Σ_i (target_ui − t_u · z_i)² + reg |t_u|²

No array is as large as users times words: an item has few words, and a user has tastes only for words of rated items.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from recbench.array_types import FloatArray, IntArray
from recbench.models.content.tfidf import WordRows, spread
from recbench.models.row_pointers import pointers_from_counts, row_pointers

if TYPE_CHECKING:
    from scipy.sparse import csr_array

MAX_ENTRIES = 300_000  # words of ratings that are worked on together: bounds the memory to some 30 MB
MAX_STEPS = 500  # conjugate gradient steps at most
TOLERANCE = 1e-13  # the largest gradient at the end, relative to that at the start


class WordTastes(NamedTuple):
    """Users' tastes for words, sorted by user and word."""

    keys: IntArray  # (n_tastes,) ascending, see `keys_of`
    values: FloatArray  # (n_tastes,)


class WordEffects(NamedTuple):
    """What each word of each pair's item adds to the rating."""

    pairs: IntArray  # (n_entries,) position of the pair
    words: IntArray  # (n_entries,)
    effects: FloatArray  # (n_entries,)


def word_tastes(words: WordRows, users: IntArray, items: IntArray, targets: FloatArray, reg: float) -> WordTastes:
    """Fit each user's taste for each word of the items that the user rated.

    `users`, `items` and `targets` are (n_ratings,). Conjugate gradients solve for many users at once.
    """
    order = np.argsort(users, kind="stable")
    n_entries = np.diff(words.starts)[items[order]]
    before_user = pointers_from_counts(n_entries)[np.searchsorted(users[order], users[order])]
    parts = np.split(order, np.flatnonzero(np.diff(before_user // MAX_ENTRIES)) + 1)
    solved = [_solve(words, users[part], items[part], targets[part], reg) for part in parts]
    return WordTastes(np.concatenate([each.keys for each in solved]), np.concatenate([each.values for each in solved]))


def word_effects(words: WordRows, tastes: WordTastes, users: IntArray, items: IntArray) -> FloatArray:
    """Return what the words of each pair's item add to its rating, (n_pairs,): 0 for words new to the user."""
    added = np.zeros(len(items))
    for part in _bounded_parts(np.diff(words.starts)[items]):
        found = effects_by_word(words, tastes, users[part], items[part])
        added[part] = np.bincount(found.pairs, found.effects, minlength=len(items[part]))
    return added


def effects_by_word(words: WordRows, tastes: WordTastes, users: IntArray, items: IntArray) -> WordEffects:
    """Return what each word of each pair's item adds to its rating."""
    pairs, at = spread(words.starts, items)
    words_of_pairs = words.words[at]
    if not len(tastes.keys):
        return WordEffects(pairs, words_of_pairs, np.zeros(len(pairs)))
    wanted = keys_of(users[pairs], words_of_pairs)
    position = np.minimum(np.searchsorted(tastes.keys, wanted), len(tastes.keys) - 1)
    tastes_of_pairs = np.where(tastes.keys[position] == wanted, tastes.values[position], 0.0)
    return WordEffects(pairs, words_of_pairs, tastes_of_pairs * words.weights[at])


def keys_of(users: IntArray, words: IntArray) -> IntArray:
    """Return one number per user and word, ordered by user first, (n,)."""
    return users.astype(np.int64) << 32 | words


def _bounded_parts(n_entries: IntArray) -> Iterator[slice]:
    """Yield slices of the pairs, each with about `MAX_ENTRIES` entries at most."""
    part = np.cumsum(n_entries) // MAX_ENTRIES
    ends = np.append(np.flatnonzero(np.diff(part)) + 1, len(part)).tolist()
    for start, stop in zip([0, *ends], ends, strict=False):
        yield slice(start, stop)


def _solve(words: WordRows, users: IntArray, items: IntArray, targets: FloatArray, reg: float) -> WordTastes:
    from scipy.sparse import csr_array

    rating, at = spread(words.starts, items)
    keys, which = np.unique(keys_of(users[rating], words.words[at]), return_inverse=True)
    starts = row_pointers(rating, len(items))
    design = csr_array((words.weights[at], which, starts), shape=(len(items), len(keys)))
    return WordTastes(keys, _ridge(design, targets, reg))


def _ridge(design: csr_array, targets: FloatArray, reg: float) -> FloatArray:
    """Return the t of least |targets − design t|² + reg |t|², by conjugate gradients with a diagonal preconditioner."""
    transposed = design.T.tocsr()
    scale = transposed.power(2).sum(axis=1) + reg
    solution: FloatArray = np.zeros(len(scale))
    residual = transposed @ targets
    step = residual / scale
    enough = TOLERANCE * np.abs(residual).max(initial=0.0)
    size = residual @ step
    for _ in range(MAX_STEPS):
        image = transposed @ (design @ step) + reg * step
        curvature = step @ image
        if np.abs(residual).max(initial=0.0) <= enough or curvature <= 0:  # 0: the step gains nothing
            break
        share = size / curvature
        solution += share * step
        residual -= share * image
        scaled = residual / scale
        previous = size
        size = residual @ scaled
        step = scaled + size / previous * step
    return solution
