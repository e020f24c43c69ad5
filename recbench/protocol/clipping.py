"""Predictions before they are scored: checked to be finite, and clipped to the rating scale."""

from __future__ import annotations

import numpy as np

from recbench.array_types import Float32Array, FloatArray, IntArray


def clip_to_scale(predicted: FloatArray, rating_scale: tuple[float, float]) -> Float32Array:
    """Return the predictions, clipped to the rating scale, in single precision.

    Stored predictions have single precision, too, so scores computed from them later are the same.
    """
    clipped: Float32Array = predicted.clip(*rating_scale).astype(np.float32)
    return clipped


def check_finite(values: FloatArray, users: IntArray, items: IntArray, subject: str) -> FloatArray:
    """Return `values` after checking that there is one finite value per pair.

    `subject` begins the error message: `model MF predicted`.

    Raises:
        ValueError: a value is missing or not finite.
    """
    if values.shape != users.shape:
        raise ValueError(f"{subject} shape {values.shape} for {len(users)} pairs; give one number per pair")
    bad = np.flatnonzero(~np.isfinite(values))
    if len(bad):
        first = f"first for user_idx {users[bad[0]]}, item_idx {items[bad[0]]}"
        raise ValueError(f"{subject} {len(bad):,} values that are not finite (of {len(users):,}), {first}")
    return values
