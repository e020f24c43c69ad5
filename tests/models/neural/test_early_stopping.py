"""Early stopping: the seeds of the networks, and what each is trained on in the end."""

from __future__ import annotations

import numpy as np
import pytest

from recbench.array_types import FloatArray
from recbench.contracts import RatingDataset
from recbench.models.neural.autorec import AutoRec
from recbench.models.neural.early_stopping import Stopping
from recbench.models.neural.ncf import NCF
from recbench.models.trainer import TrainResult
from recbench.testing.toy import toy_ratings


def seeds_of_networks(seed: int, n_models: int = 5) -> list[int]:
    """Return the seeds that the networks of one model are trained with."""
    seeds: list[int] = []

    def train_one(train: RatingDataset, valid: RatingDataset | None, n_epochs: int, seed: int) -> TrainResult:
        seeds.append(seed)
        return TrainResult({}, n_epochs)

    Stopping(1, None, refit=False, n_models=n_models, seed=seed).run(train_one, toy_ratings(), None)
    return seeds


def test_the_first_network_has_the_seed_of_the_model() -> None:
    assert seeds_of_networks(7, n_models=1) == [7]
    assert seeds_of_networks(7)[0] == 7


def test_replicates_of_an_average_share_no_network() -> None:
    seeds = [seed for replicate in range(20) for seed in seeds_of_networks(replicate)]
    assert len(set(seeds)) == 20 * 5


def test_networks_of_ncf_with_consecutive_seeds_differ() -> None:
    one, two = (NCF(n_models=2, n_epochs=1, seed=seed).fit(toy_ratings()) for seed in (1, 2))
    assert shared(one.user_embedding_, two.user_embedding_) == 0


def test_autoencoders_of_autorec_with_consecutive_seeds_differ() -> None:
    one, two = (
        np.split(AutoRec(n_models=2, n_hidden=4, n_epochs=1, seed=seed).fit(toy_ratings()).item_factors_, 2, axis=1)
        for seed in (1, 2)
    )
    assert shared(np.stack(one), np.stack(two)) == 0


def shared(one: FloatArray, two: FloatArray) -> int:
    """Return how many networks of `one` are also in `two`; the first axis is that of the networks."""
    return sum(np.array_equal(mine, other) for mine in one for other in two)


@pytest.mark.parametrize("n_models", [0, -1])
def test_fewer_than_one_network_is_an_error(n_models: int) -> None:
    with pytest.raises(ValueError, match=f"n_models is {n_models}; it must be at least 1"):
        Stopping(1, None, refit=False, n_models=n_models, seed=0)
