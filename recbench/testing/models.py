"""The laws of a model. Each takes `make_model`, which makes a new, unfitted model at each call."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from recbench.array_types import FloatArray
from recbench.contracts import RatingDataset, RatingModel
from recbench.runtime.arrays import content
from recbench.serving.model_folder import load, save
from recbench.testing.toy import COLD_ITEM, COLD_USER, all_pairs, toy_ratings

MakeModel = Callable[[], RatingModel]

TOLERANCE = 1e-6  # rating units: sums in another order
N_VALID = 8  # rows held out for a model that wants a validation part


def check_constructing_computes_nothing(make_model: MakeModel) -> None:
    """A new model holds its options and nothing learned."""
    model = make_model()
    assert dataclasses.is_dataclass(model), (
        f"{type(model).__name__} is no dataclass; its options are a dataclass's fields"
    )
    extra = set(vars(model)) - {field.name for field in dataclasses.fields(model)}
    assert not extra, f"the constructor sets {sorted(extra)}; compute that in fit"


def check_predict_before_fit_raises(make_model: MakeModel) -> None:
    """Predicting without a fit is an error, not a number."""
    try:
        predicted = make_model().predict(np.array([0]), np.array([0]))
    except RuntimeError:
        return
    raise AssertionError(f"predict before fit returned {predicted!r}; let RatingModel refuse it")


def check_fit_returns_the_model(make_model: MakeModel) -> None:
    """`fit` returns self, so that calls can be chained."""
    model = make_model()
    returned = fit(model, toy_ratings())
    assert returned is model, f"fit returned {returned!r}; return self"


def check_every_pair_gets_a_finite_float(make_model: MakeModel) -> None:
    """One finite float a pair, cold users and cold items included."""
    train = toy_ratings()
    users, items = all_pairs(train)
    predicted = fit(make_model(), train).predict(users, items)
    assert isinstance(predicted, np.ndarray), f"predict returned {type(predicted).__name__}; return a NumPy array"
    assert predicted.shape == users.shape, f"predict returned shape {predicted.shape} for {len(users)} pairs"
    assert np.issubdtype(predicted.dtype, np.floating), f"predict returned {predicted.dtype}; return floats"
    bad = np.flatnonzero(~np.isfinite(predicted))
    assert not len(bad), f"{len(bad)} predictions are not finite, first for {users[bad[0]]}, {items[bad[0]]}"


def check_no_pairs_no_predictions(make_model: MakeModel) -> None:
    """Empty in, empty out."""
    nothing = np.array([], np.int32)
    predicted = fit(make_model(), toy_ratings()).predict(nothing, nothing)
    assert predicted.shape == (0,), f"predict returned shape {predicted.shape} for no pairs; return an empty array"


def check_zero_is_a_rating(make_model: MakeModel) -> None:
    """On a scale of -1 to 1, zeros count: leaving their rows out changes what is learned."""
    scale = (-1.0, 1.0)
    with_zeros = _predict_all(fit(make_model(), toy_ratings(scale)), toy_ratings(scale))
    without = _predict_all(fit(make_model(), toy_ratings(scale, zeros=False)), toy_ratings(scale))
    assert np.isfinite(with_zeros).all(), "predictions on the scale -1 ... 1 are not finite"
    assert not np.array_equal(with_zeros, without), "rows rated 0 made no difference; 0 is a rating, absence is not 0"


def check_same_seed_same_predictions(make_model: MakeModel) -> None:
    """Two models with the same options, fitted on the same rows, predict the same bits."""
    train = toy_ratings()
    first, second = (_predict_all(fit(make_model(), train), train) for _ in range(2))
    assert np.array_equal(first, second), f"predictions differ by up to {np.abs(first - second).max()}; seed all chance"


def check_fitting_twice_equals_fitting_once(make_model: MakeModel) -> None:
    """A second fit starts anew: nothing of the first is left."""
    train = toy_ratings()
    once = _predict_all(fit(make_model(), train), train)
    model = make_model()
    fit(model, toy_ratings(seed=1))
    twice = _predict_all(fit(model, train), train)
    assert np.array_equal(once, twice), f"predictions differ by up to {np.abs(once - twice).max()}; start fit anew"


def check_fit_leaves_train_unchanged(make_model: MakeModel) -> None:
    """The training data set is the same before and after."""
    train = toy_ratings()
    fit(make_model(), train)
    assert train.digest == toy_ratings().digest, "fit changed its training data set; copy what you alter"


def check_predict_changes_nothing(make_model: MakeModel) -> None:
    """`predict` leaves the learned state as it was."""
    model = fit(make_model(), toy_ratings())
    before = _flat(model.state())
    _predict_all(model, toy_ratings())
    after = _flat(model.state())
    assert before.keys() == after.keys(), f"predict set {sorted(after.keys() ^ before.keys())}; learn in fit only"
    changed = [name for name in before if content(before[name]) != content(after[name])]
    assert not changed, f"predict changed {changed}; learn in fit only"


def check_order_of_rows_is_irrelevant(make_model: MakeModel) -> None:
    """A pair's prediction does not depend on its neighbors in the call."""
    train = toy_ratings()
    model = fit(make_model(), train)
    users, items = all_pairs(train)
    order = np.random.default_rng(0).permutation(len(users))
    together, shuffled = model.predict(users, items), model.predict(users[order], items[order])
    gap = np.abs(together[order] - shuffled).max()
    assert gap <= 1e-5, f"predictions move by up to {gap} when the rows are shuffled"


def check_order_of_training_rows_is_irrelevant(make_model: MakeModel) -> None:
    """A model without chance (no `seed`) learns the same from shuffled rows."""
    if hasattr(make_model(), "seed"):
        return  # where rows are drawn from, their order may decide which is drawn
    train = toy_ratings()
    shuffled = train.take(np.random.default_rng(3).permutation(train.n_ratings))
    gap = np.abs(_predict_all(fit(make_model(), train), train) - _predict_all(fit(make_model(), shuffled), train))
    assert gap.max() <= TOLERANCE, f"predictions move by up to {gap.max()} when the training rows are shuffled"


def check_numbering_is_irrelevant(make_model: MakeModel) -> None:
    """A model without chance (no `seed`) predicts the same for users and items that are numbered otherwise."""
    if hasattr(make_model(), "seed"):
        return
    train = toy_ratings()
    rng = np.random.default_rng(4)
    users, items = rng.permutation(train.n_users), rng.permutation(train.n_items)  # old number -> new
    old_items = np.argsort(items)
    renumbered = dataclasses.replace(
        train,
        user_idx=users[train.user_idx],
        item_idx=items[train.item_idx],
        user_ids=train.user_ids[np.argsort(users)],
        item_ids=train.item_ids[old_items],
        item_columns={name: values[old_items] for name, values in (train.item_columns or {}).items()},
    )
    pairs = all_pairs(train)
    before = fit(make_model(), train).predict(*pairs)
    after = fit(make_model(), renumbered).predict(users[pairs[0]], items[pairs[1]])
    gap = np.abs(before - after).max()
    assert gap <= TOLERANCE, f"predictions move by up to {gap} when users and items are numbered otherwise"


def check_options_survive_fit(make_model: MakeModel) -> None:
    """The options are the same before and after."""
    model = make_model()
    before = _options(model)
    fit(model, toy_ratings())
    assert before == _options(model), f"fit changed the options from {before} to {_options(model)}; keep them"


def check_state_restores_the_model(make_model: MakeModel) -> None:
    """`from_state` of the options and the state predicts the same."""
    train = toy_ratings()
    model = fit(make_model(), train)
    for name, value in _flat(model.state()).items():
        assert value.dtype.kind in "biufU", f"state {name!r} is {value.dtype}; keep arrays, scalars or tuples of arrays"
    restored = type(model).from_state(_options(model), model.state())
    gap = np.abs(_predict_all(model, train) - _predict_all(restored, train)).max()
    assert gap == 0, f"the restored model predicts up to {gap} off; put all that predict needs into state()"


def check_a_saved_model_predicts_the_same(make_model: MakeModel) -> None:
    """A fitted model survives the way through a folder of files."""
    train = toy_ratings()
    model = fit(make_model(), train)
    with tempfile.TemporaryDirectory() as parent:
        save(model, "model", Path(parent) / "model")
        loaded = load(Path(parent) / "model", lambda _: type(model))
    gap = np.abs(_predict_all(model, train) - _predict_all(loaded, train)).max()
    assert gap == 0, f"the loaded model predicts up to {gap} off; put all that predict needs into state()"


def check_fallback_is_told(make_model: MakeModel) -> None:
    """`is_fallback` answers for each pair, and with yes where neither user nor item is known."""
    train = toy_ratings()
    users, items = all_pairs(train)
    fallback = fit(make_model(), train).is_fallback(users, items)
    assert fallback.shape == users.shape, f"is_fallback returned shape {fallback.shape} for {len(users)} pairs"
    assert fallback.dtype == np.bool_, f"is_fallback returned {fallback.dtype}; return booleans"
    assert fallback[(users == COLD_USER) & (items == COLD_ITEM)].all(), "a wholly unknown pair is no fallback"


def fit(model: RatingModel, train: RatingDataset) -> RatingModel:
    """Fit as the runner does: with a validation part, cut from train, for a model that uses one."""
    if not model.uses_valid:
        return model.fit(train)
    rows = np.arange(train.n_ratings)
    return model.fit(train.take(rows[N_VALID:]), train.take(rows[:N_VALID]))


def _predict_all(model: RatingModel, dataset: RatingDataset) -> FloatArray:
    return model.predict(*all_pairs(dataset))


def _options(model: RatingModel) -> dict[str, Any]:
    fields = dataclasses.fields(model)  # type: ignore[arg-type]
    return {field.name: getattr(model, field.name) for field in fields if field.init}


def _flat(state: dict[str, Any]) -> dict[str, np.ndarray]:
    """The state as copied arrays, tuples opened."""
    flat = {}
    for name, value in state.items():
        for number, part in enumerate(value if isinstance(value, tuple) else (value,)):
            flat[f"{name}{number}"] = np.array(part)
    return flat
