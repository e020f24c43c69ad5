"""Implicit feedback: what is known of users from the mere fact of what they rated, and of items likewise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from recbench.array_types import FloatArray, IntArray

if TYPE_CHECKING:
    from scipy.sparse import csr_array

N_STEPS = 3  # conjugate gradient steps of a refit: more fit the last sweep's factors, not the ratings


@dataclass(frozen=True, eq=False)
class Implicit:
    """A part of an entity's factors that is a sum over the others it has met.

        z_e = |N(e)|^-½ Σ_{j ∈ N(e)} y_j

    y minimizes Σ_e weight_e |t_e − z_e|² + reg Σ_j |y_j|², t being the factors that are to be met.
    It is a ridge regression with as many features as there are others: a few conjugate gradient steps
    from the previous y serve, which never raise that sum. N(e) is empty and z_e 0 for an entity
    without ratings; what nobody has met keeps y_j = 0.

    Source: Hestenes & Stiefel (1952), "Methods of conjugate gradients for solving linear systems",
    with the diagonal as preconditioner.
    """

    shares: csr_array  # (n_entities, n_others), |N(e)|^-½ where they met
    transposed: csr_array
    weights: FloatArray  # (n_entities, 1)
    reg: float

    @classmethod
    def of(cls, index: IntArray, others: IntArray, shape: tuple[int, int], weights: FloatArray, reg: float) -> Implicit:
        """The implicit part of the entities of `index`, one pair a training row."""
        from scipy.sparse import csr_array

        shares = 1.0 / np.sqrt(np.maximum(np.bincount(index, minlength=shape[0]), 1))
        matrix = csr_array((shares[index], (index, others)), shape=shape)
        return cls(matrix, csr_array(matrix.T), weights[:, None], reg)

    def term(self, parts: FloatArray) -> FloatArray:
        """The sums z, given y: (n_entities, n_factors)."""
        return np.asarray(self.shares @ parts)

    def refit(self, targets: FloatArray, parts: FloatArray) -> FloatArray:
        """A better y for the factors `targets` (n_entities, n_factors), from the previous one."""
        residual = self._back(targets - self.term(parts)) - self.reg * parts
        scale = 1.0 / (self.transposed.power(2) @ self.weights + self.reg)  # (n_others, 1)
        scaled = scale * residual
        direction, size = scaled, _dots(residual, scaled)
        for _ in range(N_STEPS):
            curved = self._back(self.term(direction)) + self.reg * direction
            step = _ratio(size, _dots(direction, curved))
            parts, residual = parts + step * direction, residual - step * curved
            scaled = scale * residual
            previous, size = size, _dots(residual, scaled)
            direction = scaled + _ratio(size, previous) * direction
        return parts

    def _back(self, factors: FloatArray) -> FloatArray:
        """The weighted factors of the entities, summed into the others they have met."""
        return np.asarray(self.transposed @ (self.weights * factors))


def _dots(left: FloatArray, right: FloatArray) -> FloatArray:
    """The product of the two, factor by factor: (n_factors,)."""
    return np.asarray(np.einsum("jf,jf->f", left, right))


def _ratio(over: FloatArray, under: FloatArray) -> FloatArray:
    # a factor whose residual is 0 is solved: it stays as it is
    return np.divide(over, under, out=np.zeros_like(over), where=under > 0)
