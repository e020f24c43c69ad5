"""Overrides of the command line: `model=mf` chooses from a group, `model.n_factors=8` sets an option.

`Override.parse` says what an override is about before anything is composed; what its value means, and whether it
is well formed, is for Hydra to say.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True)
class Override:
    """One `name=value` of the command line.

    `group` is the config group or the top-level option: `model` in `model=mf`, `model.n_factors=8`, `+model@other=mf`.
    """

    text: str  # as typed
    prefix: str  # "+", "++" or "~", else empty
    group: str
    option: str  # below the group, dotted where nested; empty where the group itself is given a value
    value: str  # as typed; empty if there is no "="

    @classmethod
    def parse(cls, text: str) -> Self:
        """Split an override into its parts; any text has them."""
        name, _, value = text.partition("=")
        plain_name = name.lstrip("+~")
        group, _, option = plain_name.partition("@")[0].partition(".")
        return cls(text, name.removesuffix(plain_name), group, option, value)

    @property
    def name(self) -> str:
        """The group, with the option if there is one: `model.n_factors`."""
        return f"{self.group}.{self.option}" if self.option else self.group


def first_outside(overrides: Iterable[str], groups: Iterable[str]) -> str | None:
    """Return the first override that is about none of these groups; None if there is none."""
    allowed = set(groups)
    return next((each for each in overrides if Override.parse(each).group not in allowed), None)
