"""Members of a stack: their options, and where they are found."""

from __future__ import annotations

import numpy as np
import pytest

from recbench import RatingDataset
from recbench.datasets.synthetic import make_synthetic
from recbench.models.baselines.bias import Bias
from recbench.models.factorization.mf import MF
from recbench.models.neural.ncf import NCF
from recbench.models.stack.members import new_member
from recbench.models.stack.stack import Stack
from recbench.registry import lookup
from recbench.registry.registry import installed
from recbench.testing.toy import all_pairs, toy_ratings


def _data() -> RatingDataset:
    return make_synthetic(n_users=60, n_items=40, n_ratings=900)


def test_a_member_may_have_options_of_its_own() -> None:
    stack = Stack(models=("mf n_factors=3 solver=als biases=true seed=5 reg=2",), seed=1).fit(_data())
    assert stack.state()["member_0_user_factors_"].shape == (60, 4 * 3)
    assert new_member("mf n_factors=3 solver=als biases=true seed=5 reg=2", 1) == MF(n_factors=3, seed=5, reg=2)
    assert new_member("ncf hidden_layers=[8,4]", 1) == NCF(hidden_layers=(8, 4), seed=1)


@pytest.mark.parametrize(
    ("member", "message"),
    [
        ("bias n_factors=3", "'bias n_factors=3' has 'n_factors=3'; write option=value"),
        ("bias reg_user", r"\(options of 'bias': reg_user, reg_item, n_epochs\)"),
        ("bias reg_user=much", "bias reg_user='much' is no float"),
        ("bias n_epochs=true", "bias n_epochs='true' is no int"),
        ("mf solver=newton", "mf solver='newton'"),
    ],
)
def test_options_that_a_member_cannot_have_are_refused(member: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        new_member(member, 0)


def test_members_are_found_where_the_registry_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookup, "_known", [])
    installed.__wrapped__()
    assert lookup.find_model("bias", lambda name: MF) is Bias


def test_without_a_registry_the_built_in_models_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookup, "_known", [])
    train = _data()
    assert np.isfinite(Stack(models=("bias",)).fit(train).predict(*all_pairs(train))).all()
    with pytest.raises(LookupError, match=r"unknown model 'biass'; choose one of \['autorec', "):
        Stack(models=("biass",)).fit(train)


def test_an_unknown_member_is_refused_with_the_known_ones() -> None:
    installed()
    with pytest.raises(LookupError, match="unknown model 'biass'; did you mean 'bias'"):
        Stack(models=("biass",)).fit(_data())


@pytest.mark.parametrize(
    ("stack", "message"),
    [
        (Stack(models=()), "models is empty: a stack needs members"),
        (Stack(models=("bias",), n_folds=1), "n_folds is 1; it must be at least 2"),
        (Stack(models=("bias",), n_folds=1000), "'toy' has [0-9]+ ratings for 1000 parts"),
    ],
)
def test_options_that_cannot_be_are_refused(stack: Stack, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        stack.fit(toy_ratings())
