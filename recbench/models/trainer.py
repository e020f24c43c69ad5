"""Mini-batch gradient descent in TensorFlow: one compiled program runs a whole epoch, or a large part of it.

    Adam: m ← β1 m + (1 − β1) g,   v ← β2 v + (1 − β2) g²,
          θ ← θ − learning_rate √(1 − β2^t) / (1 − β1^t) · m / (√v + ε)
    SGD:  θ ← θ − learning_rate g

g is the gradient of the batch's mean loss.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from recbench.array_types import FloatArray, IntArray
from recbench.progress import track
from recbench.runtime.process_state import cached

Tensor = Any  # TensorFlow has no type hints
Tensors = dict[str, Tensor]  # by name: parameters, or columns of a batch
Params = dict[str, FloatArray]  # parameters by name, of any shapes; frozen ones too
Columns = Mapping[str, npt.NDArray[Any]]  # inputs of the loss by name, (n_rows, ...) each
Gather = Callable[[IntArray], Columns]  # row numbers -> the columns of these rows
Loss = Callable[[Tensors, Tensors, Tensor], Tensor]  # (parameters, batch, seed) -> (batch_size,), a loss per row
Score = Callable[[Params], float]  # parameters after an epoch -> validation error; lower is better
EpochUpdate = Callable[[Params], Params]  # all parameters after an epoch -> new values of those that change

FROZEN = "frozen_"  # prefix of parameters without gradient: hyperparameters, and what only an `EpochUpdate` changes
OPTIMIZERS = ("adam", "sgd")
BETA_1 = 0.9  # Adam's constants, as in Keras
BETA_2 = 0.999
EPSILON = 1e-7


class TrainResult(NamedTuple):
    """The trained parameters, and the number of epochs after which they were reached."""

    params: Params
    n_epochs: int


@dataclass(frozen=True)
class Trainer:
    """Mini-batch gradient descent on a loss over rows, by Adam or plain SGD.

    Rows are shuffled before every epoch. The last batch is padded with rows of weight 0, so that all batches have
    one shape; its mean is over the real rows. The gradients of an embedding's row that occurs several times in a
    batch are summed before Adam squares them. Rows are gathered `chunk_size` at a time, which bounds the memory:
    six times the parameters, a chunk, and four bytes per row for the order. Parameters named `frozen_...` are read
    by the loss and have no gradient.

    Source: Kingma & Ba (2015), "Adam: a method for stochastic optimization", ICLR.
    """

    learning_rate: float
    batch_size: int
    n_epochs: int
    optimizer: str = "adam"  # adam or sgd
    patience: int | None = None  # epochs without a better score before stopping; None: run all epochs
    seed: int = 0
    compiled: bool = True  # compile by XLA; False: run the same graph operation by operation
    chunk_size: int = 1 << 18  # rows gathered at a time; at least one batch is

    def __post_init__(self) -> None:
        """Check the name of the optimizer, and that counts are at least 1."""
        if self.optimizer not in OPTIMIZERS:
            raise ValueError(f"unknown optimizer {self.optimizer!r}; choose one of {list(OPTIMIZERS)}")
        for name in ("batch_size", "n_epochs"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be at least 1")

    def run(
        self,
        params: Params,
        loss: Loss,
        gather: Gather,
        n_rows: int,
        score: Score | None = None,
        update: EpochUpdate | None = None,
    ) -> TrainResult:
        """Train from the initial `params` on `n_rows` rows; with `score`, return the epoch with the lowest score.

        Equal losses share a compiled program: pass numbers that differ between fits as frozen parameters, not as
        fields of `loss`.

        Raises:
            FloatingPointError: a parameter is no longer finite.
        """
        rng = np.random.default_rng(self.seed)
        shapes = tuple((name, np.shape(value)) for name, value in params.items())
        program = _program(loss, self.optimizer, self.compiled, (shapes, *self._shape(n_rows)))
        constants = np.float32(self.learning_rate), np.int32(rng.integers(2**31))
        frozen, state = _initial_state(params)
        best = TrainResult(params, 0)
        lowest = np.inf
        for done in track(range(1, self.n_epochs + 1), "epochs"):
            for n_batches, batches in self._chunks(gather, n_rows, rng):
                state = program(state, frozen, n_batches, batches, *constants)
            if update is not None:
                frozen, state = _updated(frozen, state, update)
            if score is None and done < self.n_epochs:
                continue
            reached = TrainResult(_finite(frozen | state[0], done), done)
            scored = -np.inf if score is None else score(reached.params)
            if scored < lowest:
                best = reached
                lowest = scored
            elif self.patience is not None and done - best.n_epochs >= self.patience:
                break
        return best

    def _shape(self, n_rows: int) -> tuple[int, int]:
        """Return the number of batches per chunk and the number of rows per batch.

        They are powers of two where the rows do not fill a chunk or a batch, so that training sets of similar sizes
        share one compiled program.
        """
        size = min(self.batch_size, 1 << (n_rows - 1).bit_length())
        n_batches = -(-n_rows // size)
        return min(1 << (n_batches - 1).bit_length(), max(1, self.chunk_size // size)), size

    def _chunks(self, gather: Gather, n_rows: int, rng: np.random.Generator) -> Iterator[tuple[np.int32, Columns]]:
        """Yield each chunk: its number of batches, and its shuffled columns, (n_batches, batch_size, ...) each."""
        room, size = self._shape(n_rows)
        order = np.arange(n_rows, dtype=np.int32)
        rng.shuffle(order)
        for first in range(0, n_rows, room * size):
            real = order[first : first + room * size]
            rows = np.zeros(room * size, np.int32)
            rows[: len(real)] = real
            columns = {**gather(rows), "weight": (np.arange(len(rows)) < len(real)).astype(np.float32)}
            shaped = {name: values.reshape(room, size, *values.shape[1:]) for name, values in columns.items()}
            yield np.int32(-(-len(real) // size)), shaped


def tensorflow() -> ModuleType:
    """Return TensorFlow, importing it at the first call."""
    from recbench.models.quiet_tensorflow import tf

    return tf  # type: ignore[no-any-return]


def _initial_state(params: Params) -> tuple[Tensors, tuple[Tensors, Tensors, Tensors, Tensor]]:
    """Return the frozen parameters; and the others, Adam's two moments, and the number of steps done."""
    tf = tensorflow()
    tensors = _tensors(params)
    frozen = {name: value for name, value in tensors.items() if name.startswith(FROZEN)}
    trained = {name: value for name, value in tensors.items() if name not in frozen}
    zeros = {name: tf.zeros_like(value) for name, value in trained.items()}
    return frozen, (trained, zeros, zeros, tf.constant(0))


def _updated(frozen: Tensors, state: Any, update: EpochUpdate) -> tuple[Tensors, Any]:
    """Return the frozen parameters and the state with the parameters that `update` changes."""
    trained = state[0]
    changed = _tensors(update({name: value.numpy() for name, value in (frozen | trained).items()}))
    frozen = {name: changed.get(name, value) for name, value in frozen.items()}
    trained = {name: changed.get(name, value) for name, value in trained.items()}
    return frozen, (trained, *state[1:])


def _tensors(params: Params) -> Tensors:
    tf = tensorflow()
    return {name: tf.constant(value, tf.float32) for name, value in params.items()}


def _finite(params: Tensors, n_epochs: int) -> Params:
    """Return the parameters as arrays, after checking that all are finite."""
    arrays = {name: value.numpy() for name, value in params.items()}
    bad = [name for name, value in arrays.items() if not np.isfinite(value).all()]
    if bad:
        raise FloatingPointError(f"{bad} not finite after epoch {n_epochs}; lower learning_rate or raise reg")
    return arrays


@cached(maxsize=32)
def _program(loss: Loss, optimizer: str, compiled: bool, _shapes: object) -> Callable[..., Any]:
    """Return the program of a chunk: (state, frozen, n_batches, batches, learning rate, seed) -> state.

    There is one per set of input shapes, because TensorFlow warns if one function is compiled for many.
    """
    tf = tensorflow()
    update = _adam if optimizer == "adam" else _sgd

    def program(
        state: Any, frozen: Tensors, n_batches: Tensor, batches: Tensors, learning_rate: Tensor, seed: Tensor
    ) -> Any:
        def step(batch_number: Tensor, params: Tensors, first: Tensors, second: Tensors, n_steps: Tensor) -> Any:
            batch = {name: values[batch_number] for name, values in batches.items()}
            gradients = _gradients(
                lambda params: loss(frozen | params, batch, tf.stack([seed, n_steps])), params, batch
            )
            updated = update(params, gradients, (first, second), n_steps + 1, learning_rate)
            return batch_number + 1, *updated, n_steps + 1

        return tf.while_loop(lambda batch_number, *_: batch_number < n_batches, step, (tf.constant(0), *state))[1:]

    return tf.function(program, jit_compile=compiled)  # type: ignore[no-any-return]


def _gradients(losses: Callable[[Tensors], Tensor], params: Tensors, batch: Tensors) -> Tensors:
    """Return the gradients of the batch's weighted mean loss, dense like the parameters."""
    tf = tensorflow()
    with tf.GradientTape() as tape:
        tape.watch(params)
        mean = tf.reduce_sum(batch["weight"] * losses(params)) / tf.reduce_sum(batch["weight"])
    gradients = tape.gradient(mean, params, unconnected_gradients="zero")
    for name, gradient in gradients.items():
        if isinstance(gradient, tf.IndexedSlices):  # one slice per gathered row: sum those of the same row
            n_rows = params[name].shape[0]
            gradients[name] = tf.math.unsorted_segment_sum(gradient.values, gradient.indices, n_rows)
    return gradients  # type: ignore[no-any-return]


def _adam(params: Tensors, g: Tensors, moments: tuple[Tensors, Tensors], step: Tensor, rate: Tensor) -> Any:
    tf = tensorflow()
    t = tf.cast(step, tf.float32)
    rate = rate * tf.sqrt(1.0 - BETA_2**t) / (1.0 - BETA_1**t)
    m = {name: value + (1.0 - BETA_1) * (g[name] - value) for name, value in moments[0].items()}
    v = {name: value + (1.0 - BETA_2) * (g[name] ** 2 - value) for name, value in moments[1].items()}
    return {name: p - rate * m[name] / (tf.sqrt(v[name]) + EPSILON) for name, p in params.items()}, m, v


def _sgd(params: Tensors, g: Tensors, moments: tuple[Tensors, Tensors], _: Tensor, rate: Tensor) -> Any:
    return {name: value - rate * g[name] for name, value in params.items()}, *moments
