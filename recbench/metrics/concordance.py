"""Concordance: the share of pairs of ratings that are predicted in the right order."""

from __future__ import annotations

import numpy as np

from recbench.array_types import BoolArray, FloatArray, IntArray
from recbench.metrics.errors import check_same_length


def fcp(ratings: FloatArray, predicted: FloatArray, user_idx: IntArray) -> float:
    """Fraction of concordant pairs: a user's rows rated differently and predicted in that order.

        n_c / (n_c + n_d),   n_c = Σ_u #{r_i > r_j, p_i > p_j},   n_d = Σ_u #{r_i < r_j, p_i ≥ p_j}

    Pairs are pooled over users, and equal predictions count as discordant. NaN if no user has two different
    ratings. Source: Koren & Sill (2013), "Collaborative filtering on ordinal user feedback", IJCAI.

    >>> users = np.array([0, 0, 0, 1, 1])
    >>> fcp(np.array([5, 3, 4, 1, 2]), np.array([4.5, 3.5, 4, 2, 1]), users)
    0.75
    """
    check_same_length(ratings, predicted)
    _, user = np.unique(user_idx, return_inverse=True)
    _, level = np.unique(ratings, return_inverse=True)
    _, position = np.unique(predicted, return_inverse=True)
    concordant = differing = 0
    # each pair of levels is counted once: at the highest bit in which they differ
    for bit in range(int(level.max()).bit_length()):
        group = user * (int(level.max()) + 1) + (level >> (bit + 1))
        upper = (level >> bit & 1).astype(bool)
        in_order, pairs = _rising(group, position, upper)
        concordant, differing = concordant + in_order, differing + pairs
    return concordant / differing if differing else float("nan")


def _rising(group: IntArray, position: IntArray, upper: BoolArray) -> tuple[int, int]:
    """Count the pairs of a lower and an upper row in a group: those whose upper row is higher in position, and all."""
    order = np.lexsort((position, group))
    group = group[order]
    position = position[order]
    upper = upper[order]
    n_lower = np.append(0, np.cumsum(~upper))  # n_lower[i]: lower rows among the first i
    new_group = np.diff(group, prepend=-1) != 0
    tie = np.flatnonzero(new_group | (np.diff(position, prepend=-1) != 0))
    first_of_tie = tie[np.searchsorted(tie, np.arange(len(order)), side="right") - 1]
    start = np.flatnonzero(new_group)
    end = np.append(start[1:], len(order))
    number = np.cumsum(new_group) - 1
    in_order = n_lower[first_of_tie] - n_lower[start][number]
    pairs = (n_lower[end] - n_lower[start])[number]
    return int(in_order[upper].sum()), int(pairs[upper].sum())
