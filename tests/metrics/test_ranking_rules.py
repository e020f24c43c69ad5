"""Ranking metrics: what is relevant, who is left out, what is refused, and the names."""

from __future__ import annotations

import inspect
import math

import numpy as np
import pytest

from recbench.cli.command import run
from recbench.metrics.among_rated import AMONG_RATED
from recbench.metrics.over_catalog import OVER_CATALOG
from recbench.metrics.ranking import Ranking
from recbench.metrics.ranking_formulas import FORMULAS
from recbench.registry.registry import installed
from tests.support.ranked import RATED, WITH_CUTOFF, full_value, one_ranking, one_user, rated_value


@pytest.mark.parametrize(
    ("scale", "least"), [((1, 5), 4), ((0.5, 5), 4), ((1, 10), 7.75), ((-1, 1), 0.5), ((0, 1), 0.75), ((0, 100), 75)]
)
def test_relevant_is_three_quarters_up_the_scale(scale: tuple[float, float], least: float) -> None:
    step = 0.5 if scale[1] == 5 else 0.25
    assert rated_value("recall_rated", [least, scale[0]], [1, 0], scale=scale, k=1) == 1.0
    assert math.isnan(rated_value("recall_rated", [least - step, scale[0]], [1, 0], scale=scale, k=1))


def test_what_is_relevant_can_be_set() -> None:
    assert rated_value("precision_rated", [3, 2], [1, 0], k=2, relevant_from=2.5) == 0.5


def test_users_without_a_relevant_row_are_left_out() -> None:
    assert rated_value("recall_rated", [5, 1, 2, 3], [1, 0, 1, 0], users=[0, 0, 1, 1], k=1) == 1.0


@pytest.mark.parametrize("name", RATED)
def test_without_any_relevant_row_a_metric_is_not_a_number(name: str) -> None:
    assert math.isnan(rated_value(name, [1, 1], [2, 1]))


def test_a_first_hit_beyond_the_cut_counts_as_zero() -> None:
    assert rated_value("mrr_rated", [1, 1, 5], [3, 2, 1], k=2) == 0.0
    assert rated_value("mrr_rated", [1, 1, 5], [3, 2, 1]) == pytest.approx(1 / 3)


def test_negative_ratings_have_gains_too() -> None:
    assert rated_value("ndcg_rated", [-1, 0], [2, 1], scale=(-1, 1)) == pytest.approx(1 / math.log2(3))


@pytest.mark.parametrize("name", WITH_CUTOFF)
def test_a_rank_below_one_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="k is 0; it must be at least 1"):
        rated_value(name, [5, 1], [2, 1], k=0)


def test_an_unknown_gain_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown gain 'cubic'; choose one of"):
        rated_value("ndcg_rated", [5, 1], [2, 1], gain="cubic")


def test_unequal_columns_are_refused() -> None:
    with pytest.raises(ValueError, match="2 ratings, 1 predictions and 2 users; give equally many, at least one"):
        rated_value("mrr_rated", [5, 1], [2])


def test_ranked_users_counts_those_with_a_relevant_candidate() -> None:
    # user 0's liked item is in train already, user 2 liked none
    train, scored = one_user([5]), one_user([5, 4, 5, 1], users=[0, 1, 1, 2])
    ranking = Ranking(lambda user_idx: np.zeros((len(user_idx), 12)), train, scored)
    assert full_value(OVER_CATALOG["ranked_users"], ranking) == 1.0


def test_a_metric_is_shown_under_its_name_with_a_rank() -> None:
    assert "Σ_{p≤k} g / log2(p + 1)" in run("show", ["metric=ndcg@10"])


def test_a_name_with_a_rank_cuts_the_metric_there() -> None:
    ranking = one_ranking([3, 2, 1, 0], items=[1, 3], ratings=[5, 5])
    names = {"precision@1": 0.0, "precision@2": 0.5, "recall@4": 1.0, "mrr@1": 0.0, "mrr": 0.5}
    found = {name: installed().metric(name)(np.zeros(2), np.zeros(2), ranking=ranking) for name in names}
    assert found == names


@pytest.mark.parametrize("name", FORMULAS)
def test_every_formula_gives_two_documented_metrics_with_its_options(name: str) -> None:
    options = list(inspect.signature(FORMULAS[name]).parameters)[1:]
    for metric, inputs in ((OVER_CATALOG[name], ["ranking"]), (AMONG_RATED[f"{name}_rated"], ["user_idx", "train"])):
        assert list(inspect.signature(metric).parameters)[2:] == inputs + options
        assert metric.__doc__
        assert "{candidates}" not in metric.__doc__
        assert "{suffix}" not in metric.__doc__
    assert "the catalog" in str(OVER_CATALOG[name].__doc__)
    assert "the user's rated items" in str(AMONG_RATED[f"{name}_rated"].__doc__)


def test_gains_are_binary_over_the_catalog_and_linear_among_rated_items() -> None:
    assert inspect.signature(OVER_CATALOG["ndcg"]).parameters["gain"].default == "binary"
    assert inspect.signature(AMONG_RATED["ndcg_rated"]).parameters["gain"].default == "linear"


def test_rated_and_catalog_metrics_have_different_candidates() -> None:
    ranking = one_ranking([3, 2, 1], items=[2], ratings=[5])
    assert AMONG_RATED["mrr_rated"](np.array([5]), np.array([1.0]), np.array([0]), ranking.train) == 1.0
    assert full_value(OVER_CATALOG["mrr"], ranking) == pytest.approx(1 / 3)
