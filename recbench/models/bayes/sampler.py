"""The Gibbs sampler of the Bayesian models: factorization machines of two blocks, the users' and the items'.

The rows of a block (the users, say) have features in groups: the user itself, the items that the user rated, …
Feature j has coefficients T_j = (w_j, v_j), and in each group and coordinate f

    T_jf ~ N(m_f, 1/λ_f),   m_f ~ N(0, 1/λ_f),   λ_f ~ Gamma(1/2, rate 1/2)

A sweep draws the (m, λ) of every group, then its coefficients, feature by feature, each from its exact
conditional distribution. The noise of a rating is normal with the user's own precision, or with a common one:

    α_u ~ Gamma(ν/2, rate (ντ + ε)/2),   or one α ~ Gamma(1/2, rate 1/2) for all

τ, the typical noise variance, has an uninformative prior: p(α, τ) ∝ τ^(νn/2) Π_u α_u^(ν/2−1) exp(−(ντ + ε) α_u / 2).

Sources: Salakhutdinov & Mnih (2008), "Bayesian probabilistic matrix factorization using MCMC", ICML;
Rendle (2012), "Factorization machines with libFM", ACM TIST 3(3), for the groups; Rendle (2013),
"Scaling factorization machines to relational data", VLDB, for the blocks; Lakshminarayanan, Bouchard &
Archambeau (2011), "Robust Bayesian matrix factorisation", AISTATS, for the users' precisions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from recbench.array_types import Float32Array, Float64Array, IntArray
from recbench.models.bayes.kernel_arrays import Features, NormalEquations, Prior, RatingRows

Noise = Literal["user", "common"]
START_SCALE = 0.1  # standard deviation of the factors before the first sweep
NOISE_STRENGTH = 5.0  # ν: the prior of a user's noise counts as many ratings; 3 to 20 give the same accuracy
NOISE_FLOOR = 0.1  # ε: squared error added to each user's, without which noise-free ratings have no posterior


@dataclass(frozen=True, eq=False)
class Group:
    """Features with a common prior, and their current coefficients."""

    features: Features
    coefficients: Float32Array  # (n_features, 1 + n_factors), the weight first

    def draw_prior(self, random: np.random.Generator) -> Prior:
        """Draw the mean m and precision λ of each coordinate, given the coefficients."""
        n = len(self.coefficients)
        mean = self.coefficients.mean(axis=0, dtype=np.float64)
        squares = np.sum((self.coefficients - mean) ** 2, axis=0) + n * mean**2 / (n + 1)
        precision = random.gamma((1 + n) / 2, 2 / (1 + squares))
        drawn = n * mean / (n + 1) + random.standard_normal(len(mean)) / np.sqrt(precision * (n + 1))
        return Prior(drawn.astype(np.float32), precision.astype(np.float32))


class EntityBlock:
    """The users, or the items: their ratings, their groups of features, and their current vectors."""

    def __init__(self, ratings: RatingRows, groups: Sequence[Group]) -> None:
        """Start from the groups' coefficients."""
        self.ratings = ratings
        self.groups = groups
        n_rows = len(ratings.starts) - 1
        width = groups[0].coefficients.shape[1]
        self.vectors = combined(groups, n_rows)  # (n_rows, width)
        self._gram = np.empty((n_rows, width, width), np.float32)
        self._moment = np.empty((n_rows, width), np.float32)

    def draw(
        self, other: EntityBlock, errors: Float32Array, precisions: Float32Array, random: np.random.Generator
    ) -> None:
        """Draw the coefficients of all groups; `errors` and `precisions` are in the order of `ratings`."""
        from recbench.models.bayes.kernels import draw_coefficients, gather

        gather(self.ratings, errors, precisions, other.vectors, self._gram, self._moment)
        for group in self.groups:
            prior = group.draw_prior(random)
            normals = random.standard_normal(group.coefficients.shape, dtype=np.float32)
            equations = NormalEquations(self._gram, self._moment, self.vectors)
            draw_coefficients(group.features, group.coefficients, equations, prior, normals)


def new_group(features: Features, n_factors: int, random: np.random.Generator) -> Group:
    """Return a group whose weights start at 0 and whose factors start near 0."""
    coefficients = np.zeros((len(features.starts) - 1, 1 + n_factors), np.float32)
    coefficients[:, 1:] = random.normal(0.0, START_SCALE, (len(coefficients), n_factors))
    return Group(features, coefficients)


def combined(groups: Sequence[Group], n_rows: int) -> Float32Array:
    """Return each row's vector t = Σ_j x_j T_j + (½ Σ_{j≠l} x_j x_l v_j · v_l, 0): (n_rows, 1 + n_factors).

    The second sum is |Σ_j x_j v_j|² − Σ_j x_j² |v_j|².
    """
    linear = np.zeros((n_rows, groups[0].coefficients.shape[1]))
    squares = np.zeros(n_rows)
    for group in groups:
        starts, rows, values = group.features
        feature = np.repeat(np.arange(len(group.coefficients)), np.diff(starts))
        for f, column in enumerate(group.coefficients.T):
            linear[:, f] += np.bincount(rows, values * column[feature], minlength=n_rows)
        lengths = np.sum(group.coefficients[:, 1:] ** 2, axis=1)
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
    """Draw the noise precision α_u of each user's ratings: (n_users,).

    `squares` are each user's sums of squared errors, `counts` numbers of ratings, `before` the current precisions.
    `center` is τ, the typical noise variance: None draws it, a number fixes it.
    """
    n_users = len(squares)
    if noise == "common":
        common = random.gamma((1 + counts.sum()) / 2, 2 / (1 + squares.sum()))
        return np.full(n_users, common if center is None else 1 / center)
    if center is None:
        center = random.gamma(1 + n_users * NOISE_STRENGTH / 2, 2 / (NOISE_STRENGTH * before.sum()))
    return random.gamma((NOISE_STRENGTH + counts) / 2, 2 / (NOISE_STRENGTH * center + NOISE_FLOOR + squares))
