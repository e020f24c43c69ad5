"""Members of a stack: how their options are written, and how the registry finds their models."""

from __future__ import annotations

import pytest
from recbench_slope_one import SlopeOne

from recbench import RatingDataset
from recbench.models.factorization.mf import MF
from recbench.models.neural.ncf import NCF
from recbench.models.stack.members import new_member
from recbench.models.stack.stack import Stack
from recbench.registry.registry import UnknownNameError


def test_member_can_set_its_own_options(small_synthetic: RatingDataset) -> None:
    stack = Stack(models=("mf n_factors=3 solver=als biases=true seed=5 reg=2",), seed=1).fit(small_synthetic)
    assert stack.state()["member_0_user_factors_"].shape == (60, 4 * 3)
    assert new_member("mf n_factors=3 solver=als biases=true seed=5 reg=2", 1) == MF(n_factors=3, seed=5, reg=2)
    assert new_member("ncf hidden_layers=[8,4]", 1) == NCF(hidden_layers=(8, 4), seed=1)


@pytest.mark.parametrize(
    ("member", "message"),
    [
        ("bias n_factors=3", "'bias n_factors=3' has 'n_factors=3'; write option=value"),
        ("bias reg_user", r"\(options of 'bias': reg_user, reg_item, n_epochs\)"),
        ("bias reg_user=much", "bias reg_user='much' is not a valid float"),
        ("bias n_epochs=true", "bias n_epochs='true' is not a valid int"),
        ("mf solver=newton", "mf solver='newton'"),
    ],
)
def test_invalid_member_options_are_refused(member: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        new_member(member, 0)


def test_models_of_installed_plugins_can_be_members() -> None:
    assert new_member("slope_one damping=2", 0) == SlopeOne(damping=2.0)


def test_unknown_member_is_refused_with_a_suggestion(small_synthetic: RatingDataset) -> None:
    with pytest.raises(UnknownNameError, match="unknown model 'biass'; did you mean 'bias'"):
        Stack(models=("biass",)).fit(small_synthetic)


@pytest.mark.parametrize(
    ("stack", "message"),
    [
        (Stack(models=()), "models is empty: a stack needs members"),
        (Stack(models=("bias",), n_folds=1), "n_folds is 1; it must be at least 2"),
        (Stack(models=("bias",), n_folds=1000), "'toy' has [0-9]+ ratings for 1000 folds"),
    ],
)
def test_invalid_stack_options_are_refused(stack: Stack, message: str, toy: RatingDataset) -> None:
    with pytest.raises(ValueError, match=message):
        stack.fit(toy)
