"""Splits: which rows a model may learn from and which it is scored on, as row numbers.

A split is any callable that yields folds. One that asks a question of its own (what comes next, who is
new) has a method `inner(valid_size, seed)` too, which returns the split that cuts validation parts from train.
"""

from __future__ import annotations

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
    "inner",
    "register_splits",
]


def inner(split: Split, valid_size: float, seed: int) -> Split:
    """The split that cuts a validation part from a fold's train: the split's own, or a random part of the rows."""
    own: Callable[[float, int], Split] | None = getattr(split, "inner", None)
    return Holdout(valid_size, seed) if own is None else own(valid_size, seed)


@hookimpl
def register_splits() -> Mapping[str, Callable[..., Split]]:
    """The built-in splits."""
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
