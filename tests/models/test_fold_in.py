"""A user folded in without a refit gets what the fit would have learned, and nothing else changes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from recbench.array_types import FloatArray
from recbench.capabilities import CannotFoldInError, FoldsIn
from recbench.contracts import RatingDataset, RatingModel
from recbench.datasets.synthetic import make_synthetic
from recbench.models.bayes.mf import BayesMF
from recbench.models.content.content import Content
from recbench.models.factorization.mf import MF
from recbench.models.factorization.svdpp import SVDpp
from recbench.models.neighbors.knn import ItemKNN, UserKNN
from recbench.models.stack.stack import Stack
from recbench.registry.registry import installed
from recbench.testing.toy import COLD_USER, all_pairs, toy_ratings

FOLDING = {
    name: entry.factory
    for name, entry in installed().entries["model"].items()
    if hasattr(entry.factory, "with_user") and entry.distribution == "recbench"
}
EXACT = {name: factory for name, factory in FOLDING.items() if name not in ("mf", "svdpp", "stack")}
CENTERINGS = ("none", "mean", "zscore", "baseline", "baseline_zscore")
SIMILARITIES = ("cosine", "cosine_full", "cosine_robust", "pearson", "pearson_baseline", "adjusted_cosine", "msd")


def folded(model: Any, train: RatingDataset, user: int) -> Any:
    """Return the model with one more user, who rated what `user` did."""
    rows = np.flatnonzero(train.user_idx == user)
    return model.with_user(train.item_idx[rows], train.ratings[rows])


def catalog(model: RatingModel, user: int, n_items: int) -> FloatArray:
    return model.predict(np.full(n_items, user), np.arange(n_items))


def unseen(train: RatingDataset, user: int) -> Any:
    return np.setdiff1d(np.arange(train.n_items), train.item_idx[train.user_idx == user])


def check_same(model: Any, train: RatingDataset, tolerance: float) -> None:
    """Check that the twin of each user gets the same predictions for items that the user has not rated."""
    for user in range(train.n_users):
        twin = catalog(folded(model, train, user), train.n_users, train.n_items)
        left = unseen(train, user)
        np.testing.assert_allclose(twin[left], catalog(model, user, train.n_items)[left], rtol=0, atol=tolerance)


@pytest.mark.parametrize("factory", EXACT.values(), ids=EXACT)
def test_the_twin_of_a_user_gets_the_same_predictions(factory: Any) -> None:
    train = toy_ratings()
    check_same(factory().fit(train), train, 1e-9)


@pytest.mark.parametrize("factory", [UserKNN, ItemKNN])
@pytest.mark.parametrize(
    "options", [{"centering": each} for each in CENTERINGS] + [{"similarity": each} for each in SIMILARITIES], ids=str
)
def test_a_twin_gets_the_same_with_every_centering_and_similarity(factory: Any, options: dict[str, Any]) -> None:
    train = toy_ratings((-1.0, 1.0))
    check_same(factory(shrinkage=0.0, **options).fit(train), train, 1e-9)


@pytest.mark.parametrize(
    "model",
    [
        MF(n_factors=3, n_epochs=300, n_starts=2),
        MF(n_factors=2, n_epochs=300, n_starts=1, biases=False),
        SVDpp(n_factors=3, n_epochs=300, n_starts=2),
        SVDpp(n_factors=3, n_epochs=300, n_starts=2, implicit="none"),
        SVDpp(n_factors=3, n_epochs=300, n_starts=2, implicit="item"),
    ],
    ids=["mf", "mf without biases", "svdpp", "svdpp none", "svdpp item"],
)
def test_a_converged_factor_model_is_at_the_fixed_point_of_the_half_step(model: Any) -> None:
    train = make_synthetic(n_users=60, n_items=40, n_ratings=1200)
    check_same(model.fit(train), train, 0.01)


def test_a_factor_model_minimizes_its_objective_over_the_new_user() -> None:
    """Any step away from the folded-in bias and factors makes the penalized squared error larger."""
    train = toy_ratings()
    model = MF(n_factors=2, n_starts=1, n_epochs=2).fit(train)
    items, ratings = np.array([0, 3, 5]), np.array([5.0, 1.0, 4.0])
    more = model.with_user(items, ratings)

    def cost(step: FloatArray) -> float:
        bias, factors = more.user_bias_[-1] + step[0], more.user_factors_[-1] + step[1:]
        errors = ratings - model.global_mean_ - model.item_bias_[items] - bias - model.item_factors_[items] @ factors
        weight = model.reg * len(items) ** model.reg_exponent
        return float(errors @ errors + model.reg_bias * bias**2 + weight * factors @ factors)

    least = cost(np.zeros(3))
    assert all(cost(sign * 0.01 * axis) > least for axis in np.eye(3) for sign in (-1, 1))


@pytest.mark.parametrize("factory", FOLDING.values(), ids=FOLDING)
def test_a_new_user_without_ratings_is_a_cold_user(factory: Any) -> None:
    train = toy_ratings()
    model = factory().fit(train)
    more = model.with_user(np.array([], np.int32), np.array([], np.float32))
    cold = catalog(model, COLD_USER, train.n_items)
    np.testing.assert_allclose(catalog(more, train.n_users, train.n_items), cold, rtol=0, atol=1e-9)
    assert not more.known_users_[train.n_users]


@pytest.mark.parametrize("factory", FOLDING.values(), ids=FOLDING)
def test_folding_in_changes_neither_the_model_nor_other_predictions(factory: Any) -> None:
    train = toy_ratings()
    model = factory().fit(train)
    before, state = model.predict(*all_pairs(train)), set(model.state())
    more = folded(model, train, 0)
    assert np.array_equal(more.predict(*all_pairs(train)), before)
    assert np.array_equal(model.predict(*all_pairs(train)), before)
    assert set(more.state()) == state == set(model.state())
    assert len(model.known_users_) == train.n_users


@pytest.mark.parametrize("factory", FOLDING.values(), ids=FOLDING)
def test_the_order_of_the_ratings_does_not_matter(factory: Any) -> None:
    train = toy_ratings()
    model = factory().fit(train)
    items, ratings = np.array([6, 1, 4, 2]), np.array([5.0, 1.0, 4.0, 2.0])
    one, other = model.with_user(items, ratings), model.with_user(items[::-1], ratings[::-1])
    expected = catalog(one, train.n_users, train.n_items)
    np.testing.assert_allclose(catalog(other, train.n_users, train.n_items), expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize("name", [name for name in FOLDING if name not in ("global_mean", "item_mean")])
def test_ratings_of_zero_are_ratings(name: str) -> None:
    train = toy_ratings((-1.0, 1.0))
    model = FOLDING[name]().fit(train)
    with_zeros = model.with_user(np.array([0, 1, 2]), np.array([1.0, 0.0, 0.0]))
    without = model.with_user(np.array([0]), np.array([1.0]))
    one, other = (catalog(each, train.n_users, train.n_items) for each in (with_zeros, without))
    assert not np.allclose(one, other)


def test_a_second_user_can_be_folded_in() -> None:
    train = toy_ratings()
    for factory in (UserKNN, ItemKNN, Content, MF):
        model: Any = factory().fit(train)
        both = folded(folded(model, train, 1), train, 2)
        alone = catalog(folded(model, train, 2), train.n_users, train.n_items)
        np.testing.assert_allclose(catalog(both, train.n_users + 1, train.n_items), alone, rtol=0, atol=1e-9)


def test_svdpp_by_gradient_descent_cannot_fold_in() -> None:
    model = SVDpp(solver="sgd", implicit="user", n_epochs=1).fit(toy_ratings())
    with pytest.raises(CannotFoldInError, match="its solver is 'sgd', which keeps no y"):
        model.with_user(np.array([0]), np.array([4.0]))


def test_a_stack_folds_in_users_if_its_members_do() -> None:
    train = toy_ratings()
    stack = Stack(("bias", "item_knn"), n_folds=2).fit(train)
    twin = catalog(folded(stack, train, 0), train.n_users, train.n_items)
    left = unseen(train, 0)
    np.testing.assert_allclose(twin[left], catalog(stack, 0, train.n_items)[left], rtol=0, atol=1e-9)
    other = Stack(("bayes_mf n_samples=4 n_burn_in=1",), n_folds=2).fit(train)
    with pytest.raises(CannotFoldInError, match="its member 'bayes_mf n_samples=4 n_burn_in=1' can't"):
        folded(other, train, 0)


def test_the_protocol_shows_which_models_fold_in() -> None:
    assert isinstance(MF(), FoldsIn)
    assert not isinstance(BayesMF(), FoldsIn)
