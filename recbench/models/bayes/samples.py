"""What one chain of the Gibbs sampler has kept, and what that says of pairs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recbench.array_types import Float32Array, FloatArray, Int32Array, IntArray


@dataclass(frozen=True, eq=False)
class PosteriorSamples:
    """Samples, in units of the ratings' standard deviation; the last four have no rows where they don't apply."""

    users: Float32Array  # (n_users, n_kept, 1 + n_factors), the bias first
    items: Float32Array  # (n_items, n_kept, 1 + n_factors)
    noise: Float32Array  # (n_users, n_kept) standard deviation
    cutpoints: FloatArray  # (n_kept, n_levels - 1) of the probit
    effects: Float32Array  # (n_effects + 1, n_kept) of times, the last of which is none
    variances: Float32Array  # (n_kinds, n_kept) of each kind of these effects
    usual: (
        Float32Array  # (n_kinds, n_users, n_kept) their means over each user's ratings: a part of the user's bias here
    )

    @classmethod
    def room(
        cls, shape: tuple[int, int], width: int, n_kept: int, *, n_cutpoints: int, n_effects: int, n_kinds: int
    ) -> PosteriorSamples:
        """Room for so many samples; `shape` is (n_users, n_items)."""
        n_users, n_items = shape
        return cls(
            np.empty((n_users, n_kept, width), np.float32),
            np.empty((n_items, n_kept, width), np.float32),
            np.empty((n_users, n_kept), np.float32),
            np.empty((n_kept, n_cutpoints)),
            np.empty((n_effects, n_kept), np.float32),
            np.empty((n_kinds, n_kept), np.float32),
            np.empty((n_kinds, n_users, n_kept), np.float32),
        )

    def first(self, n: int) -> PosteriorSamples:
        """The first `n` samples."""
        users, items = (np.ascontiguousarray(each[:, :n]) for each in (self.users, self.items))
        others = (each[..., :n] for each in (self.effects, self.variances, self.usual))
        return PosteriorSamples(users, items, self.noise[:, :n], self.cutpoints[:n], *others)

    def scores(self, user_idx: Int32Array, item_idx: Int32Array, effects: IntArray | None) -> Float32Array:
        """What each sample gives each pair, (n_pairs, n_kept); `effects` (n_pairs, n_kinds) if the time is told.

        Where a kind's effect is none, its usual one stays.
        """
        from recbench.models.bayes.kernels import score

        scores: Float32Array = np.empty((len(user_idx), self.users.shape[1]), np.float32)
        score(self.users, self.items, user_idx, item_idx, scores)
        for of_kind, usual in zip(() if effects is None else effects.T, self.usual, strict=effects is not None):
            known = np.flatnonzero(of_kind < len(self.effects) - 1)
            scores[known] += self.effects[of_kind[known]] - usual[user_idx[known]]
        return scores

    def deviations(self, user_idx: Int32Array, effects: IntArray | None) -> Float32Array:
        """The standard deviation around each score: the user's noise, and the effects of times that are not known."""
        noise = self.noise[user_idx]
        if not len(self.variances):
            return noise
        unknown = np.ones((len(user_idx), len(self.variances)), bool)
        if effects is not None:
            unknown = effects == len(self.effects) - 1
        return np.sqrt(noise**2 + unknown @ self.variances)
