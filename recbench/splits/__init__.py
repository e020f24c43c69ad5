"""Splits: which rows are the training set and which the test set, as row numbers.

A split is any callable that yields folds. A split that is not random (by time, or of new users or items) also has a
method `validation_split(valid_size, seed)`, which returns the split that cuts validation sets from the training set.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping

from recbench.contracts import Split
from recbench.hookspecs import hookimpl
from recbench.splits.cold_start import ColdItems, ColdUsers
from recbench.splits.random_splits import FixedFolds, Holdout, KFold, RepeatedHoldout
from recbench.splits.temporal import GlobalTime, PerUserLast

__all__ = [
    "ColdItems",
    "ColdUsers",
    "FixedFolds",
    "GlobalTime",
    "Holdout",
    "KFold",
    "PerUserLast",
    "RepeatedHoldout",
    "asks_own_question",
    "register_splits",
    "validation_split",
]

VALID_SIZE = 0.1  # share of a training set that a validation set is, where nothing else is asked for


def validation_split(split: Split, valid_size: float, seed: int) -> Split:
    """Return the split that cuts a validation set from a training set: the split's own, else rows at random."""
    own = _own_validation_split(split)
    return Holdout(valid_size, seed) if own is None else own(valid_size, seed)


def asks_own_question(split: Split) -> bool:
    """Return whether the split cuts validation sets in its own way, not at random."""
    return _own_validation_split(split) is not None


def _own_validation_split(split: Split) -> Callable[[float, int], Split] | None:
    own: Callable[[float, int], Split] | None = getattr(split, "validation_split", None)
    if own is None and (own := getattr(split, "inner", None)) is not None:
        warnings.warn(
            f"{type(split).__name__}.inner is now called validation_split; rename it: version 0.3 no longer calls it",
            DeprecationWarning,
            stacklevel=3,
        )
    return own


@hookimpl
def register_splits() -> Mapping[str, Callable[..., Split]]:
    """Return the built-in splits by name."""
    return {
        "holdout": Holdout,
        "k_fold": KFold,
        "fixed_folds": FixedFolds,
        "repeated_holdout": RepeatedHoldout,
        "per_user_last": PerUserLast,
        "global_time": GlobalTime,
        "cold_user": ColdUsers,
        "cold_item": ColdItems,
    }
