"""Grid search: every combination of evenly spread values, in random order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np

from recbench.registry.search_space import Between, Space, to_override
from recbench.samplers.contract import Params, Sampler


class Grid(Sampler):
    """Lists the grid; in random order, so that a search that ends early has seen all of the space."""

    name = "grid"
    meaning = "evenly spread values, in random order"

    def listed(self, space: Mapping[str, Space], n_points: int, seed: int) -> list[Params]:
        """Return each combination of `n_points` values of every range and all values of every choice."""
        values = {
            name: each.grid(n_points) if isinstance(each, Between) else [to_override(value) for value in each.values]
            for name, each in space.items()
        }
        return shuffled_combinations(values, seed)


def shuffled_combinations(values: Mapping[str, Sequence[Any]], seed: int) -> list[Params]:
    """Return every combination of the options' values, in random order."""
    combinations = [dict(zip(values, chosen, strict=True)) for chosen in product(*values.values())]
    return [combinations[row] for row in np.random.default_rng(seed).permutation(len(combinations))]


SAMPLER = Grid()
