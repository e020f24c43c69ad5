"""The Bayesian factorization machine of users, items, the items that users rated and the users who rated items.

    r ~ N(mean + Σ_j w_j x_j + Σ_{j<l} x_j x_l v_j · v_l, 1/α_u)

Gibbs chains (`chain`) draw the coefficients (w_j, v_j) of the features x_j (`features`); predictions are means over
the samples that the chains kept (`samples`).
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Self, get_args

import numpy as np

from recbench.array_types import FloatArray, Int32Array, IntArray
from recbench.contracts import RatingDataset, RatingModel
from recbench.models.bayes.chain import Chain, ChainOptions
from recbench.models.bayes.features import entity_features
from recbench.models.bayes.probit import levels_of
from recbench.models.bayes.sampler import Noise
from recbench.models.bayes.samples import Likelihood, PosteriorSamples, RatingUnits, checked_index, rating_moments
from recbench.models.bayes.sorted_ratings import SortedRatings, sort_ratings
from recbench.models.bayes.time_effects import Calendar
from recbench.models.item_features import item_features
from recbench.models.prediction_blocks import predict_in_blocks
from recbench.progress import checkpoint, track
from recbench.registry.search_space import between, searched
from recbench.runtime.threads import thread_limit

PAIRS_PER_BLOCK = 8192  # with 100 kept samples, the float32 scores of a block take 3 MB
CHECKPOINT = 20  # sweeps between two checkpoints, at which a search may end the fit
LOWEST = {"n_factors": 0, "n_samples": 1, "n_burn_in": 0, "n_kept": 1, "n_chains": 1}  # allowed values of options


@dataclass
class BayesFM(RatingModel):
    """Factorization machine of users, items, what users rated and who rated items, by Gibbs sampling.

        r ~ N(mean + Σ_j w_j x_j + Σ_{j<l} x_j x_l v_j · v_l, 1/α_u)
        (w_j, v_j) ~ N(m, diag(λ)⁻¹);   m, λ and α are drawn too

    The features x of a (user, item) pair are the user, the item, the items that the user rated in the training set
    (n_u^-½ each), the users who rated the item (n_i^-½ each), and with `side_information` the item's genres and
    years. Users, items and each other kind of feature have their own m and λ. Nothing needs tuning: the amount of
    shrinkage is learned from the ratings. The prediction is the mean over the kept samples of all chains, which
    minimizes the expected squared error. With `noise=user` each user's ratings have their own precision α_u, so that
    users with erratic ratings count less. A user or item without ratings is drawn from its prior; genres and years
    inform the prediction of an item without ratings too.

    With likelihood `probit`, ratings are ordered levels cut out of a normal variable (see `probit`), and the
    prediction is the mean level. With `uses_time`, effects of sessions and days are learned too (see
    `time_effects`), and the prediction is for the time of the rating where that is known.

    Sources: Rendle (2012), "Factorization machines with libFM", ACM TIST 3(3); Rendle, Zhang & Koren (2019),
    "On the difficulty of evaluating baselines", arXiv:1905.01395, for the features; Lakshminarayanan, Bouchard &
    Archambeau (2011), "Robust Bayesian matrix factorisation", AISTATS, for the users' precisions.
    """

    # defaults: chosen on validation sets cut from the training set of ML-100K
    n_factors: int = searched(15, between(4, 64, log=True))  # latent factors per user and item; 0: biases only
    n_samples: int = 200  # sweeps after the burn-in, per chain
    n_burn_in: int = 20  # sweeps discarded at the start of each chain
    n_kept: int = 100  # samples per chain to predict from, evenly spaced; memory and model size grow with it
    n_chains: int = 1  # independent chains whose predictions are averaged
    noise: Noise = "user"  # user: each user's ratings have their own noise variance; common: one for all
    uses_time: bool = False  # use the time of each rating, test ratings included; the results table says so
    seed: int = 0  # seed of all random draws
    implicit: bool = True  # describe a user also by the items rated, and an item also by its raters
    side_information: bool = False  # describe an item also by its genres and years; the dataset must have them
    likelihoods: tuple[Likelihood, ...] = ("regression",)  # of each chain in turn; probit: ratings are ordered levels

    requires: ClassVar[tuple[str, ...]] = ("recbench.models.bayes.kernels", "scipy.special")  # the first compiles
    removed_options: ClassVar[dict[str, str]] = {
        "threads": "chains run side by side on the threads of the run: write threads=2, not model.threads=2"
    }

    def fit(self, train: RatingDataset, valid: RatingDataset | None = None) -> Self:
        """Learn the kept samples: `user_samples_`, `item_samples_` and `noise_samples_`, one array per chain.

        They are (n_users, n_kept, 1 + n_factors), (n_items, n_kept, 1 + n_factors), the bias first, and
        (n_users, n_kept), standard deviations, all in units of `scale_`, the ratings' standard deviation.

        Raises:
            ValueError: `train` has no ratings, an option is out of range, or `train` lacks the timestamps, genres
                and years, or ordered levels that an option needs.
        """
        self._check_options()
        ratings = sort_ratings(train, by_time=self.uses_time)
        self.global_mean_ = ratings.mean
        self.scale_ = ratings.scale
        probit = "probit" in self._likelihoods()
        self.levels_: FloatArray = levels_of(ratings.ratings, ratings.name)[0] if probit else np.zeros(0)
        self.calendar_: tuple[IntArray, ...] = ratings.calendar.arrays() if ratings.calendar else ()
        item_table = item_features(train) if self.side_information else None
        self._set_samples([chain.samples for chain in self._sample(ratings, item_table)])
        return self

    def predict(self, user_idx: IntArray, item_idx: IntArray) -> FloatArray:
        """Return the posterior mean of each rating; with `uses_time`, at the user's mean time effects."""
        return self._moments(user_idx, item_idx)[:, 0]

    def predict_at(self, user_idx: IntArray, item_idx: IntArray, timestamps: IntArray) -> FloatArray:
        """Return the posterior mean of each rating, given at these times (seconds since 1970)."""
        return self._moments(user_idx, item_idx, self._time_effects(user_idx, timestamps))[:, 0]

    def predict_std(self, user_idx: IntArray, item_idx: IntArray) -> FloatArray:
        """Return the posterior predictive standard deviation of each rating: uncertainty of its mean, and noise."""
        return _standard_deviation(self._moments(user_idx, item_idx))

    def predict_std_at(self, user_idx: IntArray, item_idx: IntArray, timestamps: IntArray) -> FloatArray:
        """Return the posterior predictive standard deviation of each rating, given at these times."""
        return _standard_deviation(self._moments(user_idx, item_idx, self._time_effects(user_idx, timestamps)))

    def _check_options(self) -> None:
        """Check that options which the command line does not check have values that make sense."""
        if self.noise not in get_args(Noise):
            raise ValueError(f"unknown noise {self.noise!r}; choose one of {list(get_args(Noise))}")
        if not self.likelihoods or set(self.likelihoods) - set(get_args(Likelihood)):
            choices = list(get_args(Likelihood))
            raise ValueError(f"likelihoods are {list(self.likelihoods)!r}; choose at least one of {choices}")
        for option, lowest in LOWEST.items():
            if getattr(self, option) < lowest:
                raise ValueError(f"{option} is {getattr(self, option)}; it must be at least {lowest}")

    def _likelihoods(self) -> list[Likelihood]:
        """Return the likelihood of each chain."""
        return [self.likelihoods[chain % len(self.likelihoods)] for chain in range(self.n_chains)]

    def _sample(self, ratings: SortedRatings, item_table: FloatArray | None) -> list[Chain]:
        """Run all chains, one sweep of each at a time, so that progress and checkpoints are those of all."""
        n_kept = min(self.n_kept, self.n_samples)
        features = entity_features(ratings.by_user, ratings.by_item, implicit=self.implicit, item_table=item_table)
        options = ChainOptions(self.n_factors, self.noise, n_kept)
        chains = [
            Chain(ratings, features, options, likelihood, seed=(self.seed, number))
            for number, likelihood in enumerate(self._likelihoods())
        ]
        with ThreadPoolExecutor(min(thread_limit(), len(chains))) as pool:
            for sweep in track(range(-self.n_burn_in, self.n_samples), "sweeps"):
                list(pool.map(partial(Chain.sweep, burn_in=sweep < 0), chains))
                n_before = sweep * n_kept // self.n_samples
                n_after = (sweep + 1) * n_kept // self.n_samples
                if 0 <= n_before < n_after:
                    for chain in chains:
                        chain.keep(n_before)
                if n_after and (sweep + 1) % CHECKPOINT == 0:
                    checkpoint(self, sweep + 1, partial(self._predict_from, chains, n_after))
        return chains

    def _predict_from(self, chains: list[Chain], n_kept: int, user_idx: IntArray, item_idx: IntArray) -> FloatArray:
        """Predict from the first `n_kept` samples of each chain."""
        so_far = copy.copy(self)
        so_far._set_samples([chain.samples.first(n_kept) for chain in chains])
        return so_far.predict(user_idx, item_idx)

    def _set_samples(self, chains: Sequence[PosteriorSamples]) -> None:
        self.user_samples_ = tuple(samples.users for samples in chains)
        self.item_samples_ = tuple(samples.items for samples in chains)
        self.noise_samples_ = tuple(samples.noise for samples in chains)
        self.cutpoints_ = tuple(samples.cutpoints for samples in chains)
        self.effect_samples_ = tuple(samples.effects for samples in chains)
        self.variance_samples_ = tuple(samples.variances for samples in chains)
        self.usual_samples_ = tuple(samples.user_effects for samples in chains)

    def _samples(self) -> list[PosteriorSamples]:
        """Return the samples of each chain, as `_set_samples` stored them."""
        of_ratings = (self.user_samples_, self.item_samples_, self.noise_samples_, self.cutpoints_)
        of_times = (self.effect_samples_, self.variance_samples_, self.usual_samples_)
        return [PosteriorSamples(*arrays) for arrays in zip(*of_ratings, *of_times, strict=True)]

    def _time_effects(self, user_idx: IntArray, timestamps: IntArray) -> IntArray:
        """Return the numbers of the time effects of each rating: (n_pairs, n_kinds)."""
        if not getattr(self, "calendar_", ()):
            raise RuntimeError(f"{type(self).__name__} was fitted without timestamps; set uses_time=true and fit it")
        return Calendar(*self.calendar_).effects(user_idx, timestamps)

    def _moments(self, user_idx: IntArray, item_idx: IntArray, effects: IntArray | None = None) -> FloatArray:
        """Return the mean rating and the mean squared rating of each pair over all samples: (n_pairs, 2)."""
        users = checked_index(user_idx, len(self.known_users_))
        items = checked_index(item_idx, len(self.known_items_))
        units = RatingUnits(self.global_mean_, self.scale_, self.levels_)
        chains = list(zip(self._samples(), self._likelihoods(), strict=True))

        def moments(users: Int32Array, items: Int32Array, *effects: IntArray) -> FloatArray:
            by_chain = [rating_moments(samples, kind, units, users, items, *effects) for samples, kind in chains]
            return np.asarray(np.mean(by_chain, axis=0))

        columns = (users, items) if effects is None else (users, items, effects)
        return predict_in_blocks(moments, *columns, block_size=PAIRS_PER_BLOCK)


def _standard_deviation(moments: FloatArray) -> FloatArray:
    """Return √(E r² − (E r)²) of `moments` (n_pairs, 2): E r and E r²."""
    mean, square = moments.T
    return np.asarray(np.sqrt(np.maximum(square - mean**2, 0.0)))
