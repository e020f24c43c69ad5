"""The table of a comparison as text, Markdown and CSV, with its header lines and footnotes. Nothing here prints."""

from __future__ import annotations

from collections.abc import Sequence

from recbench.results.columns import csv_columns, table_columns
from recbench.results.rows import Flag, Row, comparison_key, openings
from recbench.results.tables import csv_table, markdown_table, text_table
from recbench.results.tuning_warnings import tuning_warnings


def as_text(rows: Sequence[Row]) -> str:
    """Return the table for a terminal: one header line per dataset and split, then aligned columns."""
    return "\n".join([*headers(rows), *text_table(table_columns(rows, "text"), rows)])


def as_markdown(rows: Sequence[Row]) -> str:
    """Return the table in Markdown, between its header lines and its footnotes."""
    table = markdown_table(table_columns(rows, "text"), rows)
    return "\n\n".join(["  \n".join(headers(rows)), table, *footnotes(rows)]) + "\n"


def as_csv(rows: Sequence[Row]) -> str:
    """Return the table for a program: every digit, options as JSON, empty where there is no value."""
    return csv_table(csv_columns(rows), rows)


def headers(rows: Sequence[Row]) -> list[str]:
    """Return what was scored, one line per dataset and split."""
    lines = {}
    for record in sorted((row.record for row in rows if row.ok), key=lambda record: record.job.scored_on, reverse=True):
        data = record.provenance.data
        size = f"{data['n_users']:,} users × {data['n_items']:,} items, {data['n_ratings']:,} ratings"
        scored_on = "test" if record.job.scored_on == "test" else "validation"
        scored = f"{record.outcome.n_scored:,} {scored_on} ratings, {record.outcome.cold_share:.1%} cold"
        lines[comparison_key(record)] = f"{record.job.dataset} · {size} · {record.job.split} · {scored}"
    return list(lines.values())


def footnotes(rows: Sequence[Row]) -> list[str]:
    """Return what a reader must know to trust the table."""
    notes = [
        f"test set opened {times} times for {model}: choosing its best row here would be tuning on the test set"
        for (*_, model), times in openings(rows).items()
        if times > 1
    ]
    if any(row.tied_with_best for row in rows):
        notes.append(
            "a: not significantly worse than the best row (paired bootstrap over users, Holm-adjusted p ≥ 0.05)"
        )
    if any(row.p_value_folds is not None for row in rows):
        notes.append("p over folds: of no difference to the best row (corrected resampled t-test, Holm-adjusted)")
    if any(Flag.DOES_NOT_BEAT_BIAS in row.flags for row in rows):
        notes.append(f"{Flag.DOES_NOT_BEAT_BIAS.value}: worse than the baseline of user and item biases")
    return notes + tuning_warnings(rows)
