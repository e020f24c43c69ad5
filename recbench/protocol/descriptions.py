"""Descriptions in a record: the data, the split and the software behind a result."""

from __future__ import annotations

import hashlib
import platform
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import numpy as np

from recbench.contracts import Fold, RatingDataset
from recbench.runtime.metering import processor


def describe(dataset: RatingDataset) -> dict[str, Any]:
    """Return the size, the rating scale and the digest of a dataset."""
    return {
        "n_users": dataset.n_users,
        "n_items": dataset.n_items,
        "n_ratings": dataset.n_ratings,
        "rating_scale": list(dataset.rating_scale),
        "digest": dataset.digest,
    }


def split_digest(folds: Sequence[Fold]) -> str:
    """Return the SHA-256 over the training and test rows of all folds."""
    content = hashlib.sha256()
    for rows in (rows for fold in folds for rows in fold):
        content.update(len(rows).to_bytes(8, "little") + np.asarray(rows, np.int64).tobytes())
    return content.hexdigest()


def versions() -> dict[str, str]:
    """Return the versions of Python, recbench and the loaded numerical packages, and the processor's name."""
    loaded = [name for name in ("numpy", "scipy", "numba", "tensorflow") if name in sys.modules]
    packages = {name: version(name) for name in ("recbench", *loaded)}
    return {"python": platform.python_version()} | packages | {"processor": processor()}


def now() -> str:
    """Return the current date and time: ISO 8601, UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")
