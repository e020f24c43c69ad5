"""Predictions to compare, with a known difference."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from hypothesis import settings

from recbench.array_types import FloatArray

Ints = npt.NDArray[np.int64]
Comparison = tuple[FloatArray, FloatArray, FloatArray, Ints]
some = settings(deadline=None, max_examples=60)


def simulated(seed: int, n_users: int = 60, better_by: float = 0.1) -> Comparison:
    """Return ratings of 0 and errors correlated within users: RMSE sqrt(2) for `b`, (1 - better_by) sqrt(2) for `a`."""
    rng = np.random.default_rng(seed)
    users = np.repeat(np.arange(n_users), 8)
    errors = rng.normal(size=(2, n_users))[:, users] + rng.normal(size=(2, len(users)))
    return np.zeros(len(users)), (1 - better_by) * errors[0], errors[1], users
