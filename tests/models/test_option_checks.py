"""Checks of the options of a model that Python code constructs."""

from __future__ import annotations

from typing import Any

import pytest

from recbench.models.factorization.mf import MF
from recbench.models.neighbors.knn import UserKNN
from recbench.models.option_checks import check_at_least, check_choices


def test_an_unknown_choice_is_an_error_that_lists_the_known_ones() -> None:
    options: dict[str, Any] = {"solver": "als++"}
    with pytest.raises(ValueError, match=r"^unknown solver 'als\+\+'; choose one of \['als', 'sgd'\]$"):
        check_choices(MF(**options))
    check_choices(MF(solver="sgd"))


@pytest.mark.parametrize("value", [-1.0, float("nan")])
def test_an_option_below_its_least_value_is_an_error(value: float) -> None:
    with pytest.raises(ValueError, match=rf"^shrinkage is {value}; it must be at least 0$"):
        check_at_least(UserKNN(shrinkage=value), n_neighbors=1, shrinkage=0)
    check_at_least(UserKNN(shrinkage=0.0), n_neighbors=1, shrinkage=0)
