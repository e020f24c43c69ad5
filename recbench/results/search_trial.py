"""The node that a search adds to the configuration of each job that it launches.

The node `search._trial` is private: only a search sets it, it is not an option, and the help does not show it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

NODE = "_trial"


def trial_of(search: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the private node of a configuration's `search`; empty where no search launched the job."""
    trial: Mapping[str, Any] = search.get(NODE) or {}
    return trial


def searched_ranges(config: Mapping[str, Any]) -> Mapping[str, Sequence[Any]]:
    """Return the searched range of each numeric option: its bounds, and whether it is logarithmic."""
    search: Mapping[str, Any] = config.get("search") or {}
    ranges: Mapping[str, Sequence[Any]] = trial_of(search).get("ranges") or search.get("ranges") or {}
    return ranges  # `search.ranges` is where version 0.1 had them
