"""The contract of a model."""

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

    Constructing stores the options and computes nothing. `fit` sets attributes that end in `_`,
    among them, by itself, `known_users_` and `known_items_` (who has a row), and returns
    the model. A model that needs randomness has a field `seed`: the same seed, the same predictions.
    """

    uses_valid: ClassVar[bool] = False  # whether the runner cuts an inner validation part for `fit`
    requires: ClassVar[tuple[str, ...]] = ()  # modules to import before the clock starts: "tensorflow"
    known_users_: BoolArray  # (n_users,) has a row in train or valid; set by every `fit`
    known_items_: BoolArray  # (n_items,)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        # lets `fit` remember who has rows and `predict` refuse to run before it
        super().__init_subclass__(**kwargs)
        if "fit" in cls.__dict__:
            cls.fit = _remembering(cls.fit)  # type: ignore[method-assign]
        if "predict" in cls.__dict__:
            cls.predict = _fitted_only(cls.predict)  # type: ignore[method-assign]

    @abstractmethod
    def fit(self, train: RatingDataset, valid: RatingDataset | None = None) -> Self:
        """Learn from `train`; `valid` is for early stopping and is None unless `uses_valid`."""

    @abstractmethod
    def predict(self, user_idx: IntArray, item_idx: IntArray) -> FloatArray:
        """One finite rating a pair, cold users and items included; the runner clips it to the scale."""

    def is_fallback(self, user_idx: IntArray, item_idx: IntArray) -> BoolArray:
        """Whether the model's own term had no part in the prediction, one answer a pair.

        Unless a model knows better: the user or the item has no training row.
        """
        return ~(self.known_users_[user_idx] & self.known_items_[item_idx])

    def state(self) -> dict[str, Any]:
        """What `fit` learned: arrays, scalars and tuples of arrays, by the attribute's name."""
        return {name: value for name, value in vars(self).items() if name.endswith("_")}

    @classmethod
    def from_state(cls, options: Mapping[str, Any], state: Mapping[str, Any]) -> Self:
        """The fitted model again, from its constructor's `options` and its `state()`."""
        model = cls(**options)
        vars(model).update(state)
        return model


def _remembering(fit: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(fit)
    def remembering_fit(self: Any, train: RatingDataset, valid: RatingDataset | None = None) -> Any:
        for known, index, n in (("users", "user_idx", train.n_users), ("items", "item_idx", train.n_items)):
            seen = np.concatenate([getattr(part, index) for part in (train, valid) if part is not None])
            setattr(self, f"known_{known}_", np.bincount(seen, minlength=n) > 0)
        try:
            return fit(self, train, valid)
        except BaseException:
            del self.known_users_, self.known_items_  # what failed to fit must not predict
            raise

    return remembering_fit


def _fitted_only(predict: Callable[..., FloatArray]) -> Callable[..., FloatArray]:
    @wraps(predict)
    def fitted_predict(self: Any, user_idx: IntArray, item_idx: IntArray) -> FloatArray:
        if "known_users_" not in vars(self):
            raise RuntimeError(f"{type(self).__name__} is not fitted; call fit(train) first")
        return predict(self, user_idx, item_idx)

    return fitted_predict
