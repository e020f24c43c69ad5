"""Checks of a model. Each takes `make_model`, which makes a new, unfitted model at each call."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from recbench.array_types import FloatArray
from recbench.capabilities import training_sets
from recbench.contracts import Fold, RatingDataset, RatingModel
from recbench.runtime.arrays import content
from recbench.serving.model_folder import load, save
from recbench.testing.toy import COLD_ITEM, COLD_USER, all_pairs, toy_ratings

MakeModel = Callable[[], RatingModel]

TOLERANCE = 1e-6  # in rating units: sums in another order may differ by rounding
N_VALID = 8  # rows of the validation set, for a model that uses one


def check_constructor_only_stores_options(make_model: MakeModel) -> None:
    """A new model has its options as attributes and nothing else."""
    model = make_model()
    assert dataclasses.is_dataclass(model), (
        f"{type(model).__name__} is not a dataclass; declare its options as fields of a dataclass"
    )
    extra = set(vars(model)) - {field.name for field in dataclasses.fields(model)}
    assert not extra, f"the constructor sets {sorted(extra)}; compute them in fit"


def check_predict_before_fit_raises(make_model: MakeModel) -> None:
    """`predict` before `fit` raises a RuntimeError."""
    try:
        predicted = make_model().predict(np.array([0]), np.array([0]))
    except RuntimeError:
        return
    raise AssertionError(f"predict before fit returned {predicted!r}; raise RuntimeError, as RatingModel does")


def check_fit_returns_the_model(make_model: MakeModel) -> None:
    """`fit` returns the model itself."""
    model = make_model()
    returned = fit(model, toy_ratings())
    assert returned is model, f"fit returned {returned!r}; return self"


def check_every_pair_gets_a_finite_prediction(make_model: MakeModel) -> None:
    """`predict` returns one finite float per pair, also for cold users and items."""
    train = toy_ratings()
    users, items = all_pairs(train)
    predicted = fit(make_model(), train).predict(users, items)
    assert isinstance(predicted, np.ndarray), f"predict returned {type(predicted).__name__}; return a NumPy array"
    assert predicted.shape == users.shape, f"predict returned shape {predicted.shape} for {len(users)} pairs"
    assert np.issubdtype(predicted.dtype, np.floating), f"predict returned {predicted.dtype}; return floats"
    bad = np.flatnonzero(~np.isfinite(predicted))
    assert not len(bad), (
        f"{len(bad)} predictions are not finite, first for user_idx {users[bad[0]]}, item_idx {items[bad[0]]}"
    )


def check_empty_input_gives_empty_output(make_model: MakeModel) -> None:
    """`predict` of no pairs returns an empty array."""
    nothing = np.array([], np.int32)
    predicted = fit(make_model(), toy_ratings()).predict(nothing, nothing)
    assert predicted.shape == (0,), f"predict returned shape {predicted.shape} for no pairs; return an empty array"


def check_zero_is_a_rating(make_model: MakeModel) -> None:
    """A rating of 0 is a rating: on a scale from -1 to 1, leaving out such rows changes the predictions."""
    scale = (-1.0, 1.0)
    with_zeros = _predict_all(fit(make_model(), toy_ratings(scale)), toy_ratings(scale))
    without = _predict_all(fit(make_model(), toy_ratings(scale, zeros=False)), toy_ratings(scale))
    assert np.isfinite(with_zeros).all(), "predictions on the scale -1 ... 1 are not finite"
    assert not np.array_equal(with_zeros, without), "rows rated 0 made no difference; do not treat 0 as missing"


def check_same_seed_gives_same_predictions(make_model: MakeModel) -> None:
    """Two models with the same options, fitted on the same rows, give identical predictions."""
    train = toy_ratings()
    first, second = (_predict_all(fit(make_model(), train), train) for _ in range(2))
    assert np.array_equal(first, second), (
        f"predictions differ by up to {np.abs(first - second).max():.3g}; seed all random draws"
    )


def check_fitting_twice_equals_fitting_once(make_model: MakeModel) -> None:
    """A second `fit` starts from scratch and keeps nothing of the first."""
    train = toy_ratings()
    once = _predict_all(fit(make_model(), train), train)
    model = make_model()
    fit(model, toy_ratings(seed=1))
    twice = _predict_all(fit(model, train), train)
    assert np.array_equal(once, twice), (
        f"predictions differ by up to {np.abs(once - twice).max():.3g}; reset the learned state in fit"
    )


def check_fit_leaves_the_training_set_unchanged(make_model: MakeModel) -> None:
    """`fit` does not change the training set."""
    train = toy_ratings()
    fit(make_model(), train)
    assert train.digest == toy_ratings().digest, "fit changed its training set; copy arrays before changing them"


def check_predict_does_not_change_the_model(make_model: MakeModel) -> None:
    """`predict` does not change the learned state."""
    model = fit(make_model(), toy_ratings())
    before = _flat(model.state())
    _predict_all(model, toy_ratings())
    after = _flat(model.state())
    assert before.keys() == after.keys(), f"predict set {sorted(after.keys() ^ before.keys())}; learn in fit only"
    changed = [name for name in before if content(before[name]) != content(after[name])]
    assert not changed, f"predict changed {changed}; learn in fit only"


def check_row_order_does_not_matter(make_model: MakeModel) -> None:
    """A pair's prediction does not depend on the other pairs of the call, nor on their order."""
    train = toy_ratings()
    model = fit(make_model(), train)
    users, items = all_pairs(train)
    order = np.random.default_rng(0).permutation(len(users))
    together, shuffled = model.predict(users, items), model.predict(users[order], items[order])
    gap = np.abs(together[order] - shuffled).max()
    assert gap <= 1e-5, f"predictions differ by up to {gap:.3g} when the rows are shuffled; predict each pair by itself"


def check_training_row_order_does_not_matter(make_model: MakeModel) -> None:
    """A model without randomness (no `seed`) learns the same from shuffled training rows."""
    if hasattr(make_model(), "seed"):
        return  # the order of rows may decide which rows are drawn
    train = toy_ratings()
    shuffled = train.take(np.random.default_rng(3).permutation(train.n_ratings))
    gap = np.abs(_predict_all(fit(make_model(), train), train) - _predict_all(fit(make_model(), shuffled), train))
    assert gap.max() <= TOLERANCE, f"predictions differ by up to {gap.max():.3g} when the training rows are shuffled"


def check_index_order_does_not_matter(make_model: MakeModel) -> None:
    """A model without randomness (no `seed`) predicts the same when users and items have other indices."""
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
    assert gap <= TOLERANCE, (
        f"predictions differ by up to {gap:.3g} when users and items have other indices; use indices only to look up"
    )


def check_fit_does_not_change_options(make_model: MakeModel) -> None:
    """`fit` does not change the model's options."""
    model = make_model()
    before = _options(model)
    fit(model, toy_ratings())
    assert before == _options(model), (
        f"fit changed the options from {before} to {_options(model)}; set learned attributes instead"
    )


def check_state_restores_the_model(make_model: MakeModel) -> None:
    """`from_state` with the options and the state gives a model that predicts the same."""
    train = toy_ratings()
    model = fit(make_model(), train)
    for name, value in _flat(model.state()).items():
        assert value.dtype.kind in "biufU", f"state {name!r} is {value.dtype}; keep arrays, scalars or tuples of arrays"
    restored = type(model).from_state(_options(model), model.state())
    gap = np.abs(_predict_all(model, train) - _predict_all(restored, train)).max()
    assert gap == 0, (
        f"the restored model's predictions differ by up to {gap:.3g}; include all that predict needs in state()"
    )


def check_saved_model_predicts_the_same(make_model: MakeModel) -> None:
    """A fitted model predicts the same after it was saved to a folder and loaded."""
    train = toy_ratings()
    model = fit(make_model(), train)
    with tempfile.TemporaryDirectory() as parent:
        save(model, "model", Path(parent) / "model")
        loaded = load(Path(parent) / "model", lambda _: type(model))
    gap = np.abs(_predict_all(model, train) - _predict_all(loaded, train)).max()
    assert gap == 0, (
        f"the loaded model's predictions differ by up to {gap:.3g}; include all that predict needs in state()"
    )


def check_unknown_pairs_are_marked_as_fallback(make_model: MakeModel) -> None:
    """`is_fallback` returns one boolean per pair, True where both user and item are unknown."""
    train = toy_ratings()
    users, items = all_pairs(train)
    fallback = fit(make_model(), train).is_fallback(users, items)
    assert fallback.shape == users.shape, f"is_fallback returned shape {fallback.shape} for {len(users)} pairs"
    assert fallback.dtype == np.bool_, f"is_fallback returned {fallback.dtype}; return booleans"
    assert fallback[(users == COLD_USER) & (items == COLD_ITEM)].all(), (
        "is_fallback is False for an unknown user with an unknown item; return True there"
    )


def fit(model: RatingModel, train: RatingDataset) -> RatingModel:
    """Fit as the runner does: with a validation set, cut from `train`, if the model uses one."""
    return model.fit(*training_sets(model, train, _first_rows))


def _first_rows(train: RatingDataset) -> Iterator[Fold]:
    rows = np.arange(train.n_ratings)
    yield rows[N_VALID:], rows[:N_VALID]


def _predict_all(model: RatingModel, dataset: RatingDataset) -> FloatArray:
    return model.predict(*all_pairs(dataset))


def _options(model: RatingModel) -> dict[str, Any]:
    fields = dataclasses.fields(model)  # type: ignore[arg-type]
    return {field.name: getattr(model, field.name) for field in fields if field.init}


def _flat(state: dict[str, Any]) -> dict[str, np.ndarray]:
    """Copy the state into one dictionary of arrays, the parts of tuples numbered."""
    flat = {}
    for name, value in state.items():
        for number, part in enumerate(value if isinstance(value, tuple) else (value,)):
            flat[f"{name}{number}"] = np.array(part)
    return flat
