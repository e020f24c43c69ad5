"""The search that a command line requests: which models and datasets, and which of their options vary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hydra.core.override_parser.types import IntervalSweep, Override, QuotedString

from recbench.registry.search_space import Between, OneOf, Space, to_override
from recbench.usage import UsageError


@dataclass
class SearchRequest:
    """The search that a command line requests."""

    fixed: list[str] = field(default_factory=list)  # overrides that every job has
    outer: list[list[str]] = field(default_factory=list)  # choices whose combinations get a study each
    seeds: list[list[str]] = field(default_factory=lambda: [[]])  # overrides of the replicates
    pinned: set[str] = field(default_factory=set)  # the model's options that are given one value
    swept: dict[str, Space] = field(default_factory=dict)  # and those that are given several values or an interval


def parse_request(overrides: Sequence[Override]) -> SearchRequest:
    """Sort the overrides by what they vary; of two for the same key, the later counts.

    Raises:
        UsageError: an override varies what a search can't vary.
    """
    request = SearchRequest()
    for key, override in {each.get_key_element(): each for each in overrides}.items():
        name = override.key_or_group
        option = name.removeprefix("model.") if name.startswith("model.") else ""
        if not override.is_sweep_override():
            request.fixed.append(f"{key}={override.get_value_element_as_str()}")
            request.pinned |= {option} - {""}
        elif option == "seed":
            raise UsageError("model.seed is averaged over, not chosen; write seed=1,2")
        elif option:
            request.swept[option] = _space_of(override)
        elif name.partition(".")[0] in ("search", "hydra", "store") or override.is_interval_sweep():
            raise UsageError(f"{override.input_line} can't vary in a search; give it one value")
        else:
            choices = [f"{key}={value}" for value in override.sweep_string_iterator()]
            if name == "seed":
                request.seeds = [[choice] for choice in choices]
            else:
                request.outer.append(choices)
    return request


def each_value(swept: Mapping[str, Space]) -> list[str]:
    """Return an override for each value to try, to check that it is valid; one empty text if there is none."""
    values = [(name, each.values if isinstance(each, OneOf) else (each.low, each.high)) for name, each in swept.items()]
    return [f"model.{name}={to_override(value)}" for name, listed in values for value in listed] or [""]


def _space_of(override: Override) -> Space:
    """Return several values as choices, `interval(a,b)` as a range."""
    swept = override.value()
    if isinstance(swept, IntervalSweep):
        if swept.start is None or swept.end is None:
            raise UsageError(f"{override.input_line} has no bounds; write interval(0.1,10)")
        return Between(swept.start, swept.end, "log" in swept.tags)
    return OneOf(tuple(_plain(value) for value in override.sweep_iterator()))


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value.text if isinstance(value, QuotedString) else value
