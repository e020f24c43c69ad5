"""Records for tables that nobody ran."""

from __future__ import annotations

from typing import Any

from recbench.results.records import Record, Score
from recbench.results.rows import Row

DATA = {"n_users": 1000, "n_items": 50, "n_ratings": 10_000, "rating_scale": [1.0, 5.0], "digest": "d1"}


def made_record(model: str, *folds: float, metric: str = "rmse", greater: bool = False, **changes: Any) -> Record:
    values: dict[str, Any] = {
        "dataset": "Toy",
        "split": "holdout",
        "model": model,
        "kind": model,
        "scores": {metric: Score.over(folds, greater_is_better=greater)},
        "n_test": 2000,
        "cold_share": 0.05,
        "fallback_share": 0.1,
        "fit_seconds": 1.0,
        "predict_seconds": 0.5,
        "peak_memory_mb": 10.0,
        "data": DATA,
    }
    return Record(**values | changes)


def failed_record(model: str, cause: str = "it broke", **changes: Any) -> Record:
    return made_record(model, 0.0, **{"status": "failed", "cause": cause, "scores": {}, "data": {}} | changes)


def is_baseline(record: Record) -> bool:
    return record.kind in ("global_mean", "bias") and not record.options


def models_of(rows: list[Row]) -> list[str]:
    return [row.record.model for row in rows]
