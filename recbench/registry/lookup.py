"""Finding a model by its name, for models that are made of others: the registry says how, when it is loaded."""

from __future__ import annotations

from collections.abc import Callable

from recbench.contracts import RatingModel

Find = Callable[[str], Callable[..., RatingModel]]

_known: list[Find] = []  # the latest registry's, once there is one


def find_with(find: Find) -> None:
    """From now on, `find` gives the factory of a model's name."""
    _known[:] = [find]


def find_model(name: str, otherwise: Find) -> Callable[..., RatingModel]:
    """The factory of a registered model; `otherwise` is asked where no registry is loaded.

    Raises:
        LookupError: nothing has that name.
    """
    find = _known[0] if _known else otherwise
    return find(name)
