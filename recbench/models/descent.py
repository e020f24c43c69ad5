"""Mini-batch gradient descent in TensorFlow: one compiled program runs a whole epoch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from recbench.contracts import FloatArray
from recbench.progress import track

if TYPE_CHECKING:
    from types import ModuleType

Tensor = Any  # TensorFlow has no types
Tensors = dict[str, Tensor]
Params = dict[str, FloatArray]
Columns = Mapping[str, npt.NDArray[Any]]
Loss = Callable[[Tensors, Tensors, Tensor], Tensor]  # (parameters, batch, seed) -> (batch_size,) one loss a row

OPTIMIZERS = ("adam", "sgd")
BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-7  # Adam's, as in Keras


class Descended(NamedTuple):
    """Where a descent ended: the parameters, and after how many epochs they were reached."""

    params: Params
    n_epochs: int


@dataclass(frozen=True)
class Descent:
    """Mini-batch gradient descent on a loss over rows, by Adam or plain SGD.

        Adam: m ← β1 m + (1 − β1) g,   v ← β2 v + (1 − β2) g²,
              θ ← θ − learning_rate √(1 − β2^t) / (1 − β1^t) · m / (√v + ε)
        SGD:  θ ← θ − learning_rate g

    g being the gradient of the batch's mean loss. Rows are shuffled afresh every epoch. The last
    batch is filled up with rows of weight 0, so that all have one shape, and its mean is over the
    real rows. An embedding's row that occurs several times in a batch has its gradients summed
    before Adam squares them.

    Source: Kingma & Ba (2015), "Adam: a method for stochastic optimization", ICLR.
    """

    learning_rate: float
    batch_size: int
    n_epochs: int
    optimizer: str = "adam"  # adam or sgd
    patience: int | None = None  # epochs without a better score before stopping; None: run them all
    seed: int = 0
    compiled: bool = True  # by XLA; False: the same graph, operation by operation

    def __post_init__(self) -> None:
        """Refuse an optimizer that does not exist and counts that leave nothing to do."""
        if self.optimizer not in OPTIMIZERS:
            raise ValueError(f"unknown optimizer {self.optimizer!r}; choose one of {list(OPTIMIZERS)}")
        for name in ("batch_size", "n_epochs"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be at least 1")

    def run(
        self, params: Params, loss: Loss, columns: Columns, score: Callable[[Params], float] | None = None
    ) -> Descended:
        """Descend from `params`; where `score` judges the epochs, go back to the one it was lowest at.

        Equal losses share a compiled program: `loss` is a function, or hashes by its settings.

        Raises:
            FloatingPointError: the parameters became infinite.
        """
        rng = np.random.default_rng(self.seed)
        epoch = _epoch(loss, self.optimizer, self.compiled)
        constants = np.float32(self.learning_rate), np.int32(rng.integers(2**31))
        state = _start(params)
        best, lowest = Descended(params, 0), np.inf
        for done in track(range(1, self.n_epochs + 1), "epochs"):
            state = epoch(state, *_batches(columns, rng, self.batch_size), *constants)
            if score is None and done < self.n_epochs:
                continue
            reached = Descended(_finite(state[0], done), done)
            scored = -np.inf if score is None else score(reached.params)
            if scored < lowest:
                best, lowest = reached, scored
            elif self.patience is not None and done - best.n_epochs >= self.patience:
                break
        return best


def tensorflow() -> ModuleType:
    """TensorFlow, imported when first asked for."""
    from recbench.models.quiet_tensorflow import tf

    return tf  # type: ignore[no-any-return]


def _batches(columns: Columns, rng: np.random.Generator, batch_size: int) -> tuple[np.int32, Columns]:
    """How many batches there are, and the shuffled columns with `weight`, (batches, batch_size) each.

    There is room for a power of two of batches, so that training parts of near sizes share one program.
    """
    n_rows = len(next(iter(columns.values())))
    size = min(batch_size, n_rows)
    n_batches = -(-n_rows // size)
    order = np.zeros((1 << (n_batches - 1).bit_length(), size), np.int64)
    order.flat[:n_rows] = rng.permutation(n_rows)
    weight = np.zeros(order.shape, np.float32)
    weight.flat[:n_rows] = 1.0
    return np.int32(n_batches), {**{name: values[order] for name, values in columns.items()}, "weight": weight}


def _start(params: Params) -> tuple[Tensors, Tensors, Tensors, Tensor]:
    """Parameters, Adam's two moments and the number of steps done."""
    tf = tensorflow()
    tensors = {name: tf.constant(value, tf.float32) for name, value in params.items()}
    zeros = {name: tf.zeros_like(value) for name, value in tensors.items()}
    return tensors, zeros, zeros, tf.constant(0)


def _finite(params: Tensors, n_epochs: int) -> Params:
    arrays = {name: value.numpy() for name, value in params.items()}
    bad = [name for name, value in arrays.items() if not np.isfinite(value).all()]
    if bad:
        raise FloatingPointError(f"{bad} not finite after epoch {n_epochs}; lower learning_rate or raise reg")
    return arrays


@lru_cache(maxsize=32)
def _epoch(loss: Loss, optimizer: str, compiled: bool) -> Callable[..., Any]:
    """The program of one epoch: (state, n_batches, batches, learning rate, seed) -> state."""
    tf = tensorflow()
    update = _adam if optimizer == "adam" else _sgd

    def epoch(state: Any, n_batches: Tensor, batches: Tensors, learning_rate: Tensor, seed: Tensor) -> Any:
        def step(batch_number: Tensor, params: Tensors, first: Tensors, second: Tensors, n_steps: Tensor) -> Any:
            batch = {name: values[batch_number] for name, values in batches.items()}
            gradients = _gradients(loss, params, batch, tf.stack([seed, n_steps]))
            updated = update(params, gradients, (first, second), n_steps + 1, learning_rate)
            return batch_number + 1, *updated, n_steps + 1

        return tf.while_loop(lambda batch_number, *_: batch_number < n_batches, step, (tf.constant(0), *state))[1:]

    return tf.function(epoch, jit_compile=compiled)  # type: ignore[no-any-return]


def _gradients(loss: Loss, params: Tensors, batch: Tensors, seed: Tensor) -> Tensors:
    """Gradients of the batch's weighted mean loss, as dense as the parameters."""
    tf = tensorflow()
    with tf.GradientTape() as tape:
        tape.watch(params)
        mean = tf.reduce_sum(batch["weight"] * loss(params, batch, seed)) / tf.reduce_sum(batch["weight"])
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
