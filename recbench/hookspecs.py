"""The hooks with which a plugin registers models, datasets, splits and metrics. Each returns names and factories.

A factory is a class or a function. Its keyword parameters become the options that a user sets on the command line:
each needs a type annotation; the comment behind it is its help text. A name consists of lower-case letters, digits
and underscores, and must not be a built-in's. A plugin is a distribution whose `pyproject.toml` names the module that
has the hooks:

    [project.entry-points.recbench]
    slope_one = "recbench_slope_one"

and the module marks them:

    @hookimpl
    def register_models() -> Mapping[str, Callable[..., RatingModel]]:
        return {"slope_one": SlopeOne}

recbench registers its own parts in the same way. A plugin that fails is disabled, and `recbench list` shows the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pluggy

from recbench.contracts import Metric, RatingDataset, RatingModel, Split

hookspec = pluggy.HookspecMarker("recbench")
hookimpl = pluggy.HookimplMarker("recbench")  # the decorator that marks a plugin's hooks


@hookspec
def register_models() -> Mapping[str, Callable[..., RatingModel]]:
    """Return models by name: `model=NAME` selects one, `model.OPTION=VALUE` sets its options.

    A factory returns an unfitted `RatingModel`; usually it is the model's class.
    """
    raise NotImplementedError


@hookspec
def register_datasets() -> Mapping[str, Callable[..., RatingDataset]]:
    """Return datasets by name: `dataset=NAME` selects one, `dataset.OPTION=VALUE` sets its options.

    A factory loads and returns the `RatingDataset`; the same options must give the same data.
    """
    raise NotImplementedError


@hookspec
def register_splits() -> Mapping[str, Callable[..., Split]]:
    """Return splits by name: `split=NAME` selects one, `split.OPTION=VALUE` sets its options.

    A factory returns a `Split`, a callable that takes the dataset and yields folds; usually it is a dataclass with a
    method `__call__`.
    """
    raise NotImplementedError


@hookspec
def register_metrics() -> Mapping[str, Metric | Callable[..., Any]]:
    """Return metrics by name: `metrics=[NAME,...]` selects some, `NAME@10` sets the cutoff `k`.

    A value is a `Metric`, or a function `function(ratings, predicted)` of which lower values are better.
    """
    raise NotImplementedError
