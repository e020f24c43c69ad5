"""The page: the records of a sweep -> one HTML file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from recbench.config.saved_commands import saved_commands
from recbench.report.charts import breakdown_charts, cost_charts, distance_chart
from recbench.report.collect import Comparison, comparisons
from recbench.report.columns import CellColumn, breakdown_columns, columns
from recbench.report.headline import headline
from recbench.report.provenance import environment, protocol
from recbench.report.search_charts import search_charts
from recbench.report.svg import Chart, Pen
from recbench.results.records import Record, read_records
from recbench.results.render import footnotes, headers
from recbench.results.rows import Row
from recbench.results.store import DEFAULT_STORE, Store, open_store
from recbench.runtime.atomic import write_text
from recbench.usage import UsageError


def write_report(folder: Path, output: Path | None = None, store: str | Path = DEFAULT_STORE) -> Path:
    """Write the report of the sweep, or the run, in a folder; return the path of the page.

    Raises:
        UsageError: the folder has no records, or a package that draws the report is not installed.
    """
    if not folder.is_dir():
        raise UsageError(f"no folder {folder}", "name a sweep's folder: recbench report outputs/<date>/<time>")
    records = list({each.provenance.key or str(n): each for n, each in enumerate(read_records(folder))}.values())
    if not records:
        raise UsageError(f"no record in {folder} or below", "name the folder of a sweep or of a run")
    path = output or folder / "report.html"
    write_text(path, page(records, open_store(store), folder))
    return path


def page(records: Sequence[Record], store: Store, folder: Path) -> str:
    """Return the report of these records as an HTML document.

    Raises:
        UsageError: matplotlib or jinja2 is not installed.
    """
    pen = Pen()
    sections = [_section(pen, each) for each in comparisons(records, store)]
    html: str = _template().render(
        sections=sections,
        folder=folder.as_posix(),
        commands=saved_commands(folder),
        environment=environment(records),
    )
    return html


def _section(pen: Pen, comparison: Comparison) -> dict[str, Any]:
    """Return the template's values for one split of one dataset."""
    rows = comparison.rows
    tested = [row for row in rows if row.scores or row.failed]
    validated = [row for row in rows if row.valid]
    charts: list[Chart | None] = [distance_chart(pen, rows), *cost_charts(pen, rows)]
    return {
        "headline": headline(rows),
        "place": f"{rows[0].record.job.dataset}, {rows[0].record.job.split}",
        "headers": headers(rows),
        "table": columns(tested or rows),
        "flags": [_flag(row) for row in tested or rows],
        "notes": footnotes(rows),
        "charts": [chart for chart in charts if chart is not None],
        "breakdown_charts": breakdown_charts(pen, comparison.breakdowns),
        "breakdown": _breakdown(comparison),
        "missing": comparison.missing,
        "searches": [chart for search in comparison.searches for chart in search_charts(pen, search)],
        "candidates": columns(validated) if tested and validated else [],
        "protocol": protocol(comparison),
    }


def _flag(row: Row) -> str:
    return "failed" if row.failed else "baseline" if row.is_baseline else ""


def _breakdown(comparison: Comparison) -> list[list[CellColumn]]:
    """Return one table per group of classes."""
    breakdowns = comparison.breakdowns
    groups: dict[str, list[str]] = {}
    for each in next(iter(breakdowns.values()), ()):
        groups.setdefault(each.group, []).append(each.label)
    return [breakdown_columns(group, labels, breakdowns) for group, labels in groups.items()]


def _template() -> Any:
    try:
        from jinja2 import Environment, FileSystemLoader, StrictUndefined
    except ImportError as error:
        raise UsageError(
            "a report needs jinja2, which is not installed; install it: pip install 'recbench[report]'"
        ) from error
    loader = FileSystemLoader(Path(__file__).parent)
    made = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return made.get_template("page.html")
