"""The penalty of factor models: reg_bias (Σ b_u² + Σ b_i²) + reg (Σ n_u^ρ |p_u|² + Σ n_i^ρ |q_i|²)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from recbench.array_types import FloatArray, IntArray


class Penalty(NamedTuple):
    """Weights of the squared biases and factors in what a factor model minimizes."""

    reg: float
    exponent: float  # ρ: 0 gives everyone the same penalty, 1 one in proportion to the number of ratings
    reg_bias: float

    def of_factors(self, n_ratings: IntArray) -> FloatArray:
        """Return reg n^ρ for entities with n ratings, (n_entities,); without ratings as if it were one."""
        return self.reg * np.maximum(n_ratings, 1) ** self.exponent

    def of_coefficients(self, n_ratings: IntArray, n_factors: int) -> FloatArray:
        """Return the penalty of each entity's bias and factors, (n_entities, 1 + n_factors), the bias first."""
        penalty = np.full((len(n_ratings), 1 + n_factors), float(self.reg_bias))
        penalty[:, 1:] = self.of_factors(n_ratings)[:, None]
        return penalty
