"""Compiled loops of the Gibbs sampler. This module imports Numba: import it inside functions.

Every user u has a vector t_u = (c_u, a_u), a bias and factors, and so has every item: (d_i, b_i).
A rating is c_u + d_i + a_u · b_i plus noise. For users, with items held fixed, the ratings matter only
through two small sums, with x_i = (1, b_i), errors e and noise precisions α:

    G_u = Σ_i α x_i x_i'        r_u = Σ_i α x_i e_ui

The coefficients of the user's features j, of which t_u is made, are drawn from G_u and r_u alone, without
another pass over the ratings: t_u = Σ_j x_uj (w_j, v_j) + (½ Σ_{j≠l} x_uj x_ul v_j · v_l, 0). The same holds
for items.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numba import float32, int32, int64, void

from recbench.array_types import Float32Array, Int32Array
from recbench.models.bayes.kernel_arrays import Features, NormalEquations, Prior, RatingRows
from recbench.models.numba_compile import compiled

# a pivot below this share of its diagonal element is rounding error (float32 has 7 digits), so it is raised to it
ROUNDING = np.float32(1e-6)

types: Any = numba.types  # Numba has no type hints
_table, _vector, _tables = float32[:, ::1], float32[::1], float32[:, :, ::1]
_ratings = types.NamedTuple((int64[::1], int32[::1]), RatingRows)
_features = types.NamedTuple((int64[::1], int32[::1], float32[::1]), Features)
_equations = types.NamedTuple((_tables, _table, _table), NormalEquations)
_prior = types.NamedUniTuple(_vector, 2, Prior)
_samples = types.Array(float32, 3, "C", readonly=True)
_indices = types.Array(int32, 1, "C", readonly=True)


@compiled(void(_ratings, _vector, _table, _table, _vector))
def residuals(
    ratings: RatingRows, targets: Float32Array, own: Float32Array, other: Float32Array, errors: Float32Array
) -> None:
    """Set `errors` to target − c_u − d_i − a_u · b_i of each rating; `own` are the rows' vectors."""
    starts, others = ratings
    for row in range(len(own)):
        for at in range(starts[row], starts[row + 1]):
            x, t = other[others[at]], own[row]
            predicted = x[0] + t[0]
            for f in range(1, len(t)):
                predicted += t[f] * x[f]
            errors[at] = targets[at] - predicted


@compiled(void(_ratings, _vector, _vector, _table, _tables, _table))
def gather(
    ratings: RatingRows,
    errors: Float32Array,
    precisions: Float32Array,
    other: Float32Array,
    gram: Float32Array,
    moment: Float32Array,
) -> None:
    """Set G and r of each row to the sums over its ratings."""
    starts, others = ratings
    x = np.empty(other.shape[1], np.float32)
    for row in range(len(gram)):
        g, r = gram[row], moment[row]
        g[:] = 0.0
        r[:] = 0.0
        for at in range(starts[row], starts[row + 1]):
            x[:] = other[others[at]]
            x[0] = 1.0
            error, precision = errors[at], precisions[at]
            for f in range(len(x)):
                weighted = precision * x[f]
                r[f] += weighted * error
                for h in range(len(x)):
                    g[f, h] += weighted * x[h]


@compiled(void(_table, _vector, _vector, _vector))
def draw(precision: Float32Array, moment: Float32Array, normals: Float32Array, drawn: Float32Array) -> None:
    """Draw from the normal distribution with mean P⁻¹ m and covariance P⁻¹; overwrites P and m.

    With the Cholesky factorization P = U'U, the draw is U⁻¹ (U'⁻¹ m + z), z standard normal.
    """
    n, upper = len(moment), precision
    for f in range(n):
        drawn[f] = ROUNDING * upper[f, f]
    for f in range(n):
        scale = np.float32(1.0) / np.sqrt(max(upper[f, f], drawn[f]))
        for h in range(f, n):
            upper[f, h] *= scale
        for i in range(f + 1, n):
            for h in range(i, n):
                upper[i, h] -= upper[f, i] * upper[f, h]
        moment[f] *= scale
        for h in range(f + 1, n):
            moment[h] -= moment[f] * upper[f, h]
    for f in range(n - 1, -1, -1):
        total = moment[f] + normals[f]
        for h in range(f + 1, n):
            total -= upper[f, h] * drawn[h]
        drawn[f] = total / upper[f, f]


@compiled(void(_features, int64, _vector, _equations, _table, _vector))
def _condition(
    features: Features,
    feature: int,
    own: Float32Array,
    equations: NormalEquations,
    precision: Float32Array,
    slope: Float32Array,
) -> None:
    """Add the ratings' terms to the precision and slope of the change of one feature's coefficients.

    A change δ of (w_j, v_j) moves t_u by J δ = x (δ + (g · δ, 0)), where g = (0, a_u − x v_j) is the sum of the
    row's other features. Summed over the rows, with H = G_00 g / 2 + G_0, are J' r = x (r + r_0 g) and

        J' G J = x² (G + H g' + g H') = M + M',   M = x² (G / 2 + H g')
    """
    starts, rows, values = features
    gram, moment, vectors = equations
    n = len(own)
    g, total = np.zeros(n, np.float32), np.zeros((n, n), np.float32)
    for at in range(starts[feature], starts[feature + 1]):
        row, x = rows[at], values[at]
        G, r, t, square = gram[row], moment[row], vectors[row], x * x
        for f in range(1, n):
            g[f] = t[f] - x * own[f]
        for f in range(n):
            slope[f] += x * (r[f] + r[0] * g[f])
            H = square * (np.float32(0.5) * G[0, 0] * g[f] + G[0, f])
            for h in range(n):
                total[f, h] += np.float32(0.5) * square * G[f, h] + H * g[h]
    precision += total + total.T


@compiled(void(_features, _table, _equations, _prior, _table))
def draw_coefficients(
    features: Features, coefficients: Float32Array, equations: NormalEquations, prior: Prior, normals: Float32Array
) -> None:
    """Draw every feature's coefficients given all else, and update the rows' vectors and r after each draw."""
    starts, rows, values = features
    gram, moment, vectors = equations
    n = coefficients.shape[1]
    precision = np.empty((n, n), np.float32)
    slope, change, step = np.empty(n, np.float32), np.empty(n, np.float32), np.empty(n, np.float32)
    for feature in range(len(coefficients)):
        own = coefficients[feature]
        precision[:] = 0.0
        for f in range(n):
            precision[f, f] = prior.precision[f]
            slope[f] = prior.precision[f] * (prior.mean[f] - own[f])
        _condition(features, feature, own, equations, precision, slope)
        draw(precision, slope, normals[feature], change)
        for at in range(starts[feature], starts[feature + 1]):
            row, x = rows[at], values[at]
            G, r, t = gram[row], moment[row], vectors[row]
            step[0] = x * change[0]
            for f in range(1, n):
                step[0] += x * change[f] * (t[f] - x * own[f])
                step[f] = x * change[f]
            for f in range(n):
                t[f] += step[f]
                lost = np.float32(0.0)
                for h in range(n):
                    lost += G[f, h] * step[h]
                r[f] -= lost
        for f in range(n):
            own[f] += change[f]


@compiled(void(_samples, _samples, _indices, _indices, _table))
def score(
    of_users: Float32Array, of_items: Float32Array, user_idx: Int32Array, item_idx: Int32Array, scores: Float32Array
) -> None:
    """Set `scores` to c_u + d_i + a_u · b_i of each pair in each sample: (n_pairs, n_kept)."""
    for pair in range(len(user_idx)):
        t, x = of_users[user_idx[pair]], of_items[item_idx[pair]]
        for sample in range(t.shape[0]):
            total = t[sample, 0] + x[sample, 0]
            for f in range(1, t.shape[1]):
                total += t[sample, f] * x[sample, f]
            scores[pair, sample] = total
