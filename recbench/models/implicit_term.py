"""Implicit feedback: a part of users' factors that depends only on which items they rated, or of items' factors.

    z_e = |N(e)|^-½ Σ_{j ∈ N(e)} y_j

N(e) is what entity e has ratings with; y is refitted after each half sweep of the factor models that use it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from recbench.array_types import FloatArray, IntArray

if TYPE_CHECKING:
    from scipy.sparse import csr_array

N_STEPS = 3  # conjugate gradient steps per refit: more would fit the last sweep's factors, not the ratings


@dataclass(frozen=True, eq=False)
class Implicit:
    """A part of an entity's factors that is a sum over the other entities it has ratings with.

        z_e = |N(e)|^-½ Σ_{j ∈ N(e)} y_j

    y minimizes Σ_e weight_e |t_e − z_e|² + reg Σ_j |y_j|², where t are the target factors. This is
    a ridge regression with as many features as there are others: a few conjugate gradient steps from
    the previous y suffice, and never increase that sum. An entity without ratings has empty N(e) and
    z_e = 0; an other without ratings keeps y_j = 0.

    Source: Hestenes & Stiefel (1952), "Methods of conjugate gradients for solving linear systems",
    with the diagonal as preconditioner.
    """

    shares: csr_array  # (n_entities, n_others) |N(e)|^-½ where there is a rating
    transposed: csr_array  # (n_others, n_entities)
    weights: FloatArray  # (n_entities, 1)
    reg: float

    @classmethod
    def of(cls, index: IntArray, others: IntArray, shape: tuple[int, int], weights: FloatArray, reg: float) -> Implicit:
        """Return the implicit part of `shape[0]` entities; `index` and `others` (n_ratings,) are the training pairs."""
        from scipy.sparse import csr_array

        shares = 1.0 / np.sqrt(np.maximum(np.bincount(index, minlength=shape[0]), 1))
        matrix = csr_array((shares[index], (index, others)), shape=shape)
        return cls(matrix, csr_array(matrix.T), weights[:, None], reg)

    def term(self, parts: FloatArray) -> FloatArray:
        """Return the sums z, (n_entities, n_factors), given y, (n_others, n_factors)."""
        return np.asarray(self.shares @ parts)

    def refit(self, targets: FloatArray, parts: FloatArray) -> FloatArray:
        """Return a better y, (n_others, n_factors), than `parts` for the factors `targets`, (n_entities, n_factors)."""
        residual = self._back(targets - self.term(parts)) - self.reg * parts
        scale = 1.0 / (self.transposed.power(2) @ self.weights + self.reg)  # (n_others, 1)
        scaled = scale * residual
        direction = scaled
        size = _dots(residual, scaled)
        for _ in range(N_STEPS):
            curved = self._back(self.term(direction)) + self.reg * direction
            step = _ratio(size, _dots(direction, curved))
            parts = parts + step * direction
            residual = residual - step * curved
            scaled = scale * residual
            previous = size
            size = _dots(residual, scaled)
            direction = scaled + _ratio(size, previous) * direction
        return parts

    def _back(self, factors: FloatArray) -> FloatArray:
        """Return the weighted factors of the entities, summed over those with a rating of each other one."""
        return np.asarray(self.transposed @ (self.weights * factors))


def _dots(left: FloatArray, right: FloatArray) -> FloatArray:
    """Return the product of the two, factor by factor, (n_factors,)."""
    return np.asarray(np.einsum("jf,jf->f", left, right))


def _ratio(over: FloatArray, under: FloatArray) -> FloatArray:
    # a factor whose residual is 0 is solved: it does not change
    return np.divide(over, under, out=np.zeros_like(over), where=under > 0)
