"""The Gibbs sampler of the Bayesian models: factorization machines of two blocks, the users' and the items'.

A block's rows (users, say) have features in groups: their own id, the items that they rated, ... A
feature j has coefficients T_j = (w_j, v_j), and in each group and coordinate f

    T_jf ~ N(m_f, 1/λ_f),   m_f ~ N(0, 1/λ_f),   λ_f ~ Gamma(1/2, rate 1/2)

A sweep draws every group's (m, λ), then its coefficients, feature by feature, each from its exact
conditional distribution. The noise of a rating is normal with a precision of the user's own:

    α_u ~ Gamma(ν/2, rate (ντ + ε)/2),   or one α ~ Gamma(1/2, rate 1/2) for all

Of τ, where the users' noise variances lie, nothing is known: p(α, τ) ∝ τ^(νn/2) Π_u α_u^(ν/2−1) exp(−(ντ + ε) α_u / 2).

Sources: Salakhutdinov & Mnih (2008), "Bayesian probabilistic matrix factorization using MCMC", ICML;
Rendle (2012), "Factorization machines with libFM", ACM TIST 3(3), for the groups; Rendle (2013),
"Scaling factorization machines to relational data", VLDB, for the blocks; Lakshminarayanan, Bouchard &
Archambeau (2011), "Robust Bayesian matrix factorisation", AISTATS, for the users' precisions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from recbench.array_types import Float32Array, Float64Array, IntArray
from recbench.models.bayes.kernel_arrays import Features, NormalEquations, Prior, RatingRows

Noise = Literal["user", "common"]
START_SCALE = 0.1  # standard deviation of the factors before the first sweep
NOISE_STRENGTH = 5.0  # ν: how many ratings the prior of a user's noise counts for; 3 to 20 serve as well
NOISE_FLOOR = 0.1  # ε: squared error that each user is sure to have, or ratings without noise have no posterior


@dataclass(frozen=True, eq=False)
class Group:
    """Features that share a prior, and their coefficients."""

    features: Features
    coefficients: Float32Array  # (n_features, 1 + n_factors), the weight first

    def draw_prior(self, random: np.random.Generator) -> Prior:
        """Mean and precision of each coordinate, given the coefficients."""
        n, mean = len(self.coefficients), self.coefficients.mean(axis=0, dtype=np.float64)
        squares = np.sum((self.coefficients - mean) ** 2, axis=0) + n * mean**2 / (n + 1)
        precision = random.gamma((1 + n) / 2, 2 / (1 + squares))
        drawn = n * mean / (n + 1) + random.standard_normal(len(mean)) / np.sqrt(precision * (n + 1))
        return Prior(drawn.astype(np.float32), precision.astype(np.float32))


class Block:
    """The users, or the items: whom they rated, what they are made of, and where they stand now."""

    def __init__(self, ratings: RatingRows, groups: tuple[Group, ...]) -> None:
        """Start from the groups' coefficients."""
        self.ratings, self.groups = ratings, groups
        n_rows, width = len(ratings.starts) - 1, groups[0].coefficients.shape[1]
        self.vectors = combined(groups, n_rows)  # (n_rows, width)
        self._gram = np.empty((n_rows, width, width), np.float32)
        self._moment = np.empty((n_rows, width), np.float32)

    def draw(self, other: Block, errors: Float32Array, precisions: Float32Array, random: np.random.Generator) -> None:
        """Draw everything that the rows are made of; `errors` and `precisions` are in the order of `ratings`."""
        from recbench.models.bayes import kernels

        kernels.gather(self.ratings, errors, precisions, other.vectors, self._gram, self._moment)
        for group in self.groups:
            prior = group.draw_prior(random)
            normals = random.standard_normal(group.coefficients.shape, dtype=np.float32)
            equations = NormalEquations(self._gram, self._moment, self.vectors)
            kernels.draw_coefficients(group.features, group.coefficients, equations, prior, normals)


def group(features: Features, n_factors: int, random: np.random.Generator) -> Group:
    """A group whose weights start at 0 and whose factors start near it."""
    coefficients = np.zeros((len(features.starts) - 1, 1 + n_factors), np.float32)
    coefficients[:, 1:] = random.normal(0.0, START_SCALE, (len(coefficients), n_factors))
    return Group(features, coefficients)


def identities(n: int) -> Features:
    """One feature for each of `n` rows, with value 1 in that row alone."""
    return Features(np.arange(n + 1), np.arange(n, dtype=np.int32), np.ones(n, np.float32))


def combined(groups: tuple[Group, ...], n_rows: int) -> Float32Array:
    """Each row's vector: Σ_j x_j T_j, and the factors' products within the row added to the bias."""
    linear, squares = np.zeros((n_rows, groups[0].coefficients.shape[1])), np.zeros(n_rows)
    for starts, rows, values, coefficients in ((*each.features, each.coefficients) for each in groups):
        feature = np.repeat(np.arange(len(coefficients)), np.diff(starts))
        for f, column in enumerate(coefficients.T):
            linear[:, f] += np.bincount(rows, values * column[feature], minlength=n_rows)
        lengths = np.sum(coefficients[:, 1:] ** 2, axis=1)
        squares += np.bincount(rows, values**2 * lengths[feature], minlength=n_rows)
    linear[:, 0] += (np.sum(linear[:, 1:] ** 2, axis=1) - squares) / 2
    return linear.astype(np.float32)


def draw_precisions(
    squares: Float64Array,
    counts: IntArray,
    before: Float64Array,
    noise: Noise,
    center: float | None,
    random: np.random.Generator,
) -> Float64Array:
    """Every user's noise precision, given the sum of squared errors, number of ratings and precision before.

    `center` is τ: None draws it, a number is kept.
    """
    n_users, strength = len(squares), NOISE_STRENGTH
    if noise == "common":
        common = random.gamma((1 + counts.sum()) / 2, 2 / (1 + squares.sum()))
        return np.full(n_users, common if center is None else 1 / center)
    if center is None:
        center = random.gamma(1 + n_users * strength / 2, 2 / (strength * before.sum()))
    return random.gamma((strength + counts) / 2, 2 / (strength * center + NOISE_FLOOR + squares))
