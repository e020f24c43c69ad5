"""The compiled training loop against steps computed by hand, and matrix factorization trained by it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from recbench.array_types import FloatArray, IntArray
from recbench.contracts import RatingDataset
from recbench.models.baselines.bias import Bias
from recbench.models.factorization.mf import MF
from recbench.models.factorization.mf_sgd import FactorizationLoss
from recbench.models.trainer import (
    BETA_1,
    BETA_2,
    EPSILON,
    FROZEN,
    Columns,
    Loss,
    Params,
    Tensor,
    Tensors,
    Trainer,
    TrainResult,
    _program,
    tensorflow,
)

TABLE: Params = {"table": np.array([1.0, 2.0, 3.0])}
ORDERED = [(0, float(target)) for target in range(8)]


def lookup_loss(params: Tensors, batch: Tensors, seed: Tensor) -> Tensor:
    """(target − table[row])²."""
    return (batch["target"] - tensorflow().gather(params["table"], batch["row"])) ** 2


def rows(*pairs: tuple[int, float]) -> Columns:
    return {"row": np.array([row for row, _ in pairs], np.int32), "target": np.array([x for _, x in pairs], np.float32)}


def sgd(batch_size: int, n_epochs: int = 1, seed: int = 0) -> Trainer:
    return Trainer(0.1, batch_size, n_epochs, optimizer="sgd", seed=seed)


def table_after(trainer: Trainer, columns: Columns) -> FloatArray:
    return train_on(trainer, TABLE, lookup_loss, columns).params["table"]


def train_on(
    trainer: Trainer, params: Params, loss: Loss, columns: Columns, score: Callable[[Params], float] | None = None
) -> TrainResult:
    """Train on columns that are all in memory."""

    def gather(wanted: IntArray) -> Columns:
        return {name: values[wanted] for name, values in columns.items()}

    return trainer.run(params, loss, gather, len(next(iter(columns.values()))), score)


def test_repeated_ids_in_a_batch_sum_their_gradients() -> None:
    # mean over 4 rows; row 0 occurs three times with errors 1, 2 and 3, row 2 once with error -1
    learned = table_after(sgd(4), rows((0, 2.0), (0, 3.0), (2, 2.0), (0, 4.0)))
    np.testing.assert_allclose(learned, [1.0 + 0.1 * 2 * 6 / 4, 2.0, 3.0 - 0.1 * 2 / 4], rtol=1e-6)


def test_adam_squares_the_sum_of_repeated_gradients() -> None:
    columns = rows((0, 2.0), (0, 3.0), (2, 2.0), (0, 4.0))
    learned = table_after(Trainer(0.01, 4, 1), columns)
    gradient = np.array([-2 * 6 / 4, 0.0, 2 / 4])
    rate = 0.01 * np.sqrt(1 - BETA_2) / (1 - BETA_1)
    step = rate * (1 - BETA_1) * gradient / (np.sqrt((1 - BETA_2) * gradient**2) + EPSILON)
    np.testing.assert_allclose(learned, TABLE["table"] - step, rtol=1e-6)


def test_padded_last_batch_equals_the_smaller_batch() -> None:
    # five rows of one id and one target: batches of 4 and 1 are two steps, whatever the order
    learned = table_after(sgd(4), rows(*[(1, 5.0)] * 5))
    expected = 5.0 - (5.0 - 2.0) * 0.8**2  # each step takes off 2 * 0.1 of the error
    np.testing.assert_allclose(learned, [1.0, expected, 3.0], rtol=1e-6)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_the_chunk_size_does_not_change_the_result(optimizer: str) -> None:
    whole = Trainer(0.1, 2, 3, optimizer)  # batches of 2, 2, 2 and 1: with chunks of 5, two batches at a time
    columns = rows((0, 2.0), (1, 0.0), (2, 5.0), (0, 1.0), (1, 1.0), (2, 4.0), (0, 3.0))
    np.testing.assert_allclose(table_after(replace(whole, chunk_size=5), columns), table_after(whole, columns))


def test_at_most_one_chunk_of_rows_is_gathered_at_a_time() -> None:
    gathered: list[int] = []

    def gather(wanted: IntArray) -> Columns:
        gathered.append(len(wanted))
        return {"row": np.zeros(len(wanted), np.int32), "target": np.ones(len(wanted), np.float32)}

    replace(sgd(2), chunk_size=8).run(TABLE, lookup_loss, gather, 100)
    assert gathered == [8] * 13


def test_batch_larger_than_the_data_is_one_step_over_all_rows() -> None:
    columns = rows((0, 2.0), (1, 0.0), (2, 5.0))
    np.testing.assert_array_equal(table_after(sgd(3), columns), table_after(sgd(1000), columns))


def test_rows_are_shuffled_every_epoch() -> None:
    def after(n_epochs: int) -> float:
        return float(table_after(Trainer(0.5, 1, n_epochs, optimizer="sgd"), rows(*ORDERED))[0])

    # a rate of 0.5 makes the entry equal to the last target seen
    assert len({round(after(n_epochs)) for n_epochs in range(1, 7)}) > 1


def frozen_loss(params: Tensors, batch: Tensors, seed: Tensor) -> Tensor:
    """(target − table[row] − frozen)²."""
    gathered = tensorflow().gather(params["table"], batch["row"])
    return (batch["target"] - gathered - params[f"{FROZEN}offset"]) ** 2


def test_a_frozen_parameter_is_read_and_not_changed() -> None:
    params = TABLE | {f"{FROZEN}offset": np.array(0.5)}
    learned = train_on(sgd(1), params, frozen_loss, rows((0, 2.0))).params
    assert learned["table"][0] == pytest.approx(1.0 + 0.1 * 2 * (2.0 - 1.0 - 0.5))
    assert learned[f"{FROZEN}offset"] == 0.5


def test_an_epoch_update_takes_effect_in_the_next_epoch() -> None:
    params = TABLE | {f"{FROZEN}offset": np.array(0.5)}
    seen: list[float] = []

    def update(params: Params) -> Params:
        seen.append(float(params["table"][0]))
        return {f"{FROZEN}offset": np.array(1.0)}

    def gather(wanted: IntArray) -> Columns:
        return {name: values[wanted] for name, values in rows((0, 2.0)).items()}

    learned = sgd(1, n_epochs=2).run(params, frozen_loss, gather, 1, update=update).params
    # errors: 2 - 1 - 0.5 in the first epoch, 2 - 1.1 - 1 in the second
    np.testing.assert_allclose(seen, [1.1, 1.08], rtol=1e-6)
    np.testing.assert_allclose([learned["table"][0], learned[f"{FROZEN}offset"]], [1.08, 1.0], rtol=1e-6)


def test_similar_sizes_and_other_frozen_values_share_one_program() -> None:
    before = _program.cache_info().misses
    for n_rows, offset in ((33, 0.25), (50, 0.25), (64, 0.75)):
        params = TABLE | {f"{FROZEN}offset": np.array(offset)}
        train_on(sgd(1000), params, frozen_loss, rows(*[(row % 3, 1.0) for row in range(n_rows)]))
    assert _program.cache_info().misses == before + 1


def test_the_uncompiled_program_gives_the_same_result() -> None:
    columns = rows(*ORDERED)
    compiled = table_after(sgd(3, n_epochs=2), columns)
    np.testing.assert_allclose(table_after(replace(sgd(3, n_epochs=2), compiled=False), columns), compiled, rtol=1e-6)


def test_early_stopping_returns_the_best_epoch() -> None:
    scores = iter([3.0, 1.0, 2.0, 1.5, 0.0])
    seen: list[FloatArray] = []

    def score(params: Params) -> float:
        seen.append(params["table"].copy())
        return next(scores)

    result = train_on(replace(sgd(3, n_epochs=5), patience=2), TABLE, lookup_loss, rows(*ORDERED), score)
    assert (result.n_epochs, len(seen)) == (2, 4)
    np.testing.assert_array_equal(result.params["table"], seen[1])


def test_diverging_training_is_an_error() -> None:
    with pytest.raises(FloatingPointError, match=r"\['table'\] not finite after epoch 9; lower learning_rate"):
        table_after(Trainer(1e8, 1, 9, optimizer="sgd"), rows(*ORDERED))


def test_an_unknown_optimizer_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"unknown optimizer 'adagrad'; choose one of \['adam', 'sgd'\]"):
        Trainer(0.1, 1, 1, optimizer="adagrad")


@pytest.mark.slow
def test_importing_tensorflow_writes_nothing() -> None:
    code = "from recbench.models.trainer import tensorflow; tensorflow().constant(1)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert (done.stdout, done.stderr) == ("", "")


def test_a_factorization_step_by_hand() -> None:
    params: Params = {
        "user_factors": np.array([[0.1, -0.3]]),
        "item_factors": np.array([[0.2, 0.4]]),
        "user_bias": np.array([0.1]),
        "item_bias": np.array([-0.2]),
    }
    penalty = np.array([0.02], np.float32)
    weights = dict.fromkeys(("user_reg", "item_reg", "user_bias_reg", "item_bias_reg"), penalty)
    index = np.array([0], np.int32)
    columns = {"user": index, "item": index, "target": np.array([4.0 - 3.0], np.float32), **weights}
    learned = train_on(Trainer(0.005, 1, 1, optimizer="sgd"), params, FactorizationLoss(biases=True), columns).params
    np.testing.assert_allclose(learned["user_bias"], [0.105990], atol=5e-7)
    np.testing.assert_allclose(learned["item_bias"], [-0.193980], atol=5e-7)
    np.testing.assert_allclose(learned["user_factors"], [[0.101190, -0.297570]], atol=5e-7)
    np.testing.assert_allclose(learned["item_factors"], [[0.200580, 0.398160]], atol=5e-7)


def low_rank() -> RatingDataset:
    """Ratings 0.5 + a_u + c_u d_i of 12 users on 10 items, two thirds of the pairs; user 12 and item 10 are cold."""
    rng = np.random.default_rng(3)
    table = 0.5 + rng.normal(size=(12, 1)) + rng.normal(size=(12, 1)) * rng.normal(size=(1, 10))
    users, items = np.nonzero(np.add.outer(np.arange(12), np.arange(10)) % 3)
    ids = np.arange(13), np.arange(11)
    return RatingDataset("low_rank", users, items, table[users, items], *ids, rating_scale=(-9.0, 9.0))


GRADIENT_MF = MF(solver="sgd", n_factors=2, reg=0.1, reg_bias=0.1, n_epochs=200, learning_rate=0.02, batch_size=32)


def test_gradient_descent_reaches_the_optimum_of_als() -> None:
    train = low_rank()
    als = replace(GRADIENT_MF, solver="als", n_starts=1).fit(train)
    sgd = replace(GRADIENT_MF).fit(train)
    predicted = sgd.predict(train.user_idx, train.item_idx)
    np.testing.assert_allclose(predicted, als.predict(train.user_idx, train.item_idx), atol=0.2)
    assert np.std(predicted - train.ratings) < 0.5 * np.std(Bias().fit(train).residuals(train))


def test_factors_without_biases_learn_the_mean() -> None:
    train = low_rank()
    model = replace(GRADIENT_MF, biases=False).fit(train)
    product = np.sum(model.user_factors_[train.user_idx] * model.item_factors_[train.item_idx], axis=1)
    assert np.abs(product - train.ratings).mean() < 0.3
    assert not model.user_bias_.any()


def test_cold_user_of_gradient_descent_has_zero_factors() -> None:
    model = replace(GRADIENT_MF, n_epochs=2).fit(low_rank())
    assert not model.user_factors_[12].any()
    assert model.predict(np.array([12]), np.array([10])) == pytest.approx(model.global_mean_)
