"""The ordered probit likelihood: ratings are levels, cut out of a latent normal variable.

    z_ui ~ N(r̂_ui, 1/α_u),   r_ui = level l  where  c_l < z_ui ≤ c_{l+1},   c_0 = −∞, c_L = ∞
    P(r_ui = level l) = Φ((c_{l+1} − r̂_ui) √α_u) − Φ((c_l − r̂_ui) √α_u)

A sweep draws the cutpoints c with z integrated out, by a random walk whose steps have the shape of the
posterior (its scale is settled in the burn-in, where Newton's steps take c to its place), then z.

Sources: Albert & Chib (1993), "Bayesian analysis of binary and polychotomous response data", JASA;
Cowles (1996), "Accelerating Monte Carlo Markov chain convergence for cumulative-link generalized
linear models", Statistics and Computing 6.
"""

from __future__ import annotations

import numpy as np

from recbench.array_types import Float64Array, FloatArray, IntArray

TINY = 1e-300  # stands for a probability too small for a float
MOST_LEVELS = 50  # more distinct ratings are hardly levels


class Cutpoints:
    """Where the latent variable is cut, for the ratings of one chain."""

    def __init__(self, level: IntArray, n_levels: int) -> None:
        """Cut a standard normal variable in the proportions of the levels."""
        from scipy.special import ndtri

        self.level = level
        shares = np.cumsum(np.bincount(level, minlength=n_levels)[:-1]) / len(level)
        self.inner: Float64Array = ndtri(shares)  # (n_levels − 1,)
        self._steps: Float64Array = np.zeros((n_levels - 1, n_levels - 1))

    def settle(self, predicted: FloatArray, roots: FloatArray) -> None:
        """Go to where the ratings are likeliest, by one of Newton's steps, and shape later steps."""
        slope, information = self._derivatives(predicted, roots)
        covariance = np.linalg.inv(information)
        self._steps = np.linalg.cholesky(covariance) * 2.4 / np.sqrt(max(len(slope), 1))
        self._move(self.inner + covariance @ slope, predicted, roots, threshold=0.0)

    def walk(self, predicted: FloatArray, roots: FloatArray, random: np.random.Generator) -> None:
        """Draw the cutpoints: one step of the random walk, accepted or not (Metropolis)."""
        proposed = self.inner + self._steps @ random.standard_normal(len(self.inner))
        self._move(proposed, predicted, roots, threshold=float(np.log(random.random())))

    def latent(self, predicted: FloatArray, roots: FloatArray, random: np.random.Generator) -> Float64Array:
        """Draw z of every rating, between its cutpoints."""
        from scipy.special import ndtr, ndtri

        low, high = self._bounds(self.inner, predicted, roots)
        upper = low > -high  # mirrored into the lower tail, where a float is fine enough
        low, high = np.where(upper, -high, low), np.where(upper, -low, high)
        below = ndtr(low)
        uniform = below + random.random(len(low)) * (ndtr(high) - below)
        deviation = np.clip(ndtri(np.maximum(uniform, TINY)), low, high)
        return np.asarray(predicted + np.where(upper, -deviation, deviation) / roots)

    def _move(self, proposed: Float64Array, predicted: FloatArray, roots: FloatArray, threshold: float) -> None:
        if np.all(np.diff(proposed) > 0):
            gain = self._log_likelihood(proposed, predicted, roots) - self._log_likelihood(self.inner, predicted, roots)
            if gain >= threshold:
                self.inner = proposed

    def _bounds(
        self, inner: Float64Array, predicted: FloatArray, roots: FloatArray
    ) -> tuple[Float64Array, Float64Array]:
        cuts = np.concatenate([[-np.inf], inner, [np.inf]])
        return (cuts[self.level] - predicted) * roots, (cuts[self.level + 1] - predicted) * roots

    def _log_likelihood(self, inner: Float64Array, predicted: FloatArray, roots: FloatArray) -> float:
        return float(np.sum(np.log(_mass(*self._bounds(inner, predicted, roots)))))

    def _derivatives(self, predicted: FloatArray, roots: FloatArray) -> tuple[Float64Array, Float64Array]:
        """Slope of the log-likelihood in each inner cutpoint, and the information Σ slope slope'."""
        low, high = self._bounds(self.inner, predicted, roots)
        scale = roots / _mass(low, high) / np.sqrt(2 * np.pi)
        at_low, at_high = scale * np.exp(-(low**2) / 2), scale * np.exp(-(high**2) / 2)
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
    """Mean rating and mean squared rating of each pair: (n_pairs,) each.

    `scores` and `deviations` are (n_pairs, n_kept), `cutpoints` (n_kept, n_levels − 1), `levels` (n_levels,).

        E r = level_L − Σ_l (level_{l+1} − level_l) P(z ≤ c_{l+1}),   the same with squared levels
    """
    from scipy.special import ndtr

    first, second = np.full(len(scores), levels[-1]), np.full(len(scores), levels[-1] ** 2)
    for cut, step, square_step in zip(cutpoints.T, np.diff(levels), np.diff(levels**2), strict=True):
        below = ndtr((cut - scores) / deviations).mean(axis=1)
        first -= step * below
        second -= square_step * below
    return first, second


def levels_of(ratings: FloatArray, name: str) -> tuple[FloatArray, IntArray]:
    """The distinct ratings, ascending, and which of them each rating is.

    Raises:
        ValueError: there are too many for them to be levels.
    """
    levels, level = np.unique(ratings, return_inverse=True)
    if len(levels) > MOST_LEVELS:
        raise ValueError(
            f"likelihood 'probit' on {len(levels):,} distinct ratings of {name!r}; it needs levels, "
            f"at most {MOST_LEVELS}; choose 'regression'"
        )
    return levels.astype(np.float64), level


def _mass(low: Float64Array, high: Float64Array) -> Float64Array:
    """Φ(high) − Φ(low), taken in the tail where a float is fine enough, and never 0."""
    from scipy.special import ndtr

    upper = low > -high
    mass = ndtr(np.where(upper, -low, high)) - ndtr(np.where(upper, -high, low))
    return np.asarray(np.maximum(mass, TINY), np.float64)
