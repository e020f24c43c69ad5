"""The installed registry: recbench's own parts, and how names are found."""

from __future__ import annotations

import pytest

from recbench.models.baselines.bias import Bias
from recbench.registry.registry import UnknownNameError, installed


def test_the_built_in_parts_are_registered() -> None:
    registry = installed()
    assert {"global_mean", "bias"} <= set(registry.entries["model"])
    assert {"holdout", "k_fold", "fixed_folds"} <= set(registry.entries["split"])
    assert {"movielens", "ratings_file", "synthetic"} <= set(registry.entries["dataset"])
    assert {"rmse", "mae", "mse", "r2", "rmse_user"} <= set(registry.entries["metric"])


def test_entry_has_role_name_factory_and_distribution() -> None:
    entry = installed().find("model", "bias")
    assert (entry.role, entry.name, entry.factory, entry.distribution) == ("model", "bias", Bias, "recbench")
    assert entry.path() == "recbench.models.baselines.bias.Bias"
    assert entry.summary() == "User and item biases, damped, by alternating closed-form updates."


def test_installed_registry_is_loaded_once() -> None:
    assert installed() is installed()


def test_an_unknown_name_gets_a_suggestion_and_the_list() -> None:
    with pytest.raises(UnknownNameError, match=r"unknown model 'bais'; did you mean 'bias'\? \(registered: .*bias, "):
        installed().find("model", "bais")


def test_an_unknown_name_unlike_all_others_gets_only_the_list() -> None:
    with pytest.raises(UnknownNameError, match=r"unknown split 'zzzzzz' \(registered: cold_item, .*holdout, k_fold, "):
        installed().find("split", "zzzzzz")


@pytest.mark.parametrize("rank", ["", "x", "0", "-1", "1.5"])
def test_invalid_cutoff_is_refused(rank: str) -> None:
    message = rf"metric 'rmse@{rank}': invalid cutoff {rank!r}; use a positive integer, rmse@10 for example"
    with pytest.raises(ValueError, match=message):
        installed().metric(f"rmse@{rank}")


def test_cutoff_of_a_metric_without_one_is_refused() -> None:
    with pytest.raises(ValueError, match="has no parameter 'k'"):
        installed().metric("rmse@10")
