"""Records as jobs would have written them, made without running any."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from recbench.results.records import PARTS, Record, Score
from recbench.results.rows import Row

DATA = {"n_users": 1000, "n_items": 50, "n_ratings": 10_000, "rating_scale": [1.0, 5.0], "digest": "d1"}
NO_JOB = {"dataset": "", "split": "", "model": "", "kind": "", "seed": 0}


def record_of(**values: Any) -> Record:
    """Build a record from the fields of its parts; `options` are those of the model in its configuration."""
    values = {**NO_JOB, **values}
    if "options" in values:
        values["config"] = {"model": {"kind": values["kind"], **values.pop("options")}, **values.get("config", {})}
    parts = {
        name: part(**{each.name: values.pop(each.name) for each in fields(part) if each.name in values})
        for name, part in PARTS.items()
    }
    return Record(**parts, **values)


def changed(record: Record, **values: Any) -> Record:
    """Return the record with other values in the fields of its parts."""
    flat = {
        each.name: getattr(getattr(record, name), each.name) for name, part in PARTS.items() for each in fields(part)
    }
    if "options" in values:
        flat["config"] = {name: value for name, value in flat["config"].items() if name != "model"}
    return record_of(**flat | {"unknown": record.unknown} | values)


def made_record(model: str, *folds: float, metric: str = "rmse", greater: bool = False, **changes: Any) -> Record:
    values: dict[str, Any] = {
        "dataset": "Toy",
        "split": "holdout",
        "model": model,
        "kind": model,
        "scores": {metric: Score.over(folds, greater_is_better=greater)},
        "n_scored": 2000,
        "cold_share": 0.05,
        "fallback_share": 0.1,
        "fit_seconds": 1.0,
        "predict_seconds": 0.5,
        "peak_memory_mb": 10.0,
        "data": DATA,
    }
    return record_of(**values | changes)


def failed_record(model: str, cause: str = "it broke", **changes: Any) -> Record:
    return made_record(model, 0.0, **{"status": "failed", "cause": cause, "scores": {}, "data": {}} | changes)


def is_baseline(record: Record) -> bool:
    return record.job.kind in ("global_mean", "bias") and not record.job.options


def models_of(rows: list[Row]) -> list[str]:
    return [row.record.job.model for row in rows]
