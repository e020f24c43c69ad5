"""Records as jobs would have written them, and a parser of report pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

from recbench.results.records import Record, Score
from recbench.results.rows import Row, rows_of
from recbench.results.significance import Difference
from tests.support.made_records import record_of

VOID = {"meta", "br", "img", "input", "link", "hr"}


class Seen(HTMLParser):
    """A parser that collects a page's tags, attributes and text, and raises at an unclosed tag."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_startendtag(tag, attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def made(model: str, rmse: float, **about: Any) -> Record:
    """Return a record as a job would have written it."""
    plain: dict[str, Any] = {
        "kind": model,
        "dataset": "ratings",
        "split": "holdout",
        "n_folds": 1,
        "n_scored": 100,
        "cold_share": 0.0,
        "fallback_share": 0.1,
        "fit_seconds": 1.0,
        "predict_seconds": 0.5,
        "peak_memory_mb": 20.0,
        "data": {"n_users": 5, "n_items": 6, "n_ratings": 20, "rating_scale": [1, 5], "digest": "d"},
        "versions": {"python": "3.12"},
    }
    return record_of(**{"model": model, "scores": {"rmse": Score.over([rmse])}} | plain | about)


def compared(records: Sequence[Record], tied: Sequence[str] = (), baselines: Sequence[str] = ()) -> list[Row]:
    """Return their rows, as if each had been compared with the best."""
    rows = rows_of(records, lambda record: record.job.model in baselines)
    best = rows[0].scores["rmse"].mean
    compared_rows: list[Row] = []
    for row in rows:
        behind = row.scores["rmse"].mean - best
        is_best = not compared_rows
        is_tied = row.record.job.model in tied
        vs_best = Difference(behind, behind - 0.01, behind + 0.01, 1.0 if is_tied or is_best else 0.01)
        compared_rows.append(replace(row, is_best=is_best, vs_best=vs_best, tied_with_best=is_tied))
    return compared_rows
