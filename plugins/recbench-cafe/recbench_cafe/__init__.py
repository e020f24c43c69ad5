"""A plugin with more than one part: each hook returns what it brings, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from recbench import Metric, RatingDataset, RatingModel, Split, hookimpl
from recbench_cafe.dataset import load_cafes
from recbench_cafe.metric import worst_item
from recbench_cafe.model import CafeNet
from recbench_cafe.split import Weekdays


@hookimpl
def register_models() -> Mapping[str, Callable[..., RatingModel]]:
    """`model=cafe_net`."""
    return {"cafe_net": CafeNet}


@hookimpl
def register_datasets() -> Mapping[str, Callable[..., RatingDataset]]:
    """`dataset=cafes`."""
    return {"cafes": load_cafes}


@hookimpl
def register_splits() -> Mapping[str, Callable[..., Split]]:
    """`split=weekdays`."""
    return {"weekdays": Weekdays}


@hookimpl
def register_metrics() -> Mapping[str, Metric]:
    """`metrics=[rmse,worst_item]`."""
    return {"worst_item": Metric(worst_item)}
