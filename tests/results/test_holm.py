"""Multiple comparisons: Holm's correction, and a table's rows against its best row."""

from __future__ import annotations

import math
from dataclasses import astuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recbench.results.significance import Difference, compare_with_best, holm, mark_ties, paired_bootstrap
from tests.support.predictions import simulated, some


def test_holm_of_the_worked_example() -> None:
    assert holm([0.01, 0.04, 0.03]).tolist() == pytest.approx([0.03, 0.06, 0.06])


@some
@given(st.lists(st.floats(0, 1), max_size=12))
def test_holm_keeps_the_order_and_is_between_the_p_value_and_bonferroni(p_values: list[float]) -> None:
    p, adjusted = np.array(p_values), holm(p_values)
    assert (adjusted >= p).all()
    assert (adjusted <= np.minimum(p * len(p), 1)).all()
    assert (np.diff(adjusted[np.argsort(p)]) >= 0).all()


@pytest.mark.parametrize("wrong", [-0.1, 1.1, math.nan])
def test_holm_rejects_values_that_are_not_probabilities(wrong: float) -> None:
    with pytest.raises(ValueError, match=r"p-values .*; each must be between 0 and 1"):
        holm([0.5, wrong])


def test_rows_are_compared_with_the_best_and_adjusted_jointly() -> None:
    ratings, best, worse, users = simulated(0, better_by=0.5)
    close = best + np.random.default_rng(0).normal(0, 0.01, len(best))
    found = compare_with_best(ratings, [best, close, worse], users)
    alone = [paired_bootstrap(ratings, other, best, users) for other in (close, worse)]
    assert found[0] == Difference(0, 0, 0, 1)
    for one, other in zip(found[1:], alone, strict=True):
        assert astuple(one)[:3] == pytest.approx(astuple(other)[:3], abs=1e-12)
    assert [each.p_value for each in found[1:]] == pytest.approx(holm([each.p_value for each in alone]).tolist())
    assert mark_ties(found) == [False, True, False]


def test_a_long_table_can_still_have_significant_differences() -> None:
    ratings, best, worse, users = simulated(0, better_by=0.9)
    found = compare_with_best(ratings, [best, *[worse] * 60], users, n_resamples=100)
    assert mark_ties(found) == [False] * 61


def test_the_only_row_of_a_table_differs_by_0_from_itself() -> None:
    ratings, only, _, users = simulated(0)
    assert compare_with_best(ratings, [only], users) == [Difference(0, 0, 0, 1)]


def test_a_table_without_rows_is_rejected() -> None:
    with pytest.raises(ValueError, match="no predictions to compare; pass one array per row, the best first"):
        compare_with_best(np.zeros(2), [], np.arange(2))


def test_a_row_is_tied_with_the_best_unless_its_p_value_is_below_alpha() -> None:
    rows = [Difference(0.0, 0.0, 0.0, p) for p in (1.0, 0.05, 0.049)]
    assert mark_ties(rows) == [False, True, False]
    assert mark_ties(rows, alpha=0.01) == [False, True, True]
