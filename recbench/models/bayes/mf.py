"""Bayesian matrix factorization: not one set of factors but hundreds, drawn in proportion to their plausibility."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import starmap
from typing import ClassVar, Self, get_args

import numpy as np

from recbench.array_types import FloatArray, Int32Array, IntArray
from recbench.contracts import RatingDataset, RatingModel
from recbench.models.bayes.chain import Chain, Likelihood, Ranked, ranked
from recbench.models.bayes.probit import expected, levels_of
from recbench.models.bayes.sampler import Group, Noise, group, identities
from recbench.models.bayes.samples import PosteriorSamples
from recbench.models.bayes.time_effects import Calendar
from recbench.progress import checkpoint, track
from recbench.registry.search_space import between, searched
from recbench.runtime.threads import thread_limit

PAIRS_AT_ONCE = 8192  # of which every sample's prediction is held in memory
CHECKPOINT = 20  # sweeps after which a search may judge what was kept so far


@dataclass
class BayesMF(RatingModel):
    """Biased matrix factorization, averaged over its posterior distribution by Gibbs sampling.

        r_ui ~ N(mean + b_u + b_i + p_u · q_i, 1/α_u)
        (b_u, p_u) ~ N(m, diag(λ)⁻¹),   the same for items; m, λ and α are drawn too

    There is nothing to tune: how much to shrink is learned from the ratings. The prediction is the
    mean over the kept samples of all chains, which is where the squared error is least. Each user's ratings
    have a noise of their own (`noise=user`), so that erratic users teach less. A user or item without
    ratings is drawn from its prior. With `uses_time`, the moods of the hour and the day are learned too (see
    `bayes_times`), and the prediction is for the time at which the rating is given, where that is told.

    Sources: Salakhutdinov & Mnih (2008), "Bayesian probabilistic matrix factorization using MCMC", ICML;
    Lakshminarayanan, Bouchard & Archambeau (2011), "Robust Bayesian matrix factorisation", AISTATS, for
    the users' own noise. The sampler is in `bayes_sampler`.
    """

    # defaults: settled on validation parts cut from the training rows of ML-100K
    n_factors: int = searched(
        15, between(4, 64, log=True)
    )  # numbers that describe a user, and an item; 0 leaves the bias model
    n_samples: int = 200  # sweeps after the burn-in, of each chain
    n_burn_in: int = 20  # sweeps before, which leave the start behind
    n_kept: int = 100  # samples to predict from, of each chain, evenly spaced: memory and model size grow with it
    n_chains: int = 1  # chains from different starts, whose predictions are averaged
    noise: Noise = "user"  # user: each user's ratings have their own noise; common: one for all
    uses_time: bool = False  # whether it is told when each rating is given; its row in the table says so
    seed: int = 0  # of all that is drawn

    requires: ClassVar[tuple[str, ...]] = ("recbench.models.bayes.kernels", "scipy.special")  # the first compiles
    removed_options: ClassVar[dict[str, str]] = {
        "threads": "chains run side by side on the threads of the run: write threads=2, not model.threads=2"
    }

    def fit(self, train: RatingDataset, valid: RatingDataset | None = None) -> Self:
        """Learn the kept samples: `user_samples_`, `item_samples_` and `noise_samples_`, one array a chain.

        They are (n_users, n_kept, 1 + n_factors), (n_items, n_kept, 1 + n_factors), the bias first, and
        (n_users, n_kept), the standard deviation, all in units of `scale_`.

        Raises:
            ValueError: `train` has no ratings, or an option is out of range.
        """
        self._check_options()
        data = ranked(train, by_time=self.uses_time)
        self.global_mean_, self.scale_ = data.mean, data.scale
        probit = "probit" in self._likelihoods()
        self.levels_: FloatArray = levels_of(data.ratings, data.name)[0] if probit else np.zeros(0)
        self.calendar_: tuple[IntArray, ...] = data.calendar.arrays() if data.calendar else ()
        self._learn([chain.kept for chain in self._sampled(train, data)])
        return self

    def predict(self, user_idx: IntArray, item_idx: IntArray) -> FloatArray:
        """The posterior mean of each rating; with `uses_time`, in the user's usual mood."""
        return self._moments(user_idx, item_idx)[0]

    def predict_at(self, user_idx: IntArray, item_idx: IntArray, timestamps: IntArray) -> FloatArray:
        """The posterior mean of each rating, if it is given at that time."""
        return self._moments(user_idx, item_idx, self._effects(user_idx, timestamps))[0]

    def predict_std(self, user_idx: IntArray, item_idx: IntArray) -> FloatArray:
        """The posterior predictive standard deviation of each rating: what is unknown of the mean, and noise."""
        return _deviation(*self._moments(user_idx, item_idx))

    def predict_std_at(self, user_idx: IntArray, item_idx: IntArray, timestamps: IntArray) -> FloatArray:
        """What `predict_std` tells, of a rating given at that time."""
        return _deviation(*self._moments(user_idx, item_idx, self._effects(user_idx, timestamps)))

    def _likelihoods(self) -> tuple[Likelihood, ...]:
        """Of each chain."""
        regression: Likelihood = "regression"
        return (regression,) * self.n_chains

    def _groups(
        self, train: RatingDataset, data: Ranked, random: np.random.Generator
    ) -> tuple[tuple[Group, ...], tuple[Group, ...]]:
        """What users, and items, are made of: here, themselves."""
        of_users = group(identities(train.n_users), self.n_factors, random)
        return (of_users,), (group(identities(train.n_items), self.n_factors, random),)

    def _check_options(self) -> None:
        if self.noise not in get_args(Noise):
            raise ValueError(f"unknown noise {self.noise!r}; choose one of {list(get_args(Noise))}")
        least = {"n_factors": 0, "n_samples": 1, "n_burn_in": 0, "n_kept": 1, "n_chains": 1}
        for option, low in least.items():
            if getattr(self, option) < low:
                raise ValueError(f"{option} is {getattr(self, option)}; it must be at least {low}")

    def _sampled(self, train: RatingDataset, data: Ranked) -> list[Chain]:
        """Sweep all chains, step by step, so that progress is that of all."""
        n_kept = min(self.n_kept, self.n_samples)
        groups = partial(self._groups, train)
        chains = [
            Chain(data, groups, likelihood, self.noise, n_kept, [self.seed, number])
            for number, likelihood in enumerate(self._likelihoods())
        ]
        with ThreadPoolExecutor(min(thread_limit(), len(chains))) as pool:
            for sweep in track(range(-self.n_burn_in, self.n_samples), "sweeps"):
                list(pool.map(partial(Chain.sweep, settling=sweep < 0), chains))
                before, after = (sampled * n_kept // self.n_samples for sampled in (sweep, sweep + 1))
                if 0 <= before < after:
                    for chain in chains:
                        chain.keep(before)
                if after and (sweep + 1) % CHECKPOINT == 0:
                    checkpoint(self, sweep + 1, partial(self._predict_from, chains, after))
        return chains

    def _predict_from(self, chains: list[Chain], n_kept: int, user_idx: IntArray, item_idx: IntArray) -> FloatArray:
        """What would be predicted if no more samples were to come."""
        so_far = copy.copy(self)
        so_far._learn([chain.kept.first(n_kept) for chain in chains])
        return so_far.predict(user_idx, item_idx)

    def _learn(self, chains: list[PosteriorSamples]) -> None:
        """Take over what each chain has kept."""
        self.user_samples_ = tuple(kept.users for kept in chains)
        self.item_samples_ = tuple(kept.items for kept in chains)
        self.noise_samples_ = tuple(kept.noise for kept in chains)
        self.cutpoints_ = tuple(kept.cutpoints for kept in chains)
        self.effect_samples_ = tuple(kept.effects for kept in chains)
        self.variance_samples_ = tuple(kept.variances for kept in chains)
        self.usual_samples_ = tuple(kept.usual for kept in chains)

    def _chains(self) -> Iterator[PosteriorSamples]:
        samples = (self.user_samples_, self.item_samples_, self.noise_samples_, self.cutpoints_)
        of_times = (self.effect_samples_, self.variance_samples_, self.usual_samples_)
        return starmap(PosteriorSamples, zip(*samples, *of_times, strict=True))

    def _effects(self, user_idx: IntArray, timestamps: IntArray) -> IntArray:
        """Which effects of time each rating has that is given then."""
        if not getattr(self, "calendar_", ()):
            raise RuntimeError(f"{type(self).__name__} has learned nothing of time; set uses_time=true and fit it")
        return Calendar(*self.calendar_).effects(user_idx, timestamps)

    def _moments(
        self, user_idx: IntArray, item_idx: IntArray, effects: IntArray | None = None
    ) -> tuple[FloatArray, FloatArray]:
        """Mean rating and mean squared rating of each pair, over the samples of all chains."""
        users, items = checked(user_idx, len(self.known_users_)), checked(item_idx, len(self.known_items_))
        mean, square = np.zeros(len(users)), np.zeros(len(users))
        for start in range(0, len(users), PAIRS_AT_ONCE):
            some = slice(start, start + PAIRS_AT_ONCE)
            at = None if effects is None else effects[some]
            moments = list(self._moments_by_chain(users[some], items[some], at))
            mean[some], square[some] = np.mean(moments, axis=0)
        return mean, square

    def _moments_by_chain(
        self, users: Int32Array, items: Int32Array, effects: IntArray | None
    ) -> Iterator[tuple[FloatArray, FloatArray]]:
        for likelihood, kept in zip(self._likelihoods(), self._chains(), strict=True):
            scores, deviations = kept.scores(users, items, effects), kept.deviations(users, effects)
            if likelihood == "probit":
                yield expected(scores, kept.cutpoints, deviations, self.levels_)
            else:
                ratings = self.global_mean_ + self.scale_ * scores.astype(np.float64)
                squares = ratings**2 + (self.scale_ * deviations) ** 2
                yield ratings.mean(axis=1), squares.mean(axis=1)


def _deviation(mean: FloatArray, square: FloatArray) -> FloatArray:
    return np.sqrt(np.maximum(square - mean**2, 0.0))


def checked(index: IntArray, n: int) -> Int32Array:
    """Int32Array as the compiled loops take them, which don't look whether they are in range.

    Raises:
        IndexError: one is out of range.
    """
    if len(index) and not 0 <= index.min() <= index.max() < n:
        raise IndexError(f"indices from {index.min()} to {index.max()}; they must lie in 0 ... {n - 1}")
    return np.ascontiguousarray(index, np.int32)
