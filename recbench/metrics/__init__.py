"""Metrics: one definition a name, `function(ratings, predicted)` and what it names beside them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from recbench.contracts import Metric
from recbench.hookspecs import hookimpl
from recbench.metrics import among_rated as rated
from recbench.metrics import beyond_accuracy as lists
from recbench.metrics import over_catalog as catalog
from recbench.metrics.concordance import fcp
from recbench.metrics.errors import mae, mse, r2, rmse, rmse_user
from recbench.metrics.uncertainty import interval_coverage, interval_width

__all__ = ["mae", "mse", "r2", "register_metrics", "rmse", "rmse_user"]

LOWER_IS_BETTER: Mapping[str, Callable[..., float]] = {
    "rmse": rmse,
    "mae": mae,
    "mse": mse,
    "rmse_user": rmse_user,
    "interval_width": interval_width,
    "gini": lists.gini,
}
GREATER_IS_BETTER: Mapping[str, Callable[..., float]] = {
    "r2": r2,
    "fcp": fcp,
    "ndcg_rated": rated.ndcg_rated,
    "precision_rated": rated.precision_rated,
    "recall_rated": rated.recall_rated,
    "hit_rate_rated": rated.hit_rate_rated,
    "map_rated": rated.map_rated,
    "map_hits_rated": rated.map_hits_rated,
    "mrr_rated": rated.mrr_rated,
    "auc_rated": rated.auc_rated,
    "ndcg": catalog.ndcg,
    "precision": catalog.precision,
    "recall": catalog.recall,
    "hit_rate": catalog.hit_rate,
    "map": catalog.mean_average_precision,
    "map_hits": catalog.map_hits,
    "mrr": catalog.mrr,
    "auc": catalog.auc,
    "ranked_users": catalog.ranked_users,
    "coverage": lists.coverage,
    "novelty": lists.novelty,
    "interval_coverage": interval_coverage,
}


@hookimpl
def register_metrics() -> Mapping[str, Metric]:
    """The built-in metrics; the first in a run's list is the one its table is sorted by."""
    lower = {name: Metric(function) for name, function in LOWER_IS_BETTER.items()}
    greater = {name: Metric(function, greater_is_better=True) for name, function in GREATER_IS_BETTER.items()}
    return lower | greater
