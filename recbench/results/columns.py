"""The columns of a comparison, each defined once: text, Markdown, CSV, the report and `make bench` render them.

To add a column, add an entry here. The orders of the printed table, the CSV and the report are made of
groups of columns, such as `COSTS`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import replace

from recbench.results.records import Score
from recbench.results.rows import Row
from recbench.results.tables import CSV_ONLY, HTML_ONLY, TEXT_ONLY, Column, View


def metric_names(rows: Sequence[Row]) -> list[str]:
    """Return the metrics of all rows, in the order of the records."""
    return list(dict.fromkeys(metric for row in rows for metric in row.record.outcome.scores))


def metric_column(metric: str) -> Column[Row]:
    """Return the column of one metric on the test set: mean and, over folds or seeds, standard deviation."""
    return _score_column(metric, metric.upper(), metric, lambda row: row.scores.get(metric), "on the test set")


def table_columns(rows: Sequence[Row], view: View) -> list[Column[Row]]:
    """Return the columns of a printed table of these rows, without those that would be empty."""
    valid, first, others = _metric_columns(rows)
    costs = _cost_columns(rows)
    if view == "text":
        ordered = [*NAMES, *valid, *first, *others, *COMPARISON, *COVERAGE, *costs, *REMARKS]
    else:
        tested = any(row.scores for row in rows)
        scores = [*first, *COMPARISON, *others] if tested else []
        ordered = [*NAMES, *valid, *scores, *COVERAGE, *costs, *REMARKS]
    return [column for column in ordered if view in column.views and column.is_shown(rows)]


def csv_columns(rows: Sequence[Row]) -> list[Column[Row]]:
    """Return the columns of a CSV file: those of every table first, so that programs can rely on their positions."""
    valid, first, others = _metric_columns(rows)
    ordered = [*NAMES, *first, *others, *COSTS, *COVERAGE, *REMARKS, *valid, *COMPARISON]
    return [column for column in ordered if column.csv_key and (column.shown != "any" or column.is_shown(rows))]


def latency_ms(row: Row) -> float | None:
    """Return the CPU milliseconds that 1,000 predictions take."""
    if row.predict_seconds is None or not row.record.outcome.n_scored:
        return None
    return row.predict_seconds / row.record.outcome.n_scored * 1e6


def _metric_columns(rows: Sequence[Row]) -> tuple[list[Column[Row]], list[Column[Row]], list[Column[Row]]]:
    """Return the columns of the first metric on validation, of the first metric on test, and of the other metrics."""
    names = metric_names(rows)
    meaning = "on a validation set cut from the training set, to choose by"
    valid = [
        replace(_score_column("valid", f"valid {name.upper()}", f"valid_{name}", _valid, meaning), shown="any")
        for name in names[:1]
    ]
    metrics = [metric_column(name) for name in names]
    return valid, metrics[:1], metrics[1:]


def _score_column(key: str, head: str, csv_key: str, score: Callable[[Row], Score | None], meaning: str) -> Column[Row]:
    return Column(
        key, head, lambda row: _mean(score(row)), ".4f", csv_key, meaning, detail=lambda row: _spread(score(row))
    )


def _cost_columns(rows: Sequence[Row]) -> list[Column[Row]]:
    """Return the costs; seconds are sums over the folds, and the heads say so where there are several."""
    if not any(row.record.outcome.n_folds > 1 for row in rows):
        return list(COSTS)
    return [replace(each, head=f"{each.head}, all folds") if each in SUMMED else each for each in COSTS]


def _valid(row: Row) -> Score | None:
    return row.valid


def _mean(score: Score | None) -> float | None:
    return None if score is None or math.isnan(score.mean) else score.mean


def _spread(score: Score | None) -> str:
    return f"± {score.std:.4f}" if _mean(score) is not None and score is not None and len(score.folds) > 1 else ""


def _vs_best(row: Row) -> str:
    # z: the sign of a rounding error is arbitrary
    return "best" if row.is_best else "" if row.vs_best is None else f"{row.vs_best.difference:+z.4f}"


def _interval(row: Row) -> str:
    return "" if row.is_best or row.vs_best is None else f"[{row.vs_best.low:+.4f}, {row.vs_best.high:+.4f}]"


def _tie(row: Row) -> Sequence[str]:
    return ["a"] if row.tied_with_best else []


def _of_difference(name: str) -> Callable[[Row], float | None]:
    return lambda row: getattr(row.vs_best, name, None)


NAMES: tuple[Column[Row], ...] = (
    Column(
        "dataset",
        "dataset",
        lambda row: row.record.job.dataset,
        csv_key="dataset",
        views=TEXT_ONLY,
        shown="varies",
        numeric=False,
    ),
    Column(
        "split",
        "split",
        lambda row: row.record.job.split,
        csv_key="split",
        views=TEXT_ONLY,
        shown="varies",
        numeric=False,
    ),
    Column("model", "model", lambda row: row.record.job.model, csv_key="model", views=TEXT_ONLY, numeric=False),
    Column("model", "model", lambda row: row.record.job.model, views=HTML_ONLY, numeric=False, detail=Row.label),
    Column("options", "options", Row.label, views=TEXT_ONLY, shown="any", numeric=False),
    Column(
        "options",
        "options",
        lambda row: json.dumps(row.options, ensure_ascii=False),
        csv_key="options",
        views=CSV_ONLY,
        numeric=False,
    ),
)
COMPARISON: tuple[Column[Row], ...] = (
    Column(
        "vs_best",
        "Δ RMSE vs best [95 % CI]",
        _of_difference("difference"),
        _vs_best,
        "difference",
        "RMSE less that of the best row on the same test ratings; interval by a paired bootstrap over users",
        shown="any",
        detail=_interval,
        badges=_tie,
    ),
    Column("low", "low", _of_difference("low"), csv_key="low", views=CSV_ONLY, shown="any"),
    Column("high", "high", _of_difference("high"), csv_key="high", views=CSV_ONLY, shown="any"),
    Column("p_value", "p", _of_difference("p_value"), csv_key="p_value", views=CSV_ONLY, shown="any"),
    Column(
        "p_value_folds",
        "p over folds",
        lambda row: row.p_value_folds,
        ".3f",
        "p_folds",
        "of no difference to the best row: corrected resampled t-test over the folds' differences, after Holm",
        shown="any",
    ),
)
COVERAGE: tuple[Column[Row], ...] = (
    Column(
        "fallback_share",
        "fallback",
        lambda row: row.record.outcome.fallback_share,
        ".1%",
        "fallback_share",
        "share of predictions that fell back to biases or means (cold users or items)",
    ),
)
FIT_SECONDS: Column[Row] = Column(
    "fit_seconds", "fit s", lambda row: row.fit_seconds, ".2f", "fit_seconds", "CPU seconds to fit, all folds together"
)
PREDICT_SECONDS: Column[Row] = Column(
    "predict_seconds",
    "predict s",
    lambda row: row.predict_seconds,
    ".2f",
    "predict_seconds",
    "CPU seconds to predict the test set, all folds together",
    views=TEXT_ONLY,
)
LATENCY: Column[Row] = Column(
    "latency_ms", "ms per 1,000", latency_ms, ".2f", meaning="CPU milliseconds per 1,000 predictions", views=HTML_ONLY
)
PEAK_MEMORY: Column[Row] = Column(
    "peak_memory_mb",
    "memory MB",
    lambda row: row.peak_memory_mb,
    ".0f",
    "peak_memory_mb",
    "the job's peak above what was resident before it",
)
COSTS = (FIT_SECONDS, PREDICT_SECONDS, LATENCY, PEAK_MEMORY)
SUMMED = (FIT_SECONDS, PREDICT_SECONDS)  # over the folds
REMARKS: tuple[Column[Row], ...] = (
    Column("status", "status", lambda row: row.record.outcome.status, csv_key="status", views=CSV_ONLY, numeric=False),
    Column("cause", "cause", lambda row: row.record.outcome.cause, csv_key="cause", views=CSV_ONLY, numeric=False),
    Column(
        "notes",
        "notes",
        lambda row: ", ".join(row.notes),
        lambda _: "",
        shown="any",
        numeric=False,
        badges=lambda row: row.notes,
    ),
)
