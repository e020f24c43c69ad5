"""Checks of a model's behavior: its options, test ratings, timestamps, and how well it fits."""

from __future__ import annotations

import ast
import dataclasses
import gc
import inspect
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from recbench.array_types import FloatArray
from recbench.capabilities import predict_dataset, uses_test_timestamps
from recbench.contracts import Metric, RatingDataset, RatingModel
from recbench.metrics.errors import rmse
from recbench.protocol.folds import run_fold
from recbench.protocol.handle import InProcessModel
from recbench.splits import Holdout
from recbench.testing.models import TOLERANCE, MakeModel, fit
from recbench.testing.toy import all_pairs, toy_ratings

N_TEST = 12  # toy rows held out
MAX_ERROR_RATIO = 1.02  # to the global mean's error, on structured ratings that the model was fitted on


def check_options_are_used(make_model: MakeModel) -> None:
    """Every option is read somewhere in the model's module or package."""
    model = make_model()
    names: set[str] = {each.name for each in dataclasses.fields(model)} if dataclasses.is_dataclass(model) else set()
    read = {
        node.attr
        for tree in _sources(type(model))
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load)
    }
    unused = sorted(names - read)
    assert not unused, f"nothing reads the options {unused}; use them in fit or predict, or remove them"


def check_predictions_do_not_depend_on_test_ratings(make_model: MakeModel) -> None:
    """Predictions do not change when the test ratings change."""
    unchanged, changed = (_predict_held_out(make_model, reverse=reverse) for reverse in (False, True))
    assert np.array_equal(unchanged, changed), (
        "predictions depend on the test ratings: the model reads data that it was not given; learn from `train` only"
    )


def check_every_timestamp_gets_a_finite_prediction(make_model: MakeModel) -> None:
    """A model that uses timestamps predicts a finite rating at any time, whatever the order of rows."""
    model, train = make_model(), toy_ratings()
    if not uses_test_timestamps(model, train):
        return
    users, items = all_pairs(train)
    scored = RatingDataset(
        "times",
        users,
        items,
        np.full(len(users), train.ratings[0]),
        train.user_ids,
        train.item_ids,
        train.rating_scale,
        np.arange(len(users)) * 86_400 * 365,  # before, between and after those in the training set
    )
    backwards = np.arange(len(users))[::-1]
    fit(model, train)
    predicted, again = predict_dataset(model, scored), predict_dataset(model, scored.take(backwards))
    assert np.isfinite(predicted).all(), "predict_at is not finite for some timestamps; predict for any time"
    apart = np.abs(predicted[backwards] - again).max()
    assert apart <= TOLERANCE, (
        f"predict_at differs by up to {apart:.3g} with the rows in another order; predict each row by itself"
    )


def check_it_fits_its_training_ratings(make_model: MakeModel) -> None:
    """On the ratings that it was fitted on, a model is at least as accurate as their mean."""
    train = toy_ratings()
    predicted = _fit_and_predict(make_model, train, train)
    error = rmse(train.ratings, predicted)
    baseline = float(np.std(train.ratings, dtype=np.float64))
    assert error <= MAX_ERROR_RATIO * baseline, (
        f"RMSE {error:.4f} on its own training ratings, above the global mean's {baseline:.4f}; "
        "check signs and scales in fit and predict"
    )


def _predict_held_out(make_model: MakeModel, *, reverse: bool) -> FloatArray:
    """Predict held-out rows with their ratings unchanged or reversed; no other copy of these ratings is in memory."""
    toy = toy_ratings()
    train, test = toy.take(np.arange(N_TEST, toy.n_ratings)), toy.take(np.arange(N_TEST))
    del toy
    if reverse:
        test = dataclasses.replace(test, ratings=np.float32(sum(test.rating_scale)) - test.ratings)
    return _fit_and_predict(make_model, train, test)


def _fit_and_predict(make_model: MakeModel, train: RatingDataset, scored: RatingDataset) -> FloatArray:
    gc.collect()  # a model may find what earlier fits left in memory
    return run_fold(train, scored, InProcessModel(make_model()), {"rmse": Metric(rmse)}, Holdout(0.15, 1)).predicted


def _sources(model: type[RatingModel]) -> Iterator[ast.Module]:
    """Parse the modules of the class and its bases, and the other modules of their packages."""
    own = [each for each in model.__mro__ if each.__module__ not in ("builtins", "abc", RatingModel.__module__)]
    files: set[Path] = set()
    for each in own:
        file = Path(inspect.getfile(each))
        in_package = (file.parent / "__init__.py").is_file()
        files |= set(file.parent.glob("*.py")) if in_package else {file}
    for file in sorted(files):
        yield ast.parse(file.read_text(encoding="utf-8"))
