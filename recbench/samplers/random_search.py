"""Random search: every candidate is drawn independently of the others.

Source: Bergstra & Bengio (2012), "Random search for hyper-parameter optimization", JMLR 13.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from recbench.samplers.contract import Sampler

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler


class RandomSearch(Sampler):
    """Draws each option uniformly over its space, or over its logarithm where the space has `log=True`."""

    name = "random"
    meaning = "independent of earlier ones"

    def draw(self, attempt: int, draw_seed: int, search_seed: int) -> BaseSampler:
        """Return Optuna's random sampler."""
        from optuna.samplers import RandomSampler

        return RandomSampler(seed=draw_seed)


SAMPLER = RandomSearch()
