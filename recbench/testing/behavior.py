"""Laws about what a model does with its options and with ratings that it was not given."""

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
from recbench.protocol.runner import run_fold
from recbench.splits import Holdout
from recbench.testing.models import TOLERANCE, MakeModel, fit
from recbench.testing.toy import all_pairs, toy_ratings

N_TEST = 12  # toy rows held out
KEPT = 1.02  # times the global mean's error that a model may make on structured ratings it has seen


def check_options_are_used(make_model: MakeModel) -> None:
    """Every option is read somewhere in the model's module, or beside it in its package."""
    model = make_model()
    names: set[str] = {each.name for each in dataclasses.fields(model)} if dataclasses.is_dataclass(model) else set()
    read = {
        node.attr
        for tree in _sources(type(model))
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load)
    }
    unused = sorted(names - read)
    assert not unused, f"nothing reads the options {unused}; use them in fit or predict, or take them out"


def check_test_ratings_are_out_of_reach(make_model: MakeModel) -> None:
    """Predictions stay as they are when the ratings they are compared with change."""
    honest, again = (_apart(make_model, turned=turned) for turned in (False, True))
    assert np.array_equal(honest, again), (
        "predictions follow the test ratings: the model looks at data that it was not given; learn from `train` alone"
    )


def check_every_time_has_an_answer(make_model: MakeModel) -> None:
    """A model that is told when ratings are given has a finite float for each pair, at any time and in any order."""
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
        np.arange(len(users)) * 86_400 * 365,  # before, between and after those in train
    )
    backwards = np.arange(len(users))[::-1]
    fit(model, train)
    predicted, again = predict_dataset(model, scored), predict_dataset(model, scored.take(backwards))
    assert np.isfinite(predicted).all(), "predict_at gives no finite float for some times; answer for any"
    apart = np.abs(predicted[backwards] - again).max()
    assert apart <= TOLERANCE, f"predict_at differs by up to {apart} with the rows in another order"


def check_it_learns_what_it_sees(make_model: MakeModel) -> None:
    """On ratings that it was fitted on, a model is no worse than their mean."""
    train = toy_ratings()
    predicted = _scored(make_model, train, train)
    error = rmse(train.ratings, predicted)
    floor = float(np.std(train.ratings, dtype=np.float64))
    assert error <= KEPT * floor, f"RMSE {error:.4f} on its own training rows, the global mean's is {floor:.4f}"


def _apart(make_model: MakeModel, *, turned: bool) -> FloatArray:
    """Predictions of held-out rows, their ratings as they are or turned around; no other copy of these is alive."""
    toy = toy_ratings()
    train, test = toy.take(np.arange(N_TEST, toy.n_ratings)), toy.take(np.arange(N_TEST))
    del toy
    if turned:
        test = dataclasses.replace(test, ratings=np.float32(sum(test.rating_scale)) - test.ratings)
    return _scored(make_model, train, test)


def _scored(make_model: MakeModel, train: RatingDataset, scored: RatingDataset) -> FloatArray:
    gc.collect()  # what earlier fits left behind is no data of this one
    return run_fold(train, scored, make_model(), {"rmse": Metric(rmse)}, Holdout(0.15, 1)).predicted


def _sources(model: type[RatingModel]) -> Iterator[ast.Module]:
    """The syntax trees of the modules that the class and its bases come from, and of those beside them."""
    own = [each for each in model.__mro__ if each.__module__ not in ("builtins", "abc", RatingModel.__module__)]
    files: set[Path] = set()
    for each in own:
        file = Path(inspect.getfile(each))
        in_package = (file.parent / "__init__.py").is_file()
        files |= set(file.parent.glob("*.py")) if in_package else {file}
    for file in sorted(files):
        yield ast.parse(file.read_text(encoding="utf-8"))
