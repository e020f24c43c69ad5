"""What every adapter shares: the way in and out of another library, and its absence told plainly."""

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
    """The other library, imported.

    Raises:
        ModuleNotFoundError: it is not installed; the message says how to install it.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # what is old in there is not the user's to mend
            return import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        text = f"{distribution} is not installed; pip install 'recbench-peers[{module}]' brings it"
        raise ModuleNotFoundError(text, name=module) from error


def positions(known: BoolArray) -> IntArray:
    """Each known index's place among the known ones; the number of known ones for all others.

    Libraries number the users and items of train from 0 without a gap and take a higher number
    for a stranger.
    """
    return np.where(known, np.cumsum(known) - 1, np.count_nonzero(known))


@dataclass
class PeerModel(RatingModel):
    """A model of another library: converting the ratings to its form is part of `fit` and `predict`.

    Libraries keep what they learned in objects of their own, which are saved by pickle at best.
    The state is therefore what the library was given, and restoring a model fits it again.
    """

    module: ClassVar[str]  # the library's import name
    made_by: ClassVar[str]  # the distribution that brings it
    libraries: ClassVar[tuple[str, ...]]  # that `recbench list` looks for: the module
    install: ClassVar[str]  # the command that brings it here

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Name the library and the command for `recbench list`."""
        super().__init_subclass__(**kwargs)
        if hasattr(cls, "module"):
            cls.libraries = (cls.module,)
            cls.install = f"pip install 'recbench-peers[{cls.module}]'"

    @abstractmethod
    def _learn(self, train: RatingDataset) -> Any:
        """The library's own fitted model."""

    @abstractmethod
    def _rate(self, user_idx: IntArray, item_idx: IntArray) -> FloatArray:
        """The library's ratings for these pairs, at least one."""

    def fit(self, train: RatingDataset, valid: RatingDataset | None = None) -> Self:
        """Hand the ratings to the library and let it learn.

        Raises:
            ModuleNotFoundError: the library is not installed.
        """
        self.user_idx_, self.item_idx_, self.ratings_ = train.user_idx, train.item_idx, train.ratings
        self.rating_scale_ = np.array(train.rating_scale)
        self._learned = self._learn(train)
        return self

    def predict(self, user_idx: IntArray, item_idx: IntArray) -> FloatArray:
        """What the library predicts, for cold users and items too."""
        if len(user_idx) == 0:
            return np.empty(0)
        return np.asarray(self._rate(user_idx, item_idx), np.float64)

    @classmethod
    def from_state(cls, options: Mapping[str, Any], state: Mapping[str, Any]) -> Self:
        """The fitted model again, by fitting it on the ratings that are its state."""
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
        """Whether the library is there to be imported."""
        return find_spec(cls.module) is not None
