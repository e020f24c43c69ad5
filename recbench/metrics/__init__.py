"""Metrics: one definition per name, a `function(ratings, predicted)` plus the extras that it names."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from recbench.contracts import Metric
from recbench.hookspecs import hookimpl
from recbench.metrics.among_rated import AMONG_RATED
from recbench.metrics.beyond_accuracy import coverage, gini, novelty
from recbench.metrics.concordance import fcp
from recbench.metrics.errors import mae, mse, r2, rmse, rmse_user
from recbench.metrics.over_catalog import OVER_CATALOG
from recbench.metrics.uncertainty import interval_coverage, interval_width

__all__ = ["mae", "mse", "r2", "register_metrics", "rmse", "rmse_user"]

LOWER_IS_BETTER: Mapping[str, Callable[..., float]] = {
    "rmse": rmse,
    "mae": mae,
    "mse": mse,
    "rmse_user": rmse_user,
    "interval_width": interval_width,
    "gini": gini,
}
GREATER_IS_BETTER: Mapping[str, Callable[..., float]] = {
    "r2": r2,
    "fcp": fcp,
    **AMONG_RATED,
    **OVER_CATALOG,
    "coverage": coverage,
    "novelty": novelty,
    "interval_coverage": interval_coverage,
}


@hookimpl
def register_metrics() -> Mapping[str, Metric]:
    """Return the built-in metrics by name."""
    lower = {name: Metric(function) for name, function in LOWER_IS_BETTER.items()}
    greater = {name: Metric(function, greater_is_better=True) for name, function in GREATER_IS_BETTER.items()}
    return lower | greater
