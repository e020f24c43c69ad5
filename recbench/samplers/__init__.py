"""Samplers: how a search proposes its next candidate. Each module but `contract` holds one, as `SAMPLER`."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from recbench.samplers.contract import Sampler


@cache
def samplers() -> dict[str, Sampler]:
    """Return all samplers by name: the values of `search.sampler`."""
    modules = [import_module(f"{__name__}.{each.name}") for each in iter_modules(__path__) if each.name != "contract"]
    return {each.SAMPLER.name: each.SAMPLER for each in modules}
