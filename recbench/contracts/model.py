"""The contract of a model: what an author writes, and what `RatingModel` adds."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, ClassVar, Self

import numpy as np

from recbench.array_types import BoolArray, FloatArray, IntArray
from recbench.contracts.dataset import RatingDataset


class RatingModel(ABC):
    """A model that predicts ratings: a dataclass whose fields are its hyperparameters.

    The constructor only stores the options. `fit` learns, stores what it learned in attributes whose names end in
    `_`, and returns the model. A random model has a field `seed`: the same seed gives the same predictions.
    `recbench.capabilities` describes optional methods: fold-in, uncertainty, timestamps, reasons.

    >>> from dataclasses import dataclass
    >>> @dataclass
    ... class DampedMean(RatingModel):
    ...     damping: float = 5.0  # imaginary ratings at the middle of the scale
    ...
    ...     def fit(self, train, valid=None):
    ...         middle = sum(train.rating_scale) / 2
    ...         self.mean_ = middle + (train.ratings - middle).sum() / (train.n_ratings + self.damping)
    ...         return self
    ...
    ...     def predict(self, user_idx, item_idx):
    ...         return np.full(len(user_idx), self.mean_)
    >>> train = RatingDataset("toy", [0, 0], [0, 1], [5, 4], ["ann", "bob"], [10, 20], rating_scale=(1, 5))
    >>> model = DampedMean(damping=1.0).fit(train)
    >>> model.predict(np.array([1]), np.array([0])).tolist(), model.is_fallback(np.array([1]), np.array([0])).tolist()
    ([4.0], [True])
    """

    uses_valid: ClassVar[bool] = False  # True: `fit` gets a validation set that the runner cuts from the training set
    requires: ClassVar[
        tuple[str, ...]
    ] = ()  # modules imported before `fit` is timed: ("tensorflow",), say; TensorFlow starts quietly
    known_users_: BoolArray  # (n_users,) whether the user has a row in train or valid; set by every `fit`
    known_items_: BoolArray  # (n_items,) the same of items

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Wrap `fit`, so that it sets the known users and items, and `predict`, so that it requires a fit."""
        super().__init_subclass__(**kwargs)
        if "fit" in cls.__dict__:
            cls.fit = _record_known(cls.fit)  # type: ignore[method-assign]
        if "predict" in cls.__dict__:
            cls.predict = _require_fit(cls.predict)  # type: ignore[method-assign]

    @abstractmethod
    def fit(self, train: RatingDataset, valid: RatingDataset | None = None) -> Self:
        """Learn from the training set and return the model; a second fit starts from scratch.

        `valid` is a validation set for early stopping; it is None unless the class sets `uses_valid`. Its rows are
        not in `train`. Both have the indices of the whole dataset: `n_users` and `n_items` count cold ones.
        """

    @abstractmethod
    def predict(self, user_idx: IntArray, item_idx: IntArray) -> FloatArray:
        """Predict the ratings of pairs: (n_pairs,) finite floats, also for cold users and items.

        `user_idx` and `item_idx` are (n_pairs,) integers. A prediction depends on its own pair only. Predictions may
        lie outside the rating scale; the runner clips them.

        Raises:
            RuntimeError: the model is not fitted.
        """

    def is_fallback(self, user_idx: IntArray, item_idx: IntArray) -> BoolArray:
        """Mark the pairs whose prediction does not use the model's own term, only biases or means: (n_pairs,) bool.

        By default these are the pairs of a cold user or a cold item.
        """
        return ~(self.known_users_[user_idx] & self.known_items_[item_idx])

    def state(self) -> dict[str, Any]:
        """Return what `fit` learned, by attribute name: arrays, scalars and tuples of arrays.

        This is what a saved model consists of, besides its options. By default, all attributes that end in `_`.
        """
        return {name: value for name, value in vars(self).items() if name.endswith("_")}

    @classmethod
    def from_state(cls, options: Mapping[str, Any], state: Mapping[str, Any]) -> Self:
        """Restore a fitted model from its constructor's `options` and its `state()`."""
        model = cls(**options)
        vars(model).update(state)
        return model


def _record_known(fit: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(fit)
    def recording_fit(self: Any, train: RatingDataset, valid: RatingDataset | None = None) -> Any:
        for known, index, n in (("users", "user_idx", train.n_users), ("items", "item_idx", train.n_items)):
            seen = np.concatenate([getattr(part, index) for part in (train, valid) if part is not None])
            setattr(self, f"known_{known}_", np.bincount(seen, minlength=n) > 0)
        try:
            return fit(self, train, valid)
        except BaseException:
            del self.known_users_, self.known_items_  # after a failed fit, predict must raise
            raise

    return recording_fit


def _require_fit(predict: Callable[..., FloatArray]) -> Callable[..., FloatArray]:
    @wraps(predict)
    def fitted_predict(self: Any, user_idx: IntArray, item_idx: IntArray) -> FloatArray:
        if "known_users_" not in vars(self):
            raise RuntimeError(f"{type(self).__name__} is not fitted; call fit(train) first")
        return predict(self, user_idx, item_idx)

    return fitted_predict
