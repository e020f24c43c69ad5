"""The base class of all adapters: conversion to and from another library, and the error if it is not installed."""

from __future__ import annotations

import warnings
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any, ClassVar, Self

import numpy as np

from recbench import RatingDataset, RatingModel
from recbench.array_types import BoolArray, FloatArray, IntArray


def library(module: str, distribution: str) -> Any:
    """Import another library.

    Raises:
        ModuleNotFoundError: the library is not installed; the message says how to install it.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of the library, not the user's to fix
            return import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        text = f"{distribution} is not installed; run pip install 'recbench-peers[{module}]'"
        raise ModuleNotFoundError(text, name=module) from error


def positions(known: BoolArray) -> IntArray:
    """Number the known indices from 0; all others get the number of known ones.

    Libraries number the users and items of the training set without gaps, and treat a higher number as unknown.
    """
    return np.where(known, np.cumsum(known) - 1, np.count_nonzero(known))


@dataclass
class PeerModel(RatingModel):
    """A model of another library: converting the ratings to its form is part of `fit` and `predict`.

    Libraries store what they learned in their own objects, which can be saved by pickle at best. The state is
    therefore the training set, and restoring a model fits it again.
    """

    module: ClassVar[str]  # the library's import name
    made_by: ClassVar[str]  # the distribution to install
    libraries: ClassVar[tuple[str, ...]]  # modules that `recbench list` looks for
    install: ClassVar[str]  # the command that installs it

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Set the module and the install command for `recbench list`."""
        super().__init_subclass__(**kwargs)
        if hasattr(cls, "module"):
            cls.libraries = (cls.module,)
            cls.install = f"pip install 'recbench-peers[{cls.module}]'"

    @abstractmethod
    def _learn(self, train: RatingDataset) -> Any:
        """Fit and return the library's model."""

    @abstractmethod
    def _rate(self, user_idx: IntArray, item_idx: IntArray) -> FloatArray:
        """Return the library's predictions for these pairs, at least one."""

    def fit(self, train: RatingDataset, valid: RatingDataset | None = None) -> Self:
        """Fit the library's model on the ratings.

        Raises:
            ModuleNotFoundError: the library is not installed.
        """
        self.user_idx_, self.item_idx_, self.ratings_ = train.user_idx, train.item_idx, train.ratings
        self.rating_scale_ = np.array(train.rating_scale)
        self._learned = self._learn(train)
        return self

    def predict(self, user_idx: IntArray, item_idx: IntArray) -> FloatArray:
        """Return the library's predictions, also for cold users and items."""
        if len(user_idx) == 0:
            return np.empty(0)
        return np.asarray(self._rate(user_idx, item_idx), np.float64)

    @classmethod
    def from_state(cls, options: Mapping[str, Any], state: Mapping[str, Any]) -> Self:
        """Restore a fitted model by fitting it on the training set that is its state."""
        low, high = state["rating_scale_"]
        train = RatingDataset(
            name="restored",
            user_idx=state["user_idx_"],
            item_idx=state["item_idx_"],
            ratings=state["ratings_"],
            user_ids=np.arange(len(state["known_users_"])),
            item_ids=np.arange(len(state["known_items_"])),
            rating_scale=(float(low), float(high)),
        )
        return cls(**options).fit(train)

    @classmethod
    def is_installed(cls) -> bool:
        """Return whether the library is installed."""
        return find_spec(cls.module) is not None
