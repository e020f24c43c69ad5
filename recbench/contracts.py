"""The contracts: what a data set, a model, a split and a metric are. Read this first.

Every part of recbench, built in or installed from elsewhere, meets the others through these
classes alone. They import NumPy and nothing heavier.
"""

from __future__ import annotations

import hashlib
import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial, wraps
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from recbench.array_types import BoolArray, FloatArray, IntArray
from recbench.runtime.arrays import content, owned

if TYPE_CHECKING:
    from pandas import DataFrame

Fold = tuple[IntArray, IntArray]  # (train rows, test rows), row numbers of the data set
Split = Callable[["RatingDataset"], Iterator[Fold]]

MODEL_EXTRAS = ("scorer", "ranking", "std")  # which only the fitted model can give
METRIC_EXTRAS = ("user_idx", "item_idx", "train", *MODEL_EXTRAS)


@dataclass(frozen=True, eq=False, repr=False)
class RatingDataset:
    """Ratings as dense indices, with the outside ids and what is known of the items beside them.

    `user_idx` and `item_idx` run from 0 to n-1; a user or item without rows is a cold one. What
    is not rated is absent: 0 is a rating like any other. Arrays are copied in and read-only.

    Raises:
        ValueError: columns differ in length, an index is out of range, or a rating is off `rating_scale`.
    """

    name: str
    user_idx: IntArray  # (n_ratings,) int32
    item_idx: IntArray  # (n_ratings,) int32
    ratings: FloatArray  # (n_ratings,) float32
    user_ids: npt.NDArray[Any]  # (n_users,) position = index
    item_ids: npt.NDArray[Any]  # (n_items,) position = index
    rating_scale: tuple[float, float]  # lowest and highest possible rating
    timestamps: IntArray | None = None  # (n_ratings,) int64, seconds since 1970
    item_columns: Mapping[str, npt.NDArray[Any]] | None = None  # title, genres, ...: (n_items,) each
    folds: tuple[Fold, ...] | None = None  # the data set's own, u1...u5 for example

    def __post_init__(self) -> None:
        columns = {"user_idx": np.int32, "item_idx": np.int32, "ratings": np.float32, "timestamps": np.int64}
        for column, dtype in columns.items():
            if getattr(self, column) is not None:
                object.__setattr__(self, column, owned(getattr(self, column), dtype))
        for column in ("user_ids", "item_ids"):
            object.__setattr__(self, column, owned(getattr(self, column)))
        if self.item_columns is not None:
            object.__setattr__(self, "item_columns", {key: owned(each) for key, each in self.item_columns.items()})
        low, high = self.rating_scale
        object.__setattr__(self, "rating_scale", (float(low), float(high)))
        self._check()

    @property
    def n_users(self) -> int:
        """Number of users, cold ones included."""
        return len(self.user_ids)

    @property
    def n_items(self) -> int:
        """Number of items, cold ones included."""
        return len(self.item_ids)

    @property
    def n_ratings(self) -> int:
        """Number of ratings."""
        return len(self.ratings)

    @property
    def items(self) -> DataFrame | None:
        """One row an item, in index order: title, year, genres, ... A fresh frame at each call."""
        if self.item_columns is None:
            return None
        from pandas import DataFrame

        return DataFrame(dict(self.item_columns))

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the content: ids, indices, ratings, timestamps, scale and item columns."""
        digest = hashlib.sha256(repr(self.rating_scale).encode())
        columns = self.item_columns or {}
        for array in (self.user_ids, self.item_ids, self.user_idx, self.item_idx, self.ratings, self.timestamps):
            digest.update(content(array))
        for key in sorted(columns):
            digest.update(key.encode() + content(columns[key]))
        return digest.hexdigest()

    def take(self, rows: IntArray) -> RatingDataset:
        """These rows as a data set of its own: same ids, `n_users` and `n_items`, no view into this one."""
        return replace(
            self,
            user_idx=self.user_idx[rows],
            item_idx=self.item_idx[rows],
            ratings=self.ratings[rows],
            timestamps=None if self.timestamps is None else self.timestamps[rows],
            folds=None,
        )

    def __repr__(self) -> str:
        size = f"{self.n_ratings:,} ratings of {self.n_users:,} users on {self.n_items:,} items"
        return f"<RatingDataset {self.name!r}: {size}>"

    def _check(self) -> None:
        columns = (self.user_idx, self.item_idx, self.ratings, self.timestamps)
        lengths = {len(column) for column in columns if column is not None}
        if len(lengths) > 1:
            raise ValueError(f"columns of different lengths: {sorted(lengths)}; give every column one value a rating")
        for column, n in (("user_idx", self.n_users), ("item_idx", self.n_items)):
            index = getattr(self, column)
            if len(index) and (index.min() < 0 or index.max() >= n):
                raise ValueError(f"{column} from {index.min()} to {index.max()}; it must lie in 0 ... {n - 1}")
        for key, values in (self.item_columns or {}).items():
            if len(values) != self.n_items:
                raise ValueError(f"item column {key!r} has {len(values)} values; give one for each of {self.n_items}")
        low, high = self.rating_scale
        bad = np.flatnonzero(~((self.ratings >= low) & (self.ratings <= high)))  # catches NaN too
        if len(bad):
            raise ValueError(
                f"ratings outside the rating scale {self.rating_scale}: {len(bad):,} of {self.n_ratings:,}, "
                f"first {self.ratings[bad[0]]} at row {bad[0]}; pass the data set's own rating_scale"
            )


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


@dataclass(frozen=True)
class Metric:
    """A number that says how good predictions are: `function(ratings, predicted)`.

    A function that needs more names it: `user_idx` and `item_idx` of the scored rows, `train`, `scorer(user_idx)` with
    scores of all items, a shared `ranking` of the catalog, `std` of each predicted rating (None: the model has none).

    Raises:
        TypeError: the function demands a parameter that nobody can fill.
    """

    function: Callable[..., float]
    greater_is_better: bool = False

    def __post_init__(self) -> None:
        required = [each.name for each in self._parameters()[2:] if each.default is each.empty]
        if unknown := [name for name in required if name not in METRIC_EXTRAS]:
            raise TypeError(f"metric demands {unknown}; beside two arrays it may name {list(METRIC_EXTRAS)}")

    def needs(self) -> tuple[str, ...]:
        """Which of `METRIC_EXTRAS` the function asks for."""
        names = [parameter.name for parameter in self._parameters()[2:]]
        return tuple(name for name in METRIC_EXTRAS if name in names)

    def at(self, k: int) -> Metric:
        """The metric cut at rank `k`: what `ndcg@10` means."""
        if all(parameter.name != "k" for parameter in self._parameters()):
            raise ValueError(f"metric has no parameter 'k' to set to {k}; name it without '@{k}'")
        return replace(self, function=partial(self.function, k=k))

    def __call__(self, ratings: FloatArray, predicted: FloatArray, **extras: Any) -> float:
        """The metric's value, `extras` being exactly what `needs` names."""
        return float(self.function(ratings, predicted, **extras))

    def _parameters(self) -> list[inspect.Parameter]:
        variadic = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
        return [p for p in inspect.signature(self.function).parameters.values() if p.kind not in variadic]


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
