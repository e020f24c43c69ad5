"""Options that a factory had in an earlier release, and what to do instead."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def removal_advice(factory: Callable[..., Any], name: str) -> str:
    """Return what to do instead of setting an option that the factory no longer has; empty if it never had it.

    A factory lists its removed options in an attribute `removed_options: ClassVar[dict[str, str]]`, name to advice,
    a phrase such as "write threads=2 instead".
    """
    advice = getattr(factory, "removed_options", {}).get(name)
    return f" any more; {advice}" if advice else ""
