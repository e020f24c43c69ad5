"""Mini-batch gradient descent in TensorFlow: one compiled program runs a whole epoch, or a large part of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from recbench.array_types import FloatArray, IntArray
from recbench.progress import track

if TYPE_CHECKING:
    from types import ModuleType

Tensor = Any  # TensorFlow has no types
Tensors = dict[str, Tensor]
Params = dict[str, FloatArray]
Columns = Mapping[str, npt.NDArray[Any]]
Gather = Callable[[IntArray], Columns]  # row numbers -> what the loss needs of these rows, (rows, ...) each
Loss = Callable[[Tensors, Tensors, Tensor], Tensor]  # (parameters, batch, seed) -> (batch_size,) one loss a row
Score = Callable[[Params], float]  # the lower the better
EpochUpdate = Callable[[Params], Params]  # all parameters after an epoch -> those of them that change before the next

FROZEN = "held_"  # how the names of parameters begin that no gradient moves: settings, and what `refresh` alone moves
OPTIMIZERS = ("adam", "sgd")
BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-7  # Adam's, as in Keras


class TrainResult(NamedTuple):
    """Where a descent ended: the parameters, and after how many epochs they were reached."""

    params: Params
    n_epochs: int


@dataclass(frozen=True)
class Trainer:
    """Mini-batch gradient descent on a loss over rows, by Adam or plain SGD.

        Adam: m ← β1 m + (1 − β1) g,   v ← β2 v + (1 − β2) g²,
              θ ← θ − learning_rate √(1 − β2^t) / (1 − β1^t) · m / (√v + ε)
        SGD:  θ ← θ − learning_rate g

    g being the gradient of the batch's mean loss. Rows are shuffled afresh every epoch. The last
    batch is filled up with rows of weight 0, so that all have one shape, and its mean is over the
    real rows. An embedding's row that occurs several times in a batch has its gradients summed
    before Adam squares them. Rows are gathered `chunk_size` at a time, so that the memory beyond the
    caller's own is bounded: the parameters six times, a chunk, and four bytes a row for the order.
    Parameters named `held_...` are read by the loss and moved by no gradient.

    Source: Kingma & Ba (2015), "Adam: a method for stochastic optimization", ICLR.
    """

    learning_rate: float
    batch_size: int
    n_epochs: int
    optimizer: str = "adam"  # adam or sgd
    patience: int | None = None  # epochs without a better score before stopping; None: run them all
    seed: int = 0
    compiled: bool = True  # by XLA; False: the same graph, operation by operation
    chunk_size: int = 1 << 18  # rows at a time, at least a batch

    def __post_init__(self) -> None:
        """Refuse an optimizer that does not exist and counts that leave nothing to do."""
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
        refresh: EpochUpdate | None = None,
    ) -> TrainResult:
        """Descend from `params`; where `score` judges the epochs, go back to the one it was lowest at.

        Equal losses share a compiled program, so what differs from fit to fit is better held than in `loss`, which is
        a function, or hashes by its settings.

        Raises:
            FloatingPointError: the parameters became infinite.
        """
        rng = np.random.default_rng(self.seed)
        shapes = tuple((name, np.shape(value)) for name, value in params.items())
        program = _program(loss, self.optimizer, self.compiled, (shapes, *self._shape(n_rows)))
        constants = np.float32(self.learning_rate), np.int32(rng.integers(2**31))
        held, state = _start(params)
        best, lowest = TrainResult(params, 0), np.inf
        for done in track(range(1, self.n_epochs + 1), "epochs"):
            for n_batches, batches in self._chunks(gather, n_rows, rng):
                state = program(state, held, n_batches, batches, *constants)
            if refresh is not None:
                held, state = _refreshed(held, state, refresh)
            if score is None and done < self.n_epochs:
                continue
            reached = TrainResult(_finite(held | state[0], done), done)
            scored = -np.inf if score is None else score(reached.params)
            if scored < lowest:
                best, lowest = reached, scored
            elif self.patience is not None and done - best.n_epochs >= self.patience:
                break
        return best

    def _shape(self, n_rows: int) -> tuple[int, int]:
        """How many batches a chunk has room for, and how many rows a batch.

        Powers of two where there are fewer than asked for, so that training parts of near sizes share one program.
        """
        size = min(self.batch_size, 1 << (n_rows - 1).bit_length())
        n_batches = -(-n_rows // size)
        return min(1 << (n_batches - 1).bit_length(), max(1, self.chunk_size // size)), size

    def _chunks(self, gather: Gather, n_rows: int, rng: np.random.Generator) -> Iterator[tuple[np.int32, Columns]]:
        """How many batches a chunk has, and its shuffled columns with `weight`, (batches, batch_size, ...) each."""
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
    """TensorFlow, imported when first asked for."""
    from recbench.models.neural.quiet_tensorflow import tf

    return tf  # type: ignore[no-any-return]


def _start(params: Params) -> tuple[Tensors, tuple[Tensors, Tensors, Tensors, Tensor]]:
    """What is held; and the other parameters, Adam's two moments and the number of steps done."""
    tf = tensorflow()
    tensors = _tensors(params)
    held = {name: value for name, value in tensors.items() if name.startswith(FROZEN)}
    moved = {name: value for name, value in tensors.items() if name not in held}
    zeros = {name: tf.zeros_like(value) for name, value in moved.items()}
    return held, (moved, zeros, zeros, tf.constant(0))


def _refreshed(held: Tensors, state: Any, refresh: EpochUpdate) -> tuple[Tensors, Any]:
    changed = _tensors(refresh({name: value.numpy() for name, value in (held | state[0]).items()}))
    held, moved = ({name: changed.get(name, value) for name, value in old.items()} for old in (held, state[0]))
    return held, (moved, *state[1:])


def _tensors(params: Params) -> Tensors:
    tf = tensorflow()
    return {name: tf.constant(value, tf.float32) for name, value in params.items()}


def _finite(params: Tensors, n_epochs: int) -> Params:
    arrays = {name: value.numpy() for name, value in params.items()}
    bad = [name for name, value in arrays.items() if not np.isfinite(value).all()]
    if bad:
        raise FloatingPointError(f"{bad} not finite after epoch {n_epochs}; lower learning_rate or raise reg")
    return arrays


@lru_cache(maxsize=32)
def _program(loss: Loss, optimizer: str, compiled: bool, _shapes: object) -> Callable[..., Any]:
    """The program of a chunk: (state, held, n_batches, batches, learning rate, seed) -> state.

    There is one for each of the inputs' shapes, as TensorFlow warns of a program that is compiled for many.
    """
    tf = tensorflow()
    update = _adam if optimizer == "adam" else _sgd

    def program(
        state: Any, held: Tensors, n_batches: Tensor, batches: Tensors, learning_rate: Tensor, seed: Tensor
    ) -> Any:
        def step(batch_number: Tensor, params: Tensors, first: Tensors, second: Tensors, n_steps: Tensor) -> Any:
            batch = {name: values[batch_number] for name, values in batches.items()}
            gradients = _gradients(lambda params: loss(held | params, batch, tf.stack([seed, n_steps])), params, batch)
            updated = update(params, gradients, (first, second), n_steps + 1, learning_rate)
            return batch_number + 1, *updated, n_steps + 1

        return tf.while_loop(lambda batch_number, *_: batch_number < n_batches, step, (tf.constant(0), *state))[1:]

    return tf.function(program, jit_compile=compiled)  # type: ignore[no-any-return]


def _gradients(losses: Callable[[Tensors], Tensor], params: Tensors, batch: Tensors) -> Tensors:
    """Gradients of the batch's weighted mean loss, as dense as the parameters."""
    tf = tensorflow()
    with tf.GradientTape() as tape:
        tape.watch(params)
        mean = tf.reduce_sum(batch["weight"] * losses(params)) / tf.reduce_sum(batch["weight"])
    gradients = tape.gradient(mean, params, unconnected_gradients="zero")
    for name, gradient in gradients.items():
        if isinstance(gradient, tf.IndexedSlices):  # one slice for each row that was gathered: sum those of a row
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
