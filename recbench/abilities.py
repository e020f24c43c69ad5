"""The former name of `recbench.capabilities`, for plugins written for version 0.1; version 0.3 removes it."""

import warnings
from typing import Any

from recbench import capabilities


def __getattr__(name: str) -> Any:
    """Return the attribute of this name from `recbench.capabilities`, with a deprecation warning."""
    value = getattr(capabilities, name)
    warnings.warn("recbench.abilities is now recbench.capabilities; import it from there", DeprecationWarning, 2)
    return value
