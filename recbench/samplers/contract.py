"""The contract of a sampler: it draws candidates one by one, or lists all candidates to try."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from recbench.registry.search_space import Space

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler

Params = dict[str, Any]  # by option: the number of a range, the text of a choice as it is typed


class Sampler:
    """Proposes candidates. A subclass has a name and a meaning, and overrides one of the two methods.

    The search never evaluates a candidate twice, whatever is proposed.
    """

    name: ClassVar[str]  # the value of `search.sampler`
    meaning: ClassVar[str]  # what it proposes, in a few words for the user

    def draw(self, attempt: int, draw_seed: int, search_seed: int) -> BaseSampler | None:
        """Return the Optuna sampler that draws the next candidate; None if this sampler lists its candidates.

        `attempt` counts, from 0, the draws that proposed only candidates that the search has evaluated. `draw_seed`
        differs from draw to draw, and is the same when the search is resumed. `search_seed` is the same for all draws
        of a search: a sampler whose candidates are points of one sequence needs it.
        """
        return None

    def listed(self, space: Mapping[str, Space], n_points: int, seed: int) -> list[Params] | None:
        """Return all candidates in the order in which to try them; None if this sampler draws.

        `n_points` is the number of values to try in each range.
        """
        return None
