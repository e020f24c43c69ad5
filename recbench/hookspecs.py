"""The hooks: what a plugin can bring. Each returns a mapping from names to factories.

A factory is a class or a function; its keyword parameters, with their types and defaults, become
the options that a user sets on the command line. Distributions announce the module that holds
their hooks under the entry-point group `recbench`; recbench's own parts do the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pluggy

from recbench.contracts import Metric, RatingDataset, RatingModel, Split

hookspec = pluggy.HookspecMarker("recbench")
hookimpl = pluggy.HookimplMarker("recbench")


@hookspec
def register_models() -> Mapping[str, Callable[..., RatingModel]]:
    """Models: `model=<name>` selects one, `model.<option>=...` sets its options."""
    raise NotImplementedError


@hookspec
def register_datasets() -> Mapping[str, Callable[..., RatingDataset]]:
    """Data sets: `dataset=<name>` selects one; calling the factory loads it."""
    raise NotImplementedError


@hookspec
def register_splits() -> Mapping[str, Callable[..., Split]]:
    """Splits: `split=<name>` selects one; the factory returns a callable that yields folds."""
    raise NotImplementedError


@hookspec
def register_metrics() -> Mapping[str, Metric | Callable[..., Any]]:
    """Metrics: `metrics=[<name>,...]`; a bare `function(ratings, predicted)` means lower is better."""
    raise NotImplementedError
