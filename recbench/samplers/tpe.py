"""Tree-structured Parzen estimator: candidates are drawn where earlier ones scored well.

Source: Bergstra, Bardenet, Bengio & Kégl (2011), "Algorithms for hyper-parameter optimization", NIPS.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from recbench.samplers.contract import Sampler

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler

N_REPEATS = 3  # repeated proposals after which it draws at random: the estimator would go on repeating itself


class TPE(Sampler):
    """Models the densities of good and of bad candidates, and proposes where their ratio is greatest."""

    name = "tpe"
    meaning = "where earlier ones scored well"

    def draw(self, attempt: int, draw_seed: int, search_seed: int) -> BaseSampler:
        """Return Optuna's TPE, or its random sampler after too many repetitions."""
        from optuna.samplers import RandomSampler, TPESampler

        return TPESampler(seed=draw_seed) if attempt < N_REPEATS else RandomSampler(seed=draw_seed)


SAMPLER = TPE()
