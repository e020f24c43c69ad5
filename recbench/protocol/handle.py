"""Model handles: the protocol's interface to a model, in this process or another one."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Protocol

import numpy as np

from recbench.array_types import BoolArray, FloatArray, IntArray
from recbench.capabilities import predict_dataset, predict_std_rows, training_sets, uses_test_timestamps
from recbench.contracts import RatingDataset, RatingModel, Split
from recbench.progress import CheckpointListener, checkpoint_listener
from recbench.registry.requirements import install_advice
from recbench.runtime.memo import reused_cpu_seconds
from recbench.runtime.metering import PeakMemory, cpu_seconds
from recbench.runtime.quiet_import import import_quietly


class ModelHandle(Protocol):
    """A model that is fitted once, and the costs of fitting and predicting.

    The model itself may be in this process or in another one.
    """

    name: str  # name of the model's class
    fit_seconds: float  # CPU; known after `fit`
    predict_seconds: float  # CPU of the last `predict`
    peak_memory_mb: float | None  # of `fit` and `predict`, in 2**20 bytes; known after `predict`

    def fit(
        self, train: RatingDataset, early_stopping_split: Split, on_checkpoint: CheckpointListener | None = None
    ) -> None:
        """Fit the model; `early_stopping_split` cuts the validation set for a model with `uses_valid`.

        Raises:
            ModuleNotFoundError: the model needs a package that is not installed.
            PrunedError: `on_checkpoint` ended the fit.
        """

    def predict(self, scored: RatingDataset) -> FloatArray:
        """Return the model's predictions for the rows: float64, neither checked nor clipped."""

    def predict_pairs(self, user_idx: IntArray, item_idx: IntArray) -> FloatArray:
        """Return the model's predictions for any pairs, without timestamps: float64, not checked."""

    def std(self, scored: RatingDataset) -> FloatArray | None:
        """Return the standard deviation of each predicted rating; None if the model does not know it."""

    def is_fallback(self, user_idx: IntArray, item_idx: IntArray) -> BoolArray:
        """Return which predictions are fallbacks, made from biases or means only."""

    def uses_time(self, scored: RatingDataset) -> bool:
        """Return whether the model sees the timestamps of these rows."""


class InProcessModel:
    """The handle of a model object in this process."""

    fit_seconds = 0.0
    predict_seconds = 0.0
    peak_memory_mb: float | None = None

    def __init__(self, model: RatingModel) -> None:
        """Wrap a model that is not fitted yet."""
        self.name = type(model).__name__
        self._model = model

    def fit(
        self, train: RatingDataset, early_stopping_split: Split, on_checkpoint: CheckpointListener | None = None
    ) -> None:
        """Fit the model; its imports and the validation split are not measured."""
        fitted_on, valid = training_sets(self._model, train, early_stopping_split)
        import_requirements(self._model)
        self._memory = PeakMemory()
        start = _cost()
        with checkpoint_listener(self._model, on_checkpoint) if on_checkpoint else nullcontext():
            self._model.fit(fitted_on, valid)
        self.fit_seconds = _cost() - start

    def predict(self, scored: RatingDataset) -> FloatArray:
        """Return the model's predictions for the rows."""
        start = _cost()
        predicted = np.asarray(predict_dataset(self._model, scored), np.float64)
        self.predict_seconds = _cost() - start
        self.peak_memory_mb = self._memory.megabytes()
        return predicted

    def predict_pairs(self, user_idx: IntArray, item_idx: IntArray) -> FloatArray:
        """Return the model's predictions for any pairs."""
        return np.asarray(self._model.predict(user_idx, item_idx), np.float64)

    def std(self, scored: RatingDataset) -> FloatArray | None:
        """Return the standard deviation of each predicted rating, if the model knows it."""
        return predict_std_rows(self._model, scored)

    def is_fallback(self, user_idx: IntArray, item_idx: IntArray) -> BoolArray:
        """Return which predictions are fallbacks, made from biases or means only."""
        return self._model.is_fallback(user_idx, item_idx)

    def uses_time(self, scored: RatingDataset) -> bool:
        """Return whether the model sees the timestamps of these rows."""
        return uses_test_timestamps(self._model, scored)


def import_requirements(model: RatingModel) -> None:
    """Import the packages that the model needs, before the clock starts: imports do not count as fitting.

    Raises:
        ModuleNotFoundError: a package is not installed; the message says how to install it.
    """
    for name in model.requires:
        try:
            import_quietly(name)
        except ModuleNotFoundError as error:
            if error.name != name.partition(".")[0]:
                raise
            raise ModuleNotFoundError(f"{name} is not installed; {install_advice(model, name)}", name=name) from error


def _cost() -> float:
    """Return the CPU seconds so far, including those saved by reusing the work of earlier jobs."""
    return cpu_seconds() + reused_cpu_seconds()
