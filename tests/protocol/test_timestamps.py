"""Timestamps of scored rows: only models that use time see them, in the protocol and in stacks."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from recbench.array_types import FloatArray, IntArray
from recbench.capabilities import KnowsTime, predict_dataset, uses_test_timestamps
from recbench.contracts import Metric
from recbench.metrics.errors import rmse
from recbench.models.baselines.bias import Bias
from recbench.models.bayes.mf import BayesMF
from recbench.models.stack.stack import Stack
from recbench.protocol.folds import run_fold
from recbench.protocol.handle import InProcessModel
from recbench.protocol.runner import evaluate
from recbench.results.records import Record
from recbench.results.rows import rows_of
from recbench.splits import Holdout
from recbench.testing import ModelConformance
from tests.support.made_records import changed
from tests.support.session_effects import SMALL, USER_EFFECTS, ratings_with_session_effects, rmse_on, shift_timestamps


def test_timestamps_do_not_change_the_predictions_of_a_model_that_does_not_use_time() -> None:
    train, test = ratings_with_session_effects(USER_EFFECTS)
    model = replace(SMALL, uses_time=False)
    without = model.fit(replace(train, timestamps=None)).predict(test.user_idx, test.item_idx)
    np.testing.assert_array_equal(without, predict_dataset(replace(model).fit(train), test))


class Spy(Bias):
    """A model with a `predict_at` that must not be called."""

    uses_time = False

    def predict_at(self, user_idx: IntArray, item_idx: IntArray, timestamps: IntArray) -> FloatArray:
        raise AssertionError("predict_at was called")


@pytest.mark.parametrize("model", [Bias(), Spy()])
def test_a_model_that_does_not_use_time_sees_no_timestamps(model: Bias) -> None:
    train, test = ratings_with_session_effects(USER_EFFECTS)
    assert not uses_test_timestamps(model, test)
    assert not run_fold(train, test, InProcessModel(model), {"rmse": Metric(rmse)}, Holdout(0.2, 0)).uses_time


def test_the_protocol_passes_timestamps_and_records_it() -> None:
    train, test = ratings_with_session_effects(USER_EFFECTS)
    assert isinstance(SMALL, KnowsTime)
    outcome = run_fold(train, test, InProcessModel(replace(SMALL)), {"rmse": Metric(rmse)}, Holdout(0.2, 0))
    assert outcome.uses_time
    expected = predict_dataset(replace(SMALL).fit(train), test).clip(*train.rating_scale)
    np.testing.assert_allclose(outcome.predicted, expected, rtol=1e-6)


def test_the_record_and_the_row_note_that_the_model_used_timestamps() -> None:
    train, _ = ratings_with_session_effects(USER_EFFECTS)
    metrics = {"rmse": Metric(rmse)}
    with_time, without_time = (
        evaluate(train, Holdout(0.2, 0), partial(replace, replace(SMALL, uses_time=uses_time)), metrics)
        for uses_time in (True, False)
    )
    assert (with_time.outcome.uses_time, without_time.outcome.uses_time) == (True, False)
    assert Record.from_json(with_time.to_json()).outcome.uses_time
    rows = rows_of([changed(with_time, model="with"), changed(without_time, model="without")])
    assert {row.record.job.model: row.notes for row in rows} == {"with": ("uses test timestamps",), "without": ()}


def test_timestamps_of_the_scored_rows_do_not_change_the_learned_state() -> None:
    train, test = ratings_with_session_effects(USER_EFFECTS)
    states = []
    for shift in (0, 12345):
        model = replace(SMALL)
        run_fold(train, shift_timestamps(test, shift), InProcessModel(model), {"rmse": Metric(rmse)}, Holdout(0.2, 0))
        states.append(model.state())
    for name in ("calendar_", "effect_samples_", "user_samples_", "item_samples_"):
        for one, other in zip(*(state[name] for state in states), strict=True):
            np.testing.assert_array_equal(one, other)


def test_a_stack_passes_timestamps_to_the_members_that_use_time() -> None:
    train, test = ratings_with_session_effects(USER_EFFECTS)
    member = "bayes_mf n_factors=1 n_samples=30 n_burn_in=10 uses_time=true"
    stack = Stack(("bias", member), n_folds=2).fit(train)
    assert stack.uses_time
    assert not Stack(("bias", "bayes_mf")).uses_time
    assert rmse_on(predict_dataset(stack, test), test) < 0.6 * rmse_on(
        stack.predict(test.user_idx, test.item_idx), test
    )


@pytest.mark.parametrize("make_model", [partial(BayesMF, n_factors=2, n_samples=20, n_burn_in=5, uses_time=True)])
class TestBayesMFWithTimestamps(ModelConformance): ...
