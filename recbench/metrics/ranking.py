"""Rankings: the ranks of scored pairs among the candidates, and each user's top of the whole catalog."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from recbench.array_types import BoolArray, Float64Array, FloatArray, Int64Array, IntArray
from recbench.contracts import RatingDataset
from recbench.progress import track

BLOCK_BYTES = 2**24  # of the scores in memory at once, float64; a model's own arrays are extra
TOP_DEPTH = 100  # length of the lists that are kept even if shorter ones are requested
ROUNDING_STEP = 1e-9  # of the rating scale's width: scores that round to the same multiple of it are equal
RELEVANT_SHARE = 0.75  # of the way up the rating scale: 4 of 1 to 5, 8 of 1 to 10


@dataclass(frozen=True, eq=False)
class RankPositions:
    """The rank of each scored pair among the candidates of its user, as bounds where scores are tied."""

    user: IntArray  # (n_pairs,) number of the user, 0 ... n_users − 1
    ratings: Float64Array  # (n_pairs,)
    before: Int64Array  # (n_pairs,) candidates with a higher score
    tied: Int64Array  # (n_pairs,) candidates with the same score, the pair itself included
    n_candidates: Int64Array  # (n_users,)
    rating_scale: tuple[float, float]

    def relevant(self, relevant_from: float | None = None) -> BoolArray:
        """Mark the pairs rated at least `relevant_from`; None: at least three quarters up the rating scale."""
        low, high = self.rating_scale
        least = low + RELEVANT_SHARE * (high - low) if relevant_from is None else relevant_from
        return self.ratings >= least - 1e-6 * (high - low)  # float32 ratings may lie just below


def in_rounding_steps(scores: FloatArray, rating_scale: tuple[float, float]) -> Float64Array:
    """Return a copy of the scores in whole multiples of `ROUNDING_STEP`, so that ties are ties on every processor.

    Items with the same ratings, for example, have factors that are equal except for their last bits, and those
    bits depend on the processor.
    """
    low, high = rating_scale
    return np.rint(np.asarray(scores, np.float64) / (ROUNDING_STEP * ((high - low) or 1.0)))


def rank_bounds(users: IntArray, keys: npt.NDArray[np.generic]) -> tuple[Int64Array, Int64Array]:
    """Count, per row, the rows of the same user with a smaller key, and those with the same key, itself included."""
    order = np.lexsort((keys, users))
    new_user, new_key = np.ones(len(order), bool), np.ones(len(order), bool)
    new_user[1:] = np.diff(users[order]) != 0
    new_key[1:] = new_user[1:] | (keys[order][1:] != keys[order][:-1])
    starts = np.flatnonzero(new_key)
    group = np.cumsum(new_key) - 1
    before, same = np.empty(len(order), np.int64), np.empty(len(order), np.int64)
    before[order] = starts[group] - np.flatnonzero(new_user)[np.cumsum(new_user) - 1]
    same[order] = np.diff(starts, append=len(order))[group]
    return before, same


class Ranking:
    """How a model orders the whole catalog for each user with a scored row.

    Candidates are all items except those that the user rated in `train`, ordered by the model's unclipped scores;
    scores that differ only by rounding errors are equal.
    The catalog is scored once, when a metric first needs it, in blocks of users of at most `BLOCK_BYTES`, and
    never sampled; only each scored pair's position and each user's top are kept. A scored pair that is also in
    `train` has no position; a pair that is scored twice has one, with the higher rating.
    """

    def __init__(self, scorer: Callable[[IntArray], FloatArray], train: RatingDataset, scored: RatingDataset) -> None:
        """Remember what to rank; nothing is computed yet.

        `scorer(user_idx)` returns the scores of all items: (n_users, n_items).
        """
        self.train = train
        self.users: IntArray = np.unique(scored.user_idx)  # (n_users,) those with a scored row
        self._scorer, self._scored = scorer, scored
        self._positions: RankPositions | None = None
        self._top: IntArray = np.empty((len(self.users), 0), np.int32)

    @property
    def positions(self) -> RankPositions:
        """Positions of the scored pairs among their users' candidates; `user` is a position in `users`."""
        if self._positions is None:
            self._positions = self._ranked(TOP_DEPTH)
        return self._positions

    def top(self, k: int) -> IntArray:
        """Return each user's first `k` candidates, (n_users, k), −1 where there are fewer.

        Ties are broken by one shuffled order of the items, the same for every user and model and
        independent of relevance and popularity.
        """
        depth = min(k, self.train.n_items)
        if self._top.shape[1] < depth:
            self._positions = self._ranked(max(depth, TOP_DEPTH))
        return self._top[:, :k]

    @cached_property
    def _truth(self) -> tuple[IntArray, IntArray, Float64Array]:
        """User number, item and rating of the pairs that have a position, by user."""
        scored, n_items = self._scored, self.train.n_items
        order = np.lexsort((-scored.ratings, scored.item_idx, scored.user_idx))
        keys = scored.user_idx[order].astype(np.int64) * n_items + scored.item_idx[order]
        known = np.isin(keys, self.train.user_idx.astype(np.int64) * n_items + self.train.item_idx)
        kept = order[(np.diff(keys, prepend=-1) != 0) & ~known]
        user = np.searchsorted(self.users, scored.user_idx[kept])
        return user, scored.item_idx[kept], scored.ratings[kept].astype(np.float64)

    @cached_property
    def _seen(self) -> tuple[IntArray, IntArray]:
        """User number and item of the training rows of the ranked users, by user."""
        rows = np.flatnonzero(np.isin(self.train.user_idx, self.users))
        user = np.searchsorted(self.users, self.train.user_idx[rows])
        order = np.argsort(user, kind="stable")
        return user[order], self.train.item_idx[rows][order]

    def _ranked(self, depth: int) -> RankPositions:
        """Score the catalog once: keep the top `depth`, and return the positions."""
        n_users, n_items = len(self.users), self.train.n_items
        user, item, ratings = self._truth
        before, tied = np.empty(len(user), np.int64), np.empty(len(user), np.int64)
        n_candidates = np.empty(n_users, np.int64)
        top = np.empty((n_users, min(depth, n_items)), np.int32)
        shuffled = np.random.default_rng(0).permutation(n_items)
        size = max(1, BLOCK_BYTES // (8 * n_items))
        for start in track(range(0, n_users, size), "rankings"):
            stop = min(start + size, n_users)
            scores = self._scores(start, stop)
            n_candidates[start:stop] = np.count_nonzero(scores > -np.inf, axis=1)
            top[start:stop] = _first(scores, shuffled, top.shape[1])
            here = slice(*np.searchsorted(user, (start, stop)))
            before[here], tied[here] = _counted(scores, user[here] - start, item[here])
        self._top = top
        return RankPositions(user, ratings, before, tied, n_candidates, self.train.rating_scale)

    def _scores(self, start: int, stop: int) -> Float64Array:
        """Score these users' candidates, (n_users, n_items), minus infinity for items rated in `train`."""
        scores = in_rounding_steps(self._scorer(self.users[start:stop]), self.train.rating_scale)
        user, item = self._seen
        here = slice(*np.searchsorted(user, (start, stop)))
        scores[user[here] - start, item[here]] = -np.inf
        return scores


def _first(scores: Float64Array, shuffled: IntArray, depth: int) -> IntArray:
    """Return the items of each row's `depth` highest scores, in order; ties are broken by `shuffled`."""
    scores = scores[:, shuffled]
    least = np.partition(scores, -depth, axis=1)[:, -depth, np.newaxis]
    at_least = scores == least
    room = depth - np.count_nonzero(scores > least, axis=1)
    at_least &= np.cumsum(at_least, axis=1) <= room[:, np.newaxis]
    column = np.nonzero((scores > least) | at_least)[1].reshape(-1, depth)
    kept = np.take_along_axis(scores, column, axis=1)
    order = np.argsort(-kept, axis=1, kind="stable")
    items = shuffled[np.take_along_axis(column, order, axis=1)]
    return np.where(np.take_along_axis(kept, order, axis=1) > -np.inf, items, -1)


def _counted(scores: Float64Array, row: IntArray, item: IntArray) -> tuple[Int64Array, Int64Array]:
    """Count the candidates that score higher than each pair, and the same; pairs are ordered by row."""
    own = scores[row, item]
    left, right = np.empty(len(row), np.int64), np.empty(len(row), np.int64)
    bounds = np.searchsorted(row, np.arange(len(scores) + 1))
    for number, ascending in enumerate(np.sort(scores, axis=1)):
        here = slice(bounds[number], bounds[number + 1])
        left[here] = np.searchsorted(ascending, own[here], side="left")
        right[here] = np.searchsorted(ascending, own[here], side="right")
    return scores.shape[1] - right, right - left
