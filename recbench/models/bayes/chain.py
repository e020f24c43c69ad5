"""One chain of the Gibbs sampler: from sorted ratings to posterior samples.

    z = r̂ + noise,   r̂ = c_u + d_i + a_u · b_i + Σ time effects

A sweep draws, in this order: with the probit likelihood the cutpoints and z (else z is the standardized rating), the
noise precisions, the time effects, all features of users, all features of items. `sampler`, `probit` and
`time_effects` have the distributions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recbench.models.bayes.features import EntityFeatures
from recbench.models.bayes.probit import Cutpoints, levels_of
from recbench.models.bayes.sampler import EntityBlock, Noise, draw_precisions, new_group
from recbench.models.bayes.samples import Likelihood, PosteriorSamples
from recbench.models.bayes.sorted_ratings import SortedRatings
from recbench.models.bayes.time_effects import TimeEffects


@dataclass(frozen=True)
class ChainOptions:
    """The options that all chains of a model share; `BayesFM` has their meanings."""

    n_factors: int
    noise: Noise
    n_kept: int


class Chain:
    """The current state of one chain, and the samples that it kept."""

    def __init__(
        self,
        data: SortedRatings,
        features: EntityFeatures,
        options: ChainOptions,
        likelihood: Likelihood,
        seed: tuple[int, int],
    ) -> None:
        """Start near zero, without samples.

        `seed` is the model's seed and the number of the chain: chains of different seeds share no random numbers.
        """
        self._random = np.random.default_rng(seed)
        self._data = data
        self._noise = options.noise
        of_users = [new_group(kind, options.n_factors, self._random) for kind in features.users]
        of_items = [new_group(kind, options.n_factors, self._random) for kind in features.items]
        self._users = EntityBlock(data.by_user, of_users)
        self._items = EntityBlock(data.by_item, of_items)
        self._counts = np.diff(data.by_user.starts)
        self._precisions = np.ones(len(self._counts))
        self._targets = ((data.ratings - data.mean) / data.scale).astype(np.float32)
        self._errors = np.empty_like(self._targets)
        self._cutpoints: Cutpoints | None = None
        if likelihood == "probit":
            levels, level = levels_of(data.ratings, data.name)
            self._cutpoints = Cutpoints(level, len(levels))
        self._effects = TimeEffects(data.effects, data.calendar.bounds) if data.calendar else None
        self.samples = PosteriorSamples.empty(
            len(self._users.vectors),
            len(self._items.vectors),
            options.n_kept,
            options.n_factors,
            n_cutpoints=0 if self._cutpoints is None else len(self._cutpoints.inner),
            n_effects=0 if self._effects is None else len(self._effects.values),
            n_kinds=data.effects.shape[1],
        )

    def sweep(self, *, burn_in: bool) -> None:
        """Draw everything once; during the burn-in the probit's cutpoints move to where they are likeliest."""
        self._update_errors()
        if self._cutpoints is not None:
            self._draw_targets(self._cutpoints, burn_in=burn_in)
        squares = np.bincount(self._data.user_idx, np.square(self._errors), len(self._counts)).astype(np.float64)
        center = None if self._cutpoints is None else 1.0  # the scale of the latent variable is arbitrary: fix it
        self._precisions = draw_precisions(squares, self._counts, self._precisions, self._noise, center, self._random)
        precisions = self._precisions.astype(np.float32)[self._data.user_idx]
        if self._effects is not None:
            self._errors = self._effects.draw(self._errors, precisions, self._random)
        self._users.draw(self._items, self._errors, precisions, self._random)
        self._update_errors()
        link = self._data.link
        self._items.draw(self._users, self._errors[link], precisions[link], self._random)

    def keep(self, number: int) -> None:
        """Store the current state as sample `number`."""
        samples = self.samples
        samples.users[:, number] = self._users.vectors
        samples.items[:, number] = self._items.vectors
        samples.noise[:, number] = 1.0 / np.sqrt(self._precisions)
        if self._cutpoints is not None:
            samples.cutpoints[number] = self._cutpoints.inner
        if self._effects is not None:
            self._keep_effects(self._effects, number)

    def _keep_effects(self, effects: TimeEffects, number: int) -> None:
        """Store the time effects, and add their mean over a user's ratings to the user's bias."""
        samples = self.samples
        samples.effects[:, number] = effects.values
        samples.variances[:, number] = effects.variances
        for of_ratings, of_users in zip(effects.by_kind().T, samples.user_effects, strict=True):
            total = np.bincount(self._data.user_idx, of_ratings, len(self._counts))
            of_users[:, number] = total / np.maximum(self._counts, 1)
        samples.users[:, number, 0] += samples.user_effects[:, :, number].sum(axis=0)

    def _update_errors(self) -> None:
        """Set the errors z − r̂ of all ratings."""
        from recbench.models.bayes.kernels import residuals

        residuals(self._data.by_user, self._targets, self._users.vectors, self._items.vectors, self._errors)
        if self._effects is not None:
            self._errors -= self._effects.of_ratings()

    def _draw_targets(self, cutpoints: Cutpoints, *, burn_in: bool) -> None:
        """Draw the cutpoints, then the latent variables z."""
        predicted = self._targets.astype(np.float64) - self._errors
        roots = np.sqrt(self._precisions)[self._data.user_idx]
        if burn_in:
            cutpoints.newton_step(predicted, roots)
        else:
            cutpoints.metropolis_step(predicted, roots, self._random)
        latent = cutpoints.draw_latent(predicted, roots, self._random)
        self._targets = latent.astype(np.float32)
        self._errors = (latent - predicted).astype(np.float32)
