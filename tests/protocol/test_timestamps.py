"""Who is told when ratings are given: models that ask, in the protocol, in stacks, and in no other way."""

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


def test_timestamps_do_not_matter_to_a_model_that_is_not_told() -> None:
    train, test = ratings_with_session_effects(USER_EFFECTS)
    model = replace(SMALL, uses_time=False)
    without = model.fit(replace(train, timestamps=None)).predict(test.user_idx, test.item_idx)
    np.testing.assert_array_equal(without, predict_dataset(replace(model).fit(train), test))


class Spy(Bias):
    """A model with a `predict_at` that nobody may call."""

    uses_time = False

    def predict_at(self, user_idx: IntArray, item_idx: IntArray, timestamps: IntArray) -> FloatArray:
        raise AssertionError("told of times")


@pytest.mark.parametrize("model", [Bias(), Spy()])
def test_only_a_model_that_uses_time_is_told(model: Bias) -> None:
    train, test = ratings_with_session_effects(USER_EFFECTS)
    assert not uses_test_timestamps(model, test)
    assert not run_fold(train, test, InProcessModel(model), {"rmse": Metric(rmse)}, Holdout(0.2, 0)).uses_time


def test_the_protocol_tells_and_notes_it() -> None:
    train, test = ratings_with_session_effects(USER_EFFECTS)
    assert isinstance(SMALL, KnowsTime)
    outcome = run_fold(train, test, InProcessModel(replace(SMALL)), {"rmse": Metric(rmse)}, Holdout(0.2, 0))
    assert outcome.uses_time
    expected = predict_dataset(replace(SMALL).fit(train), test).clip(*train.rating_scale)
    np.testing.assert_allclose(outcome.predicted, expected, rtol=1e-6)


def test_the_record_says_that_the_model_was_told_and_the_row_does() -> None:
    train, _ = ratings_with_session_effects(USER_EFFECTS)
    metrics = {"rmse": Metric(rmse)}
    told, untold = (
        evaluate(train, Holdout(0.2, 0), partial(replace, replace(SMALL, uses_time=uses_time)), metrics)
        for uses_time in (True, False)
    )
    assert (told.outcome.uses_time, untold.outcome.uses_time) == (True, False)
    assert Record.from_json(told.to_json()).outcome.uses_time
    rows = rows_of([changed(told, model="told"), changed(untold, model="untold")])
    assert {row.record.job.model: row.notes for row in rows} == {"told": ("uses test timestamps",), "untold": ()}


def test_the_times_of_the_scored_rows_reach_no_learned_state() -> None:
    train, test = ratings_with_session_effects(USER_EFFECTS)
    states = []
    for shift in (0, 12345):
        model = replace(SMALL)
        run_fold(train, shift_timestamps(test, shift), InProcessModel(model), {"rmse": Metric(rmse)}, Holdout(0.2, 0))
        states.append(model.state())
    for learned in ("calendar_", "effect_samples_", "user_samples_", "item_samples_"):
        for mine, yours in zip(*(state[learned] for state in states), strict=True):
            np.testing.assert_array_equal(mine, yours)


def test_a_stack_tells_the_members_that_use_the_time() -> None:
    train, test = ratings_with_session_effects(USER_EFFECTS)
    member = "bayes_mf n_factors=1 n_samples=30 n_burn_in=10 uses_time=true"
    stack = Stack(("bias", member), n_folds=2).fit(train)
    assert stack.uses_time
    assert not Stack(("bias", "bayes_mf")).uses_time
    assert rmse_on(predict_dataset(stack, test), test) < 0.6 * rmse_on(
        stack.predict(test.user_idx, test.item_idx), test
    )


@pytest.mark.parametrize("make_model", [partial(BayesMF, n_factors=2, n_samples=20, n_burn_in=5, uses_time=True)])
class TestToldWhen(ModelConformance): ...
