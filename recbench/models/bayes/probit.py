"""The ordered probit likelihood: ratings are levels, cut out of a latent normal variable.

    z_ui ~ N(r̂_ui, 1/α_u),   r_ui = level l  where  c_l < z_ui ≤ c_{l+1},   c_0 = −∞, c_L = ∞
    P(r_ui = level l) = Φ((c_{l+1} − r̂_ui) √α_u) − Φ((c_l − r̂_ui) √α_u)

A sweep draws the cutpoints c with z integrated out, then z. In the burn-in, c moves by Newton steps toward the
maximum of the likelihood; after it, by a Metropolis random walk, whose proposals have the covariance that the last
Newton step found.

Sources: Albert & Chib (1993), "Bayesian analysis of binary and polychotomous response data", JASA;
Cowles (1996), "Accelerating Monte Carlo Markov chain convergence for cumulative-link generalized
linear models", Statistics and Computing 6.
"""

from __future__ import annotations

import numpy as np

from recbench.array_types import Float64Array, FloatArray, IntArray

TINY = 1e-300  # replaces probabilities that underflow, so that their logarithm is finite
MOST_LEVELS = 50  # more distinct ratings are treated as a mistake: each level needs ratings of its own
RANDOM_WALK = 2.4  # times the posterior's deviation / √dimension: the most efficient step for a normal posterior


class Cutpoints:
    """The current cutpoints of one chain."""

    def __init__(self, level: IntArray, n_levels: int) -> None:
        """Start where a standard normal variable has the levels in the proportions of the ratings."""
        from scipy.special import ndtri

        self.level = level
        shares = np.cumsum(np.bincount(level, minlength=n_levels)[:-1]) / len(level)
        self.inner: Float64Array = ndtri(shares)  # (n_levels − 1,)
        self._steps: Float64Array = np.zeros((n_levels - 1, n_levels - 1))

    def newton_step(self, predicted: FloatArray, roots: FloatArray) -> None:
        """Take one Newton step toward the maximum likelihood, and set the covariance of later proposals.

        `predicted` are r̂ and `roots` √α_u, (n_ratings,) each, here and below.
        """
        slope, information = self._derivatives(predicted, roots)
        covariance = np.linalg.inv(information)
        self._steps = np.linalg.cholesky(covariance) * RANDOM_WALK / np.sqrt(max(len(slope), 1))
        self._accept(self.inner + covariance @ slope, predicted, roots, threshold=0.0)

    def metropolis_step(self, predicted: FloatArray, roots: FloatArray, random: np.random.Generator) -> None:
        """Draw the cutpoints by one Metropolis step of the random walk."""
        proposed = self.inner + self._steps @ random.standard_normal(len(self.inner))
        self._accept(proposed, predicted, roots, threshold=float(np.log(random.random())))

    def draw_latent(self, predicted: FloatArray, roots: FloatArray, random: np.random.Generator) -> Float64Array:
        """Draw z of every rating from its normal distribution, truncated to lie between its cutpoints."""
        from scipy.special import ndtr, ndtri

        low, high = self._bounds(self.inner, predicted, roots)
        upper = low > -high  # mirrored into the lower tail, where Φ keeps its relative precision
        low, high = np.where(upper, -high, low), np.where(upper, -low, high)
        below = ndtr(low)
        uniform = below + random.random(len(low)) * (ndtr(high) - below)
        deviation = np.clip(ndtri(np.maximum(uniform, TINY)), low, high)
        return np.asarray(predicted + np.where(upper, -deviation, deviation) / roots)

    def _accept(self, proposed: Float64Array, predicted: FloatArray, roots: FloatArray, threshold: float) -> None:
        """Move to the proposed cutpoints if they ascend and the log-likelihood gains at least `threshold`."""
        if np.all(np.diff(proposed) > 0):
            gain = self._log_likelihood(proposed, predicted, roots) - self._log_likelihood(self.inner, predicted, roots)
            if gain >= threshold:
                self.inner = proposed

    def _bounds(
        self, inner: Float64Array, predicted: FloatArray, roots: FloatArray
    ) -> tuple[Float64Array, Float64Array]:
        """Return the standardized cutpoints below and above each rating's z."""
        cuts = np.concatenate([[-np.inf], inner, [np.inf]])
        return (cuts[self.level] - predicted) * roots, (cuts[self.level + 1] - predicted) * roots

    def _log_likelihood(self, inner: Float64Array, predicted: FloatArray, roots: FloatArray) -> float:
        return float(np.sum(np.log(_mass(*self._bounds(inner, predicted, roots)))))

    def _derivatives(self, predicted: FloatArray, roots: FloatArray) -> tuple[Float64Array, Float64Array]:
        """Return the slope g of the log-likelihood in each inner cutpoint, and the information Σ g g' over ratings."""
        low, high = self._bounds(self.inner, predicted, roots)
        scale = roots / _mass(low, high) / np.sqrt(2 * np.pi)
        at_low = scale * np.exp(-(low**2) / 2)
        at_high = scale * np.exp(-(high**2) / 2)
        n_levels = len(self.inner) + 1

        def by_level(values: Float64Array) -> Float64Array:
            return np.asarray(np.bincount(self.level, values, minlength=n_levels), np.float64)

        slope = by_level(at_high)[:-1] - by_level(at_low)[1:]
        information = np.diag(by_level(at_high**2)[:-1] + by_level(at_low**2)[1:])
        between = by_level(at_high * at_low)[1:-1]
        beside = np.arange(len(between))
        information[beside, beside + 1] = information[beside + 1, beside] = -between
        return slope, information


def expected(
    scores: FloatArray, cutpoints: FloatArray, deviations: FloatArray, levels: FloatArray
) -> tuple[Float64Array, Float64Array]:
    """Return the mean rating and the mean squared rating of each pair over the samples: (n_pairs,) each.

    `scores` and `deviations` are (n_pairs, n_kept), `cutpoints` (n_kept, n_levels − 1), `levels` (n_levels,).

        E r = level_L − Σ_l (level_{l+1} − level_l) P(z ≤ c_{l+1}),   the same with squared levels
    """
    from scipy.special import ndtr

    mean = np.full(len(scores), levels[-1])
    square = np.full(len(scores), levels[-1] ** 2)
    for cut, step, square_step in zip(cutpoints.T, np.diff(levels), np.diff(levels**2), strict=True):
        below = ndtr((cut - scores) / deviations).mean(axis=1)
        mean -= step * below
        square -= square_step * below
    return mean, square


def levels_of(ratings: FloatArray, name: str) -> tuple[FloatArray, IntArray]:
    """Return the distinct ratings, ascending (n_levels,), and the number of each rating's level (n_ratings,).

    Raises:
        ValueError: `ratings` has more than `MOST_LEVELS` distinct values; the message names the dataset, `name`.
    """
    levels, level = np.unique(ratings, return_inverse=True)
    if len(levels) > MOST_LEVELS:
        raise ValueError(
            f"likelihood 'probit' on {len(levels):,} distinct ratings of {name!r}; it takes at most {MOST_LEVELS}; "
            f"choose 'regression'"
        )
    return levels.astype(np.float64), level


def _mass(low: Float64Array, high: Float64Array) -> Float64Array:
    """Return Φ(high) − Φ(low), computed in the tail where it keeps its relative precision, and never 0."""
    from scipy.special import ndtr

    upper = low > -high
    mass = ndtr(np.where(upper, -low, high)) - ndtr(np.where(upper, -high, low))
    return np.asarray(np.maximum(mass, TINY), np.float64)
